"""Days, weeks and months of the shop, on every engine.

SQL dialects disagree about time zones; the offsets of one zone over the years of a shop are a handful of numbers.
They become one CASE expression, which every engine computes alike.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import ibis
from ibis.expr.types import Column

__all__ = ["day_begins", "even_span", "local", "offsets", "to_utc"]

_HOUR = 3600
_FIRST_YEAR, _LAST_YEAR = 1990, 2040


@lru_cache(maxsize=32)
def offsets(timezone: str) -> tuple[tuple[datetime, int], ...]:
    """Return when the zone's offset to UTC changes, and the seconds that hold from then on; the first holds before.

    >>> offsets("UTC")
    ((datetime.datetime(1990, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), 0),)
    """
    zone = ZoneInfo(timezone)
    day = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
    last = datetime(_LAST_YEAR, 1, 1, tzinfo=UTC)
    found = [(day, _offset(day, zone))]
    while day < last:
        following = day + timedelta(days=1)
        if _offset(following, zone) != found[-1][1]:
            low, high = day, following
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(middle, zone) == found[-1][1] else (low, middle)
            change = high.replace(microsecond=0)
            found.append((change, _offset(high, zone)))
        day = following
    return tuple(found)


@lru_cache(maxsize=32)
def even_span(timezone: str) -> int:
    """Return the most seconds, an hour at most, such that days of the zone begin and offsets change at multiples of it.

    >>> even_span("Europe/Berlin"), even_span("Asia/Kolkata")
    (3600, 1800)
    """
    return math.gcd(_HOUR, *(int(value) for at, seconds in offsets(timezone) for value in (at.timestamp(), seconds)))


def local(column: Column, timezone: str, between: tuple[datetime, datetime] | None = None) -> Column:
    """Return a UTC timestamp column as the wall clock of the shop (a timestamp without a zone).

    Args:
        column: of UTC timestamps.
        timezone: the shop's.
        between: moments, UTC, from the first of which to the last all rows lie, where that is known: the expression is as
            long as the changes of the offset in that time are many.
    """
    changes = offsets(timezone) if between is None else _offsets_between(timezone, *between)
    naive = column.cast("timestamp")
    shifts = [naive + ibis.interval(seconds=seconds) for _, seconds in changes]
    if len(changes) == 1:
        return shifts[0]
    branches = [
        (naive < ibis.literal(moment.replace(tzinfo=None)), shift)
        for (moment, _), shift in zip(changes[1:], shifts, strict=False)
    ]
    return ibis.cases(*branches, else_=shifts[-1])


def to_utc(column: Column, timezone: str) -> Column:
    """Return wall clocks of a zone (timestamps without a zone) as UTC, still without a zone.

    Where clocks go back, an hour comes twice: the first is meant. Where they go forward, an hour is left out: a time in it
    is reckoned by the offset before.

    Args:
        column: of timestamps without a zone.
        timezone: in which they are meant.
    """
    changes = offsets(timezone)
    meant = [column - ibis.interval(seconds=seconds) for _, seconds in changes]
    if len(changes) == 1:
        return meant[0]
    ends = [
        moment.replace(tzinfo=None) + timedelta(seconds=max(before, after))
        for (_, before), (moment, after) in pairwise(changes)
    ]
    return ibis.cases(
        *((column < ibis.literal(end), value) for end, value in zip(ends, meant, strict=False)), else_=meant[-1]
    )


def _offsets_between(timezone: str, first: datetime, last: datetime) -> tuple[tuple[datetime, int], ...]:
    """Return the offset that holds at a moment, and those that follow until another."""
    every = offsets(timezone)
    begin = max((place for place, (at, _seconds) in enumerate(every) if at <= first), default=0)
    return (every[begin], *(change for change in every[begin + 1 :] if change[0] <= last))


def day_begins(day: date, timezone: str) -> datetime:
    """Return the moment, UTC, at which a day begins in the shop's time zone."""
    return datetime.combine(day, time(0), ZoneInfo(timezone)).astimezone(UTC)


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    shift = moment.astimezone(zone).utcoffset()
    return int(shift.total_seconds()) if shift else 0
