"""The store: one folder with the inbox and the log, written by whom it may concern and read by anyone.

```
store/
  inbox.sqlite     bodies that are acknowledged and not yet in the log
  log/             the Delta table
  key              secret for hashing personal identifiers (kept out of the log on purpose)
  ids/             digests of the log's events, to find a repeated one (`counterclick.store.ids`); free to be deleted
  models/          what was learnt from it (`counterclick.store.models`); to be learnt again
  facts/           what the log added up to when it was last asked (`counterclick.store.kept`); free to be deleted
  engine/          what another engine is given, and the facts it keeps up (`counterclick.store.shelved`); free to be deleted
  answered.sqlite  answers to decisions by their ids, for a day (`counterclick.store.answered`); free to be deleted
  promised/        exposures that were answered and are on their way to the inbox (`counterclick.store.promised`)
  writing.lock     held while the log is appended to, or erased from
  erasing.json     what is being erased (`counterclick.store.erasing`); gone when that is done
```
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from counterclick.errors import StoreError
from counterclick.events.bulk import quoted
from counterclick.events.schema import ERASURE
from counterclick.store.answered import ANSWERED, Answered
from counterclick.store.erased import unmarked_sql
from counterclick.store.ids import Ids
from counterclick.store.inbox import Inbox
from counterclick.store.log import Log, Snapshot, file_name
from counterclick.store.promised import PROMISED, Promised, take_over
from counterclick.store.sources import COLUMNS, NOTHING, connect, load_bodies, log_sql

__all__ = ["Appended", "Store"]

T = TypeVar("T")
_DRAIN_MOST = 20_000
"""Bodies that one commit takes at most, and their letters: what it needs of memory follows from these."""
_DRAIN_LETTERS = 24_000_000
_LOCK_SECONDS = 600.0
_SHORT_SECONDS = 10.0
_ATTEMPTS = 3
_MARKS = "_erased"
_WAITING = "inbox_events"


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did.

    Attributes:
        n_written: rows written, rejections among them.
        n_repeated: events that were there already, by kind and event id, or were once and are erased.
        known: the file or inbox position had been appended before: nothing was done.
    """

    n_written: int = 0
    n_repeated: int = 0
    known: bool = False


