"""How much money a refund moved: what its lines do not say by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from counterclick.connectors.shopify.reading import UnfitError, maybe_amount, obj, objects, total, whole

__all__ = ["difference", "given_back", "holds_tax"]

_NOTHING = Decimal(0)
_CENT = Decimal("0.01")


def difference(
    adjustments: Sequence[Mapping[str, Any]], transactions: Sequence[Mapping[str, Any]], currency: str | None
) -> Decimal:
    """Return by how much more was given back than the lines come to; below zero where the shop kept some of it.

    While a payment is on its way, Shopify writes it down as kept: it is not.

    Args:
        adjustments: ``order_adjustments``; those of shipping are passed over.
        transactions: of the refund.
        currency: the shop's.

    Raises:
        UnfitError: an amount is none.
    """
    more = -total([one for one in adjustments if one.get("kind") != "shipping_refund"], "amount")
    waiting = _refunds(transactions, "pending")
    if more >= 0 or not waiting:
        return more
    if any(_foreign(one, currency) for one in waiting):
        return _NOTHING
    return min(more + total(waiting, "amount"), _NOTHING)


def given_back(transactions: Sequence[Mapping[str, Any]], currency: str | None) -> tuple[Decimal, str | None]:
    """Return what was paid back, or is on its way, where nothing says for what; and its currency.

    Args:
        transactions: of the refund.
        currency: the shop's.

    Raises:
        UnfitError: an amount is none.
    """
    done = _refunds(transactions, "success", "pending")
    theirs = {str(one.get("currency")) for one in done if _foreign(one, currency)}
    return total(done, "amount"), theirs.pop() if theirs else currency


def _refunds(transactions: Sequence[Mapping[str, Any]], *statuses: str) -> list[Mapping[str, Any]]:
    return [
        one
        for one in transactions
        if str(one.get("kind")).lower() == "refund" and str(one.get("status")).lower() in statuses
    ]


def _foreign(transaction: Mapping[str, Any], currency: str | None) -> bool:
    """Say whether an amount is in another currency than the shop's."""
    told = transaction.get("currency")
    in_shops = obj(obj(transaction.get("amount_set")).get("shop_money")).get("amount") is not None
    return not in_shops and isinstance(told, str) and currency is not None and told != currency


def holds_tax(item: Mapping[str, Any]) -> bool | None:
    """Say by a line's own arithmetic whether its price holds its tax; None where it cannot be told.

    With a rate r, tax on top is r times the price, and tax inside is r / (1 + r) of it.
    """
    try:
        taxes = objects(item.get("tax_lines"), "tax_lines")
        rate, tax = total(taxes, "rate"), total(taxes, "price")
        price = maybe_amount(item, "price")
        off = total(objects(item.get("discount_allocations"), "discount_allocations"), "amount")
        quantity = whole(item.get("quantity"), "quantity")
    except UnfitError:
        return None
    if price is None or rate <= 0:
        return None
    paid = price * quantity - off
    on_top, inside = paid * rate, paid * rate / (1 + rate)
    if on_top - inside <= _CENT:  # a rounded tax may be either
        return None
    return abs(tax - inside) < abs(tax - on_top)
