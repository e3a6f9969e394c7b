"""An order becomes one purchase, whichever webhook tells of it, and what has left it since.

The purchase is the order as it was placed: first quantities, no matter what came back, and one event id, so that the first
telling counts and all others are repeats. What leaves the order is a refund of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from counterclick.connectors.shopify.attributes import add_exposures, pairs, visitor_of
from counterclick.connectors.shopify.context import Context, Parts
from counterclick.connectors.shopify.lines import Line, is_tip, line_of
from counterclick.connectors.shopify.reading import (
    UnfitError,
    cents,
    maybe_amount,
    maybe_number,
    maybe_text,
    number,
    obj,
    objects,
    total,
    when,
    whole,
)
from counterclick.connectors.shopify.refunds import add_refund
from counterclick.events.rejection import Reason

__all__ = ["add_order", "order_event_id"]

_SOCIAL = ("facebook", "instagram", "tiktok", "pinterest", "snapchat")
_NOTHING = Decimal(0)
_LONGEST = 100


def order_event_id(order_id: str) -> str:
    """Return the event id of an order's purchase, the same from every source."""
    return f"shopify_order_{order_id}"


def add_order(order: Mapping[str, Any], context: Context, parts: Parts) -> None:
    """Take an order: its purchase, its cancellation, its refunds, and the arms that its cart carried.

    Args:
        order: the payload of ``orders/create``, ``paid``, ``updated``, ``cancelled`` or ``fulfilled``.
        context: of the shop.
        parts: where what is found goes.
    """
    if order.get("test") is True:
        parts.skip("test_order")
        return
    attributes: dict[str, Any] = {}
    with parts.part():
        attributes = pairs(order.get("note_attributes"), "note_attributes")
        add_exposures(attributes, context, parts)
    with parts.part():
        _add_purchase(order, attributes, context, parts)
    with parts.part():
        _add_cancellation(order, context, parts)
    with parts.part():
        refunds = objects(order.get("refunds"), "refunds")
        for refund in refunds:
            with parts.part():
                add_refund(refund, context, parts, order=order)
        if order.get("cancelled_at") is None:
            _count_gone(order, refunds, parts)


def _add_purchase(order: Mapping[str, Any], attributes: Mapping[str, Any], context: Context, parts: Parts) -> None:
    order_id = number(order.get("id"), "the id of an order")
    placed_at = when(order.get("processed_at") or order.get("created_at"), "an order")
    visitor = parts.read(lambda: visitor_of(attributes), None)
    items = objects(order.get("line_items"), "line_items")
    goods = _goods(items, parts)
    if items and not goods:
        parts.skip("order_without_goods")
        return
    lines = _lines(order, goods, context, parts)
    stated = not lines or len(lines) < len(goods)
    value = _stated_value(order) if stated else sum((line.net for line in lines), _NOTHING)
    discount = maybe_amount(order, "total_discounts") if stated else sum((line.discount for line in lines), _NOTHING)
    parts.add(
        {
            "kind": "purchase",
            "event_id": order_event_id(order_id),
            "occurred_at": placed_at,
            "visitor_id": visitor,
            "customer_id": maybe_number(obj(order.get("customer")).get("id")),
            "order_id": order_id,
            "lines": [line.body for line in lines],
            "value": cents(value),
            "tax": parts.read(lambda: _tax(order), None),
            "shipping": parts.read(lambda: _shipping(order), None),
            "discount": None if discount is None else cents(discount),
            "currency": _currency(order, context),
            "channel": _channel(order),
            "payment": _payment(order),
        }
    )


def _payment(order: Mapping[str, Any]) -> str | None:
    """Return how an order is paid, by the names of its gateways, such as ``klarna`` or ``gift_card+shopify_payments``."""
    given = order.get("payment_gateway_names")
    names = (
        {maybe_text(each, _LONGEST) for each in given}
        if isinstance(given, list)
        else {maybe_text(order.get("gateway"), _LONGEST)}
    )
    return "+".join(sorted(name for name in names if name)) or None


