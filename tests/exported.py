"""Orders as Shopify's bulk export writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["exported", "write_export"]


def exported(number: int, price: str = "10.00", *, refunded: bool = False, **more: Any) -> dict[str, Any]:
    """Return an order of one unit with its connections inside, net prices; refunded whole, if so asked."""
    gid = f"gid://shopify/Order/{number}"
    line = {
        "id": f"gid://shopify/LineItem/{number}1",
        "product": {"id": "gid://shopify/Product/5"},
        "variant": {"id": "gid://shopify/ProductVariant/7"},
        "quantity": 1,
        "currentQuantity": 1,
        "originalUnitPriceSet": _money(price),
        "fulfillmentStatus": "fulfilled",
        "taxLines": [],
        "discountAllocations": [],
    }
    back = {"lineItem": {"id": line["id"]}, "quantity": 1, "restockType": "RETURN"}
    refund = {
        "id": f"gid://shopify/Refund/{number}2",
        "createdAt": "2026-03-05T09:30:00Z",
        "refundLineItems": {"nodes": [{**back, "subtotalSet": _money(price), "totalTaxSet": _money("0.00")}]},
    }
    return {
        "id": gid,
        "processedAt": "2026-03-01T09:30:00Z",
        "currencyCode": "EUR",
        "taxesIncluded": False,
        "totalTaxSet": _money("0.00"),
        "customer": {"id": f"gid://shopify/Customer/{number}3"},
        "lineItems": {"nodes": [line]},
        "refunds": [refund] if refunded else [],
        **more,
    }


def write_export(path: Path, *orders: dict[str, Any]) -> Path:
    """Write an export; return its path."""
    path.write_text("".join(json.dumps(order) + "\n" for order in orders), encoding="utf-8")
    return path


def _money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}
