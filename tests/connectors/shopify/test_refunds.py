"""Refunds: what came back, once, at what was paid for it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import counterclick as cc
from counterclick.connectors.shopify import Context, events_of
from counterclick.connectors.translated import Translated

EUR = Context(currency="EUR")
AT = "2026-03-05T10:30:00+01:00"
ITEM = {"id": 11, "product_id": 5, "variant_id": 7, "price": "119.00", "quantity": 2, "gift_card": False}


def back(subtotal: float = 119.0, quantity: int = 1, restock: str = "return", **fields: Any) -> dict[str, Any]:
    told = {"line_item_id": 11, "quantity": quantity, "restock_type": restock, "subtotal": subtotal, "total_tax": 0.0}
    return {**told, "line_item": {**ITEM, "fulfillment_status": "fulfilled"}, **fields}


def refund(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    told = {"id": 21, "order_id": 1, "created_at": AT, "note": "too small", "order_adjustments": [], "transactions": []}
    return {**told, "refund_line_items": list(lines), **fields}


def adjusted(amount: str, kind: str = "refund_discrepancy") -> list[dict[str, Any]]:
    return [{"amount": amount, "tax_amount": "0.00", "kind": kind}]


def events(told: dict[str, Any], context: Context = EUR) -> Translated:
    return events_of("refunds/create", told, context)


def test_a_return() -> None:
    """A line that came back names its product, its line and what was given back for a unit."""
    (found,) = events(refund(back(238.0, 2))).bodies
    assert found == {
        "kind": "refund",
        "event_id": "shopify_refund_21_return",
        "occurred_at": "2026-03-05T09:30:00+00:00",
        "order_id": "1",
        "lines": [{"product_id": "5", "quantity": 2, "line_id": "11", "unit_price": "119.0000"}],
        "refund_kind": "return",
        "reason": "too small",
        "currency": "EUR",
    }


def test_a_cancellation_is_no_return() -> None:
    """Restocked as cancelled, or not restocked and never sent, is a cancellation; each way of restocking is one event."""
    unsent = back(restock="no_restock", line_item={**ITEM, "fulfillment_status": None})
    sent = back(restock="no_restock")
    found = [(one["event_id"], one["refund_kind"]) for one in events(refund(back(), back(restock="cancel"), unsent)).bodies]
    assert found == [
        ("shopify_refund_21_cancel", "cancellation"),
        ("shopify_refund_21_no_restock", "cancellation"),
        ("shopify_refund_21_return", "return"),
    ]
    (kept,) = events(refund(sent)).bodies
    assert kept["refund_kind"] == "return"
    (mixed,) = events(refund(unsent, sent)).bodies
    assert mixed["refund_kind"] == "return"


@pytest.mark.parametrize(
    ("adjustments", "prices", "amount"),
    [
        (adjusted("-7.00", "shipping_refund"), ["119.0000"], None),
        (adjusted("19.00"), ["100.0000"], None),
        (adjusted("119.00"), ["0.0000"], None),
        (adjusted("-5.00"), ["119.0000"], "5.0000"),
    ],
)
def test_what_was_given_back_besides_the_lines(adjustments: Any, prices: list[str], amount: str | None) -> None:
    """Shipping is no revenue; what the shop kept lowers the lines' prices; what it gave besides is an amount."""
    found = events(refund(back(), order_adjustments=adjustments)).bodies
    assert [line["unit_price"] for one in found for line in one.get("lines", [])] == prices
    assert [one["amount"] for one in found if "amount" in one] == ([] if amount is None else [amount])


def paying(amount: str, status: str = "pending", **fields: Any) -> list[dict[str, Any]]:
    return [{"kind": "refund", "status": status, "amount": amount, "currency": "EUR", **fields}]


@pytest.mark.parametrize(
    ("line", "transactions", "price"),
    [
        (back(), paying("119.00"), "119.0000"),
        (back(), paying("100.00"), "100.0000"),
        (back(), paying("119.00", "failure"), "0.0000"),
        (back(), paying("128.52", currency="USD"), "119.0000"),
        (back(), [], "0.0000"),
        (back(restock="cancel"), [], "119.0000"),
    ],
)
def test_a_payment_on_its_way(line: dict[str, Any], transactions: Any, price: str) -> None:
    """Shopify writes a payment on its way down as if it were kept; goods that never left are no revenue either way."""
    (found,) = events(refund(line, order_adjustments=adjusted("119.00"), transactions=transactions)).bodies
    assert found["lines"][0]["unit_price"] == price


def test_what_the_shop_kept_is_of_what_came_back() -> None:
    """Of a return and a cancellation of 119 each, 19 kept lower the return alone."""
    found = events(refund(back(), back(restock="cancel", line_item_id=12), order_adjustments=adjusted("19.00"))).bodies
    assert {one["refund_kind"]: one["lines"][0]["unit_price"] for one in found} == {
        "cancellation": "119.0000",
        "return": "100.0000",
    }


def test_money_without_goods() -> None:
    """A goodwill of 5 is an amount; a refund of shipping or of nothing is none; unexplained payments count as paid."""
    (goodwill,) = events(refund(order_adjustments=adjusted("-5.00"))).bodies
    assert (goodwill["event_id"], goodwill["amount"]) == ("shopify_refund_21_amount", "5.0000")
    assert events(refund(order_adjustments=adjusted("-7.00", "shipping_refund"))).skipped == ("refund_without_goods",)
    paid = [{"kind": "refund", "status": status, "amount": "9.00"} for status in ("success", "failure")]
    assert [one["amount"] for one in events(refund(transactions=paid)).bodies] == ["9.0000"]
    (abroad,) = events(refund(transactions=paying("9.78", currency="USD"))).bodies
    assert (abroad["amount"], abroad["currency"]) == ("9.7800", "USD")
    assert events(refund(transactions=paid, refund_shipping_lines=[{"id": 1}])).bodies == ()
    card = back(line_item={**ITEM, "gift_card": True})
    assert events(refund(card, transactions=paid)) == Translated(skipped=("gift_card_line", "refund_without_goods"))
    assert events(refund(back(), transactions=[{**paid[0], "test": True}])).skipped == ("test_refund",)


