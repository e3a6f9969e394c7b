"""Guardrails: is a metric shown not to be worse by more than its margin?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from counterclick.errors import RefusedError
from counterclick.stats.intervals import log_ratio_lift

if TYPE_CHECKING:
    from counterclick.stats.estimates import Estimate
    from counterclick.stats.sufficient import Moments

__all__ = ["NonInferiority", "non_inferiority"]


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """Whether a guardrail holds.

    Attributes:
        status: "shown" where the interval excludes a deterioration of the margin, "worse" where the whole
            interval lies beyond it, else "unproven".
        lift: the guardrail's lift with its interval.
        margin: the tolerated relative deterioration, as a positive fraction.
    """

    status: Literal["shown", "unproven", "worse"]
    lift: Estimate
    margin: float


def non_inferiority(
    control: Moments,
    treatment: Moments,
    numerator: str,
    denominator: str | None,
    margin: float,
    worse: Literal["higher", "lower"],
    level: float = 0.95,
) -> NonInferiority:
    """Test that a metric is not worse than in control by the margin or more.

    Args:
        control: moments of the control's visitors.
        treatment: moments of the treatment's visitors.
        numerator: the value, or the ratio's numerator.
        denominator: the ratio's denominator; None for a mean per visitor.
        margin: tolerated relative deterioration: 0.05 tolerates less than +5 % where higher is worse, and
            less than -5 % where lower is worse.
        worse: the direction that harms.
        level: confidence of the two-sided interval; each side errs with (1 - level) / 2.

    Returns:
        The status, with the lift it rests on.

    Raises:
        TooFewBuyersError: if an arm has fewer than two visitors.
        RefusedError: if the margin or direction cannot be, a mean is zero or negative, or nothing varies.
        UnknownNameError: if there is no such value.

    Source: Piaggio et al. (2012), JAMA 308: where the interval lies against the margin.
    """
    if worse not in ("higher", "lower"):
        raise RefusedError(f"worse must be 'higher' or 'lower'; it is {worse!r}.")
    if not 0 <= margin < 1:
        raise RefusedError(
            f"the margin of {numerator} must be a fraction from 0 to below 1 (0.05 is 5 %); it is {margin!r}."
        )
    lift = log_ratio_lift(control, treatment, numerator, denominator, level)
    harm_least, harm_most = (lift.lower, lift.upper) if worse == "higher" else (-lift.upper, -lift.lower)
    if harm_most < margin:
        return NonInferiority("shown", lift, margin)
    return NonInferiority("worse" if harm_least > margin else "unproven", lift, margin)
