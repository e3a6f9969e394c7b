"""Periods of whole days of the shop: the one asked for, the one before, and the same one last year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from counterclick.errors import ConfigError

__all__ = ["USUAL", "Period", "period_of"]

USUAL = "last-28-days"
"""What is meant where no period is named: four whole weeks."""
_YEAR = timedelta(weeks=52)
_LONGEST = 366
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of the shop's time zone.

    Attributes:
        name: as it was asked for, such as 2026-03; else its first and last day.
        first_on: its first day.
        last_on: its last day.
        is_month: whether it is a calendar month, whose like are other months.
    """

    name: str
    first_on: date
    last_on: date
    is_month: bool = False

    @property
    def n_days(self) -> int:
        """How many days."""
        return (self.last_on - self.first_on).days + 1

    def before(self) -> Period:
        """Return the one before: the calendar month, or as many days."""
        if self.is_month:
            return month_of(self.first_on - _DAY)
        return _days(self.first_on - timedelta(days=self.n_days), self.first_on - _DAY)

    def year_before(self) -> Period:
        """Return the same one last year: the calendar month, or the days 52 weeks earlier, which are the same weekdays."""
        if self.is_month:
            return month_of(self.first_on.replace(year=self.first_on.year - 1))
        return _days(self.first_on - _YEAR, self.last_on - _YEAR)

    def first_days(self, n: int) -> Period:
        """Return its first so many days; itself where it has no more."""
        if n >= self.n_days:
            return self
        return _days(self.first_on, self.first_on + timedelta(days=n - 1))


def month_of(day: date) -> Period:
    """Return the calendar month in which a day lies.

    >>> month_of(date(2026, 2, 3)).last_on
    datetime.date(2026, 2, 28)
    """
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return Period(f"{first:%Y-%m}", first, following - _DAY, is_month=True)


def period_of(asked: str | None, since: date | None, until: date | None, latest: date) -> Period:
    """Return the period that somebody asks for.

    Args:
        asked: a month such as 2026-03, or whole days up to the latest such as last-28-days.
        since: first day, instead.
        until: last day; the latest unless given.
        latest: the last whole day that is known.

    Raises:
        ConfigError: it is written otherwise, asked for in both ways, ends before it begins, or is longer than a year.
    """
    if asked is not None and (since is not None or until is not None):
        raise ConfigError("a period is named, or told by its first and last day; not both.")
    if until is not None and since is None:
        raise ConfigError(f"a period until {until} needs its first day: since.")
    if since is not None:
        found = _days(since, until or latest)
        if found.n_days < 1:
            raise ConfigError(f"a period from {since} to {found.last_on} ends before it begins.")
    else:
        found = _named(asked or USUAL, latest)
    if found.n_days > _LONGEST:
        raise ConfigError(f"a period is a year at most, {_LONGEST} days; {found.name} has {found.n_days:,}.")
    return found


def _named(asked: str, latest: date) -> Period:
    days = re.fullmatch(r"last-([1-9]\d{0,3})-days", asked)
    if days is not None:
        return Period(asked, latest - timedelta(days=int(days[1]) - 1), latest)
    if re.fullmatch(r"[12]\d{3}-(0[1-9]|1[0-2])", asked):
        return month_of(date.fromisoformat(f"{asked}-01"))
    raise ConfigError(f"a period is a month such as 2026-03, or days such as {USUAL}; it was {asked!r}.")


def _days(first: date, last: date) -> Period:
    return Period(f"{first} to {last}", first, last)
