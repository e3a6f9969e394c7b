"""Regression adjustment: what visitors did before takes chance out of what they do now.

Each arm gets a regression of its own (Lin 2013, fully interacted). CUPED (Deng et al. 2013) is the special case of one
covariate and one slope for both arms. The reduction of the variance is what the data gave, never a promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from counterclick.errors import RefusedError, TooFewBuyersError
from counterclick.stats.standardised import Ratio, Standardised, as_they_are, placed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from counterclick.stats.estimates import Estimate
    from counterclick.stats.sufficient import Moments

    Floats = NDArray[np.float64]

__all__ = ["LEAST_HISTORY", "Adjusted", "adjusted_difference", "adjusted_lift", "effective_number"]

LEAST_HISTORY = 50.0
"""Fewer visitors with a past, in effect, cannot carry a slope."""

COLLINEAR = 1e-10
"""An eigenvalue of the covariates' correlations below this means that one follows from the others."""

EXPLAINED = 1e-12
"""A residual below this fraction of the variance is rounding: the covariates are the outcome itself."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An adjusted estimate.

    Attributes:
        estimate: the difference or lift, its means adjusted to the covariates' mean over both arms.
        reduction: 1 - (adjusted / raw standard error)^2, as realised on these data; below 0 where it did harm.
        covariates: what was adjusted for.
    """

    estimate: Estimate
    reduction: float
    covariates: tuple[str, ...]


def adjusted_difference(
    control: Moments,
    treatment: Moments,
    numerator: str,
    covariates: Sequence[str],
    denominator: str | None = None,
    level: float = 0.95,
) -> Adjusted:
    """Return treatment minus control of a mean, or of a ratio of means, adjusted for covariates.

    In arm a, with slopes b_a of its own regression, the mean is m_a = y_a + b_a'(x - x_a), where x is the covariates'
    mean over both arms. Its variance is s_a^2 (1 / n_a + (x - x_a)' Sxx_a^-1 (x - x_a)), s_a^2 being the residual
    variance on n_a - 1 - k degrees of freedom; and since x itself is a sample, (b_T - b_C)' Cov(x) (b_T - b_C) / n is
    added. A ratio is that of adjusted means, linearised.

    Args:
        control: moments of the control's visitors, covariates among them.
        treatment: moments of the treatment's visitors.
        numerator: the value, or the ratio's numerator.
        covariates: k >= 1 amounts or counts from before eligibility, not negative; what happened later would bias.
        denominator: the ratio's denominator; None for a mean per visitor.
        level: confidence of the interval.

    Returns:
        The difference in the metric's unit, t reference with Satterthwaite's df; with no covariate it would be Welch's.

    Raises:
        TooFewBuyersError: if an arm has fewer than k + 3 visitors, or too few of them have a history.
        RefusedError: if a covariate does not vary or follows from the others, or nothing is left to vary.
        UnknownNameError: if there is no such value.

    Source: Lin (2013), Annals of Applied Statistics 7, eq. 4; Negi and Wooldridge (2021), Econometric Reviews 40, for
    the term of a sampled population; Deng, Xu, Kohavi and Walker (2013), WSDM.
    """
    fitted, raw = _both(control, treatment, (numerator, denominator), covariates)
    estimate = fitted.difference((numerator, denominator), level, _method("difference", covariates))
    before = raw.difference((numerator, denominator), level, "")
    return Adjusted(estimate, 1 - (estimate.se / before.se) ** 2, tuple(covariates))


def adjusted_lift(
    control: Moments,
    treatment: Moments,
    numerator: str,
    covariates: Sequence[str],
    denominator: str | None = None,
    level: float = 0.95,
) -> Adjusted:
    """Return the relative lift of a mean, or of a ratio of means, adjusted for covariates.

    It is the log ratio of the adjusted means of :func:`adjusted_difference`. Both rest on the same covariates' mean, so
    that their covariance counts: the last term is d' Cov(x) d / n with d = b_T / m_T - b_C / m_C, which vanishes where
    the treatment multiplies what visitors would have spent.

    Args:
        control: moments of the control's visitors, covariates among them.
        treatment: moments of the treatment's visitors.
        numerator: the value, or the ratio's numerator.
        covariates: k >= 1 amounts or counts from before eligibility, not negative.
        denominator: the ratio's denominator; None for a mean per visitor.
        level: confidence of the interval.

    Returns:
        The lift as a fraction; ``statistic`` and ``se`` on the log scale; normal reference.

    Raises:
        TooFewBuyersError: if an arm has fewer than k + 3 visitors, or too few of them have a history.
        RefusedError: if an adjusted mean is not above zero, a covariate does not vary or follows from the others, or
            nothing is left to vary.
        UnknownNameError: if there is no such value.
    """
    fitted, raw = _both(control, treatment, (numerator, denominator), covariates)
    estimate = fitted.lift((numerator, denominator), level, _method("log ratio", covariates))
    before = raw.lift((numerator, denominator), level, "")
    return Adjusted(estimate, 1 - (estimate.se / before.se) ** 2, tuple(covariates))


