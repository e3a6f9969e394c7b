"""Kept tables worked out ahead: one after another in a thread, in the order in which they were asked for last time.

Each is a small query of the touched visitors' events, and whoever asks for it meanwhile builds expressions or waits for a
large query. A table belongs to whoever claims it first: the thread, or the reading that needs it now.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence

import duckdb

from counterclick.store.kept import Kept

__all__ = ["Ahead"]


class Ahead:
    """Makes tables beside a reading, until none is left or it is told to stop.

    Args:
        connection: of the reading; the tables are made over a second one to the same database.
        tables: definitions, each after its inputs.
        known: names of the tables that are there already.
        make: makes one of them over a connection.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        tables: Sequence[Kept],
        known: Collection[str],
        make: Callable[[duckdb.DuckDBPyConnection, Kept], None],
    ) -> None:
        self._cursor = connection.cursor()
        self._cursor.execute("SET TimeZone = 'UTC'")  # what is set for the reading's connection is not for this one
        self._make = make
        self._own = {table.name for table in tables}
        self._left = {table.name: table for table in tables if table.name not in known}
        self._there = {*known}
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        with self._changed:
            self._go_on()

    def claim(self, name: str) -> bool:
        """Say whether the caller is to make a table now; where not, it is there when this returns.

        What failed here is the caller's: it fails there again, and is told there.
        """
        with self._changed:
            if self._left.pop(name, None) is None and name in self._own:
                self._changed.wait_for(lambda: name in self._there or name not in self._own)
            return name not in self._there

    def made(self, name: str) -> None:
        """Tell that a table is there, on which others may wait."""
        with self._changed:
            self._there.add(name)
            self._changed.notify_all()
            self._go_on()

    def close(self) -> None:
        """Stop; what is under way comes to its end, what is left is not made."""
        with self._changed:
            self._own -= {*self._left}
            self._left.clear()
            worker = self._worker
        if worker is not None:
            worker.join()
        self._cursor.close()

    def _work(self) -> None:
        while (table := self._next()) is not None:
            try:
                self._make(self._cursor, table)
            except duckdb.Error:
                with self._changed:
                    self._own.discard(table.name)
                    self._changed.notify_all()
            else:
                self.made(table.name)

    def _next(self) -> Kept | None:
        """Claim the first table whose inputs are there; None, and no thread waits, where there is none now."""
        with self._changed:
            name = self._ready()
            if name is None:
                self._worker = None
            return self._left.pop(name) if name else None

    def _go_on(self) -> None:
        """Start a thread where there is something to do and none does it."""
        if self._worker is None and self._ready():
            self._worker = threading.Thread(target=self._work, name="ahead")
            self._worker.start()

    def _ready(self) -> str | None:
        return next((name for name, table in self._left.items() if self._there.issuperset(table.inputs)), None)
