"""Returns of Loop become refunds of what was given up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclick.connectors.loop import signature_fits, translated
from counterclick.events.rejection import Reason
from translations import ANY_JSON, NOW, only, sound, spoilt

RETURN: dict[str, Any] = {
    "topic": "return",
    "trigger": "return.closed",
    "shop_id": 12345,
    "id": "1673",
    "state": "closed",
    "created_at": "2026-03-01T09:30:00Z",
    "total": "48.81",
    "order_id": 2871,
    "order_name": "#1001",
    "provider_order_id": "58997314",
    "customer": "me@example.org",
    "currency": "USD",
    "return_product_total": "50.00",
    "return_discount_total": "5.00",
    "return_tax_total": "2.50",
    "return_total": "47.50",
    "exchange_product_total": "0.00",
    "exchange_discount_total": "0.00",
    "refund": "47.50",
    "handling_fee": "5.00",
    "status_page_url": "https://example.loopreturns.com/return/1",
    "line_items": [
        {
            "provider_line_item_id": "77",
            "product_id": "8",
            "price": "30.00",
            "discount": "3.00",
            "return_reason": "Size",
        },
        {
            "provider_line_item_id": "78",
            "product_id": "9",
            "price": "20.00",
            "discount": "2.00",
            "return_reason": "Size",
        },
    ],
}


def signed(text: bytes) -> str:
    return base64.b64encode(hmac.new(b"secret", text, hashlib.sha256).digest()).decode()


def test_a_signature() -> None:
    """Loop hashes its JSON with slashes escaped and without newlines, however the body arrives."""
    hashed = json.dumps(RETURN).replace("/", "\\/").encode()
    for arrived in (json.dumps(RETURN).encode(), json.dumps(RETURN).replace(", ", ",\r\n ").encode(), hashed):
        assert signature_fits(arrived, signed(hashed.replace(b",\r\n ", b", ")), "secret"), arrived
        assert not signature_fits(arrived, signed(hashed), "other")
    plain = json.dumps(RETURN, indent=1).encode()
    assert signature_fits(plain, signed(plain), "secret")
    assert not signature_fits(plain + b" ", signed(plain), "secret")
    assert not signature_fits(plain, "é", "secret")


@given(st.binary(max_size=40))
def test_slashes_are_escaped_once(body: bytes) -> None:
    """A slash that is escaped already stays as it is, so that escaping twice changes nothing."""
    hashed = json.dumps(body.decode("latin-1")).replace("/", "\\/").encode()
    assert signature_fits(hashed, signed(hashed), "secret")
    assert signature_fits(hashed.replace(b"\\/", b"/"), signed(hashed), "secret")


def test_a_return() -> None:
    """Goods that came back are lines at what the buyer paid for them without tax; the order is the shop's."""
    refund = only(translated(RETURN, received_at=NOW))
    assert (refund.event_id, refund.order_id, refund.currency) == (
        "loop:1673",
        "58997314",
        "USD",
    )
    assert refund.refund_kind == "return"
    assert [(line.product_id, line.line_id, line.quantity, line.unit_price) for line in refund.lines] == [
        ("8", "77", 1, 27),
        ("9", "78", 1, 18),
    ]
    assert refund.reason == "Size"


@pytest.mark.parametrize(
    ("sent_for_it", "given_up"),
    [("0.00", "45"), ("20.00", "25"), ("44.99", "0.01"), ("45.00", None), ("60.00", None)],
)
def test_an_exchange_is_not_lost_revenue(sent_for_it: str, given_up: str | None) -> None:
    """What goods of another kind were given for is kept; an exchange for as much or more gives up nothing."""
    found = translated(RETURN | {"exchange_product_total": sent_for_it}, received_at=NOW)
    if given_up is None:
        assert found.skipped == ("return exchanged",)
        assert not found.bodies
    else:
        refund = only(found)
        lines = sum((line.unit_price * line.quantity for line in refund.lines), Decimal(0))
        assert lines + (refund.amount or 0) == Decimal(given_up)


def test_one_line_exchanged() -> None:
    """Where the goods that were not exchanged add up to what was given up, they are the lines."""
    items = [RETURN["line_items"][0], RETURN["line_items"][1] | {"outcome": "exchange"}]
    refund = only(translated(RETURN | {"exchange_product_total": "18", "line_items": items}, received_at=NOW))
    assert [(line.product_id, line.unit_price) for line in refund.lines] == [("8", 27)]


def test_totals_without_products() -> None:
    """Without the totals of products, those after tax tell, less the tax."""
    totals = {"return_product_total": None, "return_total": "47.50", "return_tax_total": "2.50"}
    refund = only(translated(RETURN | totals | {"line_items": []}, received_at=NOW))
    assert refund.amount == 45
    nothing = translated(RETURN | {"return_product_total": None, "return_total": None}, received_at=NOW)
    assert nothing.refused[0][0] == Reason.MISSING_FIELD
    assert translated(RETURN | {"provider_order_id": None}, received_at=NOW).refused[0][0] == Reason.MISSING_FIELD


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"state": "open"}, "return open"),
        ({"state": "cancelled"}, "return cancelled"),
        ({"state": None}, "return without state"),
        ({"topic": "label"}, "topic label"),
    ],
)
def test_what_does_not_count_yet(changed: dict[str, Any], name: str) -> None:
    """A return that is not closed may still come to nothing."""
    assert translated(RETURN | changed, received_at=NOW).skipped == (name,)


@given(spoilt(RETURN) | ANY_JSON)
def test_any_webhook(sent: Any) -> None:
    """Whatever is sent, nothing is raised and nothing is lost in silence."""
    sound(translated(sent, received_at=NOW))