def effective_number(arm: Moments, name: str) -> float:
    """Return how many equal amounts would weigh as much: (sum of x)^2 / sum of x^2, never more than are not zero.

    Args:
        arm: moments of visitors.
        name: an amount or count that is not negative.

    Returns:
        A number of visitors; 0 where nothing happened.

    Source: Kish (1965), *Survey Sampling*, section 11.7.
    """
    total = arm.sum_of(name)
    if total == 0:
        return 0.0
    place = arm.names.index(name)
    return total**2 / float(arm.m2[place, place] + total**2 / arm.n)


def _both(
    control: Moments, treatment: Moments, metric: Ratio, covariates: Sequence[str]
) -> tuple[Standardised, Standardised]:
    """Return the adjusted means and the raw ones."""
    if not covariates or len(set(covariates)) != len(covariates) or set(covariates) & set(metric):
        raise RefusedError(
            f"covariates {list(covariates)} of {metric[0]!r}: name at least one, each once, and none that is the outcome."
        )
    names = tuple(dict.fromkeys(name for name in metric if name is not None))
    k = len(covariates)
    for which, arm in (("control", control), ("treatment", treatment)):
        if arm.n < k + 3:
            raise TooFewBuyersError(f"the {which} has {arm.n} visitors; to adjust for {k} covariates it needs {k + 3}.")
        for name in covariates:
            if not arm.variance_of(name) > 0:
                raise RefusedError(f"{name} does not vary in the {which}: there is no history to adjust for.")
            found = effective_number(arm, name)
            if found < LEAST_HISTORY:
                raise TooFewBuyersError(
                    f"{name} of the {which} rests on {found:.0f} visitors in effect; {LEAST_HISTORY:.0f} with a history "
                    "are needed to adjust for it."
                )
    population = (control + treatment).select(covariates)
    fits = [_Fit(arm, names, covariates, population.mean) for arm in (control, treatment)]
    slopes = np.hstack([fit.slopes for fit in fits])
    shared = slopes.T @ (population.m2 / (population.n - 1)) @ slopes / population.n
    parts = [(placed(fit.spread, which), fit.df) for which, fit in enumerate(fits)]
    fitted = Standardised(names, fits[0].means, fits[1].means, [*parts, (shared, population.n - 1.0)])
    return fitted, as_they_are(control, treatment, names)


class _Fit:
    """The regression of one arm: adjusted means, their covariance, slopes (k, m)."""

    def __init__(self, arm: Moments, names: Sequence[str], covariates: Sequence[str], at: Floats) -> None:
        k = len(covariates)
        found = arm.select([*covariates, *names])
        scale = np.sqrt(np.diag(found.m2)[:k])
        correlation = found.m2[:k, :k] / np.outer(scale, scale)
        if float(np.linalg.eigvalsh(correlation)[0]) < COLLINEAR:
            raise RefusedError(f"of the covariates {', '.join(covariates)} one follows from the others; leave it out.")
        cross, own = found.m2[:k, k:], found.m2[k:, k:]
        gap = (at - found.mean[:k]) / scale
        solved = np.linalg.solve(correlation, np.column_stack([cross / scale[:, np.newaxis], gap]))
        self.slopes = solved[:, :-1] / scale[:, np.newaxis]
        self.df = float(found.n - 1 - k)
        residual = own - cross.T @ self.slopes
        if ((np.diag(own) > 0) & (np.diag(residual) <= EXPLAINED * np.diag(own))).any():
            raise RefusedError(f"{', '.join(covariates)} explains {', '.join(names)} wholly; it is no history of it.")
        self.means = found.mean[k:] + (at - found.mean[:k]) @ self.slopes
        self.spread = residual / self.df * (1 / found.n + float(gap @ solved[:, -1]))


def _method(what: str, covariates: Sequence[str]) -> str:
    return f"{what}, regression adjustment for {', '.join(covariates)} (Lin 2013)"
