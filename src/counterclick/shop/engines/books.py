"""What an engine is told by the embedded database, which keeps the books: the store, and what has come since."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from counterclick.store import Store

__all__ = ["Books"]


@dataclass(frozen=True, slots=True)
class Books:
    """What the embedded database has, of the same reading.

    Attributes:
        store: whose log is read.
        connection: with ``events`` and ``inbox_events``.
        after: seconds; where computing took longer, what was computed is stored.
    """

    store: Store
    connection: duckdb.DuckDBPyConnection
    after: float

    def rows(self, sql: str) -> pa.Table:
        """Return the rows of a query."""
        return self.connection.execute(sql).to_arrow_table()

    def count(self, rows: str) -> int:
        """Return how many rows there are."""
        found = self.connection.execute(f"SELECT count(*) FROM {rows}").fetchone()
        return int(found[0]) if found else 0
