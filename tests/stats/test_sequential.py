"""Bounds, chances of stopping and what an early stop does to estimates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from counterclick.errors import RefusedError
from counterclick.stats import (
    crossing,
    drift_for_power,
    median_unbiased,
    obrien_fleming_spending,
    spending_bounds,
    stagewise_p_value,
)

QUARTERS = [0.25, 0.5, 0.75, 1.0]


def bounds_of(times: list[float]) -> tuple[float, ...]:
    """Return the bounds of looks at these fractions."""
    return spending_bounds(times, [obrien_fleming_spending(time) for time in times])


def walks(times: list[float], n: int, drift: float = 0.0, seed: int = 1) -> np.ndarray:
    """Return n standardised statistics at each look, from simulated increments."""
    steps = np.diff([0.0, *times])
    moved = np.random.default_rng(seed).normal(drift * steps, np.sqrt(steps), (n, len(times)))
    return moved.cumsum(axis=1) / np.sqrt(times)


def test_one_look_is_the_normal_quantile() -> None:
    """A single look that spends 2.5 % has the bound 1.96, at any information."""
    assert spending_bounds([40.0], [0.025]) == pytest.approx([stats.norm.isf(0.025)])


def test_two_looks_agree_with_a_bivariate_normal() -> None:
    """The second bound is where SciPy's bivariate normal, of correlation sqrt(t1 / t2), leaves what is to be spent."""
    first, second = spending_bounds([0.3, 1.0], [0.004, 0.025])
    assert first == pytest.approx(stats.norm.isf(0.004))
    both = stats.multivariate_normal(cov=[[1, math.sqrt(0.3)], [math.sqrt(0.3), 1]])
    assert 1 - both.cdf([first, second]) == pytest.approx(0.025, abs=1e-6)


@pytest.mark.parametrize("times", [QUARTERS, [0.02, 0.1, 0.11, 0.7, 1.0], [i / 56 for i in range(1, 57)]])
def test_the_bounds_spend_exactly_what_they_may(times: list[float]) -> None:
    """Without drift the chance of crossing by each look, as integrated anew, is the spending function."""
    bounds = bounds_of(times)
    spent = np.cumsum(crossing(times, bounds).upper)
    assert spent == pytest.approx([obrien_fleming_spending(time) for time in times], abs=2e-6)


def test_the_unit_of_information_does_not_matter() -> None:
    """Buyers or fractions: bounds are the same."""
    spent = [obrien_fleming_spending(time) for time in QUARTERS]
    assert spending_bounds([1_000 * time for time in QUARTERS], spent) == pytest.approx(spending_bounds(QUARTERS, spent))


def test_crossing_agrees_with_simulated_walks() -> None:
    """Chances of stopping at each look with a drift, against 400,000 walks."""
    bounds = np.array(bounds_of(QUARTERS))
    found = crossing(QUARTERS, tuple(bounds), drift=2.5)
    paths = walks(QUARTERS, 400_000, drift=2.5)
    out = np.abs(paths) >= bounds
    first = np.where(out.any(axis=1), out.argmax(axis=1), -1)
    for look in range(4):
        share = np.mean((first == look) & (paths[:, look] > 0))
        assert found.upper[look] == pytest.approx(share, abs=4 * math.sqrt(share / 400_000) + 1e-5)


def test_power_of_weekly_looks_is_near_that_of_a_fixed_test() -> None:
    """Seven weekly looks cost less than a point where a fixed test has 93.5 % power, and 1.4 points where it has 80 %."""
    times = [week / 8 for week in range(2, 9)]
    bounds = bounds_of(times)
    for power, cost in ((0.935, 0.01), (0.8, 0.014)):
        fixed = stats.norm.isf(0.025) + stats.norm.isf(1 - power)
        assert power - cost < sum(crossing(times, bounds, fixed).upper) < power
    assert sum(crossing(times, bounds, drift_for_power(times, bounds, 0.8)).upper) == pytest.approx(0.8)


def test_the_median_unbiased_estimate_is_too_large_as_often_as_too_small() -> None:
    """Over 4,000 walks that stop early or late, half of the estimates exceed the truth; of the plain ones many more."""
    bounds = np.array(bounds_of(QUARTERS))
    truth = 2.8
    above = plain = 0
    paths = walks(QUARTERS, 4_000, drift=truth, seed=3)
    for path in paths:
        out = np.flatnonzero(np.abs(path) >= bounds)
        last = int(out[0]) if len(out) else 3
        above += median_unbiased(QUARTERS[: last + 1], tuple(bounds[: last + 1]), path[last]) > truth
        plain += path[last] / math.sqrt(QUARTERS[last]) > truth
    low, high = stats.binom(4_000, 0.5).interval(0.999)
    assert low <= above <= high
    assert plain > high


def test_one_look_needs_no_correction() -> None:
    """After a single look the estimate is the statistic itself, and the p-value the plain one."""
    assert median_unbiased([9.0], [2.0], 2.4) * 3 == pytest.approx(2.4)
    assert stagewise_p_value([9.0], [2.0], -2.4) == pytest.approx(2 * stats.norm.sf(2.4))


def test_the_stagewise_p_value_is_below_five_percent_where_a_bound_was_crossed() -> None:
    """At the bound itself it is what has been spent, on both sides."""
    bounds = bounds_of(QUARTERS)
    for last in range(4):
        own = [QUARTERS[: last + 1], bounds[: last + 1]]
        assert stagewise_p_value(own[0], own[1], bounds[last]) == pytest.approx(
            2 * obrien_fleming_spending(QUARTERS[last]), rel=1e-3
        )
        assert stagewise_p_value(own[0], own[1], bounds[last] + 0.1) < 2 * obrien_fleming_spending(QUARTERS[last])


def test_nothing_may_be_spent_at_no_information() -> None:
    """The spending function starts at 0 and ends at the whole; where nothing is spent, no bound can be crossed."""
    assert obrien_fleming_spending(0) == 0
    assert obrien_fleming_spending(1.3) == 0.025
    assert spending_bounds([1.0, 2.0], [0.0, 0.025])[0] == math.inf


@pytest.mark.parametrize(
    ("information", "spent", "says"),
    [
        ([], [], "each look needs one"),
        ([1.0], [0.01, 0.02], "each look needs one"),
        ([1.0, 1.0], [0.01, 0.02], "rises from look to look"),
        ([0.0, 1.0], [0.01, 0.02], "starts above 0"),
        ([1.0, math.inf], [0.01, 0.02], "rises"),
        ([1.0, 2.0], [0.02, 0.01], "never falls"),
        ([1.0], [1.0], "below 1"),
        ([1.0], [-0.1], "starts at 0"),
    ],
)
def test_what_cannot_be_is_refused(information: list[float], spent: list[float], says: str) -> None:
    """Each refusal says what would be right."""
    with pytest.raises(RefusedError, match=says):
        spending_bounds(information, spent)


def test_other_refusals() -> None:
    """Fractions, bounds, powers and statistics that cannot be."""
    with pytest.raises(RefusedError, match="number from 0"):
        obrien_fleming_spending(-0.1)
    with pytest.raises(RefusedError, match="bounds lie above 0"):
        crossing([1.0], [0.0])
    with pytest.raises(RefusedError, match="must exceed the error rate"):
        drift_for_power([1.0], [1.96], 0.02)
    with pytest.raises(RefusedError, match="finite"):
        median_unbiased([1.0], [1.96], math.inf)
    with pytest.raises(RefusedError, match="finite"):
        stagewise_p_value([1.0], [1.96], math.nan)
