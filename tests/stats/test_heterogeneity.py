"""Do effects differ? By eye, with dependent effects, by simulation. The oracle is in test_oracles.py."""

from __future__ import annotations

import numpy as np
import pytest

from counterclick.errors import RefusedError
from counterclick.stats import heterogeneity


def test_two_effects_are_a_z_test_of_their_difference() -> None:
    """0 and .5 with variances .02 and .03: (.5)^2 / .05 = 5, and the common effect lies nearer to the first."""
    found = heterogeneity([0.0, 0.5], [0.02, 0.03])
    assert (found.q, found.df, found.common) == pytest.approx((5.0, 1, 0.2))
    assert found.p_value == pytest.approx(0.0253473, abs=1e-7)


def test_effects_that_move_together_differ_by_more_than_they_seem() -> None:
    """With a covariance of .02 the difference has a variance of .05 - .04 = .01, and Q is 25."""
    found = heterogeneity([0.0, 0.5], [[0.02, 0.02], [0.02, 0.03]])
    assert found.q == pytest.approx(25.0)


def test_equal_effects_are_called_different_at_the_nominal_rate() -> None:
    """Five correlated effects of the same truth: p below .05 in 5 % of the draws."""
    rng, runs = np.random.default_rng(6), 4000
    root = rng.normal(size=(5, 5))
    covariance = root @ root.T + np.eye(5)
    drawn = rng.multivariate_normal(np.full(5, 0.3), covariance, runs)
    rate = np.mean([heterogeneity(effects, covariance).p_value < 0.05 for effects in drawn])
    assert 0.04 < rate < 0.06


def test_refusals() -> None:
    """One effect, a variance of zero, a copy of an effect, shapes that do not fit."""
    with pytest.raises(RefusedError, match="two effects or more"):
        heterogeneity([0.1], [0.1])
    with pytest.raises(RefusedError, match="two effects or more"):
        heterogeneity([0.1, 0.2], [0.1, 0.1, 0.1])
    with pytest.raises(RefusedError, match="variance above zero"):
        heterogeneity([0.1, 0.2], [0.1, 0.0])
    with pytest.raises(RefusedError, match="no effect may follow"):
        heterogeneity([0.1, 0.2], [[0.1, 0.1], [0.1, 0.1]])
