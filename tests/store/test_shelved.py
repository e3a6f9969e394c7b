"""What an engine stores stands whole or not at all, stays with whoever took it, and is erased wherever it lies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from counterclick.store.kept import Manifest
from counterclick.store.shelved import Rack, Stored, clear_racks, is_sound, reading_folder

SHARED = Path("/dev/shm")  # noqa: S108 - a file system of its own, where there is one


@contextmanager
def standing() -> Iterator[bool]:
    yield True


@contextmanager
def erased() -> Iterator[bool]:
    yield False


def table(folder: Path, body: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "part-0.parquet").write_text(body, encoding="utf-8")
    (folder / "_SUCCESS").touch()
    return folder


def written(rack: Rack, tmp_path: Path, body: str) -> bool:
    place = table(tmp_path / uuid.uuid4().hex, body)
    done = rack.write(Stored("", Manifest("log", ("a",), 1, ()), {}, {}, is_whole=True), {"kept_orders": place}, standing)
    shutil.rmtree(place)
    return done


def read(folder: Path) -> str:
    return (folder / "kept_orders" / "part-0.parquet").read_text(encoding="utf-8")


@pytest.fixture
def rack(tmp_path: Path) -> Rack:
    """A rack in the store's folder."""
    return Rack(tmp_path / "store", tmp_path / "store" / "engine", "log")


def test_what_was_taken_stays_when_others_take_its_place(rack: Rack, tmp_path: Path) -> None:
    """Files are linked, not looked up again; of what was replaced nothing else is left."""
    assert rack.take(tmp_path / "nothing") is None
    assert written(rack, tmp_path, "old")
    assert rack.take(tmp_path / "one") is not None
    assert written(rack, tmp_path, "new")
    assert rack.take(tmp_path / "two") is not None
    assert (read(tmp_path / "one"), read(tmp_path / "two")) == ("old", "new")
    assert len(list(rack.folder.glob("lot-*"))) == 1


def test_what_was_erased_meanwhile_does_not_take_its_place(rack: Rack, tmp_path: Path) -> None:
    """The old one stands, and the new one's files are gone."""
    assert written(rack, tmp_path, "old")
    new = table(tmp_path / "new", "new")
    assert not rack.write(Stored("", Manifest("log", ("a",), 1, ()), {}, {}, is_whole=True), {"kept_orders": new}, erased)
    assert rack.take(tmp_path / "taken") is not None
    assert read(tmp_path / "taken") == "old"
    assert len(list(rack.folder.glob("lot-*"))) == 1


def test_a_table_is_sound_byte_by_byte(rack: Rack, tmp_path: Path) -> None:
    """Another byte, a file more or less, and it is not."""
    assert written(rack, tmp_path, "old")
    stored = rack.take(tmp_path / "taken")
    assert stored is not None
    place, files = tmp_path / "taken" / "kept_orders", stored.files["kept_orders"]
    assert is_sound(place, files)
    assert not is_sound(place, {})
    assert not is_sound(tmp_path / "nowhere", files)
    (place / "part-1.parquet").touch()
    assert not is_sound(place, files)
    (place / "part-1.parquet").unlink()
    (place / "part-0.parquet").write_text("odd", encoding="utf-8")
    assert not is_sound(place, files)


def test_what_a_process_left_that_died_is_deleted_after_an_hour(rack: Rack, tmp_path: Path) -> None:
    """What was begun just now may be another process's, who goes on with it."""
    for name, age in (("lot-young", 0), ("lot-old", 7200)):
        (rack.folder / name).mkdir(parents=True)
        os.utime(rack.folder / name, (time.time() - age,) * 2)
    assert written(rack, tmp_path, "new")
    left = {path.name for path in rack.folder.glob("lot-*")}
    assert "lot-young" in left
    assert "lot-old" not in left


def test_what_is_stored_elsewhere_is_erased_there(tmp_path: Path) -> None:
    """The store's folder says where; what lies beside it is not touched."""
    store, scratch = tmp_path / "store", tmp_path / "scratch"
    store.mkdir()
    rack = Rack(store, scratch, "log")
    assert written(rack, tmp_path, "of somebody")
    (scratch / "another").mkdir()
    clear_racks(store)
    assert [path.name for path in scratch.iterdir()] == ["another"]
    assert rack.take(tmp_path / "taken") is None
    clear_racks(tmp_path / "no store")


def test_what_killed_readings_left_is_deleted(tmp_path: Path) -> None:
    """After an hour, and at once where events are erased; not what another machine has, or who still reads."""
    scratch = tmp_path / "store" / "engine"
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True, text=True
    )
    own = reading_folder(scratch)
    left = scratch / own.name.replace(f"-{os.getpid()}-", f"-{ended.stdout.strip()}-")
    elsewhere = scratch / f"reading-elsewhere-{ended.stdout.strip()}-1"
    for hours in (0, 2):
        for folder in (left, elsewhere):
            folder.mkdir(exist_ok=True)
            os.utime(folder, (time.time() - hours * 3600,) * 2)
        reading_folder(scratch).rmdir()
        assert left.exists() == (hours == 0)
    left.mkdir()
    clear_racks(tmp_path / "store")
    assert {path.name for path in scratch.iterdir()} == {own.name, elsewhere.name}


@pytest.mark.skipif(not SHARED.is_dir(), reason="there is no second file system here")
def test_where_files_cannot_be_linked_they_are_copied(tmp_path: Path) -> None:
    """From one file system to another there are no links."""
    scratch = SHARED / f"counterclick-test-{uuid.uuid4().hex}"
    if SHARED.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("it is the same file system")
    try:
        (tmp_path / "store").mkdir()
        rack = Rack(tmp_path / "store", scratch, "log")
        assert written(rack, tmp_path, "far away")
        assert rack.take(tmp_path / "taken") is not None
        assert read(tmp_path / "taken") == "far away"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
