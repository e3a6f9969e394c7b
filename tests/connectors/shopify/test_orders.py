"""Orders: money in is money out, and an order counts once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import counterclick as cc
from counterclick.connectors.shopify import Context, events_of
from counterclick.connectors.translated import Translated

EUR = Context(currency="EUR")
CENT = Decimal("0.01")


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def both(amount: Decimal, rate: Decimal) -> dict[str, Any]:
    """An amount as Shopify's ``_set`` twin says it, to a buyer who pays in dollars."""
    buyers = {"amount": str(rounded(amount * rate)), "currency_code": "USD"}
    return {"shop_money": {"amount": str(amount), "currency_code": "EUR"}, "presentment_money": buyers}


def line(price: str = "10.00", quantity: int = 1, **fields: Any) -> dict[str, Any]:
    told = {"id": 11, "product_id": 5, "variant_id": 7, "price": price, "quantity": quantity, "current_quantity": quantity}
    return {**told, "gift_card": False, "properties": [], "discount_allocations": [], "tax_lines": [], **fields}


def order(lines: Sequence[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    told = {"id": 1, "created_at": "2026-03-01T09:30:05Z", "processed_at": "2026-03-01T10:30:00+01:00", "currency": "EUR"}
    told |= {"updated_at": "2026-03-04T09:30:00Z", "test": False, "taxes_included": False, "customer": {"id": 3}}
    return {**told, "source_name": "web", "line_items": list(lines), "refunds": [], "note_attributes": [], **fields}


def purchase(found: Translated) -> dict[str, Any]:
    (one,) = [body for body in found.bodies if body["kind"] == "purchase"]
    return one


@pytest.mark.parametrize(
    ("told", "payment"),
    [
        ({"payment_gateway_names": ["shopify_payments", "gift_card"]}, "gift_card+shopify_payments"),
        ({"payment_gateway_names": ["klarna", "klarna", None]}, "klarna"),
        ({"payment_gateway_names": []}, None),
        ({"gateway": "manual"}, "manual"),
        ({}, None),
    ],
)
def test_how_an_order_is_paid(told: dict[str, Any], payment: str | None) -> None:
    """The names of its gateways, in an order of their own; an older payload names one."""
    assert purchase(events_of("orders/create", order([line()], **told), EUR)).get("payment") == payment


@st.composite
def sold(draw: st.DrawFn) -> tuple[dict[str, Any], Decimal]:
    """Draw an order as Shopify would write it, and what of its total is no goods: gift cards and tips."""
    included = draw(st.booleans())
    abroad = draw(st.sampled_from([Decimal(1), Decimal("1.0873")]))
    cents = st.integers(0, 20_000).map(lambda n: Decimal(n) / 100)
    lines, total, taxes, others = [], Decimal(0), Decimal(0), Decimal(0)

    def taxed(paid: Decimal, rate: Decimal) -> Decimal:
        return rounded(paid * rate / (1 + rate) if included else paid * rate)

    for place in range(draw(st.integers(1, 4))):
        price, quantity = draw(cents), draw(st.integers(1, 5))
        what = draw(st.sampled_from(["goods", "goods", "goods", "card", "tip"])) if place else "goods"
        gross = price * quantity
        own = draw(st.decimals(0, gross, places=2)) if what == "goods" else Decimal(0)
        share = draw(st.decimals(0, gross - own, places=2)) if what == "goods" else Decimal(0)
        rate = draw(st.sampled_from([Decimal(0), Decimal("0.07"), Decimal("0.19")])) if what == "goods" else Decimal(0)
        paid = gross - own - share
        tax = taxed(paid, rate)
        off = [{"amount": str(part), "amount_set": both(part, abroad)} for part in (own, share)]
        item = line(
            str(price),
            quantity,
            id=100 + place,
            price_set=both(price, abroad),
            gift_card=what == "card",
            discount_allocations=[{**one, "discount_application_index": n} for n, one in enumerate(off)],
            tax_lines=[{"price": str(tax), "price_set": both(tax, abroad), "rate": float(rate)}] if rate else [],
        )
        lines.append({**item, "tip_payment_gateway": None} if what == "tip" else item)
        total += paid + (0 if included else tax)
        taxes += tax
        others += paid if what != "goods" else 0
    shipping = draw(cents)
    tax = taxed(shipping, Decimal("0.19"))
    told = {
        "taxes_included": included,
        "total_tax": str(taxes + tax),
        "total_tax_set": both(taxes + tax, abroad),
        "total_price": str(total + shipping + (0 if included else tax)),
        "presentment_currency": "USD",
        "shipping_lines": [{"price": str(shipping), "tax_lines": [{"price": str(tax), "rate": 0.19}]}],
        "discount_applications": [
            {"target_selection": "entitled", "allocation_method": "each"},
            {"target_selection": "all", "allocation_method": "across"},
        ],
    }
    return order(lines, **told), others


@settings(max_examples=300, deadline=None)
@given(sold())
def test_money_in_is_money_out(drawn: tuple[dict[str, Any], Decimal]) -> None:
    """Value, tax and shipping, with gift cards and tips, are what the buyer was charged, in the shop's currency."""
    told, others = drawn
    found = purchase(events_of("orders/create", told, EUR))
    parts = (Decimal(found[name]) for name in ("value", "tax", "shipping"))
    assert sum(parts, others) == Decimal(told["total_price"])
    assert found["currency"] == "EUR"


def without_sets(told: Any) -> Any:
    if isinstance(told, list):
        return [without_sets(one) for one in told]
    return {k: without_sets(v) for k, v in told.items() if not k.endswith("_set")} if isinstance(told, dict) else told


@settings(max_examples=100, deadline=None)
@given(sold())
def test_the_sets_and_the_plain_fields_say_the_same(drawn: tuple[dict[str, Any], Decimal]) -> None:
    """Without the ``_set`` twins, the plain fields give the same purchase; the buyer's currency is never read."""
    told, _ = drawn
    assert events_of("orders/paid", without_sets(told), EUR) == events_of("orders/create", told, EUR)


def test_a_tax_inside_of_the_price() -> None:
    """11.90 with 19 % in it, 10 % off the whole order: 9.00 net, of a unit price of 10.00, and 1.00 of discount."""
    tax = [{"price": "1.71", "rate": 0.19}]
    off = [{"amount": "1.19", "discount_application_index": 0}]
    everything = [{"target_selection": "all", "allocation_method": "across"}]
    told = order(
        [line("11.90", tax_lines=tax, discount_allocations=off)],
        taxes_included=True,
        discount_applications=everything,
    )
    found = purchase(events_of("orders/create", told, EUR))
    assert (found["value"], found["discount"]) == ("9.0000", "1.0000")
    assert found["lines"] == [{"product_id": "5", "quantity": 1, "unit_price": "10.0000", "line_id": "11"}]


@pytest.mark.parametrize(
    ("selection", "method", "price"),
    [("all", "across", "10.0000"), ("entitled", "across", "8.0000"), ("all", "each", "8.0000"), (None, None, "8.0000")],
)
def test_which_discounts_are_the_order_s(selection: str | None, method: str | None, price: str) -> None:
    """Only what is spread across all lines is the order's; a discount for some products, or on each, lowers their price."""
    off = [{"amount": "2.00", "discount_application_index": 0}]
    applications = [{"target_selection": selection, "allocation_method": method}]
    found = events_of("orders/create", order([line(discount_allocations=off)], discount_applications=applications), EUR)
    assert (purchase(found)["lines"][0]["unit_price"], purchase(found)["value"]) == (price, "8.0000")


def test_a_line_keeps_its_own_discount(tmp_path: Path) -> None:
    """Half off the hat is the hat's; 6 off the whole order is shared: the shop's own facts give each line what was paid."""
    half = {"amount": "50.00", "discount_application_index": 0}
    shares = [{"amount": amount, "discount_application_index": 1} for amount in ("3.00", "3.00")]
    lines = [
        line("100.00", id=11, product_id=5, discount_allocations=[half, shares[0]]),
        line("50.00", id=12, product_id=6, discount_allocations=[shares[1]]),
    ]
    applications = [
        {"target_selection": "explicit", "allocation_method": "one"},
        {"target_selection": "all", "allocation_method": "across"},
    ]
    found = events_of("orders/create", order(lines, discount_applications=applications), EUR)
    (tmp_path / "shop.toml").write_text("[shop]\ncurrency = 'EUR'\n")
    shop = cc.open(tmp_path / "shop.toml")
    assert shop.record(list(found.bodies)).n_events == 1
    rows = shop.facts.order_lines.order_by("line_id").to_pyarrow().to_pylist()
    assert [(row["product_id"], row["revenue"]) for row in rows] == [("5", Decimal("47.0000")), ("6", Decimal("47.0000"))]
    (bought,) = shop.orders.to_pyarrow().to_pylist()
    assert (bought["revenue"], bought["gmv"]) == (Decimal("94.0000"), Decimal("150.0000"))


def test_what_is_no_revenue() -> None:
    """Test orders, gift cards, tips and empty lines are counted, not bought."""
    assert events_of("orders/create", order([line()], test=True), EUR) == Translated(skipped=("test_order",))
    card = events_of("orders/create", order([line("50.00", gift_card=True)]), EUR)
    assert (card.bodies, card.skipped) == ((), ("gift_card_line", "order_without_goods"))
    mixed = events_of(
        "orders/create", order([line(), line(gift_card=True), line(tip_payment_method=None), line(quantity=0)]), EUR
    )
    assert (purchase(mixed)["value"], mixed.skipped) == ("10.0000", ("gift_card_line", "tip_line", "empty_line"))


def test_whoever_tells_of_an_order_tells_of_the_same_one() -> None:
    """Created, paid, updated and cancelled give one purchase under one id; the time is when it was placed."""
    told = order([line()])
    found = [purchase(events_of(f"orders/{what}", told, EUR)) for what in ("create", "paid", "updated", "fulfilled")]
    assert all(one == found[0] for one in found)
    assert (found[0]["event_id"], found[0]["order_id"]) == ("shopify_order_1", "1")
    assert found[0]["occurred_at"] == "2026-03-01T09:30:00+00:00"
    assert (found[0]["customer_id"], found[0]["channel"]) == ("3", "onsite")
    draft = purchase(events_of("orders/create", order([line(product_id=None)], source_name="shopify_draft_order"), EUR))
    assert ("channel" in draft, draft["lines"][0]["product_id"]) == (False, "custom")


def test_a_cancelled_order_is_a_cancellation() -> None:
    """A cancelled order keeps its purchase and gets one cancellation of all of it, at the time it was cancelled."""
    told = order([line()], cancelled_at="2026-03-02T09:30:00Z", cancel_reason="customer")
    _, gone = events_of("orders/cancelled", told, EUR).bodies
    assert gone == {
        "kind": "refund",
        "event_id": "shopify_cancelled_1",
        "occurred_at": "2026-03-02T09:30:00+00:00",
        "order_id": "1",
        "refund_kind": "cancellation",
        "reason": "customer",
        "currency": "EUR",
    }


def test_the_purchase_is_what_was_ordered_first() -> None:
    """Units that are gone stay in the purchase; those in no refund are counted until their refund comes."""
    gone = events_of("orders/updated", order([line(quantity=3, current_quantity=1)]), EUR)
    assert (purchase(gone)["lines"][0]["quantity"], len(gone.bodies), gone.skipped) == (3, 1, ("units_gone_without_refund",))
    back = {"id": 21, "created_at": "2026-03-03T09:30:00Z", "refund_line_items": [{"line_item_id": 11, "quantity": 2}]}
    told = events_of("orders/updated", order([line(quantity=3, current_quantity=1)], refunds=[back]), EUR)
    assert (told.bodies[0], told.bodies[1]["lines"][0]["quantity"], told.skipped) == (gone.bodies[0], 2, ())


def test_attributes_carry_visitor_arms_and_offers() -> None:
    """The visitor and its arms survive in the cart; a line names what offered it; costs come from the catalogue."""
    attributes = [{"name": "_cc_visitor", "value": "v1"}, {"name": "_cc_arm_chat", "value": "on@2026-02-28T09:30:00+01:00"}]
    offer = [
        {"name": "_cc_surface", "value": "drawer"},
        {"name": "_cc_decision", "value": "d-1"},
        {"name": "engraving", "value": "A"},
    ]
    told = order([line(properties=offer)], note_attributes=attributes)
    seen, bought = events_of("orders/create", told, Context(costs={"7": Decimal("4.5")})).bodies
    assert {name: seen[name] for name in ("kind", "visitor_id", "experiment", "variant", "occurred_at")} == {
        "kind": "exposure",
        "visitor_id": "v1",
        "experiment": "chat",
        "variant": "on",
        "occurred_at": "2026-02-28T08:30:00+00:00",
    }
    assert bought["visitor_id"] == "v1"
    (first,) = bought["lines"]
    assert (first["surface"], first["decision_id"], first["unit_cost"]) == ("drawer", "d-1", "4.5000")
    again = events_of("orders/create", {**told, "id": 2}, EUR).bodies[0]
    assert again["event_id"] == seen["event_id"]
    later = [attributes[0], {**attributes[1], "value": "on@2026-03-01T09:30:00+01:00"}]
    assert events_of("orders/create", {**told, "note_attributes": later}, EUR).bodies[0]["event_id"] != seen["event_id"]


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ([{"name": "_cc_arm_chat", "value": "on@2026-02-28T09:30:00Z"}], "needs _cc_visitor"),
        ([{"name": "_cc_visitor", "value": "v1"}, {"name": "_cc_arm_chat", "value": "on"}], "variant@2026-03-02T09:30:00Z"),
        ([{"name": "_cc_visitor", "value": "v1"}, {"name": "_cc_arm_chat", "value": "on@2026-02-28"}], "its zone"),
        ([{"name": "_cc_visitor", "value": "anna@example.org"}], "_cc_visitor must be an id"),
        ("no list", "note_attributes must be a list"),
    ],
)
def test_an_odd_attribute_costs_no_order(attributes: Any, says: str) -> None:
    """What the cart carries may be odd, or written by the buyer: it is refused, and the order stays."""
    found = events_of("orders/create", order([line()], note_attributes=attributes), EUR)
    assert [body["kind"] for body in found.bodies] == ["purchase"]
    assert says in " ".join(sentence for _, sentence in found.refused)


def test_an_odd_line_costs_no_order() -> None:
    """Where a line cannot be read, the order is worth what it says itself, net of the tax in it, and the rest stays."""
    shipping = [{"price": "11.90", "tax_lines": [{"price": "1.90", "rate": 0.19}]}]
    told = order([line("23.80"), line("free")], taxes_included=True, shipping_lines=shipping, subtotal_price="35.70")
    found = events_of("orders/create", {**told, "total_tax": "7.60"}, EUR)
    assert (purchase(found)["value"], purchase(found)["shipping"], len(purchase(found)["lines"])) == (
        "30.0000",
        "10.0000",
        1,
    )
    ((reason, says),) = found.refused
    assert (reason, says) == ("wrong_type", "price must be an amount with a point before its decimals: 19.90")
