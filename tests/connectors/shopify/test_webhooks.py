"""All other topics: the catalogue, checkouts and carts, edits and returns, and what the law asks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from counterclick.connectors.shopify import Compliance, Context, Variant, compliance_of, cost_of, events_of, variants_of
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason

EUR = Context(currency="EUR")
AT = "2026-03-01T09:30:00Z"
PRODUCT: dict[str, Any] = {
    "id": 5,
    "title": "Hat",
    "product_type": "Hats",
    "updated_at": AT,
    "variants": [
        {"id": 7, "price": "23.80", "inventory_item_id": 8},
        {"id": 6, "price": "11.90", "inventory_item_id": 9},
    ],
}
ARMS = [{"name": "_cc_visitor", "value": "v1"}, {"name": "_cc_arm_chat", "value": f"on@{AT}"}]


def test_a_product_is_the_product_at_its_lowest_price() -> None:
    """The catalogue names the product, never a variant, at its lowest price net of tax and at that variant's cost."""
    net = Context(currency="EUR", tax_rate=Decimal("0.19"), costs={"6": Decimal(4), "7": Decimal(9)})
    (found,) = events_of("products/update", PRODUCT, net).bodies
    assert found == {
        "kind": "product",
        "event_id": "shopify_product_5_20260301T093000000000",
        "occurred_at": "2026-03-01T09:30:00+00:00",
        "product_id": "5",
        "title": "Hat",
        "category": "Hats",
        "unit_price": "10.0000",
        "unit_cost": "4.0000",
        "currency": "EUR",
    }
    assert events_of("products/create", PRODUCT, net).bodies == (found,)
    (later,) = events_of("products/update", {**PRODUCT, "updated_at": "2026-03-02T09:30:00Z"}, net).bodies
    assert later["event_id"] != found["event_id"]


@pytest.mark.parametrize(
    ("variants", "there"),
    [
        ([{"inventory_quantity": 3}, {"inventory_quantity": -2}], ("in_stock", 3)),
        ([{"inventory_quantity": 0, "inventory_policy": "deny"}], ("out_of_stock", 0)),
        ([{"inventory_quantity": 0, "inventory_policy": "continue"}], ("backorder", None)),
        ([{"inventory_quantity": 2, "inventory_policy": "continue"}], ("in_stock", None)),
        ([{"inventory_quantity": 0, "inventory_management": None}], ("in_stock", None)),
        ([{"inventory_quantity": 0, "inventory_management": "shopify"}], ("out_of_stock", 0)),
        ([{"inventory_quantity": "3"}], (None, None)),
        ([{"inventory_quantity": 3}, {}], (None, None)),
        ([], (None, None)),
    ],
)
def test_what_is_there_of_a_product(variants: list[dict[str, Any]], there: tuple[str | None, int | None]) -> None:
    """Units of all variants together; what is not tracked is there, what may be oversold can be ordered."""
    (found,) = events_of("products/update", {**PRODUCT, "variants": [{"id": 7, **one} for one in variants]}, EUR).bodies
    assert (found.get("availability"), found.get("stock")) == there


def test_what_a_product_is_like() -> None:
    """Its vendor, the values of its options and its tags; a draft cannot be bought."""
    options = [
        {"name": "Color", "values": ["Red", "Blue"]},
        {"name": "Title", "values": ["Default Title"]},
        {"name": 3},
        "odd",
    ]
    told = {**PRODUCT, "vendor": "Acme", "tags": "gift, Summer sale, ,gift", "options": options, "status": "draft"}
    (found,) = events_of("products/update", told, EUR).bodies
    assert found["attributes"] == "brand=Acme; color=Red; color=Blue; tag=gift; tag=Summer sale"
    assert (found["availability"], found.get("stock")) == ("out_of_stock", None)
    many = {**PRODUCT, "tags": ", ".join(f"tag number {n}" for n in range(500))}
    (cut,) = events_of("products/update", many, EUR).bodies
    assert 1_900 < len(cut["attributes"]) <= 2_000
    assert cut["attributes"].endswith(tuple("0123456789"))


def test_an_arm_that_only_a_decision_gives_is_passed_over() -> None:
    """In a cart, a checkout and an order alike: whether the basket was flagged, the cart cannot know."""
    context = Context(currency="EUR", by_decision=frozenset({"nudges"}))
    carried = [*ARMS, {"name": "_cc_arm_nudges", "value": f"returns@{AT}"}]
    told = {"id": 1, "created_at": AT, "processed_at": AT, "token": "t", "line_items": [], "note_attributes": carried}
    for topic in ("carts/update", "checkouts/create", "orders/create"):
        found = events_of(topic, told, context)
        assert [each["experiment"] for each in found.bodies if each["kind"] == "exposure"] == ["chat"], topic
        assert found.skipped.count("arm_that_only_a_decision_gives") == 1, topic


