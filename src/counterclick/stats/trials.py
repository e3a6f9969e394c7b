"""Many trials of one design at once: what its looks would have said, had the lot fallen otherwise.

A trial is a labelling of the same visitors. All of its looks are tested as a verdict tests them, only that the random
labels behind the p-values are drawn once for all trials: so a thousand trials cost little more than one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from counterclick.errors import RefusedError
from counterclick.stats.estimates import check_fraction
from counterclick.stats.relabelling import TIE, studentised
from counterclick.stats.rerandomise import draws_for, rerandomised_test
from counterclick.stats.sequential import obrien_fleming_spending, spending_bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Trials", "design_bounds", "run_trials"]

CELLS = 4_000_000
"""Labels that are held at one time."""

SHARED_DRAWS = 2_000
"""Draws of a first p-value where every trial has amounts of its own."""

SURE = 5.0
"""Standard errors by which a first p-value must exceed its bound to be the answer."""


@dataclass(frozen=True, slots=True)
class Trials:
    """What r trials would have seen at k looks.

    Attributes:
        scores: (k, r) standardised statistics: normal scores of the p-values.
        bounds: (k,) bounds of the design; infinity where a look is too early to be taken.
        fewest: (k, r) buyers in the smaller arm.
    """

    scores: Floats
    bounds: Floats
    fewest: NDArray[np.int64]

    def decided(self, least_buyers: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return each trial's verdict and the look that gave it.

        Args:
            least_buyers: in the smaller arm, below which nothing is decided.

        Returns:
            (r,) 1 for won, -1 for lost, 0 for neither; (r,) index of the deciding look, the last where none did.
        """
        out = (np.abs(self.scores) >= self.bounds[:, np.newaxis]) & (self.fewest >= least_buyers)
        any_look = out.any(axis=0)
        first = np.where(any_look, out.argmax(axis=0), len(self.bounds) - 1)
        side = np.sign(self.scores[first, np.arange(self.scores.shape[1])]).astype(np.int64)
        return np.where(any_look, side, 0), first


def design_bounds(information: Sequence[float], planned: float, least: float, alpha: float = 0.025) -> Floats:
    """Return the bound of each look; infinity for looks with less information than a look needs.

    Args:
        information: (k,) buyers by each look; the last look spends what is left.
        planned: planned buyers.
        least: buyers that a look needs, the last excepted.
        alpha: error rate of one side.
    """
    found = np.full(len(information), np.inf)
    known: list[float] = []
    spent: list[float] = []
    for look, now in enumerate(information):
        last = look == len(information) - 1
        if (now < least and not last) or (spent and spent[-1] >= alpha):
            continue
        known.append(max(now, known[-1] + 1 if known else 1.0))
        spent.append(alpha if last else obrien_fleming_spending(now / planned, alpha))
        found[look] = spending_bounds(known, spent)[-1]
    return found


