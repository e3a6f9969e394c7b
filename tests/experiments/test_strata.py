"""Shares that change while an experiment runs: strata, never a mixture."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from builders import config, context
from counterclick.config import ShareChange
from counterclick.errors import RefusedError
from counterclick.experiments.checks import preconditions, sample_ratio_of
from counterclick.experiments.context import Declaration
from counterclick.experiments.estimating import estimate_lift, outcome_statistic
from counterclick.experiments.hashing import config_hash
from counterclick.metrics import metric_named
from counterclick.stats import log_ratio_lift
from experiments.arms import NOTHING, spend, verdict, weekly

SECOND = date(2026, 1, 12)
CHANGED = {"changes": (ShareChange(changes_on=SECOND, variants={"a": 0.2, "b": 0.8}),)}
REVENUE = metric_named("revenue_per_visitor")


def simpson(amount: float = 100.0) -> Any:
    """Return two arms that earn the same within each week, while the second week earns twice as much a visitor.

    The first week is shared out 50/50, the second 20/80: pooled, the second arm seems to earn more.
    """
    first = [spend(10_000, 1_000, amount, seed=n) for n in (1, 2)]
    second = [spend(4_000, 800, amount, seed=3), spend(16_000, 3_200, amount, seed=4)]
    return weekly({"a": [first[0], second[0]], "b": [first[1], second[1]]})


def test_a_change_of_shares_does_not_make_a_lift() -> None:
    """Pooled the lift is +24 %; by strata it is zero."""
    found = simpson()
    pooled = estimate_lift(config(), found, REVENUE, "b", "a")
    assert pooled.value == pytest.approx(0.24, abs=0.05)
    stratified = estimate_lift(config(**CHANGED), found, REVENUE, "b", "a")
    assert stratified.value == pytest.approx(0.0, abs=1e-9)
    assert stratified.p_value > 0.9


def test_strata_are_combined_by_precision() -> None:
    """The estimate is the mean of the log ratios by inverse variance, as computed here from each week alone."""
    found = weekly(
        {
            "a": [spend(10_000, 1_000, seed=1), spend(4_000, 800, seed=3)],
            "b": [spend(10_000, 1_200, seed=2), spend(16_000, 3_300, seed=4)],
        }
    )
    parts = [found.between(date(2026, 1, 5), date(2026, 1, 11)), found.between(SECOND, date(2026, 2, 1))]
    alone = [log_ratio_lift(part.arms["a"], part.arms["b"], "revenue") for part in parts]
    weights = np.array([each.se**-2 for each in alone])
    expected = float(weights @ [math.log1p(each.value) for each in alone] / weights.sum())
    whole = estimate_lift(config(**CHANGED), found, REVENUE, "b", "a")
    assert math.log1p(whole.value) == pytest.approx(expected)
    assert whole.se == pytest.approx(weights.sum() ** -0.5)
    assert whole.statistic == pytest.approx(expected / whole.se)
    assert outcome_statistic(config(**CHANGED), found, 0.025) == pytest.approx(whole.statistic)


def test_few_buyers_are_rerandomised_in_each_stratum_by_its_own_share() -> None:
    """With sixty buyers an arm the score comes from re-randomisation, and is near the plain statistic."""
    few = weekly(
        {"a": [spend(500, 40, seed=1), spend(200, 30, seed=3)], "b": [spend(500, 44, seed=2), spend(800, 130, seed=4)]}
    )
    whole = estimate_lift(config(**CHANGED), few, REVENUE, "b", "a")
    plain = math.log1p(whole.value) / whole.se
    assert whole.statistic != plain
    assert whole.statistic == pytest.approx(plain, abs=0.2)


def test_a_thin_period_has_no_weight_and_destroys_nothing() -> None:
    """A last period with one buyer in all says nothing; the lift is that of the first, and a look is possible."""
    found = weekly({"a": [spend(5_000, 600, seed=1), spend(4, 1)], "b": [spend(5_000, 700, seed=2), spend(16, 0)]})
    first = found.between(date(2026, 1, 5), date(2026, 1, 11))
    whole = estimate_lift(config(**CHANGED), found, REVENUE, "b", "a")
    assert whole.value == pytest.approx(log_ratio_lift(first.arms["a"], first.arms["b"], "revenue").value)
    assert outcome_statistic(config(**CHANGED), found, 0.025) == pytest.approx(whole.statistic)
    with pytest.raises(RefusedError):
        estimate_lift(config(**CHANGED), weekly({"a": [spend(9, 0)] * 2, "b": [spend(9, 0)] * 2}), REVENUE, "b", "a")


def test_the_sample_ratio_is_checked_in_each_stratum() -> None:
    """14,000 to 26,000 is a mismatch of 50/50, and none of 50/50 followed by 20/80."""
    found = simpson()
    assert sample_ratio_of(found, config()).passed is False
    assert sample_ratio_of(found, config(**CHANGED)).passed is True
    checks = preconditions("test", config(**CHANGED), context(of=NOTHING), found)
    assert not [check.name for check in checks if check.passed is False]


def test_a_verdict_by_strata() -> None:
    """What would be won by the mixture is inconclusive."""
    assert verdict(simpson()).outcome == "invalid"  # the mixture is a mismatch of its declared shares
    assert verdict(simpson(), **CHANGED).outcome == "inconclusive"


def test_the_money_of_changed_shares_is_that_of_the_lift() -> None:
    """No lift, no money: laid together, the same visitors seem to earn a quarter more."""
    found = verdict(simpson(), **CHANGED)
    assert found.incremental is not None
    assert found.incremental.value == pytest.approx(0, abs=1e-6)
    assert found.incremental.lower < 0 < found.incremental.upper


def test_a_change_is_no_other_configuration_if_it_was_declared_in_time() -> None:
    """The hash leaves changes out; whether one was declared before it began is said."""
    plain, changed = config(), config(**CHANGED)
    assert config_hash("test", plain) == config_hash("test", changed)
    first = Declaration(config_hash("test", plain), datetime(2026, 1, 1, tzinfo=UTC))
    in_time = replace(first, declared_at=datetime(2026, 1, 10, tzinfo=UTC), changes=changed.changes)
    too_late = replace(in_time, declared_at=datetime(2026, 1, 20, tzinfo=UTC))

    def check(*declared: Declaration) -> Any:
        told = context(of=NOTHING, declarations=declared)
        return next(c for c in preconditions("test", changed, told, simpson()) if c.name == "configuration unchanged")

    assert check(first, in_time).passed is True
    assert check(first, too_late).passed is None
    assert "were not declared before they began" in check(first, too_late).says
