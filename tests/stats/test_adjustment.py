"""Regression adjustment: by eye, on Hillstrom's spend, by simulation, and its refusals. Oracles are in test_oracles.py."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from counterclick.errors import RefusedError, TooFewBuyersError, UnknownNameError
from counterclick.stats import (
    Moments,
    adjusted_difference,
    adjusted_lift,
    effective_number,
    log_ratio_lift,
    welch_difference,
)

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("revenue", "orders", "before")


def past(n: int) -> np.ndarray:
    return np.arange(n) % 5.0


def arm(before: np.ndarray, plus: float = 0.0, slope: float = 2.0, noise: float = 0.5) -> Moments:
    """Return visitors who spend ``slope`` for each unit of the past, plus something, plus or minus a noise."""
    signs = np.where(np.arange(len(before)) // 5 % 2, noise, -noise)
    return Moments.from_values(NAMES, np.column_stack([slope * before + plus + signs, 1 + before / 10, before]))


def shoppers(n: int, rng: np.random.Generator, lift: float = 0.0) -> Moments:
    """Return visitors of whom 30 % spend nothing, and the others what their taste says, before and now."""
    taste = rng.lognormal(0, 0.7, n)
    before = taste * rng.lognormal(3, 0.3, n) * (rng.random(n) < 0.8)
    orders = (rng.random(n) < 0.7).astype(float)
    return Moments.from_values(
        NAMES, np.column_stack([orders * taste * rng.lognormal(3, 0.3, n) * (1 + lift), orders, before])
    )


def test_adjustment_takes_out_what_chance_gave_one_arm() -> None:
    """The treatment's visitors spent .4 more before, which is .8 now; its own effect of 1 is left, and nearly no noise."""
    control, treatment = arm(past(1000)), arm(np.concatenate([past(800), np.full(200, 4.0)]), plus=1.0)
    raw, found = (
        welch_difference(control, treatment, "revenue"),
        adjusted_difference(control, treatment, "revenue", ["before"]),
    )
    assert raw.value == pytest.approx(1.8)
    assert found.estimate.value == pytest.approx(1.0, abs=1e-3)
    assert found.reduction == pytest.approx(1 - (found.estimate.se / raw.se) ** 2)
    assert 0.9 < found.reduction < 1
    assert "before (Lin 2013)" in found.estimate.method


def test_the_lift_is_that_of_the_adjusted_means() -> None:
    """The past averages 2.2 over both arms: 4.4 against 5.4 is +22.7 %."""
    control, treatment = arm(past(1000)), arm(np.concatenate([past(800), np.full(200, 4.0)]), plus=1.0)
    found = adjusted_lift(control, treatment, "revenue", ["before"]).estimate
    assert found.value == pytest.approx(1 / 4.4, rel=2e-3)
    assert math.log1p(found.upper) - found.se * 1.959964 == pytest.approx(math.log1p(found.value), rel=1e-6)


def test_a_past_that_says_nothing_changes_nothing() -> None:
    """Uncorrelated with the outcome, the same in both arms: the raw lift, and a reduction of about 0."""
    spend = np.where(np.arange(1000) // 5 % 2, 5.0, 1.0)
    control, treatment = (
        Moments.from_values(NAMES, np.column_stack([spend * factor, spend, past(1000)])) for factor in (1.0, 1.1)
    )
    raw, found = log_ratio_lift(control, treatment, "revenue"), adjusted_lift(control, treatment, "revenue", ["before"])
    assert found.estimate.value == pytest.approx(raw.value)
    assert found.reduction == pytest.approx(0, abs=2e-3)


def test_the_mean_of_the_past_is_a_sample_too() -> None:
    """Slopes 1 and 3: the difference varies with the past's mean by (3 - 1)^2 var / n, beside the arms' own noise."""
    control, treatment = arm(past(1000), slope=1.0, noise=0.1), arm(past(1000), slope=3.0, noise=0.1)
    found = adjusted_difference(control, treatment, "revenue", ["before"]).estimate
    shared = 4 * np.var(past(2000), ddof=1) / 2000
    assert found.se**2 == pytest.approx(shared + 2 * 0.01 * 1000 / 998 / 1000, rel=1e-6)
    scaled = arm(past(1000), slope=3.0, plus=0.0, noise=0.3)  # three times the control: the lift is known whatever the mean
    lift = adjusted_lift(control, scaled, "revenue", ["before"]).estimate
    assert lift.se**2 == pytest.approx(2 * (0.1 / 2) ** 2 / 998, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-4, 1e4), st.floats(1e-4, 1e4))
def test_units_leave_the_adjusted_lift(unit: float, other: float) -> None:
    """Cents or euros, now or before: lift and reduction stay; swapped arms flip the sign."""
    rng = np.random.default_rng(3)
    control, treatment = shoppers(600, rng), shoppers(500, rng, 0.2)
    scale = np.array([unit, 1, other])
    scaled = [Moments(NAMES, a.n, a.mean * scale, a.m2 * np.outer(scale, scale)) for a in (control, treatment)]
    found, again = (adjusted_lift(*pair, "revenue", ["before"], "orders") for pair in ((control, treatment), scaled))
    assert (again.estimate.value, again.reduction) == pytest.approx((found.estimate.value, found.reduction), rel=1e-6)
    back = adjusted_lift(treatment, control, "revenue", ["before"], "orders")
    assert back.estimate.statistic == pytest.approx(-found.estimate.statistic)


