"""What was promised outlives its process, is taken over once, and is gone when it is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from counterclick.shop import open_shop
from counterclick.store import promised as room
from counterclick.store.inbox import Body
from counterclick.store.promised import Promised, take_over

_PROMISES = """
import os, signal, sys
from pathlib import Path
from counterclick.store.inbox import Body
from counterclick.store.promised import Promised
promised = Promised(Path(sys.argv[1]))
for n in range(3):
    promised.note([Body("2026-01-05T10:00:00+00:00", "decide", sys.argv[2 + n])])
if len(sys.argv) > 5:
    next(Path(sys.argv[1]).glob("*.jsonl")).open("ab").write(b'{"half a l')
os.kill(os.getpid(), signal.SIGKILL)
"""


def body(n: int) -> Body:
    event = {"kind": "page_view", "event_id": f"e{n}", "occurred_at": "2026-01-05T10:00:00Z", "visitor_id": f"v{n}"}
    return Body("2026-01-05T10:00:00+00:00", "decide", json.dumps(event))


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def taken(folder: Path) -> list[Body]:
    found: list[Body] = []
    take_over(folder, found.extend)
    return found


@pytest.mark.parametrize("more", [[], ["half"]])
def test_a_killed_process_leaves_what_it_promised(tmp_path: Path, more: list[str]) -> None:
    """Whoever opens the store next has it, once; half a line was never promised."""
    (tmp_path / "shop.toml").write_text("", encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        folder = shop.store.folder / room.PROMISED
    folder.mkdir()
    texts = [body(n).text for n in range(3)]
    subprocess.run([sys.executable, "-c", _PROMISES, str(folder), *texts, *more], check=False)
    assert len(files(folder)) == 1
    for _ in range(2):
        with open_shop(tmp_path / "shop.toml") as shop:
            rows = shop.reading.rows("SELECT event_id FROM events WHERE kind = 'page_view' ORDER BY ALL")
            assert rows == [("e0",), ("e1",), ("e2",)]
        assert files(folder) == []


def test_a_living_process_keeps_its_own(tmp_path: Path) -> None:
    """Nobody takes over what it may still hand over itself."""
    folder = tmp_path / "promised"
    promised = Promised(folder)
    promise = promised.note([body(1)])
    script = (
        "import sys; from pathlib import Path; from counterclick.store.promised import take_over\n"
        "take_over(Path(sys.argv[1]), print)"
    )
    found = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True)
    assert (found.stdout, len(files(folder))) == ("", 1)
    promised.tidy()
    assert len(files(folder)) == 1  # it is not known to be kept
    promised.kept(promise)
    promised.tidy()
    assert files(folder) == []


def test_a_full_file_goes_when_all_of_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one is begun after so many bytes; each goes by itself, and none before its last body is kept."""
    monkeypatch.setattr(room, "_FULL", 500)
    promised = Promised(tmp_path / "promised")
    promises = [promised.note([body(n)]) for n in range(12)]
    kinds = list(dict.fromkeys(promises))
    assert len(kinds) > 2
    assert len(files(tmp_path / "promised")) == len(kinds)
    for promise in reversed(promises):
        promised.kept(promise)
    assert len(files(tmp_path / "promised")) == 1
    promised.tidy()
    assert files(tmp_path / "promised") == []
    assert [each.text for each in taken(tmp_path / "promised")] == []


def test_what_cannot_be_kept_yet_stays(tmp_path: Path) -> None:
    """Where the inbox cannot be written, nothing of it is deleted."""
    folder = tmp_path / "promised"
    folder.mkdir()
    subprocess.run([sys.executable, "-c", _PROMISES, str(folder), *(body(n).text for n in range(3))], check=False)

    def full(_bodies: object) -> None:
        raise OSError(os.strerror(28))

    with pytest.raises(OSError, match="No space"):
        take_over(folder, full)
    assert len(taken(folder)) == 3


def test_a_half_written_line_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes a part of it has not taken it; what follows goes to another file."""
    promised = Promised(tmp_path / "promised")
    promised.note([body(1)])
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, line: os.pwrite(file, line[:9], 0))
        with pytest.raises(OSError, match="could not be written"):
            promised.note([body(2)])
    promised.note([body(3)])
    assert len(files(tmp_path / "promised")) == 2
