"""How large a fixed-horizon experiment must be, and what one of a given size can see.

Everything is on the log scale with a normal reference: var(log ratio) = cv^2 (1/n_C + 1/n_T), where cv is the
coefficient of variation (standard deviation over mean) of revenue per visitor, buyers and others together.
"""

from __future__ import annotations

import math

from scipy import special

from counterclick.errors import RefusedError
from counterclick.stats.estimates import as_lift, check_fraction

__all__ = [
    "FIXED_BOUND",
    "FIXED_REACH",
    "exaggeration_ratio",
    "power_at",
    "power_of",
    "smallest_visible_lift",
    "smallest_visible_lift_from_orders",
    "visitors_needed",
]

ROUNDING = 1e-9
"""Shares may exceed 1 in sum by no more than rounding."""


FIXED_BOUND = float(special.ndtri(0.975))
"""Standard errors from zero from which one look is decided, at 5 % on two sides: 1.96."""
FIXED_REACH = FIXED_BOUND + float(special.ndtri(0.8))
"""Standard errors that such a look sees with 80 % power: 2.80."""


def visitors_needed(cv: float, lift: float, shares: tuple[float, float], alpha: float = 0.05, power: float = 0.8) -> int:
    """Return how many eligible visitors in all traffic show a lift with the given power.

    Args:
        cv: coefficient of variation of the outcome per visitor.
        lift: the true relative lift: 0.05 is +5 %; above -1 and not 0.
        shares: of all eligible traffic, for control and for treatment; at most 1 in sum.
        alpha: two-sided error rate.
        power: chance of a significant result in the lift's direction; above ``alpha``.

    Returns:
        All eligible visitors N, of whom N x share are in each arm.

    Raises:
        RefusedError: if an argument cannot be, or no finite number suffices.

    Source: Kohavi, Tang and Xu (2020), *Trustworthy Online Controlled Experiments*, chapter 15: n is (z_alpha
    + z_power)^2 variance / effect^2, here of the log ratio.
    """
    effect = _log_lift(lift)
    root = _reach(alpha, power) * _se_of_one(cv, shares) / effect
    n = root * root
    if not math.isfinite(n):
        raise RefusedError(f"a lift of {lift!r} is too small to be seen with any number of visitors.")
    return math.ceil(n)


def smallest_visible_lift(
    cv: float, visitors: int, shares: tuple[float, float], alpha: float = 0.05, power: float = 0.8
) -> float:
    """Return the smallest positive lift that so many visitors show: the inverse of :func:`visitors_needed`.

    Args:
        cv: coefficient of variation of the outcome per visitor.
        visitors: all eligible visitors, of whom visitors x share are in each arm.
        shares: of all eligible traffic, for control and for treatment; at most 1 in sum.
        alpha: two-sided error rate.
        power: chance of a significant result; above ``alpha``.

    Returns:
        The relative lift: 0.05 is +5 %; infinity where it exceeds every float.

    Raises:
        RefusedError: if an argument cannot be.
    """
    return as_lift(_reach(alpha, power) * _se_of_one(cv, shares) / math.sqrt(_positive("visitors", visitors)))


