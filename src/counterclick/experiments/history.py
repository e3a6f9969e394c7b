"""What a shop's own history says of the visitors to come: how many, how much they spend, how unevenly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.config import EVERYWHERE, ExperimentConfig, duration
from counterclick.errors import EmptyStoreError, RefusedError
from counterclick.experiments.context import Context
from counterclick.facts.local_time import local
from counterclick.facts.people import first_rows
from counterclick.facts.rows import all_rows, one_row, row_count
from counterclick.metrics import Sources, metric_named, per_visitor

__all__ = ["HORIZONS", "MOST_WEEKS", "History", "Span", "history_of", "seen_on"]

MOST_WEEKS = 26
"""What cannot be seen in half a year is called undetectable."""
HORIZONS = (2, 4, 8, 12, MOST_WEEKS)
"""Weeks for which the smallest visible effect is shown, and visitors are counted."""
_WEEK = 7
_THIN = 3


@dataclass(frozen=True, slots=True)
class Span:
    """The visitors of the last so many weeks, each counted once.

    Attributes:
        visitors: who were first seen within these weeks, and whose window has closed.
        mean: of the outcome per visitor.
        coefficient_of_variation: its standard deviation over its mean.
        skew: its third standardised moment.
        conversion: share of visitors for whom the outcome is above zero.
        revenue: mean revenue per visitor, whatever the outcome.
    """

    visitors: int
    mean: float
    coefficient_of_variation: float
    skew: float
    conversion: float
    revenue: float = 0.0


@dataclass(frozen=True, slots=True)
class History:
    """What was recorded before a moment.

    Attributes:
        basis: what the figures rest on, in words.
        weeks: of history.
        spans: whole weeks -> the visitors of so many last weeks; empty where only orders are known.
        orders_a_week: orders.
        revenue_a_week: their revenue.
        basket_cv: coefficient of variation of revenue per order.
        margin_rate: margin over revenue of the lines whose cost is known; None where none is.
        units: mean and standard deviation of units per order; None where no lines are known.
        return_rate: share of orders of which something came back.
    """

    basis: str
    weeks: float
    spans: Mapping[int, Span]
    orders_a_week: float
    revenue_a_week: float
    basket_cv: float
    margin_rate: float | None
    units: tuple[float, float] | None
    return_rate: float

    @property
    def widest(self) -> Span | None:
        """The span of the most weeks; None where only orders are known."""
        return self.spans[max(self.spans)] if self.spans else None

    def visitors_in(self, weeks: float) -> float:
        """Return how many different visitors so many weeks bring.

        They do not grow in proportion: who comes back is counted once. Between measured spans the number is
        interpolated; beyond the widest it grows as it did at its end.
        """
        known = [(0.0, 0.0), *((float(w), float(self.spans[w].visitors)) for w in sorted(self.spans))]
        for (w0, n0), (w1, n1) in pairwise(known):
            if weeks <= w1 or w1 == known[-1][0]:
                return n0 + (n1 - n0) * (weeks - w0) / (w1 - w0)
        return 0.0

    def nearest(self, weeks: float) -> Span | None:
        """Return the measured span nearest to so many weeks."""
        return self.spans[min(self.spans, key=lambda known: abs(known - weeks))] if self.spans else None

    def buyers_in(self, weeks: float) -> float:
        """Return how many buyers so many weeks bring: from visitors, else as many as orders."""
        near = self.nearest(weeks)
        return self.visitors_in(weeks) * near.conversion if near else self.orders_a_week * weeks


def history_of(name: str, config: ExperimentConfig, context: Context, before: datetime | None = None) -> History:
    """Return what the log says of the experiment's visitors and orders.

    The history is every visitor's window after it was first seen on the experiment's surface (anywhere, where the
    surface has no history), or, without visitors, the orders alone.

    Args:
        name: the experiment.
        config: its declaration.
        context: tables and values of the shop.
        before: the moment, UTC, at which the history ends; the log's end unless given.

    Raises:
        EmptyStoreError: there are no orders.
        RefusedError: the history is shorter than a week.
    """
    facts = context.facts
    until = min(before, context.as_of) if before else context.as_of
    orders = facts.orders.filter(facts.orders.ordered_at < ibis.literal(until))
    sold = one_row(
        orders.agg(
            n=_.count(),
            first=_.ordered_at.min(),
            last=_.ordered_at.max(),
            revenue=_.revenue.sum().cast("float64"),
            mean=_.revenue.cast("float64").mean(),
            sd=_.revenue.cast("float64").std(),
            margin=_.margin.sum().cast("float64"),
            costed=_.costed_revenue.sum().cast("float64"),
            units=_.units.cast("float64").mean(),
            units_sd=_.units.cast("float64").std(),
            returned=(_.returned_value > 0).cast("float64").mean(),
        )
    )
    if not sold["n"]:
        raise EmptyStoreError(
            f"experiment {name!r} cannot be planned: no orders are recorded yet. Record an orders export with "
            "`counterclick record FILE`."
        )
    weeks = _weeks(sold["first"], sold["last"], sold["n"])
    entries, there = seen_on(facts.events, config, until)
    spans = _spans(config, context, entries)
    if spans:
        widest = max(spans)
        basis = f"{there}, {spans[widest].visitors:,} visitors in {widest} week{'s' * (widest > 1)}"
    else:
        known = row_count(entries)
        nobody = "too few of them by visitors to tell how these vary" if known else "no visitor whose window has closed"
        basis = f"{sold['n']:,} orders in {weeks:.1f} weeks, {nobody}"
    return History(
        basis=basis,
        weeks=weeks,
        spans=spans,
        orders_a_week=sold["n"] / weeks,
        revenue_a_week=(sold["revenue"] or 0.0) / weeks,
        basket_cv=sold["sd"] / sold["mean"] if sold["mean"] and sold["sd"] else 1.0,
        margin_rate=sold["margin"] / sold["costed"] if sold["costed"] else None,
        units=(sold["units"], sold["units_sd"]) if sold["units"] and sold["units_sd"] else None,
        return_rate=sold["returned"] or 0.0,
    )


def seen_on(events: Table, config: ExperimentConfig, until: datetime) -> tuple[Table, str]:
    """Return who was seen when, on the surface if it has a history, before the windows had closed."""
    closed = ibis.literal(until - duration(config.window))
    known = events.filter(events.visitor_id.notnull() & (events.occurred_at <= closed))
    if config.surface == EVERYWHERE:
        return known.select("visitor_id", "occurred_at", "event_id"), "all visitors"
    there = known.filter(known.surface == config.surface)
    basis = f"visitors seen on surface {config.surface!r}"
    if not row_count(there):
        there, basis = known, f"all visitors (surface {config.surface!r} has no history)"
    return there.select("visitor_id", "occurred_at", "event_id"), basis


def _spans(config: ExperimentConfig, context: Context, seen: Table) -> dict[int, Span]:
    """Measure the visitors of the last 1, 2, 4, ... weeks, as far as the history goes; none without variation."""
    dated = seen.select("visitor_id", "occurred_at", "event_id", day=local(seen.occurred_at, context.timezone).cast("date"))
    days = context.facts.kept(dated, "seen")
    ends = one_row(days.agg(first=_.day.min(), last=_.day.max()))
    if ends["first"] is None:
        return {}
    length = _whole_weeks(days, ends["last"], ((ends["last"] - ends["first"]).days + 1) // _WEEK)
    sources, metric = Sources(context.facts, context.rule), metric_named(config.outcome)
    found: dict[int, Span] = {}
    for weeks in sorted({w for w in (1, *HORIZONS, min(length, MOST_WEEKS)) if 0 < w <= length}):
        since = ends["last"] - timedelta(days=_WEEK * weeks)
        first = first_rows(days.filter(days.day > ibis.literal(since)), "visitor_id", [_.occurred_at, _.event_id])
        units = first.select("visitor_id", exposed_at=first.occurred_at)
        values = per_visitor(sources, units, dict.fromkeys([*metric.measures, "revenue"]), duration(config.window))
        column = values[metric.numerator]
        sums = one_row(
            values.agg(
                n=_.count(),
                s1=column.sum(),
                s2=(column * column).sum(),
                s3=(column * column * column).sum(),
                revenue=values.revenue.mean(),
                buyers=(column > 0).cast("int64").sum(),
            )
        )
        span = _span(sums)
        if span is not None:
            found[weeks] = span
    return found


def _whole_weeks(days: Table, last: date, length: int) -> int:
    """Return for how many last weeks the visitors were recorded: back to the first thin one.

    A soft launch, or a gap in the log, would make it seem that few visitors come; a week with less than a third of the
    median week's ends the history.
    """
    if length < 2:  # noqa: PLR2004 - nothing to compare
        return length
    back = (ibis.literal(last).delta(days.day, unit="day") / _WEEK).floor().cast("int64")
    weekly = all_rows(days.mutate(back=back).group_by("back").agg(n=_.visitor_id.nunique()))
    counts = {row["back"]: row["n"] for row in weekly}
    usual = sorted(counts.get(week, 0) for week in range(length))[length // 2]
    thin = (week for week in range(length) if counts.get(week, 0) < usual / _THIN)
    return next(thin, length)


def _span(sums: Mapping[str, float]) -> Span | None:
    n = int(sums["n"])
    if n < 2 or not sums["s1"]:  # noqa: PLR2004 - a variance needs two
        return None
    mean = sums["s1"] / n
    variance = (sums["s2"] - n * mean * mean) / (n - 1)
    if not (mean > 0 and variance > 0):
        return None
    third = sums["s3"] / n - 3 * mean * sums["s2"] / n + 2 * mean**3
    skew = third / ((n - 1) / n * variance) ** 1.5
    return Span(n, mean, math.sqrt(variance) / mean, skew, sums["buyers"] / n, sums["revenue"] or 0.0)


def _weeks(first: datetime, last: datetime, n: int) -> float:
    """Return the weeks that so many orders cover: as long as the gaps between them, and one more of their mean."""
    days = (last.date() - first.date()).days + 1
    if days < _WEEK:
        raise RefusedError(
            f"the recorded orders cover {days} days, from {first:%Y-%m-%d} to {last:%Y-%m-%d}; a plan needs a week at "
            "least to know how many come in one. Record more history."
        )
    spread = (last - first) / timedelta(weeks=1) * n / (n - 1)
    return min(spread, days / _WEEK)
