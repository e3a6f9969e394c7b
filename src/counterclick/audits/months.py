"""A month of the shop: how far it is recorded, and its figures beside other months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from counterclick.display import Grid, count, money, percent, signed_percent
from counterclick.metrics import Metric

__all__ = ["Figure", "Month", "change", "figures_grid", "shown", "spanned"]


@dataclass(frozen=True, slots=True)
class Month:
    """A month as far as it is recorded; days are the shop's.

    Attributes:
        first_on: its first day.
        last_on: its last day.
        recorded_from: first day of which something is recorded: the month's first, unless the log begins in it.
        recorded_until: last day of which something is recorded: the month's last, where the log goes on after it.
        is_over: whether the log is known beyond its end.
        final_on: day from which on its figures change no more, as `counterclick.audits.overview` has it; None where anything
            is recorded of that day.
    """

    first_on: date
    last_on: date
    recorded_from: date
    recorded_until: date
    is_over: bool
    final_on: date | None

    @property
    def name(self) -> str:
        """In words, such as March 2026."""
        return f"{self.first_on:%B %Y}"

    @property
    def key(self) -> str:
        """As in ``--month``."""
        return f"{self.first_on:%Y-%m}"

    @property
    def is_whole(self) -> bool:
        """Whether it is recorded from its first day to its last."""
        return self.is_over and (self.recorded_from, self.recorded_until) == (self.first_on, self.last_on)

    @property
    def is_provisional(self) -> bool:
        """Whether its orders may still come back."""
        return self.final_on is not None

    @property
    def after(self) -> date:
        """The first day after it."""
        return self.last_on + timedelta(days=1)

    @property
    def says(self) -> str:
        """What to mind; empty where it is whole and final."""
        parts = []
        if not self.is_over:
            parts.append(f"not over: recorded until {self.recorded_until}")
        elif not self.is_whole:
            parts.append(f"recorded from {self.recorded_from} to {self.recorded_until} only")
        if self.final_on is not None:
            parts.append(f"provisional: its orders may come back until {self.final_on}")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of three months.

    Attributes:
        label: what it is, in words.
        metric: whose definition it is.
        is_credit: whether it is credited by a rule, and no effect.
        month: of the month; None where it is not known.
        before: of the month before.
        last_year: of the same month of last year.
    """

    label: str
    metric: Metric
    is_credit: bool
    month: float | None
    before: float | None
    last_year: float | None


def shown(value: float | None, metric: Metric, currency: str) -> str:
    """Return a figure in its unit."""
    if value is None:
        return "not known"
    if metric.unit == "money":
        return money(value, currency)
    if metric.unit == "rate":
        return percent(value, 2)
    return count(value) if metric.denominator is None else f"{value:,.2f}"


def change(value: float | None, other: float | None, month: Month, against: Month | None) -> str:
    """Return a relative change between months; none where one of them is not recorded whole."""
    if against is None or value is None or other is None or other <= 0:
        return "-"
    if not (month.is_whole and against.is_whole):
        return "not comparable"
    return signed_percent(value / other - 1)


def figures_grid(
    figures: Sequence[Figure], currency: str, month: Month, before: Month | None, last_year: Month | None
) -> Grid:
    """Return the figures of a month beside those of others, with what to mind."""
    rows = []
    for each in figures:
        label = f"{each.label} (credit, no effect)" if each.is_credit else each.label
        row = [label, shown(each.month, each.metric, currency)]
        for value, other in ((each.before, before), (each.last_year, last_year)):
            if other is not None:
                row += [shown(value, each.metric, currency), change(each.month, value, month, other)]
        rows.append(row)
    heads = ["figure", month.name]
    for other in (before, last_year):
        if other is not None:
            heads += [other.name, "change"]
    notes = [f"{each.name}: {each.says}." for each in (month, before, last_year) if each is not None and each.says]
    if before is None:
        notes.append("Nothing is recorded of the month before.")
    if last_year is None:
        notes.append("Nothing is recorded of the same month of last year.")
    if before is not None or last_year is not None:
        notes.append("A change between months is no effect: season, campaigns, prices and chance are in it.")
    return Grid("The month in figures", heads, rows, notes)


def spanned(months: Sequence[date]) -> str:
    """Return months in words, those in a row as one span.

    >>> spanned([date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 7, 1)])
    '2026-01 to 2026-03, 2026-07'
    """
    runs: list[list[date]] = []
    for month in sorted(months):
        following = runs and (runs[-1][-1] + timedelta(days=31)).replace(day=1) == month
        if following:
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(f"{run[0]:%Y-%m}" + (f" to {run[-1]:%Y-%m}" if len(run) > 1 else "") for run in runs)
