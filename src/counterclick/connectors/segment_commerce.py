"""What Segment's events say of products, carts and orders: `TRANSLATIONS` is the whole of it.

What an order was worth, net of tax, shipping and discount, is, in this order:
``subtotal``, which is nothing else; ``revenue``, unless it equals a ``total`` that has tax or shipping in it, or
equals the sum of the lines although a discount was given (so Segment's own example), which are set right by them;
``total`` less ``shipping`` and ``tax`` where all three are stated; the sum of the lines less ``discount``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from counterclick.config import ChatConfig
from counterclick.connectors.goods import GoodsNames, Lines, lines_of, purchased, returned
from counterclick.connectors.payload import (
    Collector,
    Untranslatable,
    amount,
    needed,
    objects,
    quantity,
    said,
    text,
)

__all__ = ["NAMES", "SURFACE", "TRANSLATIONS", "Track", "canonical", "channel_of", "currency_of", "net_value"]

NAMES = GoodsNames(product=("product_id", "sku", "id"))
SURFACE = ("surface", "list_id", "list_name", "list")
"""What names the place that showed a product; the first one that is filled counts."""
_VISITOR = "an anonymousId says who saw it, and is what experiments assign"


@dataclass(frozen=True, slots=True)
class Track:
    """A track call.

    Attributes:
        message: all of it.
        properties: of the event.
        context: of the page and browser.
        shared: the fields that every event has.
        chat: what the shop says of its live chat.
    """

    message: Mapping[str, Any]
    properties: Mapping[str, Any]
    context: Mapping[str, Any]
    shared: Mapping[str, Any]
    chat: ChatConfig

    def visitor(self) -> str:
        """Return who it happened to.

        Raises:
            Untranslatable: nobody is named.
        """
        visitor: str | None = self.shared["visitor_id"]
        return needed(visitor, "anonymousId", _VISITOR)


def canonical(name: str) -> str:
    """Return an event's name as `TRANSLATIONS` spells it: small letters, single spaces."""
    return " ".join(name.lower().replace("_", " ").split())


def currency_of(part: Mapping[str, Any]) -> str | None:
    """Return the ISO code in capitals; what is no code is left to the door to refuse."""
    code = text(part, "currency")
    return None if code is None else code.upper()


def channel_of(part: Mapping[str, Any]) -> str | None:
    """Return where it was, where the sender uses one of our words for it."""
    channel = said(part, "channel")[1]
    return channel if channel in ("onsite", "email", "voice", "social", "agent_checkout") else None


def net_value(part: Mapping[str, Any], lines: Lines) -> Decimal | None:
    """Return what an order was worth by what is stated; None where the lines must tell.

    Raises:
        Untranslatable: an amount that decides cannot be read.
    """
    subtotal = amount(part, "subtotal")
    if subtotal is not None:
        return subtotal
    revenue, total = amount(part, "revenue"), amount(part, "total")
    read = amount if revenue is None else _readable
    shipping, tax, discount = (read(part, name) for name in ("shipping", "tax", "discount"))
    on_top = (shipping or Decimal(0)) + (tax or Decimal(0))
    if revenue is not None and not (revenue == total and 0 < on_top <= revenue):
        before_discount = bool(discount) and lines.complete and bool(lines.lines) and revenue == lines.worth
        return max(revenue - (discount or Decimal(0)), Decimal(0)) if before_discount else revenue
    if total is not None and (revenue is not None or (shipping is not None and tax is not None)):
        return max(total - on_top, Decimal(0))
    return None


def _readable(part: Mapping[str, Any], name: str) -> Decimal | None:
    """Return an amount that does not decide; None where it cannot be read, which is said where it is sent on."""
    try:
        return amount(part, name)
    except Untranslatable:
        return None


def _order_completed(collector: Collector, track: Track) -> None:
    own = track.properties
    order = needed(text(own, "order_id"), "order_id")
    lines = lines_of(collector, "Order Completed", objects(own, "products"), NAMES)
    goods = purchased(net_value(own, lines), lines, collector.given("Order Completed", amount, own, "discount"))
    charges = {name: collector.given("Order Completed", amount, own, name) for name in ("tax", "shipping")}
    collector.body(
        "purchase", track.shared, goods, charges, order_id=order, currency=currency_of(own), channel=channel_of(own)
    )


def _order_refunded(collector: Collector, track: Track) -> None:
    """Lines where products are named, else the amount that is stated, else the whole order."""
    own = track.properties
    order = text(own, "order_id")
    items = objects(own, "products")
    lines = returned(collector, "Order Refunded", items, NAMES, priced=order is None)
    shared = {**track.shared, "order_id": order, "currency": currency_of(own), "reason": text(own, "reason")}
    if items:
        if lines:
            collector.body("refund", shared, lines=lines)
        return
    given_back = net_value(own, Lines((), complete=True))
    if given_back is None:
        total = amount(own, "total", "amount", "value")
        charged = (amount(own, "shipping") or Decimal(0)) + (amount(own, "tax") or Decimal(0))
        given_back = None if total is None else max(total - charged, Decimal(0))
    if given_back == 0:
        collector.skip("Order Refunded of nothing but tax and shipping")
        return
    needed(order if given_back is None else "", "order_id", "a refund without products or amount is of a whole order")
    collector.body("refund", shared, amount=given_back)


def _order_cancelled(collector: Collector, track: Track) -> None:
    own = track.properties
    order = needed(text(own, "order_id"), "order_id")
    collector.body(
        "refund",
        track.shared,
        order_id=order,
        refund_kind="cancellation",
        reason=text(own, "reason"),
        currency=currency_of(own),
    )


def _product_viewed(collector: Collector, track: Track) -> None:
    product = needed(text(track.properties, *NAMES.product), "product_id")
    collector.body("view_item", track.shared, visitor_id=track.visitor(), product_id=product)


def _moved(kind: str) -> Callable[[Collector, Track], None]:
    def moved(collector: Collector, track: Track) -> None:
        own = track.properties
        surface = collector.given("surface", text, own, *SURFACE) if kind == "add_to_cart" else None
        collector.body(
            kind,
            track.shared,
            visitor_id=track.visitor(),
            product_id=needed(text(own, *NAMES.product), "product_id"),
            quantity=quantity(own, "quantity"),
            unit_price=needed(amount(own, "price"), "price", "carts are counted in money"),
            currency=currency_of(own),
            surface=surface,
        )

    return moved


def _checkout_started(collector: Collector, track: Track) -> None:
    own = track.properties
    lines = lines_of(collector, "Checkout Started", objects(own, "products"), NAMES)
    value = net_value(own, lines)
    value = amount(own, "value") if value is None else value
    if value is None and lines.lines and lines.complete:
        value = max(lines.worth - (amount(own, "discount") or Decimal(0)), Decimal(0))
    collector.body("begin_checkout", track.shared, visitor_id=track.visitor(), value=value, currency=currency_of(own))


TRANSLATIONS: dict[str, Callable[[Collector, Track], None]] = {
    "product viewed": _product_viewed,
    "product added": _moved("add_to_cart"),
    "product removed": _moved("remove_from_cart"),
    "checkout started": _checkout_started,
    "order completed": _order_completed,
    "order refunded": _order_refunded,
    "order cancelled": _order_cancelled,
}
"""An event's name in small letters, and what is made of it."""
