"""How well scores tell cases apart, where cases of one cluster hang together: areas under the curve, and their differences.

An area is the chance that a case that came true scores higher than one that did not, ties counting half. Its interval comes
from drawing whole clusters anew, such as customers; differences are of the same draws.

Sources: Hanley and McNeil, Radiology 143 (1982), 29-36; Efron and Tibshirani, An introduction to the bootstrap (1993),
chapter 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterclick.errors import RefusedError

__all__ = ["Area", "clustered_areas"]

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Area:
    """How well a score tells cases apart.

    Attributes:
        name: of the score.
        value: its area.
        lower: of the area's 95 % interval.
        upper: of the same.
        ahead: how much larger the first score's area is.
        ahead_lower: of that difference's 95 % interval, draw by draw.
        ahead_upper: of the same.
    """

    name: str
    value: float
    lower: float
    upper: float
    ahead: float
    ahead_lower: float
    ahead_upper: float


def clustered_areas(
    scores: Mapping[str, Numbers], came: NDArray[np.bool_], cluster: NDArray[np.int64], *, draws: int = 400, seed: int = 1
) -> tuple[Area, ...]:
    """Return the area of each score, with intervals by drawing clusters anew.

    Args:
        scores: name -> score of each case; all others are compared with the first.
        came: of each case, whether it came true.
        cluster: of each case.
        draws: of clusters.
        seed: of the draws.

    Raises:
        RefusedError: none came true, or all did.
    """
    n_came = int(came.sum())
    if not 0 < n_came < len(came):
        raise RefusedError(f"{n_came:,} of {len(came):,} cases came true: where none did, or all, nothing is told apart.")
    members = np.unique(cluster, return_inverse=True)[1]
    n_clusters = int(members.max()) + 1
    sorted_by = {name: _sorted(score, came) for name, score in scores.items()}
    rng = np.random.default_rng(seed)
    drawn = np.full((draws, len(scores)), np.nan)
    for draw in range(draws):
        weights = np.bincount(rng.integers(0, n_clusters, n_clusters), minlength=n_clusters).astype(np.float64)[members]
        drawn[draw] = [_area(each, weights) for each in sorted_by.values()]
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    whole = np.array([_area(each, np.ones(len(came))) for each in sorted_by.values()])
    lower, upper = np.quantile(drawn, (0.025, 0.975), axis=0)
    less, more = np.quantile(drawn[:, :1] - drawn, (0.025, 0.975), axis=0)
    ahead = whole[0] - whole
    columns = (whole, lower, upper, ahead, less, more)
    return tuple(Area(name, *(float(column[n]) for column in columns)) for n, name in enumerate(scores))


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Cases by a score: their places, where each value of it begins, and which came true."""

    places: NDArray[np.intp]
    begins: NDArray[np.intp]
    came: NDArray[np.bool_]


def _sorted(score: Numbers, came: NDArray[np.bool_]) -> _Sorted:
    places = np.argsort(score, kind="stable")
    values = score[places]
    begins = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return _Sorted(places, begins, came[places])


def _area(by: _Sorted, weights: Numbers) -> float:
    """Return the area under the curve of weighted cases; not a number where all of a kind weigh nothing."""
    own = weights[by.places]
    came = np.add.reduceat(np.where(by.came, own, 0.0), by.begins)
    not_so = np.add.reduceat(np.where(by.came, 0.0, own), by.begins)
    whole = came.sum() * not_so.sum()
    below = np.cumsum(not_so) - not_so / 2
    return float(came @ below / whole) if whole else float("nan")
