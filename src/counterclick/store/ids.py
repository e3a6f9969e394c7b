"""Which events the log has: digests of their keys, beside it, so that nobody reads the log to find one that comes again.

For each file of the log there is one that holds DuckDB's hash of every key, and says by which version: another's are others.
It decides nothing: where a new event's hash stands in it, or where it is missing or damaged, the event is looked up in that
file of the log. These files may be deleted at any time; the next one who writes to the log makes them anew.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import duckdb

from counterclick.events.bulk import quoted
from counterclick.store.log import file_name

__all__ = ["Ids"]

_DIGEST = "hash(kind, event_id)"
_MADE_BY = f"-{duckdb.__version__}"
"""At the end of a file's name, behind that of the log's file."""
_WRITING = ".writing"


class Ids:
    """The digests of one log in a folder.

    Args:
        folder: where they lie; made when the first are written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def holding(self, connection: duckdb.DuckDBPyConnection, files: Sequence[str], keys: str) -> set[str]:
        """Return the names of those of the log's files that may hold one of some events; no other file does.

        Args:
            connection: any.
            files: paths of the log's files.
            keys: SQL of the events' kind and event_id.
        """
        names = {file_name(path) for path in files}
        made = self._there
        there = {name for name in names if name + _MADE_BY in made}
        if not there:
            return names
        listed = ", ".join(quoted(str(self._folder / (name + _MADE_BY))) for name in sorted(there))
        digests = f"SELECT {_DIGEST} AS digest FROM ({keys}) WHERE event_id IS NOT NULL"
        found = f"FROM read_parquet([{listed}], filename = true) SEMI JOIN ({digests}) USING (digest)"
        try:
            rows = connection.execute(f"SELECT DISTINCT filename {found}").fetchall()
        except duckdb.Error:  # one is damaged, or was deleted meanwhile
            return names
        return names - there | {file_name(path).removesuffix(_MADE_BY) for (path,) in rows}

    def write(self, connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
        """Write the digests of files that have none, and delete those of files that are no longer the log's.

        What cannot be written is not there: its file is looked into.

        Args:
            connection: any.
            files: paths of the log's files; local ones.
        """
        wanted = {file_name(path) + _MADE_BY: path for path in files}
        with contextlib.suppress(duckdb.Error, OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            there = self._there
            for name in there - wanted.keys():
                (self._folder / name).unlink(missing_ok=True)
            for name in wanted.keys() - there:
                self._write(connection, wanted[name], self._folder / name)

    def clear(self) -> None:
        """Delete all."""
        for name in self._there:
            (self._folder / name).unlink(missing_ok=True)

    def _write(self, connection: duckdb.DuckDBPyConnection, path: str, target: Path) -> None:
        being_written = target.with_name(target.name + _WRITING)
        rows = f"read_parquet({quoted(path)}, hive_partitioning = true, hive_types = {{'kind': VARCHAR}})"
        connection.execute(
            f"COPY (SELECT {_DIGEST} AS digest FROM {rows} WHERE event_id IS NOT NULL) "
            f"TO {quoted(str(being_written))} (FORMAT parquet, COMPRESSION uncompressed)"
        )
        with being_written.open("rb") as file:
            os.fsync(file.fileno())  # after a power cut it is whole or not there
        being_written.replace(target)

    @property
    def _there(self) -> set[str]:
        return {path.name for path in self._folder.iterdir()} if self._folder.is_dir() else set()
