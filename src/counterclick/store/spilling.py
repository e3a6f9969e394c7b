"""Temporary folders in which databases write what does not fit into memory, and those that killed processes left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path

__all__ = ["spill_folder", "sweep"]

_NAME = "counterclick-spill-"
_LEFT_SECONDS = 3600.0


def spill_folder() -> str:
    """Make a folder for one database, which only this user may read; two must never share one.

    DuckDB gives files of two databases the same names. What killed processes left is deleted first, once in a process.
    """
    _sweep_once()
    return tempfile.mkdtemp(prefix=f"{_NAME}{os.getpid()}-")


def sweep(folder: Path | None = None, name: str = _NAME, left: float = _LEFT_SECONDS) -> None:
    """Delete folders of processes that have ended.

    Args:
        folder: in which they lie; that of temporary files unless given.
        name: with which theirs begin, before the number of the process and a hyphen.
        left: seconds; what changed since then stays.
    """
    for path in (folder or Path(tempfile.gettempdir())).glob(f"{name}*"):
        process = path.name.removeprefix(name).partition("-")[0]
        with contextlib.suppress(OSError):  # another user's, or deleted meanwhile
            is_old = time.time() - path.stat().st_mtime > left
            if is_old and not (process.isdecimal() and _runs(int(process))):
                shutil.rmtree(path)


@cache
def _sweep_once() -> None:
    sweep()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
