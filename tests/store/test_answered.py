"""One decision id has one answer, for a day, whichever process asks."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from counterclick.errors import StoreError
from counterclick.store import answered as room
from counterclick.store.answered import Answered

_KILLED = """
import os, signal, sys
from pathlib import Path
from counterclick.store.answered import Answered
Answered(Path(sys.argv[1])).keep("d1", b"asked", b"answer")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where answers lie."""
    return tmp_path / "answered.sqlite"


def test_the_first_answer_holds(path: Path) -> None:
    """For every process that has the file, also where many ask at once; nothing is made before there is an answer."""
    one, other = Answered(path), Answered(path)
    assert (one.find("d1"), path.exists()) == (None, False)
    with ThreadPoolExecutor(8) as pool:
        held = set(pool.map(lambda n: (one, other)[n % 2].keep("d1", b"asked", b"answer %d" % n), range(40)))
    assert held == {one.find("d1")} == {other.find("d1")}
    assert other.find("d2") is None
    one.close()
    other.close()


def test_an_answer_outlives_its_process(path: Path) -> None:
    """Killed at once after it was given."""
    subprocess.run([sys.executable, "-c", _KILLED, str(path)], check=False)
    kept = Answered(path)
    assert kept.find("d1") == (b"asked", b"answer")
    kept.close()


def test_what_is_old_or_too_much_goes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id may be used anew after a day, and of many answers the newest stay."""
    now = room.time.time()
    kept = Answered(path)
    monkeypatch.setattr(room, "_EVERY", 2)
    monkeypatch.setattr(room, "_MOST", 3)
    kept.keep("d1", b"a", b"old")
    monkeypatch.setattr(room.time, "time", lambda: now + 86_500)
    assert kept.find("d1") is None
    assert kept.keep("d1", b"b", b"new") == (b"b", b"new")
    for n in range(2, 8):
        kept.keep(f"d{n}", b"a", b"x")
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM answers").fetchone()
    assert count <= 4
    assert kept.find("d7") == (b"a", b"x")
    kept.close()


def test_clearing_leaves_nothing(path: Path) -> None:
    """Neither a row nor a byte, also where another process has the file open."""
    one, other = Answered(path), Answered(path)
    one.keep("d1", b"asked", b"an answer that names somebody")
    assert other.find("d1")
    other.clear()
    assert one.find("d1") is None
    assert not any(b"somebody" in each.read_bytes() for each in path.parent.iterdir())
    one.close()
    other.close()


def test_a_damaged_file_is_made_anew_and_one_in_use_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds nothing that is needed; what cannot be written is an error, and works again afterwards."""
    path.write_bytes(b"no database, " * 500)
    kept = Answered(path)
    assert kept.keep("d1", b"a", b"x") == (b"a", b"x")
    monkeypatch.setattr(room, "_BUSY_SECONDS", 0.1)
    busy = Answered(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="cannot be read or written"):
            busy.keep("d2", b"a", b"x")
    assert busy.keep("d2", b"a", b"x") == (b"a", b"x")
    kept.close()
    busy.close()
