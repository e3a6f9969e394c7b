"""A sender's JSON, read part by part: any part may be missing, or be something else than it should.

Null and empty text mean that nothing was sent. A part that is there and cannot be read raises `Untranslatable`, whose
sentence names the part and never its value. A `Collector` decides how much is lost by it: one line, one event, or
only the part itself; it keeps everything else.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from counterclick.connectors.translated import Translated
from counterclick.events import redaction
from counterclick.events.readings import UnreadableError, reading
from counterclick.events.rejection import Reason
from counterclick.events.rules import LARGEST

__all__ = [
    "LONGEST_NAME",
    "Collector",
    "Untranslatable",
    "amount",
    "boolean",
    "epoch",
    "key",
    "moment",
    "money",
    "needed",
    "number",
    "objects",
    "part_of",
    "quantity",
    "said",
    "text",
    "whole",
]

Value = TypeVar("Value")
LONGEST_NAME = 80
LONGEST_ID = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Untranslatable(Exception):
    """A part that is needed is missing, or cannot be read."""

    def __init__(self, reason: Reason, details: str) -> None:
        super().__init__(details)
        self.reason = reason
        self.details = details


class Collector:
    """One payload on its way into our words: bodies, skipped names and refusals in the order in which they were met."""

    def __init__(self) -> None:
        self._bodies: list[dict[str, Any]] = []
        self._skipped: list[str] = []
        self._refused: list[tuple[Reason, str]] = []
        self._ids: Counter[tuple[str, str]] = Counter()

    def body(self, kind: str, *parts: Mapping[str, Any], **fields: Any) -> None:
        """Add an event; what is None is left out.

        The second event of one kind with one id is numbered, so that one message can become several.
        """
        said_of_it = {name: value for part in (*parts, fields) for name, value in part.items() if value is not None}
        event = {"kind": kind} | {name: _plain(value) for name, value in said_of_it.items()}
        if "event_id" in event:
            known = (kind, str(event["event_id"]))
            self._ids[known] += 1
            if self._ids[known] > 1:
                event["event_id"] = key(event["event_id"], self._ids[known])
        self._bodies.append(event)

    def skip(self, name: str) -> None:
        """Count something that means nothing to us, by its name without personal data."""
        self._skipped.append(redaction.scrubbed(name)[:LONGEST_NAME])

    def refuse(self, reason: Reason, details: str) -> None:
        """List something that cannot be translated."""
        self._refused.append((reason, details))

    @contextmanager
    def refusing(self, where: str) -> Iterator[None]:
        """Turn what is untranslatable inside into a refusal that begins with ``where``."""
        try:
            yield
        except Untranslatable as error:
            self.refuse(error.reason, f"{where}: {error.details}")

    def given(self, where: str, read: Callable[..., Value | None], *arguments: Any) -> Value | None:
        """Return a part that the event can do without: None, and a refusal, where it cannot be read."""
        try:
            return read(*arguments)
        except Untranslatable as error:
            self.refuse(error.reason, f"{where}: {error.details}")
        return None

    def done(self) -> Translated:
        """Return what was collected."""
        return Translated(tuple(self._bodies), tuple(self._skipped), tuple(self._refused))


def said(part: Mapping[str, Any], *names: str) -> tuple[str, Any]:
    """Return the first of the names that the part fills, and what it says; (the first name, None) where none is."""
    for name in names:
        value = part.get(name)
        if value is not None and value != "":
            return name, value
    return names[0], None


def part_of(part: Any, *names: str) -> Mapping[str, Any]:
    """Return the object at the end of a path of names; an empty one where there is none."""
    for name in names:
        part = part.get(name) if isinstance(part, dict) else None
    return part if isinstance(part, dict) else {}


def text(part: Mapping[str, Any], *names: str) -> str | None:
    """Return the first text of the names; a whole number is text as well.

    Raises:
        Untranslatable: it is neither text nor a whole number.
    """
    return _read(str, "surface", "text", part, *names)


def money(part: Mapping[str, Any], *names: str) -> Decimal | None:
    """Return the first amount of the names, to four decimals.

    Raises:
        Untranslatable: it is no number with a point before its decimals.
    """
    return _read(Decimal, "value", "an amount with a point before its decimals: 19.90", part, *names)


def amount(part: Mapping[str, Any], *names: str) -> Decimal | None:
    """Return the first amount of the names, which must not be negative.

    Raises:
        Untranslatable: it is no amount, negative, or 100,000,000,000 or more.
    """
    found = money(part, *names)
    if found is not None and not 0 <= found < LARGEST:
        raise Untranslatable(Reason.OUT_OF_RANGE, f"{said(part, *names)[0]} must be 0 or more and below {LARGEST:,}")
    return found


def whole(part: Mapping[str, Any], *names: str) -> int | None:
    """Return the first whole number of the names.

    Raises:
        Untranslatable: it is none.
    """
    return _read(int, "quantity", "a whole number", part, *names)


def number(part: Mapping[str, Any], *names: str) -> float | None:
    """Return the first number of the names, such as a probability.

    Raises:
        Untranslatable: it is none.
    """
    return _read(float, "propensity", "a number", part, *names)


def boolean(part: Mapping[str, Any], *names: str) -> bool | None:
    """Return the first of the names that is true or false.

    Raises:
        Untranslatable: it is neither.
    """
    return _read(bool, "escalated", "true or false", part, *names)


def moment(part: Mapping[str, Any], *names: str) -> datetime | None:
    """Return the first time of the names, UTC.

    Raises:
        Untranslatable: it is not ISO 8601 with its seconds and its zone.
    """
    return _read(datetime, "occurred_at", "ISO 8601 with its seconds and its zone: 2026-03-02T09:30:00Z", part, *names)


def epoch(part: Mapping[str, Any], per_second: int, *names: str) -> datetime | None:
    """Return the first time of the names that is counted from 1970.

    Args:
        part: where it stands.
        per_second: units in a second: 1, or 1,000,000 for microseconds.
        names: where it may stand.

    Raises:
        Untranslatable: it is no whole number, or beyond the calendar.
    """
    name, value = said(part, *names)
    if value is None:
        return None
    digits = value if isinstance(value, str) else str(value) if type(value) is int and 0 <= value < 2**63 else ""
    wrong = Untranslatable(Reason.WRONG_TYPE, f"{name} must be a whole number, counted from 1970 in 1/{per_second} seconds")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(10**10 * per_second))):
        raise wrong
    try:
        return _EPOCH + timedelta(microseconds=int(digits) * 1_000_000 // per_second)
    except OverflowError:
        raise wrong from None


def quantity(part: Mapping[str, Any], *names: str) -> int:
    """Return how many units: 1 where nothing is said.

    Raises:
        Untranslatable: it is no whole number above zero.
    """
    found = whole(part, *names)
    if found is not None and found < 1:
        raise Untranslatable(Reason.OUT_OF_RANGE, f"{said(part, *names)[0]} must be 1 or more")
    return 1 if found is None else found


def objects(part: Mapping[str, Any], *names: str) -> list[Any]:
    """Return the first list of the names; a single object is a list of one.

    Raises:
        Untranslatable: it is something else.
    """
    name, value = said(part, *names)
    if value is None:
        return []
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise Untranslatable(Reason.WRONG_TYPE, f"{name} must be a list of objects")
    return value


def needed(value: Value | None, name: str, because: str = "") -> Value:
    """Return what the event cannot do without.

    Raises:
        Untranslatable: it is not there.
    """
    if value is None:
        raise Untranslatable(Reason.MISSING_FIELD, f"{name} is missing{because and '; '}{because}")
    return value


def key(*parts: Any) -> str | None:
    """Return an event's id made of a sender's own ids; None where one of them is missing.

    One that is longer than an id may be becomes a hash.
    """
    if any(part is None or part == "" for part in parts):
        return None
    joined = ":".join(str(part) for part in parts)
    if len(joined) <= LONGEST_ID:
        return joined
    return "h_" + hashlib.sha256(joined.encode(errors="replace")).hexdigest()[:32]


def _read(kind: type[Value], column: str, must_be: str, part: Mapping[str, Any], *names: str) -> Value | None:
    """Return a value as the door reads it into a column of the same type."""
    name, value = said(part, *names)
    if value is None:
        return None
    try:
        found = reading(column, value)
    except UnreadableError:
        raise Untranslatable(Reason.WRONG_TYPE, f"{name} must be {must_be}") from None
    return found if isinstance(found, kind) else None


def _plain(value: Any) -> Any:
    """Return a value as JSON carries it without loss."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value
