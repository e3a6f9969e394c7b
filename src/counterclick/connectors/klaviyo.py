"""Klaviyo: its events into our words, and ours into the body of ``POST /api/events``.

An event is named by its metric; `TRANSLATIONS` says what is made of which. What Klaviyo calls ``value`` is whatever the
sender put there, from many shops a total with tax and shipping. An order is worth, in this order: ``NetValue``, which
is ours; the sum of its ``Items`` less ``DiscountValue``, where they have all their prices; ``value`` less ``tax`` and
``shipping`` where both are stated; ``value``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from counterclick.connectors.goods import GoodsNames, lines_of, purchased
from counterclick.connectors.payload import (
    Collector,
    amount,
    epoch,
    key,
    moment,
    needed,
    objects,
    part_of,
    quantity,
    text,
)
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason

__all__ = ["TRANSLATIONS", "translated"]

NAMES = GoodsNames(
    product=("ProductID", "ProductId", "product_id", "SKU", "sku"),
    price=("ItemPrice", "price"),
    quantity=("Quantity", "quantity"),
)
_ORDER = ("OrderId", "OrderID", "order_id", "$order_id")
_PRODUCT = ("ProductID", "ProductId", "product_id", "SKU", "sku")


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of Klaviyo.

    Attributes:
        own: its properties.
        amounts: ``value`` and ``value_currency``.
        key: the sender's or Klaviyo's id of the event.
        shared: the fields that every event has.
    """

    own: Mapping[str, Any]
    amounts: Mapping[str, Any]
    key: str | None
    shared: Mapping[str, Any]

    def visitor(self) -> str:
        """Return who it happened to.

        Raises:
            Untranslatable: nobody is named.
        """
        visitor: str | None = self.shared["visitor_id"]
        return needed(visitor, "anonymous_id", "the profile's anonymous_id says which browser it was")

    def currency(self) -> str | None:
        """Return the ISO code in capitals."""
        code = text(self.amounts, "value_currency") or text(self.own, "$currency_code", "Currency")
        return None if code is None else code.upper()

    def order(self) -> str:
        """Return the order: by its property, else by the event's id, which shops make of it.

        Raises:
            Untranslatable: neither is there.
        """
        return needed(text(self.own, *_ORDER) or self.key, "OrderId")


def translated(payload: Any, *, received_at: datetime) -> Translated:
    """Translate events as they are posted to Klaviyo, or as ``GET /api/events`` answers them.

    Names of metrics and profiles that stand in ``included`` are looked up there; ask for them with
    ``include=metric,profile``.

    Args:
        payload: the decoded JSON: an object with ``data``, one event or a list.
        received_at: our own clock, UTC; when it happened, where an event does not say.
    """
    collector = Collector()
    data = payload.get("data") if isinstance(payload, dict) else None
    events = data if isinstance(data, list) else [data]
    if data is None or not events:
        collector.refuse(Reason.MALFORMED, "a payload must be an object with an event, or a list of events, in data")
        return collector.done()
    included = {
        (one.get("type"), one.get("id")): one
        for one in (payload.get("included") if isinstance(payload.get("included"), list) else None) or []
        if isinstance(one, dict) and isinstance(one.get("type"), str) and isinstance(one.get("id"), str)
    }
    for nth, event in enumerate(events, 1):
        if not isinstance(event, dict) or event.get("type", "event") != "event":
            collector.refuse(Reason.MALFORMED, f"event {nth} must be an object of the type event")
            continue
        with collector.refusing(f"event {nth}"):
            _one(collector, event, included, received_at)
    return collector.done()


def _one(
    collector: Collector, event: Mapping[str, Any], included: Mapping[Any, Mapping[str, Any]], received_at: datetime
) -> None:
    said_of_it = part_of(event, "attributes")
    metric, profile = (_related(event, said_of_it, kind, included) for kind in ("metric", "profile"))
    name = needed(text(part_of(metric, "attributes"), "name"), "metric", "its name says what happened")
    translation = TRANSLATIONS.get(name.lower())
    if translation is None:
        collector.skip(name)
        return
    own = part_of(said_of_it, "properties") or part_of(said_of_it, "event_properties")
    person = part_of(profile, "attributes")
    happened_at = moment(said_of_it, "time", "datetime") or epoch(said_of_it, 1, "timestamp") or received_at
    own_key = text(said_of_it, "unique_id") or text(own, "$event_id") or text(said_of_it, "uuid") or text(event, "id")
    shared = {
        "occurred_at": happened_at,
        "event_id": key("klaviyo", own_key),
        "visitor_id": collector.given("profile", text, person, "anonymous_id"),
        "customer_id": collector.given("profile", text, person, "external_id", "email"),
    }
    with collector.refusing(name):
        translation(collector, Happened(own, {"value": own.get("$value"), **said_of_it}, own_key, shared))


