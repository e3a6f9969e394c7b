"""The lift behind a verdict: plain, adjusted where that was declared, and the statistic of a look."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from builders import config
from counterclick.errors import RefusedError
from counterclick.experiments.estimating import estimate_lift, outcome_statistic
from counterclick.experiments.measured import PRE
from counterclick.metrics import metric_named
from counterclick.stats import Moments, adjusted_lift, log_ratio_lift, rerandomised_lift
from experiments.arms import NAMES, measured, spend, table, verdict

REVENUE = metric_named("revenue_per_visitor")


def with_history(seed: int = 3, lift: float = 0.05) -> object:
    """Return two arms of 20,000 visitors whose revenue before tells much of their revenue now."""
    rng = np.random.default_rng(seed)
    found = measured({"a": spend(20_000, 2_000), "b": spend(20_000, 2_000)})
    arms = {}
    for arm, factor in (("a", 1.0), ("b", 1 + lift)):
        before = rng.gamma(0.5, 40, 20_000)
        now = np.maximum(0.0, factor * before + rng.normal(0, 10, 20_000))
        values = np.zeros((20_000, len(NAMES)))
        columns = {"revenue": now, PRE: before, "buyers": (now > 0).astype(float), "orders": (now > 0).astype(float)}
        for name, column in columns.items():
            values[:, NAMES.index(name)] = column
        arms[arm] = Moments.from_values(NAMES, values)
    return replace(found, arms=arms, by_day={(arm, day): arms[arm] for arm, day in found.by_day})


def test_a_declared_adjustment_is_the_verdicts() -> None:
    """The lift is Lin's, narrower than the plain one; undeclared it is the plain log ratio."""
    found = with_history()
    adjusted = estimate_lift(config(adjust=True), found, REVENUE, "b", "a")  # type: ignore[arg-type]
    plain = estimate_lift(config(), found, REVENUE, "b", "a")  # type: ignore[arg-type]
    assert adjusted == adjusted_lift(found.arms["a"], found.arms["b"], "revenue", [PRE]).estimate  # type: ignore[attr-defined]
    assert plain == log_ratio_lift(found.arms["a"], found.arms["b"], "revenue")  # type: ignore[attr-defined]
    assert adjusted.se < 0.7 * plain.se
    assert outcome_statistic(config(adjust=True), found, 0.025) == adjusted.statistic  # type: ignore[arg-type]
    assert outcome_statistic(config(), found, 0.025) == plain.statistic  # type: ignore[arg-type]


def test_only_the_outcome_is_adjusted() -> None:
    """Conversion beside the outcome stays as it is."""
    found = with_history()
    beside = metric_named("conversion")
    one, other = (estimate_lift(config(adjust=each), found, beside, "b", "a") for each in (True, False))  # type: ignore[arg-type]
    assert one == other


def test_without_a_useful_history_nothing_is_adjusted() -> None:
    """Nobody bought before: the declared adjustment is left out, not refused."""
    found = measured({"a": spend(9_000, 900), "b": spend(9_000, 1_000)})
    empty = {}
    for arm, moments in found.arms.items():
        place = moments.names.index(PRE)
        mean, m2 = moments.mean.copy(), moments.m2.copy()
        mean[place] = m2[place, :] = m2[:, place] = 0.0
        empty[arm] = Moments(moments.names, moments.n, mean, m2)
    bare = replace(found, arms=empty)
    assert estimate_lift(config(adjust=True), bare, REVENUE, "b", "a") == estimate_lift(config(), bare, REVENUE, "b", "a")


def test_the_money_of_an_adjusted_verdict_is_adjusted_too() -> None:
    """The interval of the money a month narrows with that of the lift."""
    found = with_history()
    plain, adjusted = (table(found, adjust=each).row("revenue_per_visitor") for each in (False, True))  # type: ignore[arg-type]
    assert adjusted.difference.se < 0.7 * plain.difference.se  # type: ignore[union-attr]
    assert verdict(found, adjust=True).outcome == "won"  # type: ignore[arg-type]


def test_the_statistic_of_few_buyers_is_the_normal_score_of_its_p_value() -> None:
    """A hundred buyers an arm: minus the normal quantile of the re-randomised p-value, of either sign."""
    a, b = spend(4_000, 100, spread=0.9, seed=1), spend(4_000, 130, spread=0.9, seed=2)
    p_value = rerandomised_lift(a[a > 0], b[b > 0], 4_000, 4_000, 0.5).p_greater
    up = outcome_statistic(config(), measured({"a": a, "b": b}), 0.025)
    down = outcome_statistic(config(), measured({"a": b, "b": a}), 0.025)
    assert up == pytest.approx(stats.norm.isf(p_value), abs=0.1)
    assert down == pytest.approx(-up, abs=0.15)


def test_fixed_shares_are_tested_without_replacement() -> None:
    """A list that was split exactly has nearly the same answer, by another distribution."""
    found = measured({"a": spend(400, 80, spread=0.9, seed=1), "b": spend(400, 100, spread=0.9, seed=2)})
    free, fixed = (outcome_statistic(config(assignment=each), found, 0.025) for each in ("bernoulli", "fixed"))
    assert free != fixed
    assert free == pytest.approx(fixed, abs=0.25)


def test_an_arm_that_is_missing_is_refused() -> None:
    """Nothing can be compared with nobody."""
    found = measured({"a": spend(400, 80)})
    with pytest.raises(RefusedError, match="'b' has no finished visitors"):
        outcome_statistic(config(), found, 0.025)


def test_a_few_huge_orders_are_few_buyers_however_many_there_are() -> None:
    """450 buyers an arm are tested by log ratio; where one of them spends 10,000 they are two in effect: re-randomised."""
    arms = {name: spend(2_000, 450, seed=seed) for name, seed in (("a", 1), ("b", 2))}
    plain = estimate_lift(config(), measured(arms), REVENUE, "b", "a")
    for values in arms.values():
        values[np.argmax(values)] = 10_000.0
    huge = estimate_lift(config(), measured(arms), REVENUE, "b", "a")
    assert "re-randomised" in huge.method
    assert "re-randomised" not in plain.method
