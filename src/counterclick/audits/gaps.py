"""Days without events of a kind that usually has some on such days."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["Gap", "gaps", "usual_on"]

_WEEK = 7
_NEAR = 4
"""Same weekdays before a stretch, and after it, by which it is told what is usual."""
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Gap:
    """Consecutive days without events of a kind.

    Attributes:
        kind: of event.
        first_on: first day without any, in the shop's time zone.
        last_on: last day without any.
        usual: events that are usual on such days together.
        is_open: whether none has come since, as far as the log is known.
    """

    kind: str
    first_on: date
    last_on: date
    usual: float
    is_open: bool

    @property
    def n_days(self) -> int:
        """How many days."""
        return (self.last_on - self.first_on).days + 1


def gaps(kind: str, by_day: Mapping[date, int], last: date, least: float, closed: Collection[date] = ()) -> tuple[Gap, ...]:
    """Return the stretches of days without events on which so many would be usual.

    What is usual on a day is the median of the same weekday, of up to four weeks before the stretch and up to four after it:
    a shop that never sells on Sundays has no gap there.

    Args:
        kind: of event.
        by_day: day -> events, of days that have some.
        last: the last day that is wholly known.
        least: events that must be usual on the stretch together.
        closed: days on which the shop was closed.
    """
    if not by_day:
        return ()
    found, day = [], min(by_day)
    while day <= last:
        if by_day.get(day):
            day += timedelta(days=1)
            continue
        begin = day
        while day <= last and not by_day.get(day):
            day += timedelta(days=1)
        missed = [begin + timedelta(days=n) for n in range((day - begin).days)]
        expected = [(each, usual_on(each, begin, day, by_day, last)) for each in missed if each not in closed]
        total = sum(usual for _, usual in expected)
        if total >= least:
            with_some = [each for each, usual in expected if usual]
            found.append(Gap(kind, with_some[0], with_some[-1], total, day > last))
    return tuple(found)


def usual_on(day: date, begin: date, end: date, by_day: Mapping[date, int], last: date) -> float:
    """Return the median of the same weekday near a stretch of days; 0 where fewer than two of them are known.

    Args:
        day: of the stretch.
        begin: its first day.
        end: the day after its last.
        by_day: day -> events.
        last: the last day that is wholly known.
    """
    first = min(by_day)
    before = begin - timedelta(days=(begin - day).days % _WEEK or _WEEK)
    after = end + timedelta(days=(day - end).days % _WEEK)
    near = [before - timedelta(days=_WEEK * n) for n in range(_NEAR)] + [
        after + timedelta(days=_WEEK * n) for n in range(_NEAR)
    ]
    counts = [by_day.get(each, 0) for each in near if first <= each <= last]
    return float(statistics.median(counts)) if len(counts) >= _FEWEST else 0.0
