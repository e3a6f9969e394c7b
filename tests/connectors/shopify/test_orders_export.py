"""An export gives the very events that the webhooks would have made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from counterclick.connectors.shopify import Context, events_of, translated_orders

EUR = Context(currency="EUR")
ORDER = "gid://shopify/Order/1"
REFUND = "gid://shopify/Refund/21"


def shop(amount: str) -> dict[str, Any]:
    buyers = {"amount": "999.00", "currencyCode": "USD"}
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}, "presentmentMoney": buyers}


def shop_set(amount: str) -> dict[str, Any]:
    return {"shop_money": {"amount": amount, "currency_code": "EUR"}}


EXPORTED: dict[str, Any] = {
    "id": ORDER,
    "processedAt": "2026-03-01T09:30:00Z",
    "updatedAt": "2026-03-06T09:30:00Z",
    "cancelledAt": "2026-03-07T09:30:00Z",
    "cancelReason": "CUSTOMER",
    "test": False,
    "sourceName": "web",
    "paymentGatewayNames": ["klarna"],
    "currencyCode": "EUR",
    "taxesIncluded": True,
    "totalTaxSet": shop("5.70"),
    "customer": {"id": "gid://shopify/Customer/3"},
    "customAttributes": [
        {"key": "_cc_visitor", "value": "v1"},
        {"key": "_cc_arm_chat", "value": "on@2026-02-28T09:30:00Z"},
    ],
    "shippingLines": {"nodes": [{"originalPriceSet": shop("5.95"), "taxLines": [{"priceSet": shop("0.95"), "rate": 0.19}]}]},
    "refunds": [{"id": REFUND, "createdAt": "2026-03-05T09:30:00Z", "note": "too small", "orderAdjustments": {"edges": []}}],
}
LINE: dict[str, Any] = {
    "id": "gid://shopify/LineItem/11",
    "__parentId": ORDER,
    "product": {"id": "gid://shopify/Product/5"},
    "variant": {"id": "gid://shopify/ProductVariant/7"},
    "quantity": 3,
    "currentQuantity": 1,
    "isGiftCard": False,
    "fulfillmentStatus": "fulfilled",
    "originalUnitPriceSet": shop("11.90"),
    "customAttributes": [{"key": "_cc_surface", "value": "drawer"}],
    "taxLines": [{"priceSet": shop("4.75"), "rate": 0.19}],
    "discountAllocations": [
        {
            "allocatedAmountSet": shop("5.95"),
            "discountApplication": {"targetSelection": "ALL", "allocationMethod": "ACROSS"},
        }
    ],
}
BACK: dict[str, Any] = {
    "id": "gid://shopify/RefundLineItem/31",
    "__parentId": REFUND,
    "lineItem": {"id": "gid://shopify/LineItem/11"},
    "quantity": 1,
    "restockType": "RETURN",
    "subtotalSet": shop("9.92"),
    "totalTaxSet": shop("1.58"),
}
ITEM = {
    "id": 11,
    "product_id": 5,
    "variant_id": 7,
    "quantity": 3,
    "current_quantity": 1,
    "price": "11.90",
    "gift_card": False,
    "fulfillment_status": "fulfilled",
    "properties": [{"name": "_cc_surface", "value": "drawer"}],
    "tax_lines": [{"price": "4.75", "price_set": shop_set("4.75"), "rate": 0.19}],
    "discount_allocations": [{"amount": "5.95", "discount_application_index": 0}],
}
RETURNED = {
    "line_item_id": 11,
    "quantity": 1,
    "restock_type": "return",
    "subtotal": 9.92,
    "total_tax": 1.58,
    "line_item": ITEM,
}
DELIVERED: dict[str, Any] = {
    "id": 1,
    "processed_at": "2026-03-01T10:30:00+01:00",
    "updated_at": "2026-03-06T10:30:00+01:00",
    "cancelled_at": "2026-03-07T10:30:00+01:00",
    "cancel_reason": "customer",
    "test": False,
    "source_name": "web",
    "payment_gateway_names": ["klarna"],
    "currency": "EUR",
    "taxes_included": True,
    "total_tax": "5.70",
    "customer": {"id": 3, "email": "anna@example.org"},
    "note_attributes": [
        {"name": "_cc_visitor", "value": "v1"},
        {"name": "_cc_arm_chat", "value": "on@2026-02-28T09:30:00Z"},
    ],
    "line_items": [ITEM],
    "discount_applications": [{"target_selection": "all", "allocation_method": "across"}],
    "shipping_lines": [{"price": "5.95", "tax_lines": [{"price": "0.95", "rate": 0.19}]}],
    "refunds": [
        {"id": 21, "order_id": 1, "created_at": "2026-03-05T09:30:00Z", "note": "too small", "refund_line_items": [RETURNED]}
    ],
}


def written(*rows: Any) -> list[bytes]:
    return [json.dumps(row).encode() for row in rows]


def test_export_and_webhook_say_the_same() -> None:
    """An order with its visitor, arm, discount, tax, return, edit and cancellation: the same events under the same ids."""
    (exported,) = translated_orders(written(EXPORTED, LINE, BACK), EUR)
    delivered = events_of("orders/updated", DELIVERED, EUR)
    assert exported == delivered
    assert [body["event_id"] for body in exported.bodies][1:] == [
        "shopify_order_1",
        "shopify_cancelled_1",
        "shopify_refund_21_return",
    ]
    assert events_of("refunds/create", DELIVERED["refunds"][0], EUR).bodies == exported.bodies[3:]


@pytest.mark.parametrize(("status", "kind"), [("unfulfilled", "cancellation"), ("fulfilled", "return")])
def test_whether_goods_were_sent(status: str, kind: str) -> None:
    """Goods not restocked are a cancellation where they were never sent, as in the webhook."""
    rows = written(EXPORTED, {**LINE, "fulfillmentStatus": status}, {**BACK, "restockType": "NO_RESTOCK"})
    (found,) = translated_orders(rows, EUR)
    assert (found.bodies[-1]["event_id"], found.bodies[-1]["refund_kind"]) == ("shopify_refund_21_no_restock", kind)


def test_connections_may_stand_inside() -> None:
    """Pages of the API, with lines and refunds inside of the order, read like a bulk export."""
    inside = {key: value for key, value in LINE.items() if key != "__parentId"}
    back = {key: value for key, value in BACK.items() if key != "__parentId"}
    refunds = [{**EXPORTED["refunds"][0], "refundLineItems": {"nodes": [back]}}]
    paged = {**EXPORTED, "lineItems": {"edges": [{"node": inside}]}, "refunds": refunds}
    assert list(translated_orders(written(paged), EUR)) == list(translated_orders(written(EXPORTED, LINE, BACK), EUR))


def test_a_file_is_a_stream(tmp_path: Path) -> None:
    """Orders come one by one while the file is read, each with its own children."""
    path = tmp_path / "orders.jsonl"
    second = [{**EXPORTED, "id": "gid://shopify/Order/2", "refunds": []}, {**LINE, "__parentId": "gid://shopify/Order/2"}]
    path.write_bytes(b"\n".join([*written(EXPORTED, LINE, BACK), b"", *written(*second)]))
    read = 0

    def lines() -> Any:
        nonlocal read
        with path.open("rb") as file:
            for line in file:
                read += 1
                yield line

    stream = translated_orders(lines(), EUR)
    assert [body["order_id"] for body in next(stream).bodies if body["kind"] == "purchase"] == ["1"]
    assert read == 5
    (last,) = stream
    assert [body["order_id"] for body in last.bodies if body["kind"] == "purchase"] == ["2"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([b"{broken"], "must be a JSON object with an id"),
        (written(["a list"]), "must be a JSON object with an id"),
        (written(LINE), "groupObjects: true"),
        (written({"id": "gid://shopify/Metafield/1", "__parentId": ORDER}), "groupObjects: true"),
    ],
)
def test_a_line_that_has_lost_its_order(rows: list[bytes], says: str) -> None:
    """A broken line, a child before its parent and a child nobody reads are refused; the order stays."""
    first, last = translated_orders([*rows, *written(EXPORTED, LINE, BACK)], EUR)
    assert says in first.refused[0][1]
    assert len(last.bodies) == 4


def test_a_refund_without_its_lines_is_refused() -> None:
    """A refund exported without its lines would count besides the webhook's: it is refused, and the order stays."""
    (found,) = translated_orders(written({**EXPORTED, "cancelledAt": None}, LINE), EUR)
    assert [body["kind"] for body in found.bodies] == ["exposure", "purchase"]
    assert found.refused == (("missing_field", "a refund must come with its refund_line_items, empty or not"),)
