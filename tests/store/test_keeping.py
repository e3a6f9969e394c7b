"""The store: an event acknowledged is an event counted, once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from counterclick.errors import StoreError
from counterclick.events.schema import SCHEMA
from counterclick.store import Appended, Store
from counterclick.store.inbox import Body
from counterclick.store.sources import connect

TIME = "2026-03-01T00:00:00Z"


def body(*event_ids: str, page: str = "/") -> Body:
    """A body of page views."""
    views = [
        {"kind": "page_view", "event_id": event_id, "visitor_id": "v1", "occurred_at": TIME, "page": page}
        for event_id in event_ids
    ]
    return Body(received_at=TIME, source="test", text="\n".join(json.dumps(view) for view in views))


def seen(store: Store, column: str = "event_id") -> list[Any]:
    """What a reader sees."""
    with store.reading() as connection:
        return connection.table("events").order("event_id").to_arrow_table().column(column).to_pylist()


def append(store: Store, event_ids: Sequence[str], name: str, *, keyed: bool = False) -> Appended:
    """Append page views as a file would be."""
    with connect() as connection:
        rows: dict[str, Any] = {field.name: pa.nulls(len(event_ids), field.type) for field in SCHEMA}
        rows["kind"] = pa.array(["page_view"] * len(event_ids), pa.string())
        rows["event_id"] = pa.array(event_ids, pa.string())
        connection.register("rows_of_a_file", pa.table(rows, schema=SCHEMA))
        keys = "SELECT kind, event_id FROM rows_of_a_file" if keyed else None
        return store.append_rows(connection, "FROM rows_of_a_file", name=name, keys=keys)


def test_a_reader_sees_each_event_once_before_and_after_a_drain(tmp_path: Path) -> None:
    """Inbox and log together show an event once, wherever it lies, and a repeat not at all."""
    store = Store(tmp_path / "shop's data")
    assert seen(store) == []
    store.inbox.put([body("a", "b"), body("b", page="/repeat")])
    assert seen(store) == ["a", "b"]
    assert seen(store, "page") == ["/", "/"]
    assert store.drain() == 2
    assert seen(store) == ["a", "b"]
    assert seen(store, "page") == ["/", "/"]
    store.inbox.put([body("b", "c")])
    assert seen(store) == ["a", "b", "c"]
    store.close()


def test_draining_twice_changes_nothing(tmp_path: Path) -> None:
    """A second drain finds nothing to do."""
    store = Store(tmp_path)
    store.inbox.put([body("a")])
    assert store.drain() == 1
    assert store.drain() == 0
    assert seen(store) == ["a"]
    assert store.log.snapshot().version == 0
    store.close()


def test_a_crash_between_append_and_forget_does_no_harm(tmp_path: Path) -> None:
    """Inbox rows that the log has already are neither shown nor appended again."""
    store = Store(tmp_path / "store")
    store.inbox.put([body("a"), body("b")])
    store.close()
    for name in ("inbox.sqlite", "inbox.sqlite-wal"):
        if (tmp_path / "store" / name).exists():
            shutil.copy(tmp_path / "store" / name, tmp_path / name)
    store.drain()
    for file in (tmp_path / "store").glob("inbox.sqlite*"):
        file.unlink()
    for file in tmp_path.glob("inbox.sqlite*"):
        shutil.copy(file, tmp_path / "store" / file.name)
    restored = Store(tmp_path / "store")
    with restored.inbox.reading() as transaction:
        assert len(restored.inbox.above(0, transaction)) == 2
    assert seen(restored) == ["a", "b"]
    assert restored.drain() == 0
    assert seen(restored) == ["a", "b"]
    assert restored.inbox.put([body("c")]) == 3
    restored.close()


def test_a_reader_during_a_drain_sees_each_event_once(tmp_path: Path) -> None:
    """With the log's commit made and the inbox not yet emptied, nothing is doubled."""
    store = Store(tmp_path)
    store.inbox.put([body("a")])
    forget, store.inbox.forget = store.inbox.forget, lambda _: None  # type: ignore[method-assign]  # the pause
    store.inbox.above = lambda *_: [] if store.log.snapshot().files else above(*_)  # type: ignore[method-assign]
    above = type(store.inbox).above.__get__(store.inbox)
    store.drain()
    del store.inbox.above
    assert seen(store) == ["a"]
    forget(1)
    assert seen(store) == ["a"]
    store.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which file a number is")