def _goods(items: Sequence[Mapping[str, Any]], parts: Parts) -> list[Mapping[str, Any]]:
    """Return the lines that are revenue: no gift cards, which are paid with later, and no tips."""
    goods = []
    for item in items:
        if item.get("gift_card") is True:
            parts.skip("gift_card_line")
        elif is_tip(item):
            parts.skip("tip_line")
        elif item.get("quantity") == 0:
            parts.skip("empty_line")
        else:
            goods.append(item)
    return goods


def _lines(order: Mapping[str, Any], goods: Sequence[Mapping[str, Any]], context: Context, parts: Parts) -> list[Line]:
    nothing: list[Mapping[str, Any]] = []
    applications = parts.read(lambda: objects(order.get("discount_applications"), "discount_applications"), nothing)
    lines = []
    for item in goods:
        with parts.part():
            included = order.get("taxes_included") is True
            lines.append(line_of(item, applications, taxes_included=included, context=context))
    return lines


def _stated_value(order: Mapping[str, Any]) -> Decimal:
    """Return what the order itself says its goods are worth, where not every line can be read."""
    subtotal = maybe_amount(order, "subtotal_price")
    if subtotal is None:
        raise UnfitError(Reason.MISSING_FIELD, "an order must have line_items, or a subtotal_price: 19.90")
    if order.get("taxes_included") is not True:
        return subtotal
    return subtotal - (maybe_amount(order, "total_tax") or _NOTHING) + _shipping_tax(order)


def _shipping_tax(order: Mapping[str, Any]) -> Decimal:
    shipped = objects(order.get("shipping_lines"), "shipping_lines")
    return sum((total(objects(one.get("tax_lines"), "tax_lines"), "price") for one in shipped), _NOTHING)


def _shipping(order: Mapping[str, Any]) -> str | None:
    """Return what was charged for shipping, net of tax and of its discounts."""
    shipped = objects(order.get("shipping_lines"), "shipping_lines")
    if not shipped:
        charged = maybe_amount(order, "total_shipping_price")
        return None if charged is None else cents(charged)
    off = [objects(one.get("discount_allocations"), "discount_allocations") for one in shipped]
    paid = total(shipped, "price") - sum((total(one, "amount") for one in off), _NOTHING)
    return cents(paid - _shipping_tax(order) if order.get("taxes_included") is True else paid)


def _tax(order: Mapping[str, Any]) -> str | None:
    found = maybe_amount(order, "total_tax")
    return None if found is None else cents(found)


def _currency(order: Mapping[str, Any], context: Context) -> str | None:
    """Return the shop's currency, in which all amounts are read; never the buyer's."""
    told = order.get("currency")
    return told if isinstance(told, str) and told else context.currency


def _channel(order: Mapping[str, Any]) -> str | None:
    source = str(order.get("source_name") or "").lower()
    return "onsite" if source == "web" else "social" if source in _SOCIAL else None


def _add_cancellation(order: Mapping[str, Any], context: Context, parts: Parts) -> None:
    """Take a cancelled order as one whole refund of kind cancellation; what its refunds name besides is capped by it."""
    if order.get("cancelled_at") is None:
        return
    order_id = number(order.get("id"), "the id of an order")
    parts.add(
        {
            "kind": "refund",
            "event_id": f"shopify_cancelled_{order_id}",
            "occurred_at": when(order.get("cancelled_at"), "a cancellation"),
            "order_id": order_id,
            "refund_kind": "cancellation",
            "reason": maybe_text(order.get("cancel_reason"), 2000),
            "currency": _currency(order, context),
        }
    )


def _count_gone(order: Mapping[str, Any], refunds: Sequence[Mapping[str, Any]], parts: Parts) -> None:
    """Count lines of which more units are gone than its refunds name: an edit or a return whose refund is yet to come."""
    back: dict[str, int] = {}
    for refund in refunds:
        for one in objects(refund.get("refund_line_items"), "refund_line_items"):
            line = number(one.get("line_item_id"), "the line_item_id of a refund line")
            back[line] = back.get(line, 0) + whole(one.get("quantity"), "the quantity of a refund line")
    for item in objects(order.get("line_items"), "line_items"):
        line = maybe_number(item.get("id")) or ""
        if item.get("current_quantity") is not None:
            left = whole(item.get("current_quantity"), "current_quantity")
            if whole(item.get("quantity"), "the quantity of an order line") - left > back.get(line, 0):
                parts.skip("units_gone_without_refund")
