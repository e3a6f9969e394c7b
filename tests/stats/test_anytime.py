"""The band that holds at every moment at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from counterclick.errors import RefusedError
from counterclick.stats import anytime_reach


def test_it_is_narrowest_where_it_is_tuned_to() -> None:
    """In standard errors over root n, the band's half width has its least at the information it is tuned to."""
    sizes = [100, 300, 1_000, 3_000, 10_000]
    assert min(sizes, key=lambda n: anytime_reach(n, 1_000)) == 1_000
    assert 2.8 < anytime_reach(1_000, 1_000) < 3.2
    assert anytime_reach(5, 10) == pytest.approx(anytime_reach(500, 1_000))  # any unit


def test_looking_at_every_visitor_keeps_the_level() -> None:
    """Of 2,000 walks of 4,000 steps, at most 5 % ever leave the band after the first 100; plain bounds are left by many."""
    walks = np.random.default_rng(5).normal(size=(2_000, 4_000)).cumsum(axis=1)
    n = np.arange(1, 4_001)
    reach = np.array([anytime_reach(size, 2_000) for size in n]) * np.sqrt(n)
    left = (np.abs(walks) > reach)[:, 100:].any(axis=1).sum()
    assert left <= stats.binom(2_000, 0.05).ppf(0.999)
    assert (np.abs(walks) > 1.96 * np.sqrt(n))[:, 100:].any(axis=1).mean() > 0.3


@pytest.mark.parametrize("numbers", [(0, 1, 0.95), (1, -1, 0.95), (1, math.inf, 0.95), (1, 1, 1.0)])
def test_what_cannot_be_is_refused(numbers: tuple[float, float, float]) -> None:
    """Information is above 0, levels are fractions."""
    with pytest.raises(RefusedError, match=r"above 0|between 0 and 1"):
        anytime_reach(*numbers)
