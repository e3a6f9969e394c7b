"""Differences and lifts of two arms, with their intervals and tests.

Money is a difference of means (Welch); a percentage is a log ratio. The symmetric delta-method interval of
the relative lift, which several popular systems show, is not here: with few buyers it errs on one side only.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from counterclick.errors import RefusedError, TooFewBuyersError
from counterclick.stats.estimates import Estimate, as_lift, check_fraction, normal_estimate

if TYPE_CHECKING:
    from counterclick.stats.sufficient import Moments

__all__ = ["fieller_lift", "log_ratio_gap", "log_ratio_lift", "welch_difference"]

SMALLEST_ARM = 2
"""A variance needs two visitors."""

NOISE = 1e-14
"""A variance below this fraction of its parts is rounding: the parts cancel."""


def welch_difference(control: Moments, treatment: Moments, name: str, level: float = 0.95) -> Estimate:
    """Return treatment minus control of the mean of one value, with unequal variances.

    Args:
        control: moments of the control's visitors.
        treatment: moments of the treatment's visitors.
        name: the value to compare.
        level: confidence of the interval.

    Returns:
        The difference per visitor, in the unit of the value; t reference with Satterthwaite's df.

    Raises:
        TooFewBuyersError: if an arm has fewer than two visitors.
        RefusedError: if neither arm varies, or the level is not between 0 and 1.
        UnknownNameError: if there is no such value.

    Source: Welch (1947), Biometrika 34; Satterthwaite (1946), Biometrics Bulletin 2, eq. 17.
    """
    check_fraction("the level", level)
    difference, se, df = _welch(control, treatment, name)
    reach = float(special.stdtrit(df, 0.5 + level / 2)) * se
    statistic = difference / se
    p_value = float(2 * special.stdtr(df, -abs(statistic)))
    return Estimate(
        difference,
        difference - reach,
        difference + reach,
        level,
        p_value,
        statistic,
        se,
        df,
        "Welch difference",
    )


def log_ratio_lift(
    control: Moments, treatment: Moments, numerator: str, denominator: str | None = None, level: float = 0.95
) -> Estimate:
    """Return the relative lift of a mean per visitor, or of a ratio of two means.

    The interval is symmetric on the log scale: log(R_T / R_C) +- z se. The variance is the delta method's
    with the covariance of the same visitor's numerator and denominator.

    Args:
        control: moments of the control's visitors.
        treatment: moments of the treatment's visitors.
        numerator: the value, or the ratio's numerator.
        denominator: the ratio's denominator; None for a mean per visitor.
        level: confidence of the interval.

    Returns:
        The lift as a fraction; ``statistic`` and ``se`` on the log scale; normal reference.

    Raises:
        TooFewBuyersError: if an arm has fewer than two visitors.
        RefusedError: if a mean is zero or negative, nothing varies, or the level is not between 0 and 1.
        UnknownNameError: if there is no such value.

    Source: Katz et al. (1978), Biometrics 34, for the log scale; Deng, Knoblich and Lu (2018), KDD, for
    ratios of visitor-level means.
    """
    check_fraction("the level", level)
    metric = (numerator, denominator)
    ratio, se = _log_ratio(control, treatment, _exponents(metric))
    log = normal_estimate(ratio, se, level, f"log ratio of {_spoken(metric)}, delta method, normal reference")
    return replace(log, value=as_lift(log.value), lower=as_lift(log.lower), upper=as_lift(log.upper))


def fieller_lift(control: Moments, treatment: Moments, name: str, level: float = 0.95) -> Estimate:
    """Return the relative lift of a mean with Fieller's interval, the exact dual of the Welch test.

    The interval holds every ratio rho at which treatment - rho x control is not significantly different from
    zero, at the Satterthwaite df of the plain difference; it excludes zero lift exactly when
    :func:`welch_difference` rejects. It is a check of the log-ratio interval.

    Args:
        control: moments of the control's visitors.
        treatment: moments of the treatment's visitors.
        name: the value to compare.
        level: confidence of the interval.

    Returns:
        The lift as a fraction. Since this is Welch's test, ``statistic``, ``se``, ``df`` and ``p_value`` are
        those of the difference of means, in its unit.

    Raises:
        TooFewBuyersError: if an arm has fewer than two visitors.
        RefusedError: if a mean is zero or negative, nothing varies, the level is not between 0 and 1, or the
            control's mean is itself not significantly above zero (the region is then unbounded or the outside
            of an interval).
        UnknownNameError: if there is no such value.

    Source: Fieller (1954), JRSS B 16; Franz (2007), arXiv 0710.2024, for its three cases.
    """
    test = welch_difference(control, treatment, name, level)
    base, top = _positive_mean(control, "control", name), _positive_mean(treatment, "treatment", name)
    quantile = float(special.stdtrit(test.df, 0.5 + level / 2))
    base_spread = quantile**2 * control.variance_of(name) / control.n
    top_spread = quantile**2 * treatment.variance_of(name) / treatment.n
    weight = base**2 - base_spread
    if weight <= 0:
        raise RefusedError(
            f"Fieller's interval for {name} is unbounded: the control's mean {base:.6g} is not distinct "
            f"from zero at level {level:g}. More buyers in the control arm are needed."
        )
    half = math.sqrt(base**2 * top_spread + top**2 * base_spread - base_spread * top_spread)
    lower, upper = (base * top - half) / weight - 1, (base * top + half) / weight - 1
    return replace(test, value=top / base - 1, lower=lower, upper=upper, method="Fieller, dual of the Welch test")


def log_ratio_gap(
    control: Moments,
    treatment: Moments,
    proxy: tuple[str, str | None],
    outcome: tuple[str, str | None],
    level: float = 0.95,
) -> Estimate:
    """Return how much further a proxy moved than the outcome: D = log ratio(proxy) - log ratio(outcome).

    Args:
        control: moments of the control's visitors.
        treatment: moments of the treatment's visitors.
        proxy: numerator and denominator (None for a mean per visitor) of, for instance, the click rate.
        outcome: numerator and denominator of, for instance, revenue per visitor.
        level: confidence of the interval.

    Returns:
        D with its interval, all on the log scale (not a lift), with the covariance of all four values of the
        same visitor; normal reference.

    Raises:
        TooFewBuyersError: if an arm has fewer than two visitors.
        RefusedError: if a mean is zero or negative, proxy and outcome are the same, or the level is not
            between 0 and 1.
        UnknownNameError: if there is no such value.

    Source: the delta method of Deng, Knoblich and Lu (2018), KDD, on a product of powers of four means.
    """
    check_fraction("the level", level)
    exponents = _exponents(proxy)
    exponents.subtract(_exponents(outcome))
    gap, se = _log_ratio(control, treatment, exponents)
    return normal_estimate(
        gap,
        se,
        level,
        f"log ratio of {_spoken(proxy)} minus log ratio of {_spoken(outcome)}, on the log scale",
    )


def _welch(control: Moments, treatment: Moments, name: str) -> tuple[float, float, float]:
    """Return difference, standard error and Satterthwaite's df."""
    _need_visitors(control, treatment)
    base, top = control.variance_of(name) / control.n, treatment.variance_of(name) / treatment.n
    variance = base + top
    if variance <= 0:
        raise RefusedError(
            f"{name} does not vary in either arm, so that no difference can be tested; an outcome needs visitors who differ."
        )
    share = base / variance
    df = 1 / (share**2 / (control.n - 1) + (1 - share) ** 2 / (treatment.n - 1))
    return treatment.mean_of(name) - control.mean_of(name), math.sqrt(variance), df


