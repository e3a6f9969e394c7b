"""The inbox: accepted bodies on disk before they are acknowledged.

SQLite in WAL mode with full synchronous commits. One writer thread collects what waits and commits it at once
(group commit). Any process may write; positions are never used twice, so that the log can say how far it has come.
"""

from __future__ import annotations

import contextlib
import math
import queue
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import msgspec

from counterclick.errors import StoreError
from counterclick.shapes import from_json

__all__ = ["Body", "Inbox"]

_BUSY_SECONDS = 30.0
_GROUP = 1_000
"""Bodies after which a group is committed although more wait."""
_WIDTH = 3
"""Columns of a body that are written."""
_DELETED = 50
"""Bodies that are deleted at once."""
_PAUSE_SECONDS = 0.003
"""Between two deletions."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS bodies (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    source TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS identity (inbox_id TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Body:
    """One accepted body: JSON lines of events and rejections in the log's columns.

    Attributes:
        received_at: ISO 8601, UTC.
        source: who sent it.
        text: one JSON object a line.
        position: its place in the inbox; 0 until it has one.
    """

    received_at: str
    source: str
    text: str
    position: int = 0


class Inbox:
    """A durable queue of bodies in one SQLite file.

    Args:
        path: the file; made, with its folder, when it is not there.

    Attributes:
        committed: called by the writer after the bodies of a commit were told to be on disk, or not to be.
        n_own: bodies that were handed to this object, by none of the others that write to the file.

    Raises:
        StoreError: the file cannot be opened as an inbox.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.committed: Callable[[], None] = lambda: None
        self.n_own = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the folder of the inbox {path} cannot be made: {error}.") from error
        with self._connection() as connection:
            connection.executescript(_SCHEMA)
            connection.execute(
                "INSERT INTO identity SELECT ? WHERE NOT EXISTS (SELECT 1 FROM identity)",
                [uuid.uuid4().hex],
            )
            connection.commit()
            self.inbox_id: str = connection.execute("SELECT inbox_id FROM identity").fetchone()[0]
        self._waiting: queue.SimpleQueue[tuple[Sequence[Body], Future[int]] | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._starting = threading.Lock()

    def put(self, bodies: Sequence[Body]) -> int:
        """Keep bodies; return the last position after they are on disk.

        Raises:
            StoreError: they could not be written; none of them was.
        """
        return self.submit(bodies).result()

    def submit(self, bodies: Sequence[Body]) -> Future[int]:
        """Hand bodies to the writer; the future is done when they are on disk."""
        with self._starting:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="inbox-writer", daemon=True)
                self._writer.start()
            done: Future[int] = Future()
            self._waiting.put((bodies, done))
            self.n_own += len(bodies)
        return done

    def close(self) -> None:
        """Write what waits and stop the writer."""
        with self._starting:
            if self._writer is not None:
                self._waiting.put(None)
                self._writer.join()
                self._writer = None

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that sees the inbox as it is now, until it is left."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT max(position) FROM bodies").fetchone()  # takes the snapshot
            yield connection

    def above(self, position: int, connection: sqlite3.Connection, most: int = -1, letters: float = math.inf) -> list[Body]:
        """Return the bodies above a position, in order, at most so many (-1: all), until they have so many letters."""
        rows = connection.execute(
            "SELECT received_at, source, body, position FROM bodies WHERE position > ? ORDER BY position LIMIT ?",
            [position, most],
        )
        found: list[Body] = []
        n = 0
        for row in rows:
            found.append(Body(*row))
            n += len(found[-1].text)
            if n >= letters:
                break
        return found

    def count(self) -> int:
        """Return how many bodies wait for the log."""
        with self._connection() as connection:
            n: int = connection.execute("SELECT count(*) FROM bodies").fetchone()[0]
            return n

    def last(self) -> int:
        """Return the last position that was ever given to a body, 0 before the first."""
        with self._connection() as connection:
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'bodies'").fetchone()
            return int(row[0]) if row else 0

    def forget(self, position: int) -> None:
        """Delete bodies up to a position: the log has them.

        A few at a time, with a pause for those who write; nothing waits for the disk: what comes back after a power cut is
        known to be in the log.
        """
        with self._connection() as connection:
            connection.execute("PRAGMA synchronous = NORMAL")
            first = connection.execute("SELECT min(position) FROM bodies").fetchone()[0]
            while first is not None and first <= position:
                connection.execute("DELETE FROM bodies WHERE position <= ?", [min(first + _DELETED, position)])
                first += _DELETED + 1
                time.sleep(_PAUSE_SECONDS)

    def erase(self, keys: Mapping[str, Collection[str]]) -> int:
        """Take events out of the bodies that wait; return how many lines.

        Args:
            keys: kind -> event ids.
        """
        n = 0
        with self._connection() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            for position, text in connection.execute("SELECT position, body FROM bodies").fetchall():
                lines = text.split("\n")
                left = [line for line in lines if not _is_one_of(line, keys)]
                if len(left) < len(lines):
                    n += len(lines) - len(left)
                    connection.execute("UPDATE bodies SET body = ? WHERE position = ?", ["\n".join(left), position])
            connection.execute("DELETE FROM bodies WHERE body = ''")
            connection.execute("COMMIT")
        return n

    def scour(self) -> None:
        """Write the file anew, so that nothing of what was deleted is left in it or in its write-ahead log.

        Raises:
            StoreError: readers or writers have not let go of it for too long.
        """
        with self._connection() as connection:
            deadline = time.monotonic() + _BUSY_SECONDS
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("VACUUM")
            while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > deadline:
                    raise StoreError(f"{self.path} is in use; what was deleted may still lie in its write-ahead log.")
                time.sleep(0.01)

    @contextlib.contextmanager
    def still(self) -> Iterator[sqlite3.Connection]:
        """Let nobody write until this is left."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(
                sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            ) as connection:
                _write_ahead(connection)
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
        except sqlite3.Error as error:
            raise StoreError(f"the inbox {self.path} cannot be used: {error}.") from error

    def _write(self) -> None:
        try:
            self._write_groups()
        except StoreError as error:  # nobody who waits is left waiting
            with self._starting:
                self._writer = None
                while not self._waiting.empty():
                    waiting = self._waiting.get()
                    if waiting is not None:
                        waiting[1].set_exception(StoreError(str(error)))

    def _write_groups(self) -> None:
        with self._connection() as connection:
            while (first := self._waiting.get()) is not None:
                group = [first]
                n_bodies, stop = len(first[0]), False
                while n_bodies < _GROUP and not self._waiting.empty():
                    following = self._waiting.get()
                    if following is None:
                        stop = True
                        break
                    group.append(following)
                    n_bodies += len(following[0])
                self._commit(connection, group)
                self.committed()
                if stop:
                    return

    @staticmethod
    def _commit(connection: sqlite3.Connection, group: list[tuple[Sequence[Body], Future[int]]]) -> None:
        group = [(bodies, done) for bodies, done in group if done.set_running_or_notify_cancel()]
        values = [value for bodies, _ in group for body in bodies for value in (body.received_at, body.source, body.text)]
        position = 0
        try:
            if values:
                position = _insert(connection, values) - len(values) // _WIDTH
        except (sqlite3.Error, ValueError, TypeError) as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for _, done in group:
                done.set_exception(StoreError(f"the inbox could not be written: {error}."))
            return
        for bodies, done in group:
            position += len(bodies)
            done.set_result(position if bodies else 0)


def _insert(connection: sqlite3.Connection, values: list[str]) -> int:
    """Write rows as one transaction; return the last position.

    A statement for many rows: each statement lets go of the interpreter and waits for it again.
    """
    most = _GROUP * _WIDTH
    parts = [values[first : first + most] for first in range(0, len(values), most)]
    if len(parts) > 1:
        connection.execute("BEGIN IMMEDIATE")
    last = 0
    for part in parts:
        rows = ", ".join(["(?, ?, ?)"] * (len(part) // _WIDTH))
        last = connection.execute(f"INSERT INTO bodies (received_at, source, body) VALUES {rows}", part).lastrowid or 0
    if len(parts) > 1:
        connection.execute("COMMIT")
    return last


def _is_one_of(line: str, keys: Mapping[str, Collection[str]]) -> bool:
    """Say whether a line is an event of these keys."""
    if not line:
        return False
    found = from_json(line, _Key)
    return found.event_id in keys.get(found.kind, ())


class _Key(msgspec.Struct):
    kind: str = ""
    event_id: str = ""


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; while another process does so for the first time, SQLite does not wait by itself."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
