"""On/off tests: paired blocks of days, of which a coin switches one on.

A cycle is two halves of as many days, cut into the same blocks: block b of the first half and block b of the second
are a pair, so that a pair holds the same weekdays. One fair coin a pair says which of the two is on. The data of a
pair is the difference of log revenue a day, on less off. If the feature did nothing, every difference could have had
the other sign: all sign patterns are equally likely, and the test that counts them is exact whatever the revenue does,
trends, seasons and autocorrelation included.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from counterclick.errors import RefusedError
from counterclick.stats.estimates import Estimate, as_lift, check_fraction
from counterclick.stats.halves import Halves, halves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = [
    "folk_alarm_rate",
    "on_days",
    "pair_differences",
    "paired_lift",
    "pairs_needed",
    "rise_rate",
    "sign_patterns",
    "smallest_visible_on_off",
    "with_effect",
]

MOST_PATTERNS = 2**16 - 1
"""Sign patterns that are counted: all, besides the one that was drawn, up to 16 pairs; so many random ones beyond, by
which a p-value of .05 is known to .001."""
PLANNING_PATTERNS = 2**11 - 1
"""Patterns for each simulated test of a plan."""
SIMULATED = 800
"""Simulated tests behind one smallest visible effect."""
WIDEST_LIFT = 10.0
"""A lift of more than 1,000 % counts as not visible at all."""
_ROUNDING = 1e-12
_COARSE = np.float32(1e-6)


def pairs_needed(alpha: float = 0.05) -> int:
    """Return the fewest pairs with which a two-sided p-value of ``alpha`` can be reached: 2 / 2^pairs <= alpha.

    >>> pairs_needed(0.05)
    6
    """
    check_fraction("alpha", alpha)
    return math.ceil(1 - math.log2(alpha))


def pair_differences(revenue: ArrayLike, cut: Halves) -> Floats:
    """Return each pair's log of revenue a day in the second half less that in the first.

    Args:
        revenue: (..., cycles x 2 x days of a half) revenue of each day, not negative; any unit.
        cut: how the halves are cut.

    Returns:
        (..., cycles x pairs), in the order of time.

    Raises:
        RefusedError: the days are no whole cycles, or a block has no revenue, so that its log is not defined.
    """
    first, second = _block_means(np.asarray(revenue, dtype=np.float64), cut)
    if not ((first > 0).all() and (second > 0).all()):
        empty = int((first <= 0).sum() + (second <= 0).sum())
        raise RefusedError(
            f"{empty} of {first.size + second.size} blocks have no revenue, and the ratio to nothing is no number; longer "
            "blocks hold more."
        )
    return np.log(second) - np.log(first)


def _block_means(revenue: Floats, cut: Halves) -> tuple[Floats, Floats]:
    """Return revenue a counted day of each pair's first and second block, both (..., cycles x pairs)."""
    days = revenue.shape[-1]
    if not days or days % (2 * cut.days):
        raise RefusedError(f"{days} days are no whole number of cycles of {2 * cut.days} days.")
    weights = np.zeros((cut.pairs, cut.days))
    weights[np.asarray(cut.block_of_day), np.arange(cut.days)] = cut.counts
    weights /= weights.sum(axis=1, keepdims=True)
    folded = revenue.reshape(*revenue.shape[:-1], -1, 2, cut.days)
    means = folded @ weights.T
    flat = (*revenue.shape[:-1], -1)
    return means[..., 0, :].reshape(flat), means[..., 1, :].reshape(flat)


def sign_patterns(pairs: int, most: int = MOST_PATTERNS, seed: int = 0) -> Bools:
    """Return which differences have their sign turned around: all patterns but "none", or random ones.

    Args:
        pairs: number of pairs n.
        most: random patterns that are drawn where there are more than these.
        seed: of the random ones.

    Returns:
        (2^n - 1, n), or (most, n) drawn with equal chances, "none" possibly among them.
    """
    if 2**pairs - 1 <= most:
        numbers = np.arange(1, 2**pairs, dtype=np.int64)
        return np.asarray((numbers[:, None] >> np.arange(pairs)) & 1, dtype=bool)
    return np.random.default_rng(seed).integers(0, 2, size=(most, pairs), dtype=np.int8).astype(bool)


