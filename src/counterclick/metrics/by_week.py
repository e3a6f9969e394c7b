"""Metrics week by week, and of each surface where their rows name one: each table is read once for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis

from counterclick.facts.local_time import even_span
from counterclick.facts.rows import all_rows
from counterclick.metrics.computing import MetricValue, added_up, keyed_by, visitors_seen
from counterclick.metrics.definitions import MEASURES, VISITORS, Metric
from counterclick.metrics.sources import OWN_SURFACE, Sources

__all__ = ["Weekly", "weekly"]

_ZERO = datetime(1970, 1, 1)  # noqa: DTZ001 - the wall clock of UTC, as `local` reads it
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
    needed: dict[str, set[tuple[str, bool]]] = {}
    for metric in wanted:
        for name in metric.measures:
            needed.setdefault(MEASURES[name].source, set()).add((name, metric.denominator == VISITORS))
    sums = {key: found for source, keys in needed.items() for key, found in _sums(sources, source, keys, timezone).items()}
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


def _sums(
    sources: Sources, source: str, measures: Collection[tuple[str, bool]], timezone: str
) -> dict[tuple[str, bool], _Sums]:
    """Return what measures of one table add up to, by surface where its rows name one.

    Args:
        sources: tables.
        source: the table.
        measures: names, and whether only rows count whose visitor is known.
        timezone: in which weeks begin.
    """
    rows = sources.rows(source)
    place = ibis.null("string")
    if source in OWN_SURFACE:
        rows = rows.filter(rows.surface.notnull())
        place = rows.surface
    totals = {key: f"{'known' if key[1] else 'all'}_{key[0]}" for key in sorted(measures)}
    placed = rows.mutate(place=place)
    sums = {
        total: added_up(placed, MEASURES[name], placed.visitor_id.notnull() if known else None)
        for (name, known), total in totals.items()
    }
    if all(MEASURES[name].amount for name, _known in measures):  # sums of sums: not each row is asked for its week
        seconds = even_span(timezone)
        short = placed.group_by("place", span=placed.measured_at.epoch_seconds() // seconds).agg(**sums)
        placed = short.mutate(measured_at=ibis.literal(_ZERO) + (short.span * seconds).as_interval("s"))
        sums = {total: placed[total].sum() for total in sums}
    added = placed.group_by("place", key=keyed_by(placed, "week", timezone)).agg(**sums)
    found: dict[tuple[str, bool], _Sums] = {key: {} for key in totals}
    for row in all_rows(added):
        for key, total in totals.items():
            found[key].setdefault(row["place"], {})[row["key"]] = row[total]
    return found


def _seen(sources: Sources, timezone: str) -> dict[str, float | None]:
    return {row["key"]: row["total"] for row in all_rows(visitors_seen(sources, "week", timezone))}


def _ratios(above: Mapping[str, float | None], below: Mapping[str, float | None]) -> tuple[MetricValue, ...]:
    found = []
    for week in sorted({*above, *below}):
        numerator, denominator = above.get(week, 0.0), below.get(week) or 0.0
        value = numerator / denominator if numerator is not None and denominator else None
        found.append(MetricValue(week, value, numerator, denominator))
    return tuple(found)
