"""The array types of this room and the few ways in which NumPy becomes Arrow."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from counterclick.events.schema import MONEY

__all__ = ["SECOND", "Bools", "Floats", "Ints", "ids", "items_in", "lists", "money", "place_in", "seconds"]

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

SECOND = 1_000_000
"""Microseconds in a second: every time in this room is an integer of microseconds since 1970, UTC."""


def ids(prefix: str, numbers: Ints) -> pa.Array:
    """Return the strings ``prefix + number``, shape (n,)."""
    return pc.binary_join_element_wise(pa.scalar(prefix), pa.array(numbers).cast(pa.string()), "")


def money(cents: Ints) -> pa.Array:
    """Return whole cents, shape (n,), as the schema's exact decimals."""
    words = np.empty((len(cents), 2), dtype=np.int64)  # a decimal128 is two words, the lower one first
    words[:, 0] = cents * 10 ** (MONEY.scale - 2)
    words[:, 1] = words[:, 0] >> 63
    return pa.Array.from_buffers(MONEY, len(cents), [None, pa.py_buffer(words)])


def lists(counts: Ints, values: pa.Array) -> pa.Array:
    """Return flat values, shape (sum of counts,), as one list for each count."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int32)
    np.cumsum(counts, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def items_in(counts: Ints) -> Ints:
    """Return the group of each item when group i has ``counts[i]`` items, shape (sum of counts,)."""
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def place_in(counts: Ints) -> Ints:
    """Return the place of each item inside its group, from 0, shape (sum of counts,)."""
    starts = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(starts, counts)


def seconds(rng: np.random.Generator, least: float, most: float, n: int) -> Ints:
    """Draw n waits between two numbers of seconds, in microseconds, shape (n,)."""
    return (rng.uniform(least, most, n) * SECOND).astype(np.int64)