def _exponents(metric: tuple[str, str | None]) -> Counter[str]:
    """Write a mean or a ratio of means as a product of powers: {numerator: 1, denominator: -1}."""
    numerator, denominator = metric
    exponents = Counter({numerator: 1})
    if denominator is not None:
        exponents.subtract({denominator: 1})
    return exponents


def _spoken(metric: tuple[str, str | None]) -> str:
    numerator, denominator = metric
    return numerator if denominator is None else f"{numerator} / {denominator}"


def _log_ratio(control: Moments, treatment: Moments, exponents: Counter[str]) -> tuple[float, float]:
    """Return the log ratio treatment / control of a product of powers of means, and its standard error."""
    _need_visitors(control, treatment)
    base, base_variance = _log_product(control, "control", exponents)
    top, top_variance = _log_product(treatment, "treatment", exponents)
    variance = base_variance + top_variance
    if variance <= 0:
        raise RefusedError(
            f"nothing varies in {', '.join(exponents)} in either arm, so that no lift can be tested; "
            "the values must differ between visitors and from each other."
        )
    return top - base, math.sqrt(variance)


def _log_product(arm: Moments, which: str, exponents: Counter[str]) -> tuple[float, float]:
    """Return log(product of mean ** exponent) and its variance, g' S g / n with g = exponent / mean."""
    names = list(exponents)
    means = np.array([_positive_mean(arm, which, name) for name in names])
    powers = np.array([exponents[name] for name in names], dtype=np.float64)
    gradient = powers / means
    spread = arm.select(names).m2 / ((arm.n - 1) * arm.n)
    variance = float(gradient @ spread @ gradient)
    parts = float(gradient**2 @ np.diag(spread))
    return float(powers @ np.log(means)), variance if variance > NOISE * parts else 0.0


def _positive_mean(arm: Moments, which: str, name: str) -> float:
    mean = arm.mean_of(name)
    if mean <= 0:
        raise RefusedError(
            f"the {which}'s mean of {name} is {mean:.6g}; a lift needs both means above zero. "
            "Compare the difference instead, or wait for orders."
        )
    return mean


def _need_visitors(control: Moments, treatment: Moments) -> None:
    for which, arm in (("control", control), ("treatment", treatment)):
        if arm.n < SMALLEST_ARM:
            raise TooFewBuyersError(f"the {which} has {arm.n} visitors; a comparison needs at least {SMALLEST_ARM}.")
