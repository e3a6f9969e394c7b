"""Klaviyo's events become ours, and ours the bodies of its own interface."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclick.connectors.klaviyo import translated
from counterclick.connectors.klaviyo_out import METRICS, posted
from counterclick.connectors.translated import Translated
from counterclick.events.door import Context, admit_one
from counterclick.events.rejection import Reason
from counterclick.events.schema import KINDS
from counterclick.events.vocabulary import Event
from translations import ANY_JSON, NOW, only, sound, spoilt, taken, worth

TIME = "2026-03-01T09:30:00+00:00"


def event(metric: str, value: Any = None, **properties: Any) -> dict[str, Any]:
    """An event as it is posted to Klaviyo."""
    attributes = {
        "properties": properties,
        "time": TIME,
        "value": value,
        "value_currency": "USD",
        "unique_id": "u1",
        "metric": {"data": {"type": "metric", "attributes": {"name": metric}}},
        "profile": {"data": {"type": "profile", "attributes": {"external_id": "c1", "anonymous_id": "v1"}}},
    }
    return {"data": {"type": "event", "attributes": attributes}}


def klaviyo(metric: str, value: Any = None, **properties: Any) -> Translated:
    return translated(event(metric, value, **properties), received_at=NOW)


ITEMS = [
    {"ProductID": "1111", "SKU": "WINNIE", "Quantity": 1, "ItemPrice": 9.99, "RowTotal": 9.99},
    {"ProductID": "1112", "Quantity": "2", "ItemPrice": "10.00", "RowTotal": 20},
]


def test_an_order() -> None:
    """An order has its lines, its discount, and who placed it."""
    order = only(klaviyo("Placed Order", 29.99, OrderId="1001", Items=ITEMS, DiscountValue=5, Currency="EUR"))
    assert (order.order_id, order.visitor_id, order.customer_id, order.currency) == ("1001", "v1", "c1", "USD")
    assert [(line.product_id, line.quantity) for line in order.lines] == [("1111", 1), ("1112", 2)]
    assert worth(order) == Decimal("24.99")


@pytest.mark.parametrize(
    ("value", "properties", "net"),
    [
        (40, {"Items": ITEMS}, "29.99"),
        (40, {"tax": 6, "shipping": 4}, "30"),
        (40, {"tax": 6}, "40"),
        (40, {}, "40"),
        (40, {"NetValue": "12.34", "Items": ITEMS}, "12.34"),
        (40, {"Items": [{"ProductID": "a"}], "tax": 6, "shipping": 4}, "30"),
    ],
)
def test_what_an_order_was_worth(value: int, properties: dict[str, Any], net: str) -> None:
    """Our own value, else the goods, else what the value leaves without tax and shipping."""
    found = klaviyo("Placed Order", value, OrderId="1", **properties)
    assert worth(only(Translated(bodies=found.bodies))) == Decimal(net)


def test_refunds() -> None:
    """A refund is its value, else of the whole order; two of one order are two, though they share the order's id."""
    first = only(klaviyo("Refunded Order", 5, OrderId="1", Items=ITEMS))
    assert (first.amount, first.lines, first.order_id) == (5, (), "1")
    later = event("Refunded Order", 5)
    later["data"]["attributes"]["time"] = "2026-03-01T10:00:00Z"
    second = only(translated(later, received_at=NOW))
    assert (second.order_id, second.event_id == first.event_id) == ("u1", False)
    assert only(klaviyo("Refunded Order")).amount is None
    assert only(klaviyo("Cancelled Order", 5, OrderId="1")).refund_kind == "cancellation"
    assert klaviyo("Refunded Order", 0, OrderId="1").skipped == ("Refunded Order of nothing",)


def test_messages() -> None:
    """Mails and short messages, sent, opened and clicked."""
    sent = only(klaviyo("Received Email", **{"Campaign Name": "Spring", "$message": "M1"}))
    assert (sent.surface, sent.campaign_id, sent.message_id, sent.channel) == ("email", "Spring", "M1", "email")
    assert only(klaviyo("Opened Email", surface="abandoned-cart")).surface == "abandoned-cart"
    assert only(klaviyo("Clicked SMS")).surface == "sms"
    assert klaviyo("Bounced Email").skipped == ("Bounced Email",)


def test_what_is_looked_at_and_laid_in() -> None:
    """Products, carts and checkouts."""
    assert only(klaviyo("Viewed Product", ProductID=7)).product_id == "7"
    added = only(klaviyo("Added to Cart", 20, AddedItemProductID="a", AddedItemPrice="9.99", AddedItemQuantity=2))
    assert (added.product_id, added.unit_price, added.quantity) == ("a", Decimal("9.99"), 2)
    assert only(klaviyo("Started Checkout", 20)).value == 20
    assert klaviyo("Viewed Product").refused[0][0] == Reason.MISSING_FIELD


