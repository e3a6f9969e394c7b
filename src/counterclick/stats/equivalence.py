"""Equivalence: is a difference shown to lie within margins? "Not significant" never shows that."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import special

from counterclick.errors import RefusedError
from counterclick.stats.estimates import check_fraction
from counterclick.stats.intervals import log_ratio_lift, welch_difference

if TYPE_CHECKING:
    from counterclick.stats.estimates import Estimate
    from counterclick.stats.sufficient import Moments

__all__ = ["Equivalence", "equivalent_difference", "equivalent_lift"]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests against margins.

    Attributes:
        estimate: the difference or lift; its interval has level 1 - 2 alpha and lies within the margins exactly where
            both tests reject.
        lower: lower margin, in the estimate's unit.
        upper: upper margin.
        p_lower: one-sided p-value of "at or below the lower margin".
        p_upper: one-sided p-value of "at or above the upper margin".
        alpha: error rate of the whole.
    """

    estimate: Estimate
    lower: float
    upper: float
    p_lower: float
    p_upper: float
    alpha: float

    @property
    def p_value(self) -> float:
        """The larger of the two sides': of "not equivalent"."""
        return max(self.p_lower, self.p_upper)

    @property
    def shown(self) -> bool:
        """Whether equivalence is shown; if not, nothing is shown: a difference is not proven either."""
        return self.p_value < self.alpha


def equivalent_difference(
    control: Moments, treatment: Moments, name: str, lower: float, upper: float, alpha: float = 0.05
) -> Equivalence:
    """Test that treatment minus control of a mean lies between two margins (Welch).

    Args:
        control: moments of the control's visitors.
        treatment: moments of the treatment's visitors.
        name: the value to compare.
        lower: lower margin, in the unit of the value.
        upper: upper margin, above ``lower``.
        alpha: error rate, below one half.

    Raises:
        TooFewBuyersError: if an arm has fewer than two visitors.
        RefusedError: if the margins or alpha cannot be, or neither arm varies.
        UnknownNameError: if there is no such value.

    Source: Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15.
    """
    _check(lower, upper, alpha)
    found = welch_difference(control, treatment, name, 1 - 2 * alpha)
    below, above = ((found.value - margin) / found.se for margin in (lower, upper))
    return Equivalence(
        found, lower, upper, float(special.stdtr(found.df, -below)), float(special.stdtr(found.df, above)), alpha
    )


def equivalent_lift(
    control: Moments,
    treatment: Moments,
    numerator: str,
    lower: float,
    upper: float,
    denominator: str | None = None,
    alpha: float = 0.05,
) -> Equivalence:
    """Test that a lift lies between two margins (log ratio, normal reference).

    Args:
        control: moments of the control's visitors.
        treatment: moments of the treatment's visitors.
        numerator: the value, or the ratio's numerator.
        lower: lower margin, relative: -0.02 is -2 %; above -1.
        upper: upper margin, relative, above ``lower``.
        denominator: the ratio's denominator; None for a mean per visitor.
        alpha: error rate, below one half.

    Raises:
        TooFewBuyersError: if an arm has fewer than two visitors.
        RefusedError: if the margins or alpha cannot be, a mean is not above zero, or nothing varies.
        UnknownNameError: if there is no such value.

    Source: Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15, on the log scale.
    """
    _check(lower, upper, alpha)
    if lower <= -1:
        raise RefusedError(f"a lift lies above -1, and so must its lower margin; it is {lower!r}.")
    found = log_ratio_lift(control, treatment, numerator, denominator, 1 - 2 * alpha)
    below, above = (found.statistic - math.log1p(margin) / found.se for margin in (lower, upper))
    return Equivalence(found, lower, upper, float(special.ndtr(-below)), float(special.ndtr(above)), alpha)


def _check(lower: float, upper: float, alpha: float) -> None:
    check_fraction("alpha", alpha)
    if alpha >= 0.5:  # noqa: PLR2004 - the interval of level 1 - 2 alpha is empty there
        raise RefusedError(f"alpha must lie below one half; it is {alpha!r}.")
    if not (math.isfinite(lower) and math.isfinite(upper) and lower < upper):
        raise RefusedError(f"margins are two numbers, the lower one first; got {lower!r} and {upper!r}.")
