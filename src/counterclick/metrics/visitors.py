"""From definitions to the numbers of single visitors, each within a span of time after its first eligibility."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import ibis
from ibis.expr.types import Column, Table

from counterclick.metrics.definitions import MEASURES, Measure
from counterclick.metrics.sources import Sources

__all__ = ["Span", "activity", "per_visitor"]


@dataclass(frozen=True, slots=True)
class Span:
    """A measure within a span of time.

    Attributes:
        measure: name of the measure.
        begin: after first eligibility; negative for before it.
        end: after first eligibility, excluded.
    """

    measure: str
    begin: timedelta
    end: timedelta


def activity(sources: Sources, units: Table, spans: Mapping[str, Span]) -> Table:
    """Return what the visitors amounted to with whom anything happened; for all others every column would be 0.

    Grain: one visitor. Columns: those of ``units``, and one float64 column for each span.

    Args:
        sources: tables, with orders of assigned visitors.
        units: visitor_id, exposed_at and more, one row a visitor.
        spans: column -> measure and span of time.
    """
    by_source: dict[str, dict[str, Span]] = {}
    for column, span in spans.items():
        by_source.setdefault(MEASURES[span.measure].source, {})[column] = span
    parts = [_summed(sources.rows(source), units, wanted) for source, wanted in by_source.items()]
    if len(parts) == 1:
        return parts[0]
    whole = ibis.union(*(_filled(part, units.columns, spans) for part in parts))
    return whole.group_by(*units.columns).agg(**{column: whole[column].sum() for column in spans})


def per_visitor(sources: Sources, units: Table, measures: Iterable[str], window: timedelta) -> Table:
    """Add to each visitor what it amounted to within the window after its first eligibility; 0 where nothing happened.

    Grain: one visitor. Columns: those of ``units``, and one float64 column for each measure.
    """
    spans = {name: Span(name, timedelta(0), window) for name in measures}
    active = activity(sources, units, spans).select(_unit="visitor_id", **{f"_{name}": name for name in spans})
    joined = units.left_join(active, units.visitor_id == active["_unit"])
    return joined.select(*units.columns, **{name: ibis.coalesce(joined[f"_{name}"], 0.0) for name in spans})


def _summed(rows: Table, units: Table, wanted: Mapping[str, Span]) -> Table:
    """Sum one table's measures for each visitor who has rows within the widest of the spans."""
    own = units.rename({f"_{name}": name for name in units.columns})
    first, last = min(span.begin for span in wanted.values()), max(span.end for span in wanted.values())
    inside = rows.join(
        own,
        [
            rows.visitor_id == own["_visitor_id"],
            rows.measured_at >= _after(own["_exposed_at"], first),
            rows.measured_at < _after(own["_exposed_at"], last),
        ],
    )
    sums = {column: _sum(inside, MEASURES[span.measure], span) for column, span in wanted.items()}
    return inside.group_by(**{name: inside[f"_{name}"] for name in units.columns}).agg(**sums)


def _sum(inside: Table, measure: Measure, span: Span) -> Column:
    begin, end = _after(inside["_exposed_at"], span.begin), _after(inside["_exposed_at"], span.end)
    within = (inside.measured_at >= begin) & (inside.measured_at < end)
    if measure.amount is None:
        return within.any().cast("float64")
    return ibis.coalesce(measure.amount(inside).sum(where=within).cast("float64"), 0.0)


def _filled(part: Table, keys: Sequence[str], spans: Mapping[str, Span]) -> Table:
    columns = {name: part[name] if name in part.columns else ibis.literal(0.0) for name in spans}
    return part.select(*keys, **columns)


def _after(moment: Column, span: timedelta) -> Column:
    seconds = int(span.total_seconds())
    return moment + ibis.interval(seconds=seconds) if seconds >= 0 else moment - ibis.interval(seconds=-seconds)
