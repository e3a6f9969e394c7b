"""What is kept of persons beside the inbox and the log: exports made for them, and what Shopify asked about them."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from counterclick.errors import StoreError
from counterclick.store import Store
from counterclick.store.erasing import Plan
from counterclick.store.searching import tokens_of

__all__ = ["EXPORTS", "REQUESTS", "Besides", "scoured"]

EXPORTS = "exports"
"""Folder of exports that were made because Shopify asked for them."""
REQUESTS = "shopify.sqlite"
_BUSY_SECONDS = 30.0


class Besides:
    """Erases what a plan names from the files beside inbox and log; called again, it does the same again.

    Args:
        store: in whose folder they lie.
    """

    def __init__(self, store: Store) -> None:
        self._folder = store.folder

    def __call__(self, plan: Plan) -> None:
        """Delete the exports that name somebody of the plan, and take the ids out of the requests that do.

        Where everything that a source told is erased, what was remembered of it goes whole.
        """
        if plan.source is not None:
            self._forget_all()
        words = {word for column in ("customer_id", "visitor_id", "order_id") for word in plan.words.get(column, ())}
        if words:
            self._forget_exports(words)
            self._forget_requests(words)

    def _forget_exports(self, words: set[str]) -> None:
        for path in (self._folder / EXPORTS).glob("*"):
            with path.open(encoding="utf-8", errors="replace") as file:
                names = any(not words.isdisjoint(tokens_of(line)) for line in file)
            if names:
                path.unlink(missing_ok=True)

    def _forget_all(self) -> None:
        for path in (self._folder / EXPORTS).glob("*"):
            path.unlink(missing_ok=True)
        path = self._folder / REQUESTS
        try:
            with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection, connection:
                connection.execute("PRAGMA secure_delete = ON")
                there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
                for table in sorted(there - {"requests"}):
                    connection.execute(f'DELETE FROM "{table}"')
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be read or written: {error}.") from error
        scoured(path)

    def _forget_requests(self, words: set[str]) -> None:
        path = self._folder / REQUESTS
        if not path.exists():
            return
        try:
            with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection, connection:
                connection.execute("PRAGMA secure_delete = ON")
                there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'requests'").fetchone()
                rows = connection.execute("SELECT rowid, body FROM requests").fetchall() if there else []
                named = [rowid for rowid, body in rows if not words.isdisjoint(tokens_of(body))]
                for rowid in named:
                    nobodys = "json_set(json_remove(body, '$.customer_ids', '$.order_ids'), '$.number', rowid)"
                    connection.execute(f"UPDATE requests SET body = {nobodys} WHERE rowid = ?", [rowid])
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be read or written: {error}.") from error
        scoured(path)


def scoured(path: Path) -> None:
    """Write a SQLite file anew, so that nothing of what was deleted is left in it.

    Raises:
        StoreError: it is in use for too long.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("VACUUM")
    except sqlite3.Error as error:
        raise StoreError(f"{path} could not be written anew: {error}.") from error
