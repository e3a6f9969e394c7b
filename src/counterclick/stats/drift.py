"""Trends of short autocorrelated series, how far two of them part, and how often two signs agree.

The difference of log ratios of an experiment is :func:`~counterclick.stats.intervals.log_ratio_gap`.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import scipy
from scipy import special

from counterclick.errors import RefusedError
from counterclick.stats.estimates import Estimate, check_fraction

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["HARDEST", "SHORTEST", "agreement_interval", "critical_value", "log_trend", "trend_forms", "trend_gap"]

SHORTEST = 4
"""Fewest points of a trend: a line takes two, and what is left must say how far they scatter."""
HARDEST = 0.6
"""Autocorrelation of neighbouring points at which the error rate is the nominal one; below it is smaller."""
BANDWIDTH = 1.3
"""Points over which autocorrelation is summed, times the square root of n (Lazarus et al. 2018, JBES 36, eq. 3)."""
PARAMETERS = 2
"""Of a line."""
NOISE = 1e-12
"""A standard error below this fraction of the values is rounding: nothing varies."""
FLAT = 1e-14
"""An eigenvalue below this fraction of the largest is zero."""
FURTHEST = 1e6
"""Standard errors beyond which no critical value is sought."""
REACH = (-40.0, 40.0)
"""Logarithms of the frequencies between which Imhof's integrand is not zero."""


def log_trend(values: ArrayLike, level: float = 0.95) -> Estimate:
    """Return the trend of a positive series: the slope of its logarithm, for each step of time.

    The slope is least squares; its standard error is Newey and West's, with n / (n - 2). On a series of a few weeks this
    standard error is too small and a normal or t quantile makes it worse. The critical value is therefore the one with
    which a Gaussian series of exactly this length, whose neighbours correlate by `HARDEST`, is called a trend at the
    nominal rate: the ratio of two quadratic forms, whose distribution is computed and not simulated.

    Args:
        values: (n,) equally spaced in time, n >= 4, all above zero.
        level: confidence of the interval.

    Returns:
        The slope on the log scale (0.01 is about +1 % for each step).

    Raises:
        RefusedError: fewer than four values, one that is not above zero, no scatter about the line, or the level is not
            between 0 and 1.

    Source: Newey and West (1987), Econometrica 55, eq. 5; Kiefer and Vogelsang (2005), Econometric Theory 21, for critical
    values that know the bandwidth; Imhof (1961), Biometrika 48, eq. 3.2, for the quadratic forms.
    """
    check_fraction("the level", level)
    logs = _logs(values)
    return _trend(logs, level, "trend of the logarithm")


def trend_gap(proxy: ArrayLike, outcome: ArrayLike, level: float = 0.95) -> Estimate:
    """Return how much faster a proxy rises than an outcome: the trend of log(proxy) - log(outcome).

    Args:
        proxy: (n,) equally spaced in time, n >= 4, all above zero.
        outcome: (n,) of the same times, all above zero.
        level: confidence of the interval.

    Returns:
        The difference of both slopes on the log scale; see :func:`log_trend`.

    Raises:
        RefusedError: as :func:`log_trend`, or the two do not have the same length.
    """
    check_fraction("the level", level)
    above, below = _logs(proxy), _logs(outcome)
    if above.shape != below.shape:
        raise RefusedError(f"{len(above)} values of the proxy and {len(below)} of the outcome are not of the same times.")
    return _trend(above - below, level, "trend of log(proxy) - log(outcome)")


