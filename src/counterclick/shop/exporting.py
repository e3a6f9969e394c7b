"""Exporting a person: everything that is kept of it, as JSON lines in the vocabulary's words."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from counterclick.display import Grid, Shown, count
from counterclick.errors import InputError
from counterclick.events.schema import FIELDS_OF, REJECTION
from counterclick.shop.person import MINE, Found, Person, find
from counterclick.store import Store

__all__ = ["Exported", "export", "lines_of_person"]

_KEPT_OF_REFUSED = ("occurred_at", "event_id", "reason", "details")
_BESIDES = ("received_at", "source")
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Exported(Shown):
    """What was written about a person.

    Attributes:
        path: the file.
        events: kind -> how many.
        others: customers who share a visitor with the person, as the log knows them.
    """

    path: str
    events: Mapping[str, int]
    others: tuple[str, ...] = ()

    def grids(self) -> list[Grid]:
        """Return the counts by kind."""
        rows = [(kind, count(n)) for kind, n in self.events.items()]
        notes = [] if rows else ["Nothing is kept of this person."]
        if self.others:
            notes.append(
                f"A visitor is also known as another customer: {', '.join(self.others)}. Of its events without a customer, "
                "those are in the file that happened while it was known as this one."
            )
        return [Grid(f"Written to {self.path}", ("kind", "events"), rows, notes)]


def export(store: Store, person: Person, path: Path) -> Exported:
    """Write everything that is kept of a person: a first line that says what the file is, then an event a line.

    Args:
        store: of the shop.
        person: as it is asked.
        path: of the file, its owner's alone; one that is there is replaced.

    Raises:
        InputError: nobody is named, or the file cannot be written.
        StoreError: the store cannot be read.
    """
    known = person.known_as(store.key)
    if not path.parent.is_dir() or path.is_dir():
        raise InputError(f"{path} cannot be written: name a file in a folder that exists.")
    new = path.with_name(f"{path.name}-{secrets.token_hex(4)}")

    def write(connection: duckdb.DuckDBPyConnection) -> Found:
        found = find(connection, known)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            for told in lines_of_person(connection, found):
                file.write(json.dumps(told, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return found

    try:
        found = store.ask(write)
        new.replace(path)
    except PermissionError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        new.unlink(missing_ok=True)
    return Exported(str(path), found.events, found.others)


def lines_of_person(connection: duckdb.DuckDBPyConnection, found: Found) -> Iterator[dict[str, Any]]:
    """Yield what is kept of a person, oldest first, after a line that says what it is.

    Args:
        connection: in which it was found.
        found: `find`.
    """
    yield {
        "about": "Everything that this shop's Counterclick keeps of one person, an event a line. E-mail addresses are kept "
        "as keyed hashes (e_...), network addresses and phone numbers not at all.",
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "events": dict(found.events),
    }
    rows = connection.sql(f"SELECT * FROM events SEMI JOIN {MINE} USING (kind, event_id) ORDER BY occurred_at, event_id")
    for part in rows.to_arrow_reader(_AT_ONCE):
        for told in part.to_pylist():
            wanted = _KEPT_OF_REFUSED if told["kind"] == REJECTION else FIELDS_OF[told["kind"]]
            yield {"kind": told["kind"]} | {
                name: _plain(told[name]) for name in (*wanted, *_BESIDES) if told[name] not in (None, [])
            }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; amounts stay exact, as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value
