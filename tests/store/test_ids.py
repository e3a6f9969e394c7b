"""A repeated event is found without reading the log, whatever became of the digests that say where to look."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterclick.store import Store
from counterclick.store.inbox import Body
from counterclick.store.log import file_name
from counterclick.store.sources import connect

TIME = "2026-03-01T00:00:00Z"
Key = tuple[str, str]


def sent(keys: Sequence[Key]) -> Body:
    """A body of events of these kinds and ids."""
    events = [{"kind": kind, "event_id": event_id, "visitor_id": "v1", "occurred_at": TIME} for kind, event_id in keys]
    return Body(received_at=TIME, source="test", text="\n".join(map(json.dumps, events)))


def logged(store: Store) -> list[Key]:
    """Kinds and ids of all events that a reader sees, in order."""
    with store.reading() as connection:
        return connection.execute("SELECT kind, event_id FROM events ORDER BY ALL").fetchall()


def drained(store: Store, *batches: Sequence[Key]) -> None:
    """Let batches of events come into the log, each as one commit."""
    for batch in batches:
        store.inbox.put([sent(batch)])
        store.drain()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store whose folder has a name that must be quoted, with two commits and the digests of the first."""
    store = Store(tmp_path / "it's a shop")
    drained(store, [("page_view", "a"), ("search", "a")], [("page_view", "b")])
    yield store
    store.close()


def holding(store: Store, *keys: Key) -> set[str]:
    """Kinds of those of the log's files that may hold one of these events."""
    files = store.log.snapshot().files
    with connect() as connection:
        connection.register("asked", pa.table({"kind": [key[0] for key in keys], "event_id": [key[1] for key in keys]}))
        found = store.ids.holding(connection, files, "FROM asked")
    return {path.split("/kind=")[1].split("/")[0] for path in files if file_name(path) in found}


def write(store: Store) -> None:
    """Write the digests of all of the log's files."""
    with connect() as connection:
        store.ids.write(connection, store.log.snapshot().files)


def test_only_the_file_that_has_an_event_is_looked_into(store: Store) -> None:
    """Of events that are new no file, of a repeated one its own; the same id of another kind is another event."""
    write(store)
    assert len(list((store.folder / "ids").iterdir())) == len(store.log.snapshot().files) == 3
    assert holding(store, ("page_view", "c"), ("add_to_cart", "a")) == set()
    assert holding(store, ("search", "a"), ("page_view", "c")) == {"search"}
    assert holding(store, ("page_view", "a")) == {"page_view"}


def test_a_file_without_digests_is_looked_into(store: Store) -> None:
    """What the last commit wrote has none yet."""
    assert holding(store, ("page_view", "c")) == {"page_view"}
    drained(store, [("page_view", "b"), ("page_view", "c")])
    assert logged(store) == [("page_view", "a"), ("page_view", "b"), ("page_view", "c"), ("search", "a")]


def test_a_digest_decides_nothing(store: Store) -> None:
    """An event whose digest is another's comes into the log all the same."""
    write(store)
    (own,) = [path for path in store.log.snapshot().files if "search" in path]
    (forged,) = (store.folder / "ids").glob(f"{file_name(own)}*")
    digests = duckdb.sql("SELECT unnest([hash('search', 'a'), hash('search', 'c')]) ORDER BY 1").fetchall()
    forged.write_bytes(forged.read_bytes()[:8] + b"".join(n.to_bytes(8, "little") for n in (2, *(n for (n,) in digests))))
    assert holding(store, ("search", "c")) == {"search"}
    drained(store, [("search", "c")])
    assert ("search", "c") in logged(store)


def _torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10])


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [_torn, _cut, _emptied, Path.unlink])
def test_damaged_digests_cost_time_and_nothing_else(store: Store, damage: Callable[[Path], None]) -> None:
    """Every file is looked into then, by readers and by the writer, and a repeated event is found."""
    write(store)
    for path in (store.folder / "ids").iterdir():
        damage(path)
    store.inbox.put([sent([("page_view", "a"), ("page_view", "d")])])
    expected = [("page_view", "a"), ("page_view", "b"), ("page_view", "d"), ("search", "a")]
    assert logged(store) == expected
    store.drain()
    assert logged(store) == expected


def test_a_folder_that_cannot_be_written_holds_nothing_up(store: Store) -> None:
    """The digests are a convenience."""
    shutil.rmtree(store.folder / "ids")
    (store.folder / "ids").write_text("in the way", encoding="utf-8")
    drained(store, [("page_view", "a"), ("page_view", "d")])
    assert ("page_view", "d") in logged(store)


def test_digests_of_files_that_are_gone_are_deleted(store: Store) -> None:
    """Compaction puts files together: the digests are of what is there now, and nothing else lies about."""
    write(store)
    (first, *_others) = (store.folder / "ids").iterdir()
    first.rename(f"{first}.writing")
    (store.folder / "ids" / f"{first.name.removesuffix(duckdb.__version__)}0.1").write_bytes(b"another version's")
    table = store.log.snapshot().table
    assert table is not None
    table.optimize.compact()
    write(store)
    names = {path.name.removesuffix(f"-sorted-{duckdb.__version__}") for path in (store.folder / "ids").iterdir()}
    assert names == {file_name(path) for path in store.log.snapshot().files}
    store.ids.clear()
    assert not list((store.folder / "ids").iterdir())


keys = st.tuples(st.sampled_from(["page_view", "search"]), st.sampled_from("abcdefgh"))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.tuples(st.lists(keys, max_size=5), st.booleans()), max_size=5))
def test_each_event_is_kept_once(batches: list[tuple[list[Key], bool]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever comes again, in the same body, a later one, or after the digests were deleted, stands in the log once."""
    store = Store(tmp_path_factory.mktemp("shop"))
    for batch, is_cleared in batches:
        if is_cleared:
            store.ids.clear()
        drained(store, batch)
    assert logged(store) == sorted({key for batch, _ in batches for key in batch})
    store.close()