def test_the_disk_has_the_log_before_the_inbox_forgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data file, its commit and their folders are synced while the inbox still has the event."""
    store, synced = Store(tmp_path / "shop's data"), []
    sync = os.fsync

    def noted(opened: int) -> None:
        synced.append((Path(f"/proc/self/fd/{opened}").readlink().name, store.inbox.count()))
        sync(opened)

    monkeypatch.setattr(os, "fsync", noted)
    store.inbox.put([body("a")])
    store.drain()
    data, commit = (next((store.folder / "log").glob(pattern)).name for pattern in ("kind=*/*.parquet", "_delta_log/*.json"))
    assert {name for name, _ in synced} == {data, commit, "kind=page_view", "_delta_log", "log", "shop's data"}
    assert {waiting for _, waiting in synced} == {1}
    store.close()


@pytest.mark.parametrize("keyed", [True, False])
def test_repeats_are_dropped_by_kind_and_id(tmp_path: Path, keyed: bool) -> None:  # noqa: FBT001 - a case
    """Of two files that share an event, and of a file that repeats one, each event is kept once, keys told or not."""
    store = Store(tmp_path)
    assert append(store, ["a", "b", "a"], "file:1", keyed=keyed) == Appended(n_written=2, n_repeated=1)
    assert append(store, ["b", "c"], "file:2", keyed=keyed) == Appended(n_written=1, n_repeated=1)
    assert append(store, ["d", "e"], "file:3", keyed=keyed) == Appended(n_written=2)
    assert seen(store) == ["a", "b", "c", "d", "e"]


def test_the_same_transaction_does_nothing(tmp_path: Path) -> None:
    """A file that was recorded is not recorded again, whatever it holds."""
    store = Store(tmp_path)
    append(store, ["a"], "file:1", keyed=True)
    assert append(store, ["b"], "file:1", keyed=True) == Appended(known=True)
    assert seen(store) == ["a"]


def test_a_file_of_known_events_still_leaves_its_transaction(tmp_path: Path) -> None:
    """An append of nothing but repeats writes no row, and is known from then on."""
    store = Store(tmp_path)
    append(store, ["a"], "file:1")
    assert append(store, ["a"], "file:2") == Appended(n_written=0, n_repeated=1)
    assert append(store, ["a"], "file:2") == Appended(known=True)


def test_two_processes_that_append_at_once_lose_nothing(tmp_path: Path) -> None:
    """Two drains, each with an inbox row of its own and one shared log, leave every event once."""
    code = """
import json, sys
from pathlib import Path
from counterclick.store import Store
from counterclick.store.inbox import Body
store = Store(Path(sys.argv[1]))
for n in range(4):
    event_id, time = f"{sys.argv[2]}{n}", "2026-03-01T00:00:00Z"
    view = {"kind": "page_view", "event_id": event_id, "visitor_id": "v", "occurred_at": time}
    store.inbox.put([Body(time, "test", json.dumps(view))])
    store.drain()
store.close()
"""
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "ab"]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    assert seen(Store(tmp_path)) == ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"]


def test_the_key_is_private_and_stays(tmp_path: Path) -> None:
    """The key is made once, is readable by its owner alone, and leaves no other file behind."""
    store = Store(tmp_path)
    key = store.key
    assert len(key) == 32
    assert Store(tmp_path).key == key
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("key*")] == ["key"]


def test_tidying_keeps_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small files become one, with the same events in it."""
    monkeypatch.setattr("counterclick.store.log._FILES_BEFORE_COMPACTION", 2)
    store = Store(tmp_path)
    for name in "abcd":
        append(store, [name], name)
    assert len(store.log.snapshot().files) == 4
    store.log.tidy()
    assert len(store.log.snapshot().files) == 1
    assert seen(store) == ["a", "b", "c", "d"]
    assert append(store, ["e"], "d") == Appended(known=True)