def paired_lift(differences: ArrayLike, level: float = 0.95, most: int = MOST_PATTERNS, seed: int = 0) -> Estimate:
    """Return the lift of "on" over "off" with its exact randomisation test and the interval that inverts it.

    The statistic is the mean difference of log revenue a day. Turning the signs of a set A of pairs around gives a mean
    at least as large exactly when the differences in A have a sum of at most zero; so the one-sided p-value counts such
    sets, (1 + sets) / (patterns + 1), and the two-sided one is twice the smaller. A lift of theta in every "on" block
    is tested by taking log(1 + theta) from every difference first: it is rejected on the side where fewer than
    (1 - level) / 2 of the sets' *means* lie. The interval's ends are therefore order statistics of the means of all sets
    of pairs.

    Args:
        differences: (n,) log revenue a day, on less off, of each pair.
        level: confidence of the two-sided interval.
        most: sign patterns that are counted; where there are more, so many random ones.
        seed: of the random ones.

    Returns:
        The lift; ``statistic`` and ``se`` are the paired t's on the log scale, for planning and not for the test.

    Raises:
        RefusedError: too few pairs for the level to be reached, or differences that are no numbers or all the same.

    Source: Fisher (1935), *The Design of Experiments*, section 21 (the test); Hartigan (1969), JASA 64, "Using subsample
    values as typical values" (the interval); Phipson and Smyth (2010), SAGMB 9 (the added 1).
    """
    check_fraction("the level", level)
    found = np.asarray(differences, dtype=np.float64)
    n, alpha = found.size, 1 - level
    if n < pairs_needed(alpha):
        raise RefusedError(
            f"{n} pairs cannot reach p <= {alpha:.3g}: the least p-value of {n} coins is {2 / 2**n:.2g}; "
            f"{pairs_needed(alpha)} pairs are needed at least."
        )
    if found.ndim != 1 or not np.isfinite(found).all():
        raise RefusedError("differences are one number for each pair.")
    mean, se = float(found.mean()), float(found.std(ddof=1)) / math.sqrt(n)
    if not se > _ROUNDING * abs(mean):
        raise RefusedError(f"all {n} pairs differ by the same {mean:.3g}; revenue that does not vary is no shop's.")
    patterns = sign_patterns(n, most, seed)
    sums, sizes = patterns @ found, patterns.sum(axis=1)
    near = _ROUNDING * float(np.abs(found).sum())
    greater = (1 + int((sums <= near).sum())) / (sums.size + 1)
    less = (1 + int((sums >= -near).sum())) / (sums.size + 1)
    beyond = math.floor(alpha / 2 * (sums.size + 1) + 1e-9) - 1
    with np.errstate(divide="ignore", invalid="ignore"):  # the empty set counts on both sides
        means = sums / sizes
    lower = float(np.partition(np.where(sizes > 0, means, -np.inf), beyond)[beyond])
    upper = -float(np.partition(np.where(sizes > 0, -means, -np.inf), beyond)[beyond])
    counted = f"all {sums.size + 1:,}" if 2**n - 1 <= most else f"{sums.size:,} random"
    return Estimate(
        value=as_lift(mean),
        lower=as_lift(lower),
        upper=as_lift(upper),
        level=level,
        p_value=min(1.0, 2 * min(greater, less)),
        statistic=mean / se,
        se=se,
        df=None,
        method=f"randomisation test of {n} pairs, {counted} sign patterns",
    )


def with_effect(revenue: ArrayLike, on: ArrayLike, effect: float, spill: Sequence[float] = (1.0,)) -> Floats:
    """Return revenue as it would have been with an effect that arrives over several days.

    A visitor who comes on an "on" day is worth more by the effect, but orders on the day k days later with the chance
    ``spill[k]``. So "off" blocks begin with orders that the feature has made, and "on" blocks with orders that it has not.

    Args:
        revenue: (..., days) of a time in which nothing was switched.
        on: (..., days) whether each day is on; before the first day all was off.
        effect: relative: 0.05 is +5 %.
        spill: share of orders placed on the same day, the next day, ...; they add up to 1.

    Returns:
        (..., days).
    """
    shares = np.asarray(spill, dtype=np.float64)
    switched = np.asarray(on, dtype=np.float64)
    exposed = np.zeros_like(switched)
    for days, share in enumerate(shares[: switched.shape[-1]]):
        exposed[..., days:] += share * switched[..., : switched.shape[-1] - days]
    return np.asarray(revenue, dtype=np.float64) * (1 + effect * exposed)


def on_days(second_on: ArrayLike, cut: Halves) -> Bools:
    """Return whether each day is on.

    Args:
        second_on: (..., cycles x pairs) whether the coin chose the pair's second block.
        cut: how the halves are cut.

    Returns:
        (..., cycles x 2 x days of a half).
    """
    coins = np.asarray(second_on, dtype=bool)
    by_day = coins.reshape(*coins.shape[:-1], -1, cut.pairs)[..., np.asarray(cut.block_of_day)]
    return np.stack((~by_day, by_day), axis=-2).reshape(*coins.shape[:-1], -1)


