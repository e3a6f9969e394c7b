"""The lift of one metric between two arms, and the test behind a verdict: by log ratio, or re-randomised."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from counterclick.config import ExperimentConfig
from counterclick.errors import RefusedError
from counterclick.experiments.measured import BUYERS, PRE, Measured
from counterclick.metrics import Metric, metric_named
from counterclick.metrics.definitions import VISITORS
from counterclick.stats import (
    Estimate,
    Moments,
    adjusted_lift,
    effective_number,
    log_ratio_lift,
    rerandomised_lift,
    rerandomised_test,
)
from counterclick.stats.estimates import as_lift, normal_estimate

__all__ = ["ALPHA_SIDE", "FEW_BUYERS", "LEAST_BUYERS", "are_few", "estimate_lift", "outcome_statistic"]

ALPHA_SIDE = 0.025
"""Error rate of each side: of false wins, and of false losses."""
FEW_BUYERS = 400
"""Below so many buyers in the smaller arm the lift is tested by re-randomisation.

And below half as many in effect (Kish 1965), which is what they amount to at a coefficient of variation of 1: where a few
orders are most of the revenue, a thousand buyers are no more than a hundred.
"""
LEAST_BUYERS = 50
"""Below so many there is no verdict."""
NOBODY = np.empty(0)
_T = TypeVar("_T")
LEVEL = 0.95


def estimate_lift(
    config: ExperimentConfig, measured: Measured, metric: Metric, treatment: str, against: str, level: float = 0.95
) -> Estimate:
    """Return the lift of a metric: log ratio, or, for the outcome with few buyers, re-randomised.

    Where the shares were changed on the way, each period with shares of its own is a stratum, estimated for itself; they
    are combined on the log scale by their precision.

    Args:
        config: the declaration.
        measured: moments and buyers.
        metric: whose lift.
        treatment: the arm.
        against: the arm that it is compared with.
        level: confidence of the interval.

    Raises:
        RefusedError: the lift would mislead: a mean of zero, or an arm without buyers enough.
    """
    parts = _strata(config, measured)
    if len(parts) > 1:
        return _combined(config, parts, metric, treatment, against, level)
    denominator = None if metric.denominator in (VISITORS, None) else metric.denominator
    control, feature = measured.arms[against], measured.arms[treatment]
    amounts = _few(config, measured, metric, treatment, against)
    if amounts is None:
        return _plain(config, control, feature, metric, denominator, level)
    share = _share(parts[0][0], treatment, against)
    fixed = config.assignment == "fixed"
    return rerandomised_lift(*amounts, control.n, feature.n, share, level, fixed=fixed).lift


def outcome_statistic(config: ExperimentConfig, measured: Measured, bound: float) -> float:
    """Return the standardised statistic of the outcome, feature against control: the normal score of its p-value.

    Args:
        config: the declaration.
        measured: moments and buyers.
        bound: one-sided error rate with which the p-value will be compared; draws are as many as it needs.

    Raises:
        RefusedError: an arm is missing, or its mean is zero.
    """
    for arm in (config.control, config.feature):
        if arm not in measured.arms:
            raise RefusedError(f"arm {arm!r} has no finished visitors.")
    metric = metric_named(config.outcome)
    parts = _strata(config, measured)
    if len(parts) == 1:
        return _score(config, *parts[0], metric, bound)[0]
    scored = _each(parts, lambda shares, part: _score(config, shares, part, metric, bound))
    return _pooled(scored)


def _strata(config: ExperimentConfig, measured: Measured) -> list[tuple[Mapping[str, float], Measured]]:
    """Return shares and visitors of each period with shares of its own in which visitors entered."""
    if not config.changes:
        return [(config.variants, measured)]
    parts = [(config.shares_on(first), measured.between(first, last)) for first, last in config.strata]
    return [(shares, part) for shares, part in parts if part.arms]


def _score(
    config: ExperimentConfig, shares: Mapping[str, float], measured: Measured, metric: Metric, bound: float
) -> tuple[float, float]:
    """Return the normal score of one stratum's test, and the standard error of its log ratio."""
    control, feature = (measured.arms.get(arm) for arm in (config.control, config.feature))
    if control is None or feature is None:
        raise RefusedError("a period with shares of its own has no visitors in one of the arms.")
    amounts = _few(config, measured, metric, config.feature, config.control)
    if amounts is None:
        found = _plain(config, control, feature, metric, None, LEVEL)
        return found.statistic, found.se
    share = _share(shares, config.feature, config.control)
    fixed = config.assignment == "fixed"
    test = rerandomised_test(*amounts, control.n, feature.n, share, bound, fixed=fixed)
    up = test.p_greater < test.p_less
    return float(-special.ndtri(test.p_greater) if up else special.ndtri(test.p_less)), test.se


