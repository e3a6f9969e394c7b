"""Values out of decoded JSON of which nothing is certain; every reader returns, or says what would be right."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from decimal import Context as Digits
from typing import Any

from counterclick.events.readings import UnreadableError, reading
from counterclick.events.rejection import Reason

__all__ = [
    "UnfitError",
    "cents",
    "digest",
    "maybe_amount",
    "maybe_number",
    "maybe_text",
    "money",
    "number",
    "obj",
    "objects",
    "total",
    "when",
    "whole",
]

_NUMBER = re.compile(r"(?:gid://shopify/[A-Za-z]+/)?(\d{1,20})(?:\?.*)?", re.ASCII)
_SMALLEST = Decimal("0.0001")
_WIDE = Digits(prec=60)
_LARGEST = Decimal(10) ** 11


class UnfitError(ValueError):
    """A part of a payload cannot be translated.

    Attributes:
        reason: one of the door's reasons.
    """

    def __init__(self, reason: Reason, says: str) -> None:
        super().__init__(says)
        self.reason = reason


def obj(value: Any) -> Mapping[str, Any]:
    """Return an object; an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def objects(value: Any, what: str) -> list[Mapping[str, Any]]:
    """Return a list of objects; an empty one where there is none.

    Raises:
        UnfitError: it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise UnfitError(Reason.WRONG_TYPE, f"{what} must be a list of objects")
    return value


def maybe_number(value: Any) -> str | None:
    """Return Shopify's key, 632910392 or gid://shopify/Product/632910392, as its digits; None for anything else."""
    text = str(value) if type(value) is int else value
    found = _NUMBER.fullmatch(text) if isinstance(text, str) else None
    return found.group(1) if found else None


def number(value: Any, what: str) -> str:
    """Return Shopify's key of something as its digits.

    Raises:
        UnfitError: there is none, or it is no number.
    """
    found = maybe_number(value)
    if found is None:
        missing = value is None or value == ""
        reason = Reason.MISSING_FIELD if missing else Reason.WRONG_TYPE
        raise UnfitError(reason, f"{what} must be Shopify's number or its gid: 632910392, gid://shopify/Order/632910392")
    return found


def maybe_text(value: Any, longest: int) -> str | None:
    """Return a text, cut off where it is too long; None where there is none."""
    return value.strip()[:longest] or None if isinstance(value, str) else None


def digest(*parts: str) -> str:
    """Return 32 letters that stand for these texts in their order."""
    return hashlib.sha256("\x1f".join(parts).encode(errors="replace")).hexdigest()[:32]


def when(value: Any, what: str) -> str:
    """Return a time in UTC, as the door reads it.

    Raises:
        UnfitError: there is none, or it has no zone.
    """
    return moment(value, what).isoformat()


def moment(value: Any, what: str) -> datetime:
    """Return a time in UTC; the same errors as `when`."""
    if value is None or value == "":
        raise UnfitError(Reason.MISSING_FIELD, f"{what} must have a time: 2026-03-02T09:30:00Z")
    try:
        read: datetime = reading("occurred_at", value)
    except UnreadableError:
        says = f"{what} must be ISO 8601 with its seconds and its zone: 2026-03-02T09:30:00Z"
        raise UnfitError(Reason.WRONG_TYPE, says) from None
    return read


def money(value: Any, what: str) -> Decimal:
    """Return an amount, exact to four decimals; Shopify writes decimal texts in orders and numbers in refunds.

    Raises:
        UnfitError: there is none, or it is none.
    """
    if value is None or value == "":
        raise UnfitError(Reason.MISSING_FIELD, f"{what} must have an amount: 19.90")
    try:
        read: Decimal = reading("value", value)
    except UnreadableError:
        raise UnfitError(Reason.WRONG_TYPE, f"{what} must be an amount with a point before its decimals: 19.90") from None
    if abs(read) >= _LARGEST:
        raise UnfitError(Reason.OUT_OF_RANGE, f"{what} must be below {_LARGEST:,}")
    return read


def maybe_amount(given: Mapping[str, Any], name: str) -> Decimal | None:
    """Return an amount in the shop's currency: of the field's ``_set`` twin, else of the field; None where neither is there.

    Raises:
        UnfitError: it is no amount.
    """
    shop = obj(obj(given.get(f"{name}_set")).get("shop_money")).get("amount")
    value = given.get(name) if shop is None else shop
    return None if value is None or value == "" else money(value, name)


def total(given: list[Mapping[str, Any]], name: str) -> Decimal:
    """Return the sum of an amount over objects; those without it count as nothing."""
    return sum((maybe_amount(one, name) or Decimal(0) for one in given), Decimal(0))


def whole(value: Any, what: str) -> int:
    """Return a whole number.

    Raises:
        UnfitError: there is none, or it is none.
    """
    try:
        read: int = reading("quantity", value)
    except UnreadableError:
        missing = value is None or value == ""
        reason = Reason.MISSING_FIELD if missing else Reason.WRONG_TYPE
        raise UnfitError(reason, f"{what} must be a whole number") from None
    return read


def cents(amount: Decimal) -> str:
    """Return an amount as text, to four decimals."""
    return str(amount.quantize(_SMALLEST, ROUND_HALF_UP, _WIDE))
