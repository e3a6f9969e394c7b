"""Metrics week by week, and of each surface where their rows name one: each table is read once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ibis

from counterclick.metrics.compute import MetricValue, added_up, keyed_by, visitors_seen
from counterclick.metrics.definitions import MEASURES, VISITORS, Measure, Metric
from counterclick.metrics.sources import OWN_SURFACE, Sources

__all__ = ["Weekly", "weekly"]

_Sums = dict[str | None, dict[str, float | None]]
"""Surface (None for the whole shop) -> Monday -> total."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """A ratio week by week.

    Attributes:
        metric: its definition.
        surface: of which surface; None for the whole shop.
        weeks: one figure for each week in which something happened, in their order; the key is the week's Monday.
    """

    metric: Metric
    surface: str | None
    weeks: tuple[MetricValue, ...]


def weekly(sources: Sources, metrics: Iterable[Metric], *, timezone: str = "UTC") -> list[Weekly]:
    """Return ratios by week, of each surface where rows of the numerator name theirs.

    What is per visitor is over all visitors of that week, whatever surface they met, so that it moves with what the
    surface does and not with whom it meets.

    Args:
        sources: tables.
        metrics: which ones; none of them a total.
        timezone: in which weeks begin.
    """
    wanted = list(metrics)
    needed: dict[tuple[str, bool], dict[str, Measure]] = {}
    for metric in wanted:
        for name in metric.measures:
            of_visitors = metric.denominator == VISITORS
            needed.setdefault((MEASURES[name].source, of_visitors), {})[name] = MEASURES[name]
    sums = {
        (name, known): found
        for (source, known), measures in needed.items()
        for name, found in _sums(sources, source, measures, timezone, known=known).items()
    }
    seen = _seen(sources, timezone) if any(metric.denominator == VISITORS for metric in wanted) else {}
    found: list[Weekly] = []
    for metric in wanted:
        known = metric.denominator == VISITORS
        above = sums[metric.numerator, known]
        below = dict.fromkeys(above, seen) if known else sums[str(metric.denominator), known]
        for surface in sorted({*above, *below}, key=str):
            weeks = _ratios(above.get(surface, {}), below.get(surface, {}))
            found.append(Weekly(metric, surface, weeks))
    return found


def _sums(sources: Sources, source: str, measures: Mapping[str, Measure], timezone: str, *, known: bool) -> dict[str, _Sums]:
    """Return what the measures of one table add up to, by surface where its rows name one."""
    rows = sources.rows(source)
    if known:
        rows = rows.filter(rows.visitor_id.notnull())
    place = ibis.null("string")
    if source in OWN_SURFACE:
        rows = rows.filter(rows.surface.notnull())
        place = rows.surface
    keyed = rows.mutate(key=keyed_by(rows, "week", timezone), place=place)
    totals = {f"total_{name}": added_up(keyed, measure) for name, measure in measures.items()}
    whole = keyed.group_by("place", "key").agg(**totals).to_pyarrow().to_pylist()
    found: dict[str, _Sums] = {name: {} for name in measures}
    for row in whole:
        for name in measures:
            found[name].setdefault(row["place"], {})[row["key"]] = row[f"total_{name}"]
    return found


def _seen(sources: Sources, timezone: str) -> dict[str, float | None]:
    return {row["key"]: row["total"] for row in visitors_seen(sources, "week", timezone).to_pyarrow().to_pylist()}


def _ratios(above: Mapping[str, float | None], below: Mapping[str, float | None]) -> tuple[MetricValue, ...]:
    found = []
    for week in sorted({*above, *below}):
        numerator, denominator = above.get(week, 0.0), below.get(week) or 0.0
        value = numerator / denominator if numerator is not None and denominator else None
        found.append(MetricValue(week, value, numerator, denominator))
    return tuple(found)
