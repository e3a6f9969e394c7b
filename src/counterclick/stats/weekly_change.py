"""How a ratio changed from one period to another, where it varies from week to week by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from counterclick.errors import RefusedError
from counterclick.stats.estimates import Estimate, as_lift, check_fraction

__all__ = ["FEWEST_WEEKS", "weekly_change"]

FEWEST_WEEKS = 2
"""A variance needs two."""

WEEK = 7
NOISE = 1e-24
"""A relative variance below this is rounding."""
Days = Sequence[tuple[float, float]]
"""Numerator and denominator of each day, one after the other; a total is divided by 1 a day."""


def weekly_change(before: Days, after: Days, values: tuple[float, float] | None = None, level: float = 0.95) -> Estimate:
    """Return the relative change of a ratio between two periods, with weeks as its independent parts.

    Days are no independent parts: weekdays differ, and a campaign or the weather lasts for days. Visitors are none
    either: whatever moves a whole day moves all of them at once, and counting them alone would call every such day an
    effect. A whole week holds all weekdays once, what its customers vary by, and most of what lasts for days; two weeks
    are nearly independent. The variance of a ratio of sums is taken over them (the delta method), and the difference of
    the logarithms is held against Student's t with the degrees of freedom that so few weeks leave. A few weeks may be
    alike by chance: the variance is never less than that over single days, each beside its own weekday.

    Args:
        before: numerator and denominator of each day of the earlier period; two weeks at least. Days beyond whole weeks
            belong to the last one.
        after: of the later one.
        values: the ratios of both periods, where they are not those of the sums, as with visitors who come on several days;
            their spread is taken from the days all the same.
        level: confidence of the interval.

    Returns:
        The change as a fraction of the earlier value; ``statistic`` and ``se`` on the log scale; t reference.

    Raises:
        RefusedError: fewer than two weeks, a ratio that is not above zero, or nothing varies.

    Source: Ibragimov and Mueller (2010), Journal of Business and Economic Statistics 28, for t tests over few groups of
    dependent observations; Cochran (1977), Sampling Techniques, section 6.4, for the variance of a ratio; Welch (1947),
    Biometrika 34, with Satterthwaite's degrees of freedom.
    """
    check_fraction("the level", level)
    (low, low_variance, low_n), (high, high_variance, high_n) = _log_ratio(before, "earlier"), _log_ratio(after, "later")
    if values is not None:
        low, high = (_log(value) for value in values)
    variance = low_variance + high_variance
    if variance <= 0:
        raise RefusedError("nothing varies between the weeks, so that no change can be told from chance.")
    share = low_variance / variance
    df = 1 / (share**2 / (low_n - 1) + (1 - share) ** 2 / (high_n - 1))
    se = math.sqrt(variance)
    reach = float(special.stdtrit(df, 0.5 + level / 2)) * se
    change = high - low
    return Estimate(
        value=as_lift(change),
        lower=as_lift(change - reach),
        upper=as_lift(change + reach),
        level=level,
        p_value=float(2 * special.stdtr(df, -abs(change / se))),
        statistic=change / se,
        se=se,
        df=df,
        method="log ratio of two periods over weeks, t reference",
    )


def _log_ratio(days: Days, which: str) -> tuple[float, float, int]:
    """Return the logarithm of a ratio of sums, its variance, and how many weeks it is known by."""
    n = len(days) // WEEK
    if n < FEWEST_WEEKS:
        raise RefusedError(f"the {which} period has {n} whole week{'s' * (n != 1)}; a comparison needs two.")
    above, below = np.array(days, dtype=np.float64).T
    if above.sum() <= 0 or below.sum() <= 0:
        raise RefusedError(f"the {which} period has nothing above zero to be compared.")
    residuals = above - above.sum() / below.sum() * below
    place = np.arange(len(days))
    weeks = np.bincount(np.minimum(place // WEEK, n - 1), residuals)
    over_weeks = n / (n - 1) * (weeks**2).sum()
    usual = np.bincount(place % WEEK, residuals) / np.bincount(place % WEEK)
    own = residuals - usual[place % WEEK]
    over_days = len(days) / (len(days) - WEEK) * (own**2).sum()
    variance = float(max(over_weeks, over_days) / above.sum() ** 2)
    return math.log(above.sum() / below.sum()), variance if variance > NOISE else 0.0, n


def _log(value: float) -> float:
    if value <= 0:
        raise RefusedError(f"a relative change needs both figures above zero; one is {value:.6g}.")
    return math.log(value)
