"""Equivalence: what margins show, and what they do not. The oracle is in test_oracles.py."""

from __future__ import annotations

import math

import numpy as np
import pytest

from counterclick.errors import RefusedError
from counterclick.stats import Moments, equivalent_difference, equivalent_lift


def arm(mean: float, variance: float = 1.0, n: int = 401) -> Moments:
    return Moments(("revenue",), n, np.array([mean]), np.array([[variance * (n - 1)]]))


def test_the_interval_lies_within_the_margins_where_it_is_shown() -> None:
    """Standard errors of .0707: a difference of .1 is within +-.25, at the edge of +-.2163, outside of +-.2."""
    for margin, shown in ((0.25, True), (0.2164, True), (0.2162, False), (0.2, False)):
        found = equivalent_difference(arm(5), arm(5.1), "revenue", -margin, margin)
        inside = -margin < found.estimate.lower and found.estimate.upper < margin
        assert (found.shown, inside) == (shown, shown)
        assert found.estimate.level == pytest.approx(0.9)
        assert found.p_lower < found.p_upper == found.p_value


def test_a_lift_on_the_log_scale_by_eye() -> None:
    """Means 10 and 10 with log errors of .005 each: +-2 % is log(1.02) / .00707 = 2.8 errors away, p = .0026."""
    found = equivalent_lift(arm(10, n=400), arm(10, n=400), "revenue", -0.02, 0.02)
    se = 0.1 * math.sqrt(2 / 400)
    assert found.estimate.se == pytest.approx(se)
    assert found.p_upper == pytest.approx(0.5 * math.erfc(math.log(1.02) / se / math.sqrt(2)))
    assert found.p_lower == pytest.approx(0.5 * math.erfc(-math.log(0.98) / se / math.sqrt(2)))
    assert found.shown
    assert not equivalent_lift(arm(10, n=400), arm(10, n=400), "revenue", -0.001, 0.02).shown


def test_the_error_rate_at_the_margin_by_simulation() -> None:
    """A true difference exactly at the margin is called equivalent 5 % of the time."""
    rng, runs = np.random.default_rng(2), 2000
    called = 0
    for _ in range(runs):
        control, treatment = (Moments.from_values(["revenue"], rng.normal(mean, sd, n)) for mean, sd, n in
                              ((0.0, 1.0, 60), (0.8, 1.5, 40)))  # fmt: skip
        called += equivalent_difference(control, treatment, "revenue", -0.8, 0.8).shown
    assert 0.035 < called / runs < 0.065


def test_refusals() -> None:
    """Margins the wrong way round or infinite, a margin of -100 %, an alpha of a half."""
    for lower, upper in ((0.1, -0.1), (0.1, 0.1), (-math.inf, 0.1), (math.nan, 0.1)):
        with pytest.raises(RefusedError, match="the lower one first"):
            equivalent_difference(arm(5), arm(5), "revenue", lower, upper)
    with pytest.raises(RefusedError, match="above -1"):
        equivalent_lift(arm(5), arm(5), "revenue", -1.0, 0.1)
    with pytest.raises(RefusedError, match="below one half"):
        equivalent_lift(arm(5), arm(5), "revenue", -0.1, 0.1, alpha=0.5)
