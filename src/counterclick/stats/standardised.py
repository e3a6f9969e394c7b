"""Means of two arms as they would be in one common population, and the contrasts of them.

Regression adjustment and post-stratification are the same thing twice: each arm's means are carried over to the
visitors of both arms together, and what is left of chance lies partly in the arms and partly in that population.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from counterclick.errors import RefusedError
from counterclick.stats.estimates import Estimate, as_lift, check_fraction, normal_estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from counterclick.stats.sufficient import Moments

    Floats = NDArray[np.float64]

__all__ = ["Ratio", "Standardised", "as_they_are"]

Ratio = tuple[str, str | None]
"""Numerator and denominator of a metric; None for a mean per visitor."""

NOISE = 1e-14
"""A variance below this fraction of its parts is rounding: the parts cancel."""


@dataclass(frozen=True, slots=True, eq=False)
class Standardised:
    """Means of both arms with their covariance, as a sum of independent parts.

    Attributes:
        names: the m values.
        base: (m,) means of the control, in each value's unit.
        top: (m,) means of the treatment.
        parts: each a (2m, 2m) covariance of (base, top) with its degrees of freedom; they add up.
    """

    names: tuple[str, ...]
    base: Floats
    top: Floats
    parts: Sequence[tuple[Floats, float]]

    def difference(self, metric: Ratio, level: float, method: str) -> Estimate:
        """Return treatment minus control of a mean or a ratio of means, in its unit.

        The reference is t with Satterthwaite's degrees of freedom over the parts; without covariates and strata
        this is Welch's test.

        Args:
            metric: numerator and denominator.
            level: confidence of the interval.
            method: the method in words.

        Raises:
            RefusedError: if a denominator is zero, nothing varies, or the level is not between 0 and 1.

        Source: Satterthwaite (1946), Biometrics Bulletin 2, eq. 17; for ratios the delta method of Deng, Knoblich
        and Lu (2018), KDD.
        """
        check_fraction("the level", level)
        (low, low_slope), (high, high_slope) = (self._ratio(means, metric) for means in (self.base, self.top))
        variance, df = self._variance(np.concatenate([-low_slope, high_slope]), metric)
        se, value = math.sqrt(variance), high - low
        reach, statistic = float(special.stdtrit(df, 0.5 + level / 2)) * se, value / se
        p_value = float(2 * special.stdtr(df, -abs(statistic)))
        return Estimate(value, value - reach, value + reach, level, p_value, statistic, se, df, method)

    def lift(self, metric: Ratio, level: float, method: str) -> Estimate:
        """Return the relative lift of a mean or a ratio of means: log ratio, delta method, normal reference.

        Args:
            metric: numerator and denominator.
            level: confidence of the interval.
            method: the method in words.

        Raises:
            RefusedError: if a mean is zero or negative, nothing varies, or the level is not between 0 and 1.

        Source: Katz et al. (1978), Biometrics 34; Deng, Knoblich and Lu (2018), KDD.
        """
        check_fraction("the level", level)
        (low, low_slope), (high, high_slope) = (
            self._log(means, which, metric) for means, which in ((self.base, "control"), (self.top, "treatment"))
        )
        variance, _ = self._variance(np.concatenate([-low_slope, high_slope]), metric)
        log = normal_estimate(high - low, math.sqrt(variance), level, method)
        return replace(log, value=as_lift(log.value), lower=as_lift(log.lower), upper=as_lift(log.upper))

    def _ratio(self, means: Floats, metric: Ratio) -> tuple[float, Floats]:
        """Return a mean or ratio and its gradient in the means."""
        slope = np.zeros(len(self.names))
        above = self.names.index(metric[0])
        if metric[1] is None:
            slope[above] = 1.0
            return float(means[above]), slope
        below = self.names.index(metric[1])
        if not means[below] > 0:
            raise RefusedError(f"the mean of {metric[1]} is {means[below]:.6g}; a ratio needs it above zero in both arms.")
        value = float(means[above] / means[below])
        slope[above] += 1 / means[below]
        slope[below] -= value / means[below]
        return value, slope

    def _log(self, means: Floats, which: str, metric: Ratio) -> tuple[float, Floats]:
        """Return the log of a mean or ratio and its gradient in the means."""
        value, slope = 0.0, np.zeros(len(self.names))
        for name, sign in zip(metric, (1.0, -1.0), strict=True):
            if name is None:
                continue
            place = self.names.index(name)
            if not means[place] > 0:
                raise RefusedError(
                    f"the {which}'s mean of {name} is {means[place]:.6g}; a lift needs both means above zero. "
                    "Compare the difference instead, or wait for orders."
                )
            value += sign * math.log(means[place])
            slope[place] += sign / means[place]
        return value, slope

    def _variance(self, slope: Floats, metric: Ratio) -> tuple[float, float]:
        """Return the variance of a contrast with this gradient and its degrees of freedom."""
        found = [(max(0.0, float(slope @ part @ slope)), df) for part, df in self.parts]
        whole = math.fsum(variance for variance, _ in found)
        scale = math.fsum(float(slope**2 @ np.diag(part)) for part, _ in self.parts)
        if not whole > NOISE * scale:
            spoken = " / ".join(name for name in metric if name is not None)
            raise RefusedError(f"nothing varies in {spoken} in either arm, so that nothing can be tested.")
        return whole, whole**2 / math.fsum(variance**2 / df for variance, df in found)


def as_they_are(control: Moments, treatment: Moments, names: Sequence[str]) -> Standardised:
    """Return the arms' own means: nothing is carried over.

    Args:
        control: moments of at least two visitors.
        treatment: moments of at least two visitors.
        names: the m values.
    """
    base, top = control.select(names), treatment.select(names)
    parts = [(placed(arm.m2 / (arm.n - 1) / arm.n, which), arm.n - 1.0) for which, arm in enumerate((base, top))]
    return Standardised(tuple(names), base.mean, top.mean, parts)


def placed(covariance: Floats, which: int) -> Floats:
    """Return the (m, m) covariance of one arm's means within the (2m, 2m) of both; arm 0 is the control."""
    m = len(covariance)
    whole = np.zeros((2 * m, 2 * m))
    whole[which * m : (which + 1) * m, which * m : (which + 1) * m] = covariance
    return whole
