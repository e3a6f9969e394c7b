"""Facts kept up: computed once, stored beside the log, and after new events worked out anew for whom these touch alone.

A kept table is one SQL text over ``events`` and other kept tables. Over the whole log it makes the whole table. Over the
events of whom new events touch (`counterclick.shop.touched`), under the same names in a schema of their own, it makes their
rows. A reading shows what was stored of everyone else, and these.

A table that only adds up events, such as those of each day, is kept otherwise: the same text over the new events alone makes
what is added to what was stored. One that adds up a kept table by groups, such as visitors by their day of entry, is kept by
group: the same text over the rows of those groups in which somebody is touched makes their rows.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import duckdb
import ibis.expr.operations as ops
from ibis.backends.duckdb import Backend
from ibis.expr.schema import Schema
from ibis.expr.types import Table

from counterclick.events.bulk import quoted
from counterclick.shop.ahead import Ahead
from counterclick.shop.texts import Texts
from counterclick.shop.touched import KEYS, PART, UNTOLD, links_sql, touch
from counterclick.store import Store
from counterclick.store.kept import GROWN, LOGGED, SHELF, UNUSED, Kept, Manifest, Shelf, digest_name, needed
from counterclick.store.log import Snapshot, file_name
from counterclick.store.unread import Unread, unread

__all__ = ["Upkeep"]

_NEWS, _WAITING = "news", "waiting"
"""Schemas that hold the events of the log since the file was written, and those in the inbox, under the same names."""
_OPENED = "opened"
"""Schema in which a table means the rows of those of its groups that may have changed."""
_TOLD = ", ".join(map(quoted, UNTOLD))


@dataclass(frozen=True, slots=True)
class _Known:
    """A table that this reading has.

    Attributes:
        kept: its definition.
        content: digest of its rows, where these do not follow from the definition and the events of those it speaks of.
    """

    kept: Kept
    content: str = ""


class Upkeep:
    """The kept tables of one reading.

    Args:
        connection: with ``events`` and ``inbox_events``.
        backend: Ibis on it.
        texts: that it compiles.
        store: whose log is read.
        snapshot: of the log, as it is read.
        after: seconds; where computing took longer, what was computed is stored.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        backend: Backend,
        texts: Texts,
        store: Store,
        snapshot: Snapshot,
        after: float,
    ) -> None:
        self._connection = connection
        self._backend = backend
        self._texts = texts
        self._store = store
        self._snapshot = snapshot
        self._after = after
        self._shelf = Shelf(store.folder / "facts")
        self._known: dict[str, _Known] = {}
        self._latest: dict[str, str] = {}
        self._seconds = 0.0
        self._files = tuple(sorted(file_name(path) for path in snapshot.files))
        self._stored: dict[str, Kept] = {}
        self._has_part = False
        self._ahead: Ahead | None = None
        self._n_stored = 0
        self._is_moved = False
        self._has_inbox = False
        self._is_begun = False

    def _begin(self) -> None:
        """Attach what is stored, once: who only asks for events does not wait for it."""
        if self._is_begun:
            return
        self._is_begun = True
        self._has_inbox = self._count("main.inbox_events") > 0
        self._spread(LOGGED, self._store.since_sql(self._connection, self._snapshot, ()))
        self._spread(_WAITING, "FROM main.inbox_events")
        manifest = self._shelf.attach(self._connection)
        if manifest is not None and manifest.log_id == self._snapshot.log_id:
            since = unread(self._store.log, self._snapshot, manifest.files, manifest.version)
            if since is not None:
                self._use(manifest, since)

    def _use(self, manifest: Manifest, since: Unread) -> None:
        """Take what is stored, and find out whom the events since touch."""
        self._texts.take(manifest.texts)
        new_sql = self._store.since_sql(self._connection, since.snapshot, since.read)
        of_kinds = partial(self._store.kinds_sql, self._connection, self._snapshot)
        touched = touch(self._connection, new_sql, manifest, of_kinds)
        if touched is None:
            self._connection.execute(f"DROP SCHEMA IF EXISTS {PART} CASCADE")
        else:
            self._has_part = touched
            self._spread(_NEWS, new_sql)
            self._stored = {table.name: table for table in manifest.tables}
            self._n_stored = manifest.n_events
            self._is_moved = since.is_moved

    def _spread(self, schema: str, events: str) -> None:
        """Make a schema in which ``events`` means some of them."""
        self._connection.execute(f"CREATE SCHEMA {schema}")
        self._connection.execute(f"CREATE VIEW {schema}.events AS {events}")

    def work_ahead(self) -> None:
        """Begin to work out what touched visitors make of every stored table, beside whoever asks for it next."""
        self._begin()
        if self._has_part and self._ahead is None:
            tables = [table for table in self._stored.values() if table.by and table.name not in self._known]
            others = {name for table in tables for name in table.inputs} - {*self._stored}
            self._ahead = Ahead(self._connection, tables, {*self._known, *others}, partial(_make, PART))

    def keep(
        self, table: Table, label: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        """Return a table computed once.

        Args:
            table: over ``events`` and tables that were kept before.
            label: what it is called; without ``by`` and ``merges``, a later one of that label takes its place.
            by: columns of `KEYS` that say whose a row is, where it can be kept up: see `counterclick.facts.tables.Keep`.
            merges: how its columns are added up, where it can be kept up so: see there.
            per: by which column it is grouped, where it can be kept up so: see there.
        """
        self._begin()
        inputs = sorted({found.name for found in table.op().find(ops.DatabaseTable)} - {"events"})
        sql = f"SELECT {self._columns(table)} FROM ({self._backend.compile(table)})"
        name = self._name(label, sql, inputs)
        if name not in self._known:
            today = datetime.now(UTC).date()
            source = self._known.get(inputs[0]) if len(inputs) == 1 else None
            group = per if source is not None and source.kept.by else ""  # else nobody could say which groups to open
            self._add(Kept(label, name, sql, tuple(by), tuple(inputs), today, {**(merges or {})}, group))
        return self._table(name, table.schema())

    def _table(self, name: str, schema: Schema) -> Table:
        """Return a kept table, whose types are known: nobody is asked for them."""
        return ops.DatabaseTable(name, schema=schema, source=self._backend, namespace=ops.Namespace()).to_expr()

    def _columns(self, table: Table) -> str:
        """SQL that gives columns the types that Ibis says they have: DuckDB's own decimals are wider."""
        typed = self._backend.compiler.type_mapper
        return ", ".join(f'"{name}"::{typed.to_string(kind)} AS "{name}"' for name, kind in table.schema().items())

    def _name(self, label: str, sql: str, inputs: Collection[str]) -> str:
        """Return a name that says what the rows depend on besides the events."""
        return digest_name(label, duckdb.__version__, sql, *map(self._content, inputs))

    def _content(self, name: str) -> str:
        """Return a digest of the rows of a table that is not kept by whose they are; of others the name says all."""
        known = self._known.get(name)
        if known is not None and (known.kept.by or known.content):
            return known.content
        row = self._connection.execute(f'SELECT count(*), sum(hash(t)::HUGEINT) FROM main."{name}" AS t').fetchone()
        if known is not None:
            self._known[name] = _Known(known.kept, str(row))
        return str(row)

    def _add(self, kept: Kept) -> None:
        """Make a table or view of its name: of what is stored and what is touched or new, or of everything."""
        if kept.merges:
            self._add_up(kept)
        elif kept.per and kept.name in self._stored:
            self._add_groups(kept)
        else:
            self._add_rows(kept)
        self._known[kept.name] = _Known(kept)
        if self._ahead is not None:
            self._ahead.made(kept.name)

    def _add_rows(self, kept: Kept) -> None:
        if kept.by and self._has_part and (self._ahead is None or self._ahead.claim(kept.name)):
            _make(PART, self._connection, kept)
        if kept.by and kept.name in self._stored:
            self._connection.execute(f'CREATE VIEW main."{kept.name}" AS {self._merged(kept)}')
        else:
            begin = time.perf_counter()
            self._connection.execute(f'CREATE TABLE main."{kept.name}" AS {kept.sql}')
            self._seconds += (time.perf_counter() - begin) * kept.is_stored
        if not kept.is_stored:
            self._forget(self._latest.get(kept.label))
            self._latest[kept.label] = kept.name

    def _add_groups(self, kept: Kept) -> None:
        """Make a table of the groups that are stored, and of those anew in which somebody is touched."""
        if not self._has_part:
            self._connection.execute(f'CREATE VIEW main."{kept.name}" AS FROM {SHELF}."{kept.name}"')
            return
        source, opened = self._known[kept.inputs[0]].kept, f'{_OPENED}."groups of {kept.name}"'
        gone = " UNION ".join(
            f'SELECT s."{kept.per}" FROM {SHELF}."{source.name}" AS s '
            f"SEMI JOIN {PART}.{KEYS[column]} AS t ON s.{column} = t.id"
            for column in source.by
        )
        self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_OPENED}")
        self._connection.execute(f'CREATE TABLE {opened} AS {gone} UNION SELECT "{kept.per}" FROM {PART}."{source.name}"')
        self._connection.execute(
            f'CREATE OR REPLACE VIEW {_OPENED}."{source.name}" AS '
            f'SELECT * FROM main."{source.name}" WHERE "{kept.per}" IN (FROM {opened})'
        )
        _make(_OPENED, self._connection, kept)
        self._connection.execute(
            f'CREATE VIEW main."{kept.name}" AS SELECT s.* FROM {SHELF}."{kept.name}" AS s ANTI JOIN {opened} AS o '
            f'ON s."{kept.per}" = o."{kept.per}" UNION ALL FROM {_OPENED}."{kept.name}"'
        )

    def _add_up(self, kept: Kept) -> None:
        """Make a table of what the log adds up to in `LOGGED`, and with what waits in the inbox in its place."""
        logged = f'{LOGGED}."{kept.name}"'
        if kept.name in self._stored:
            _make(_NEWS, self._connection, kept)
            self._merge(kept, logged, f'{SHELF}."{kept.name}"', f'{_NEWS}."{kept.name}"')
        else:
            begin = time.perf_counter()
            _make(LOGGED, self._connection, kept)
            self._seconds += time.perf_counter() - begin
        if self._has_inbox:
            _make(_WAITING, self._connection, kept)
            self._merge(kept, f'main."{kept.name}"', logged, f'{_WAITING}."{kept.name}"')
        else:
            self._connection.execute(f'CREATE VIEW main."{kept.name}" AS FROM {logged}')

    def _merge(self, kept: Kept, into: str, *parts: str) -> None:
        """Make a table of two of the same columns: a row for each key in either."""
        columns = self._connection.execute(f"DESCRIBE {parts[0]}").fetchall()
        summed = ", ".join(
            f'{kept.merges[name]}("{name}")::{kind} AS "{name}"' if name in kept.merges else f'"{name}"'
            for name, kind, *_ in columns
        )
        both = " UNION ALL ".join(f"FROM {part}" for part in parts)
        self._connection.execute(f"CREATE TABLE {into} AS SELECT {summed} FROM ({both}) GROUP BY ALL")

    def _merged(self, kept: Kept) -> str:
        stored = f'FROM {SHELF}."{kept.name}" AS s'
        if not self._has_part:
            return stored
        others = " ".join(
            f"ANTI JOIN {PART}.{KEYS[column]} AS t{n} ON s.{column} = t{n}.id" for n, column in enumerate(kept.by)
        )
        return f'SELECT s.* {stored} {others} UNION ALL FROM {PART}."{kept.name}"'

    def _forget(self, name: str | None) -> None:
        if name is not None:
            del self._known[name]
            self._connection.execute(f'DROP TABLE main."{name}"')

    def close(self) -> None:
        """Write a new file, where that saves the next reading more than a moment."""
        if self._ahead is not None:
            self._ahead.close()
        if self._snapshot.table is None or not self._is_begun:
            return
        is_new = self._seconds > self._after or self._is_moved  # the next compaction may delete what is read besides
        may_have_grown = bool(self._stored) and self._has_part
        if not is_new and not may_have_grown:
            return
        n_events = self._n_logged()
        if not is_new and n_events <= (1 + GROWN) * self._n_stored:
            return
        waiting = f"SELECT DISTINCT visitor_id, customer_id, order_id FROM main.inbox_events WHERE kind NOT IN ({_TOLD})"
        nobody = f"({waiting}) WHERE visitor_id IS NULL AND customer_id IS NULL AND order_id IS NULL"
        if self._count(nobody):
            return  # nobody could say later that what such an event says is in the file
        for kept in self._stored.values():
            self._carry(kept)
        tables = tuple(known.kept for known in self._known.values())
        manifest = Manifest(
            self._snapshot.log_id, self._files, n_events, needed(tables), self._texts.all(), self._snapshot.version
        )
        besides = {"waiting": waiting, "links": links_sql("main.events")}
        self._shelf.write(self._connection, manifest, besides, partial(self._store.unless_overtaken, self._snapshot))

    def _n_logged(self) -> int:
        if self._stored:
            return self._n_stored + self._count(f"{_NEWS}.events")
        return self._count("main.events") - self._count("main.inbox_events")

    def _carry(self, kept: Kept) -> None:
        """Keep up what is stored and was not asked for in this reading, if it still holds and was used of late."""
        labels = {known.kept.label for known in self._known.values()}
        if kept.label in labels or not {*kept.inputs} <= {*self._known}:
            return  # it is there, or a newer one of its label is: after another version of the code none is kept twice
        is_used = datetime.now(UTC).date() - kept.used_on < UNUSED
        if is_used and (not kept.is_stored or self._name(kept.label, kept.sql, kept.inputs) == kept.name):
            self._add(kept)

    def _count(self, rows: str) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM {rows}").fetchone()
        return int(row[0]) if row else 0


def _make(schema: str, connection: duckdb.DuckDBPyConnection, kept: Kept) -> None:
    """Compute the rows of some events: by the same words, in the schema in which these mean them."""
    connection.execute(f"SET search_path = '{schema},main'")
    try:
        connection.execute(f'CREATE TABLE {schema}."{kept.name}" AS {kept.sql}')
    finally:
        connection.execute("SET search_path = 'main'")
