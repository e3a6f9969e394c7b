"""Rates of few cases: the prior against SciPy's beta-binomial, rates between what is known and what all do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from counterclick.decisions.rates import Prior, fitted_prior, fitted_weight, moments_prior

TUMOURS = [
    *[(0, n) for n in (20, 20, 20, 20, 20, 20, 20, 19, 19, 19, 19, 18, 18, 17)],
    *[(1, n) for n in (20, 20, 20, 20, 19, 19, 18, 18)],
    *[(2, n) for n in (25, 24, 23, 20, 20, 20, 20, 20, 20)],
    *[(1, 10), (5, 49), (2, 19), (5, 46), (3, 27), (2, 17), (7, 49), (7, 47), (3, 20), (3, 20), (2, 13), (9, 48)],
    *[(10, 50), (4, 20), (4, 20), (4, 20), (4, 20), (4, 20), (4, 20), (4, 20), (10, 48), (4, 19), (4, 19), (4, 19)],
    *[(5, 22), (11, 46), (12, 49), (5, 20), (5, 20), (6, 23), (5, 19), (6, 22), (6, 20), (6, 20), (6, 20), (16, 52)],
    *[(15, 46), (15, 47), (9, 24), (4, 14)],
]
"""Tarone 1982: rats with tumours in 71 groups, as Gelman et al., Bayesian Data Analysis, table 5.1, prints them."""


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    k, n = np.array(pairs, np.float64).T
    return n, k


def test_the_prior_is_the_likeliest_that_scipy_knows() -> None:
    """On published groups: no beta-binomial of SciPy's makes them likelier, and the mean is the book's .14."""
    n, k = columns(TUMOURS)
    assert (len(TUMOURS), k.sum(), n.sum()) == (71, 267, 1739)

    def loss(x: np.ndarray) -> float:
        return -float(stats.betabinom.logpmf(k, n, np.exp(x[0]), np.exp(x[1])).sum())

    found = optimize.minimize(loss, [0.0, 2.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10}).x
    a, b = np.exp(found)
    prior = fitted_prior(n, k)
    assert prior.mean == pytest.approx(a / (a + b), rel=1e-2)
    assert prior.weight == pytest.approx(a + b, rel=0.05)  # it is held near 20, loosely
    assert prior.mean == pytest.approx(0.14, abs=0.005)


def test_where_groups_say_nothing_a_few_cases_are_no_rate() -> None:
    """One case of each of 900 groups, or a single group: what one came back to is near the mean, and intervals are wide."""
    n, k = np.ones(900), (np.arange(900) % 3 == 0).astype(np.float64)
    one = fitted_prior(n, k)
    assert one.rate(np.ones(1), np.ones(1))[0] < 0.45
    single = fitted_prior(np.array([100.0]), np.array([30.0]))
    lower, upper = single.interval(100, 30)
    assert upper - lower > 0.12


def test_the_interval_is_the_posteriors() -> None:
    """Of 4 in 14 rats, beside SciPy's beta distribution."""
    prior = Prior(0.2, 10)
    assert prior.interval(14, 4) == pytest.approx(stats.beta(2 + 4, 8 + 10).interval(0.95))


@given(st.lists(st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=30))
def test_a_rate_lies_between_its_own_cases_and_what_all_do(pairs: list[tuple[int, int]]) -> None:
    """Whatever was counted: a proper prior, rates inside 0 and 1, and between the group's own share and the mean."""
    n, k = columns(pairs) if pairs else (np.zeros(0), np.zeros(0))
    prior = fitted_prior(n, k)
    assert 0 < prior.mean < 1
    assert prior.weight > 0
    rates = prior.rate(n, k)
    assert ((rates > 0) & (rates < 1)).all()
    own = np.divide(k, n, out=np.full(len(n), prior.mean), where=n > 0)
    assert (rates >= np.minimum(own, prior.mean) - 1e-12).all()
    assert (rates <= np.maximum(own, prior.mean) + 1e-12).all()


@pytest.mark.parametrize(("mean", "weight"), [(0.02, 30.0), (0.3, 5.0), (0.5, 200.0)])
def test_a_known_prior_is_found_again(mean: float, weight: float) -> None:
    """Simulated: 4,000 groups of 1 to 60 cases; by likelihood, by moments, and the weight alone where means are known."""
    rng = np.random.default_rng(7)
    n = rng.integers(1, 60, 4_000).astype(np.float64)
    k = rng.binomial(n.astype(int), rng.beta(mean * weight, (1 - mean) * weight, len(n))).astype(np.float64)
    for found in (fitted_prior(n, k), moments_prior(n, k)):
        assert found.mean == pytest.approx(mean, rel=0.1)
        assert found.weight == pytest.approx(weight, rel=0.35)
    assert fitted_weight(n, k, np.full(len(n), mean)) == pytest.approx(weight, rel=0.35)