class Store:
    """Inbox and log of one shop.

    Args:
        folder: where they lie; made when it is not there.
        log: another place for the log, such as an object store's URL.
    """

    def __init__(self, folder: Path, log: str | None = None) -> None:
        self.folder = folder
        self.inbox = Inbox(folder / "inbox.sqlite")
        self.log = Log(log or str(folder / "log"))
        self.ids = Ids(folder / "ids")
        self.promised = Promised(folder / PROMISED)
        self.answered = Answered(folder / ANSWERED)
        with contextlib.suppress(StoreError):  # no room for them now: they stay where they are, for the next one
            take_over(folder / PROMISED, self.inbox.put)

    @property
    def key(self) -> str:
        """The secret with which identifiers that are e-mail addresses are hashed."""
        path = self.folder / "key"
        if not path.exists():
            with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix="key-", encoding="utf-8") as file:
                file.write(secrets.token_hex(16))  # a temporary file is its owner's alone
                file.flush()
                with contextlib.suppress(FileExistsError):  # two processes at once: the first one's key holds
                    os.link(file.name, path)
        return path.read_text(encoding="utf-8")

    def append_rows(
        self,
        connection: duckdb.DuckDBPyConnection,
        rows: str,
        *,
        name: str,
        version: int = 1,
        keys: str | None = None,
        report: Mapping[str, Any] | None = None,
    ) -> Appended:
        """Append a relation in the log's schema as one commit, without what is there already.

        Args:
            connection: where the relation lives.
            rows: SQL of the relation.
            name: the application transaction's name.
            version: its version; one that is not above the last is not written again.
            keys: SQL of the rows' kind and event_id, where that is cheaper to read than the rows: if no key is missing,
                repeated, or in the log already, the rows are streamed into the log as they are.
            report: figures to keep in the commit.

        Raises:
            StoreError: the log could not be written; nothing was.
        """
        with self.writing():
            return self._append(connection, rows, name, version, keys, report)

    def _append(
        self,
        connection: duckdb.DuckDBPyConnection,
        rows: str,
        name: str,
        version: int,
        keys: str | None = None,
        report: Mapping[str, Any] | None = None,
    ) -> Appended:
        """Append while the lock is held: the rows of a table that is named, or of SQL."""
        snapshot = self.log.snapshot()
        done = snapshot.transaction(name)
        if done is not None and done >= version:
            return Appended(known=True)
        if "://" not in self.log.location:
            self.ids.write(connection, snapshot.files)
        marks = self._marks(connection, snapshot)
        as_they_are = keys is not None and marks is None and self._all_new(connection, keys, snapshot)
        n_sent = None
        if not as_they_are:
            table = rows
            if not rows.isidentifier():
                table = "_arriving"
                connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {rows}")
            n_sent = _count(connection, table)
            first = self._first_sql(connection, table, snapshot, marks)
            rows = f"SELECT * FROM {table} WHERE rowid IN ({first}) ORDER BY occurred_at, event_id"
        reader = connection.sql(f"SELECT {COLUMNS} FROM ({rows})").to_arrow_reader(100_000)
        n_written = self.log.append(reader, name=name, version=version, report=report)
        connection.execute("DROP TABLE IF EXISTS _arriving")
        return Appended(n_written=n_written, n_repeated=0 if n_sent is None else n_sent - n_written)

    def _all_new(self, connection: duckdb.DuckDBPyConnection, keys: str, snapshot: Snapshot) -> bool:
        """Say whether keys are filled, do not repeat, and do not stand in the log."""
        found = connection.execute(
            f"SELECT count(*), count(event_id), count(DISTINCT (kind, event_id)) FROM ({keys})"
        ).fetchone()
        if not found or found[0] != found[1] or found[0] != found[2]:
            return False
        return _count(connection, f"({self._logged_sql(connection, snapshot, keys)})") == 0

    def _logged_sql(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, keys: str) -> str:
        """SQL for those of some keys (kind, event_id) that stand in a snapshot of the log; few of its files are read."""
        may = self.ids.holding(connection, snapshot.files, keys)
        others = {file_name(path) for path in snapshot.files} - may
        logged = log_sql(connection, self.log.location, snapshot, others)
        return f"SELECT kind, event_id FROM ({logged}) SEMI JOIN ({keys}) USING (kind, event_id)"

    def drain(self) -> int:
        """Move what waits now from the inbox to the log, not what arrives meanwhile; return how many bodies."""
        moved, n_waiting = 0, self.inbox.count()
        while moved < n_waiting:
            with self.writing():  # what was read before an erasure must not be written after it
                n = self.move_some()
            moved += n
            if not n:
                break
        return moved

    def move_waiting(self) -> None:
        """Move what waits now from the inbox to the log, while the lock is held; not what arrives meanwhile."""
        n_left = self.inbox.count()
        while n_left > 0 and (n := self.move_some()):
            n_left -= n

    def move_some(self) -> int:
        """Move bodies from the inbox to the log, as many as one commit takes, while the lock is held; return how many."""
        with self.inbox.reading() as transaction:
            position = self.log.snapshot().transaction(self._drain_name) or 0
            bodies = self.inbox.above(position, transaction, _DRAIN_MOST, _DRAIN_LETTERS)
            oldest = self.inbox.above(0, transaction, 1)
        if oldest and oldest[0].position <= position:  # a drain died in between, perhaps before the disk had its commit
            os.sync()
            self.inbox.forget(position)
        if not bodies:
            return 0
        with contextlib.closing(connect()) as connection:
            connection.execute("SET threads = 1")  # whoever answers meanwhile has the other cores
            load_bodies(connection, bodies, _WAITING)
            self._append(connection, _WAITING, self._drain_name, bodies[-1].position)
        self.inbox.forget(bodies[-1].position)
        self.log.tidy()
        return len(bodies)

    def compact(self) -> None:
        """Move what waits from the inbox to the log, and make the log of few files.

        Raises:
            StoreError: another process writes for too long, or the log could not be written.
        """
        with self.writing():
            self.move_waiting()
            self.log.compact()

    def ask(self, question: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Return the answer of a DuckDB with the view ``events``; asked again where events were erased meanwhile.

        Args:
            question: asks it; it may be asked several times.
        """
        for _ in range(_ATTEMPTS - 1):
            snapshot = self.log.snapshot()
            with self.reading() as connection:
                try:
                    return question(connection)
                except (duckdb.Error, OSError):
                    if not self.is_overtaken(snapshot):
                        raise
        with self.reading() as connection:
            return question(connection)

    def is_overtaken(self, snapshot: Snapshot) -> bool:
        """Say whether the log no longer has a file of a snapshot: events were erased, or files put together."""
        return not {*snapshot.files} <= {*self.log.snapshot().files}

    def logged(self, columns: str, kind: str) -> list[tuple[Any, ...]]:
        """Return columns of all events of one kind that are in the log; what waits in the inbox is not looked at.

        Args:
            columns: SQL.
            kind: of the events.
        """
        snapshot = self.log.snapshot()
        others = {file_name(path) for path in snapshot.files if f"/kind={kind}/" not in path}
        with contextlib.closing(connect()) as connection:
            return connection.execute(
                f"SELECT {columns} FROM ({log_sql(connection, self.log.location, snapshot, others)})"
            ).fetchall()

    @contextlib.contextmanager
    def unless_overtaken(self, snapshot: Snapshot) -> Iterator[bool]:
        """Hold the writers' lock and say whether the log still has every file of a snapshot."""
        with self.writing(_SHORT_SECONDS):
            yield not self.is_overtaken(snapshot)

    @contextlib.contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a DuckDB with a view ``events``: the log and what is still in the inbox, as of now."""
        with contextlib.closing(connect()) as connection:
            self.attach(connection)
            yield connection

    def attach(self, connection: duckdb.DuckDBPyConnection) -> Snapshot:
        """Make the table ``inbox_events`` and the view ``events``, log and inbox, in a DuckDB; return the log's snapshot."""
        with self.inbox.reading() as transaction:  # the inbox first, then the log: nothing falls between
            snapshot = self.log.snapshot()
            bodies = self.inbox.above(snapshot.transaction(self._drain_name) or 0, transaction)
        logged = log_sql(connection, self.log.location, snapshot)
        if not bodies:
            connection.execute(f"CREATE OR REPLACE TABLE {_WAITING} AS SELECT {NOTHING} WHERE false")
            connection.execute(f"CREATE OR REPLACE VIEW events AS {logged}")
            return snapshot
        load_bodies(connection, bodies, _WAITING)
        first = self._first_sql(connection, _WAITING, snapshot, self._marks(connection, snapshot))
        connection.execute(f"DELETE FROM {_WAITING} WHERE rowid NOT IN ({first})")  # seldom any: no row is copied for it
        connection.execute(f"CREATE OR REPLACE VIEW events AS {logged} UNION ALL SELECT {COLUMNS} FROM {_WAITING}")
        return snapshot

    def since_sql(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, known: Collection[str]) -> str:
        """Return SQL for the events in those of a snapshot's files whose names are not among the known ones."""
        return log_sql(connection, self.log.location, snapshot, known)

    def kinds_sql(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, kinds: Collection[str]) -> str:
        """Return SQL for the events of some kinds, as the view ``events`` has them: no file of other kinds is asked."""
        folders = tuple(f"/kind={kind}/" for kind in kinds)
        others = {file_name(path) for path in snapshot.files if not any(folder in path for folder in folders)}
        listed = ", ".join(map(quoted, kinds))
        return (
            f"FROM ({log_sql(connection, self.log.location, snapshot, others)}) WHERE kind IN ({listed}) "
            f"UNION ALL SELECT {COLUMNS} FROM main.inbox_events WHERE kind IN ({listed})"
        )

    def seen(self) -> tuple[int, int]:
        """Return the log's version and the inbox's last position: while they are the same, nothing has come."""
        return self.log.snapshot().version, self.inbox.last()

    def close(self) -> None:
        """Stop the inbox's writer after it has written what waits, and let go of the answers."""
        self.inbox.close()
        self.answered.close()

    @contextlib.contextmanager
    def writing(self, patience: float = _LOCK_SECONDS) -> Iterator[None]:
        """Hold the lock of the log's writers; a process that dies loses it.

        Args:
            patience: seconds to wait for it.

        Raises:
            StoreError: another process holds it for longer.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(self.folder / "writing.lock", timeout=patience, isolation_level=None)
        with contextlib.closing(lock):
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise StoreError(f"the lock in {self.folder} cannot be taken: {error}.") from error
                raise StoreError(f"another process has been writing to {self.folder} for too long.") from error
            yield

    def _marks(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> str | None:
        """Make the table of the marks of all that was erased and return its name; None where nothing was."""
        if not any(f"/kind={ERASURE}/" in path for path in snapshot.files):
            return None
        found = f"SELECT details FROM ({log_sql(connection, self.log.location, snapshot)}) WHERE kind = '{ERASURE}'"
        marks = f"SELECT DISTINCT unnest(from_json(details -> '$.marks', '[\"VARCHAR\"]')) AS mark FROM ({found})"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {_MARKS} AS {marks}")
        return _MARKS

    def _first_sql(self, connection: duckdb.DuckDBPyConnection, table: str, snapshot: Snapshot, marks: str | None) -> str:
        """SQL for the row ids in a table of the first row of each key that the log does not have and that was not erased."""
        unmarked = f"WHERE {unmarked_sql(self.key, marks)}" if marks else ""
        logged = self._logged_sql(connection, snapshot, f"SELECT kind, event_id FROM {table}")
        return f"""
            SELECT min(rowid) AS _row FROM {table} ANTI JOIN ({logged}) USING (kind, event_id) {unmarked}
            GROUP BY kind, event_id"""

    @property
    def _drain_name(self) -> str:
        return f"inbox:{self.inbox.inbox_id}"


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found[0]) if found else 0