def run_trials(
    amounts: NDArray[np.float64],
    look: NDArray[np.int64],
    treated: NDArray[np.bool_],
    others: NDArray[np.int64],
    others_treated: NDArray[np.int64],
    share: float,
    bounds: Floats,
    few: int,
    seed: int = 0,
    *,
    lift: float = 0.0,
    most_draws: int = 20_000,
    refine: bool = True,
    shared_draws: int = SHARED_DRAWS,
) -> Trials:
    """Return the statistics of all trials at all looks.

    Args:
        amounts: (b,) revenue of each buyer, above 0, the same in every trial (the sharp null hypothesis), or (b, r), in
            each trial its own.
        look: (b,) index of the look that first counts the buyer, ascending.
        treated: (b, r) whether a trial puts the buyer into the treatment.
        others: (k,) visitors without an order whom each look counts anew.
        others_treated: (k, r) those of them whom a trial puts into the treatment.
        share: P(treatment) by design.
        bounds: (k,) of the looks; what lies far from them is known less precisely.
        few: buyers in the smaller arm below which p-values are re-randomised; and below half as many in effect.
        seed: of the random labels.
        lift: true relative lift of what treated buyers spend, laid on top of their amounts.
        most_draws: random labels behind a p-value at most. A p-value is valid with any number of them.
        refine: whether p-values near a bound are drawn anew, as exactly as a verdict's, where trials have amounts of their
            own; without, they have an error of their own, which averages out over trials.
        shared_draws: random labels behind their first p-values.

    Returns:
        Scores, bounds and the smaller arm's buyers.

    Raises:
        RefusedError: if shapes do not fit, or the share is no fraction.
    """
    check_fraction("the share of the treatment", share)
    if treated.shape[0] != len(amounts) or others_treated.shape != (len(others), treated.shape[1]):
        raise RefusedError(
            f"{len(amounts)} buyers and {len(others)} looks need labels of shapes ({len(amounts)}, trials) and "
            f"({len(others)}, trials); got {treated.shape} and {others_treated.shape}."
        )
    unit = float(amounts.mean()) if amounts.size else 1.0
    scaled = amounts / unit
    top, base = _sums(scaled, look, treated, len(others)), _sums(scaled, look, ~treated, len(others))
    top[:, 0] *= 1 + lift
    top[:, 1] *= (1 + lift) ** 2
    n_top = top[:, 2] + others_treated.cumsum(axis=0)
    n_base = base[:, 2] + (others[:, np.newaxis] - others_treated).cumsum(axis=0)
    fewest = np.minimum(top[:, 2], base[:, 2]).astype(np.int64)
    scores = np.zeros((len(others), treated.shape[1]))
    for k in range(len(others)):
        scores[k] = studentised(top[k, :2].T, n_top[k], base[k, :2].T, n_base[k])
        in_effect = np.minimum(_in_effect(top[k]), _in_effect(base[k]))
        rare = ((fewest[k] < few) | (in_effect < few / 2)) & (fewest[k] > 1)
        if not rare.any() or not math.isfinite(bounds[k]):
            continue
        known = look <= k
        silent = int(others[: k + 1].sum())
        level = float(special.ndtr(-bounds[k]))
        if scaled.ndim == 1 and lift == 0:
            scores[k, rare] = _common(scaled[known], silent, share, scores[k, rare], level, most_draws, seed + k)
            continue
        labels = treated[np.ix_(known, rare)]
        own = scaled[known][:, np.newaxis] if scaled.ndim == 1 else scaled[np.ix_(known, rare)]
        visitors = n_top[k, rare], n_base[k, rare]
        own = own * np.where(labels, 1 + lift, 1.0)
        scores[k, rare] = _each(
            own, labels, silent, visitors, share, scores[k, rare], level, shared_draws, seed + k, refine=refine
        )
    return Trials(scores, np.asarray(bounds, dtype=np.float64), fewest)


def _sums(amounts: Floats, look: NDArray[np.int64], labels: NDArray[np.bool_], looks: int) -> Floats:
    """Return (k, 3, r) sums, sums of squares and numbers of the labelled buyers by each look."""
    found = np.zeros((looks, 3, labels.shape[1]))
    for k in range(looks):
        own = look == k
        chosen = labels[own].astype(np.float64)
        values = amounts[own]
        if values.ndim == 1:
            found[k, 0], found[k, 1] = values @ chosen, (values**2) @ chosen
        else:
            found[k, 0], found[k, 1] = (values * chosen).sum(axis=0), (values**2 * chosen).sum(axis=0)
        found[k, 2] = chosen.sum(axis=0)
    return found.cumsum(axis=0)


def _in_effect(sums: Floats) -> Floats:
    """Return Kish's effective number of buyers, (r,), from (3, r) sums, sums of squares and numbers."""
    found: Floats = np.divide(sums[0] ** 2, sums[1], out=np.zeros(sums.shape[1]), where=sums[1] > 0)
    return found


