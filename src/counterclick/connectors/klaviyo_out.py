"""Our events as bodies of Klaviyo's ``POST /api/events``. Shapes only: who sends them stands elsewhere.

Their metrics belong to the service ``counterclick``, so that an order which Klaviyo has from the shop already does not
count twice in Klaviyo's own figures. ``unique_id`` is made of kind and id, so that a repeat is one event there as well.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from counterclick.events.vocabulary import Event, Purchase, Refund

__all__ = ["METRICS", "REVISION", "is_hashed", "posted"]

REVISION = "2026-07-15"
"""The API's revision that the shape follows; the header ``revision`` must name it."""

METRICS: dict[str, str] = {
    "page_view": "Viewed Page",
    "view_item": "Viewed Product",
    "view_item_list": "Surface Shown",
    "select_item": "Surface Clicked",
    "add_to_cart": "Added to Cart",
    "remove_from_cart": "Removed from Cart",
    "begin_checkout": "Started Checkout",
    "purchase": "Placed Order",
    "refund": "Refunded Order",
    "assistant_answer": "Assistant Answered",
    "exposure": "Experiment Viewed",
}
"""Kind -> the metric that it is sent as; the other kinds are not for Klaviyo."""
_HASHED = re.compile("e_[0-9a-f]{32}")
_NOT_PROPERTIES = ("kind", "event_id", "occurred_at", "visitor_id", "customer_id", "currency", "consent")


def is_hashed(person: str) -> bool:
    """Say whether an id is the hash of an e-mail address."""
    return _HASHED.fullmatch(person) is not None


def posted(event: Event) -> dict[str, Any] | None:
    """Return the body for one event that the door let in; None for one that is not for Klaviyo.

    That is one without a metric, one whose visitor did not allow analytics, and one of nobody: an id that is the hash of
    an e-mail address would be a new profile there, of nobody.

    Args:
        event: ours.
    """
    kind = str(event.__struct_config__.tag)
    metric = METRICS.get(kind)
    person = {"external_id": event.customer_id, "anonymous_id": event.visitor_id}
    known = {name: value for name, value in person.items() if value is not None and not is_hashed(value)}
    if metric is None or not known or event.consent is False:
        return None
    if isinstance(event, Refund) and event.refund_kind == "cancellation":
        metric = "Cancelled Order"
    said_of_it = msgspec.to_builtins(event)
    properties = {name: value for name, value in said_of_it.items() if name not in _NOT_PROPERTIES}
    attributes: dict[str, Any] = {
        "properties": properties | _in_their_words(event),
        "time": event.occurred_at.isoformat(),
        "unique_id": f"{kind}:{event.event_id}",
        "metric": {"data": {"type": "metric", "attributes": {"name": metric, "service": "counterclick"}}},
        "profile": {"data": {"type": "profile", "attributes": known}},
    }
    value, currency = _value(event), getattr(event, "currency", None)
    if value is not None:
        attributes |= {"value": float(value)} | ({"value_currency": currency} if currency else {})
    return {"data": {"type": "event", "attributes": attributes}}


def _value(event: Event) -> Decimal | None:
    """Return what an event is worth: an order net of tax, shipping and discount, a refund by its amount."""
    if isinstance(event, Purchase):
        if event.value is not None:
            return event.value
        return sum((line.quantity * line.unit_price for line in event.lines), Decimal(0)) - (event.discount or 0)
    value: Decimal | None = getattr(event, "value", None)
    amount: Decimal | None = getattr(event, "amount", None)
    return amount if value is None else value


def _in_their_words(event: Event) -> dict[str, Any]:
    """Return the properties by which Klaviyo's own templates know an order."""
    if not isinstance(event, Purchase | Refund):
        return {}
    told: dict[str, Any] = {"OrderId": event.order_id}
    if isinstance(event, Purchase):
        told["NetValue"] = str(_value(event))
        told["Items"] = [
            {"ProductID": line.product_id, "Quantity": line.quantity, "ItemPrice": str(line.unit_price)}
            for line in event.lines
        ]
        if event.discount is not None:
            told["DiscountValue"] = str(event.discount)
    return told
