"""The machinery of re-randomisation: labels drawn as the design drew them, and the statistic they give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from counterclick.errors import RefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Relabelled", "observed_log_ratio", "relabel", "studentised"]

FEWEST_VISITORS = 2
CELLS = 2_000_000
"""Labels that are held at one time."""

ROWS = 100_000
"""Draws whose statistics are computed at one time."""

ROUNDING = 1e-12
"""A sum, or a variance, below this fraction of its parts is rounding and counts as zero."""

TIE = 1e-9
"""Statistics this close (relative, at least absolute) are equal: ties count against significance."""


@dataclass(frozen=True, slots=True)
class Relabelled:
    """What random labels put into the treatment, for d draws.

    Attributes:
        control: (d, 2) sums and sums of squares of those amounts that came from control.
        treated: (d, 2) the same of those that came from treatment.
        visitors: (d,) visitors labelled treatment.
        whole_control: (2,) sum and sum of squares of all amounts that came from control.
        whole_treated: (2,) the same of all that came from treatment.
        n: visitors of both arms.
    """

    control: Floats
    treated: Floats
    visitors: Floats
    whole_control: Floats
    whole_treated: Floats
    n: int

    def counts(self, log_lift: float, observed: float) -> tuple[int, int]:
        """Count draws at least, and at most, as large as observed; treated amounts over exp(log_lift)."""
        scale = np.exp(-log_lift * np.array([1.0, 2.0]))
        slack = TIE * max(1.0, abs(observed))
        at_least = at_most = 0
        for start in range(0, len(self.visitors), ROWS):
            chunk = slice(start, start + ROWS)
            control, treated, visitors = self.control[chunk], self.treated[chunk], self.visitors[chunk]
            rest = _rest(self.whole_control, control) + _rest(self.whole_treated, treated) * scale
            statistic = studentised(control + treated * scale, visitors, rest, self.n - visitors)
            at_least += int(np.count_nonzero(statistic >= observed - slack))
            at_most += int(np.count_nonzero(statistic <= observed + slack))
        return at_least, at_most


def relabel(
    base: Floats, top: Floats, others: int, share: float, draws: int, seed: int, fixed: int | None = None
) -> Relabelled:
    """Label buyers, and count non-buyers, anew; in chunks that bound the memory.

    Args:
        base: amounts of control's buyers.
        top: amounts of treatment's buyers.
        others: visitors of both arms who did not buy.
        share: chance of the label "treatment".
        draws: number of draws d.
        seed: of the labels.
        fixed: visitors of treatment where their number was fixed by design (a list that was split), so that labels are
            drawn without replacement; None where each visitor was assigned for itself.
    """
    for_buyers, for_others = np.random.default_rng(seed).spawn(2)
    base_powers, top_powers = np.stack([base, base**2], axis=1), np.stack([top, top**2], axis=1)
    control, treated, buyers = np.empty((draws, 2)), np.empty((draws, 2)), np.empty(draws)
    rows = max(1, CELLS // (len(base) + len(top)))
    for start in range(0, draws, rows):
        chunk = slice(start, min(start + rows, draws))
        size = (chunk.stop - chunk.start, len(base) + len(top))
        if fixed is None:
            labels = (for_buyers.random(size, dtype=np.float32) < share).astype(np.float64)
        else:
            labels = _without_replacement(for_buyers, size, others, fixed)
        control[chunk] = labels[:, : len(base)] @ base_powers
        treated[chunk] = labels[:, len(base) :] @ top_powers
        buyers[chunk] = labels.sum(axis=1)
    visitors = buyers + for_others.binomial(others, share, size=draws) if fixed is None else np.full(draws, float(fixed))
    n = others + len(base) + len(top)
    return Relabelled(control, treated, visitors, base_powers.sum(axis=0), top_powers.sum(axis=0), n)


def _without_replacement(rng: np.random.Generator, size: tuple[int, int], others: int, fixed: int) -> Floats:
    """Draw labels of buyers where so many of all visitors are treated: how many buyers, then which."""
    rows, buyers = size
    wanted = rng.hypergeometric(buyers, others, fixed, size=rows)
    places = rng.random(size, dtype=np.float32).argsort(axis=1).argsort(axis=1)
    return (places < wanted[:, np.newaxis]).astype(np.float64)


def observed_log_ratio(base: Floats, top: Floats, n_base: int, n_top: int) -> tuple[float, float]:
    """Return the log ratio and its standard error (delta method)."""
    log_ratio, variance = _log_ratio(
        np.array([[top.sum(), top @ top]]), np.array([float(n_top)]),
        np.array([[base.sum(), base @ base]]), np.array([float(n_base)]),
    )  # fmt: skip
    if not variance[0] > 0:
        raise RefusedError("every visitor of both arms spent the same amount, so that no lift can be tested.")
    return float(log_ratio[0]), math.sqrt(variance[0])


def _rest(whole: Floats, part: Floats) -> Floats:
    rest = whole - part
    return np.where(rest > ROUNDING * whole, rest, 0.0)


def studentised(top: Floats, n_top: Floats, base: Floats, n_base: Floats) -> Floats:
    """Return log ratio over standard error for each row of sums; infinite where an arm is empty.

    Args:
        top: (d, 2) sums and sums of squares in treatment.
        n_top: (d,) visitors of treatment.
        base: (d, 2) sums and sums of squares in control.
        n_base: (d,) visitors of control.
    """
    top_empty = (top[:, 0] <= 0) | (n_top < FEWEST_VISITORS)
    base_empty = (base[:, 0] <= 0) | (n_base < FEWEST_VISITORS)
    whole = ~(top_empty | base_empty)
    statistic = np.where(base_empty, np.inf, -np.inf)
    log_ratio, variance = _log_ratio(top[whole], n_top[whole], base[whole], n_base[whole])
    certain = np.where(log_ratio == 0, 0.0, np.copysign(np.inf, log_ratio))
    root = np.sqrt(variance)
    statistic[whole] = np.divide(log_ratio, root, out=certain, where=root > 0)
    return statistic


def _log_ratio(top: Floats, n_top: Floats, base: Floats, n_base: Floats) -> tuple[Floats, Floats]:
    """Return log(mean_T / mean_C) and its variance for rows of sums and sums of squares."""
    log_ratio = np.log((top[:, 0] * n_base) / (base[:, 0] * n_top))
    return log_ratio, _log_variance(top, n_top) + _log_variance(base, n_base)


def _log_variance(sums: Floats, n: Floats) -> Floats:
    """Return variance / (n mean^2), which is n / (n - 1) x (sum of squares / sum^2 - 1 / n)."""
    spread = sums[:, 1] / sums[:, 0] ** 2 - 1 / n
    return np.where(spread > ROUNDING / n, spread * n / (n - 1), 0.0)
