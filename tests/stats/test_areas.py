"""Areas under the curve: scikit-learn's, and intervals that cover where cases of one customer hang together."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from counterclick.errors import RefusedError
from counterclick.stats import clustered_areas


def test_areas_are_those_of_scikit_learn() -> None:
    """Oracle: with ties, and for each of several scores; the second lies behind the first by the difference."""
    rng = np.random.default_rng(3)
    came = rng.random(500) < 0.3
    scores = {"fine": rng.normal(came, 1.0), "coarse": rng.integers(0, 4, 500).astype(float)}
    found = clustered_areas(scores, came, np.arange(500), draws=20)
    assert [each.value for each in found] == pytest.approx([roc_auc_score(came, score) for score in scores.values()])
    assert found[1].ahead == pytest.approx(found[0].value - found[1].value)
    assert (found[0].ahead, found[0].ahead_lower, found[0].ahead_upper) == (0, 0, 0)


def test_intervals_cover_where_cases_hang_together() -> None:
    """Simulation: ten cases of each of 150 customers share what is not known; the truth lies within 95 % of intervals."""
    rng = np.random.default_rng(5)

    def drawn(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        who = np.repeat(np.arange(n), 10)
        score = rng.normal(size=n)[who] + 0.3 * rng.normal(size=len(who))
        return score, rng.random(len(who)) < 1 / (1 + np.exp(1 - score)), who

    score, came, _who = drawn(100_000)
    truth = roc_auc_score(came, score)
    hits, wide = 0, []
    for _trial in range(150):
        score, came, who = drawn(150)
        (own,) = clustered_areas({"score": score}, came, who, draws=150)
        hits += own.lower <= truth <= own.upper
        (alone,) = clustered_areas({"score": score}, came, np.arange(len(who)), draws=50)
        wide.append((own.upper - own.lower) / (alone.upper - alone.lower))
    assert 0.88 <= hits / 150 <= 0.99
    assert np.mean(wide) > 1.2  # as if each case stood for itself, intervals would be too narrow


def test_where_nothing_came_true_nothing_is_told_apart() -> None:
    """And so where everything did."""
    for came in (np.zeros(4, np.bool_), np.ones(4, np.bool_)):
        with pytest.raises(RefusedError, match="nothing is told apart"):
            clustered_areas({"score": np.arange(4.0)}, came, np.arange(4))
