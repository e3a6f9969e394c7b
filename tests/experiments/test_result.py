"""The table of estimates."""

from __future__ import annotations

import numpy as np
import pytest

from builders import config
from counterclick.errors import RefusedError
from counterclick.metrics import metric_named
from counterclick.stats import benjamini_hochberg, holm, log_ratio_lift, rerandomised_lift, welch_difference
from experiments.arms import measured, spend, table

EVEN = spend(20_000, 1_000)
THREE = {"nothing": 0.3333, "a": 0.3334, "b": 0.3333}


def test_every_contrast_has_every_metric() -> None:
    """The verdict's contrast stands first; other arms against the control and the feature against nothing follow."""
    found = table(measured({"nothing": EVEN * 0.9, "a": EVEN, "b": EVEN * 1.1}), variants=THREE)
    contrasts = list(dict.fromkeys((row.treatment, row.against) for row in found.rows))
    assert contrasts == [("b", "a"), ("nothing", "a"), ("b", "nothing")]
    assert len({row.metric for row in found.rows}) * 3 == len(found.rows)
    assert [(row.metric, row.treatment) for row in found.rows if row.is_verdict] == [("revenue_per_visitor", "b")]
    assert found.row("revenue_per_visitor", "b", "nothing").lift is not None
    assert [(arm.name, arm.n_visitors, arm.n_buyers, round(arm.revenue)) for arm in found.arms] == [
        ("nothing", 20_000, 1_000, 90_000),
        ("a", 20_000, 1_000, 100_000),
        ("b", 20_000, 1_000, 110_000),
    ]


def test_p_values_are_adjusted_as_labelled() -> None:
    """Holm over the outcome's other contrasts, Benjamini-Hochberg over other metrics, the verdict's own untouched."""
    found = table(measured({"nothing": EVEN * 0.9, "a": EVEN, "b": EVEN * 1.1}), variants=THREE)
    assert found.row("revenue_per_visitor").p_adjusted is None
    others = [row for row in found.rows if row.metric == "revenue_per_visitor" and not row.is_verdict]
    assert [row.p_adjusted for row in others] == holm([row.lift.p_value for row in others if row.lift])
    metrics = [row for row in found.rows if row.treatment == "b" and row.against == "a" and not row.is_verdict]
    metrics = [row for row in metrics if row.lift is not None]
    assert [row.p_adjusted for row in metrics] == benjamini_hochberg([row.lift.p_value for row in metrics if row.lift])
    assert "Benjamini-Hochberg over metrics, Holm over arms" in str(found).replace("\n ", "")


def test_estimates_are_the_statistics_rooms() -> None:
    """With many buyers the log ratio and Welch's difference; order value as a ratio of the same visitors."""
    arms = measured({"a": EVEN, "b": EVEN * 1.1})
    control, feature = arms.arms["a"], arms.arms["b"]
    row = table(arms).row("revenue_per_visitor")
    assert (row.base, row.value) == (pytest.approx(5), pytest.approx(5.5))
    assert row.lift == log_ratio_lift(control, feature, "revenue")
    assert row.difference == welch_difference(control, feature, "revenue")
    aov = table(arms).row("aov")
    assert (aov.base, aov.difference) == (pytest.approx(100), None)
    assert aov.lift == log_ratio_lift(control, feature, "revenue", "orders")


def test_few_buyers_are_rerandomised_with_the_designs_share() -> None:
    """399 buyers in the smaller arm: the outcome's lift comes from re-randomisation, other metrics' does not."""
    a, b = spend(9_000, 900), spend(3_990, 399, seed=2)
    found = table(measured({"a": a, "b": b}), variants={"a": 0.7, "b": 0.3})
    expected = rerandomised_lift(np.sort(a[a > 0]), np.sort(b[b > 0]), 9_000, 3_990, 0.3).lift
    row = found.row("revenue_per_visitor")
    assert row.lift is not None
    assert row.lift == expected
    conversion = found.row("conversion").lift
    assert conversion is not None
    assert "log ratio of buyers" in conversion.method


def test_negative_margins_are_not_rerandomised() -> None:
    """A margin below zero cannot be relabelled as an amount; the log ratio of the means stands in."""
    found = measured({"a": spend(1_000, 100), "b": spend(1_000, 100, seed=2)})
    mixed = {name: np.append(amounts, -1.0) for name, amounts in found.amounts.items()}
    arms = measured({"a": spend(1_000, 100), "b": spend(1_000, 100, seed=2)}, amounts=mixed)
    row = table(arms, outcome="margin_per_visitor").row("margin_per_visitor")
    assert row.lift is not None
    assert "log ratio of margin" in row.lift.method


def test_a_control_that_sold_nothing_is_refused_row_by_row() -> None:
    """No lift and no made-up number: the reason stands in its place, the difference remains."""
    found = table(measured({"a": spend(1_000, 0), "b": EVEN}))
    row = found.row("revenue_per_visitor")
    assert row.lift is None
    assert row.refused
    assert row.difference is not None
    assert "refused" in str(found)


def test_a_row_that_is_not_there_is_refused() -> None:
    """Asking for a metric that was not measured says so."""
    with pytest.raises(RefusedError, match="no row for 'ctr'"):
        table(measured({"a": EVEN, "b": EVEN[::-1]})).row("ctr")
    assert metric_named(config().outcome).decides


def test_it_fits_80_columns() -> None:
    """Long names of arms and all."""
    arms = {"a-very-long-name-of-a-control": EVEN, "an-even-longer-name-of-a-treatment": EVEN * 1.1}
    shares = dict.fromkeys(arms, 0.5)
    found = table(measured(arms), variants=shares, control="a-very-long-name-of-a-control")
    assert all(len(line) <= 80 for line in str(found).splitlines())
