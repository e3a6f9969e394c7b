"""What an engine is: it has the events, and keeps what many questions need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import pyarrow as pa
from ibis.expr.types import Table

from counterclick.facts.parts import Parts

__all__ = ["Engine"]


class Engine(Protocol):
    """Where the facts of one reading are computed.

    All that facts, metrics and moments need of it is the table of events: they are expressions over it, and run where it
    lies. Whatever they keep or are given besides must lie there too.
    """

    @property
    def events(self) -> Table:
        """The events of the reading, in `counterclick.events.schema.SCHEMA`. Grain: one event."""
        ...

    @property
    def parts(self) -> Parts:
        """How the lists within events are found."""
        ...

    def keep(
        self, table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        """Return a table computed once: see `counterclick.facts.tables.Keep`."""
        ...

    def load(self, rows: pa.Table, name: str) -> Table:
        """Return a small table of this process, such as rates of exchange, as one of the engine's."""
        ...

    def work_ahead(self) -> None:
        """Begin to work out what the last audit needed, where anything of it is stored."""
        ...

    def close(self) -> None:
        """Store what was computed, where that pays; tables that somebody still holds can be read on."""
        ...
