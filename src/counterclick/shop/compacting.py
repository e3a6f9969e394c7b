"""Compacting: what waits is moved into the log, and the log's many small files become few."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from counterclick.display import Grid, Shown
from counterclick.store import Store

__all__ = ["Compacted", "compact"]

_MEBIBYTE = 1024**2


@dataclass(frozen=True, slots=True)
class Compacted(Shown):
    """What compacting did.

    Attributes:
        n_moved: bodies that waited in the inbox and were moved.
        n_files_before: files of the log's newest version, before.
        n_files: after.
        n_bytes_before: of these files.
        n_bytes: after.
    """

    n_moved: int
    n_files_before: int
    n_files: int
    n_bytes_before: int
    n_bytes: int

    def grids(self) -> list[Grid]:
        """Return them as one table."""
        rows = [
            ("files", f"{self.n_files_before:,}", f"{self.n_files:,}"),
            ("MiB", f"{self.n_bytes_before / _MEBIBYTE:,.1f}", f"{self.n_bytes / _MEBIBYTE:,.1f}"),
        ]
        notes = (
            f"{self.n_moved:,} bodies had waited, and were moved into the log first.",
            "Older files are deleted an hour after they were replaced, by the next compaction: whoever reads them reads on.",
            "Kept facts stay. A served shop is made compact by itself where it has more than 240 files.",
        )
        return [Grid("The log's newest version", ("", "before", "after"), rows, notes)]


def compact(store: Store) -> Compacted:
    """Move what waits into the log, and make the log of few files.

    Raises:
        StoreError: another process writes for too long, or the log could not be written.
    """
    n_moved, before = store.inbox.count(), _size(store)
    store.compact()
    after = _size(store)
    return Compacted(n_moved, before[0], after[0], before[1], after[1])


def _size(store: Store) -> tuple[int, int]:
    """Return how many files the newest version of the log has, and their bytes."""
    table = store.log.snapshot().table
    if table is None:
        return 0, 0
    sizes = pa.table(table.get_add_actions(flatten=True))["size_bytes"].to_pylist()
    return len(sizes), int(sum(sizes))