def smallest_visible_lift_from_orders(
    buyers: float,
    basket_cv: float = 1.0,
    share_treatment: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """Return the smallest visible lift of a store that knows its orders but not yet its visitors.

    With rare buyers, cv^2 of revenue per visitor is (1 + basket_cv^2) / conversion, and visitors cancel:
    se = sqrt((1 + basket_cv^2) (1 / (B p) + 1 / (B (1 - p)))). At 50/50 and basket cv 1 that is 2.83 /
    sqrt(B), and the smallest visible lift about 7.9 / sqrt(B).

    Args:
        buyers: buyers B of both arms together over the whole experiment.
        basket_cv: coefficient of variation of revenue per buyer.
        share_treatment: share p of the visitors of the two arms that is treated.
        alpha: two-sided error rate.
        power: chance of a significant result; above ``alpha``.

    Returns:
        The relative lift: 0.05 is +5 %.

    Raises:
        RefusedError: if an argument cannot be.
    """
    check_fraction("the share of the treatment", share_treatment)
    if not (basket_cv >= 0 and math.isfinite(basket_cv)):
        raise RefusedError(f"the basket's coefficient of variation must be a number from 0; it is {basket_cv!r}.")
    per_buyer = (1 + basket_cv * basket_cv) * (1 / share_treatment + 1 / (1 - share_treatment))
    return as_lift(_reach(alpha, power) * math.sqrt(per_buyer / _positive("buyers", buyers)))


def power_of(cv: float, visitors: int, lift: float, shares: tuple[float, float], alpha: float = 0.05) -> float:
    """Return the chance that so many visitors give a significant result at a true lift.

    Args:
        cv: coefficient of variation of the outcome per visitor.
        visitors: all eligible visitors, of whom visitors x share are in each arm.
        lift: the true relative lift, above -1 and not 0.
        shares: of all eligible traffic, for control and for treatment; at most 1 in sum.
        alpha: two-sided error rate.

    Returns:
        The power; both sides count, the wrong one too (it matters only where power is near ``alpha``).

    Raises:
        RefusedError: if an argument cannot be.
    """
    return power_at(lift, _se_of_one(cv, shares) / math.sqrt(_positive("visitors", visitors)), alpha)


def power_at(lift: float, se_log: float, alpha: float = 0.05) -> float:
    """Return the power at a true lift of an estimate with a known standard error.

    Args:
        lift: the true relative lift, above -1 and not 0.
        se_log: standard error of the log ratio.
        alpha: two-sided error rate.

    Returns:
        Chance of a significant result on either side.

    Raises:
        RefusedError: if an argument cannot be.

    Source: Gelman and Carlin (2014), Perspectives on Psychological Science 9.
    """
    distance, bound = _distance(lift, se_log, alpha)
    return float(special.ndtr(distance - bound) + special.ndtr(-distance - bound))


def exaggeration_ratio(lift: float, se_log: float, alpha: float = 0.05) -> float:
    """Return by how much significant estimates overstate a true lift, on the log scale (type M error).

    With the true effect m standard errors from zero and z the critical value, the mean size of a significant
    estimate is that of two truncated normals, and the ratio is
    [phi(z - m) + phi(z + m) + m (Phi(m - z) - Phi(-m - z))] / (m x power).

    Args:
        lift: the true relative lift, above -1 and not 0.
        se_log: standard error of the log ratio.
        alpha: two-sided error rate.

    Returns:
        Expected size of a significant log ratio over the true one, at least 1; 2 means "twice too large".

    Raises:
        RefusedError: if an argument cannot be, or the lift is too small against its standard error for a
            number.

    Source: Gelman and Carlin (2014), Perspectives on Psychological Science 9 (by simulation); Lu, Qiu and
    Deng (2019), British Journal of Mathematical and Statistical Psychology 72 (closed form).
    """
    m, z = _distance(lift, se_log, alpha)
    density = math.exp(-(z - m) * (z - m) / 2) + math.exp(-(z + m) * (z + m) / 2)
    tails = float(special.ndtr(m - z) - special.ndtr(-m - z))
    scale = m * power_at(lift, se_log, alpha)
    ratio = (density / math.sqrt(2 * math.pi) + m * tails) / scale if scale > 0 else math.inf
    if not math.isfinite(ratio):
        raise RefusedError(f"a lift of {lift!r} is nothing against a standard error of {se_log!r}; no ratio exists.")
    return ratio


def _reach(alpha: float, power: float) -> float:
    """Return the distance of effect and zero in standard errors: z(1 - alpha/2) + z(power)."""
    check_fraction("alpha", alpha)
    check_fraction("power", power)
    if power <= alpha:
        raise RefusedError(f"power {power!r} must exceed alpha {alpha!r}; chance alone gives as much.")
    return float(special.ndtri(1 - alpha / 2) + special.ndtri(power))


def _se_of_one(cv: float, shares: tuple[float, float]) -> float:
    """Return the standard error of the log ratio, times the root of all visitors."""
    _positive("the coefficient of variation", cv)
    control, treatment = shares
    if not (control > 0 and treatment > 0 and control + treatment <= 1 + ROUNDING):
        raise RefusedError(
            f"shares {shares!r} of control and treatment must be above 0 and at most 1 in sum; they are "
            "fractions of all eligible traffic."
        )
    return cv * math.sqrt(1 / control + 1 / treatment)


def _distance(lift: float, se_log: float, alpha: float) -> tuple[float, float]:
    """Return the size of the true effect in standard errors, and the two-sided critical value."""
    check_fraction("alpha", alpha)
    return abs(_log_lift(lift)) / _positive("the standard error", se_log), float(special.ndtri(1 - alpha / 2))


def _log_lift(lift: float) -> float:
    if not (lift > -1 and lift != 0 and math.isfinite(lift)):
        raise RefusedError(f"a lift to be seen is above -1 and not 0 (0.05 is +5 %); it is {lift!r}.")
    return math.log1p(lift)


def _positive(what: str, value: float) -> float:
    if not (value > 0 and math.isfinite(value)):
        raise RefusedError(f"{what} must be a number above 0; it is {value!r}.")
    return float(value)
