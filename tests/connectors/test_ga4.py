"""Events of Google Analytics 4 become ours, from the Measurement Protocol and from the BigQuery export."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclick.connectors.ga4 import exported, translated
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason
from counterclick.events.vocabulary import PageView, ShownItem
from translations import ANY_JSON, NOW, only, sound, spoilt, taken, worth

MICROS = 1772357400000000
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
ITEMS = [
    {"item_id": "a", "item_name": "Hat", "price": 19.0, "quantity": 1, "index": 0},
    {"item_id": "b", "price": "3", "quantity": "2", "index": 1},
]


def payload(name: str, **params: Any) -> dict[str, Any]:
    """A Measurement Protocol request of one event."""
    return {
        "client_id": "111.222",
        "user_id": "u1",
        "timestamp_micros": MICROS,
        "user_location": {"country_id": "DE"},
        "events": [{"name": name, "params": params}],
    }


def protocol(name: str, **params: Any) -> Translated:
    return translated(payload(name, **params), received_at=NOW)


def row(name: str, items: list[dict[str, Any]] | None = None, ecommerce: Any = None, **params: Any) -> dict[str, Any]:
    """A row of the export, as BigQuery writes it as JSON."""
    kinds = {str: "string_value", int: "int_value", float: "double_value"}
    return {
        "event_name": name,
        "event_timestamp": str(MICROS),
        "user_pseudo_id": "111.222",
        "user_id": None,
        "event_params": [
            {"key": key, "value": {kinds[type(value)]: str(value) if isinstance(value, int) else value}}
            for key, value in params.items()
        ],
        "ecommerce": ecommerce,
        "items": items or [],
        "device": {"category": "mobile"},
        "geo": {"country": "Germany"},
        "privacy_info": {"analytics_storage": "Yes"},
    }


def test_a_purchase() -> None:
    """An order is worth GA4's value; tax and shipping stand beside it; its key is the transaction."""
    sent = {"transaction_id": "T1", "value": 22.5, "tax": 2, "shipping": 3, "currency": "eur", "items": ITEMS}
    order = only(protocol("purchase", **sent))
    assert (order.order_id, order.value, order.tax, order.shipping, order.currency) == ("T1", Decimal("22.5"), 2, 3, "EUR")
    assert [(line.product_id, line.quantity, line.unit_price) for line in order.lines] == [("a", 1, 19), ("b", 2, 3)]
    assert (order.visitor_id, order.customer_id, order.country, order.occurred_at) == ("111.222", "u1", "DE", AT)


def test_a_purchase_of_the_export() -> None:
    """The export's columns say what parameters do not; what it marks as not set was not sent."""
    columns = {"transaction_id": "T1", "purchase_revenue": 25.0, "tax_value": 2.0, "total_item_quantity": "3"}
    sent = row("purchase", [item | {"item_list_id": "(not set)"} for item in ITEMS], columns, currency="EUR")
    order = only(exported(sent))
    assert (order.order_id, order.value, order.tax, order.currency) == ("T1", 25, 2, "EUR")
    assert (order.visitor_id, order.customer_id, order.device, order.country) == ("111.222", None, "mobile", None)
    assert (order.occurred_at, order.consent) == (AT, True)
    assert only(exported(row("purchase", ITEMS, columns, value=22.5))).value == Decimal("22.5")
    unset = exported(row("purchase", ITEMS, {"transaction_id": "(not set)"}))
    assert unset.refused[0][0] == Reason.MISSING_FIELD


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 9)), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from([str, float]),
    st.booleans(),
)
def test_money_in_is_money_out(lines: list[tuple[int, int]], stated: bool, write: Any, in_export: bool) -> None:  # noqa: FBT001
    """By value or by items, from a request or from the export: the same worth."""
    items = [{"item_id": f"p{n}", "price": write(Decimal(c) / 100), "quantity": u} for n, (c, u) in enumerate(lines)]
    truth = sum((Decimal(cents) / 100 * units for cents, units in lines), Decimal(0))
    value = {"value": write(truth)} if stated else {}
    order = only(
        exported(row("purchase", items, {"transaction_id": "T1", "tax_value": 7.0}, **value))
        if in_export
        else protocol("purchase", transaction_id="T1", tax=7, shipping=5, items=items, **value)
    )
    assert worth(order) == truth


