"""Facts as an engine last worked them out: folders of Parquet files that its workers see, and a manifest of them.

As in `counterclick.store.kept` they save time and hold nothing of their own. The manifest is written last, and renamed into
its place: what it does not name is not there. It has the checksum of every file, so that a damaged table is as if it were
not there. Whoever begins to read links the files into a folder of its own, and has them until it ends, whatever takes their
place.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from counterclick.errors import StoreError
from counterclick.shapes import from_json
from counterclick.store.kept import Manifest, checksum
from counterclick.store.spilling import sweep

__all__ = ["ENGINE", "Rack", "Stored", "clear_racks", "is_sound", "reading_folder"]

ENGINE = "engine"
"""Folder, in the store's, of what an engine is given, unless it is given another."""
_FORMAT = 1
_MANIFEST = "manifest.json"
_PLACES = "kept-at.txt"
"""Names the folders elsewhere in which something is stored: what is erased must be erased there, too."""
_ABANDONED_SECONDS = 3600


class Stored(msgspec.Struct, frozen=True):
    """What is stored.

    Attributes:
        folder: in which the tables' folders lie.
        manifest: of the log, and of the tables.
        files: table -> file -> its checksum.
        contents: table that is not kept by whose its rows are -> digest of these.
        is_whole: whether nothing waited in the inbox; only then are tables stored that do not say whose their rows are.
    """

    folder: str
    manifest: Manifest
    files: dict[str, dict[str, str]]
    contents: dict[str, str]
    is_whole: bool
    format: int = _FORMAT


class Rack:
    """The folder with the tables of one log.

    Args:
        store: folder of the store.
        scratch: folder that the engine's workers see.
        log_id: of the log.
    """

    def __init__(self, store: Path, scratch: Path, log_id: str) -> None:
        self._store = store
        self.folder = scratch / f"kept-{log_id}"

    def take(self, into: Path) -> Stored | None:
        """Link what is stored into a folder, and return what it is; None where nothing is there that can be read."""
        with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError):
            found = from_json((self.folder / _MANIFEST).read_bytes(), Stored)
            if found.format != _FORMAT:
                return None
            for table in found.files:
                _link(self.folder / found.folder / table, into / table)
            return found
        shutil.rmtree(into, ignore_errors=True)
        return None

    def write(
        self, stored: Stored, tables: Mapping[str, Path], standing: Callable[[], AbstractContextManager[bool]]
    ) -> bool:
        """Let new tables take the old ones' place.

        Args:
            stored: what they are, but for folder and checksums.
            tables: name -> folder in which the files of a table lie; they stay there.
            standing: says, while it is held, whether they may take that place: not where events in them were erased.

        Returns:
            Whether they stand now; where the disk is full or may not be written, all stays as it was.
        """
        name = f"lot-{uuid.uuid4().hex}"
        new, is_done = self.folder / name, False
        try:
            new.mkdir(parents=True)
            self._say_where()
            for table, place in tables.items():
                _link(place, new / table)
            files = {table: _checksums(new / table) for table in tables}
            written = new / _MANIFEST
            written.write_bytes(msgspec.json.encode(msgspec.structs.replace(stored, folder=name, files=files)))
            with standing() as may_stand:
                if not may_stand:
                    return False
                old = self._standing()
                written.replace(self.folder / _MANIFEST)
                _remove(*old)
                is_done = True
        except (OSError, StoreError):
            return False
        finally:
            if not is_done:
                _remove(new)
        return True

    def _standing(self) -> list[Path]:
        """Return the folder that the manifest names, and those that processes have left which died."""
        named = ""
        with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError):
            named = from_json((self.folder / _MANIFEST).read_bytes(), Stored).folder
        long_ago = time.time() - _ABANDONED_SECONDS
        return [path for path in self.folder.glob("lot-*") if path.name == named or path.stat().st_mtime < long_ago]

    def _say_where(self) -> None:
        """Write down where something is stored, where that is not in the store's folder."""
        own = self._store / ENGINE
        if self.folder.parent == own:
            return
        own.mkdir(parents=True, exist_ok=True)
        path = own / _PLACES
        known = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if str(self.folder) not in known:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{self.folder}\n")


def reading_folder(scratch: Path) -> Path:
    """Make a folder for one reading, which it deletes in the end; what killed processes of this machine left is deleted.

    Not within the hour: another machine might have this one's name.

    Args:
        scratch: folder that the engine's workers see; readings of other machines may have theirs in it.
    """
    sweep(scratch, _of_this_machine())
    folder = scratch / f"{_of_this_machine()}{os.getpid()}-{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    return folder


def _of_this_machine() -> str:
    return f"reading-{socket.gethostname()}-"


def clear_racks(store: Path) -> None:
    """Delete all that is stored of a store, also what is being written or was left behind: events in it are erased.

    Args:
        store: its folder.
    """
    own, places = store / ENGINE, list[Path]()
    with contextlib.suppress(FileNotFoundError):
        places = [Path(place) for place in (own / _PLACES).read_text(encoding="utf-8").splitlines() if place]
    _remove(*places, *own.glob("kept-*"))
    for scratch in {own, *(place.parent for place in places)}:
        sweep(scratch, _of_this_machine(), left=0)


def is_sound(folder: Path, files: Mapping[str, str]) -> bool:
    """Say whether the files of a table are those that were written."""
    try:
        return bool(files) and _checksums(folder) == dict(files)
    except OSError:
        return False


def _checksums(folder: Path) -> dict[str, str]:
    return {path.name: checksum(path) for path in sorted(folder.iterdir()) if not path.name.startswith((".", "_"))}


def _link(place: Path, into: Path) -> None:
    """Give the files of a folder another name besides; where the file system has one name for a file, copy them."""
    into.mkdir(parents=True)
    for path in place.iterdir():
        try:
            os.link(path, into / path.name)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copy2(path, into / path.name)


def _remove(*paths: Path) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
