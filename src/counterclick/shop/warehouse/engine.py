"""A warehouse as the engine: its own tables are the base facts, temporary ones of the session what many questions need."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from datetime import datetime

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from counterclick.config import Config
from counterclick.errors import ConfigError
from counterclick.facts.contract import Fact
from counterclick.facts.mapped import mapped_events, mapped_parts
from counterclick.facts.parts import Parts
from counterclick.shop.hearing import hear_through
from counterclick.shop.until import until_events
from counterclick.shop.warehouse.connecting import connected
from counterclick.shop.warehouse.mapping import MappedFact, mapped

__all__ = ["WarehouseEngine"]


class WarehouseEngine:
    """A session with a warehouse, over the tables that ``[facts.NAME]`` names.

    Args:
        config: of the shop.
        environment: variables of this process, one of which holds the password.
        until: see `counterclick.shop.until.until_events`; everything unless given.

    Raises:
        ConfigError: a table or column is not there.
        EngineError: the warehouse cannot be had.
    """

    def __init__(self, config: Config, environment: Mapping[str, str], until: datetime | None = None) -> None:
        named = config.engine.password_env
        self._backend = connected(str(config.engine.url), environment.get(named), named)
        close = getattr(getattr(self._backend, "con", None), "close", None)
        if close is not None:  # tables that somebody holds hold it, and can be read on until nobody does
            weakref.finalize(self._backend, close)
        hear_through(self._backend)
        self.name: str = self._backend.name
        self.facts: dict[str, MappedFact] = mapped(self._backend, config.facts)
        tables = {name: one.table for name, one in self.facts.items()}
        if all(_is_part(one.fact) for one in self.facts.values()):
            raise ConfigError("[facts] maps nothing that happened; map [facts.orders] at least.")
        events = mapped_events(tables)
        self.events: Table = events if until is None else until_events(events, until)
        self.parts: Parts = mapped_parts(tables)
        self._known: dict[str, Table] = {}

    def keep(
        self, table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        """Compute a table once, into a temporary one; where the engine has none, it stays a query."""
        del by, merges, per
        if not self._backend.supports_temporary_tables:
            return table
        sql = str(self._backend.compile(table))
        if sql not in self._known:
            self._known[sql] = self._made(table, f"kept_{name[:40]}_{len(self._known)}")
        return self._known[sql]

    def load(self, rows: pa.Table, name: str) -> Table:
        """Return rows as a table."""
        return self._made(ibis.memtable(rows), name) if self._backend.supports_temporary_tables else ibis.memtable(rows)

    def work_ahead(self) -> None:
        """Nothing is stored from which one could begin."""

    def close(self) -> None:
        """Nothing is stored in a warehouse."""

    def _made(self, table: Table, name: str) -> Table:
        made = self._backend.create_table(name, table, temp=True)
        if self.name == "postgres":  # it plans by statistics, which nobody gathers of temporary tables
            self._backend.raw_sql(f'ANALYZE "{name}"').close()
        return made


def _is_part(fact: Fact) -> bool:
    return bool(fact.owner)
