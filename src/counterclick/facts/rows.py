"""Small answers of a table: its rows, its only one, how many it has, and the numbers of a column.

Arrow would give the same, and imports pandas for the first moment or array that it is asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from ibis.expr.types import Table
from numpy.typing import NDArray

__all__ = ["all_rows", "floats", "one_row", "row_count"]

_ZERO = datetime(1970, 1, 1)  # noqa: DTZ001 - without a zone, as moments of no zone are
_ZERO_UTC = datetime(1970, 1, 1, tzinfo=UTC)


def all_rows(table: Table) -> list[dict[str, Any]]:
    """Return the rows of a table, each by its columns' names; moments to the microsecond."""
    found = table.to_pyarrow()
    columns = [_values(column) for column in found.columns]
    return [dict(zip(found.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def one_row(table: Table) -> dict[str, Any]:
    """Return the only row of a table, such as a sum over another."""
    (row,) = all_rows(table)
    return row


def row_count(table: Table) -> int:
    """Return how many rows a table has."""
    return int(table.count().to_pyarrow().as_py())


def floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a column of numbers; NaN where there is none."""
    numbers = column.cast(pa.float64()).combine_chunks()
    return np.asarray(numbers.to_numpy(zero_copy_only=False) if numbers.null_count else np.from_dlpack(numbers))


def _values(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_timestamp(column.type):
        values: list[Any] = column.to_pylist()
        return values
    zero = _ZERO if column.type.tz is None else _ZERO_UTC
    moments = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64()).to_pylist()
    return [None if moment is None else zero + timedelta(microseconds=moment) for moment in moments]