def rise_rate(differences: Floats, patterns: Bools, alpha: float = 0.05) -> float:
    """Return how often the test finds a rise in many simulated tests; with the signs turned around, a fall.

    Args:
        differences: (tests, n) log revenue a day, on less off.
        patterns: `sign_patterns` of n pairs.
        alpha: two-sided error rate; a rise is found where `paired_lift` has a p-value of at most this, and a lift above 0.

    Returns:
        A share of the tests.
    """
    small = differences.astype(np.float32)  # half the time, and ties to 1e-6 count as ties
    sums = small @ patterns.T.astype(np.float32)
    near = _COARSE * np.abs(small).sum(axis=1, keepdims=True)
    as_large = 1 + np.count_nonzero(sums <= near, axis=1)
    return float((as_large <= alpha / 2 * (patterns.shape[0] + 1) + 1e-9).mean())


def smallest_visible_on_off(
    history: ArrayLike,
    block_days: int,
    washout_days: int,
    cycles: int,
    *,
    spill: Sequence[float] = (1.0,),
    alpha: float = 0.05,
    power: float = 0.8,
    tests: int = SIMULATED,
    seed: int = 0,
) -> float:
    """Return the smallest lift that an on/off test of this shop finds with the given power.

    Tests are simulated on days on which nothing was switched: as many cycles as planned are drawn, with replacement,
    from all that the history holds (beginning on each of its days), coins are thrown, and the effect is put into what is
    on. The lift is found by bisection over the same draws.

    Args:
        history: (days,) daily revenue.
        block_days: of each block; see `halves`.
        washout_days: that do not count at the beginning of each.
        cycles: of the planned test.
        spill: how the effect arrives; see `with_effect`. (1.0,): all on the same day.
        alpha: two-sided error rate.
        power: chance of a significant rise.
        tests: that are simulated.
        seed: of the draws.

    Returns:
        The relative lift; infinity where more than 1,000 % would be needed.

    Raises:
        RefusedError: the history holds fewer than two cycles, a block of it has no revenue, or the pairs are too few for
            the test to reach ``alpha``.
    """
    check_fraction("power", power)
    cut = halves(block_days, washout_days)
    pairs = cycles * cut.pairs
    if pairs < pairs_needed(alpha):
        raise RefusedError(f"{pairs} pairs cannot reach p <= {alpha:.3g}; {pairs_needed(alpha)} are needed at least.")
    days = np.asarray(history, dtype=np.float64)
    if days.size < 4 * cut.days:
        raise RefusedError(
            f"{days.size} days of history hold fewer than two cycles of {2 * cut.days} days; {4 * cut.days} are needed."
        )
    windows = np.lib.stride_tricks.sliding_window_view(days, 2 * cut.days)
    pair_differences(windows, cut)  # refuses blocks without revenue
    rng = np.random.default_rng(seed)
    revenue = windows[rng.integers(0, len(windows), size=(tests, cycles))].reshape(tests, -1)
    coins = rng.integers(0, 2, size=(tests, pairs)) == 1
    on, signs = on_days(coins, cut), np.where(coins, 1.0, -1.0)
    patterns = sign_patterns(pairs, PLANNING_PATTERNS, seed)

    def found(effect: float) -> float:
        simulated = with_effect(revenue, on, effect, spill)
        return rise_rate(signs * pair_differences(simulated, cut), patterns, alpha)

    low, high = 0.0, 0.02
    while found(high) < power:
        low, high = high, 2 * high
        if low > WIDEST_LIFT:
            return math.inf
    while high - low > 1e-4 + 0.02 * low:
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) >= power else (middle, high)
    return high


def folk_alarm_rate(revenue: ArrayLike, days: int = 14, fall: float = 0.02) -> tuple[float, int]:
    """Return how often "revenue fell, so switch it on again" would have been said where nothing was switched off.

    Args:
        revenue: (days,) daily revenue, not negative.
        days: of each of the two consecutive periods.
        fall: relative fall of the second period's revenue beyond which the rule says so.

    Returns:
        The share of false alarms, and the number of pairs of periods: one beginning on every day.

    Raises:
        RefusedError: the days hold no such pair, or a period without revenue.
    """
    found = np.asarray(revenue, dtype=np.float64)
    if found.size < 2 * days:
        raise RefusedError(f"{found.size} days hold no two consecutive periods of {days} days.")
    sums = np.lib.stride_tricks.sliding_window_view(found, days).sum(axis=1)
    before, after = sums[:-days], sums[days:]
    if not (before > 0).all():
        raise RefusedError(f"a period of {days} days has no revenue; a fall from nothing is no number.")
    return float((after < (1 - fall) * before).mean()), int(before.size)
