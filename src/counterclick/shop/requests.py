"""What Shopify asks of the shop's owner about people, kept until it is done: to show what is kept, and to erase it."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import msgspec

from counterclick.connectors.shopify import Compliance
from counterclick.display import Grid, Shown, count
from counterclick.errors import StoreError
from counterclick.events.redaction import hashed
from counterclick.shop.exporting import export
from counterclick.shop.forgetting import forget
from counterclick.shop.person import Person
from counterclick.shop.rights_files import EXPORTS, REQUESTS, Besides, scoured
from counterclick.store import Store
from counterclick.store.erasing import Plan, erase

__all__ = ["Request", "RequestList", "Requests"]

DAYS = 30
"""Within which Shopify wants a request done."""
_WAIT_DAYS = 20
"""After which a shop's own erasure is done without its owner's word: it takes everything that Shopify told."""
_SOURCE = "shopify"
_BUSY_SECONDS = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (asked_at TEXT NOT NULL, body TEXT NOT NULL, done_at TEXT, did TEXT, UNIQUE (body))
"""
_ADDED = ("done_at", "did")
"""Columns that an older file lacks."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        number: by which it is called.
        asked: as of `counterclick.connectors.shopify.compliance.Compliance`.
        asked_at: UTC.
        due_at: until when it must be done, UTC.
        done_at: UTC; None while it is not.
        did: what was done about it, without whom it was about; None while nothing was.
        is_overdue: whether its time was over before it was done.
    """

    number: int
    asked: str
    asked_at: datetime
    due_at: datetime
    done_at: datetime | None
    did: str | None
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class RequestList(Shown):
    """Requests, the oldest first."""

    requests: tuple[Request, ...]

    def grids(self) -> list[Grid]:
        """Return them as one table."""
        rows = [
            (
                f"{one.number}",
                one.asked,
                f"{one.asked_at:%Y-%m-%d}",
                f"{one.due_at:%Y-%m-%d}",
                one.did or ("overdue" if one.is_overdue else "waits: `counterclick requests act`, or `serve`"),
            )
            for one in self.requests
        ]
        notes = () if rows else ("Shopify has asked nothing.",)
        return [Grid("What Shopify asks about people", ("no.", "asked", "on", "due", "done"), rows, notes, left=5)]


class Requests:
    """The requests of a shop.

    Args:
        store: in whose folder they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._path = store.folder / REQUESTS

    def remember(self, request: Compliance) -> None:
        """Keep what is asked, once however often it is asked; of e-mail addresses the keyed hash, as in the log."""
        told = {name: value for name, value in asdict(request).items() if name != "contacts"}
        told["customer_ids"] = [*request.customer_ids, *self._hashed(request.contacts)]
        body = msgspec.json.encode(told).decode()
        with self._connection() as connection:
            values = (datetime.now(UTC).isoformat(), body)
            connection.execute("INSERT OR IGNORE INTO requests (asked_at, body) VALUES (?, ?)", values)

    def all(self) -> RequestList:
        """Return every request that is kept."""
        return RequestList(tuple(request for request, _ in self._rows()))

    def waiting(self, now: datetime | None = None) -> tuple[Request, ...]:
        """Return the requests that are not done, as of a moment (now unless given)."""
        return tuple(request for request, _ in self._rows(now) if request.done_at is None)

    def is_work(self, now: datetime | None = None) -> bool:
        """Say whether `act` would do something without being told to erase a whole shop."""
        return any(self._is_ripe(request, now or datetime.now(UTC)) for request in self.waiting(now))

    def act(self, *, whole_shop: bool = False, now: datetime | None = None) -> RequestList:
        """Do what is asked and not done yet; return what was done.

        A customer is shown in a file of the folder ``exports``, or forgotten. Everything that Shopify told is forgotten
        for a shop that took the app off where the caller says so, or after 20 days.

        Args:
            whole_shop: whether a shop is forgotten at once.
            now: UTC; the present moment unless given.

        Raises:
            StoreError: something could not be done; what was done before it stays done.
        """
        moment = now or datetime.now(UTC)
        done = []
        for request, told in self._rows(now):
            if request.done_at is None and (whole_shop or self._is_ripe(request, moment)):
                did = self._do(request, told)
                with self._connection() as connection:
                    connection.execute("PRAGMA secure_delete = ON")
                    bare = msgspec.json.encode({"asked": request.asked, "number": request.number}).decode()
                    values = (bare, moment.isoformat(), did, request.number)
                    connection.execute("UPDATE requests SET body = ?, done_at = ?, did = ? WHERE rowid = ?", values)
                scoured(self._path)
                done.append(request.number)
        return RequestList(tuple(request for request, _ in self._rows(now) if request.number in done))

    def _do(self, request: Request, told: dict[str, Any]) -> str:
        customers, orders = tuple(told.get("customer_ids") or ()), tuple(told.get("order_ids") or ())
        if request.asked == "forget_shop":
            return self._forget_shop()
        if request.asked == "uninstalled":
            return "the app was taken off; nothing is to be erased for it"
        if not customers and not orders:
            return "it names nobody any more"
        person = Person(customers=customers, orders=orders)
        if request.asked == "forget_customer":
            return f"erased {count(sum(forget(self._store, person).events.values()))} events"
        folder = self._store.folder / EXPORTS
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"request-{request.number}.jsonl"
        return f"wrote {count(sum(export(self._store, person, path).events.values()))} events to {path}"

    def _forget_shop(self) -> str:
        def planned(connection: duckdb.DuckDBPyConnection) -> Plan:
            counted = f"SELECT kind, count(*) FROM events WHERE source LIKE '{_SOURCE}%' GROUP BY kind ORDER BY kind"
            events = dict(connection.execute(counted).fetchall())
            return Plan(erasure_id=uuid.uuid4().hex, why="shopify", events=events, source=_SOURCE)

        found = erase(self._store, planned, Besides(self._store))
        return f"erased {count(sum(found.events.values()) if found else 0)} events that Shopify told"

    @staticmethod
    def _is_ripe(request: Request, now: datetime) -> bool:
        return request.asked != "forget_shop" or now - request.asked_at >= timedelta(days=_WAIT_DAYS)

    def _hashed(self, contacts: tuple[str, ...]) -> list[str]:
        kept = [hashed(contact, self._store.key) for contact in contacts]
        return [each for each, contact in zip(kept, contacts, strict=True) if each != contact]

    def _rows(self, now: datetime | None = None) -> list[tuple[Request, dict[str, Any]]]:
        moment = now or datetime.now(UTC)
        if not self._path.exists():
            return []
        with self._connection() as connection:
            rows = connection.execute("SELECT rowid, asked_at, body, done_at, did FROM requests ORDER BY rowid").fetchall()
        found = []
        for number, asked_at, body, done_at, did in rows:
            told = msgspec.json.decode(body)
            asked = datetime.fromisoformat(asked_at)
            due = asked + timedelta(days=DAYS)
            done = datetime.fromisoformat(done_at) if done_at else None
            found.append((Request(number, told["asked"], asked, due, done, did, (done or moment) > due), told))
        return found

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as connection, connection:
                connection.execute(_SCHEMA)
                there = {row[1] for row in connection.execute("PRAGMA table_info(requests)")}
                for column in _ADDED:
                    if column not in there:
                        connection.execute(f"ALTER TABLE requests ADD COLUMN {column} TEXT")
                yield connection
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} cannot be read or written: {error}.") from error
