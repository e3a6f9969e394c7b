"""The file of kept facts: damaged, replaced, compacted away, of another shop.toml, or not looked at at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest
from ibis.expr.operations import Node

from builders import (
    MONDAY,
    later,
    purchase,
    shown,
)
from counterclick.config import load
from counterclick.shop import Shop
from counterclick.shop.texts import Texts
from kept_shop import (
    ALWAYS,
    NEVER,
    TOML,
    begun,
    check,
    kept_files,
    others,
    own,
    record,
    shop_of,
    small_shop,
)


def spoil(shop: Shop, how: str) -> None:
    """Do to the file of kept facts what may befall it."""
    (path,) = kept_files(shop)
    content = path.read_bytes()
    if how == "deleted":
        shutil.rmtree(path.parent)
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "overwritten":
        path.write_bytes(content[:20_000] + bytes(20_000) + content[40_000:])
    elif how == "foreign":
        path.rename(path.with_name("facts-00000000.duckdb")).write_text("no database", encoding="utf-8")
    else:  # a folder that cannot be written
        shutil.rmtree(path.parent)
        path.parent.write_text("in the way", encoding="utf-8")


@pytest.mark.parametrize("how", ["deleted", "cut", "overwritten", "foreign", "in the way"])
def test_a_file_that_cannot_be_used_is_as_if_it_were_not_there(how: str) -> None:
    """The answer is computed anew, and the file is written again where it can be."""
    with small_shop() as shop:
        spoil(shop, how)
        assert shop.latest_orders().n_all == 17
        assert not begun(shop)._stored
        shop.refresh()
        shop.latest_orders()
        assert bool(begun(shop)._stored) == (how != "in the way")


def test_what_is_kept_outlasts_the_compacting_of_the_log() -> None:
    """Events that came since are told apart from those they were put together with, and the file is soon written again."""
    with shop_of(*others(), *own()) as shop:
        for hours in (20, 30):
            shop._keep_after = NEVER
            record(shop, [purchase("w30", 7, later(MONDAY, hours=hours), order=f"late{hours}")])
            record(shop, [shown("w31", "p1", at=later(MONDAY, hours=hours))], "drained")
            compacted = shop.compact()
            assert compacted.n_files < compacted.n_files_before
            old = kept_files(shop)
            assert begun(shop)._stored
            assert begun(shop)._has_part
            check(shop)
            shop.refresh()
            assert kept_files(shop) != old
            assert not begun(shop)._is_moved


def test_where_files_with_new_events_are_deleted_all_is_computed_anew() -> None:
    """What came since lies in no file of its own any more: nothing of what is kept is used."""
    with small_shop() as shop:
        shop._keep_after = NEVER
        record(shop, [purchase("v7", 5, order="new")])
        shop.compact()
        table = shop.store.log.snapshot().table
        assert table is not None
        table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
        assert shop.latest_orders().n_all == 18
        assert not begun(shop)._stored


def test_a_log_that_lost_events_is_read_anew() -> None:
    """Of a file without one of its events nobody can say which: nothing of what is kept is used."""
    with small_shop() as shop:
        table = shop.store.log.snapshot().table
        assert table is not None
        table.delete("kind = 'purchase' AND order_id = 'o1'")
        assert shop.latest_orders().n_all == 16
        assert not begun(shop)._stored


def test_another_shop_toml_has_facts_of_its_own() -> None:
    """An experiment that ends earlier has other eligible visitors, though the file knows the old ones."""
    with shop_of(*others(), *own()) as shop:
        (shop.folder / "shop.toml").write_text(TOML.replace("2026-01-18", "2026-01-05"), encoding="utf-8")
        with Shop(load(shop.folder / "shop.toml"), shop.folder, keep_after=ALWAYS) as other:
            assert begun(other)._stored
            check(other)
            assert other.experiment("test")._cohort.everyone.count().to_pyarrow().as_py() < 42
        (shop.folder / "shop.toml").write_text(TOML, encoding="utf-8")
        check(shop)


def test_two_readers_have_one_file_while_a_third_replaces_it() -> None:
    """Whoever has opened the old file reads on in it; whoever comes next reads the new one."""
    with small_shop() as shop:
        one, two = (Shop(shop.config, shop.folder, keep_after=NEVER) for _ in range(2))
        assert one.latest_orders().n_all == two.latest_orders().n_all == 17
        old = kept_files(shop)
        record(shop, [purchase("v7", 5, order="new")])
        shop.audit()
        shop.refresh()
        assert kept_files(shop) != old
        assert one.facts.returns.count().to_pyarrow().as_py() == 15
        one.refresh()
        assert one.latest_orders().n_all == 18
        one.close()
        two.close()


def test_what_was_not_asked_for_is_kept_up_all_the_same() -> None:
    """A file that one command writes still holds what another one has asked for."""
    with small_shop() as shop:
        shop.audit()
        shop.refresh()
        record(shop, [purchase("v7", 5, order="new")])
        shop.latest_orders()
        shop.refresh()
        shop.audit()
        upkeep = shop.reading._upkeep
        assert not upkeep._has_part
        assert {name for name, known in upkeep._known.items() if known.kept.is_stored} <= {*upkeep._stored}


def test_texts_that_are_taken_are_what_would_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queries of an audit are the same, letter by letter, whether their text is in the file or compiled now."""
    taken = []
    plain = Texts.text

    def compared(self: Texts, operation: Node, compiled: Callable[[], str]) -> str:
        found = plain(self, operation, compiled)
        taken.append((found, plain(Texts(""), operation, compiled), self._digest(operation) in self._stored))
        return found

    with small_shop() as shop:
        shop.audit()
        shop.refresh()
        monkeypatch.setattr(Texts, "text", compared)
        shop.audit()
    assert all(found == fresh for found, fresh, _is_stored in taken)
    assert sum(is_stored for _found, _fresh, is_stored in taken) > len(taken) / 2


def test_another_process_knows_the_tables_again() -> None:
    """What Ibis draws at random, or takes from a set, does not make another table of the same one."""
    asks = (
        "import sys; from pathlib import Path; from counterclick.config import load; from counterclick.shop import Shop\n"
        "folder = Path(sys.argv[1])\n"
        "with Shop(load(folder / 'shop.toml'), folder, keep_after=1e9) as shop:\n"
        "    shop.audit(); upkeep = shop.reading._upkeep\n"
        "    print(*(name for name, known in upkeep._known.items() if known.kept.by and name not in upkeep._stored))"
    )
    with small_shop() as shop:
        shop.audit()
        shop.close()
        for seed in ("1", "2"):
            run = [sys.executable, "-c", asks, str(shop.folder)]
            found = subprocess.run(
                run, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed}
            )
            assert not found.stdout.strip()


def test_who_asks_for_events_alone_waits_for_no_facts() -> None:
    """A count of events neither takes up what is stored nor finds out whom new events touch, nor writes anything."""
    with small_shop() as shop:
        shop.refresh()
        before = [*(shop.store.folder / "facts").iterdir()]
        record(shop, [purchase("v1", 5, order="o77")])
        assert shop.reading.one("SELECT count(*) FROM events WHERE order_id = 'o77'") == 1
        databases = "SELECT count(*) FROM duckdb_databases() WHERE NOT internal"
        assert shop.reading.one(databases) == 1
        shop.refresh()
        assert [*(shop.store.folder / "facts").iterdir()] == before
        shop.latest_orders()
        assert shop.reading.one(databases) == 2
