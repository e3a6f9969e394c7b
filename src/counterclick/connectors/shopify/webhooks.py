"""Shopify's webhook topics into events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from counterclick.connectors.shopify.attributes import add_exposures, pairs, visitor_of
from counterclick.connectors.shopify.catalogue import add_cost, add_product
from counterclick.connectors.shopify.compliance import ASKED
from counterclick.connectors.shopify.context import Context, Parts
from counterclick.connectors.shopify.orders import add_order
from counterclick.connectors.shopify.reading import (
    cents,
    digest,
    maybe_amount,
    maybe_number,
    maybe_text,
    obj,
    objects,
    total,
    when,
)
from counterclick.connectors.shopify.refunds import add_refund
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason

__all__ = ["TOPICS", "checkout_event_id", "events_of"]


def events_of(topic: str, payload: Any, context: Context) -> Translated:
    """Translate one delivery; whatever the payload, nothing is raised and no part is lost for another's sake.

    Args:
        topic: as `Delivery.topic` says it.
        payload: the decoded body; money may have come as text or number.
        context: what the shop's payloads do not say.

    Returns:
        events whose ids the same order, refund, cart or product gives again from every topic and from the export. The
        compliance topics and ``app/uninstalled`` are skipped here: `compliance_of` reads them.
    """
    if topic not in TOPICS:
        return Translated(skipped=(topic or "no_topic",))
    if not isinstance(payload, dict):
        return Translated(refused=((Reason.MALFORMED, f"the body of {topic} must be a JSON object"),))
    parts = Parts()
    with parts.part():
        TOPICS[topic](payload, context, parts)
    return parts.whole()


def checkout_event_id(token: str) -> str:
    """Return the event id of a checkout's begin, the same from webhook and pixel; the token opens it, and so is hashed."""
    return f"shopify_checkout_{digest(token)}"


def _cart(cart: Mapping[str, Any], context: Context, parts: Parts) -> None:
    """A cart's webhook is a state without a visitor: only the arms that it carries are read; moves come from the pixel."""
    for name in ("note_attributes", "attributes"):
        with parts.part():
            add_exposures(pairs(cart.get(name), name), context, parts)
    parts.skip("cart_state")


def _checkout(checkout: Mapping[str, Any], context: Context, parts: Parts) -> None:
    attributes: dict[str, Any] = {}
    with parts.part():
        attributes = pairs(checkout.get("note_attributes"), "note_attributes")
        add_exposures(attributes, context, parts)
    visitor = visitor_of(attributes)
    token = maybe_text(checkout.get("token"), 200)
    if visitor is None or token is None:
        parts.skip("checkout_without_visitor" if visitor is None else "checkout_without_token")
        return
    told = checkout.get("currency")
    parts.add(
        {
            "kind": "begin_checkout",
            "event_id": checkout_event_id(token),
            "occurred_at": when(checkout.get("created_at"), "a checkout"),
            "visitor_id": visitor,
            "customer_id": maybe_number(obj(checkout.get("customer")).get("id")),
            "value": parts.read(lambda: _checkout_value(checkout), None),
            "currency": told if isinstance(told, str) and told else context.currency,
        }
    )


def _checkout_value(checkout: Mapping[str, Any]) -> str | None:
    value = maybe_amount(checkout, "subtotal_price")
    if value is not None and checkout.get("taxes_included") is True:
        items = objects(checkout.get("line_items"), "line_items")
        value -= sum(total(objects(one.get("tax_lines"), "tax_lines"), "price") for one in items)
    return None if value is None else cents(value)


def _edit(edit: Mapping[str, Any], context: Context, parts: Parts) -> None:  # noqa: ARG001 - every topic has the same shape
    """An edit names line ids without prices: what left comes as a refund, what was added is counted here, and lost."""
    told = obj(edit.get("order_edit"))
    parts.skip("order_edit")
    with parts.part():
        for _ in objects(obj(told.get("line_items")).get("additions"), "additions"):
            parts.skip("order_edit_addition")


def _skipped(name: str) -> Callable[[Mapping[str, Any], Context, Parts], None]:
    """Return a translator that counts the delivery under a name."""
    return lambda _payload, _context, parts: parts.skip(name)


_RETURNS = ("request", "approve", "decline", "cancel", "close", "reopen", "update", "process")
TOPICS: dict[str, Callable[[Mapping[str, Any], Context, Parts], None]] = {
    **{f"orders/{what}": add_order for what in ("create", "paid", "updated", "cancelled", "fulfilled")},
    "orders/edited": _edit,
    "refunds/create": add_refund,
    **{f"returns/{what}": _skipped("return_without_money") for what in _RETURNS},
    "products/create": add_product,
    "products/update": add_product,
    "products/delete": _skipped("product_deleted"),
    "inventory_items/update": add_cost,
    "carts/create": _cart,
    "carts/update": _cart,
    "checkouts/create": _checkout,
    "checkouts/update": _checkout,
    **{topic: _skipped(topic) for topic in ASKED},
}
"""Topic -> its translator: the whole of it."""
