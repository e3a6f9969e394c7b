"""The log: one Delta Lake table, partitioned by kind, which any engine that reads Delta can read.

Every append is one commit and carries an application transaction, ``(name, version)``: of the inbox whose bodies it
holds, or of the file. A repeated one is not written again. A folder's files are on disk when an append returns: only then
may the inbox forget what was acknowledged.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.fs as arrow_fs
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.fs import DeltaStorageHandler

from counterclick.errors import StoreError
from counterclick.events.schema import SCHEMA

__all__ = ["Log", "Snapshot", "file_name"]

_VACUUM_HOURS = 1
_FILES_BEFORE_COMPACTION = 240
_REPORT = "counterclick"
_WHOLE = "whole"
"""In a report: it holds the sums of all reports before it."""
_ATTEMPTS = 4
_PAUSE_SECONDS = 0.05
_COMMITS = "_delta_log"
_SCOURED = "scoured"
_DIGITS = 20
"""Of a version, in the name of a commit's file."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of the log.

    Attributes:
        version: the Delta table's version; -1 before the first commit.
        files: paths of its Parquet files.
        table: the Delta table at that version; None before the first commit.
    """

    version: int
    files: tuple[str, ...]
    table: DeltaTable | None

    def transaction(self, name: str) -> int | None:
        """Return the last version that an application committed, or None."""
        return self.table.transaction_version(name) if self.table else None

    @property
    def log_id(self) -> str:
        """Which log it is, wherever it lies; empty before the first commit."""
        return str(self.table.metadata().id) if self.table else ""


class Log:
    """The Delta table of events.

    Args:
        location: a folder or a URL that delta-rs understands.
    """

    def __init__(self, location: str) -> None:
        self.location = location

    def snapshot(self) -> Snapshot:
        """Return the newest version.

        Raises:
            StoreError: there is a table that cannot be read.
        """
        for attempt in range(_ATTEMPTS):
            try:
                table = DeltaTable(self.location)
            except TableNotFoundError:
                return Snapshot(-1, (), None)
            except (DeltaError, OSError) as error:
                if attempt == _ATTEMPTS - 1:
                    raise StoreError(f"the log at {self.location} cannot be read: {error}.") from error
                time.sleep(_PAUSE_SECONDS)  # commits may be deleted while they are listed: see `scour`
            else:
                break
        return Snapshot(table.version(), tuple(_local(uri) for uri in table.file_uris()), table)

    def append(
        self,
        rows: pa.RecordBatchReader | pa.Table,
        *,
        name: str,
        version: int,
        report: Mapping[str, Any] | None = None,
    ) -> int:
        """Commit rows together with the application transaction that names them; return how many, when the disk has them.

        Args:
            rows: rows in the log's schema.
            name: the application: an inbox or a file.
            version: how far it has come; the caller has made sure that it is new.
            report: figures kept in the commit itself, for `reports`.

        Raises:
            StoreError: the commit failed; nothing was written.
        """
        properties = CommitProperties(
            app_transactions=[Transaction(name, version)],
            custom_metadata={_REPORT: json.dumps(dict(report))} if report else None,
        )
        try:
            write_deltalake(
                self.location,
                rows,
                partition_by=["kind"],
                mode="append",
                schema_mode="merge",
                commit_properties=properties,
            )
            table = DeltaTable(self.location)
            commit = table.history(1)[0]
            self._sync(table.version())
        except (DeltaError, OSError) as error:
            raise StoreError(f"the log at {self.location} could not be written: {error}.") from error
        return int(commit.get("operationMetrics", {}).get("num_added_rows", 0))

    def _sync(self, version: int) -> None:
        """Wait until the disk has a commit and its files, which the system else writes when it likes."""
        if "://" in self.location:
            return  # its host answers when it has them
        folder = Path(self.location)
        commit = folder / "_delta_log" / f"{version:020}.json"
        actions = [json.loads(line) for line in commit.read_text(encoding="utf-8").splitlines()]
        added = [folder / unquote(action["add"]["path"]) for action in actions if "add" in action]
        folders = {folder.parent, folder, commit.parent, *(path.parent for path in added)}
        for path in (*added, commit, *sorted(folders)):
            opened = os.open(path, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)

    def skipped(self) -> dict[str, int]:
        """Return how many rows of all files recorded so far were no events, by the name that their mapping gives them."""
        table = self.snapshot().table
        history = table.history() if table else []
        reports = [json.loads(commit[_REPORT]) for commit in reversed(history) if _REPORT in commit]
        skipped: dict[str, int] = {}
        for report in reports:
            if report.get(_WHOLE):
                skipped = {}
            for name, n in report["skipped"].items():
                skipped[name] = skipped.get(name, 0) + n
        return skipped

    def tidy(self) -> None:
        """Compact, where there are many small files."""
        if len(self.snapshot().files) > _FILES_BEFORE_COMPACTION:
            self.compact()

    def compact(self) -> None:
        """Compact small files into few, and delete what no version of the last hour needs.

        Raises:
            StoreError: the log could not be written.
        """
        snapshot = self.snapshot()
        if snapshot.table is None:
            return
        try:
            snapshot.table.optimize.compact()
            if snapshot.table.version() != snapshot.version:
                self._sync(snapshot.table.version())
            snapshot.table.vacuum(retention_hours=_VACUUM_HOURS, enforce_retention_duration=False, dry_run=False)
        except (DeltaError, OSError) as error:
            raise StoreError(f"the log at {self.location} could not be made compact: {error}.") from error

    def put_together(self, since: int, until: int) -> list[tuple[dict[str, str], set[str]]] | None:
        """Return which files were put together between two versions: of each time those gone, and those in their place.

        Args:
            since: a version; what came after it is looked at.
            until: the last version that is looked at.

        Returns:
            Oldest first: name -> path of those gone, and names of the new ones. None where events were taken out meanwhile,
            or where the commits that would say so are deleted.
        """
        found, filesystem = [], self._filesystem()
        for version in range(since + 1, until + 1):
            try:
                with filesystem.open_input_file(f"{_COMMITS}/{version:0{_DIGITS}}.json") as file:
                    actions = [json.loads(line) for line in file.read().decode().splitlines()]
            except (OSError, ValueError):
                return None
            gone = [action["remove"] for action in actions if "remove" in action]
            if any(one.get("dataChange", True) for one in gone):
                return None
            if gone:
                paths = [f"{self.location.rstrip('/')}/{unquote(one['path'])}" for one in gone]
                new = {file_name(unquote(action["add"]["path"])) for action in actions if "add" in action}
                found.append(({file_name(path): path for path in paths}, new))
        return found

    def erase(self, conditions: Sequence[str]) -> int:
        """Take rows out of the newest version; return how many. Older versions hold them until `scour`.

        Args:
            conditions: which rows, each in the SQL of Delta's engine; each is a commit.

        Raises:
            StoreError: the log could not be written.
        """
        n = 0
        try:
            for condition in conditions:
                table = self.snapshot().table
                n += int(table.delete(condition)["num_deleted_rows"]) if table is not None else 0
        except (DeltaError, OSError) as error:
            raise StoreError(f"nothing more could be erased from the log at {self.location}: {error}.") from error
        return n

    def scour(self) -> None:
        """Delete every file that the newest version does not need, and all commits before it with what they say of rows.

        Readers of older versions find their files gone, and read anew. Nobody may write meanwhile. What the reports of these
        commits add up to is kept in one more.

        Raises:
            StoreError: the log could not be written.
        """
        table = self.snapshot().table
        if table is None:
            return
        report = {"name": _SCOURED, "skipped": self.skipped(), _WHOLE: True}
        try:
            table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
            self.append(SCHEMA.empty_table(), name=_SCOURED, version=table.version(), report=report)
            table = DeltaTable(self.location)
            table.create_checkpoint()
            for info in self._filesystem().get_file_info(arrow_fs.FileSelector(_COMMITS)):
                version = info.base_name[:_DIGITS]
                if version.isdigit() and int(version) < table.version():
                    self._filesystem().delete_file(info.path)
        except (DeltaError, OSError) as error:
            raise StoreError(f"older versions of the log at {self.location} could not be deleted: {error}.") from error

    def contents(self) -> Iterator[tuple[str, arrow_fs.NativeFile]]:
        """Yield every file below the log's place, known to it or not: its path there, and the file, opened."""
        filesystem = self._filesystem()
        for info in filesystem.get_file_info(arrow_fs.FileSelector("", recursive=True, allow_not_found=True)):
            if info.type != arrow_fs.FileType.Directory:
                with filesystem.open_input_file(info.path) as file:
                    yield info.path, file

    def _filesystem(self) -> Any:
        return arrow_fs.PyFileSystem(DeltaStorageHandler(self.location))


def file_name(path: str) -> str:
    """Return the name of one of the log's files, which is unique, without the folder, which may move."""
    return path.rpartition("/")[2]


def _local(uri: str) -> str:
    """Return a file's path where it is local, for which delta-rs, too, writes a space as %20; else its URL."""
    path = uri.removeprefix("file://")
    return uri if "://" in path else unquote(path)
