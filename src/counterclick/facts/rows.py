"""Small answers of a table: its only row, and how many it has."""

from __future__ import annotations

from typing import Any

from ibis.expr.types import Table

__all__ = ["one_row", "row_count"]


def one_row(table: Table) -> dict[str, Any]:
    """Return the only row of a table, such as a sum over another."""
    (row,) = table.to_pyarrow().to_pylist()
    found: dict[str, Any] = row
    return found


def row_count(table: Table) -> int:
    """Return how many rows a table has."""
    return int(table.count().to_pyarrow().as_py())
