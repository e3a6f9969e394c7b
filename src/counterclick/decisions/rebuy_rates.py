"""How often types of products are bought again in general, and what that says of a pair of which little is known.

Two views of the same days. Rates: a pair is bought at a rate of its own, drawn from Gamma(shape, shape / rate of its type),
so that what it did adds to what its type does. Gaps: the logs of the days from one buying to the next vary normally around a
mean of the pair's own, and these around that of the type.

Sources: Bhagat, Muralidharan, Lobzhanidze and Vishwanath, Buy it again: modeling repeat purchase recommendations, KDD 2018,
62-70 (the modified Poisson-gamma rate); Efron and Morris, Data analysis using Stein's estimator, JASA 70
(1975), 311-319 (what a pair's mean borrows from its type's).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, log_ndtr

from counterclick.decisions.history import Codes
from counterclick.decisions.rebuys import Pairs

__all__ = ["RebuyRates", "fitted_rates"]

Numbers = NDArray[np.float64]
_OWN = 5.0
"""Later buyings, and gaps, of its own that weigh as much for a type as what all types do."""
_SHAPES = (0.02, 50.0)
_LEAST_SPREAD = 0.05
_SAMPLE = 200_000
"""Pairs that the shape is fitted to at most: more would not change its second digit."""


@dataclass(frozen=True, slots=True)
class RebuyRates:
    """What is known of types.

    Attributes:
        shape: of the pairs' rates around their type's.
        rate: type -> later buyings of a pair in a day; under no name that of any.
        log_gap: type -> mean log of days from one buying to the next; under no name that of any.
        within: standard deviation of a pair's log gaps around its own mean.
        between: standard deviation of the pairs' means around their type's.
    """

    shape: float
    rate: Mapping[str, float]
    log_gap: Mapping[str, float]
    within: float
    between: float

    def of(self, types: Sequence[str]) -> tuple[Numbers, Numbers]:
        """Return rate and mean log gap of each type; of one that is not known, those of any."""
        rate, gap = ([own.get(each, own[""]) for each in types] for own in (self.rate, self.log_gap))
        return np.array(rate, np.float64), np.array(gap, np.float64)

    def own_gap(self, pairs: Pairs, log_gap: Numbers) -> Numbers:
        """Return the mean log gap that is expected of each pair.

        Args:
            pairs: with their gaps.
            log_gap: of each pair's type.
        """
        worth = (self.within / self.between) ** 2
        found: Numbers = (pairs.log_gaps + worth * log_gap) / (pairs.n - 1 + worth)
        return found

    def modified_rate(self, pairs: Pairs, rate: Numbers, gap: Numbers, since: Numbers) -> Numbers:
        """Return the modified Poisson-gamma rate of each pair: high when it is due, lower before and after.

        Its exposure is the time from the first buying to the last, and after it what the time since the last one is away
        from the usual gap, twice; from two gaps on, all the time since then.

        Args:
            pairs: with their days.
            rate: of each pair's type.
            gap: days from one buying to the next that are expected of each.
            since: days since the last buying.
        """
        away = np.where(since < 2 * gap, 2 * np.abs(gap - since), since)
        found: Numbers = (pairs.n - 1 + self.shape) / (pairs.last - pairs.first + away + self.shape / rate)
        return found

    def log_odds(self, log_gap: Numbers, n_gaps: Codes, since: Numbers, horizon: int) -> Numbers:
        """Return the log odds that the gap which has lasted so long ends within a horizon, by log-normal gaps.

        Args:
            log_gap: mean that is expected of each pair.
            n_gaps: of its own, from which it is known.
            since: days since the last buying, 0 or more.
            horizon: days.
        """
        known = 1 / (n_gaps / self.within**2 + 1 / self.between**2)
        spread = np.sqrt(self.within**2 + known)
        now, then = ((np.log(each) - log_gap) / spread for each in (since + 0.5, since + 0.5 + horizon))
        stays = log_ndtr(-then) - log_ndtr(-now)  # log of the chance that it is not bought within the horizon
        found: Numbers = np.log(-np.expm1(np.minimum(stays, -1e-12))) - stays
        return found

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers and names for these, such as JSON can hold."""
        numbers = {name: getattr(self, name) for name in ("shape", "within", "between")}
        return {**numbers, "rate": dict(self.rate), "log_gap": dict(self.log_gap)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RebuyRates:
        """Return what `to_plain` wrote, also after it was JSON."""
        return cls(**plain)


def fitted_rates(pairs: Pairs, types: Sequence[str]) -> RebuyRates:
    """Return what pairs say of their types.

    Args:
        pairs: all that were ever bought, also those that were bought once; some with a gap among them.
        types: names of the types.
    """
    later, exposure = pairs.n - 1, (pairs.day - pairs.first).astype(np.float64)
    n_types = len(types)
    k, t, gaps, logs = (
        np.bincount(pairs.type, weights=each, minlength=n_types) for each in (later, exposure, later, pairs.log_gaps)
    )
    overall = (k.sum() + 0.5) / (t.sum() + 1)
    rate = (k + _OWN) / (t + _OWN / overall)
    mean = logs.sum() / gaps.sum()
    log_gap = (logs + _OWN * mean) / (gaps + _OWN)
    within, between = _spreads(pairs, log_gap)
    step = max(1, len(pairs) // _SAMPLE)
    shape = _shape(later[::step], exposure[::step], rate[pairs.type[::step]])
    return RebuyRates(
        shape,
        {"": float(overall), **dict(zip(types, rate.tolist(), strict=True))},
        {"": float(mean), **dict(zip(types, log_gap.tolist(), strict=True))},
        within,
        between,
    )


def _shape(later: Codes, exposure: Numbers, rate: Numbers) -> float:
    """Return the shape under which the numbers of later buyings, negative binomial, are likeliest."""
    expected = rate * exposure

    def loss(log_shape: float) -> float:
        shape = np.exp(log_shape)
        odds = shape * np.log(shape / (shape + expected)) - later * np.log(shape + expected)
        return -float((gammaln(shape + later) - gammaln(shape) + odds).mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(_SHAPES)), method="bounded")
    return float(np.exp(found.x))


def _spreads(pairs: Pairs, log_gap: Numbers) -> tuple[float, float]:
    """Return how log gaps vary around a pair's own mean, and these means around that of their type, by moments."""
    several = pairs.some(pairs.n > 2)  # noqa: PLR2004 - two gaps have a spread
    m = several.n - 1
    inside = several.square_gaps - several.log_gaps**2 / m
    within = float(inside.sum() / max(1, (m - 1).sum())) if len(several) else 1.0
    some = pairs.some(pairs.n > 1)
    m = some.n - 1
    away = (some.log_gaps / m - log_gap[some.type]) ** 2
    between = float((m * (away - within / m)).sum() / m.sum())
    return max(within, _LEAST_SPREAD) ** 0.5, max(between, _LEAST_SPREAD) ** 0.5