def _plain(
    config: ExperimentConfig, control: Moments, feature: Moments, metric: Metric, denominator: str | None, level: float
) -> Estimate:
    """Return the log ratio, adjusted for revenue before eligibility where that was declared and is of use."""
    if config.adjust and metric.name == config.outcome:
        with contextlib.suppress(RefusedError):  # too few visitors have a history: the lift is left as it is
            return adjusted_lift(control, feature, metric.numerator, [PRE], denominator, level).estimate
    return log_ratio_lift(control, feature, metric.numerator, denominator, level)


def _each(
    parts: Sequence[tuple[Mapping[str, float], Measured]], one: Callable[[Mapping[str, float], Measured], _T]
) -> list[_T]:
    """Ask each stratum; one too thin to say anything has no weight, and only if all are is the question refused."""
    found: list[_T] = []
    last: RefusedError | None = None
    for shares, part in parts:
        try:
            found.append(one(shares, part))
        except RefusedError as error:
            last = error
    if not found and last is not None:
        raise last
    return found


def _pooled(scored: Sequence[tuple[float, float]]) -> float:
    """Return the score of all strata together (Stouffer, weighted by 1 / standard error)."""
    return sum(score / se for score, se in scored) / math.sqrt(sum(1 / se**2 for _score, se in scored))


def _combined(
    config: ExperimentConfig,
    parts: Sequence[tuple[Mapping[str, float], Measured]],
    metric: Metric,
    treatment: str,
    against: str,
    level: float,
) -> Estimate:
    """Combine strata by the precision of their log ratios; for the outcome the test is that of `outcome_statistic`."""
    denominator = None if metric.denominator in (VISITORS, None) else metric.denominator

    def alone(shares: Mapping[str, float], part: Measured) -> Estimate:
        del shares
        if against not in part.arms or treatment not in part.arms:
            raise RefusedError("a period with shares of its own has no visitors in one of the arms.")
        return _plain(config, part.arms[against], part.arms[treatment], metric, denominator, level)

    found = _each(parts, alone)
    weights = [1 / each.se**2 for each in found]
    centre = sum(weight * math.log1p(each.value) for weight, each in zip(weights, found, strict=True)) / sum(weights)
    method = f"log ratios of {len(found)} periods with shares of their own, combined by precision"
    whole = normal_estimate(centre, 1 / math.sqrt(sum(weights)), level, method)
    if metric.name == config.outcome and (treatment, against) == (config.feature, config.control):
        scored = _each(parts, lambda shares, part: _score(config, shares, part, metric, ALPHA_SIDE))
        score = _pooled(scored)
        whole = replace(whole, statistic=score, p_value=min(1.0, 2 * float(special.ndtr(-abs(score)))))
    return replace(whole, value=as_lift(whole.value), lower=as_lift(whole.lower), upper=as_lift(whole.upper))


def _few(
    config: ExperimentConfig, measured: Measured, metric: Metric, treatment: str, against: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the amounts of both arms' buyers where the lift is to be re-randomised."""
    if metric.name != config.outcome or metric.denominator not in (VISITORS, None):
        return None
    if not are_few(measured, metric.numerator, (against, treatment)):
        return None
    base, top = (measured.amounts.get(arm, NOBODY) for arm in (against, treatment))
    if (base > 0).all() and (top > 0).all():  # a margin may be negative; the test needs amounts above 0
        return base, top
    return None


def are_few(measured: Measured, name: str, arms: Sequence[str]) -> bool:
    """Say whether one of the arms has too few buyers, or too few in effect, for the normal law.

    Args:
        measured: moments of the arms.
        name: of the measure whose amounts count.
        arms: which arms.
    """
    return any(
        measured.arms[arm].sum_of(BUYERS) < FEW_BUYERS or effective_number(measured.arms[arm], name) < FEW_BUYERS / 2
        for arm in arms
    )


def _share(shares: Mapping[str, float], treatment: str, against: str) -> float:
    return shares[treatment] / (shares[treatment] + shares[against])
