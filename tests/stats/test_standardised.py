"""Contrasts of two arms' means: without anything carried over they are Welch's test and the plain log ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest

from counterclick.errors import RefusedError
from counterclick.stats import Moments, log_ratio_lift, welch_difference
from counterclick.stats.standardised import as_they_are

NAMES = ("revenue", "orders")


def visitors(n: int, seed: int) -> Moments:
    rng = np.random.default_rng(seed)
    orders = rng.poisson(0.5, n)
    return Moments.from_values(NAMES, np.column_stack([orders * rng.gamma(2, 20, n), orders]))


C, T = visitors(300, 1), visitors(500, 2)


def test_means_as_they_are_give_welchs_test_and_the_log_ratio() -> None:
    """Every number of both, of a mean; and the lift of a ratio."""
    plain = as_they_are(C, T, NAMES)
    ours, welch = plain.difference(("revenue", None), 0.9, "x"), welch_difference(C, T, "revenue", 0.9)
    assert (ours.value, ours.lower, ours.upper, ours.p_value, ours.se, ours.df) == pytest.approx(
        (welch.value, welch.lower, welch.upper, welch.p_value, welch.se, welch.df), rel=1e-12
    )
    for metric in (("revenue", None), ("revenue", "orders")):
        lift, expected = plain.lift(metric, 0.95, "x"), log_ratio_lift(C, T, *metric)
        assert (lift.value, lift.lower, lift.upper, lift.p_value) == pytest.approx(
            (expected.value, expected.lower, expected.upper, expected.p_value), rel=1e-12
        )


def test_the_difference_of_a_ratio_is_the_delta_methods() -> None:
    """Order values with the variance of revenue - ratio x orders, over orders per visitor squared, over n."""
    ours = as_they_are(C, T, NAMES).difference(("revenue", "orders"), 0.95, "x")
    ratios, variance = [], 0.0
    for arm in (C, T):
        below = arm.mean_of("orders")
        ratio = arm.mean_of("revenue") / below
        spread = arm.variance_of("revenue") - 2 * ratio * arm.covariance_of("revenue", "orders")
        variance += (spread + ratio**2 * arm.variance_of("orders")) / below**2 / arm.n
        ratios.append(ratio)
    assert (ours.value, ours.se) == pytest.approx((ratios[1] - ratios[0], math.sqrt(variance)), rel=1e-9)


def test_refusals() -> None:
    """No orders at all, nothing that varies, a level that cannot be."""
    none = Moments.from_values(NAMES, np.zeros((10, 2)))
    with pytest.raises(RefusedError, match="mean of orders is 0; a ratio needs it above zero"):
        as_they_are(none, T, NAMES).difference(("revenue", "orders"), 0.95, "x")
    with pytest.raises(RefusedError, match="the control's mean of revenue is 0"):
        as_they_are(none, T, NAMES).lift(("revenue", None), 0.95, "x")
    with pytest.raises(RefusedError, match="nothing varies in revenue in either arm"):
        as_they_are(none, none, NAMES).difference(("revenue", None), 0.95, "x")
    with pytest.raises(RefusedError, match="level"):
        as_they_are(C, T, NAMES).lift(("revenue", None), 0.0, "x")
