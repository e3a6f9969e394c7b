"""What two engines say, laid beside each other: numbers to 1e-9 of their size, all else equal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table

from counterclick.experiments.measured import Measured
from counterclick.stats import Moments

CLOSE = 1e-9
_NEAR_ZERO = 1e-12


def differences(ours: Any, theirs: Any, at: str = "", scale: float = 0.0) -> list[str]:
    """Return where two values differ.

    Args:
        ours: a number, text, list or mapping of them.
        theirs: likewise.
        at: where they stand.
        scale: size of what they were reckoned from, where they are its small remainder.
    """
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        if {*map(str, ours)} != {*map(str, theirs)}:
            return [f"{at}: {sorted(map(str, ours))} and {sorted(map(str, theirs))}"]
        return [each for name in ours for each in differences(ours[name], theirs[name], f"{at}.{name}", scale)]
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        if len(ours) != len(theirs):
            return [f"{at}: {len(ours)} and {len(theirs)} of them"]
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [each for number, pair in pairs for each in differences(*pair, f"{at}[{number}]", scale)]
    if isinstance(ours, float) and isinstance(theirs, float):
        is_same = math.isclose(ours, theirs, rel_tol=CLOSE, abs_tol=max(_NEAR_ZERO, CLOSE * scale))
        return [] if is_same or (math.isnan(ours) and math.isnan(theirs)) else [f"{at}: {ours!r} and {theirs!r}"]
    return [] if ours == theirs and type(ours) is type(theirs) else [f"{at}: {ours!r} and {theirs!r}"]


def table_differences(ours: Table, theirs: Table) -> list[str]:
    """Return in which columns two tables differ, rows being laid side by side by all that is no fraction, then by these."""
    left, right = (_ordered(table.to_pyarrow()) for table in (ours, theirs))
    if (left.column_names, left.num_rows) != (right.column_names, right.num_rows):
        return [f"{left.column_names}, {left.num_rows} rows, and {right.column_names}, {right.num_rows} rows"]
    return [each for name in left.column_names for each in _of_column(name, left[name], right[name])]


def _of_column(name: str, ours: pa.ChunkedArray, theirs: pa.ChunkedArray) -> list[str]:
    if not pa.types.is_floating(ours.type) or not pa.types.is_floating(theirs.type):
        is_same = ours.type == theirs.type and ours.combine_chunks().equals(theirs.combine_chunks())
        pairs = zip(ours.to_pylist(), theirs.to_pylist(), strict=True) if not is_same else ()
        return [] if is_same else [f"{name}: {ours.type}, {theirs.type}, {next((p for p in pairs if p[0] != p[1]), None)}"]
    if not ours.is_null().combine_chunks().equals(theirs.is_null().combine_chunks()):
        return [f"{name}: nothing is known of others"]
    left, right = (column.drop_null().to_numpy() for column in (ours, theirs))
    off = np.abs(left - right) > CLOSE * np.abs(right) + _NEAR_ZERO
    return [f"{name}: {left[off][:3]} and {right[off][:3]}"] if off.any() else []


def _ordered(table: pa.Table) -> pa.Table:
    """Return rows in an order that is the same on every engine."""
    keys = table.select([])
    for exact in (True, False):
        for name in table.column_names:
            column = table[name]
            if pa.types.is_floating(column.type) == exact:
                continue
            if pa.types.is_nested(column.type):
                column = pa.chunked_array([pa.array(map(repr, column.to_pylist()), pa.string())])
            keys = keys.append_column(name, column if exact else pc.round(column, 6))
    return table.take(pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names]))


def of_moments(moments: Moments) -> dict[str, Any]:
    """Return moments as numbers; cross products in units of what they are the remainder of, which rounding is a part of."""
    spread = np.sqrt(np.diag(moments.m2) + moments.n * moments.mean**2)
    unit = np.where(spread > 0, spread, 1.0)
    products = (moments.m2 / np.outer(unit, unit)).tolist()
    return {"n": moments.n, "names": list(moments.names), "mean": moments.mean.tolist(), "products": products} | {
        "spread": spread.tolist()
    }


def of_measured(measured: Measured) -> dict[str, Any]:
    """Return all that was asked of an experiment's visitors."""
    parts = {name: getattr(measured, name) for name in ("arms", "by_day", "by_traits")}
    told = {name: {str(key): of_moments(each) for key, each in part.items()} for name, part in parts.items()}
    lists = {name: {arm: each.tolist() for arm, each in getattr(measured, name).items()} for name in ("amounts", "entered")}
    rest = [name for name in measured.__dataclass_fields__ if name not in {*told, *lists}]
    return told | lists | {name: getattr(measured, name) for name in rest}
