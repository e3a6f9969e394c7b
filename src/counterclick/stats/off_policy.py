"""Off-policy estimates: what a policy would have earned, from decisions that another one made by chance.

Each logged decision is weighted by how much more likely the proposed policy makes it than the logging one did. That is
right only where the logged probabilities are exact and every action of the proposed policy could have been logged; a few
large weights make it nearly worthless. Both are looked at, and the reasons not to believe an estimate stand beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from counterclick.errors import RefusedError
from counterclick.stats.estimates import Estimate, check_fraction, normal_estimate

__all__ = [
    "LEAST_EFFECTIVE",
    "LEAST_OUTCOMES",
    "MOST_UNCOVERED",
    "OffPolicy",
    "Valued",
    "off_policy_value",
    "weighted_value",
]

LEAST_EFFECTIVE = 1_000
"""Effective units below which an estimate is refused."""
LEAST_OUTCOMES = 50
"""Effective units with an outcome below which it is refused: as many as the buyers of a verdict."""
MOST_UNCOVERED = 0.01
"""Share of the proposed policy's probability on actions that were never logged, above which it is refused."""
_CHANCE = 0.001
"""P-value of a mean weight of 1, below which it is refused: as a sample ratio mismatch is."""
_NO_SKEW = 1e-9
_ROUNDING = 1e-9

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Valued:
    """One estimate of a policy's mean outcome.

    Attributes:
        value: outcome of a decision under the policy, in its unit.
        gain: by how much that is more than what was logged; None where the policy decides as the logging one did.
    """

    value: Estimate
    gain: Estimate | None


@dataclass(frozen=True, slots=True)
class OffPolicy:
    """What a policy would have earned, by three estimators, and what speaks against believing them.

    Attributes:
        n: logged decisions.
        n_units: units that they belong to, such as visitors; intervals are by unit.
        effective: units that say as much with equal weights (Kish): (sum w)^2 / sum w^2.
        effective_outcomes: the same of the units that have an outcome.
        largest: the largest weight, in absolute value.
        mean_weight: mean weight with its interval; 1 where every action could have been logged.
        logged: mean outcome under the logging policy.
        ips: inverse propensity scoring.
        snips: the same, self-normalised.
        doubly_robust: the same, with a model of the outcome; None without one.
        refusals: reasons not to believe any of them, each in one sentence; empty where there is none.
    """

    n: int
    n_units: int
    effective: float
    effective_outcomes: float
    largest: float
    mean_weight: Estimate
    logged: Estimate
    ips: Valued
    snips: Valued
    doubly_robust: Valued | None
    refusals: tuple[str, ...]


def off_policy_value(
    outcome: ArrayLike,
    propensity: ArrayLike,
    target: ArrayLike,
    *,
    predicted: ArrayLike | None = None,
    expected: ArrayLike | None = None,
    units: ArrayLike | None = None,
    uncovered: float = 0.0,
    level: float = 0.95,
) -> OffPolicy:
    """Return what a policy would have earned, from decisions of one action each.

    Args:
        outcome: of each logged decision, (n,), in any unit.
        propensity: probability with which the logged action was taken, (n,), above 0 and at most 1.
        target: probability with which the policy takes the logged action, (n,), 0 to 1.
        predicted: outcome of the logged action by a model that has not seen the decision's unit, (n,).
        expected: outcome by the same model, over the policy's actions, (n,).
        units: whose each decision is, (n,); each is its own unless given. Decisions of one unit hang together.
        uncovered: share of the policy's probability on actions that were never logged.
        level: confidence of the intervals.

    Raises:
        RefusedError: there is nothing to estimate from, or a number is none that can be.

    Source: Horvitz and Thompson (1952) for IPS; Swaminathan and Joachims (2015), "The self-normalized estimator for
    counterfactual learning", for SNIPS; Dudik, Langford and Li (2011), "Doubly robust policy evaluation and learning",
    eq. 1; Kish (1965), "Survey sampling", for the effective size; Hall (1992) for intervals of what is skewed, as money is.
    """
    chance, wanted = _floats("propensities", propensity), _floats("target probabilities", target)
    if len(chance) != len(wanted):
        raise RefusedError(
            f"{len(chance)} propensities and {len(wanted)} target probabilities; give one of each a decision."
        )
    if not ((chance > 0) & (chance <= 1)).all():
        n_bad = int((~((chance > 0) & (chance <= 1))).sum())
        says = "a decision that had no chance cannot have been made"
        raise RefusedError(f"propensities lie above 0 and at most at 1; {n_bad:,} do not: {says}.")
    if not ((wanted >= 0) & (wanted <= 1)).all():
        raise RefusedError("target probabilities lie between 0 and 1; some do not.")
    models = {"predicted": predicted, "expected": expected}
    return weighted_value(outcome, wanted / chance, **models, units=units, uncovered=uncovered, level=level)