def test_a_cost_finds_its_product_by_its_variant() -> None:
    """An inventory item names no product: its cost counts for a variant that is known, and is counted where none is."""
    known = {one.item_id: one for one in variants_of(PRODUCT, EUR) if one.item_id}
    assert known["8"] == Variant("7", "5", "8", "Hat", "Hats", Decimal("23.80"))
    item = {"id": 8, "cost": "9.50", "updated_at": AT}
    (found,) = events_of("inventory_items/update", item, Context(items=known)).bodies
    assert (found["product_id"], found["title"], found["unit_price"], found["unit_cost"]) == (
        "5",
        "Hat",
        "23.8000",
        "9.5000",
    )
    assert cost_of(item) == ("8", Decimal("9.5000"))
    assert events_of("inventory_items/update", item, EUR).skipped == ("inventory_item_of_no_known_product",)
    assert events_of("inventory_items/update", {**item, "cost": None}, EUR).skipped == ("inventory_item_without_cost",)
    assert cost_of({**item, "cost": "a lot"}) is None


def test_a_checkout_is_one_however_often_it_is_updated() -> None:
    """A checkout whose cart names its visitor begins once, at its creation, net of the tax in its lines."""
    told = {"token": "abc", "created_at": AT, "currency": "EUR", "subtotal_price": "11.90", "taxes_included": True}
    told |= {"line_items": [{"tax_lines": [{"price": "1.90", "rate": 0.19}]}], "note_attributes": ARMS}
    seen, begun = events_of("checkouts/create", told, EUR).bodies
    assert (seen["kind"], begun["kind"], begun["value"], begun["visitor_id"]) == (
        "exposure",
        "begin_checkout",
        "10.0000",
        "v1",
    )
    again = events_of("checkouts/update", {**told, "updated_at": "2026-03-01T10:00:00Z"}, EUR).bodies
    assert again == (seen, begun)
    assert "abc" not in begun["event_id"]
    assert events_of("checkouts/create", {**told, "note_attributes": []}, EUR).skipped == ("checkout_without_visitor",)


def test_a_cart_tells_arms_alone() -> None:
    """A cart's webhook is a state without a visitor: only the arms in it are read."""
    found = events_of("carts/update", {"id": "c1", "line_items": [{"id": 1}], "note_attributes": ARMS}, EUR)
    assert [body["kind"] for body in found.bodies] == ["exposure"]
    assert events_of("carts/create", {"id": "c1"}, EUR) == Translated(skipped=("cart_state",))


def test_what_is_counted_only() -> None:
    """Edits, returns without money and deleted products are counted; additions by an edit each for itself."""
    edit = {"order_edit": {"order_id": 1, "line_items": {"additions": [{"id": 12, "delta": 1}], "removals": []}}}
    assert events_of("orders/edited", edit, EUR) == Translated(skipped=("order_edit", "order_edit_addition"))
    assert events_of("returns/approve", {"id": 1}, EUR) == Translated(skipped=("return_without_money",))
    assert events_of("products/delete", {"id": 5}, EUR) == Translated(skipped=("product_deleted",))
    assert events_of("themes/publish", {}, EUR) == Translated(skipped=("themes/publish",))


@pytest.mark.parametrize("payload", [None, [], "order", 5])
def test_a_body_that_is_no_object(payload: Any) -> None:
    """A known topic needs an object."""
    ((reason, says),) = events_of("orders/create", payload, EUR).refused
    assert (reason, says) == (Reason.MALFORMED, "the body of orders/create must be a JSON object")


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        (
            "customers/data_request",
            {"orders_requested": [1, 2], "data_request": {"id": 9}},
            Compliance("show_customer", "a.myshopify.com", ("3",), ("1", "2"), ("anna@example.org", "+49 30 1"), "9"),
        ),
        (
            "customers/redact",
            {"orders_to_redact": ["1", None]},
            Compliance("forget_customer", "a.myshopify.com", ("3",), ("1",), ("anna@example.org", "+49 30 1")),
        ),
        ("shop/redact", {"customer": None}, Compliance("forget_shop", "a.myshopify.com")),
        ("app/uninstalled", {"customer": None}, Compliance("uninstalled", "a.myshopify.com")),
    ],
)
def test_what_the_law_asks(topic: str, payload: dict[str, Any], expected: Compliance) -> None:
    """Each request says what is asked, of whom, and of which orders; whom it is about does not show in a log."""
    customer = {"id": 3, "email": "anna@example.org", "phone": "+49 30 1"}
    told = {"shop_id": 1, "shop_domain": "a.myshopify.com", "customer": customer, **payload}
    assert compliance_of(topic, told) == expected
    assert "anna" not in repr(expected)
    assert events_of(topic, told, EUR) == Translated(skipped=(topic,))


def test_other_topics_ask_nothing() -> None:
    """An order is no request; a request without a body asks all the same."""
    assert compliance_of("orders/create", {"id": 1}) is None
    assert compliance_of("shop/redact", None) == Compliance("forget_shop")
