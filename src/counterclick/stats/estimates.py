"""A value with its interval and test: what every comparison of two arms returns."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from counterclick.errors import RefusedError

__all__ = ["Estimate", "as_lift", "check_fraction", "normal_estimate"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, its test against "no difference", and how both were obtained.

    For a lift, ``value``, ``lower`` and ``upper`` are relative (0.05 is +5 %) and may end at -1 or infinity
    where the data set no limit, while ``statistic`` and ``se`` are on the log scale. Otherwise all are in the
    unit of the value.

    Attributes:
        value: the point estimate.
        lower: lower end of the two-sided interval.
        upper: upper end of the two-sided interval.
        level: confidence of the interval, for instance 0.95.
        p_value: two-sided p-value of "no difference".
        statistic: estimate over standard error, on the scale of ``se``.
        se: standard error.
        df: degrees of freedom of the t reference; None where the reference is normal or drawn.
        method: the method in words.

    Raises:
        RefusedError: if a number is NaN; no function here lets one out.
    """

    value: float
    lower: float
    upper: float
    level: float
    p_value: float
    statistic: float
    se: float
    df: float | None
    method: str

    def __post_init__(self) -> None:
        numbers = (
            self.value,
            self.lower,
            self.upper,
            self.level,
            self.p_value,
            self.statistic,
            self.se,
            self.df,
        )
        if any(number is not None and math.isnan(number) for number in numbers):
            raise RefusedError(f"{self.method}: the data do not determine a number, so none is given: {numbers}.")


def normal_estimate(value: float, se: float, level: float, method: str) -> Estimate:
    """Return the estimate of a normally distributed value, in its own unit: z-test and z-interval.

    Args:
        value: the point estimate.
        se: its standard error, above zero.
        level: confidence, between 0 and 1.
        method: the method in words.
    """
    reach = float(special.ndtri(0.5 + level / 2)) * se
    statistic = value / se
    p_value = float(2 * special.ndtr(-abs(statistic)))
    return Estimate(value, value - reach, value + reach, level, p_value, statistic, se, None, method)


def as_lift(log_ratio: float) -> float:
    """Return the relative lift of a log ratio; infinity where it exceeds every float."""
    try:
        return math.expm1(log_ratio)
    except OverflowError:
        return math.inf


def check_fraction(what: str, value: float) -> None:
    """Refuse what is not strictly between 0 and 1.

    Raises:
        RefusedError: with the name and the value.
    """
    if not 0 < value < 1:
        raise RefusedError(f"{what} must lie between 0 and 1, both excluded; it is {value!r}.")
