"""Which events the log has: digests of their keys, beside it, so that nobody reads the log to find one that comes again.

For each file of the log there is one that holds DuckDB's hash of every key, in ascending order, and says by which version:
another's are others. So that to look for some keys takes a few steps in each file, however long the log has become.

It decides nothing: where a new event's hash stands in it, or where it is missing or damaged, the event is looked up in that
file of the log. These files may be deleted at any time; the next one who writes to the log makes them anew.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from counterclick.events.bulk import quoted
from counterclick.store.log import file_name

__all__ = ["Ids"]

Digests = NDArray[np.uint64]
"""Ascending, shape (n,)."""

_DIGEST = "hash(kind, event_id)"
_MADE_BY = f"-sorted-{duckdb.__version__}"
"""At the end of a file's name, behind that of the log's file."""
_MARK = int.from_bytes(b"ccsorted", "little")
_UNSIGNED = np.dtype("<u8")
_NONE = np.empty(0, _UNSIGNED)
_KIND = re.compile(r"kind=([^/]+)/")
"""Each file of the log holds one kind, which its path names."""
_HEAD = 2
"""Numbers before the digests: the mark, and how many follow."""
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
        wanted = _wanted(connection, keys)
        absent = {
            name
            for path in files
            if (name := file_name(path)) in there
            and (kind := _KIND.search(path))
            and not _may_hold(self._folder / (name + _MADE_BY), wanted.get(kind[1], _NONE))
        }
        return names - absent

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
        asked = f"SELECT {_DIGEST} AS digest FROM {rows} WHERE event_id IS NOT NULL"
        digests = np.array(connection.execute(asked).fetchnumpy()["digest"], dtype=_UNSIGNED)
        digests.sort()
        with being_written.open("wb") as file:
            np.array([_MARK, len(digests)], dtype=_UNSIGNED).tofile(file)
            digests.tofile(file)
            file.flush()
            os.fsync(file.fileno())  # after a power cut it is whole or not there
        being_written.replace(target)

    @property
    def _there(self) -> set[str]:
        return {path.name for path in self._folder.iterdir()} if self._folder.is_dir() else set()


def _wanted(connection: duckdb.DuckDBPyConnection, keys: str) -> Mapping[str, Digests]:
    """Return the digests of some keys by kind."""
    digests = f"SELECT kind, {_DIGEST} AS digest FROM ({keys}) WHERE kind IS NOT NULL AND event_id IS NOT NULL"
    rows = connection.execute(f"SELECT kind, list_sort(list(digest)) AS digests FROM ({digests}) GROUP BY kind")
    found = rows.to_arrow_table()
    return {
        str(kind): np.asarray(np.from_dlpack(own.values), dtype=_UNSIGNED)
        for kind, own in zip(found["kind"].to_pylist(), found["digests"], strict=True)
    }


def _may_hold(path: Path, wanted: Digests) -> bool:
    """Say whether one of some digests stands in a file, or the file is none."""
    if not len(wanted):
        return False
    try:
        head = np.fromfile(path, _UNSIGNED, _HEAD)
        if len(head) != _HEAD or head[0] != _MARK or path.stat().st_size != (_HEAD + int(head[1])) * _UNSIGNED.itemsize:
            return True
        if not head[1]:
            return False
        digests = np.memmap(path, _UNSIGNED, "r", _HEAD * _UNSIGNED.itemsize)
    except (OSError, ValueError):  # deleted meanwhile
        return True
    few, many = sorted((wanted, digests), key=len)
    places = np.minimum(np.searchsorted(many, few), len(many) - 1)
    return bool((many[places] == few).any())