def test_refunds() -> None:
    """Items make a refund partial; a value is what went back; without either it is of the whole order."""
    whole = only(protocol("refund", transaction_id="T1"))
    assert (whole.order_id, whole.lines, whole.amount) == ("T1", (), None)
    part = only(protocol("refund", transaction_id="T1", value=19, currency="EUR", items=ITEMS[:1]))
    assert [(line.product_id, line.quantity) for line in part.lines] == [("a", 1)]
    assert part.amount is None
    assert only(protocol("refund", transaction_id="T1", value=5)).amount == 5
    assert only(exported(row("refund", None, {"transaction_id": "T1", "refund_value": 5.0}))).amount == 5
    assert protocol("refund", value=5).refused[0][0] == Reason.MISSING_FIELD
    assert not protocol("refund", transaction_id="T1", items=[{"quantity": 1}]).bodies


def test_surfaces() -> None:
    """A list is the event's, or each item's own; places are counted from 1."""
    shown = only(protocol("view_item_list", item_list_id="recs", item_list_name="You may like", items=ITEMS))
    assert (shown.surface, shown.items) == (
        "recs",
        (ShownItem(product_id="a", position=1), ShownItem(product_id="b", position=2)),
    )
    own = [{"item_id": "a", "item_list_name": "Search"}, {"item_id": "b", "item_list_id": "recs"}, {"item_id": "c"}]
    found = protocol("view_item_list", items=own)
    assert [(body["surface"], len(body["items"])) for body in found.bodies] == [("Search", 1), ("recs", 1)]
    assert len({body["event_id"] for body in found.bodies}) == 2
    assert found.skipped == ("a list without item_list_id",)
    clicked = only(protocol("select_item", item_list_id="recs", items=ITEMS[1:]))
    assert (clicked.surface, clicked.product_id, clicked.position) == ("recs", "b", 2)


def test_what_is_not_set() -> None:
    """The export's mark for nothing is no name of a list."""
    items = [{"item_id": "a", "item_list_id": "(not set)"}]
    found = exported(row("view_item_list", items, item_list_id="(not set)"))
    assert (found.bodies, found.skipped) == ((), ("a list without item_list_id",))
    assert only(exported(row("view_item_list", items, item_list_id="recs"))).surface == "recs"


def test_promotions() -> None:
    """A promotion is shown and clicked, with products or without."""
    banner = {"promotion_id": "spring", "creative_slot": "top", "items": [{"promotion_name": "Spring"}]}
    shown = only(protocol("view_promotion", **banner))
    assert (shown.surface, shown.items) == ("spring", ())
    clicked = only(protocol("select_promotion", **banner))
    assert (clicked.surface, clicked.product_id) == ("spring", None)
    slot = only(protocol("select_promotion", creative_slot="drawer", items=[{"item_id": "a"}]))
    assert (slot.surface, slot.product_id) == ("drawer", "a")


def test_carts_and_pages() -> None:
    """Each item of a cart event is one event of ours with an id of its own; a page is its path."""
    first, second = taken(protocol("add_to_cart", currency="EUR", items=ITEMS, item_list_id="recs"))
    assert first.event_id != second.event_id
    assert only(protocol("remove_from_cart", items=ITEMS[:1])).unit_price == 19
    assert protocol("add_to_cart", items=[{"item_id": "a"}]).refused[0][0] == Reason.MISSING_FIELD
    assert protocol("view_item").refused[0][0] == Reason.MISSING_FIELD
    assert only(protocol("begin_checkout", items=ITEMS)).value == 25
    assert only(protocol("page_view", page_location="https://example.org/p?gclid=1")).page == "/p"
    known = only(protocol("login", method="mail"))
    assert (known.visitor_id, known.customer_id) == ("111.222", "u1")
    assert exported(row("login")).skipped == ("login of one id",)
    assert protocol("user_engagement", engagement_time_msec=5).skipped == ("user_engagement",)


