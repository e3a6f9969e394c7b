"""Small re-randomisation p-values: labels are drawn where the statistic is large, and weighted back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from counterclick.stats.relabelling import TIE, studentised

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Pool", "tilted_tail"]

ACCURACY = 0.1
"""Greatest Monte Carlo standard error of a tail, as a fraction of it."""

ROUNDS = 6
"""The tilt is fitted so many times around its own last result."""

GROWTH = 1.25
"""Factor by which the strength of a tilt is raised while its statistic rises."""

HALVINGS = 30
LARGEST_WEIGHT = 300.0
"""Log of the greatest weight, whose square is still finite; such a draw spoils the accuracy anyway."""

LONGEST_SHIFT = 15.0
"""No buyer's log odds are shifted further."""

STEPS_BACK = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
"""Where a tail is too thin to estimate, that of this fraction of the statistic is tried, which is thicker."""

FEWEST_HITS = 0.05
"""A tilt that puts fewer draws than this into the tail has missed it."""

CELLS = 2_000_000
"""Labels that are held at one time."""


@dataclass(frozen=True, slots=True)
class Pool:
    """All visitors of both arms, without their labels.

    Attributes:
        amounts: (b,) amounts of the buyers.
        others: visitors who did not buy.
        share: chance of the label "treatment".
    """

    amounts: Floats
    others: int
    share: float

    def mirrored(self) -> Pool:
        """Return the same visitors with the arms' names exchanged, whose statistic has the other sign."""
        return Pool(self.amounts, self.others, 1 - self.share)


def tilted_tail(pool: Pool, observed: float, draws: int, seed: int) -> tuple[float, bool] | None:
    """Estimate the chance that re-randomised labels give a statistic of at least the observed one.

    Each visitor's log odds of "treatment" are shifted in proportion to the influence on the statistic, so
    that it lies about the observed value; a draw counts with its likelihood ratio, so that the estimate is
    unbiased whatever the shift. Where its standard error exceeds a tenth of it, or few draws reach the tail,
    the tail of a smaller statistic is estimated instead, which is thicker: the answer is then too large,
    never too small.

    Args:
        pool: the visitors.
        observed: the statistic, above 0.
        draws: number of draws.
        seed: of the draws.

    Returns:
        The one-sided p-value and whether it is that of the observed statistic (else of a smaller one); None
        where no tail could be estimated.

    Source: Johns (1988), JASA 83; Davison and Hinkley (1997), *Bootstrap Methods*, section 9.4 (importance
    resampling by exponential tilting), here of the labels.
    """
    for fraction in STEPS_BACK:
        target = fraction * observed
        statistic, log_weight = _tilted_draws(pool, _fitted_shift(pool, target), draws, seed)
        hit = statistic >= target - TIE * max(1.0, target)
        counted = np.where(hit, np.exp(np.minimum(log_weight, LARGEST_WEIGHT)), 0.0)
        tail = float(counted.mean())
        accurate = counted.std() <= ACCURACY * tail * math.sqrt(draws)
        if 0 < tail <= 1 and accurate and hit.mean() >= FEWEST_HITS:
            return tail, fraction == STEPS_BACK[0]
    return None


def _tilted_draws(pool: Pool, shift: Floats, draws: int, seed: int) -> tuple[Floats, Floats]:
    """Return each draw's statistic, and the log of its likelihood ratio, design over tilt."""
    for_buyers, for_others = np.random.default_rng(seed).spawn(2)
    chances = special.expit(special.logit(pool.share) + shift)
    powers = np.stack([pool.amounts, pool.amounts**2, np.ones(len(pool.amounts)), shift[:-1]], axis=1)
    drawn, rest = np.empty((draws, 4)), np.empty((draws, 4))
    rows = max(1, CELLS // len(shift))
    for start in range(0, draws, rows):
        chunk = slice(start, min(start + rows, draws))
        labels = for_buyers.random((chunk.stop - chunk.start, len(pool.amounts))) < chances[:-1]
        drawn[chunk], rest[chunk] = labels @ powers, ~labels @ powers
    others = for_others.binomial(pool.others, chances[-1], size=draws)
    per_label = np.log1p(-pool.share) - np.log1p(-chances)
    constant = float(per_label[:-1].sum() + per_label[-1] * pool.others)
    visitors = drawn[:, 2] + others
    n = pool.others + len(pool.amounts)
    log_weight = constant - drawn[:, 3] - shift[-1] * others
    return studentised(drawn, visitors, rest, n - visitors), log_weight


def _fitted_shift(pool: Pool, target: float) -> Floats:
    """Find shifts of log odds under which the statistic of the expected sums meets the target.

    Returns:
        (b + 1,) shifts: one for each buyer, and last the one for all others.
    """
    odds = float(special.logit(pool.share))
    chances = np.full(len(pool.amounts) + 1, pool.share)
    shift = np.zeros_like(chances)
    for _ in range(ROUNDS):
        influence = _influence(pool, chances, target)

        def shifted(strength: float, influence: Floats = influence) -> Floats:
            return np.clip(strength * influence, -LONGEST_SHIFT, LONGEST_SHIFT)

        def statistic(strength: float, shifted: Callable[[float], Floats] = shifted) -> float:
            return _expected_statistic(pool, special.expit(odds + shifted(strength)))

        shift = shifted(_strength(statistic, target))
        chances = (chances + special.expit(odds + shift)) / 2
    return shift


def _strength(statistic: Callable[[float], float], target: float) -> float:
    """Return where a rising function of the strength meets the target, or where it stops rising."""
    low, high = 0.0, 0.125
    at_low, at_high = statistic(low), statistic(high)
    while at_high < target:
        if at_high <= at_low:
            return low
        low, at_low = high, at_high
        high *= GROWTH
        at_high = statistic(high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if statistic(middle) < target:
            low = middle
        else:
            high = middle
    return high


def _expected_statistic(pool: Pool, chances: Floats) -> float:
    top, n_top = _expected_sums(pool, chances)
    base, n_base = _expected_sums(pool, 1 - chances)
    return float(studentised(top[np.newaxis], np.array([n_top]), base[np.newaxis], np.array([n_base]))[0])


def _expected_sums(pool: Pool, chances: Floats) -> tuple[Floats, float]:
    """Return expected sum and sum of squares, and expected visitors, of an arm with these chances."""
    buyers, other = chances[:-1], float(chances[-1])
    sums = buyers @ np.stack([pool.amounts, pool.amounts**2], axis=1)
    return sums, float(buyers.sum()) + pool.others * other


def _influence(pool: Pool, chances: Floats, statistic: float) -> Floats:
    """Return the derivative of the statistic by each visitor's chance of "treatment", at its target value.

    The statistic is l / s with l the log ratio and s^2 its variance, the sum over both arms of q / a^2 - 1 /
    n with a and q the sum and sum of squares of n visitors; the derivative is l' / s - statistic (s^2)' / (2
    s^2).
    """
    x = np.append(pool.amounts, 0.0)
    log_ratio, variance = np.zeros_like(x), np.zeros_like(x)
    total = 0.0
    for side, sign in ((chances, 1.0), (1 - chances, -1.0)):
        (a, q), n = _expected_sums(pool, side)
        log_ratio += x / a - 1 / n
        variance += sign * ((x / a) ** 2 - 2 * (x / a) * q / a**2 + 1 / n**2)
        total += q / a**2 - 1 / n
    if total <= 0:
        return log_ratio
    influence: Floats = log_ratio / math.sqrt(total) - statistic * variance / (2 * total)
    return influence
