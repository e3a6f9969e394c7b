"""The sample ratio test against SciPy, and its refusals."""

from __future__ import annotations

import math

import pytest
from scipy.stats import chisquare

from counterclick.errors import RefusedError
from counterclick.stats import sample_ratio


@pytest.mark.parametrize(
    ("counts", "shares"),
    [([510, 490], [0.5, 0.5]), ([790, 210], [0.8, 0.2]), ([300, 340, 360], [1, 1, 1]), ([5, 5], [0.5, 0.5])],
)
def test_chi_square_agrees_with_scipy(counts: list[int], shares: list[float]) -> None:
    """Two and three arms, equal and unequal, shares of any sum."""
    ours = sample_ratio(counts, shares)
    theirs = chisquare(counts, [sum(counts) * share / sum(shares) for share in shares])
    assert (ours.chi2, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)
    assert sum(ours.expected) == pytest.approx(sum(counts))


def test_an_arm_switched_off_and_empty_does_not_count() -> None:
    """A third arm with share 0 and nobody in it leaves the test as it was."""
    assert sample_ratio([510, 490, 0], [1, 1, 0]).p_value == sample_ratio([510, 490], [1, 1]).p_value


@pytest.mark.parametrize(
    ("counts", "shares", "why"),
    [
        ([100], [1.0], "at least 2 arms"),
        ([100, 0], [1.0, 0.0], "at least 2 arms"),
        ([50, 50, 1], [0.5, 0.5, 0.0], r"arms \[2\] have a share of 0"),
        ([0, 0], [0.5, 0.5], "no arm has a visitor"),
        ([50, 50], [1.0], "2 counts and 1 shares"),
        ([50, -1], [0.5, 0.5], "whole numbers from 0"),
        ([50, 1.5], [0.5, 0.5], "whole numbers from 0"),
        ([50, 50], [0.5, math.nan], "shares are numbers from 0"),
        ([50, 50], [0.5, -0.5], "shares are numbers from 0"),
    ],
)
def test_refusals(counts: list[int], shares: list[float], why: str) -> None:
    """What cannot be tested is refused with its reason."""
    with pytest.raises(RefusedError, match=why):
        sample_ratio(counts, shares)