def weighted_value(
    outcome: ArrayLike,
    weights: ArrayLike,
    *,
    predicted: ArrayLike | None = None,
    expected: ArrayLike | None = None,
    units: ArrayLike | None = None,
    uncovered: float = 0.0,
    level: float = 0.95,
) -> OffPolicy:
    """Return the same from weights of decisions, whose mean is 1 where every action could have been logged.

    Args:
        outcome: of each logged decision, (n,).
        weights: of each, (n,); of lists of actions they may be negative (Swaminathan et al. 2017).
        predicted: as of `off_policy_value`.
        expected: as of `off_policy_value`.
        units: as of `off_policy_value`.
        uncovered: as of `off_policy_value`.
        level: as of `off_policy_value`.

    Raises:
        RefusedError: as of `off_policy_value`.
    """
    check_fraction("the level", level)
    y, w = _floats("outcomes", outcome), _floats("weights", weights)
    number, n_units = _numbered(len(y), units)
    if len(w) != len(y):
        raise RefusedError(f"{len(y)} outcomes and {len(w)} weights; give one of each a decision.")
    if n_units < 2:  # noqa: PLR2004 - there is no spread of one
        raise RefusedError(f"the decisions are of {n_units} unit(s); an interval needs 2 or more.")
    if not w.any():
        raise RefusedError(
            "the policy would have made none of the logged decisions: nothing is known of what it would earn."
        )
    spread = _Spread(number, n_units, level)
    logged = y - y.mean()
    ips = w * y
    snips = ips.sum() / w.sum()
    weights_of = np.bincount(number, w, n_units).astype(np.float64)
    has = np.bincount(number, y != 0, n_units) > 0
    found = OffPolicy(
        n=len(y),
        n_units=n_units,
        effective=_kish(weights_of),
        effective_outcomes=_kish(weights_of[has]),
        largest=float(np.abs(w).max()),
        mean_weight=_mean_weight(w, spread),
        logged=spread.estimate(float(y.mean()), logged, "mean outcome"),
        ips=spread.valued(ips.mean(), ips - ips.mean(), y, "inverse propensity scoring"),
        snips=spread.valued(snips, w * (y - snips) / w.mean(), y, "self-normalised inverse propensity scoring"),
        doubly_robust=_doubly_robust(y, w, predicted, expected, spread),
        refusals=(),
    )
    return _refusing(found, uncovered)


@dataclass(frozen=True, slots=True)
class _Spread:
    """How what decisions add to a mean spreads between units.

    Attributes:
        number: of each decision's unit, (n,).
        n_units: how many there are.
        level: confidence of intervals.
    """

    number: NDArray[np.intp]
    n_units: int
    level: float

    def error(self, influence: Floats) -> float:
        """Return the standard error of a mean from what each decision adds to it, (n,), whose sum is 0."""
        sums = np.bincount(self.number, influence, self.n_units)
        return math.sqrt(float(sums @ sums) * self.n_units / (self.n_units - 1)) / len(influence)

    def estimate(self, value: float, influence: Floats, method: str) -> Estimate:
        """Return a mean with its interval."""
        error = self.error(influence)
        if not error > 1e-12 * abs(value):
            raise RefusedError(f"{method}: all decisions say the same, {value:g}; that has no interval.")
        sums = np.bincount(self.number, influence, self.n_units)
        skew = float(np.mean(sums**3) / np.mean(sums**2) ** 1.5) / math.sqrt(self.n_units)
        bound = float(special.ndtri(0.5 + self.level / 2))
        lower, upper = (value - error * _unskewed(each, skew) for each in (bound, -bound))
        p_value = float(2 * special.ndtr(-abs(_skewed(value / error, skew))))
        return Estimate(value, lower, upper, self.level, p_value, value / error, error, None, method)

    def valued(self, value: float, influence: Floats, y: Floats, method: str) -> Valued:
        """Return a mean, and by how much it is more than the logged one."""
        more = influence - (y - y.mean())
        own = self.estimate(float(value), influence, method)
        if self.error(more) <= 1e-12 * own.se:
            return Valued(own, None)
        return Valued(own, self.estimate(float(value - y.mean()), more, f"{method}, over what was logged"))