def test_an_older_log_without_a_later_column_still_reads(tmp_path: Path) -> None:
    """Columns that an older release did not write are null, and new events are appended beside the old ones."""
    old = pa.table({"kind": ["page_view"], "event_id": ["old"], "visitor_id": ["v1"]})
    write_deltalake(str(tmp_path / "log"), old, partition_by=["kind"])
    store = Store(tmp_path)
    assert seen(store, "page") == [None]
    assert append(store, ["old"], "file:1") == Appended(n_repeated=1)
    assert seen(store, "visitor_id") == ["v1"]
    store.inbox.put([body("new")])
    assert seen(store, "page") == ["/", None]
    store.drain()
    assert seen(store, "page") == ["/", None]
    store.close()


def test_rejections_are_all_kept(tmp_path: Path) -> None:
    """Rejections with ids of their own do not count as repeats of each other."""
    store = Store(tmp_path)
    lines = [json.dumps({"kind": "rejection", "event_id": f"r_{n}", "occurred_at": TIME}) for n in range(3)]
    store.inbox.put([Body(TIME, "test", "\n".join(lines))])
    store.drain()
    assert seen(store) == ["r_0", "r_1", "r_2"]
    store.close()


def test_a_broken_log_is_an_error(tmp_path: Path) -> None:
    """A log that cannot be read is named in a StoreError."""
    (tmp_path / "log" / "_delta_log").mkdir(parents=True)
    (tmp_path / "log" / "_delta_log" / f"{0:020}.json").write_text("{broken", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be read"):
        seen(Store(tmp_path))


def test_lines_of_an_older_log_without_a_later_field_still_read(tmp_path: Path) -> None:
    """Lines written before they could name a surface read without one, beside newer lines that do."""
    older = pa.struct(
        [part for part in SCHEMA.field("lines").type.value_type if part.name not in ("surface", "decision_id")]
    )
    line = {"product_id": "p1", "quantity": 1, "unit_price": 5, "unit_cost": None, "line_id": "l1"}
    lines = pa.array([[line]], pa.list_(older))
    old = pa.table({"kind": ["purchase"], "event_id": ["old"], "order_id": ["o1"], "lines": lines})
    write_deltalake(str(tmp_path / "log"), old, partition_by=["kind"])
    store = Store(tmp_path)
    order = {"kind": "purchase", "occurred_at": TIME, "order_id": "o2", "event_id": "new"}
    sent = {
        **order,
        "lines": [{"product_id": "p2", "quantity": 1, "unit_price": 6, "surface": "drawer", "decision_id": "d1"}],
    }
    store.inbox.put([Body(received_at=TIME, source="test", text=json.dumps(sent))])
    for _ in range(2):  # from the inbox, then from the log
        found = {one["line_id"]: (one["surface"], one["decision_id"]) for (one,) in seen(store, "lines")}
        assert found == {"l1": (None, None), None: ("drawer", "d1")}
        store.drain()


def test_every_database_spills_into_a_folder_of_its_own() -> None:
    """DuckDB gives spill files the same names everywhere: two databases that shared a folder would read each other's."""
    folders = []
    connections = [connect("120MB") for _ in range(2)]
    for connection in connections:
        found = connection.execute("SELECT current_setting('temp_directory')").fetchone()
        assert found is not None
        folders.append(Path(found[0]))
        connection.execute(
            "CREATE TABLE t AS SELECT i, hash(i)::VARCHAR || repeat('x', 40) AS text FROM range(1500000) r(i)"
        )
    assert folders[0] != folders[1]
    for connection in connections:
        found = connection.execute("SELECT count(*) FROM t WHERE text = hash(i)::VARCHAR || repeat('x', 40)").fetchone()
        assert found == (1_500_000,)
        connection.close()
    connections.clear()
    del connection
    assert not any(folder.exists() for folder in folders)


def test_a_log_behind_a_url_is_written_and_read_alike(tmp_path: Path) -> None:
    """Events go into the log of a URL, repeats are dropped against it, and readers see it with what still waits."""
    store = Store(tmp_path / "store", f"file://{tmp_path}/elsewhere/log")
    assert append(store, ["a", "b"], "file:1") == Appended(n_written=2)
    assert append(store, ["b", "c"], "file:2", keyed=True) == Appended(n_written=1, n_repeated=1)
    store.inbox.put([body("c", "d")])
    assert seen(store) == ["a", "b", "c", "d"]
    store.drain()
    assert seen(store) == ["a", "b", "c", "d"]
    assert not (tmp_path / "store" / "log").exists()
    store.close()
