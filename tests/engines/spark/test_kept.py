"""Facts that are kept up on Spark say what facts computed from nothing say; whom nothing touches is not computed again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import MONDAY, Event, add, answer, click, exposure, identify, later, line, product, purchase, refund, view
from compared import differences, table_differences
from counterclick.config import load
from counterclick.display import plain
from counterclick.shop import Shop
from counterclick.shop.engines.spark_upkeep import SparkUpkeep
from counterclick.shop.person import Person
from spark_cluster import Cluster
from two_engines import FACTS, fact, known, simulated

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),  # pyspark's
]
ALWAYS, NEVER = 0.0, 1e9
"""Seconds, above which what was computed is stored."""
SMALL = ("identities", "orders", "returns", "sessions", "carts", "interactions")
PROCESS = """
import json, sys
from pathlib import Path
from counterclick.config import load
from counterclick.shop import Shop

folder = Path(sys.argv[1])
shop = Shop(load(folder / "local.toml"), folder, keep_after=1e9)
verdict = str(shop.experiment("cart-bundles").verdict())
upkeep = shop.reading.engine._upkeep
anew = [kept.label for kept in upkeep._known.values() if kept.by and (upkeep._scratch / kept.name).exists()]
print(json.dumps({"anew": anew, "n": len(upkeep._known), "verdict": verdict}))
"""


def opened(folder: Path, toml: str = "other.toml", after: float = ALWAYS) -> Shop:
    return Shop(load(folder / toml), folder, keep_after=after)


def upkeep(shop: Shop) -> SparkUpkeep:
    found: SparkUpkeep = shop.reading.engine._upkeep
    return found


def anew(shop: Shop, *, by: bool = True) -> set[str]:
    """Return which tables, that say whose their rows are, or of all, were computed over all events."""
    found = upkeep(shop)
    return {one.label for one in found._known.values() if (one.by or not by) and (found._scratch / one.name).exists()}


def from_nothing(shop: Shop) -> Shop:
    """Return the same shop on the embedded engine, which takes nothing that was stored."""
    for path in (shop.store.folder / "facts").glob("*"):
        path.unlink()
    return opened(shop.folder, "shop.toml", NEVER)


def check(shop: Shop, names: tuple[str, ...]) -> None:
    other = from_nothing(shop)
    for name in names:
        assert table_differences(fact(other, name), fact(shop, name)) == [], name
    other.drop()
    other.close()


def happened(visitors: list[str], orders: list[str]) -> list[Event]:
    """Return what befalls who is known already: late events, a refund, an identity link; and who is new."""
    at = "2026-01-21T09:30:00"
    return [
        click(visitors[0], at="2026-01-15T08:00"),
        answer(visitors[1], "p1", at="2026-01-14T08:00"),
        refund(orders[0], "2026-02-01T00:00", amount=2),
        identify(visitors[2], "zoe", "2026-01-16T08:00"),
        identify(visitors[3], "zoe", "2026-01-17T08:00"),
        purchase(None, 80, at, order="zoes", customer_id="zoe", lines=[line("p1", 2, "40")]),
        purchase("somebody new", 12, at, order="new", lines=[line("p2", 1, "12")]),
        add(visitors[4], at=at),
        exposure("somebody new", "bundles", "2026-01-20T09:30:00", experiment="cart-bundles"),
        refund(None, "2026-02-01T00:00", amount=4, customer_id="zoe"),
    ]


def test_what_is_kept_up_is_what_is_computed_from_nothing(cluster: Cluster, tmp_path: Path) -> None:
    """Every fact and every verdict: after events in the log and in the inbox; and a verdict, then, by another process."""
    both = simulated(tmp_path, cluster.toml())
    (tmp_path / "local.toml").write_text(
        (tmp_path / "other.toml").read_text(encoding="utf-8").replace(cluster.url, "local[1]"), encoding="utf-8"
    )
    both.duckdb.store.drain()
    both.duckdb.refresh()
    visitors, orders = known(both.duckdb)
    both.duckdb.close()

    shop = opened(tmp_path)
    for name in FACTS:
        fact(shop, name).count().to_pyarrow()
    for name in shop.config.experiments:
        shop.experiment(name).verdict()
    assert {"orders", "interactions"} < anew(shop), "nothing was stored"
    shop.refresh()

    news = happened(visitors, orders)
    shop.record(news[:-4])
    shop.store.drain()
    shop.record(news[-4:])
    assert shop.store.inbox.count()
    other = from_nothing(shop)
    ours, theirs = ({name: each.experiment(name).verdict() for name in each.config.experiments} for each in (other, shop))
    assert differences(plain(ours), plain(theirs)) == []
    assert anew(shop) == set()
    assert upkeep(shop)._part is not None
    for name in FACTS:
        assert table_differences(fact(other, name), fact(shop, name)) == [], name
    other.drop()
    other.close()

    shop.close()
    command = [sys.executable, "-c", PROCESS, str(tmp_path)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()[-1])
    assert told["anew"] == []
    assert told["n"] > 5
    assert told["verdict"] == str(theirs["cart-bundles"])


@pytest.fixture
def small(cluster: Cluster, tmp_path: Path) -> Iterator[Shop]:
    """Forty visitors, whose facts are stored."""
    toml = '[shop]\nreturns_window = "30d"\n[surfaces.chat]\n'
    (tmp_path / "shop.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "other.toml").write_text(toml + cluster.toml(), encoding="utf-8")
    shop = opened(tmp_path)
    events = [product("p1"), product("p2")]
    for n in range(40):
        who, at = f"w{n}", later(MONDAY, hours=n)
        events += [view(who, at), answer(who, "p1", at=at), add(who, at=at), identify(who, f"k{n // 2}", at)]
        events += [purchase(who, 10 + n, later(at, hours=4), order=f"o{n}", lines=[line("p1", 1, 10 + n)])]
    shop.record(events)
    shop.store.drain()
    ask(shop)
    shop.refresh()
    yield shop
    shop.drop()
    shop.close()


def ask(shop: Shop) -> None:
    for name in SMALL:
        fact(shop, name).count().to_pyarrow()


def lots(shop: Shop) -> list[Path]:
    return sorted((shop.store.folder / "engine").glob("kept-*/lot-*"))


def damaged(lot: Path, how: str) -> Path:
    """Damage something that is stored; return which file."""
    if how == "the manifest":
        path = lot.parent / "manifest.json"
        path.write_text("{", encoding="utf-8")
        return path
    table = "links" if how == "the links" else "kept_orders_"
    (place,) = [path for path in lot.iterdir() if path.name.startswith(table)]
    path = next(path for path in place.iterdir() if path.suffix == ".parquet")
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.unlink()
    if how != "a file":
        path.write_bytes(body[:-1] if how == "the end" else body)
    return path


def test_damage_is_survived(small: Shop) -> None:
    """A table that is damaged is computed anew, the others are taken; without manifest or links all are."""
    (lot,) = lots(small)
    small.record([refund("o1", later(MONDAY, hours=90))])
    for how in ("a byte", "the end", "a file", "the manifest", "the links"):
        whole = Path(shutil.copytree(lot.parent, small.folder / "whole", dirs_exist_ok=True))
        path = damaged(lot, how)
        reader = opened(small.folder, after=NEVER)
        check(reader, ("orders", "sessions"))
        assert "orders" in anew(reader), how
        assert ("sessions" in anew(reader)) == (how in ("the manifest", "the links"))
        reader.drop()
        shutil.copy(whole / path.relative_to(lot.parent), path)
    check(small, ("orders", "sessions"))
    assert anew(small) == set()


def test_another_shop_toml_is_another_table(small: Shop) -> None:
    """What depends on a setting is computed for it; what does not, is taken."""
    for name in ("other.toml", "shop.toml"):
        path = small.folder / name
        path.write_text(path.read_text(encoding="utf-8").replace("30d", "1d"), encoding="utf-8")
    other = opened(small.folder)
    check(other, SMALL)
    assert "orders" in anew(other)
    assert "sessions" not in anew(other)
    other.drop()
    other.close()


def test_a_reader_has_its_files_while_another_replaces_them(small: Shop) -> None:
    """Who began to read what is stored reads on in it, though a reading has taken its place since; one lot is left."""
    reader = opened(small.folder)
    old = lots(small)
    ask(reader)
    n = row_count(reader, "orders")
    small.record([purchase("w1", 5, later(MONDAY, hours=95), order="newer")])
    small.store.drain()
    ask(small)
    small.refresh()
    assert lots(small) != old
    assert len(lots(small)) == 1
    assert row_count(reader, "orders") == n == 40
    assert anew(reader) == set()
    reader.refresh()
    assert row_count(reader, "orders") == 41
    reader.drop()
    reader.close()


def test_it_outlasts_the_compacting_of_the_log(small: Shop) -> None:
    """What came since is told apart from what it was put together with, and all is stored again soon."""
    old = lots(small)
    small.record([purchase("w1", 5, later(MONDAY, hours=95), order="newer")])
    small.store.drain()
    compacted = small.compact()
    assert compacted.n_files < compacted.n_files_before
    check(small, ("orders", "sessions"))
    assert anew(small) == set()
    assert upkeep(small)._part is not None
    small.refresh()
    assert lots(small) != old


def row_count(shop: Shop, name: str) -> int:
    return int(fact(shop, name).count().to_pyarrow().as_py())


def test_what_is_erased_is_erased_there(small: Shop) -> None:
    """What the log no longer has stands in no table that is kept of it."""
    assert lots(small)
    small.drop()
    small.rights.forget(Person(customers=("k3",)))
    assert lots(small) == []
    check(small, ("orders", "identities"))
    assert row_count(small, "orders") == 38


def test_without_news_nothing_is_written(small: Shop) -> None:
    """A reading that computes nothing leaves what is stored as it is; so does one of the past, which takes nothing of it."""
    old = lots(small)
    ask(small)
    assert anew(small, by=False) == set()
    past = small._past(datetime(2026, 1, 5, 20, tzinfo=UTC))
    assert 0 < past.facts.orders.count().to_pyarrow().as_py() < 40
    past.close()
    small.refresh()
    assert lots(small) == old


def test_a_new_product_is_another_table(small: Shop) -> None:
    """Which products are known decides what an interaction is of: it is computed anew; what does not ask, is taken."""
    small.record([product("p9"), answer("w3", "p9", at=later(MONDAY, hours=60))])
    check(small, ("interactions", "sessions"))
    assert "interactions" in anew(small)
    assert "sessions" not in anew(small)
