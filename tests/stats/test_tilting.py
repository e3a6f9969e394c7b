"""Small p-values by importance sampling, against exact sums and plain draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from counterclick.stats.relabelling import relabel, studentised
from counterclick.stats.tilting import Pool, tilted_tail


def exact_tail(buyers: int, others: int, share: float, observed: float) -> float:
    """Sum the probabilities of all labels of buyers who spend 1 each."""
    k, m = (axis.ravel() for axis in np.meshgrid(np.arange(buyers + 1.0), np.arange(others + 1.0)))
    top, base = np.stack([k, k], axis=1), np.stack([buyers - k, buyers - k], axis=1)
    statistic = studentised(top, k + m, base, buyers + others - k - m)
    chance = binom.pmf(k, buyers, share) * binom.pmf(m, others, share)
    return float(chance[statistic >= observed - 1e-9].sum())


@pytest.mark.parametrize("share", [0.5, 0.2])
@pytest.mark.parametrize("observed", [2.5, 4.3326, 5.5])
def test_equal_baskets_against_the_exact_sum(share: float, observed: float) -> None:
    """Where all buyers spend the same the tail is a double binomial sum, here down to 1e-9."""
    estimated = tilted_tail(Pool(np.ones(80), 900, share), observed, 20_000, seed=1)
    assert estimated is not None
    assert estimated[1]
    assert estimated[0] == pytest.approx(exact_tail(80, 900, share, observed), rel=0.08)


def test_most_visitors_buying_against_the_exact_sum() -> None:
    """With more buyers than others the others' labels decide too, and are tilted as well."""
    estimated = tilted_tail(Pool(np.ones(60), 50, 0.5), 4.3326, 20_000, seed=1)
    assert estimated is not None
    assert estimated[0] == pytest.approx(exact_tail(60, 50, 0.5, 4.3326), rel=0.08)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_skewed_baskets_against_plain_draws(share: float) -> None:
    """Log-normal baskets: a tail near 1/1000 agrees with 400,000 plain draws, on both sides."""
    amounts = np.random.default_rng(2).lognormal(0, 1.2, 100)
    labels = relabel(amounts[:50], amounts[50:], 4000, share, 400_000, seed=3)
    pool = Pool(amounts, 4000, share)
    at_least, _ = labels.counts(0.0, 3.0)
    _, at_most = labels.counts(0.0, -3.0)
    for side, counted in ((pool, at_least), (pool.mirrored(), at_most)):
        estimated = tilted_tail(side, 3.0, 20_000, seed=1)
        assert estimated is not None
        assert estimated[0] == pytest.approx(counted / 400_000, rel=0.2)


def test_a_tail_out_of_reach_is_overstated_and_says_so() -> None:
    """Sixty equal buyers never reach the statistic 20 but with an arm empty; the tail of less is given."""
    estimated = tilted_tail(Pool(np.ones(60), 2000, 0.5), 20.0, 5_000, seed=1)
    assert estimated is None or (not estimated[1] and estimated[0] > exact_tail(60, 2000, 0.5, 20.0))
