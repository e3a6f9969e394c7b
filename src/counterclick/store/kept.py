"""Facts as they were last worked out: one DuckDB file beside the log, written once and replaced whole.

It saves time and holds nothing of its own: deleted, damaged, or written by another version, it is as if it were not there.
The checksum stands in its name. Readers attach it read-only, any number of them; one who has it open keeps the file that it
opened, though another has taken its place.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path

import duckdb
import msgspec

from counterclick.errors import StoreError
from counterclick.events.bulk import quoted
from counterclick.shapes import from_json

__all__ = ["GROWN", "LOGGED", "SHELF", "UNUSED", "Kept", "Manifest", "Shelf", "checksum", "digest_name", "needed"]

SHELF = "shelf"
"""Name of the attached database."""
LOGGED = "logged"
"""Schema in which tables that are merged stand without what waits in the inbox: so they are stored."""
_FORMAT = 2
_ABANDONED_SECONDS = 3600
GROWN = 0.05
"""More new events than this fraction, and what is stored is written anew."""
UNUSED = timedelta(days=30)
"""What nobody asked for in this time is stored no longer."""
_CHUNK = 1 << 20


class Kept(msgspec.Struct, frozen=True):
    """One table: what it is, and in which words it was worked out.

    Attributes:
        label: what it is called by whom keeps it.
        name: table in the file; it ends in a digest of all that its rows depend on besides the events.
        sql: over ``events`` and other kept tables.
        by: columns that say whose a row is; none for a table that is merged or grouped, or not stored, only computed for
            others.
        inputs: kept tables that the SQL names.
        used_on: when somebody last asked for it.
        merges: column -> sum, min or max: how its values in old and new events become one, of a table that adds up events
            alone by its other columns; empty of all others.
        per: column by which a table that adds up its only input is grouped, by others as well; empty of all others.
    """

    label: str
    name: str
    sql: str
    by: tuple[str, ...]
    inputs: tuple[str, ...]
    used_on: date
    merges: dict[str, str] = {}
    per: str = ""

    @property
    def is_stored(self) -> bool:
        """Whether its rows are written to the file."""
        return bool(self.by or self.merges or self.per)


class Manifest(msgspec.Struct, frozen=True):
    """What a file of kept facts says of itself.

    Attributes:
        log_id: of which log.
        files: names of the log's files whose events are in the tables.
        n_events: events in these files.
        tables: in an order in which each can be computed.
        texts: digest of a query -> its SQL: see `counterclick.shop.texts`.
        version: of the log that had these files.
    """

    log_id: str
    files: tuple[str, ...]
    n_events: int
    tables: tuple[Kept, ...]
    texts: dict[str, str] = {}
    version: int = -1


def needed(tables: Sequence[Kept]) -> tuple[Kept, ...]:
    """Return the tables that are stored, and those besides whose rows decide whether what is stored still holds."""
    found: list[Kept] = []
    inputs: set[str] = set()
    for table in reversed(tables):  # each stands after its inputs
        if table.is_stored or table.name in inputs:
            found.append(table)
            inputs.update(table.inputs)
    return tuple(reversed(found))


def digest_name(label: str, *parts: str) -> str:
    """Return a table's name, by which two tables have the same rows, as far as these do not depend on the events.

    Args:
        label: what it is called.
        parts: all that they depend on.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() + b"\0")
    return f"kept_{label}_{digest.hexdigest()[:16]}"


class Shelf:
    """The folder with the file.

    Args:
        folder: made when the first file is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def attach(self, connection: duckdb.DuckDBPyConnection) -> Manifest | None:
        """Attach the newest file as ``shelf`` and return its manifest; None where there is none that can be read."""
        for path in self._files():
            with contextlib.suppress(OSError, duckdb.Error, msgspec.MsgspecError, ValueError):
                if checksum(path) != path.stem.rpartition("-")[2]:
                    continue
                connection.execute(f"ATTACH {quoted(str(path))} AS {SHELF} (READ_ONLY)")
                with _detached_on_error(connection):
                    rows = connection.execute(f"SELECT body FROM {SHELF}.manifest WHERE format = {_FORMAT}").fetchall()
                    if len(rows) == 1:
                        return from_json(rows[0][0], Manifest)
                    connection.execute(f"DETACH {SHELF}")
        return None

    def write(
        self,
        connection: duckdb.DuckDBPyConnection,
        manifest: Manifest,
        besides: Mapping[str, str],
        standing: Callable[[], AbstractContextManager[bool]],
    ) -> bool:
        """Write a new file from the tables and views of a DuckDB and let it take the old one's place.

        Args:
            connection: with the tables that the manifest names.
            manifest: what they are.
            besides: name -> SQL of further tables, of which the manifest says nothing.
            standing: says, while it is held, whether the file may take its place: not where events in it were erased.

        Returns:
            Whether it stands now; where the disk is full or may not be written, all stays as it was.
        """
        path = self.folder / f"writing-{uuid.uuid4().hex}.duckdb"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            connection.execute(f"ATTACH {quoted(str(path))} AS next (STORAGE_VERSION 'latest')")
            for table in manifest.tables:
                if table.is_stored:
                    schema = LOGGED if table.merges else "main"
                    connection.execute(f'CREATE TABLE next."{table.name}" AS FROM {schema}."{table.name}"')
            for name, sql in besides.items():
                connection.execute(f"CREATE TABLE next.{name} AS {sql}")
            body = msgspec.json.encode(manifest).decode()
            connection.execute(f"CREATE TABLE next.manifest AS SELECT {_FORMAT} AS format, ? AS body", [body])
            connection.execute("DETACH next")
            new = self.folder / f"facts-{checksum(path)}.duckdb"
            with standing() as may_stand:
                if not may_stand:
                    return False
                path.replace(new)
        except (OSError, duckdb.Error, StoreError):
            return False
        finally:
            _remove(path, path.with_name(f"{path.name}.wal"))
        self._tidy(new)
        return True

    def clear(self) -> None:
        """Delete every file, also those that are being written: events in them are erased."""
        for path in self.folder.glob("*"):
            path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        """Return the files that stand, newest first."""
        try:
            found = [(entry.stat().st_mtime_ns, Path(entry.path)) for entry in os.scandir(self.folder) if _stands(entry)]
        except OSError:
            return []
        return [path for _, path in sorted(found, reverse=True)]

    def _tidy(self, new: Path) -> None:
        """Delete what a new file replaces, and what processes that died have left."""
        old = [path for path in self._files() if path != new]
        for path in self.folder.glob("writing-*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    old.append(path)
        _remove(*old)


def _stands(entry: os.DirEntry[str]) -> bool:
    return entry.name.startswith("facts-") and entry.name.endswith(".duckdb")


def _remove(*paths: Path) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _detached_on_error(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, msgspec.MsgspecError):
        connection.execute(f"DETACH {SHELF}")
        raise


def checksum(path: Path) -> str:
    """Return a checksum of a file's bytes."""
    found = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found = zlib.crc32(chunk, found)
    return f"{found:08x}"
