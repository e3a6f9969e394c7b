"""How much of what is credited was earned."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from counterclick.errors import RefusedError
from counterclick.stats import Moments, incrementality_ratio, welch_difference

NAMES = ("revenue", "credit")


def arms(n: int, effect: float, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return values of both arms, shape (n, 2): one visitor in ten buys, a share of the treatment's buyers is credited."""
    rng = np.random.default_rng(seed)
    control, treatment = (rng.gamma(2, 20 * (1 + lift), n) * (rng.random(n) < 0.1) for lift in (0.0, effect))
    credit = treatment * (rng.random(n) < share)
    return np.column_stack([control, np.zeros(n)]), np.column_stack([treatment, credit])


def moments(values: np.ndarray) -> Moments:
    return Moments.from_values(NAMES, values)


def test_the_ends_are_where_the_test_of_revenue_less_r_times_credit_is_on_the_edge() -> None:
    """Oracle: at both ends SciPy's Welch test, on revenue less r times credit, has p = 0.05 (its own df differ a little)."""
    control, treatment = arms(4_000, 0.3, 0.5, seed=1)
    found = incrementality_ratio(moments(control), moments(treatment), "credit")

    def excess(r: float) -> float:
        return float(stats.ttest_ind(treatment[:, 0] - r * treatment[:, 1], control[:, 0], equal_var=False).pvalue) - 0.05

    assert found.lower == pytest.approx(optimize.brentq(excess, found.lower - 1, found.value), abs=1e-3)
    assert found.upper == pytest.approx(optimize.brentq(excess, found.value, found.upper + 1), abs=1e-3)


def test_it_excludes_zero_exactly_where_the_difference_is_significant() -> None:
    """Over 40 shops, some with an effect and some without, both say the same."""
    said = set()
    for seed in range(40):
        control, treatment = (moments(values) for values in arms(600, 0.4 if seed % 2 else 0.0, 0.6, seed))
        found = incrementality_ratio(control, treatment, "credit")
        significant = welch_difference(control, treatment, "revenue").p_value < 0.05
        assert (found.lower > 0 or found.upper < 0) == significant
        said.add(significant)
    assert said == {True, False}


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Simulation: true ratio 0.3 / 1.3 / 0.5; in 1,000 shops the interval misses it in 5 % +- 2 points."""
    truth = 0.3 / 1.3 / 0.5
    missed = 0
    for seed in range(1_000):
        control, treatment = (moments(values) for values in arms(1_500, 0.3, 0.5, seed))
        found = incrementality_ratio(control, treatment, "credit")
        missed += not found.lower <= truth <= found.upper
    assert 30 <= missed <= 70


def test_the_covariance_counts() -> None:
    """Where all is credited, revenue and credit are one: with a control of nothing the ratio is 1, without any doubt."""
    values = np.array([[0.0, 0.0], [10.0, 10.0], [30.0, 30.0], [20.0, 20.0]] * 30)
    nothing = np.zeros((120, 2))
    nothing[0] = 1e-9
    found = incrementality_ratio(moments(nothing), moments(values), "credit")
    assert (found.value, found.lower, found.upper) == pytest.approx((1, 1, 1), abs=1e-6)


def test_no_credit_no_ratio() -> None:
    """Nothing is credited, or so little that it may be nothing: the ratio may be anything, and is refused."""
    control, treatment = arms(500, 0.1, 0.0, seed=3)
    with pytest.raises(RefusedError, match="not distinct from zero"):
        incrementality_ratio(moments(control), moments(treatment), "credit")
    treatment[0] = [5.0, 5.0]
    with pytest.raises(RefusedError, match="More credited orders"):
        incrementality_ratio(moments(control), moments(treatment), "credit")
