"""Folders for what does not fit into memory: one each, and none stays behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from counterclick.store.sources import connect
from counterclick.store.spilling import spill_folder, sweep


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files lie in the test's own folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_each_database_has_its_own_which_goes_with_it(here: Path) -> None:
    """Only its user may look into it."""
    one, two = connect(), connect()
    folders = sorted(here.iterdir())
    assert len(folders) == 2
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
    del one, two
    assert not [*here.iterdir()]


def left_by(process: int, here: Path, hours: float) -> Path:
    """Make a folder as a process would have left it, so many hours ago."""
    folder = here / f"counterclick-spill-{process}-abc"
    folder.mkdir()
    (folder / "duckdb_temp_block-1.block").write_bytes(b"x")
    then = time.time() - hours * 3600
    os.utime(folder, (then, then))
    return folder


def test_what_killed_processes_left_is_deleted_after_an_hour(here: Path) -> None:
    """What runs, or has just changed, keeps its own; so do other programs."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    other = here / "another-program"
    other.mkdir()
    kept = [other, left_by(os.getpid(), here, 5), Path(spill_folder())]
    gone = left_by(ended.pid, here, 2)
    sweep()
    assert not gone.exists()
    fresh = left_by(ended.pid, here, 0.5)
    sweep()
    assert all(path.exists() for path in (*kept, fresh))
