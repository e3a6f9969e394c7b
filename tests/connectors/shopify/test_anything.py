"""Shopify's payloads may be anything: nothing is raised, and what comes out the door takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterclick.connectors.shopify import (
    Context,
    Variant,
    compliance_of,
    cost_of,
    events_of,
    pixel_events,
    translated_orders,
    variants_of,
)
from counterclick.connectors.shopify.pixel import NAMES
from counterclick.connectors.shopify.published import PUBLISHED
from counterclick.connectors.shopify.webhooks import TOPICS
from counterclick.connectors.translated import Translated
from counterclick.events import door
from counterclick.events.rejection import Rejection

DOOR = door.Context(received_at=datetime(9000, 1, 1, tzinfo=UTC), source="shopify", currency="EUR", key="k")
CONTEXT = Context(
    currency="EUR",
    costs={"7": Decimal("2.5")},
    items={"8": Variant(variant_id="7", product_id="5", item_id="8", title="Hat", unit_price=Decimal(9))},
)
FIELDS = [
    *["id", "order_id", "created_at", "processed_at", "updated_at", "cancelled_at", "cancel_reason", "test", "currency"],
    *["taxes_included", "subtotal_price", "total_tax", "total_discounts", "total_shipping_price_set", "customer", "token"],
    *["note_attributes", "line_items", "shipping_lines", "discount_applications", "refunds", "source_name", "cost"],
    *["product_id", "variant_id", "quantity", "current_quantity", "price", "price_set", "shop_money", "amount", "rate"],
    *["discount_allocations", "discount_application_index", "tax_lines", "gift_card", "properties", "name", "value"],
    *["refund_line_items", "line_item", "line_item_id", "restock_type", "subtotal", "subtotal_set", "order_adjustments"],
    *["transactions", "kind", "status", "variants", "inventory_item_id", "title", "product_type", "email", "phone"],
    *["orders_to_redact", "orders_requested", "data_request", "shop_domain", "order_edit", "additions", "attributes"],
    *["productVariant", "product", "collection", "searchResult", "productVariants", "cartLine", "merchandise", "cost"],
    *["totalAmount", "currencyCode", "checkout", "lineItems", "finalLinePrice", "subtotalPrice", "totalPrice", "totalTax"],
    *["order", "surface", "items", "experiment", "variant", "matched_products", "escalated", "position", "customerPrivacy"],
    *["_cc_visitor", "_cc_arm_chat", "_cc_surface", "key", "nodes", "edges", "node", "refundLineItems", "shopMoney"],
    *["originalUnitPriceSet", "customAttributes", "discountAllocations", "taxLines", "processedAt", "currentQuantity"],
]
VALUES = st.one_of(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.text(max_size=4),
    st.sampled_from(
        [
            *[
                "gid://shopify/Order/1",
                "gid://shopify/Product/5?x=1",
                "5",
                "7",
                "2026-03-01T09:30:00Z",
                "1970-01-01T00:00:00Z",
            ],
            *["2026-03-01T09:30:00", "19.90", "-1", "1e99", "99999999999", "EUR", "eur", "cancel", "no_restock", "refund"],
            *["success", "shipping_refund", "all", "across", "v1", "on@2026-03-01T09:30:00Z", "a@b.de", "\ud800", "x" * 300],
            *[10**30, -(10**30), 2**63, 1e300, True, 0.1],
        ]
    ),
)
ANYTHING = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=8),
    max_leaves=40,
)
ROUGH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def taken(found: Translated) -> None:
    """Everything that comes out has an id, and the door takes it; everything else has its sentence."""
    for body in found.bodies:
        assert body["event_id"]
        judged = door.admit_one(body, DOOR)
        assert not isinstance(judged, Rejection) or judged.reason in ("too_old", "in_future"), judged
    assert all(says for _, says in found.refused)
    assert all(isinstance(name, str) and name for name in found.skipped)


def full(fields: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Objects of these fields, each of which is mostly what belongs there, sometimes missing, sometimes anything."""
    return st.fixed_dictionaries({name: mostly(value) for name, value in fields.items()})


def mostly(value: Any) -> st.SearchStrategy[Any]:
    right = value if isinstance(value, st.SearchStrategy) else st.just(value)
    return st.integers(0, 30).flatmap(lambda n: ANYTHING if n == 30 else st.none() if n == 29 else right)


