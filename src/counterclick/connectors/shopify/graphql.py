"""An order in GraphQL's words, put into the webhooks': what is not listed here is not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from counterclick.connectors.shopify.reading import obj

__all__ = ["CHILDREN", "order_in_webhook_words"]

CHILDREN = {
    "LineItem": "lineItems",
    "OrderAdjustment": "orderAdjustments",
    "OrderTransaction": "transactions",
    "Refund": "refunds",
    "RefundLineItem": "refundLineItems",
    "RefundShippingLine": "refundShippingLines",
    "ShippingLine": "shippingLines",
}
"""Kind of a gid in an export -> the list of its parent that it belongs to."""


def order_in_webhook_words(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return an order as ``orders/updated`` would have told it.

    Args:
        order: a node, with its connections as lists, ``{nodes}`` or ``{edges}``.
    """
    applications: list[Mapping[str, Any]] = []
    return {
        "id": order.get("id"),
        "test": order.get("test"),
        "created_at": order.get("createdAt"),
        "processed_at": order.get("processedAt"),
        "updated_at": order.get("updatedAt"),
        "cancelled_at": order.get("cancelledAt"),
        "cancel_reason": _lowered(order.get("cancelReason")),
        "source_name": order.get("sourceName"),
        "payment_gateway_names": order.get("paymentGatewayNames"),
        "currency": order.get("currencyCode"),
        "taxes_included": order.get("taxesIncluded"),
        "subtotal_price_set": _money(order.get("subtotalPriceSet")),
        "total_tax_set": _money(order.get("totalTaxSet")),
        "total_discounts_set": _money(order.get("totalDiscountsSet")),
        "total_shipping_price_set": _money(order.get("totalShippingPriceSet")),
        "customer": order.get("customer"),
        "note_attributes": order.get("customAttributes"),
        "line_items": _each(order.get("lineItems"), lambda node: _line(node, applications)),
        "shipping_lines": _each(order.get("shippingLines"), _shipping),
        "discount_applications": applications,
        "refunds": _each(order.get("refunds"), _refund),
    }


def _line(node: Mapping[str, Any], applications: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a line; the discount applications of its allocations are added to the order's."""

    def allocation(given: Mapping[str, Any]) -> dict[str, Any]:
        by = obj(given.get("discountApplication"))
        applications.append(
            {
                "target_selection": _lowered(by.get("targetSelection")),
                "allocation_method": _lowered(by.get("allocationMethod")),
            }
        )
        return {
            "amount_set": _money(given.get("allocatedAmountSet")),
            "discount_application_index": len(applications) - 1,
        }

    line = {
        "id": node.get("id"),
        "product_id": obj(node.get("product")).get("id"),
        "variant_id": obj(node.get("variant")).get("id"),
        "quantity": node.get("quantity"),
        "current_quantity": node.get("currentQuantity"),
        "price_set": _money(node.get("originalUnitPriceSet")),
        "total_discount_set": _money(node.get("totalDiscountSet")),
        "gift_card": node.get("isGiftCard"),
        "properties": node.get("customAttributes"),
        "discount_allocations": _each(node.get("discountAllocations"), allocation),
        "tax_lines": _each(node.get("taxLines"), _tax),
    }
    if "fulfillmentStatus" in node:
        status = _lowered(node["fulfillmentStatus"])
        line["fulfillment_status"] = None if status == "unfulfilled" else status
    return line


def _refund(node: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": node.get("id"),
        "created_at": node.get("createdAt"),
        "processed_at": node.get("processedAt"),
        "note": node.get("note"),
        "refund_line_items": _each(node.get("refundLineItems"), _refund_line),
        "order_adjustments": _each(
            node.get("orderAdjustments"), lambda one: {"amount_set": _money(one.get("amountSet")), "kind": None}
        ),
        "refund_shipping_lines": _nodes(node.get("refundShippingLines")),
        "transactions": _each(
            node.get("transactions"),
            lambda one: {
                "kind": one.get("kind"),
                "status": one.get("status"),
                "test": one.get("test"),
                "amount_set": _money(one.get("amountSet")),
            },
        ),
    }


def _refund_line(node: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "line_item_id": obj(node.get("lineItem")).get("id"),
        "quantity": node.get("quantity"),
        "restock_type": _lowered(node.get("restockType")),
        "subtotal_set": _money(node.get("subtotalSet")),
        "total_tax_set": _money(node.get("totalTaxSet")),
    }


def _shipping(node: Mapping[str, Any]) -> dict[str, Any]:
    discounted = node.get("discountedPriceSet")
    return {
        "price_set": _money(node.get("originalPriceSet") if discounted is None else discounted),
        "tax_lines": _each(node.get("taxLines"), _tax),
    }


def _tax(node: Mapping[str, Any]) -> dict[str, Any]:
    return {"price_set": _money(node.get("priceSet")), "rate": node.get("rate")}


def _money(given: Any) -> dict[str, Any]:
    shop = obj(obj(given).get("shopMoney"))
    return {"shop_money": {"amount": shop.get("amount"), "currency_code": shop.get("currencyCode")}}


def _nodes(given: Any) -> Any:
    """Return a connection's nodes as a list; anything else as it is."""
    if isinstance(given, dict):
        nodes, edges = given.get("nodes"), given.get("edges")
        if isinstance(nodes, list):
            return nodes
        if isinstance(edges, list):
            return [obj(edge).get("node") for edge in edges]
    return given


def _each(given: Any, translate: Any) -> Any:
    """Translate the objects of a list; what is no object, and what is no list, is left for the readers to refuse."""
    nodes = _nodes(given)
    if not isinstance(nodes, list):
        return nodes
    return [translate(node) if isinstance(node, dict) else node for node in nodes]


def _lowered(given: Any) -> Any:
    return given.lower() if isinstance(given, str) else given
