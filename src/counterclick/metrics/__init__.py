"""What counts: every number's one definition, with its role: outcome, guardrail or proxy."""

from counterclick.metrics.compute import MetricValue, compute
from counterclick.metrics.definitions import MEASURES, METRICS, VISITORS, Measure, Metric, metric_named
from counterclick.metrics.periods import Period, period_of
from counterclick.metrics.sources import Sources
from counterclick.metrics.spans import Measured, within_periods
from counterclick.metrics.visitors import Span, activity, per_visitor
from counterclick.metrics.weekly import Weekly, weekly

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
    "compute",
    "metric_named",
    "per_visitor",
    "period_of",
    "weekly",
    "within_periods",
]