TAX = full({"price": "1.11", "rate": 0.19})
ALLOCATION = full({"amount": "1.00", "discount_application_index": st.integers(0, 2)})
LINE = full(
    {
        "id": 11,
        "product_id": 5,
        "variant_id": 7,
        "quantity": st.integers(0, 3),
        "current_quantity": st.integers(0, 3),
        "price": "19.90",
        "gift_card": st.sampled_from([False, False, True]),
        "properties": [{"name": "_cc_surface", "value": "drawer"}],
        "discount_allocations": st.lists(ALLOCATION, max_size=2),
        "tax_lines": st.lists(TAX, max_size=2),
    }
)
RETURNED = full(
    {
        "line_item_id": 11,
        "quantity": st.integers(0, 2),
        "subtotal": st.floats(-9, 99),
        "total_tax": 1.1,
        "restock_type": st.sampled_from(["return", "cancel", "no_restock"]),
        "line_item": LINE,
    }
)
REFUND = full(
    {
        "id": 21,
        "order_id": 1,
        "created_at": "2026-03-05T09:30:00+01:00",
        "note": "too small",
        "refund_line_items": st.lists(RETURNED, max_size=2),
        "order_adjustments": st.lists(full({"amount": "-5.00", "kind": "refund_discrepancy"}), max_size=2),
        "transactions": st.lists(full({"kind": "refund", "status": "success", "amount": "9.00", "test": False}), max_size=2),
    }
)
ORDER = full(
    {
        "id": 1,
        "processed_at": "2026-03-01T09:30:00+01:00",
        "updated_at": "2026-03-06T09:30:00Z",
        "taxes_included": st.booleans(),
        "currency": "EUR",
        "customer": {"id": 3},
        "cancelled_at": st.sampled_from([None, "2026-03-02T09:30:00Z"]),
        "subtotal_price": "39.80",
        "total_tax": "6.35",
        "test": st.sampled_from([False, False, False, True]),
        "note_attributes": [
            {"name": "_cc_visitor", "value": "v1"},
            {"name": "_cc_arm_chat", "value": "on@2026-02-28T09:30:00Z"},
        ],
        "line_items": st.lists(LINE, max_size=3),
        "refunds": st.lists(REFUND, max_size=2),
        "discount_applications": [{"target_selection": "all", "allocation_method": "across"}],
    }
)


@pytest.mark.parametrize("topic", [*TOPICS, "themes/publish", ""])
@settings(ROUGH, max_examples=30)
@given(payload=ANYTHING)
def test_any_payload_of_any_topic(topic: str, payload: Any) -> None:
    """Whatever is delivered, it is translated, counted or refused."""
    found = events_of(topic, payload, CONTEXT)
    taken(found)
    assert found.bodies or found.skipped or found.refused or isinstance(payload, dict)


@ROUGH
@given(payload=ORDER)
def test_any_order(payload: Any) -> None:
    """An order with odd parts is never raised about, and always gives the same again."""
    found = events_of("orders/updated", payload, CONTEXT)
    taken(found)
    assert events_of("orders/create", payload, CONTEXT) == found


@ROUGH
@given(payload=REFUND)
def test_any_refund(payload: Any) -> None:
    """A refund with odd parts is never raised about."""
    taken(events_of("refunds/create", payload, CONTEXT))


@pytest.mark.parametrize("name", [*NAMES, *PUBLISHED, "clicked"])
@settings(ROUGH, max_examples=30)
@given(data=ANYTHING, envelope=st.dictionaries(st.sampled_from(["context", "customerPrivacy", "timestamp", "id"]), ANYTHING))
def test_any_pixel_event(name: str, data: Any, envelope: Any) -> None:
    """Whatever a pixel sends, it is translated, counted or refused, whichever way orders are counted."""
    event = {"id": "e1", "name": name, "clientId": "c1", "timestamp": "2026-03-01T09:30:00.123Z", "data": data, **envelope}
    for counted in (CONTEXT, Context(orders_from="pixel")):
        taken(pixel_events(event, counted))


@ROUGH
@given(event=ANYTHING)
def test_any_envelope(event: Any) -> None:
    """An envelope may be anything."""
    taken(pixel_events(event, CONTEXT))


ROWS = st.one_of(
    ANYTHING,
    full({"id": "gid://shopify/Order/1", "processedAt": "2026-03-01T09:30:00Z", "refunds": ANYTHING, "lineItems": None}),
    full(
        {
            "id": "gid://shopify/LineItem/11",
            "__parentId": "gid://shopify/Order/1",
            "quantity": 1,
            "currentQuantity": 0,
            "originalUnitPriceSet": {"shopMoney": {"amount": "9.0"}},
        }
    ),
    full({"id": "gid://shopify/Refund/21", "__parentId": "gid://shopify/Order/1", "refundLineItems": ANYTHING}),
)


@ROUGH
@given(rows=st.lists(ROWS, max_size=5), broken=st.binary(max_size=5))
def test_any_export(rows: list[Any], broken: bytes) -> None:
    """Whatever stands in an export, each line is translated or refused."""
    lines = [*(json.dumps(row).encode() for row in rows), broken]
    for found in translated_orders(lines, CONTEXT):
        taken(found)


@ROUGH
@given(payload=ANYTHING)
def test_any_catalogue_and_any_request(payload: Any) -> None:
    """Variants, costs and requests are read from anything."""
    if isinstance(payload, dict):
        assert all(one.variant_id for one in variants_of(payload, CONTEXT))
        cost = cost_of(payload)
        assert cost is None or cost[1] >= 0
    asked = compliance_of("customers/redact", payload)
    assert asked is not None
    assert all(one.isdigit() for one in (*asked.customer_ids, *asked.order_ids))
