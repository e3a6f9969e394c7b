"""Who sent it, and which delivery it is."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from counterclick.connectors.shopify import Delivery, delivery_of, is_signed

BODY = '{"id": 1, "note": "é"}'.encode()


def signed(body: bytes, secret: str) -> str:
    """The signature as the specification words it."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def test_a_known_signature() -> None:
    """RFC 4231's second test case, in base64: key ``Jefe`` over its 28 bytes."""
    told = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    headers = {"X-Shopify-Hmac-Sha256": base64.b64encode(told).decode()}
    assert is_signed(b"what do ya want for nothing?", headers, "Jefe")


@pytest.mark.parametrize(
    "name", ["X-Shopify-Hmac-Sha256", "x-shopify-hmac-sha256", "shopify-hmac-sha256", "Shopify-Hmac-SHA256"]
)
def test_either_family_signs(name: str) -> None:
    """The signature is read from classic and from newer headers, in any case."""
    assert is_signed(BODY, {name: signed(BODY, "secret")}, "secret")


def test_what_is_not_signed() -> None:
    """Another body, another secret, no header, no secret, half a signature or letters beyond ASCII: not signed."""
    right = signed(BODY, "secret")
    for body, header, secret in (
        (BODY + b" ", right, "secret"),
        (BODY, right, "other"),
        (BODY, "", "secret"),
        (BODY, signed(BODY, ""), ""),
        (BODY, right[:-4], "secret"),
        (BODY, "é", "secret"),
    ):
        assert not is_signed(body, {"X-Shopify-Hmac-Sha256": header}, secret)
    assert not is_signed(BODY, {}, "secret")


def test_what_the_headers_say() -> None:
    """Classic and newer headers say the same delivery; GraphQL's spelling of a topic is the same topic."""
    said = {"Topic": "orders/create", "Shop-Domain": "a.myshopify.com", "Event-Id": "e1", "Webhook-Id": "w1"}
    said |= {"Triggered-At": "2026-03-01T09:30:00Z", "API-Version": "2026-07"}
    expected = Delivery("orders/create", "a.myshopify.com", "e1", "w1", "2026-03-01T09:30:00Z", "2026-07")
    assert delivery_of({f"X-Shopify-{name}": value for name, value in said.items()}) == expected
    assert delivery_of({f"shopify-{name.lower()}": value for name, value in said.items()}) == expected
    for spelt, topic in (("REFUNDS_CREATE", "refunds/create"), ("INVENTORY_ITEMS_UPDATE", "inventory_items/update")):
        assert delivery_of({"X-Shopify-Topic": spelt}).topic == topic
    assert delivery_of({}) == Delivery("")


def test_a_delivery_s_key() -> None:
    """A repeat has the key of the first: by the event's id, else the webhook's; another topic's events are others."""
    assert Delivery("orders/create", event_id="e1", webhook_id="w1").key == Delivery("orders/create", event_id="e1").key
    assert Delivery("orders/create", webhook_id="w1").key == "orders/create:w1"
    assert Delivery("orders/create", event_id="e1").key != Delivery("orders/updated", event_id="e1").key
    assert Delivery("orders/create").key is None
