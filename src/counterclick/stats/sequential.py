"""Looking early: bounds that spend the error rate as information comes in, and what follows from stopping.

A statistic Z_k is looked at when its information is I_k. Its scores S_k = Z_k sqrt(I_k) have independent, normal
increments with mean drift x (I_k - I_(k-1)) and variance I_k - I_(k-1); all probabilities below are integrals over
their density, one look after the other. Nothing here knows what the information is: the product counts buyers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy
from scipy import special

from counterclick.errors import RefusedError
from counterclick.stats.estimates import check_fraction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "Crossing",
    "crossing",
    "drift_for_power",
    "median_unbiased",
    "obrien_fleming_spending",
    "spending_bounds",
    "stagewise_p_value",
]

REACH = 9.0
"""Standard deviations beyond which a score's density is nothing."""

NODES_A_WIDTH = 5.0
"""Nodes of the integration for each standard deviation of a look's increment."""

FEWEST_NODES, MOST_NODES = 64, 2_000
FARTHEST = 37.0
"""No normal quantile of a probability that a float can hold lies farther out."""


def obrien_fleming_spending(fraction: float, alpha: float = 0.025) -> float:
    """Return how much of an error rate may have been spent when a fraction of the information is in.

    Args:
        fraction: information so far over planned information, from 0; above 1 it counts as 1.
        alpha: error rate of one side (0.025), or of both together (0.05).

    Returns:
        2 - 2 Phi(z(1 - alpha / 2) / sqrt(fraction)), from 0 to alpha.

    Raises:
        RefusedError: if the fraction is negative or not finite, or alpha is not between 0 and 1.

    Source: Lan and DeMets (1983), Biometrika 70, alpha*_1.
    """
    check_fraction("alpha", alpha)
    if not (fraction >= 0 and math.isfinite(fraction)):
        raise RefusedError(f"a fraction of the information is a number from 0; it is {fraction!r}.")
    if fraction == 0:
        return 0.0
    if fraction >= 1:
        return alpha
    return float(2 * special.ndtr(special.ndtri(alpha / 2) / math.sqrt(fraction)))


