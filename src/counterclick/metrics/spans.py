"""Metrics of whole periods, each with its days: by these one sees how much a figure varies by itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.facts.local_time import day_begins, local
from counterclick.facts.rows import all_rows, one_row
from counterclick.metrics.computing import MetricValue, added_up
from counterclick.metrics.definitions import MEASURES, VISITORS, Metric
from counterclick.metrics.periods import Period
from counterclick.metrics.sources import Sources

__all__ = ["Measured", "within_periods"]

_DAY = timedelta(days=1)
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of one period.

    Attributes:
        figure: of the whole period; its key is the period's name.
        days: numerator and denominator of each of its days; the denominator of a total is 1 a day. Who comes on two days
            is counted on both.
    """

    figure: MetricValue
    days: tuple[tuple[float, float], ...]


def within_periods(
    sources: Sources, metrics: Sequence[Metric], periods: Collection[Period], *, timezone: str = "UTC"
) -> dict[tuple[str, Period], Measured]:
    """Return metrics of whole periods: (metric's name, period) -> figure, as `counterclick.metrics.computing` defines it.

    Each table is read once for all periods and added up by day. Who is counted once in a period (visitors, buyers) is
    counted again for each period and each day of it.

    Args:
        sources: tables; of one surface where they are told so.
        metrics: which ones.
        periods: in the shop's days; they may overlap.
        timezone: in which days begin.
    """
    found = _Found(sources, timezone, periods)
    needed: dict[str, set[str]] = {}
    for metric in metrics:
        for name in metric.measures:
            needed.setdefault(MEASURES[name].source, set()).add(name)
    for source, names in needed.items():
        found.add_up(source, names)
    return {(metric.name, period): _measured(metric, period, found) for metric in metrics for period in periods}


