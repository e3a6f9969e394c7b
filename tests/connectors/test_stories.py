"""One story, told by several senders, adds up to the same facts, through the door for files as well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from builders import facts, rows
from counterclick.connectors import chat, ga4, klaviyo, loop, segment
from counterclick.connectors.translated import Translated
from counterclick.events.door import Context, admit_one
from counterclick.facts import Facts
from translations import NOW

LINES = [("a", "19.90", 2), ("b", "10.00", 1)]
WORTH = Decimal("45.00")
"""49.80 of goods, 4.80 off; tax and shipping come on top."""


def at(minute: int) -> datetime:
    return NOW - timedelta(days=1) + timedelta(minutes=minute)


def by_segment() -> list[Translated]:
    products = [{"product_id": product, "price": price, "quantity": units} for product, price, units in LINES]
    told = [
        ("Product List Viewed", {"list_id": "recs", "products": [{"product_id": "a"}, {"product_id": "b"}]}),
        ("Product Clicked", {"list_id": "recs", "product_id": "a", "position": 1}),
        ("Product Added", {**products[0], "list_id": "recs"}),
        ("Order Completed", {"order_id": "1", "total": 57, "tax": 7, "shipping": 5, "discount": 4.8, "products": products}),
        ("Order Refunded", {"order_id": "1", "products": products[1:]}),
    ]
    return [
        segment.translated(
            {"type": "track", "event": name, "properties": said, "messageId": f"m{n}", "anonymousId": "v1", "userId": "c1"}
            | {"timestamp": at(n).isoformat()},
            received_at=NOW,
        )
        for n, (name, said) in enumerate(told)
    ]


def hits() -> list[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    items = [{"item_id": product, "price": float(price), "quantity": units} for product, price, units in LINES]
    order = {"transaction_id": "1"}
    return [
        ("view_item_list", {"item_list_id": "recs"}, items),
        ("select_item", {"item_list_id": "recs"}, [items[0] | {"index": 0}]),
        ("add_to_cart", {"item_list_id": "recs"}, items[:1]),
        ("purchase", order | {"value": 45.0, "tax": 7.0, "shipping": 5.0}, items),
        ("refund", order, items[1:]),
    ]


def by_protocol() -> list[Translated]:
    return [
        ga4.translated(
            {"client_id": "v1", "user_id": "c1", "timestamp_micros": str(round(at(n).timestamp() * 1e6))}
            | {"events": [{"name": name, "params": {**params, "items": items}}]},
            received_at=NOW,
        )
        for n, (name, params, items) in enumerate(hits())
    ]


def by_export() -> list[Translated]:
    def value(said: Any) -> dict[str, Any]:
        return {"string_value": said} if isinstance(said, str) else {"double_value": said}

    return [
        ga4.exported(
            {"event_name": name, "event_timestamp": round(at(n).timestamp() * 1e6), "user_pseudo_id": "v1", "user_id": "c1"}
            | {"event_params": [{"key": key, "value": value(said)} for key, said in params.items()], "items": items}
        )
        for n, (name, params, items) in enumerate(hits())
    ]


def told(translations: list[Translated]) -> Facts:
    assert not any(one.refused or one.skipped for one in translations), translations
    return facts(*(body for one in translations for body in one.bodies))


@pytest.mark.parametrize("tell", [by_segment, by_protocol, by_export])
def test_one_story(tell: Callable[[], list[Translated]]) -> None:
    """Someone saw a list, clicked, bought, and sent a part back."""
    shop = told(tell())
    assert rows(shop.orders, "order_id", "visitor_id", "customer_id", "revenue", "units") == [("1", "v1", "c1", WORTH, 3)]
    assert rows(shop.order_lines, "product_id", "quantity", "revenue") == [
        ("a", 2, Decimal("35.9639")),
        ("b", 1, Decimal("9.0361")),
    ]
    assert rows(shop.returns, "order_id", "is_return", "returned_value", "returned_units") == [
        ("1", True, Decimal("9.0361"), 1)
    ]
    assert rows(shop.interactions, "surface", "visitor_id", "product_id", "is_click") == [("recs", "v1", "a", True)]
    assert rows(shop.shown_products, "product_id", "surface") == [("a", "recs"), ("b", "recs")]


def test_the_door_for_bodies_agrees() -> None:
    """Every body of the story is let in one by one, too."""
    context = Context(received_at=NOW, source="test", currency="EUR", key="k")
    for one in [*by_segment(), *by_protocol(), *by_export()]:
        for body in one.bodies:
            assert type(admit_one(body, context)).__name__ != "Rejection", body


def test_an_order_of_klaviyo_and_a_return_of_loop() -> None:
    """What came back is taken off what the order was worth; a second telling of the order adds nothing."""
    items = [{"ProductID": product, "ItemPrice": price, "Quantity": units} for product, price, units in LINES]
    order = klaviyo.translated(
        {
            "data": {
                "type": "event",
                "attributes": {
                    "time": at(0).isoformat(),
                    "value": 57,
                    "properties": {"OrderId": "1", "Items": items, "DiscountValue": 4.8},
                    "unique_id": "1",
                    "metric": {"data": {"attributes": {"name": "Placed Order"}}},
                    "profile": {"data": {"attributes": {"external_id": "c1"}}},
                },
            }
        },
        received_at=NOW,
    )
    sent_back = loop.translated(
        {"topic": "return", "state": "closed", "id": 7, "provider_order_id": 1, "created_at": at(9).isoformat()}
        | {"return_product_total": "39.80", "return_discount_total": "3.84", "exchange_product_total": "10.00"},
        received_at=NOW,
    )
    shop = told([order, sent_back, by_segment()[3]])
    assert rows(shop.orders, "order_id", "revenue", "net_revenue") == [("1", WORTH, WORTH - Decimal("25.96"))]


def test_an_answer_helps_only_by_what_is_said() -> None:
    """Of three answers, the one that named a product and was not handed over is a touch."""
    call = {"type": "track", "event": "Live Chat Message Received", "anonymousId": "v1", "timestamp": at(0).isoformat()}
    said: list[dict[str, Any]] = [{"matched_products": ["a"]}, {"matched_products": ["a"], "escalated": True}, {}]
    answers = [
        segment.translated(call | {"messageId": f"m{n}", "properties": one}, received_at=NOW) for n, one in enumerate(said)
    ]
    shop = told(answers)
    assert rows(shop.interactions, "interaction_id", "is_touch") == [("m0", True), ("m1", False), ("m2", False)]


def test_an_order_of_alhena() -> None:
    """An order that the script was told of belongs to the visitor whom the page names."""
    call = {"call": "sendCheckoutEvent", "data": {"orderId": "9", "value": 12.5}, "visitor_id": "v1"}
    shop = told([chat.alhena(call | {"occurred_at": at(0).isoformat()}, received_at=NOW)])
    assert rows(shop.orders, "order_id", "visitor_id", "revenue") == [("9", "v1", Decimal("12.5"))]
