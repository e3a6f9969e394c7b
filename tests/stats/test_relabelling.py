"""The statistic that re-randomisation draws, and its edges."""

from __future__ import annotations

import numpy as np
import pytest

from counterclick.errors import RefusedError
from counterclick.stats import Moments, log_ratio_lift
from counterclick.stats.relabelling import observed_log_ratio, relabel, studentised

BASE, TOP = np.array([10.0, 20.0, 40.0]), np.array([30.0, 30.0])


def rows(*sums: tuple[float, float]) -> np.ndarray:
    return np.array(sums, dtype=float)


def test_the_statistic_is_that_of_the_log_ratio_lift() -> None:
    """Buyers' sums and visitor counts give the same log ratio and standard error as visitors' moments."""
    control = Moments.from_values(["r"], np.append(BASE, np.zeros(17)))
    treatment = Moments.from_values(["r"], np.append(TOP, np.zeros(8)))
    lift = log_ratio_lift(control, treatment, "r")
    log_ratio, se = observed_log_ratio(BASE, TOP, 20, 10)
    assert (np.expm1(log_ratio), se) == pytest.approx((lift.value, lift.se))


def test_an_arm_without_buyers_is_most_extreme() -> None:
    """Nothing sold in treatment: minus infinity; nothing in control: plus; one visitor is no arm."""
    sold, nothing, n = rows((60, 1800)), rows((0, 0)), np.array([20.0])
    assert studentised(nothing, n, sold, n)[0] == -np.inf
    assert studentised(sold, n, nothing, n)[0] == np.inf
    assert studentised(sold, n, rows((60, 3600)), np.array([1.0]))[0] == np.inf


def test_certain_rows_are_infinite_or_zero() -> None:
    """Where every visitor of an arm spends the same, any difference is certain, and none is none."""
    two = np.array([2.0])
    assert studentised(rows((4, 8)), two, rows((2, 2)), two)[0] == np.inf
    assert studentised(rows((2, 2)), two, rows((4, 8)), two)[0] == -np.inf
    assert studentised(rows((2, 2)), two, rows((2, 2)), two)[0] == 0


def test_labels_follow_the_design() -> None:
    """A fifth of the amounts and of the visitors, from either arm, goes into a treatment with share .2."""
    labels = relabel(BASE, TOP, 95, 0.2, 20_000, seed=1)
    assert labels.visitors.mean() == pytest.approx(20, rel=0.01)
    assert labels.control[:, 0].mean() == pytest.approx(14, rel=0.03)
    assert labels.treated[:, 1].mean() == pytest.approx(360, rel=0.03)
    assert labels.visitors.var() == pytest.approx(100 * 0.2 * 0.8, rel=0.05)


def test_visitors_who_all_spend_the_same_are_refused() -> None:
    """Without variation there is no standard error."""
    with pytest.raises(RefusedError, match="spent the same"):
        observed_log_ratio(np.array([5.0, 5.0]), np.array([5.0, 5.0]), 2, 2)
