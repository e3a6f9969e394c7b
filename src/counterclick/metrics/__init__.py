"""What counts: every number's one definition, with its role: outcome, guardrail or proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.metrics.by_week import Weekly, weekly
    from counterclick.metrics.computing import MetricValue, added_up, compute, rows_of_surface
    from counterclick.metrics.definitions import MEASURES, METRICS, VISITORS, Measure, Metric, metric_named
    from counterclick.metrics.periods import Period, period_of
    from counterclick.metrics.sources import Sources
    from counterclick.metrics.spans import Measured, within_periods
    from counterclick.metrics.visitors import Span, activity, per_visitor

__all__ = [
    "MEASURES",
    "METRICS",
    "VISITORS",
    "Measure",
    "Measured",
    "Metric",
    "MetricValue",
    "Period",
    "Sources",
    "Span",
    "Weekly",
    "activity",
    "added_up",
    "compute",
    "metric_named",
    "per_visitor",
    "period_of",
    "rows_of_surface",
    "weekly",
    "within_periods",
]

__getattr__ = exports(
    __name__,
    {
        "MEASURES": "definitions",
        "METRICS": "definitions",
        "Measure": "definitions",
        "Measured": "spans",
        "Metric": "definitions",
        "MetricValue": "computing",
        "Period": "periods",
        "Sources": "sources",
        "Span": "visitors",
        "VISITORS": "definitions",
        "Weekly": "by_week",
        "activity": "visitors",
        "added_up": "computing",
        "compute": "computing",
        "metric_named": "definitions",
        "per_visitor": "visitors",
        "period_of": "periods",
        "rows_of_surface": "computing",
        "weekly": "by_week",
        "within_periods": "spans",
    },
)