def _reference(
    powers: Floats, silent: int, share: float, draws: int, rng: np.random.Generator
) -> list[tuple[Floats, Floats]]:
    """Draw labels; return, in chunks, sums of the columns of (b, c) powers, and visitors, of the treated."""
    rows = max(1, CELLS // max(1, len(powers)))
    found = []
    for start in range(0, draws, rows):
        size = min(rows, draws - start)
        labels = (rng.random((size, len(powers)), dtype=np.float32) < share).astype(np.float32)
        visitors = labels.sum(axis=1, dtype=np.float64) + rng.binomial(silent, share, size)
        found.append(((labels @ powers.astype(np.float32)).astype(np.float64), visitors))
    return found


def _common(amounts: Floats, silent: int, share: float, observed: Floats, level: float, most: int, seed: int) -> Floats:
    """Return normal scores where all trials have the same amounts, and so the same reference distribution."""
    needed = draws_for(level) if level > 0 else most
    draws = min(max(SHARED_DRAWS, needed), most)
    powers = np.stack([amounts, amounts**2], axis=1)
    whole, n = powers.sum(axis=0), silent + len(amounts)
    drawn = [
        studentised(sums, visitors, np.maximum(whole - sums, 0.0), n - visitors)
        for sums, visitors in _reference(powers, silent, share, draws, np.random.default_rng(seed))
    ]
    reference = np.sort(np.concatenate(drawn))
    slack = TIE * np.maximum(1.0, np.abs(observed))
    greater = (1 + draws - np.searchsorted(reference, observed - slack, side="left")) / (draws + 1)
    less = (1 + np.searchsorted(reference, observed + slack, side="right")) / (draws + 1)
    return _scores(greater, less, observed, draws)


def _each(
    amounts: Floats,
    labels: NDArray[np.bool_],
    silent: int,
    visitors: tuple[Floats, Floats],
    share: float,
    observed: Floats,
    level: float,
    draws: int,
    seed: int,
    *,
    refine: bool,
) -> Floats:
    """Return normal scores where every trial has amounts of its own: first roughly, then exactly near the bound."""
    r = amounts.shape[1]
    powers = np.concatenate([amounts, amounts**2], axis=1)
    whole, n = powers.sum(axis=0), silent + len(amounts)
    slack = TIE * np.maximum(1.0, np.abs(observed))
    at_least, at_most = np.ones(r), np.ones(r)
    for sums, drawn_in in _reference(powers, silent, share, draws, np.random.default_rng(seed)):
        for i in range(r):
            top = sums[:, [i, r + i]]
            drawn = studentised(top, drawn_in, np.maximum(whole[[i, r + i]] - top, 0.0), n - drawn_in)
            at_least[i] += np.count_nonzero(drawn >= observed[i] - slack[i])
            at_most[i] += np.count_nonzero(drawn <= observed[i] + slack[i])
    greater, less = at_least / (draws + 1), at_most / (draws + 1)
    scores = _scores(greater, less, observed, draws)
    near = np.minimum(greater, less) <= level + SURE * math.sqrt(level / draws)
    for trial in np.flatnonzero(near & refine):
        own, mine = amounts[:, trial], labels[:, trial]
        found = rerandomised_test(
            own[~mine], own[mine], int(visitors[1][trial]), int(visitors[0][trial]), share, max(level, 1e-15), seed
        )
        up = found.p_greater < found.p_less
        scores[trial] = -special.ndtri(found.p_greater) if up else special.ndtri(found.p_less)
    return scores


def _scores(greater: Floats, less: Floats, observed: Floats, draws: int) -> Floats:
    """Return normal scores of p-values; where no draw lies beyond, the statistic itself if that is smaller.

    A p-value of 1 / (draws + 1) says only "no larger". There the normal reference is taken, but never for less than that.
    """
    up = greater < less
    score: Floats = np.where(up, -special.ndtri(greater), special.ndtri(less))
    beyond = np.minimum(greater, less) <= 1.5 / (draws + 1)
    farther: Floats = np.copysign(np.maximum(np.abs(observed), np.abs(score)), score)
    score[beyond] = farther[beyond]
    return score