def test_our_own_names() -> None:
    """Exposures and answers, for which GA4 has no name, are sent under ours."""
    seen = only(exported(row("exposure", experiment="cart", variant="bundles", propensity=0.5)))
    assert (seen.experiment, seen.variant, seen.propensity) == ("cart", "bundles", 0.5)
    answer = only(exported(row("assistant_answer", surface="chat", matched_products="a,b", escalated="false")))
    assert (answer.surface, answer.matched_products, answer.escalated) == ("chat", ("a", "b"), False)
    assert only(protocol("assistant_answer", items=ITEMS)).matched_products == ("a", "b")


def test_keys() -> None:
    """The same request or row has the same keys; without a time of its own a request has none."""
    sent = payload("page_view") | {"events": [{"name": "page_view"}, {"name": "page_view"}]}
    ids = [body["event_id"] for body in translated(sent, received_at=NOW).bodies]
    assert len(set(ids)) == 2
    assert ids == [body["event_id"] for body in translated(sent, received_at=AT).bodies]
    del sent["timestamp_micros"]
    assert all("event_id" not in body for body in translated(sent, received_at=NOW).bodies)
    assert exported(row("page_view")) == exported(row("page_view"))
    assert exported(row("page_view")) != exported(row("page_view", page_location="/a"))


@pytest.mark.parametrize("sent", [[], {}, {"events": []}, {"events": 5}])
def test_what_is_no_payload(sent: Any) -> None:
    """What holds no events is refused, and says so."""
    assert [reason for reason, _ in translated(sent, received_at=NOW).refused] == [Reason.MALFORMED]


def test_each_event_stands_for_itself() -> None:
    """One that cannot be read costs no other."""
    good = {"name": "page_view", "params": {"page_location": "https://example.org/p"}}
    sent = payload("") | {"events": [5, {"name": 7.5}, {"name": "view_item", "timestamp_micros": "soon"}, good]}
    found = translated(sent, received_at=NOW)
    assert [reason for reason, _ in found.refused] == [Reason.MALFORMED, Reason.WRONG_TYPE, Reason.WRONG_TYPE]
    assert isinstance(only(Translated(bodies=found.bodies)), PageView)


PAYLOADS = [
    payload("purchase", transaction_id="T1", value=22.5, tax=2, currency="EUR", items=ITEMS),
    payload("view_item_list", item_list_id="recs", items=ITEMS),
    payload("select_promotion", promotion_id="p", items=[{"item_id": "a"}]),
    payload("add_to_cart", items=ITEMS),
    payload("assistant_answer", matched_products="a", escalated=True),
]
ROWS = [
    row("purchase", ITEMS, {"transaction_id": "T1", "purchase_revenue": 25.0}, currency="EUR"),
    row("refund", ITEMS, {"transaction_id": "T1", "refund_value": 5.0}),
    row("exposure", experiment="cart", variant="bundles", propensity=0.5),
    row("page_view", page_location="https://example.org/p"),
]


@given(st.one_of([spoilt(one) for one in PAYLOADS]) | ANY_JSON)
def test_any_payload(sent: Any) -> None:
    """Whatever is sent, nothing is raised and nothing is lost in silence."""
    sound(translated(sent, received_at=NOW))


@given(st.one_of([spoilt(one) for one in ROWS]) | ANY_JSON)
def test_any_row(sent: Any) -> None:
    """Whatever a row holds, nothing is raised and nothing is lost in silence."""
    sound(exported(sent))
