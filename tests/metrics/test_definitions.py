"""What counts: the definitions themselves."""

from __future__ import annotations

import pytest

from counterclick.errors import UnknownNameError
from counterclick.metrics import MEASURES, METRICS, Metric, Sources, metric_named
from counterclick.metrics.definitions import VISITORS


@pytest.mark.parametrize("metric", METRICS.values(), ids=str)
def test_a_metric_is_made_of_known_measures(metric: Metric) -> None:
    """Numerator and denominator exist, and the sentence is a sentence."""
    assert set(metric.measures) <= set(MEASURES)
    assert metric.numerator in MEASURES
    assert metric.says.endswith(".")
    assert metric.worse in {"lower", "higher"}


def test_measures_come_from_known_tables() -> None:
    """Every measure names a table of the sources, and is used by a metric."""
    assert all(hasattr(Sources, measure.source) for measure in MEASURES.values())
    assert set(MEASURES) == {name for metric in METRICS.values() for name in metric.measures}


def test_only_outcomes_of_all_visitors_decide() -> None:
    """Order value, units per order and rates of buyers never give a verdict."""
    assert {name for name, metric in METRICS.items() if metric.decides} == {
        "revenue_per_visitor",
        "net_revenue_per_visitor",
        "matured_net_revenue_per_visitor",
        "margin_per_visitor",
        "kept_margin_per_visitor",
        "orders_per_visitor",
        "units_per_visitor",
        "conversion",
    }
    assert all(metric.denominator == VISITORS for metric in METRICS.values() if metric.decides)


def test_an_unknown_metric_is_refused_with_the_nearest_name() -> None:
    """A slip of the pen is answered with what was meant."""
    with pytest.raises(UnknownNameError, match="Did you mean 'conversion'"):
        metric_named("conversions")
