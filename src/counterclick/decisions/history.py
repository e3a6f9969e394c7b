"""What was known of returns at a moment: lines of orders, counted by what they have in common, as of any time.

A line counts from when its return is settled: ``delay`` after its order. Whether it came back is taken as it was known then.
Nothing that an order's own lines did counts for that order. Both traps that make a model look better than it is are shut
here, and nowhere else: labels before they are known, and lines of one order that see each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterclick.errors import RefusedError

__all__ = ["NEVER", "Codes", "Counts", "Known", "Lines", "counts_as_of"]

Codes = NDArray[np.int64]
Counts = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Settled lines, and of these those that came back."""
NEVER = np.int64(2**61)
"""When a line comes back that does not; also what a code below 0 stands for: nothing is named."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of orders, in columns; times in seconds, UTC.

    Attributes:
        order: number of each line's order.
        ordered_at: when it was placed.
        returned_at: when it came back; `NEVER` where it did not.
    """

    order: Codes
    ordered_at: Codes
    returned_at: Codes


@dataclass(frozen=True, slots=True)
class Known:
    """Who asks: lines that are scored, each as of its own time.

    Attributes:
        order: number of each one's order, among those of `Lines`; below 0 where it is none of them.
        as_of: what was known by then counts, and nothing else.
    """

    order: Codes
    as_of: Codes


def counts_as_of(lines: Lines, delay: int, group: Codes, asks: Known, asked_group: Codes) -> Counts:
    """Return for each line that asks how many settled lines its group had as of its time, and how many came back.

    Lines of the order that asks never count, whenever it asks.

    Args:
        lines: of which something is known.
        delay: seconds from an order until its returns are settled, above 0.
        group: of each of ``lines``; below 0 where it names none.
        asks: who asks.
        asked_group: of each line that asks; below 0 where it names none.

    Raises:
        RefusedError: returns would be settled with the order itself.
    """
    if delay < 1:
        raise RefusedError(f"returns are settled some time after the order; a delay of {delay} seconds would tell at once.")
    settled = lines.ordered_at + delay
    back = lines.returned_at < NEVER
    told = np.maximum(settled, lines.returned_at)[back]
    n = _until(group, settled, asked_group, asks.as_of)
    k = _until(group[back], told, asked_group, asks.as_of)
    own, asked_own = _together(lines.order, group, asks.order, asked_group)
    n -= _until(own, settled, asked_own, asks.as_of)
    k -= _until(own[back], told, asked_own, asks.as_of)
    return n.astype(np.float64), k.astype(np.float64)


def _until(group: Codes, at: Codes, asked_group: Codes, as_of: Codes) -> Codes:
    """Return for each ask how many rows of its group have a time at or before its own."""
    row = group >= 0
    group, at = group[row], at[row]
    order = np.lexsort((at, group))
    group, at = group[order], at[order]
    every = np.concatenate([at, as_of])
    _times, rank = np.unique(every, return_inverse=True)
    span = len(_times) + 1
    keys = group * span + rank[: len(at)]
    first = np.searchsorted(keys, asked_group * span, side="left")
    last = np.searchsorted(keys, asked_group * span + rank[len(at) :], side="right")
    return np.where(asked_group >= 0, last - first, 0).astype(np.int64)


def _together(order: Codes, group: Codes, asked_order: Codes, asked_group: Codes) -> tuple[Codes, Codes]:
    """Return one code for each pair of order and group; below 0 where either is not named."""
    span = max(int(group.max(initial=-1)), int(asked_group.max(initial=-1))) + 1
    own = np.where((order >= 0) & (group >= 0), order * span + group, -1)
    asked = np.where((asked_order >= 0) & (asked_group >= 0), asked_order * span + asked_group, -1)
    return own, asked
