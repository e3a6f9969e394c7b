"""The question that was settled by simulation: re-randomise each look for itself, or the whole path of looks?

Ours takes each look's p-value as a normal score and compares it with a Lan-DeMets bound. The other way spends the error
rate in the joint distribution of all looks under random labels, and needs no normal law between them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from simulate_errors import (
    ALPHA,
    COMMON_DRAWS,
    FEWEST,
    LABELLINGS,
    LOOKS,
    OWN_DRAWS,
    Cell,
    Drawn,
    Found,
    Population,
    drawn,
    studentised_log_ratio,
)

from counterclick.stats import obrien_fleming_spending
from counterclick.stats.relabelling import TIE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CELLS = (
    Cell("idle", "Hillstrom", 0.9, 50),
    Cell("idle", "Hillstrom", 0.9, 100),
    Cell("idle", "Hillstrom", 0.5, 50),
    Cell("mixed", "Hillstrom", 0.9, 69),
)
WAYS = {"marginal": "ours", "joint": "whole path", "normal": "normal law alone"}


def compared(cell: Cell, population: Population, runs: int) -> Found:
    """Try a design without the rule of 50 buyers, read in the three ways."""
    calls = {name: np.zeros(2, dtype=np.int64) for name in WAYS}
    rng, done = np.random.default_rng([cell.seed, 1_000]), 0
    while done < runs:
        trials = drawn(cell, population, min(LABELLINGS, runs - done), 0.0, rng)
        every, plain = trials.scored(), trials.plain()
        signs = {
            "marginal": every.decided(FEWEST)[0],
            "joint": jointly(trials, np.where(every.fewest >= FEWEST, plain, np.nan)),
            "normal": replace(every, scores=plain).decided(FEWEST)[0],
        }
        for name, sign in signs.items():
            calls[name] += [(sign > 0).sum(), (sign < 0).sum()]
        done += trials.treated.shape[1]
    counted = {name: (int(found[0]), int(found[1])) for name, found in calls.items()}
    return Found(cell, runs, 0.0, counted, 0, 0.0, (0, 0))


def jointly(trials: Drawn, observed: Floats) -> Ints:
    """Return the sign with which each trial's whole path crosses, re-randomised as a whole; NaN is no look."""
    information = np.asarray(trials.information)
    spent = [*(obrien_fleming_spending(now / information[-1], ALPHA) for now in information[:-1]), ALPHA]
    rng = np.random.default_rng(trials.seed)
    draws = COMMON_DRAWS if trials.amounts.ndim == 1 else OWN_DRAWS
    others, share = trials.by_look()[0], trials.cell.share
    labels = [
        (rng.random((draws, int(n)), dtype=np.float32) < share).astype(np.float32)
        for n in np.bincount(trials.look, minlength=LOOKS)
    ]
    visitors = np.stack(
        [own.sum(axis=1) + rng.binomial(int(n), share, draws) for own, n in zip(labels, others, strict=True)]
    ).cumsum(axis=0, dtype=np.float64)
    everyone = (information + others.cumsum())[:, np.newaxis]
    columns = trials.amounts.reshape(len(trials.day), -1) / trials.amounts.mean()
    signs = np.zeros(observed.shape[1], dtype=np.int64)
    for number, amounts in enumerate(columns.T):
        powers = np.stack([amounts, amounts**2], axis=1).astype(np.float32)
        parts = [powers[trials.look == k] for k in range(LOOKS)]
        sums = np.stack([own @ part for own, part in zip(labels, parts, strict=True)]).cumsum(axis=0, dtype=np.float64)
        whole = np.stack([part.sum(axis=0, dtype=np.float64) for part in parts]).cumsum(axis=0)[:, np.newaxis]
        rest = np.maximum(whole - sums, 0.0)
        reference = studentised_log_ratio(
            [sums[..., 0], sums[..., 1], visitors], [rest[..., 0], rest[..., 1], everyone - visitors]
        )
        mine = slice(None) if trials.amounts.ndim == 1 else slice(number, number + 1)
        upper = path_crossings(observed[:, mine], reference, spent)
        lower = path_crossings(-observed[:, mine], -reference, spent)
        signs[mine] = np.where(upper < lower, 1, np.where(lower < upper, -1, 0))
    return signs


def path_crossings(observed: Floats, reference: Floats, spent: Sequence[float]) -> Ints:
    """Return the look at which each observed path crosses upwards; the number of looks where it never does.

    At each look, among the paths that have not crossed, those with the largest statistics cross: so many that the share of
    all paths that have crossed, the observed one counted among them, is what may have been spent.

    Args:
        observed: (k, r) statistics; NaN where there is none.
        reference: (k, d) of random labels.
        spent: (k,) error rate by each look.
    """
    looks, draws = reference.shape
    found = np.full(observed.shape[1], looks)
    alive = np.ones(draws, dtype=bool)
    for k in range(looks):
        still = np.sort(reference[k, alive])
        room = math.floor(spent[k] * (draws + 1) + TIE) - (draws - len(still))
        slack = TIE * np.maximum(1.0, np.abs(observed[k]))
        beyond = len(still) - np.searchsorted(still, observed[k] - slack, side="left")
        found[(found == looks) & ~np.isnan(observed[k]) & (beyond + 1 <= room)] = k
        if room > 0:
            edge = still[-room]
            tied = (still >= edge).sum() > room
            alive &= (reference[k] <= edge) if tied else (reference[k] < edge)
    return found
