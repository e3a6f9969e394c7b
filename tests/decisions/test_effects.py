"""What bundles add on shops whose truth is known: a short version of ``make bundle-effects``."""

from __future__ import annotations

from scipy import stats
from simulate_bundles import BASKET, covered

SEEDS = range(500, 530)


def test_the_true_effect_is_within_the_verdicts_interval() -> None:
    """In as many of thirty shops as an interval of 95 % must hold it, in 999 of 1,000 such series."""
    found = covered(SEEDS)
    assert abs(found.truth - BASKET) < 1e-9
    assert found.n_within >= stats.binom(len(SEEDS), 0.95).ppf(0.001)
    assert found.n_of("lost") <= 1
