"""Sizes, powers and exaggeration, against statsmodels, a published example and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.power import NormalIndPower

from counterclick.errors import RefusedError
from counterclick.stats import (
    exaggeration_ratio,
    power_at,
    power_of,
    smallest_visible_lift,
    smallest_visible_lift_from_orders,
    visitors_needed,
)

HALF = (0.5, 0.5)


@pytest.mark.parametrize("shares", [HALF, (0.1, 0.9), (0.05, 0.2)])
@pytest.mark.parametrize("lift", [0.05, -0.2, 0.5])
def test_power_agrees_with_statsmodels(lift: float, shares: tuple[float, float]) -> None:
    """The z-test on log(1 + lift) / cv with the arms' numbers, two-sided."""
    ours = power_of(9, 50_000, lift, shares)
    theirs = NormalIndPower().power(
        math.log1p(lift) / 9, 50_000 * shares[0], 0.05, ratio=shares[1] / shares[0], alternative="two-sided"
    )
    assert ours == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("shares", [HALF, (0.2, 0.8), (0.05, 0.05)])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_size_power_and_lift_invert_each_other(power: float, shares: tuple[float, float]) -> None:
    """The visitors needed for a lift have that power and see that lift, and one fewer does not."""
    n = visitors_needed(9, 0.05, shares, power=power)
    assert power_of(9, n, 0.05, shares) >= power - 1e-12
    assert power_of(9, n - 2, 0.05, shares) < power + 1e-4
    assert smallest_visible_lift(9, n, shares, power=power) == pytest.approx(0.05, rel=1e-4)
    assert smallest_visible_lift(9, n, shares, power=power) <= 0.05


def test_a_store_of_eighty_euro_baskets() -> None:
    """Conversion 2.5 % and basket CV .91 need about 457,000 visitors an arm for a log lift of 5 %."""
    cv = math.sqrt((1 + 0.91**2) / 0.025 - 1)
    assert visitors_needed(cv, math.expm1(0.05), HALF) / 2 == pytest.approx(457_000, rel=0.01)


def test_the_rule_for_a_store_that_knows_only_its_orders() -> None:
    """At 50/50 and basket CV 1 the smallest visible lift is about 7.9 / sqrt(buyers)."""
    for weeks, seen in ((4, 0.10), (26, 0.04), (104, 0.02)):
        buyers = 1440 * weeks
        lift = smallest_visible_lift_from_orders(buyers)
        assert math.log1p(lift) == pytest.approx(7.9 / math.sqrt(buyers), rel=0.005)
        assert math.log1p(lift) == pytest.approx(seen, rel=0.06)


def test_the_orders_rule_is_the_visitors_rule_with_rare_buyers() -> None:
    """With 1 % buyers and the cv that follows from them, both rules see the same lift."""
    conversion, basket_cv, shares = 0.01, 1.2, (0.2, 0.8)
    cv = math.sqrt((1 + basket_cv**2) / conversion)
    by_visitors = smallest_visible_lift(cv, 1_000_000, shares)
    by_orders = smallest_visible_lift_from_orders(10_000, basket_cv, share_treatment=0.8)
    assert by_orders == pytest.approx(by_visitors)


def test_the_published_example_of_exaggeration() -> None:
    """Gelman and Carlin 2014, beauty and sex ratio: 2 % with se 8.1: power .06, exaggeration 9.7."""
    lift = math.expm1(0.02)
    assert power_at(lift, 0.081) == pytest.approx(0.06, abs=0.005)
    assert exaggeration_ratio(lift, 0.081) == pytest.approx(9.7, abs=0.3)


def test_exaggeration_agrees_with_simulation() -> None:
    """The mean size of significant draws over the true effect, at a power near one half."""
    rng = np.random.default_rng(1)
    effect, se = math.log1p(0.05), 0.025
    drawn = rng.normal(effect, se, 400_000)
    significant = np.abs(drawn[np.abs(drawn) > 1.959964 * se])
    assert exaggeration_ratio(0.05, se) == pytest.approx(significant.mean() / effect, rel=0.005)
    assert power_at(0.05, se) == pytest.approx(len(significant) / len(drawn), abs=0.004)


def test_a_sure_finding_is_not_exaggerated() -> None:
    """At a power near one nothing is selected, and the sign of the lift does not matter."""
    assert exaggeration_ratio(0.5, 0.02) == pytest.approx(1)
    assert exaggeration_ratio(-0.2, 0.1) == pytest.approx(exaggeration_ratio(0.25, 0.1))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"cv": 0}, "coefficient of variation must be a number above 0"),
        ({"cv": math.nan}, "coefficient of variation"),
        ({"lift": 0}, "above -1 and not 0"),
        ({"lift": -1}, "above -1 and not 0"),
        ({"lift": 1e-300}, "too small to be seen"),
        ({"shares": (0.7, 0.7)}, "at most 1 in sum"),
        ({"shares": (0.0, 0.5)}, "above 0"),
        ({"alpha": 0}, "alpha must lie"),
        ({"power": 1}, "power must lie"),
        ({"power": 0.04}, "must exceed alpha"),
    ],
)
def test_refusals_of_the_planner(arguments: dict[str, float], why: str) -> None:
    """An impossible plan is refused with its reason."""
    with pytest.raises(RefusedError, match=why):
        visitors_needed(**({"cv": 9, "lift": 0.05, "shares": HALF} | arguments))


def test_refusals_of_the_other_plans() -> None:
    """No visitors, no buyers, impossible baskets, shares and standard errors, a ratio without end."""
    with pytest.raises(RefusedError, match="visitors must be a number above 0"):
        smallest_visible_lift(9, 0, HALF)
    with pytest.raises(RefusedError, match="visitors must be a number above 0"):
        power_of(9, 0, 0.05, HALF)
    with pytest.raises(RefusedError, match="buyers must be a number above 0"):
        smallest_visible_lift_from_orders(0)
    with pytest.raises(RefusedError, match="basket's coefficient"):
        smallest_visible_lift_from_orders(100, basket_cv=-1)
    with pytest.raises(RefusedError, match="share of the treatment"):
        smallest_visible_lift_from_orders(100, share_treatment=1)
    with pytest.raises(RefusedError, match="standard error must be"):
        power_at(0.05, 0)
    with pytest.raises(RefusedError, match="no ratio exists"):
        exaggeration_ratio(1e-300, 1e10)
