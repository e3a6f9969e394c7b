"""The embedded engine: the reading's own DuckDB, whose facts are kept up from one reading to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from counterclick.facts.parts import NESTED, Parts
from counterclick.shop.upkeep import Upkeep

__all__ = ["Embedded"]


class Embedded:
    """DuckDB in this process.

    Args:
        backend: Ibis on it, with the view ``events``.
        upkeep: of the kept tables; None where each is computed for this reading alone.
    """

    def __init__(self, backend: Backend, upkeep: Upkeep | None) -> None:
        self._backend = backend
        self._upkeep = upkeep
        self.events: Table = backend.table("events")
        self.parts: Parts = NESTED

    def keep(
        self, table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        """Compute a table once, or take what is stored of it: see `counterclick.shop.upkeep.Upkeep.keep`."""
        if self._upkeep is None:
            return self._backend.create_table(f"kept_{name}", table, temp=True, overwrite=True)
        return self._upkeep.keep(table, name, by, merges, per)

    def load(self, rows: pa.Table, name: str) -> Table:
        """Return rows as a table of that name."""
        self._backend.create_table(name, rows, overwrite=True)
        return self._backend.table(name)

    def work_ahead(self) -> None:
        """Begin to work out what the last audit needed."""
        if self._upkeep is not None:
            self._upkeep.work_ahead()

    def close(self) -> None:
        """Store what was computed, where that pays."""
        if self._upkeep is not None:
            self._upkeep.close()
