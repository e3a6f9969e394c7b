"""Web Pixel events: what a buyer saw and did; the order stays the webhook's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from counterclick.connectors.shopify import Context, events_of, pixel_events

EUR = Context(currency="EUR")
AT = "2026-03-01T09:30:00.123Z"
VARIANT = {"id": "7", "price": {"amount": 11.9, "currencyCode": "EUR"}, "product": {"id": "gid://shopify/Product/5"}}
OTHER = {"id": "8", "price": {"amount": 5.0, "currencyCode": "EUR"}, "product": {"id": "6"}}
CHECKOUT: dict[str, Any] = {
    "token": "abc",
    "currencyCode": "EUR",
    "subtotalPrice": {"amount": 23.8, "currencyCode": "EUR"},
    "totalTax": {"amount": 4.75, "currencyCode": "EUR"},
    "shippingLine": {"price": {"amount": 5.95, "currencyCode": "EUR"}},
    "totalPrice": {"amount": 29.75, "currencyCode": "EUR"},
    "attributes": [{"key": "_cc_arm_chat", "value": "on@2026-02-28T09:30:00Z"}],
    "lineItems": [{"quantity": 2, "finalLinePrice": {"amount": 23.8, "currencyCode": "EUR"}, "variant": VARIANT}],
    "order": {"id": "gid://shopify/OrderIdentity/1", "customer": {"id": "3", "isFirstOrder": True}},
}


def event(name: str, data: Any = None, **fields: Any) -> dict[str, Any]:
    told = {"id": "e1", "name": name, "clientId": "c1", "timestamp": AT, "type": "standard", "data": data or {}}
    return {**told, "context": {"document": {"location": {"pathname": "/collections/hats"}}}, **fields}


def only(told: dict[str, Any], context: Context = EUR) -> dict[str, Any]:
    (found,) = pixel_events(told, context).bodies
    return found


def test_what_every_event_says() -> None:
    """Time, visitor, device and consent come from the envelope; our own cookie goes before Shopify's client id."""
    found = only(event("page_viewed"))
    assert (found["kind"], found["page"], found["visitor_id"]) == ("page_view", "/collections/hats", "c1")
    assert found["occurred_at"] == "2026-03-01T09:30:00.123000+00:00"
    assert {"consent", "device"}.isdisjoint(found)
    phone = {"navigator": {"userAgent": "Mozilla/5.0 (iPhone) Mobile/15E148"}}
    said = {"visitorId": "v1", "customerPrivacy": {"analyticsProcessingAllowed": False}, "context": phone}
    told = only(event("page_viewed", **said))
    assert (told["visitor_id"], told["consent"], told["device"]) == ("v1", False, "mobile")
    assert only(event("page_viewed"))["event_id"] == found["event_id"] != only(event("page_viewed", id="e2"))["event_id"]


def test_a_product_and_lists_of_products() -> None:
    """A variant is told as its product; of a list, each product at its first place; lists are surfaces by name."""
    assert only(event("product_viewed", {"productVariant": VARIANT}))["product_id"] == "5"
    variants = [VARIANT, {**VARIANT, "id": "9"}, OTHER]
    shown = [{"product_id": "5", "position": 1}, {"product_id": "6", "position": 2}]
    listed = only(event("collection_viewed", {"collection": {"productVariants": variants}}))
    assert (listed["surface"], listed["items"]) == ("collection", shown)
    named = Context(list_surfaces={"search": "ai_search"})
    searched = only(
        event("search_submitted", {"searchResult": {"query": "anna@example.org", "productVariants": variants}}), named
    )
    assert (searched["surface"], searched["items"]) == ("ai_search", shown)
    assert "anna" not in repr(searched)


def test_cart_moves() -> None:
    """A move has the line's cost for one unit, net of the tax that the shop's prices hold, and names what offered it."""
    line = {"merchandise": VARIANT, "quantity": 2, "cost": {"totalAmount": {"amount": 22.0, "currencyCode": "USD"}}}
    added = only(
        event("product_added_to_cart", {"cartLine": {**line, "attributes": [{"key": "_cc_surface", "value": "drawer"}]}})
    )
    assert [added[name] for name in ("kind", "product_id", "quantity", "unit_price", "currency", "surface")] == [
        *("add_to_cart", "5", 2, "11.0000", "USD", "drawer"),
    ]
    taken = {"cartLine": {"merchandise": VARIANT, "quantity": 1}}
    removed = only(event("product_removed_from_cart", taken), Context(tax_rate=Decimal("0.19")))
    assert (removed["kind"], removed["unit_price"], "surface" in removed) == ("remove_from_cart", "10.0000", False)
    ((reason, says),) = pixel_events(event("product_added_to_cart", {"cartLine": {**line, "quantity": 0}}), EUR).refused
    assert (reason, "quantity" in says) == ("out_of_range", True)


