"""The inbox: what was acknowledged is there, whatever happens."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from counterclick.errors import StoreError
from counterclick.store import Inbox
from counterclick.store.inbox import Body

WRITE_FOR_EVER = """
import sys
from pathlib import Path
from counterclick.store.inbox import Body, Inbox
inbox = Inbox(Path(sys.argv[1]))
n = 0
while True:
    inbox.put([Body("2026-03-01T00:00:00Z", "test", f"event {n}")])
    print(f"event {n}", flush=True)
    n += 1
"""


def body(text: str) -> Body:
    return Body(received_at="2026-03-01T00:00:00Z", source="test", text=text)


def texts(inbox: Inbox) -> list[str]:
    with inbox.reading() as transaction:
        return [one.text for one in inbox.above(0, transaction)]


def test_positions_are_never_used_again(tmp_path: Path) -> None:
    """After everything was forgotten, the next body still lies above all before it."""
    inbox = Inbox(tmp_path / "inbox.sqlite")
    assert inbox.put([body("a"), body("b")]) == 2
    inbox.forget(2)
    assert inbox.put([body("c")]) == 3
    inbox.close()
    again = Inbox(tmp_path / "inbox.sqlite")
    assert again.inbox_id == inbox.inbox_id
    again.forget(3)
    assert again.put([body("d")]) == 4
    again.close()


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Every body that a writer reported as kept before `kill -9` is in the inbox, in order."""
    path = tmp_path / "inbox.sqlite"
    with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline().strip() for _ in range(25)]
        writer.kill()
        acknowledged += [line.strip() for line in writer.stdout if line.endswith("\n")]
    kept = texts(Inbox(path))
    assert len(acknowledged) >= 25
    assert kept[: len(acknowledged)] == acknowledged


def test_many_threads_are_committed_in_groups(tmp_path: Path) -> None:
    """Bodies of twenty threads are all kept once, and each thread learns a position of its own."""
    inbox = Inbox(tmp_path / "inbox.sqlite")
    positions: list[int] = []

    def write(thread: int) -> None:
        positions.extend(inbox.put([body(f"{thread}-{n}")]) for n in range(10))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    inbox.close()
    assert sorted(positions) == list(range(1, 201))
    assert len(set(texts(inbox))) == 200


def test_another_process_reads_while_the_first_writes(tmp_path: Path) -> None:
    """A reader sees what another process has written so far, without stopping it."""
    path = tmp_path / "inbox.sqlite"
    with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for n in range(5):
            line = writer.stdout.readline().strip()
            assert line == f"event {n}"
            assert line in texts(Inbox(path))
        writer.kill()


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    """Two writers that open a new inbox together lose nothing to each other."""
    code = WRITE_FOR_EVER.replace("while True", "while n < 40")
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "inbox.sqlite")], stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    assert len(texts(Inbox(tmp_path / "inbox.sqlite"))) == 80


def test_a_file_that_is_no_inbox_is_an_error(tmp_path: Path) -> None:
    """A file of another kind is named in a StoreError."""
    path = tmp_path / "inbox.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(StoreError, match=r"the inbox .*inbox\.sqlite cannot be used: file is not a database"):
        Inbox(path)


def test_a_body_that_cannot_be_written_is_an_error_for_the_sender(tmp_path: Path) -> None:
    """Text that SQLite cannot store gives a StoreError instead of a wait without end; the next body is kept."""
    inbox = Inbox(tmp_path / "inbox.sqlite")
    with pytest.raises(StoreError, match="could not be written"):
        inbox.put([body("\ud800")])
    assert inbox.put([body("fine")]) == 1
    inbox.close()


def test_an_inbox_that_was_overwritten_is_an_error_for_the_reader(tmp_path: Path) -> None:
    """Whoever counts, reads, or deletes is told which file it is, and what is wrong with it."""
    inbox = Inbox(tmp_path / "inbox.sqlite")
    inbox.put([Body("2026-01-05T10:00:00Z", "shop", "{}")])
    inbox.close()
    for each in tmp_path.iterdir():
        each.unlink()
    inbox.path.write_bytes(b"what is no database" * 99)
    for asked in (inbox.count, inbox.last, lambda: inbox.forget(1), inbox.scour, lambda: inbox.put([Body("", "", "")])):
        with pytest.raises(StoreError, match=r"the inbox .*inbox\.sqlite cannot be used: file is not a database"):
            asked()


def test_an_inbox_that_vanished_is_an_error_for_the_sender(tmp_path: Path) -> None:
    """Without its folder the writer cannot start, and says so to everyone who waits."""
    inbox = Inbox(tmp_path / "gone" / "inbox.sqlite")
    (tmp_path / "gone").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="cannot be used: unable to open"):
        inbox.submit([body("a")]).result(timeout=10)


def test_a_reader_keeps_the_inbox_it_opened(tmp_path: Path) -> None:
    """Bodies written or forgotten after a reader began do not change what it sees."""
    inbox = Inbox(tmp_path / "inbox.sqlite")
    inbox.put([body("a")])
    with inbox.reading() as transaction:
        inbox.put([body("b")])
        inbox.forget(1)
        assert [one.text for one in inbox.above(0, transaction)] == ["a"]
    assert texts(inbox) == ["b"]
    inbox.close()


def test_a_cancelled_wait_does_not_stop_the_writer(tmp_path: Path) -> None:
    """Who gives up waiting is left out; those who come after are served."""
    inbox = Inbox(tmp_path / "inbox.sqlite")
    for _ in range(20):
        inbox.submit([Body("2026-01-01T00:00:00+00:00", "test", "x")]).cancel()
    assert inbox.submit([Body("2026-01-01T00:00:00+00:00", "test", "y")]).result(timeout=30) > 0
    inbox.close()


def test_what_is_read_at_once_is_bounded(tmp_path: Path) -> None:
    """By bodies and by letters; the body that reaches the bound is among them, so that none is too large to be read."""
    inbox = Inbox(tmp_path / "inbox.sqlite")
    inbox.put([body("four"), body("four"), body("four")])
    with inbox.reading() as transaction:
        assert len(inbox.above(0, transaction)) == 3
        assert len(inbox.above(0, transaction, 1)) == 1
        assert len(inbox.above(0, transaction, letters=5)) == 2
        assert len(inbox.above(0, transaction, letters=1)) == 1
    inbox.close()


def test_many_bodies_are_forgotten_a_few_at_a_time(tmp_path: Path) -> None:
    """All up to the position are gone, none above it, wherever the first one lies."""
    inbox = Inbox(tmp_path / "inbox.sqlite")
    inbox.put([body(f"{n}") for n in range(230)])
    inbox.forget(7)
    inbox.forget(201)
    assert texts(inbox) == [f"{n}" for n in range(201, 230)]
    inbox.forget(1_000)
    assert texts(inbox) == []
    inbox.forget(1_000)
    inbox.close()


def test_more_bodies_than_one_statement_takes_are_one_transaction(tmp_path: Path) -> None:
    """All are kept in order, or none where one of them cannot be written."""
    inbox = Inbox(tmp_path / "inbox.sqlite")
    with pytest.raises(StoreError, match="could not be written"):
        inbox.put([body(f"{n}") for n in range(2_500)] + [body("\ud800")])
    assert texts(inbox) == []
    assert inbox.put([body(f"{n}") for n in range(2_500)]) - 2_499 > 0
    assert texts(inbox) == [f"{n}" for n in range(2_500)]
    inbox.close()
