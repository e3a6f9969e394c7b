"""What counts: every number's one definition, with its role: outcome, guardrail or proxy."""

from counterclick.metrics.compute import MetricValue, compute, per_visitor
from counterclick.metrics.definitions import MEASURES, METRICS, Measure, Metric, metric_named
from counterclick.metrics.sources import Sources

__all__ = [
    "MEASURES",
    "METRICS",
    "Measure",
    "Metric",
    "MetricValue",
    "Sources",
    "compute",
    "metric_named",
    "per_visitor",
]
