"""How much of what is credited, or claimed, a feature earned: a ratio over the same visitors, with its covariance."""

from __future__ import annotations

import math
from dataclasses import replace

from scipy import special

from counterclick.errors import RefusedError
from counterclick.stats.estimates import Estimate
from counterclick.stats.intervals import welch_difference
from counterclick.stats.sufficient import Moments

__all__ = ["incrementality_ratio"]


def incrementality_ratio(
    control: Moments, treatment: Moments, credited: str, name: str = "revenue", level: float = 0.95
) -> Estimate:
    """Return the incremental revenue per credited unit of money: 1 where all that is credited was earned, 0 where nothing.

    With d the difference of mean revenue between the arms and a the treatment's mean credit, the ratio is d / a. Its
    interval holds every r at which d - r a is not significantly different from zero. Revenue and credit are of the same
    visitors, so that their covariance counts; the interval excludes 0 exactly when the difference is significant.

    Args:
        control: moments of the control's visitors, with ``name``.
        treatment: moments of the treatment's visitors, with ``name`` and ``credited``.
        credited: what is credited or claimed, per visitor of the treatment; 0 where nothing is.
        name: what was earned, in the same unit.
        level: confidence of the interval.

    Returns:
        The ratio; ``statistic``, ``se``, ``df`` and ``p_value`` are those of the difference of means, in its unit.

    Raises:
        TooFewBuyersError: if an arm has fewer than two visitors.
        RefusedError: if nothing varies, the level is not between 0 and 1, or the mean credit is itself not distinct
            from zero, so that the ratio may be anything.
        UnknownNameError: if there is no such value.

    Source: Fieller (1954), JRSS B 16, 175-185, with a correlated denominator; Satterthwaite's degrees of freedom.
    """
    test = welch_difference(control, treatment, name, level)
    credit = treatment.mean_of(credited)
    square = float(special.stdtrit(test.df, 0.5 + level / 2)) ** 2
    spread = square * treatment.variance_of(credited) / treatment.n
    shared = square * treatment.covariance_of(name, credited) / treatment.n
    weight = credit**2 - spread
    if credit <= 0 or weight <= 0:
        raise RefusedError(
            f"the ratio to {credited} has no bounds: its mean, {credit:.6g} a visitor, is not distinct from zero at level "
            f"{level:g}. More credited orders are needed."
        )
    middle = test.value * credit - shared
    rest = test.value**2 - square * test.se**2
    half = math.sqrt(max(middle**2 - weight * rest, 0.0))  # below zero by rounding only: at d / a the condition holds
    ends = (middle - half) / weight, (middle + half) / weight
    method = "Fieller, with the covariance of credit and revenue"
    return replace(test, value=test.value / credit, lower=ends[0], upper=ends[1], method=method)
