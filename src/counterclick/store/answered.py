"""Answers to decisions by their ids: asked again within a day, by whatever process, one id has one answer.

An SQLite file beside the inbox, free to be deleted. An answer is there once it was given, whatever becomes of the process;
where the machine itself ends, the answers of the last moments may be missing. All are erased with anybody who is forgotten.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from counterclick.errors import StoreError

__all__ = ["ANSWERED", "Answered"]

ANSWERED = "answered.sqlite"
"""File in the store's folder."""
_DAY = 86_400
_MOST = 200_000
"""Answers that are kept, the newest ones."""
_EVERY = 500
"""Answers after which those that are too old are deleted."""
_BUSY_SECONDS = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    decision BLOB NOT NULL UNIQUE,
    asked BLOB NOT NULL,
    answer BLOB NOT NULL,
    given_at REAL NOT NULL
);
"""


class Answered:
    """The answers that a store's decisions were given.

    Args:
        path: the file; made with the first answer.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._n_kept = 0

    def find(self, decision_id: str) -> tuple[bytes, bytes] | None:
        """Return what was asked under an id, as a digest, and the answer; None where none is kept.

        Raises:
            StoreError: the file cannot be read.
        """
        if not self._path.exists():
            return None
        with self._open() as connection:
            return self._found(connection, decision_id)

    def keep(self, decision_id: str, asked: bytes, answer: bytes) -> tuple[bytes, bytes]:
        """Keep an answer, and return the one that holds: the first that was given, with what was asked then.

        Args:
            decision_id: by which it is found.
            asked: digest of the question.
            answer: as it is given.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._open() as connection:
            held = self._found(connection, decision_id)
            if held is not None:
                return held
            key, now = _digest(decision_id), time.time()
            connection.execute("DELETE FROM answers WHERE decision = ? AND given_at < ?", [key, now - _DAY])
            connection.execute(
                "INSERT OR IGNORE INTO answers (decision, asked, answer, given_at) VALUES (?, ?, ?, ?)",
                [key, asked, answer, now],
            )
            self._n_kept += 1
            if self._n_kept % _EVERY == 1:
                newest = "SELECT max(number) FROM answers"
                old = f"DELETE FROM answers WHERE given_at < ? OR number <= ({newest}) - {_MOST}"
                connection.execute(old, [now - _DAY])
            return self._found(connection, decision_id) or (asked, answer)

    def clear(self) -> None:
        """Delete every answer, and write the file anew, so that nothing of them is left in it.

        Raises:
            StoreError: the file is in use for too long.
        """
        if not self._path.exists():
            return
        with self._open() as connection:
            connection.execute("DELETE FROM answers")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _found(self, connection: sqlite3.Connection, decision_id: str) -> tuple[bytes, bytes] | None:
        sql = "SELECT asked, answer FROM answers WHERE decision = ? AND given_at >= ?"
        found: tuple[bytes, bytes] | None = connection.execute(sql, [_digest(decision_id), time.time() - _DAY]).fetchone()
        return found

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = _connected(self._path)
                yield self._connection
            except sqlite3.Error as error:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None
                raise StoreError(f"{self._path} cannot be read or written: {error}; it may be deleted.") from error


def _connected(path: Path) -> sqlite3.Connection:
    """Open the file; one that is no database is made anew: it holds nothing that is needed."""
    try:
        return _prepared(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        for each in ("", "-wal", "-shm"):
            path.with_name(f"{path.name}{each}").unlink(missing_ok=True)
        return _prepared(path)


def _prepared(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = ON")
    connection.executescript(_SCHEMA)
    return connection


def _digest(decision_id: str) -> bytes:
    return hashlib.sha256(decision_id.encode("utf-8", "surrogatepass")).digest()
