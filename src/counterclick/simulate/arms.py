"""Who is eligible for which experiment, from which visit on, and in which arm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from counterclick.experiments.assignment import bounds, buckets
from counterclick.simulate.arrays import SECOND, Bools, Floats, Ints
from counterclick.simulate.surfaces import SurfaceTruth
from counterclick.simulate.truth import ShopTruth
from counterclick.simulate.visits import BROWSED, Visitors, Visits

__all__ = ["Reached", "effect", "reached"]

MAILING = 4 * 3600  # seconds after midnight UTC, before any visit of the day


@dataclass(frozen=True, slots=True)
class Reached:
    """The visits in which one surface is met.

    Attributes:
        surface: the surface and its truth.
        visit: indices of the visits in which it is met, ascending, shape (m,).
        arm: the arm of each, as an index into ``surface.arms``, shape (m,).
        at: when it is met, in microseconds, shape (m,); a message is met when it is sent.
        first: whether it is the visitor's first meeting, which makes the visitor eligible, shape (m,).
    """

    surface: SurfaceTruth
    visit: Ints
    arm: Ints
    at: Ints
    first: Bools


def reached(truth: ShopTruth, surface: SurfaceTruth, who: Visitors, seen: Visits, rng: np.random.Generator) -> Reached:
    """Draw whom a surface reaches and assign them to its arms.

    Being reached is a trait of the visitor, drawn before anything else happens and the same in every arm.
    Orders come from visits with a cart only, so that no order of an eligible visitor predates eligibility.
    """
    open_to = rng.random(truth.visitors) < surface.reach
    if surface.kind == "message":
        open_to &= who.returning
    met = open_to[seen.visitor]
    if surface.eligibility == "cart":
        met &= seen.cart
    visit = np.flatnonzero(met).astype(np.int64)
    visitor = seen.visitor[visit]
    first = np.concatenate([np.ones(1, dtype=np.bool_), visitor[1:] != visitor[:-1]])[: len(visitor)]
    tops = np.array([top for _, top in bounds(surface.shares)])
    of_first = np.searchsorted(
        tops, buckets(surface.experiment, who.visitor_id.take(pa.array(visitor[first])).to_pylist()), side="right"
    )
    if surface.kind == "message":
        wait = rng.uniform(0, 3000, len(visit))
        at = who.day[visitor] + ((MAILING + wait) * SECOND).astype(np.int64)
    elif surface.eligibility == "cart":
        at = seen.cart_at[visit] + SECOND
    else:
        at = seen.at[visit] + (rng.uniform(5, BROWSED - 90, len(visit)) * SECOND).astype(np.int64)
    return Reached(surface, visit, of_first[np.cumsum(first) - 1].astype(np.int64), at, first)


def effect(meetings: list[Reached], name: str, n: int) -> Floats:
    """Return, for each of n visits, the product of (1 + effect) over the experiments met by then, shape (n,).

    Args:
        meetings: the visits in which each surface is met.
        name: ``conversion`` or ``basket``.
        n: number of visits.
    """
    factor = np.ones(n)
    for met in meetings:
        effects = np.array([getattr(arm, name) for arm in met.surface.arms.values()])
        factor[met.visit] *= 1 + effects[met.arm]
    return factor