def band(n: int, rate: float) -> tuple[float, float]:
    """Return the 99.9 % binomial band of a rate."""
    return binom.ppf(0.0005, n, rate) / n, binom.ppf(0.9995, n, rate) / n


@pytest.mark.parametrize(("n_control", "n_treatment"), [(500, 500), (1200, 300)])
@pytest.mark.parametrize("lift", [0.0, 0.3])
def test_intervals_cover_by_simulation(n_control: int, n_treatment: int, lift: float) -> None:
    """95 % of the intervals of lift, order value and difference hold the truth; a quarter of the variance is gone."""
    rng, runs = np.random.default_rng(11), 400
    held, reductions = np.zeros((runs, 3)), []
    base = 0.7 * math.exp(0.7**2 / 2) * math.exp(3 + 0.09 / 2)
    for run in range(runs):
        control, treatment = shoppers(n_control, rng), shoppers(n_treatment, rng, lift)
        found = adjusted_lift(control, treatment, "revenue", ["before"])
        basket = adjusted_lift(control, treatment, "revenue", ["before"], "orders")
        gap = adjusted_difference(control, treatment, "revenue", ["before"])
        pairs = ((found, lift), (basket, lift), (gap, base * lift))
        held[run] = [each.estimate.lower <= truth <= each.estimate.upper for each, truth in pairs]
        reductions.append(found.reduction)
    low, high = band(runs, 0.95)
    assert ((held.mean(axis=0) >= low) & (held.mean(axis=0) <= high)).all(), held.mean(axis=0)
    assert 0.15 < np.mean(reductions) < 0.35


def test_hillstroms_history_says_next_to_nothing(data_folder: Path) -> None:
    """Spend of two weeks adjusted for a year's history: its correlation of .02 takes off a thousandth of the variance."""
    path = next(data_folder.glob("hillstrom/**/*.csv"), None)
    if path is None:
        pytest.skip(f"no csv in {data_folder / 'hillstrom'}")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    arms = {
        name: np.array([[float(row["spend"]), float(row["history"])] for row in rows if row["segment"] == name])
        for name in ("No E-Mail", "Mens E-Mail")
    }
    control, treatment = (Moments.from_values(["spend", "history"], values) for values in arms.values())
    found = adjusted_lift(control, treatment, "spend", ["history"])
    squares = [np.corrcoef(values.T)[0, 1] ** 2 for values in arms.values()]
    assert min(squares) < 0.06**2
    assert 0 < found.reduction < 0.002
    raw = log_ratio_lift(control, treatment, "spend")
    assert found.estimate.value == pytest.approx(raw.value, abs=0.01)


def test_effective_number_by_eye() -> None:
    """Three buyers of the same amount weigh as three, one of them a hundred times larger as little more than one."""
    assert effective_number(Moments.from_values(["x"], [0, 5, 5, 5]), "x") == pytest.approx(3)
    assert effective_number(Moments.from_values(["x"], [0, 1, 1, 100]), "x") == pytest.approx(102**2 / 10_002)
    assert effective_number(Moments.from_values(["x"], [0, 0]), "x") == 0


@pytest.mark.parametrize("adjust", [adjusted_difference, adjusted_lift])
def test_without_useful_history_there_is_no_adjustment(adjust: object) -> None:
    """Nothing before, too few before, a copy of the outcome, a covariate twice: each refused with its reason."""
    assert callable(adjust)
    few = np.zeros(1000)
    few[:30] = 1.0
    usual = arm(past(1000))
    with pytest.raises(RefusedError, match="before does not vary in the control"):
        adjust(arm(np.zeros(1000)), usual, "revenue", ["before"])
    with pytest.raises(TooFewBuyersError, match="before of the treatment rests on 30 visitors in effect; 50"):
        adjust(usual, arm(few), "revenue", ["before"])
    with pytest.raises(RefusedError, match="explains revenue wholly"):
        adjust(arm(past(1000), noise=0.0), usual, "revenue", ["before"])
    with pytest.raises(RefusedError, match="one follows from the others"):
        adjust(usual, usual, "revenue", ["before", "orders"])
    for nonsense in ([], ["before", "before"], ["revenue"]):
        with pytest.raises(RefusedError, match="name at least one, each once"):
            adjust(usual, usual, "revenue", nonsense)
    with pytest.raises(TooFewBuyersError, match="needs 4"):
        adjust(arm(past(3)), usual, "revenue", ["before"])
    with pytest.raises(UnknownNameError):
        adjust(usual, usual, "revenue", ["past"])
    with pytest.raises(RefusedError, match="level"):
        adjust(usual, usual, "revenue", ["before"], None, 1.0)
