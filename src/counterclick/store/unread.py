"""Which events of the log somebody has not read yet, who remembers the names of the files that were read.

Compaction puts files together, so that one file may hold events that were read and others. Then the others are read from the
files in which they came: these lie there until the compaction after the next hour deletes them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from counterclick.store.log import Log, Snapshot, file_name

__all__ = ["Unread", "unread"]


@dataclass(frozen=True, slots=True)
class Unread:
    """Where events lie that were not read yet.

    Attributes:
        snapshot: of the log, and besides its files those from which the unread events of others are read.
        read: names of the files of it that hold nothing unread.
        is_moved: whether events that were read lie in other files now.
    """

    snapshot: Snapshot
    read: frozenset[str]
    is_moved: bool


def unread(log: Log, snapshot: Snapshot, read: Collection[str], version: int) -> Unread | None:
    """Return where the events lie that are in a snapshot and not in the files that were read.

    Args:
        log: of which the snapshot is.
        snapshot: of the log.
        read: names of the files of an earlier snapshot.
        version: of that snapshot.

    Returns:
        None where nobody can say: events were erased since, or files with unread ones are deleted.
    """
    names, there = {*read}, {file_name(path) for path in snapshot.files}
    if names <= there:
        return Unread(snapshot, frozenset(names), is_moved=False)
    besides: dict[str, str] = {}
    for gone, new in log.put_together(version, snapshot.version) or ():
        if not names.isdisjoint(gone):
            besides |= {name: path for name, path in gone.items() if name not in names}
            names = names.difference(gone) | new
    if not names <= there or not all(Path(path).exists() for path in besides.values()):  # no path behind a URL does
        return None
    files = (*snapshot.files, *besides.values())
    return Unread(replace(snapshot, files=files), frozenset(names), is_moved=True)