def _skewed(statistic: float, skew: float) -> float:
    """Return what a studentised mean would be without skew: Hall (1992), "On the removal of skewness by transformation".

    Args:
        statistic: estimate less truth over standard error.
        skew: of what units add, over the root of their number.
    """
    return statistic + skew / 3 * statistic**2 + skew**2 / 27 * statistic**3 + skew / 6


def _unskewed(normal: float, skew: float) -> float:
    """Return the studentised mean that stands where a normal one would: the inverse of `_skewed`."""
    if abs(skew) < _NO_SKEW:
        return normal
    return 3 / skew * (float(np.cbrt(1 + skew * (normal - skew / 6))) - 1)


def _doubly_robust(
    y: Floats, w: Floats, predicted: ArrayLike | None, expected: ArrayLike | None, spread: _Spread
) -> Valued | None:
    if predicted is None or expected is None:
        return None
    model, wanted = _floats("predicted outcomes", predicted), _floats("expected outcomes", expected)
    if not len(model) == len(wanted) == len(y):
        raise RefusedError(f"{len(model)} predicted and {len(wanted)} expected outcomes; there are {len(y)} decisions.")
    corrected = wanted + w * (y - model)
    return spread.valued(corrected.mean(), corrected - corrected.mean(), y, "doubly robust")


def _mean_weight(w: Floats, spread: _Spread) -> Estimate:
    value, error = float(w.mean()), spread.error(w - w.mean())
    if error > 0:
        return normal_estimate(value, error, spread.level, "mean weight")
    return Estimate(value, value, value, spread.level, 0.0, math.inf, 0.0, None, "mean weight")


def _refusing(found: OffPolicy, uncovered: float) -> OffPolicy:
    """Return an estimate with the reasons not to believe it."""
    reasons = []
    if found.effective < LEAST_EFFECTIVE:
        reasons.append(
            f"{found.n_units:,} units say as much as {found.effective:,.0f} with equal weights (the largest is "
            f"{found.largest:,.1f}); {LEAST_EFFECTIVE:,} are needed."
        )
    if found.effective_outcomes < LEAST_OUTCOMES:
        reasons.append(
            f"those with an outcome say as much as {found.effective_outcomes:,.0f} with equal weights; {LEAST_OUTCOMES} "
            "are needed."
        )
    if uncovered > MOST_UNCOVERED:
        reasons.append(
            f"{uncovered:.1%} of what the policy does was never logged; more than {MOST_UNCOVERED:.0%} cannot be left out."
        )
    weight = found.mean_weight
    off = abs(weight.value - 1)
    if off > _ROUNDING and (weight.se == 0 or 2 * special.ndtr(-off / weight.se) < _CHANCE):
        reasons.append(
            f"weights are {weight.value:.3f} on average [{weight.lower:.3f}, {weight.upper:.3f}] where 1 is due: the policy "
            "does what could not have been logged, or propensities are not what they say."
        )
    return replace(found, refusals=tuple(reasons))


def _kish(weights: Floats) -> float:
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _numbered(n: int, units: ArrayLike | None) -> tuple[NDArray[np.intp], int]:
    """Return the number of each decision's unit, from 0, and how many units there are."""
    if units is None:
        return np.arange(n), n
    names, number = np.unique(np.asarray(units), return_inverse=True)
    if len(number) != n:
        raise RefusedError(f"{n} outcomes and {len(number)} units; give one of each a decision.")
    return number, len(names)


def _floats(what: str, values: ArrayLike) -> Floats:
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or not len(found):
        raise RefusedError(f"{what} are one number a decision; they were of shape {found.shape}.")
    if not np.isfinite(found).all():
        raise RefusedError(f"{what} are finite numbers; {int((~np.isfinite(found)).sum()):,} are not.")
    return found