def test_the_tax_in_a_refund() -> None:
    """A refund does not say whether its prices hold their tax: its line's arithmetic does, else the context."""
    rate = {"rate": 0.19}
    inside = {**ITEM, "tax_lines": [{**rate, "price": "38.00"}]}
    on_top = {**ITEM, "tax_lines": [{**rate, "price": "45.22"}]}

    def price(item: dict[str, Any], context: Context = EUR) -> Any:
        (found,) = events(refund(back(119.0, total_tax=19.0, line_item=item)), context).bodies
        return found["lines"][0].get("unit_price")

    assert price(inside) == "100.0000"
    assert price(on_top) == "119.0000"
    assert price(ITEM, Context(taxes_included=True)) == "100.0000"
    assert price(ITEM) is None  # the order's own price holds
    cents = {**ITEM, "price": "0.10", "quantity": 1, "tax_lines": [{**rate, "price": "0.02"}]}  # inside or on top: 0.02
    assert price(cents) is None


def test_a_refund_counts_once_wherever_it_is_told() -> None:
    """Inside of an order, and on its own, a refund gives the same events under the same ids."""
    told = refund(back(), order_adjustments=adjusted("-5.00"))
    order = {
        "id": 1,
        "processed_at": "2026-03-01T09:30:00Z",
        "currency": "EUR",
        "taxes_included": False,
        "line_items": [ITEM],
    }
    within = events_of("orders/updated", {**order, "refunds": [told]}, EUR).bodies
    assert tuple(one for one in within if one["kind"] == "refund") == events(told).bodies


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"id": None}, "the id of a refund must be"),
        ({"order_id": None}, "must have the order_id of its order"),
        ({"created_at": "2026-03-05"}, "its zone"),
        ({"refund_line_items": None}, "refund_line_items, empty or not"),
        ({"refund_line_items": [back(quantity=0), back()]}, "quantity of 1 or more"),
        ({"refund_line_items": [back(subtotal="all"), back()]}, "subtotal must be an amount"),
    ],
)
def test_what_is_odd_is_refused_alone(told: dict[str, Any], says: str) -> None:
    """A refund without id, order or time is refused; an odd line is refused, and the others stay."""
    found = events(refund(back(), **told) if "refund_line_items" not in told else {**refund(), **told})
    assert len(found.bodies) == bool(told.get("refund_line_items"))
    assert says in found.refused[0][1]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 20_000), st.sampled_from([0, 7, 19])), min_size=1, max_size=4),
    st.booleans(),
    st.booleans(),
)
def test_a_whole_refund_gives_back_the_whole_order(
    sold: list[tuple[int, int, int]],
    included: bool,  # noqa: FBT001 - drawn
    alone: bool,  # noqa: FBT001 - drawn
) -> None:
    """All lines back give back the order's value, to what four decimals of a unit price leave, tax inside or on top."""
    lines, backs = [], []
    for place, (quantity, cents, percent) in enumerate(sold):
        price, rate = Decimal(cents) / 100, Decimal(percent) / 100
        paid = price * quantity
        tax = (paid * rate / (1 + rate) if included else paid * rate).quantize(Decimal("0.01"))
        item = {**ITEM, "id": 100 + place, "price": str(price), "quantity": quantity}
        item["tax_lines"] = [{"price": str(tax), "rate": float(rate)}] if percent else []
        lines.append(item)
        backs.append(back(float(paid), quantity, line_item_id=100 + place, line_item=item, total_tax=float(tax)))
    order = {"id": 1, "processed_at": "2026-03-01T09:30:00Z", "taxes_included": included, "line_items": lines}
    whole = refund(*backs)
    (bought, *within) = events_of("orders/updated", {**order, "refunds": [whole]}, EUR).bodies
    (given_back,) = events(whole, Context(currency="EUR", taxes_included=included)).bodies if alone else within
    returned = sum((one["quantity"] * Decimal(one["unit_price"]) for one in given_back["lines"]), Decimal(0))
    units = sum(one["quantity"] for one in given_back["lines"])
    assert abs(returned - Decimal(bought["value"])) <= Decimal("0.00005") * units


def test_in_the_shop_s_own_facts(tmp_path: Path) -> None:
    """An order of two of which one comes back, told three times, leaves one unit's revenue; cancelled, it leaves none."""
    (tmp_path / "shop.toml").write_text("[shop]\ncurrency = 'EUR'\n")
    shop = cc.open(tmp_path / "shop.toml")
    order: dict[str, Any] = {"id": 1, "processed_at": "2026-03-01T09:30:00Z", "currency": "EUR", "line_items": [ITEM]}
    order |= {"updated_at": "2026-03-06T09:30:00Z", "refunds": []}
    whole = {**order, "refunds": [refund(back())]}
    gone = {**whole, "cancelled_at": "2026-03-07T09:30:00Z"}
    deliveries = [("orders/create", order), ("refunds/create", refund(back())), ("orders/updated", whole)]
    for told, left in ((deliveries, "119.0000"), ([("orders/cancelled", gone)] * 2, "0.0000")):
        for topic, payload in told:
            shop.record(list(events_of(topic, payload, EUR).bodies))
        (row,) = shop.orders.to_pyarrow().to_pylist()
        assert (row["revenue"], row["net_revenue"]) == (Decimal("238.0000"), Decimal(left))
    assert row["returned_units"] == 1
