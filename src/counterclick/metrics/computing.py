"""From definitions to figures of the whole shop, by period or surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import ibis
from ibis import _
from ibis.expr.types import Column, Table

from counterclick.facts.local_time import local
from counterclick.facts.rows import all_rows
from counterclick.metrics.definitions import MEASURES, VISITORS, Measure, Metric
from counterclick.metrics.sources import OWN_SURFACE, Sources

__all__ = ["By", "MetricValue", "added_up", "compute", "keyed_by", "rows_of_surface", "visitors_seen"]

By = Literal["day", "week", "month", "surface"]
_TRUNCATED = {"day": "D", "week": "W", "month": "M"}


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One figure.

    Attributes:
        key: the period's first day (ISO 8601), the surface, or None for the whole shop.
        value: numerator over denominator, or the total; None where the denominator is zero or the numerator not known.
        numerator: what was added up; None where rows are there and none of their amounts is known, such as margins
            without unit costs.
        denominator: what it was divided by; None for totals.
    """

    key: str | None
    value: float | None
    numerator: float | None
    denominator: float | None


def compute(sources: Sources, metric: Metric, by: By | None = None, *, timezone: str = "UTC") -> list[MetricValue]:
    """Return a metric of the shop.

    By a period, a row counts where it happened (an order's returns where the order did). By surface, a metric whose
    parts all belong to surfaces (clicks, answers, credits) counts them there; of all others the rows of the visitors
    who met the surface count, so that a visitor who met two is in both. That is a description, never an effect.
    Per visitor, only rows whose visitor is known are counted. A shop without events has one figure, which is None
    (0 for a total), and no periods or surfaces.

    Args:
        sources: tables.
        metric: which one.
        by: day, week, month or surface; None for the whole.
        timezone: in which periods begin.
    """
    own = by == "surface" and all(MEASURES[name].source in OWN_SURFACE for name in metric.measures)
    own = own and metric.denominator != VISITORS
    known = metric.denominator == VISITORS
    parts = [_total(sources, MEASURES[metric.numerator], by, timezone, own=own, known=known).rename(numerator="total")]
    if metric.denominator == VISITORS:
        parts.append(visitors_seen(sources, by, timezone).rename(denominator="total"))
    elif metric.denominator is not None:
        parts.append(
            _total(sources, MEASURES[metric.denominator], by, timezone, own=own, known=False).rename(denominator="total")
        )
    table = parts[0] if len(parts) == 1 else _outer(*parts)
    rows = all_rows(table.order_by("key"))
    if by is None:
        rows = rows or [{"key": None, "numerator": 0.0, "denominator": 0.0}]
        rows[0]["key"] = None
    return [_value(row, total=metric.denominator is None) for row in rows]


def _total(sources: Sources, measure: Measure, by: By | None, timezone: str, *, own: bool, known: bool) -> Table:
    rows = getattr(sources, measure.source)
    if known:
        rows = rows.filter(rows.visitor_id.notnull())
    if by == "surface" and not own:
        rows = rows.drop("surface") if "surface" in rows.columns else rows
        met = _met(sources).rename(_visitor="visitor_id")
        rows = rows.join(met, rows.visitor_id == met["_visitor"])
    keyed = rows.mutate(key=keyed_by(rows, by, timezone))
    return keyed.group_by("key").agg(total=added_up(keyed, measure))


def rows_of_surface(sources: Sources, source: str, surface: str | None, *, own: bool = True) -> Table:
    """Return the rows of a table that count for a surface: its own where they name theirs, else those of who met it.

    Args:
        sources: tables.
        source: which of them.
        surface: which; None for all rows.
        own: false for those of who met it in any case, as figures per visitor count.
    """
    rows: Table = getattr(sources, source)
    if surface is None:
        return rows
    if own and source in OWN_SURFACE:
        return rows.filter(rows.surface == surface)
    met = _met(sources).filter(_.surface == surface).select(_visitor="visitor_id")
    return rows.semi_join(met, rows.visitor_id == met["_visitor"])


def added_up(rows: Table, measure: Measure, where: Column | None = None) -> Column:
    """Return what a measure adds up to over rows of its table, or those of a condition: an aggregate, float64."""
    whole = rows.visitor_id.nunique(where=where) if measure.amount is None else measure.amount(rows).sum(where=where)
    return whole.cast("float64")


def visitors_seen(sources: Sources, by: By | None, timezone: str) -> Table:
    """Return how many visitors were seen: key, total. Grain: one period or surface.

    A visitor was there in the periods in which its sessions began and ended. Who was only sent a message was not seen.
    """
    if by == "surface":
        met = _met(sources)
        return met.group_by(key="surface").agg(total=met.count().cast("float64"))
    visits = sources.facts.sessions
    if by is None:
        return visits.agg(key=ibis.literal("all"), total=visits.visitor_id.nunique().cast("float64"))
    ends = [visits.select("visitor_id", measured_at=visits[name]) for name in ("started_at", "ended_at")]
    at = ibis.union(*ends)
    once = at.select("visitor_id", key=keyed_by(at, by, timezone)).distinct()
    seen = sources.facts.kept(once, f"seen by {by} {timezone}", ("visitor_id",))
    return seen.group_by("key").agg(total=seen.count().cast("float64"))


def _met(sources: Sources) -> Table:
    events = sources.facts.events
    return events.filter(events.surface.notnull() & events.visitor_id.notnull()).select("surface", "visitor_id").distinct()


def keyed_by(rows: Table, by: By | None, timezone: str) -> ibis.Value:
    """Return the key of each row: its period's first day, or its surface."""
    if by is None:
        return ibis.literal("all")
    if by == "surface":
        return rows.surface
    return local(rows.measured_at, timezone).truncate(_TRUNCATED[by]).cast("date").cast("string")


def _outer(left: Table, right: Table) -> Table:
    right = right.rename(_key="key")
    joined = left.outer_join(right, left.key == right["_key"])
    return joined.select(
        key=ibis.coalesce(joined.key, joined["_key"]),
        numerator=ibis.ifelse(joined.key.isnull(), 0.0, joined.numerator),  # null: its amounts are not known
        denominator=ibis.ifelse(joined["_key"].isnull(), 0.0, joined.denominator),
    )


def _value(row: dict[str, float | str | None], *, total: bool) -> MetricValue:
    key = None if row["key"] is None else str(row["key"])
    if row["numerator"] is None:
        return MetricValue(key, None, None, None if total else float(row["denominator"] or 0))
    numerator = float(row["numerator"])
    if total:
        return MetricValue(key, numerator, numerator, None)
    denominator = float(row["denominator"] or 0)
    return MetricValue(key, numerator / denominator if denominator else None, numerator, denominator)