def _related(
    event: Mapping[str, Any], attributes: Mapping[str, Any], kind: str, included: Mapping[Any, Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Return a metric or profile: as it stands in the event, else as it is included beside it."""
    inside = part_of(attributes, kind, "data")
    if inside:
        return inside
    named = part_of(event, "relationships", kind, "data").get("id")
    return included.get((kind, named), {}) if isinstance(named, str) else {}


def _placed(collector: Collector, event: Happened) -> None:
    own = event.own
    items = collector.given("Placed Order", objects, own, "Items", "items") or []
    lines = lines_of(collector, "Placed Order", items, NAMES)
    discount = collector.given("Placed Order", amount, own, "DiscountValue", "Discount Value", "discount")
    tax, shipping = (
        collector.given("Placed Order", amount, own, *names) for names in (("Tax", "tax"), ("Shipping", "shipping"))
    )
    net = amount(own, "NetValue")
    if net is None and not (lines.lines and lines.complete and lines.worth >= (discount or 0)):
        value = amount(event.amounts, "value")
        charges = tax + shipping if tax is not None and shipping is not None else Decimal(0)
        net = None if value is None else max(value - charges, Decimal(0))
    collector.body(
        "purchase",
        event.shared,
        purchased(net, lines, discount),
        order_id=event.order(),
        tax=tax,
        shipping=shipping,
        currency=event.currency(),
    )


def _refunded(collector: Collector, event: Happened) -> None:
    """Its items are often those of the whole order, so that only its value says what went back.

    Shops give it the id of the order, so that two refunds of an order share it; the time tells them apart.
    """
    value = amount(event.amounts, "value")
    if value == 0:
        collector.skip("Refunded Order of nothing")
        return
    collector.body(
        "refund",
        event.shared,
        event_id=key(event.shared["event_id"], event.shared["occurred_at"].isoformat()),
        order_id=event.order(),
        amount=value,
        reason=collector.given("Refunded Order", text, event.own, "Reason", "reason"),
        currency=event.currency(),
    )


def _cancelled(collector: Collector, event: Happened) -> None:
    collector.body(
        "refund",
        event.shared,
        order_id=event.order(),
        refund_kind="cancellation",
        reason=collector.given("Cancelled Order", text, event.own, "Reason", "reason"),
        currency=event.currency(),
    )


def _viewed(collector: Collector, event: Happened) -> None:
    product = needed(text(event.own, *_PRODUCT), "ProductID")
    collector.body("view_item", event.shared, visitor_id=event.visitor(), product_id=product)


def _added(collector: Collector, event: Happened) -> None:
    own = event.own
    collector.body(
        "add_to_cart",
        event.shared,
        visitor_id=event.visitor(),
        product_id=needed(text(own, "AddedItemProductID", "AddedItemSKU", *_PRODUCT), "AddedItemProductID"),
        quantity=quantity(own, "AddedItemQuantity", "Quantity", "quantity"),
        unit_price=needed(amount(own, "AddedItemPrice", "ItemPrice", "price"), "AddedItemPrice"),
        currency=event.currency(),
    )


def _started(collector: Collector, event: Happened) -> None:
    value = amount(event.amounts, "value")
    collector.body("begin_checkout", event.shared, visitor_id=event.visitor(), value=value, currency=event.currency())


def _messaged(kind: str, medium: str) -> Callable[[Collector, Happened], None]:
    def messaged(collector: Collector, event: Happened) -> None:
        own = event.own
        needed(event.shared["visitor_id"] or event.shared["customer_id"], "profile", "ask for include=profile")
        collector.body(
            kind,
            event.shared,
            surface=text(own, "surface") or medium,
            message_id=text(own, "$message"),
            campaign_id=text(own, "$flow", "Campaign Name"),
            channel="email" if medium == "email" else None,
        )

    return messaged


TRANSLATIONS: dict[str, Callable[[Collector, Happened], None]] = {
    "placed order": _placed,
    "refunded order": _refunded,
    "cancelled order": _cancelled,
    "viewed product": _viewed,
    "added to cart": _added,
    "started checkout": _started,
    "checkout started": _started,
    "received email": _messaged("message_sent", "email"),
    "opened email": _messaged("message_opened", "email"),
    "clicked email": _messaged("message_clicked", "email"),
    "received sms": _messaged("message_sent", "sms"),
    "clicked sms": _messaged("message_clicked", "sms"),
}
"""A metric's name in small letters, and what is made of it; everything else is skipped and counted."""
