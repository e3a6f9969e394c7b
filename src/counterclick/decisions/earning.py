"""What products earn each time they are shown: rates and values of few cases, shrunk; places corrected. Plain arrays only.

A product that was shown E times, each place counted as much as it is seen, and was bought s times has s from a Poisson
distribution of mean E x rate. Rates of products are drawn from one gamma distribution, which is fitted to all of them by
maximum likelihood (the negative binomial's); the posterior is Gamma(a + s, b + E). What an order of it is worth is shrunk
towards all orders by credibility. What it earns is rate times worth; its interval is that of the gamma distribution with the
mean and variance of that product of two independent posteriors.

How much a place is seen is told by places whose order chance drew: what stands there has nothing to do with the place, so
that orders over exposures of each place stand in the ratio in which the places are seen (the position-based model). A place
is seen no more than one above it, so that the rates are made to fall by pooling neighbours that do not.

Sources: Robbins, An empirical Bayes approach to statistics, Proc. Third Berkeley Symp. 1 (1956), 157-163; Buehlmann and
Straub, Glaubwuerdigkeit fuer Schadensaetze, Mitt. VSVM 70 (1970), 111-133; Craswell et al., An experimental comparison of
click position-bias models, WSDM 2008; Wang et al., Position bias estimation for unbiased learning to rank, WSDM 2018; Ayer
et al., An empirical distribution function for sampling with incomplete information, Ann. Math. Statist. 26 (1955), 641-647.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize
from scipy.special import gammaincinv, gammaln

__all__ = ["Codes", "Earned", "Numbers", "Placed", "earned", "seen_of"]

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]
_SHAPES = (1e-2, 1e4)
"""Orders that the prior is worth, at least and at most: beyond either, a likelihood is flat."""
_HELD, _LOOSELY = 1.0, 2.0
"""Near which shape it is held, and how loosely: the spread of its log. Some dozens of products outweigh it."""
_STEADY = 1e-9
"""Variance between products, relative to the square of the mean, below which worths do not differ."""


@dataclass(frozen=True, slots=True)
class Placed:
    """How often products were shown in which place, and what came of it: a row for each product and place, in columns.

    Attributes:
        product: number of the product, from 0.
        place: where it stood, from 1.
        times: how often.
        successes: of these, those that were followed by an order that was kept; parts of one where that is an expectation.
        value: what these orders were worth together.
        squares: sum of the squares of what each was worth; where not told, orders of one product are worth the same.
    """

    product: Codes
    place: Codes
    times: Numbers
    successes: Numbers
    value: Numbers
    squares: Numbers | None = None


@dataclass(frozen=True, slots=True)
class Earned:
    """What products earn each time they are shown in a place that is seen as much as the mean; an entry for each product.

    Attributes:
        times: how often each was shown, each place counted as much as it is seen.
        successes: orders that were kept.
        rate: orders for each time shown, shrunk.
        worth: of one order, shrunk.
        score: rate times worth: what it earns each time it is shown.
        low: lower end of the score's 95 % interval.
        high: upper end.
        is_told: whether it was shown often enough; else its score is the mean, its interval as wide as products differ.
        mean: score of a product of which nothing is known.
    """

    times: Numbers
    successes: Numbers
    rate: Numbers
    worth: Numbers
    score: Numbers
    low: Numbers
    high: Numbers
    is_told: NDArray[np.bool_]
    mean: float


def seen_of(place: Codes, times: Numbers, successes: Numbers, least: float = 0.05) -> Numbers:
    """Return how much each place is seen, beside the one that is seen most; the last one holds for all after it.

    Args:
        place: of products that chance put there, from 1.
        times: how many were, in each row.
        successes: of these, those that were followed by an order.
        least: how much a place is seen at least.
    """
    n, k = (np.bincount(place - 1, each) for each in (times, successes))
    if not k.sum():
        return np.ones(len(n))
    rates = isotonic_regression(k / np.maximum(n, 1e-300), weights=np.maximum(n, 1e-300), increasing=False).x
    return np.asarray(np.maximum(rates / rates[0], least))


def earned(shown: Placed, n_products: int, *, floor: float, seen: Numbers | None = None) -> Earned:
    """Return what each product earns each time it is shown.

    Args:
        shown: how often it was, where, and what came of it.
        n_products: how many there are.
        floor: orders that a product so often shown would have by the mean of all, below which the mean stands for it.
        seen: how much each place is seen, as `seen_of` returns it; all places alike unless given.
    """
    weight = np.ones(len(shown.place)) if seen is None else seen[np.minimum(shown.place, len(seen)) - 1]
    weighed = shown.times * weight
    if weighed.sum():
        weighed *= shown.times.sum() / weighed.sum()  # a place of mean attention counts as one
    n, s, value = (
        np.bincount(shown.product, each, n_products).astype(np.float64) for each in (weighed, shown.successes, shown.value)
    )
    squares = np.divide(value**2, s, out=np.zeros_like(s), where=s > 0)
    if shown.squares is not None:
        squares = np.bincount(shown.product, shown.squares, n_products)
    shape, exposure = _prior(n, s)
    mean = float(value.sum() / s.sum()) if s.sum() else 0.0
    weighs, within, between = _credibility(s, value, squares, mean)
    told = n * float(s.sum() / n.sum() if n.sum() else 0.0) >= max(floor, 1e-12)
    own_n, own_s, own_value = (np.where(told, each, 0.0) for each in (n, s, value))
    rate = (shape + own_s) / (exposure + own_n)
    worth = (own_value + weighs * mean) / (own_s + weighs)
    score = rate * worth
    rate_spread = 1 / (shape + own_s)  # variances relative to the squares of the means
    worth_spread = np.divide(_posterior(own_s, within, between), worth**2, out=np.zeros_like(worth), where=worth > 0)
    spread = rate_spread + worth_spread + rate_spread * worth_spread
    low, high = (score * spread * gammaincinv(1 / spread, level) for level in (0.025, 0.975))
    return Earned(n, s, rate, worth, score, low, high, told, float(shape / exposure * mean))


def _prior(n: Numbers, s: Numbers) -> tuple[float, float]:
    """Return shape and rate of the gamma distribution that makes what products did likeliest."""
    some = n > 0
    n, s = n[some], s[some]
    if not s.sum():
        return 1.0, float(n.sum()) + 1.0
    whole = float(s.sum() / n.sum())
    low, high = np.log(_SHAPES)

    def loss(x: Numbers) -> float:
        shape, mean = np.exp(x)
        b = shape / mean
        held = ((x[0] - np.log(_HELD)) / _LOOSELY) ** 2 / 2
        return float(held - (gammaln(shape + s) - gammaln(shape) + shape * np.log(b) - (shape + s) * np.log(b + n)).sum())

    bounds = [(low, high), (np.log(whole) - 4, np.log(whole) + 4)]
    shape, mean = np.exp(minimize(loss, [0.0, np.log(whole)], method="L-BFGS-B", bounds=bounds).x)
    return float(shape), float(shape / mean)


def _credibility(s: Numbers, value: Numbers, squares: Numbers, mean: float) -> tuple[float, float, float]:
    """Return how many orders the mean of all is worth beside a product's own, and the variances within and between."""
    some = s > 0
    s, value, squares = s[some], value[some], squares[some]
    total, groups = float(s.sum()), int(some.sum())
    if groups < 2 or not mean:  # noqa: PLR2004 - one product differs from none
        return 1.0, 0.0, 0.0
    own = value / s
    inside = np.maximum(squares - s * own**2, 0.0)
    within = float(inside.sum() / max(total - groups, 1.0))
    scale = total - float((s**2).sum()) / total
    between = (float((s * (own - mean) ** 2).sum()) - (groups - 1) * within) / scale if scale > 0 else 0.0
    if between <= _STEADY * mean**2:
        return (1e6, within, 0.0) if within else (1.0, 0.0, 0.0)
    return max(within / between, _STEADY), within, between


def _posterior(s: Numbers, within: float, between: float) -> Numbers:
    """Return the variance of what is known of a product's worth after so many orders."""
    if not between:
        return np.zeros_like(s)
    return np.asarray(between * within / (within + s * between)) if within else np.where(s > 0, 0.0, between)
