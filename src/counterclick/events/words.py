"""What events are made of: their fields' types, what every event has, and the parts of lists."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = [
    "Availability",
    "Channel",
    "Currency",
    "Event",
    "Id",
    "OrderLine",
    "RefundKind",
    "RefundLine",
    "ShownItem",
    "Text",
    "When",
]

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=2000)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", max_length=3)]
Channel = Literal["onsite", "email", "voice", "social", "agent_checkout"]
RefundKind = Literal["return", "cancellation"]
Availability = Literal["in_stock", "out_of_stock", "preorder", "backorder"]
When = Annotated[datetime, Meta(tz=True)]


class ShownItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One product that a surface showed.

    Attributes:
        product_id: the product.
        position: place in the list, counted from 1.
    """

    product_id: Id
    position: int | None = None


class OrderLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of an order.

    Attributes:
        product_id: the product.
        quantity: units bought, above zero.
        unit_price: price of one unit before the order's discount, net of tax, not negative.
        unit_cost: what one unit cost the shop, where known.
        line_id: the shop's own key of the line.
        surface: the place that offered it, if any.
        decision_id: the decision that offered it, if any.
    """

    product_id: Id
    quantity: int
    unit_price: Decimal
    unit_cost: Decimal | None = None
    line_id: Id | None = None
    surface: Id | None = None
    decision_id: Id | None = None


class RefundLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of one product that came back.

    Attributes:
        product_id: the product.
        quantity: units returned, above zero.
        unit_price: amount given back for one unit, net of tax; without it the order's own price holds.
        line_id: the shop's own key of the order line.
    """

    product_id: Id
    quantity: int
    unit_price: Decimal | None = None
    line_id: Id | None = None


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
):
    """What every event has.

    Attributes:
        occurred_at: when it happened, with its time zone.
        event_id: the source's own key; without one the door makes one from the content.
        visitor_id: the browser or device it happened to: the unit that experiments assign.
        customer_id: the customer, where the shop knows one.
        device: for instance ``mobile`` or ``desktop``.
        country: ISO 3166 code of two letters.
        consent: whether the visitor allowed analytics.
    """

    occurred_at: When
    event_id: Id | None = None
    visitor_id: Id | None = None
    customer_id: Id | None = None
    device: Text | None = None
    country: Text | None = None
    consent: bool | None = None