def spending_bounds(information: Sequence[float], spent: Sequence[float]) -> tuple[float, ...]:
    """Return the upper bound of each look, so that crossing by then has exactly the chance that was to be spent.

    The lower bounds are the same with a minus. Each side is reckoned for itself, as if crossing the other did not
    stop anything; the two-sided rate is at most the sum.

    Args:
        information: (k,) information at each look, above 0 and rising; its unit does not matter.
        spent: (k,) error rate of one side that may have been spent by then, from 0 and not falling.

    Returns:
        (k,) bounds of the standardised statistic; infinity where nothing may be spent.

    Raises:
        RefusedError: if lengths differ, information does not rise, or spending falls or is no probability.

    Source: Lan and DeMets (1983), Biometrika 70; Armitage, McPherson and Rowe (1969), JRSS A 132, for the recursion.
    """
    _check(information, spent)
    found: list[float] = []
    density: _Density | None = None
    before = 0.0
    for k, (now, total) in enumerate(zip(information, spent, strict=True)):
        step = now - (information[k - 1] if k else 0.0)
        share, before = total - before, total
        found.append(_bound(density, now, step, share))
        if k + 1 < len(information):
            density = _carried(density, now, step, -math.inf, found[-1], 0.0)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Chances of a design under one drift.

    Attributes:
        upper: (k,) chance of crossing the upper bound at each look, not having crossed either before.
        lower: (k,) the same for the lower bound.
    """

    upper: tuple[float, ...]
    lower: tuple[float, ...]


def crossing(information: Sequence[float], bounds: Sequence[float], drift: float = 0.0) -> Crossing:
    """Return the chances of stopping at each look, at symmetric bounds.

    Args:
        information: (k,) as in `spending_bounds`.
        bounds: (k,) upper bounds above 0; the lower ones have a minus.
        drift: mean of the score per unit of information: effect over its standard error at information 1.

    Returns:
        Chances of the first crossing at each look; what is left of 1 is the chance of never crossing.

    Raises:
        RefusedError: if lengths differ, information does not rise, or a bound is not above 0.
    """
    _check(information, [0.0] * len(bounds))
    if not all(bound > 0 for bound in bounds):
        raise RefusedError(f"bounds lie above 0; they are {list(bounds)}.")
    upper, lower = [], []
    density: _Density | None = None
    for k, (now, bound) in enumerate(zip(information, bounds, strict=True)):
        step = now - (information[k - 1] if k else 0.0)
        upper.append(_above(density, now, step, bound, drift))
        lower.append(_below(density, now, step, -bound, drift))
        if k + 1 < len(information):
            density = _carried(density, now, step, -bound, bound, drift)
    return Crossing(tuple(upper), tuple(lower))


def drift_for_power(information: Sequence[float], bounds: Sequence[float], power: float) -> float:
    """Return the drift at which the upper bound is crossed with a given chance.

    Args:
        information: (k,) as in `spending_bounds`.
        bounds: (k,) upper bounds.
        power: chance of crossing the upper bound at one of the looks.

    Raises:
        RefusedError: as `crossing`, or if the power is not between the error rate and 1.
    """
    check_fraction("power", power)

    def missing(drift: float) -> float:
        return sum(crossing(information, bounds, drift).upper) - power

    if missing(0.0) >= 0:
        raise RefusedError(f"power {power!r} must exceed the error rate; chance alone gives as much.")
    scale = 1 / math.sqrt(information[-1])
    return float(scipy.optimize.brentq(missing, 0.0, FARTHEST * scale, xtol=1e-8 * scale))


def median_unbiased(information: Sequence[float], bounds: Sequence[float], statistic: float) -> float:
    """Return the drift under which a result as extreme as the observed one has the chance of one half.

    Results are ordered by stage: crossing the upper bound earlier is more extreme than later, and, at the last look
    taken, a larger statistic is more extreme. A plain estimate after an early stop overstates; this one is too large
    as often as too small.

    Args:
        information: (k,) of the looks taken, the last being that at which the test stopped (or ended).
        bounds: (k,) their bounds; the last does not matter.
        statistic: standardised statistic at the last look taken.

    Returns:
        The drift, in standard deviations per unit of information; times sqrt(I_k) it stands beside ``statistic``.

    Raises:
        RefusedError: as `crossing`, or if the statistic is not finite.

    Source: Tsiatis, Rosner and Mehta (1984), Biometrics 40; Jennison and Turnbull (2000), *Group Sequential Methods*,
    section 8.4 (stage-wise ordering).
    """
    if not math.isfinite(statistic):
        raise RefusedError(f"the statistic is {statistic!r}; an estimate needs a finite one.")
    scale = 1 / math.sqrt(information[-1])

    def excess(drift: float) -> float:
        return _as_extreme(information, bounds, statistic, drift) - 0.5

    reach = (abs(statistic) + 10.0) * scale
    return float(scipy.optimize.brentq(excess, -reach, reach, xtol=1e-9 * scale))


def stagewise_p_value(information: Sequence[float], bounds: Sequence[float], statistic: float) -> float:
    """Return the two-sided p-value of a test that may have stopped early.

    It is below the error rate exactly where a bound was crossed, and the plain p-value where there was one look.

    Args:
        information: (k,) of the looks taken.
        bounds: (k,) their bounds; the last does not matter.
        statistic: standardised statistic at the last look taken.

    Returns:
        Twice the smaller side of the stage-wise order; at most 1.

    Raises:
        RefusedError: as `median_unbiased`.

    Source: as `median_unbiased`.
    """
    if not math.isfinite(statistic):
        raise RefusedError(f"the statistic is {statistic!r}; a p-value needs a finite one.")
    return min(1.0, 2 * _as_extreme(information, bounds, abs(statistic), 0.0))


def _as_extreme(information: Sequence[float], bounds: Sequence[float], statistic: float, drift: float) -> float:
    """Return the chance of crossing the upper bound before the last look, or of a larger statistic at it."""
    if not bounds or len(information) != len(bounds):
        raise RefusedError(f"{len(information)} looks and {len(bounds)} bounds; each look needs one.")
    passed, density, before = 0.0, None, 0.0
    for now, bound in zip(information[:-1], bounds[:-1], strict=True):
        passed += _above(density, now, now - before, bound, drift)
        density = _carried(density, now, now - before, -bound, bound, drift)
        before = now
    return passed + _above(density, information[-1], information[-1] - before, statistic, drift)


@dataclass(frozen=True, slots=True)
class _Density:
    """Density of the score where no bound was crossed: values times weights at nodes."""

    nodes: Floats
    mass: Floats


def _check(information: Sequence[float], spent: Sequence[float]) -> None:
    if not information or len(information) != len(spent):
        raise RefusedError(f"{len(information)} looks and {len(spent)} numbers beside them; each look needs one.")
    rising = all(b > a for a, b in zip([0.0, *information], information, strict=False))
    if not (rising and math.isfinite(information[-1])):
        raise RefusedError(f"information starts above 0 and rises from look to look; it is {list(information)}.")
    if not all(0 <= a <= b < 1 for a, b in zip([0.0, *spent], spent, strict=False)):
        raise RefusedError(f"what is spent starts at 0 or above, never falls and stays below 1; it is {list(spent)}.")


def _bound(density: _Density | None, now: float, step: float, share: float) -> float:
    """Return the bound that is crossed for the first time with the chance ``share``, without drift."""
    if share <= 0:
        return math.inf
    if density is None:
        return float(-special.ndtri(share))

    def excess(bound: float) -> float:
        return _above(density, now, step, bound, 0.0) - share

    if excess(FARTHEST) > 0:
        return math.inf
    return float(scipy.optimize.brentq(excess, -REACH, FARTHEST, xtol=1e-10))


def _above(density: _Density | None, now: float, step: float, bound: float, drift: float) -> float:
    """Return the chance that the statistic lies above a bound now."""
    score = bound * math.sqrt(now) - drift * step
    if density is None:
        return float(special.ndtr(-score / math.sqrt(step)))
    return float(density.mass @ special.ndtr((density.nodes - score) / math.sqrt(step)))


def _below(density: _Density | None, now: float, step: float, bound: float, drift: float) -> float:
    score = bound * math.sqrt(now) - drift * step
    if density is None:
        return float(special.ndtr(score / math.sqrt(step)))
    return float(density.mass @ special.ndtr((score - density.nodes) / math.sqrt(step)))


def _carried(density: _Density | None, now: float, step: float, lower: float, upper: float, drift: float) -> _Density:
    """Return the density of the score after a look at which it lay between two bounds."""
    middle, reach = drift * now, REACH * math.sqrt(now)
    low, high = max(lower * math.sqrt(now), middle - reach), min(upper * math.sqrt(now), middle + reach)
    if low >= high:  # the drift lies so far beyond a bound that nothing goes on
        return _Density(np.zeros(1), np.zeros(1))
    width = math.sqrt(step)
    n = int(min(MOST_NODES, max(FEWEST_NODES, NODES_A_WIDTH * (high - low) / width)))
    unit, weights = _legendre(n)
    nodes = low + (high - low) * (unit + 1) / 2
    if density is None:
        values = np.exp(-(((nodes - drift * step) / width) ** 2) / 2)
    else:
        gaps = (nodes[:, np.newaxis] - density.nodes[np.newaxis, :] - drift * step) / width
        values = np.exp(-(gaps**2) / 2) @ density.mass
    return _Density(nodes, values * weights * (high - low) / 2 / (width * math.sqrt(2 * math.pi)))


_NODES: dict[int, tuple[Floats, Floats]] = {}


def _legendre(n: int) -> tuple[Floats, Floats]:
    """Return nodes and weights of the Gauss-Legendre rule on [-1, 1]; made once for each n."""
    if n not in _NODES:
        _NODES[n] = np.polynomial.legendre.leggauss(n)
    return _NODES[n]