class _Found:
    """Sums by day, and counts of visitors by span, each asked for once.

    Args:
        sources: tables.
        timezone: in which days begin.
        periods: in the shop's days.
    """

    def __init__(self, sources: Sources, timezone: str, periods: Collection[Period]) -> None:
        self._sources = sources
        self._timezone = timezone
        self._periods = tuple(periods)
        self._first = min(period.first_on for period in periods)
        self._last = max(period.last_on for period in periods)
        self._days: dict[str, dict[int, float | None]] = {}
        self._counted: dict[tuple[str, Period], float] = {}

    def add_up(self, source: str, names: Collection[str]) -> None:
        """Ask what measures of a table add up to each day."""
        wanted = [MEASURES[name] for name in sorted(names) if MEASURES[name].amount is not None]
        if not wanted:
            return
        if source == "shown" and self._sources.surface is None:
            rows = self._shown()
        else:
            inside = self._inside(self._sources.rows(source))
            dated = inside.mutate(_day=self._day(inside.measured_at))
            rows = dated.group_by("_day").agg(**{measure.name: added_up(dated, measure) for measure in wanted})
        table = all_rows(rows)
        for measure in wanted:
            self._days[measure.name] = {row["_day"]: row[measure.name] for row in table}

    def _shown(self) -> Table:
        """Return products shown by day: of many lists only their lengths are added up, and kept up."""
        facts = self._sources.facts
        lists = facts.parts.counted(facts.events.filter(_.kind == "view_item_list"), "view_item_list", "items")
        day = local(lists.occurred_at, self._timezone).date()
        daily = lists.group_by(on=day).agg(n=lists.n_parts.sum().cast("int64"))
        kept = self._sources.facts.kept(daily, f"shown a day {self._timezone}", merges={"n": "sum"})
        inside = kept.filter(kept.on.between(self._first, self._last))
        return inside.select(_day=inside.on.epoch_days(), shown=inside.n.fill_null(0).cast("float64"))

    def total(self, name: str, period: Period) -> float | None:
        """Return what a measure, or the visitors seen, come to in a period; None where no amount of its rows is known."""
        if _is_counted(name):
            self._count(name)
            return self._counted[name, period]
        days = self._days[name]
        own = [days[day] for day in _places(period) if day in days]
        known = [value for value in own if value is not None]
        return None if own and not known else float(sum(known))

    def daily(self, name: str, period: Period) -> list[float]:
        """Return what a measure, or the visitors seen, come to on each day of a period."""
        if _is_counted(name):
            self._count(name)
        days = self._days[name]
        return [days.get(day) or 0.0 for day in _places(period)]

    def _count(self, name: str) -> None:
        """Ask how many visitors have a row in each period, and on each day."""
        if name in self._days:
            return
        days = self._seen() if name == VISITORS else self._dated(MEASURES[name].source)
        was_there = {
            f"p{place}": days["_day"].between(_places(one)[0], _places(one)[-1]).any()
            for place, one in enumerate(self._periods)
        }
        each = days.group_by("visitor_id").agg(**was_there)
        row = one_row(each.agg(**{place: each[place].cast("int64").sum() for place in was_there}))
        for place, period in enumerate(self._periods):
            self._counted[name, period] = float(row[f"p{place}"] or 0)
        table = all_rows(days.group_by("_day").agg(n=days.count().cast("float64")))
        self._days[name] = {found["_day"]: found["n"] for found in table}

    def _dated(self, source: str) -> Table:
        """Return the days on which visitors have a row of a table. Grain: one visitor and day."""
        rows = self._sources.rows(source)
        known = self._inside(rows.filter(rows.visitor_id.notnull()))
        return known.select("visitor_id", _day=self._day(known.measured_at)).distinct()

    def _seen(self) -> Table:
        """Return the days on which sessions began or ended: see `counterclick.metrics.computing.visitors_seen`."""
        visits = self._sources.facts.sessions
        ends = [visits.select("visitor_id", at=visits[name]) for name in ("started_at", "ended_at")]
        at = ibis.union(*ends)
        once = at.select("visitor_id", day=local(at["at"], self._timezone).date().epoch_days().cast("int32")).distinct()
        kept = self._sources.facts.kept(once, f"seen a day {self._timezone}", ("visitor_id",)).rename(_day="day")
        wanted = (kept["_day"].between(_places(one)[0], _places(one)[-1]) for one in self._periods)
        return kept.filter(ibis.or_(*wanted))

    def _inside(self, rows: Table) -> Table:
        return rows.filter(ibis.or_(*(self._within(rows.measured_at, period) for period in self._periods)))

    def _within(self, moment: ibis.Value, span: Period) -> ibis.Value:
        first = day_begins(span.first_on, self._timezone)
        end = day_begins(span.last_on + _DAY, self._timezone)
        return (moment >= ibis.literal(first)) & (moment < ibis.literal(end))

    def _day(self, moment: ibis.Value) -> ibis.Value:
        ends = day_begins(self._first, self._timezone), day_begins(self._last + _DAY, self._timezone)
        return local(moment, self._timezone, ends).epoch_seconds() // int(_DAY.total_seconds())


def _is_counted(name: str) -> bool:
    """Say whether it is a number of visitors, of whom each counts once in a period."""
    return name == VISITORS or MEASURES[name].amount is None


def _places(period: Period) -> range:
    """Return a period's days, as days since 1970."""
    first = (period.first_on - _EPOCH).days
    return range(first, first + period.n_days)


def _measured(metric: Metric, period: Period, found: _Found) -> Measured:
    """Return a metric of a period, with its days."""
    above = found.total(metric.numerator, period)
    below = None if metric.denominator is None else found.total(metric.denominator, period) or 0.0
    value = above if below is None else above / below if above is not None and below else None
    divided = [1.0] * period.n_days if metric.denominator is None else found.daily(metric.denominator, period)
    days = tuple(zip(found.daily(metric.numerator, period), divided, strict=True))
    return Measured(MetricValue(period.name, value, above, below), days)
