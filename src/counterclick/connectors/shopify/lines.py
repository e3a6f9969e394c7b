"""One line of an order: what it is worth net of tax and discount, exactly.

Shopify's line price may hold its tax (``taxes_included``), and discounts of two kinds are allocated to it: the line's own
(a sale of this product) and its share of the order's (10 % off everything). The first is taken off the unit price that we
keep; the second is spread over the lines by their worth, as Shopify does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from counterclick.connectors.shopify.attributes import line_offer, pairs
from counterclick.connectors.shopify.context import Context
from counterclick.connectors.shopify.reading import (
    UnfitError,
    cents,
    maybe_amount,
    maybe_number,
    number,
    objects,
    total,
    whole,
)
from counterclick.events.rejection import Reason

__all__ = ["CUSTOM", "Line", "is_tip", "line_of", "product_of"]

CUSTOM = "custom"
"""Product of lines that have none in the catalogue: a custom item of a draft order, a product long deleted."""
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """A line, read.

    Attributes:
        body: an order line in our vocabulary.
        net: what was paid for all its units, net of tax and of every discount.
        discount: every discount on it, net of tax.
    """

    body: dict[str, Any]
    net: Decimal
    discount: Decimal


def product_of(item: Mapping[str, Any]) -> str:
    """Return the product of a line: the product and never the variant."""
    return maybe_number(item.get("product_id")) or CUSTOM


def is_tip(item: Mapping[str, Any]) -> bool:
    """Say whether a line is a tip, which is no goods: only tips have these fields, empty or not."""
    return "tip_payment_gateway" in item or "tip_payment_method" in item or isinstance(item.get("tip"), dict)


def line_of(
    item: Mapping[str, Any], applications: Sequence[Mapping[str, Any]], *, taxes_included: bool, context: Context
) -> Line:
    """Read a line.

    Args:
        item: of ``line_items``, at its first quantity, whatever has come back since.
        applications: ``discount_applications`` of the order.
        taxes_included: whether the line's price holds its tax.
        context: for unit costs.

    Raises:
        UnfitError: something that is needed is missing or odd.
    """
    quantity = whole(item.get("quantity"), "the quantity of an order line")
    price = maybe_amount(item, "price")
    if price is None:
        raise UnfitError(Reason.MISSING_FIELD, "an order line must have its price: 19.90")
    if quantity < 1 or price < 0:
        raise UnfitError(Reason.OUT_OF_RANGE, "an order line must have a quantity of 1 or more and a price of 0 or more")
    gross = price * quantity
    own, everything = _discounts(item, applications)
    paid = gross - everything
    taxes = objects(item.get("tax_lines"), "tax_lines") if taxes_included else []
    net = paid - total(taxes, "price")
    share = net / paid if paid > 0 else 1 / (1 + max(total(taxes, "rate"), _NOTHING))
    if net < 0 or gross - own < 0 or everything < 0:
        raise UnfitError(Reason.INCONSISTENT, "an order line must cost more than its discounts and its tax")
    variant = maybe_number(item.get("variant_id"))
    cost = context.costs.get(variant) if variant else None
    body = {
        "product_id": product_of(item),
        "quantity": quantity,
        "unit_price": cents((gross - own) * share / quantity),
        "unit_cost": None if cost is None else cents(cost),
        "line_id": number(item.get("id"), "the id of an order line"),
        **line_offer(pairs(item.get("properties"), "properties")),
    }
    return Line({name: value for name, value in body.items() if value is not None}, net, everything * share)


def _discounts(item: Mapping[str, Any], applications: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal]:
    """Return what was taken off a line: its own discounts, and all."""
    if item.get("discount_allocations") is None:
        own = maybe_amount(item, "total_discount") or _NOTHING
        return own, own
    allocated = objects(item.get("discount_allocations"), "discount_allocations")
    own = total([one for one in allocated if not _is_of_the_order(one, applications)], "amount")
    return own, total(allocated, "amount")


def _is_of_the_order(allocation: Mapping[str, Any], applications: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a discount is spread over all lines by their worth."""
    index = allocation.get("discount_application_index")
    if type(index) is not int or not 0 <= index < len(applications):
        return False
    by = applications[index]
    return str(by.get("target_selection")).lower() == "all" and str(by.get("allocation_method")).lower() == "across"
