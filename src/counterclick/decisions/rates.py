"""Rates of few cases: shrunk towards what the others do, by a beta prior that is fitted to all of them.

Of n cases k came back. The chance of a group is drawn from Beta(a, b), so that k is beta-binomial; a and b maximise the
likelihood of all groups, beginning at the moments of Kleinman. Where groups say little of what the prior weighs (one case
each, or a single group) it is held near 20 cases. The posterior is Beta(a + k, b + n - k): its mean is the rate
that is shown, its quantiles are the interval.

Sources: Griffiths, Maximum likelihood estimation for the beta-binomial distribution, Biometrics 29 (1973), 637-648;
Kleinman, Proportions with extraneous variance, JASA 68 (1973), 46-54; Efron and Morris, Data analysis using Stein's
estimator, JASA 70 (1975), 311-319.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import betaincinv, betaln

__all__ = ["Prior", "fitted_prior", "fitted_weight", "moments_prior"]

Numbers = NDArray[np.float64]
_WEIGHTS = (0.05, 1e5)
"""Cases that a prior is worth, at least and at most: beyond either, a likelihood is flat."""

_HELD, _LOOSELY = 20.0, 2.0
"""Near how many cases a weight is held, and how loosely: the spread of its log. Some dozens of groups outweigh it."""


@dataclass(frozen=True, slots=True)
class Prior:
    """A beta distribution of rates.

    Attributes:
        mean: rate of a group of which nothing is known.
        weight: how many cases of its own count as much as the prior.
    """

    mean: float
    weight: float

    def rate(self, n: Numbers, k: Numbers) -> Numbers:
        """Return the posterior means of groups.

        Args:
            n: cases of each.
            k: of these, those that came back.
        """
        return (k + self.weight * self.mean) / (n + self.weight)

    def interval(self, n: float, k: float, level: float = 0.95) -> tuple[float, float]:
        """Return the posterior's interval of one group.

        Args:
            n: its cases.
            k: of these, those that came back.
            level: chance that it covers the rate.
        """
        a, b = self.weight * self.mean + k, self.weight * (1 - self.mean) + n - k
        tails = ((1 - level) / 2, (1 + level) / 2)
        lower, upper = (float(betaincinv(a, b, tail)) for tail in tails)
        return lower, upper


def moments_prior(n: Numbers, k: Numbers) -> Prior:
    """Return the prior by moments (Kleinman 1973): a start for the likelihood.

    Args:
        n: cases of each group, above 0.
        k: of these, those that came back.
    """
    total, mean = float(n.sum()), _mean(n, k)
    groups = len(n)
    spread = float((n * (k / n - mean) ** 2).sum())
    scale = total - float((n**2).sum()) / total
    within = mean * (1 - mean) * (groups - 1)
    if scale <= 0 or spread <= within:
        return Prior(mean, _WEIGHTS[1])
    share = (spread - within) / (mean * (1 - mean) * (scale - (groups - 1)) + 1e-300)
    return Prior(mean, float(np.clip(1 / np.clip(share, 1e-9, 1) - 1, *_WEIGHTS)))


def fitted_prior(n: Numbers, k: Numbers) -> Prior:
    """Return the prior that makes what groups did likeliest; with nothing known, even odds that weigh two cases.

    Args:
        n: cases of each group.
        k: of these, those that came back.
    """
    some = n > 0
    n, k = n[some], k[some]
    if not len(n):
        return Prior(0.5, 2.0)
    start = moments_prior(n, k)
    low, high = np.log(_WEIGHTS)

    def loss(x: Numbers) -> float:
        mean, weight = 1 / (1 + np.exp(-x[0])), np.exp(x[1])
        return _loss(n, k, np.full(len(n), mean), weight)

    begin = [np.log(start.mean / (1 - start.mean)), np.log(start.weight)]
    found = minimize(loss, begin, method="L-BFGS-B", bounds=[(-14, 14), (low, high)]).x
    return Prior(float(1 / (1 + np.exp(-found[0]))), float(np.exp(found[1])))


def fitted_weight(n: Numbers, k: Numbers, mean: Numbers) -> float:
    """Return how many cases a group's own prior mean is worth, such as a size's, which is that of its item.

    Args:
        n: cases of each group.
        k: of these, those that came back.
        mean: prior mean of each, between 0 and 1.
    """
    some = n > 0
    if not some.any():
        return 2.0
    low, high = np.log(_WEIGHTS)
    own = (n[some], k[some], mean[some])
    found = minimize_scalar(lambda x: _loss(*own, float(np.exp(x))), bounds=(low, high), method="bounded")
    return float(np.exp(found.x))


def _mean(n: Numbers, k: Numbers) -> float:
    """Return the share over all; kept off 0 and 1 by half a case, where a prior has no odds."""
    return float((k.sum() + 0.5) / (n.sum() + 1))


def _loss(n: Numbers, k: Numbers, mean: Numbers, weight: float) -> float:
    a, b = mean * weight, (1 - mean) * weight
    held = ((np.log(weight) - np.log(_HELD)) / _LOOSELY) ** 2 / 2
    return float(held - (betaln(a + k, b + n - k) - betaln(a, b)).sum())