def agreement_interval(agreed: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share of successes.

    Args:
        agreed: successes.
        of: trials, at least one.
        level: confidence; it is at least that.

    Returns:
        Lower and upper end.

    Raises:
        RefusedError: successes are not between none and all of at least one trial, or the level is not between 0 and 1.

    Source: Clopper and Pearson (1934), Biometrika 26.
    """
    check_fraction("the level", level)
    if not 0 <= agreed <= of or of < 1:
        raise RefusedError(f"a share needs at least one trial, and successes among them; got {agreed} of {of}.")
    tail = (1 - level) / 2
    lower = float(special.betaincinv(agreed, of - agreed + 1, tail)) if agreed else 0.0
    upper = float(special.betaincinv(agreed + 1, of - agreed, 1 - tail)) if agreed < of else 1.0
    return lower, upper


def _logs(values: ArrayLike) -> Floats:
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or len(series) < SHORTEST:
        raise RefusedError(f"a trend needs a series of at least {SHORTEST} values; got shape {series.shape}.")
    if not (np.isfinite(series).all() and (series > 0).all()):
        raise RefusedError("a trend of logarithms needs values above zero at every time.")
    logs: Floats = np.log(series)
    return logs


def _trend(logs: Floats, level: float, what: str) -> Estimate:
    n = len(logs)
    weights, _spread = trend_forms(n)
    slope = float(weights @ logs)
    left = logs - logs.mean() - slope * (np.arange(n) - (n - 1) / 2)
    scored = weights * left
    variance = float(scored @ _kernel(n) @ scored) * n / (n - PARAMETERS)
    if variance <= (NOISE * max(1.0, float(np.abs(logs).max()))) ** 2:
        raise RefusedError("the values lie on a line exactly; without scatter nothing says how sure their trend is.")
    se = math.sqrt(variance)
    reach = critical_value(n, level) * se
    method = f"{what}, Newey-West of {_lags(n)} lags, critical value exact at an autocorrelation of {HARDEST}"
    return Estimate(slope, slope - reach, slope + reach, level, _tail(slope / se, n), slope / se, se, None, method)


def _lags(n: int) -> int:
    return min(n - 1, round(BANDWIDTH * math.sqrt(n)))


@cache
def trend_forms(n: int) -> tuple[Floats, Floats]:
    """Return b, shape (n,), and S, shape (n, n): of a series y the slope is b'y and its squared standard error y'Sy."""
    times = np.arange(n) - (n - 1) / 2
    weights = times / (times @ times)
    design = np.column_stack([np.ones(n), times])
    residual = np.eye(n) - design @ np.linalg.pinv(design)
    scored = weights[:, np.newaxis] * residual
    spread = scored.T @ _kernel(n) @ scored * n / (n - PARAMETERS)
    weights.flags.writeable = spread.flags.writeable = False
    return weights, spread


def _kernel(n: int) -> Floats:
    """Return Bartlett's weights of every pair of times, shape (n, n)."""
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    kernel: Floats = np.maximum(0.0, 1 - apart / (_lags(n) + 1))
    return kernel


def _tail(statistic: float, n: int) -> float:
    """Return P(|slope / se| > |statistic|) without a trend, in a Gaussian series autocorrelated by `HARDEST`."""
    weights, spread = trend_forms(n)
    root = np.linalg.cholesky(scipy.linalg.toeplitz(HARDEST ** np.arange(n)))
    form = root.T @ (np.outer(weights, weights) - statistic**2 * spread) @ root
    return _positive(np.asarray(np.linalg.eigvalsh((form + form.T) / 2), dtype=np.float64))


def _positive(eigenvalues: Floats) -> float:
    """Return P(sum of eigenvalue x chi-squared(1) > 0)."""
    size = float(np.abs(eigenvalues).max())
    scaled = eigenvalues[np.abs(eigenvalues) > FLAT * size] / size

    def integrand(log_u: float) -> float:
        at = scaled * math.exp(log_u)
        return math.sin(0.5 * float(np.arctan(at).sum())) * math.exp(-0.25 * float(np.log1p(at * at).sum()))

    whole, _ = scipy.integrate.quad(integrand, *REACH, limit=500)
    return float(min(1.0, max(0.0, 0.5 + whole / math.pi)))


@cache
def critical_value(n: int, level: float) -> float:
    """Return how many standard errors the interval of a trend over n points reaches."""
    upper = 2.0
    while _tail(upper, n) > 1 - level:
        upper *= 2
        if upper > FURTHEST:
            raise RefusedError(f"no interval of a trend over {n} points holds a level of {level!r}.")
    return float(scipy.optimize.brentq(lambda reach: _tail(reach, n) - (1 - level), 0.0, upper))
