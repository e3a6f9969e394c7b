"""Shopify's webhooks, signed and posted as Shopify does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from counterclick.shop import open_shop
from served import Served, served
from signed import SECRET, deliver

TOML = """
[shopify]
domain = "store.myshopify.com"
secret_env = "TEST_SHOPIFY_SECRET"
"""
PRODUCT = {
    "id": 632910392,
    "title": "Boots",
    "product_type": "Shoes",
    "updated_at": "2026-03-01T10:00:00Z",
    "variants": [{"id": 39072856, "price": "50.00", "inventory_item_id": 808950810}],
}
COST = {"id": 808950810, "cost": "21.50", "updated_at": "2026-03-01T10:01:00Z"}
LINE = {
    "id": 466157049,
    "product_id": 632910392,
    "variant_id": 39072856,
    "quantity": 2,
    "current_quantity": 2,
    "price": "50.00",
    "tax_lines": [{"price": "19.00", "rate": 0.19}],
    "discount_allocations": [],
    "properties": [{"name": "_cc_surface", "value": "cart_drawer"}],
}
ORDER = {
    "id": 450789469,
    "processed_at": "2026-03-02T10:30:00+01:00",
    "created_at": "2026-03-02T10:30:00+01:00",
    "currency": "EUR",
    "taxes_included": False,
    "total_price": "119.00",
    "total_tax": "19.00",
    "subtotal_price": "100.00",
    "customer": {"id": 207119551},
    "note_attributes": [
        {"name": "_cc_visitor", "value": "v1"},
        {"name": "_cc_arm_cart-bundles", "value": "bundles@2026-03-02T09:00:00Z"},
    ],
    "line_items": [LINE],
}
REFUND = {
    "id": 929361462,
    "order_id": 450789469,
    "created_at": "2026-03-09T12:00:00Z",
    "processed_at": "2026-03-09T12:00:00Z",
    "order_adjustments": [],
    "transactions": [{"kind": "refund", "status": "success", "amount": "59.50", "currency": "EUR"}],
    "refund_line_items": [
        {
            "id": 1,
            "line_item_id": 466157049,
            "quantity": 1,
            "restock_type": "return",
            "subtotal": 50.0,
            "total_tax": 9.5,
            "line_item": LINE,
        }
    ],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop that takes the webhooks of one store."""
    with served(tmp_path_factory.mktemp("shopify"), TOML, {"TEST_SHOPIFY_SECRET": SECRET}) as found:
        yield found


def test_an_order_is_worth_what_it_says_and_knows_its_cost_and_its_visitor(server: Served) -> None:
    """Product, cost, order and refund, in either family of headers, each delivered twice: every figure counts once."""
    for prefix in ("X-Shopify-", "shopify-") * 2:
        for topic, payload in (
            ("products/update", PRODUCT),
            ("inventory_items/update", COST),
            ("orders/create", ORDER),
            ("orders/paid", ORDER),
            ("refunds/create", REFUND),
        ):
            found = deliver(server, topic, payload, prefix=prefix)
            assert (found.status_code, found.json()["status"]) == (200, "accepted"), found.text
    with open_shop(server.toml) as shop:
        (order,) = shop.orders.to_pyarrow().to_pylist()
        assert (order["visitor_id"], order["customer_id"]) == ("v1", "207119551")
        assert (order["revenue"], order["net_revenue"], order["margin"]) == (100, 50, 57)
        exposed = shop.reading.rows("SELECT experiment, variant, visitor_id FROM events WHERE kind = 'exposure'")
        assert exposed == [("cart-bundles", "bundles", "v1")]


def test_what_is_not_signed_is_not_taken(server: Served) -> None:
    """Another secret, a body that was changed on the way, no signature at all, another store."""
    assert deliver(server, "orders/create", ORDER, secret="guess").status_code == 401  # noqa: S106 - a wrong one
    signed = deliver(server, "carts/update", b'{"id": "a"}').request
    changed = httpx.post(signed.url, content=b'{"id": "b"}', headers=dict(signed.headers))
    assert changed.status_code == 401
    assert httpx.post(f"{server.url}/webhooks/shopify", json=ORDER).status_code == 401
    other = deliver(server, "orders/create", ORDER, domain="another.myshopify.com")
    assert (other.status_code, "store.myshopify.com" in other.json()["error"]) == (403, True)


def test_what_the_owner_is_asked_is_kept(server: Served) -> None:
    """The compliance topics are answered with 200 and listed, without the customer's address, until they are done."""
    asked = {"shop_domain": "store.myshopify.com", "customer": {"id": 191167, "email": "john@example.com"}}
    found = deliver(server, "customers/redact", {**asked, "orders_to_redact": [299938]})
    assert found.json()["asked"] == "forget_customer"
    with open_shop(server.toml) as shop:
        (kept,) = shop.rights.requests.all().requests
    assert (kept.asked, kept.is_overdue) == ("forget_customer", False)
    for path in (server.toml.parent / ".counterclick").glob("shopify.sqlite*"):
        assert b"john@example.com" not in path.read_bytes()


def test_what_means_nothing_is_passed_over_and_what_is_odd_is_kept_with_its_reason(server: Served) -> None:
    """A topic that nobody reads, a body that is a list: answered with 200, so that Shopify does not send it for days."""
    assert deliver(server, "themes/publish", {"id": 1}).json()["status"] == "skipped"
    odd = deliver(server, "orders/create", [1, 2]).json()
    assert (odd["status"], odd["reasons"][0]["reason"]) == ("rejected", "malformed")


def test_without_a_declared_store_there_is_no_such_address(tmp_path: Path) -> None:
    """404 says what to write into shop.toml."""
    with served(tmp_path) as bare:
        found = deliver(bare, "orders/create", ORDER)
        assert (found.status_code, "[shopify]" in found.json()["error"]) == (404, True)
