"""Facts kept up on Spark: as the embedded engine does (`counterclick.shop.upkeep`), in Parquet files that all workers see.

A kept table is one SQL text. Over all events it makes the whole table. In a session of its own, in which every name means
what belongs to those whom new events touch, it makes their rows; a reading shows what is stored of everyone else, and these.
Who is touched is found by the embedded database, from new events and from who stood in one event with whom.

Tables that do not say whose their rows are hold for as long as nothing comes at all, and are else computed in full.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from counterclick.events.bulk import quoted
from counterclick.events.schema import SCHEMA
from counterclick.shop.engines.books import Books
from counterclick.shop.touched import KEYS, MOST, PART, UNTOLD, links_sql, nameless_sql, touch_whom
from counterclick.store.kept import GROWN, SHELF, UNUSED, Kept, Manifest, digest_name, needed
from counterclick.store.log import Snapshot, file_name
from counterclick.store.shelved import Rack, Stored, is_sound
from counterclick.store.sources import COLUMNS
from counterclick.store.unread import unread

__all__ = ["SparkUpkeep", "show"]

_LINKS, _WAITING = "links", "waiting"
"""Stored besides: who stands in one event with whom, and whom those events name that waited in the inbox."""
_IDS = ("visitor_id", "customer_id", "order_id")
_TOLD = ", ".join(map(quoted, UNTOLD))


class SparkUpkeep:
    """The kept tables of one reading.

    Args:
        session: with Spark, in which ``events`` are all events.
        another: makes one more.
        scratch: folder of this reading, which all workers see.
        snapshot: of the log, as it is read.
        books: None for a reading that takes nothing from others, and leaves nothing to them.
    """

    def __init__(
        self, session: Any, another: Callable[[], Any], scratch: Path, snapshot: Snapshot, books: Books | None
    ) -> None:
        self._session = session
        self._version = str(session.version)
        self._another = another
        self._scratch = scratch
        self._snapshot = snapshot
        self._books = books
        self._files = tuple(sorted(file_name(path) for path in snapshot.files))
        self._known: dict[str, Kept] = {}
        self._places: dict[str, Path] = {}
        self._contents: dict[str, str] = {}
        self._stored: Stored | None = None
        self._taken: dict[str, Kept] = {}
        self._part: Any = None
        self._in_part: set[str] = set()
        self._is_same = False
        self._is_moved = False
        self._is_begun = False
        self._seconds = 0.0

    def load(self, name: str, place: Path, digest: str) -> None:
        """Take a table of this process, which is no fact: its name in Spark, where it lies, and a digest of its rows."""
        self._places[name] = place
        self._contents[name] = digest

    def keep(self, label: str, sql: str, by: Sequence[str], inputs: Sequence[str]) -> str:
        """Make a table of its name, or take what is stored of it, and return the name.

        Args:
            label: what it is called.
            sql: over ``events`` and tables that were kept before.
            by: columns that say whose a row is; see `counterclick.facts.tables.Keep`.
            inputs: tables that the SQL names besides ``events``.
        """
        self._begin()
        name = self._name(label, sql, inputs)
        if name not in self._known:
            self._add(Kept(label, name, sql, tuple(by), tuple(inputs), datetime.now(UTC).date()))
        return name

    def _begin(self) -> None:
        """Look what is stored, once, and find out whom the events since touch."""
        if self._is_begun:
            return
        self._is_begun = True
        if self._books is None or self._snapshot.table is None:
            return
        stored = self._rack.take(self._scratch / "stored")
        if stored is None or stored.manifest.log_id != self._snapshot.log_id:
            return
        if not all(is_sound(self._scratch / "stored" / name, stored.files.get(name, {})) for name in (_LINKS, _WAITING)):
            return
        since = unread(self._books.store.log, self._snapshot, stored.manifest.files, stored.manifest.version)
        if since is None:
            return
        new_sql = self._books.store.since_sql(self._books.connection, since.snapshot, since.read)
        if self._is_told_apart(self._books, stored.manifest, new_sql):
            is_all_read = {file_name(path) for path in since.snapshot.files} == since.read
            self._is_same = stored.is_whole and is_all_read and not self._books.count("main.inbox_events")
            self._is_moved = since.is_moved
            self._stored = stored
            self._taken = {table.name: table for table in stored.manifest.tables if table.name in stored.files}
            self._contents = {**stored.contents, **self._contents} if self._is_same else self._contents

    @property
    def _rack(self) -> Rack:
        store = self._books.store if self._books else None
        return Rack(store.folder if store else self._scratch, self._scratch.parent, self._snapshot.log_id)

    def _is_told_apart(self, books: Books, manifest: Manifest, new_sql: str) -> bool:
        """Put what belongs to those whom new events touch into a session of its own; say whether they are few enough."""
        books.connection.execute(f"CREATE SCHEMA {SHELF}")
        for name in (_LINKS, _WAITING):
            files = ", ".join(quoted(str(path)) for path in sorted((self._scratch / "stored" / name).glob("*.parquet")))
            books.connection.execute(f"CREATE VIEW {SHELF}.{name} AS SELECT * FROM read_parquet([{files}])")
        try:
            is_touched = touch_whom(books.connection, new_sql, manifest)
            if is_touched:
                self._write("nameless", books.rows(f"SELECT {COLUMNS} FROM ({nameless_sql(new_sql)})").cast(SCHEMA))
                for column in _IDS:
                    self._write(f"touched_{KEYS[column]}", books.rows(f"FROM {PART}.{KEYS[column]}"))
        finally:
            books.connection.execute(f"DROP SCHEMA IF EXISTS {PART} CASCADE")
            books.connection.execute(f"DROP SCHEMA {SHELF} CASCADE")
        if not is_touched:
            return is_touched is not None
        if self._divide() <= MOST * manifest.n_events:
            return True
        self._part = None
        return False

    def _divide(self) -> int:
        """Write the events of those who are touched, and begin the session in which these are all; return how many."""
        view = partial(show, self._session)
        events = self._session.table("events")
        view("nameless", self._scratch / "nameless.parquet", events.schema)
        for column in _IDS:
            view(f"touched_{KEYS[column]}", self._scratch / f"touched_{KEYS[column]}.parquet")
        theirs = [
            f"SELECT e.* FROM events AS e LEFT SEMI JOIN touched_{KEYS[column]} AS t ON e.{column} = t.id "
            f"WHERE e.kind NOT IN ({_TOLD})" + "".join(f" AND e.{earlier} IS NULL" for earlier in _IDS[:place])
            for place, column in enumerate(_IDS)
        ]
        place = self._scratch / "part" / "events"
        self._session.sql(" UNION ALL ".join([*theirs, "SELECT * FROM nameless"])).write.parquet(f"file://{place}")
        view("touched_events", place, events.schema)
        persons = " UNION ALL ".join(
            f"SELECT concat('{table[0]}:', id) AS id FROM touched_{table}" for table in ("visitors", "customers")
        )
        self._session.sql(persons).createOrReplaceTempView("touched_persons")
        refunds = "SELECT event_id AS id FROM touched_events WHERE kind = 'refund'"
        self._session.sql(refunds).createOrReplaceTempView("touched_refunds")
        self._part = self._another()
        show(self._part, "events", place, events.schema)
        return sum(pq.read_metadata(path).num_rows for path in place.glob("*.parquet"))

    def _write(self, name: str, rows: pa.Table) -> None:
        pq.write_table(rows, self._scratch / f"{name}.parquet")

    def _name(self, label: str, sql: str, inputs: Sequence[str]) -> str:
        return digest_name(label, self._version, sql, *map(self._content, inputs))

    def _content(self, name: str) -> str:
        """Return a digest of the rows of a table that is not kept by whose they are; of others the name says all."""
        known = self._known.get(name)
        if known is not None and known.by:
            return ""
        if name not in self._contents:
            rows = self._session.sql(f"SELECT count(*), sum(CAST(xxhash64(*) AS DECIMAL(38, 0))) FROM `{name}`")
            self._contents[name] = str(rows.toArrow().to_pylist())
        return self._contents[name]

    def _add(self, kept: Kept) -> None:
        """Make a table of its name: of what is stored and what is touched, or of everything."""
        rows = self._session.sql(kept.sql)
        if kept.by and self._part is not None:
            self._make_part(kept, rows.schema)
        if self._is_there(kept):
            self._take(kept, rows.schema)
        else:
            begin = time.perf_counter()
            self._places[kept.name] = self._scratch / kept.name
            rows.write.parquet(f"file://{self._places[kept.name]}")
            show(self._session, kept.name, self._places[kept.name], rows.schema)
            self._seconds += time.perf_counter() - begin
        self._known[kept.name] = kept

    def _is_there(self, kept: Kept) -> bool:
        if self._stored is None or kept.name not in self._taken or not (kept.by or self._is_same):
            return False
        return is_sound(self._scratch / "stored" / kept.name, self._stored.files[kept.name])

    def _take(self, kept: Kept, schema: Any) -> None:
        """Make a table of what is stored of those who are not touched, and what was made of the others."""
        place = self._scratch / "stored" / kept.name
        if self._part is None:
            self._places[kept.name] = place
            show(self._session, kept.name, place, schema)
            return
        show(self._session, f"stored_{kept.name}", place, schema)
        show(self._session, f"part_{kept.name}", self._scratch / "part" / kept.name, schema)
        others = " ".join(
            f"LEFT ANTI JOIN touched_{KEYS[column]} AS t{n} ON s.{column} = t{n}.id" for n, column in enumerate(kept.by)
        )
        merged = f"SELECT s.* FROM `stored_{kept.name}` AS s {others} UNION ALL SELECT * FROM `part_{kept.name}`"
        self._session.sql(merged).createOrReplaceTempView(kept.name)

    def _make_part(self, kept: Kept, schema: Any) -> None:
        """Compute the rows of those who are touched: by the same words, where these mean them."""
        for name in kept.inputs:
            if name not in self._in_part:
                self._in_part.add(name)
                show(self._part, name, self._places[name], self._session.table(f"`{name}`").schema)
        place = self._scratch / "part" / kept.name
        self._part.sql(kept.sql).write.parquet(f"file://{place}")
        show(self._part, kept.name, place, schema)
        self._in_part.add(kept.name)

    def close(self) -> None:
        """Store anew what was computed, where that saves the next reading more than a moment."""
        books = self._books
        if books is None or self._snapshot.table is None or not self._is_begun:
            return
        is_new = self._seconds > books.after or self._is_moved  # the next compaction may delete what is read besides
        if not is_new and self._part is None:
            return
        n_waiting = books.count("main.inbox_events")
        n_events = books.count("main.events") - n_waiting
        if not is_new and self._stored is not None and n_events <= (1 + GROWN) * self._stored.manifest.n_events:
            return
        waiting = f"SELECT DISTINCT {', '.join(_IDS)} FROM main.inbox_events WHERE kind NOT IN ({_TOLD})"
        if books.count(f"({waiting}) WHERE visitor_id IS NULL AND customer_id IS NULL AND order_id IS NULL"):
            return  # nobody could say later that what such an event says is in the tables
        for kept in self._taken.values():
            self._carry(kept)
        tables = tuple(self._known.values()) if n_waiting == 0 else needed(tuple(self._known.values()))
        places = {kept.name: self._placed(kept.name) for kept in tables if kept.by or n_waiting == 0}
        besides = self._scratch / "besides"
        self._session.sql(links_sql("events")).write.parquet(f"file://{besides / _LINKS}")
        (besides / _WAITING).mkdir(parents=True)
        pq.write_table(books.rows(waiting), besides / _WAITING / "waiting.parquet")
        places |= {name: besides / name for name in (_LINKS, _WAITING)}
        manifest = Manifest(self._snapshot.log_id, self._files, n_events, tables, version=self._snapshot.version)
        contents = {name: told for name, told in self._contents.items() if name in places}
        stored = Stored("", manifest, {}, contents, n_waiting == 0)
        self._rack.write(stored, places, partial(books.store.unless_overtaken, self._snapshot))

    def _carry(self, kept: Kept) -> None:
        """Keep up what is stored and was not asked for in this reading, if it still holds and was used of late."""
        labels = {known.label for known in self._known.values()}
        if kept.label in labels or not {*kept.inputs} <= {*self._known, *self._places} or not self._is_there(kept):
            return
        is_used = datetime.now(UTC).date() - kept.used_on < UNUSED
        if is_used and self._name(kept.label, kept.sql, kept.inputs) == kept.name:
            self._add(kept)

    def _placed(self, name: str) -> Path:
        """Return the folder with the files of a table; where it is put together of two, they are written."""
        if name not in self._places:
            self._places[name] = self._scratch / "whole" / name
            self._session.table(f"`{name}`").write.parquet(f"file://{self._places[name]}")
        return self._places[name]


def show(session: Any, name: str, place: Path, schema: Any = None) -> None:
    """Let a name mean the rows of files, in Spark's own words where their types are known."""
    reader = session.read if schema is None else session.read.schema(schema)
    reader.parquet(f"file://{place}").createOrReplaceTempView(name)