def test_a_checkout_is_the_webhook_s_checkout() -> None:
    """Pixel and webhook begin one checkout, of goods worth 20 net; the arms in the cart are the visitor's."""
    begun, seen = pixel_events(event("checkout_started", {"checkout": CHECKOUT}), EUR).bodies
    assert (begun["kind"], begun["value"], begun["currency"]) == ("begin_checkout", "20.0000", "EUR")
    assert (seen["kind"], seen["visitor_id"], seen["variant"]) == ("exposure", "c1", "on")
    told = {"token": "abc", "created_at": AT, "note_attributes": [{"name": "_cc_visitor", "value": "c1"}]}
    (webhook,) = events_of("checkouts/create", told, EUR).bodies
    assert webhook["event_id"] == begun["event_id"]


def test_the_order_is_the_webhook_s() -> None:
    """A completed checkout says who the visitor is, and is no purchase: the webhook's order has the exact amounts."""
    found = pixel_events(event("checkout_completed", {"checkout": CHECKOUT}), EUR)
    seen, known = found.bodies
    assert (seen["kind"], known["kind"], known["visitor_id"], known["customer_id"]) == ("exposure", "identify", "c1", "3")
    assert found.skipped == ("pixel:checkout_completed (the order is the webhook's)",)


@pytest.mark.parametrize(
    ("total", "value", "price"),
    [(29.75, "20.0000", "10.0000"), (34.5, "23.8000", "11.9000")],
)
def test_an_order_of_a_shop_without_webhooks(total: float, value: str, price: str) -> None:
    """There the pixel's order is the purchase, under the webhook's id; the total shows whether the prices hold their tax."""
    checkout = {**CHECKOUT, "totalPrice": {"amount": total, "currencyCode": "EUR"}}
    *_, bought = pixel_events(event("checkout_completed", {"checkout": checkout}), Context(orders_from="pixel")).bodies
    assert (bought["kind"], bought["event_id"], bought["order_id"], bought["value"]) == (
        "purchase",
        "shopify_order_1",
        "1",
        value,
    )
    assert bought["lines"] == [{"product_id": "5", "quantity": 2, "unit_price": price}]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        (
            "counterclick:shown",
            {"surface": "drawer", "items": [{"product_id": "gid://shopify/Product/5", "position": 1}], "variant": "bundles"},
            {"kind": "view_item_list", "items": [{"product_id": "5", "position": 1}], "variant": "bundles"},
        ),
        ("counterclick:clicked", {"surface": "drawer", "product_id": 5}, {"kind": "select_item", "product_id": "5"}),
        (
            "counterclick:answer",
            {"surface": "chat", "matched_products": ["gid://shopify/Product/5"], "escalated": False},
            {"kind": "assistant_answer", "matched_products": ["5"], "escalated": False},
        ),
        (
            "counterclick:exposure",
            {"experiment": "chat", "variant": "on", "propensity": 0.5, "device": "kiosk"},
            {"kind": "exposure", "experiment": "chat", "propensity": 0.5, "visitor_id": "c1", "device": "kiosk"},
        ),
    ],
)
def test_what_our_own_script_publishes(name: str, data: dict[str, Any], expected: dict[str, Any]) -> None:
    """Custom events carry our names; products may come by their gid; a device that is named goes before the browser's."""
    found = only({**event(name), "type": "custom", "data": None, "customData": data})
    assert {field: found[field] for field in expected} == expected


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (event("page_viewed", clientId=None), "must have an id and a clientId"),
        (event("page_viewed", timestamp="now"), "its zone"),
        (event("product_viewed"), "productVariant.product.id must be Shopify's number"),
        (
            event("counterclick:clicked", {"surface": "drawer", "product": 5}),
            "select_item has no field product; it has channel",
        ),
        (event("counterclick:shown", {"surface": "drawer"}), "view_item_list must have items"),
        (event("counterclick:exposure", {"experiment": "chat", "visitor_id": "v9"}), "exposure has no field visitor_id"),
        ("page_viewed", "must be a JSON object"),
    ],
)
def test_what_is_refused(told: Any, says: str) -> None:
    """What lacks its visitor, time or product is refused with a sentence; nobody is named from within the data."""
    found = pixel_events(told, EUR)
    assert found.bodies == ()
    assert says in found.refused[0][1]


def test_what_means_nothing() -> None:
    """Other events are counted by their names."""
    assert pixel_events(event("input_focused"), EUR).skipped == ("pixel:input_focused",)
    assert pixel_events({"id": "e1"}, EUR).skipped == ("pixel:nameless",)