def test_as_it_is_fetched() -> None:
    """Of a fetched list, metrics and profiles are looked up beside it; a mail's address is hashed by the door."""
    one = {
        "type": "event",
        "id": "e1",
        "attributes": {"timestamp": 1772357400, "event_properties": {"$message": "M1"}, "uuid": "uu1"},
        "relationships": {
            "metric": {"data": {"type": "metric", "id": "m1"}},
            "profile": {"data": {"type": "profile", "id": "p1"}},
        },
    }
    beside = [
        {"type": "metric", "id": "m1", "attributes": {"name": "Opened Email"}},
        {"type": "profile", "id": "p1", "attributes": {"email": "anna@example.org"}},
    ]
    (opened,) = taken(translated({"data": [one], "included": beside}, received_at=NOW))
    assert (opened.event_id, opened.occurred_at.isoformat()) == ("klaviyo:uu1", TIME)
    assert str(opened.customer_id).startswith("e_")
    alone = translated({"data": [one, 5]}, received_at=NOW)
    assert [reason for reason, _ in alone.refused] == [Reason.MISSING_FIELD, Reason.MALFORMED]
    unknown = translated({"data": [one], "included": beside[:1]}, received_at=NOW)
    assert unknown.refused[0][0] == Reason.MISSING_FIELD


PAYLOADS = [
    event("Placed Order", 29.99, OrderId="1001", Items=ITEMS, DiscountValue=5, tax=1),
    event("Refunded Order", 5, OrderId="1"),
    event("Added to Cart", 20, AddedItemProductID="a", AddedItemPrice="9.99", AddedItemQuantity=2),
    event("Opened Email", **{"$message": "M1"}),
]


@given(st.one_of([spoilt(one) for one in PAYLOADS]) | ANY_JSON)
def test_any_payload(sent: Any) -> None:
    """Whatever is sent, nothing is raised and nothing is lost in silence."""
    sound(translated(sent, received_at=NOW))


CENTS = st.integers(0, 10**9).map(lambda cents: str(Decimal(cents) / 100))
LINE = st.fixed_dictionaries({"product_id": st.just("p"), "quantity": st.integers(1, 99), "unit_price": CENTS})


@given(st.lists(LINE, min_size=1, max_size=4), st.none() | CENTS, st.none() | CENTS, st.integers(0, 100))
def test_there_and_back(lines: list[dict[str, Any]], value: str | None, tax: str | None, percent: int) -> None:
    """An order that goes out and comes in again is worth the same, with the same lines."""
    listed = sum((line["quantity"] * Decimal(line["unit_price"]) for line in lines), Decimal(0))
    body = {"kind": "purchase", "order_id": "1", "visitor_id": "v1", "event_id": "e1", "occurred_at": TIME, "lines": lines}
    body |= {"discount": str((listed * percent / 100).quantize(Decimal("0.01"))), "currency": "USD"}
    body |= {name: said for name, said in (("value", value), ("tax", tax)) if said is not None}
    went = admitted(body)
    sent = json.loads(json.dumps(posted(went)))
    came = only(translated(sent, received_at=NOW))
    assert worth(came) == worth(went)
    assert [(line.quantity, line.unit_price) for line in came.lines] == [
        (line["quantity"], Decimal(line["unit_price"])) for line in lines
    ]
    assert (came.order_id, came.visitor_id, came.occurred_at) == ("1", "v1", went.occurred_at)
    assert sent["data"]["attributes"]["value"] == float(worth(went))


def admitted(body: dict[str, Any]) -> Event:
    event = admit_one(body, Context(received_at=NOW, source="test", currency="EUR", key="k"))
    assert isinstance(event, Event), event
    return event


def test_the_shape_that_goes_out() -> None:
    """Properties, metric and profile are there, as the interface requires; the key is of kind and event."""
    exposure = {"kind": "exposure", "event_id": "e1", "occurred_at": TIME, "visitor_id": "v1"}
    body = posted(admitted(exposure | {"experiment": "cart", "variant": "bundles"}))
    assert body == {
        "data": {
            "type": "event",
            "attributes": {
                "properties": {"experiment": "cart", "variant": "bundles"},
                "time": TIME,
                "unique_id": "exposure:e1",
                "metric": {
                    "data": {"type": "metric", "attributes": {"name": "Experiment Viewed", "service": "counterclick"}}
                },
                "profile": {"data": {"type": "profile", "attributes": {"anonymous_id": "v1"}}},
            },
        }
    }


def test_what_does_not_go_out() -> None:
    """An event of nobody, and one that means nothing to Klaviyo, have no body; every metric is one of our kinds."""
    base = {"event_id": "e1", "occurred_at": TIME}
    assert posted(admitted({**base, "kind": "refund", "order_id": "1"})) is None
    assert posted(admitted({**base, "kind": "product", "product_id": "1"})) is None
    refund = {**base, "kind": "refund", "order_id": "1", "customer_id": "c"}
    cancelled = posted(admitted(refund | {"refund_kind": "cancellation"}))
    assert cancelled is not None
    assert cancelled["data"]["attributes"]["metric"]["data"]["attributes"]["name"] == "Cancelled Order"
    assert set(METRICS) <= set(KINDS)
