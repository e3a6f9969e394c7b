"""Through a Spark Connect server numbers are what they are on DuckDB; one that is gone, or never was, is told in words."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import spark_cluster
from builders import MONDAY, later, purchase, refund
from compared import differences, table_differences
from counterclick.config import load
from counterclick.display import plain
from counterclick.errors import EngineError
from counterclick.facts.rows import all_rows, row_count
from counterclick.shop import Shop, open_shop
from spark_cluster import Cluster
from two_engines import FACTS, Both, fact, moments, simulated

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server that computes in its own process."""
    if spark_cluster.JAVA is None:
        pytest.skip("there is no Java here, which Spark needs: apt-get install openjdk-17-jre-headless")
    with spark_cluster.connected(tmp_path_factory.mktemp("servers") / "one") as found:
        yield found


@pytest.fixture(scope="module")
def both(server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The simulated shop, audited by DuckDB first: looks are taken then, and both see them."""
    found = simulated(tmp_path_factory.mktemp("simulated"), server.toml())
    found.duckdb.audit()
    found.duckdb.refresh()
    yield found
    found.other.close()
    found.duckdb.close()


def opened(folder: Path, toml: str) -> Shop:
    (folder / "shop.toml").write_text(toml, encoding="utf-8")
    shop = open_shop(folder / "shop.toml")
    shop.record([purchase("v1", 10)])
    return shop


def refusal(shop: Shop) -> str:
    with pytest.raises(EngineError) as refused:
        shop.metric("revenue")
    return str(refused.value)


def test_every_fact_is_the_same(both: Both) -> None:
    """Row by row, each column, computed by the server: amounts and moments exactly, fractions to 1e-9."""
    for name in FACTS:
        ours, theirs = (fact(shop, name) for shop in (both.duckdb, both.other))
        assert row_count(ours), "there is something to compare"
        assert table_differences(ours, theirs) == [], name
    assert type(both.other.reading.engine._session).__module__ == "pyspark.sql.connect.session"


def test_metrics_and_moments_are_the_same(both: Both) -> None:
    """Of the whole shop and by surface; sums and cross products of an experiment by arm, day and traits."""
    for verb in (
        lambda shop: plain(shop.metric("ctr", "surface")),
        lambda shop: plain(shop.metric("return_rate", "month")),
        lambda shop: moments(shop.experiment("cart-bundles")),
    ):
        ours, theirs = (verb(shop) for shop in (both.duckdb, both.other))
        assert differences(ours, theirs) == []


def test_the_audit_is_the_same(both: Both) -> None:
    """Through the front door, with every experiment's verdict: what a user reads."""
    ours, theirs = (shop.audit() for shop in (both.duckdb, both.other))
    assert differences(plain(ours), plain(theirs)) == []
    assert str(ours) == str(theirs)


def test_a_session_is_forgotten_with_its_reading(server: Cluster, tmp_path: Path) -> None:
    """What a reading gave the server is let go when nobody holds the reading, and its files are deleted."""
    shop = opened(tmp_path, server.toml())
    assert row_count(shop.facts.events) == 1
    session = shop.reading.engine._session
    folders = list((shop.store.folder / "engine").iterdir())
    assert folders
    shop.drop()
    shop.close()
    gc.collect()
    assert session.is_stopped
    assert not any(folder.exists() for folder in folders)


def test_facts_are_kept_up_there_as_well(server: Cluster, tmp_path: Path) -> None:
    """A refund changes its order, and the orders that were stored are not computed again."""
    (tmp_path / "shop.toml").write_text(server.toml(), encoding="utf-8")
    shop = Shop(load(tmp_path / "shop.toml"), tmp_path, keep_after=0.0)
    shop.record([purchase(f"v{n}", 10 + n, order=f"o{n}") for n in range(10)])
    shop.store.drain()
    shop.refresh()
    assert row_count(shop.facts.orders) == 10
    shop.refresh()
    shop.record([refund("o3", later(MONDAY, hours=9), amount=2)])
    back = all_rows(shop.facts.orders.select("order_id", "returned_value").order_by("order_id"))
    assert {row["order_id"]: row["returned_value"] for row in back if row["returned_value"]} == {"o3": 2}
    assert len(back) == 10
    upkeep = shop.reading.engine._upkeep
    assert [kept.label for kept in upkeep._known.values() if (upkeep._scratch / kept.name).exists()] == []
    shop.drop()
    shop.close()


def test_a_server_that_was_stopped_is_told(tmp_path: Path) -> None:
    """Within seconds, by who asks it the next question, and by who begins to read after that."""
    with spark_cluster.connected(tmp_path / "server") as server:
        shop = opened(tmp_path, server.toml())
        assert row_count(shop.facts.events) == 1
    says = [refusal(shop)]
    shop.refresh()
    says.append(refusal(shop))
    shop.close()
    assert "answers no more: failed to connect" in says[0]
    assert f"nobody answers at {server.url.removeprefix('sc://')}" in says[1]
    assert "Start Spark's Connect server there" in says[1]


def test_a_server_of_another_kind_is_told(tmp_path: Path, cluster: Cluster) -> None:
    """A cluster's master answers at its port, and in other words: told within seconds, where Spark would try for minutes."""
    shop = opened(tmp_path, f'[engine]\nurl = "{cluster.url.replace("spark://", "sc://")}"\n')
    assert "cannot be used: failed to connect" in refusal(shop)
    shop.close()


@pytest.mark.parametrize("name", ["spark.executor.memory", "spark.sql.warehouse.dir", "spark.hadoop.fs.s3a.access.key"])
def test_what_only_the_server_may_set_is_refused(server: Cluster, tmp_path: Path, name: str) -> None:
    """By its name, and where to set it instead: a setting that has no effect would be believed to have one."""
    shop = opened(tmp_path, f'[engine]\nurl = "{server.url}"\nsettings = {{ "{name}" = "1g" }}\n')
    assert refusal(shop).startswith(f"{name} in [engine] settings cannot be set by who asks")
    shop.close()


def test_a_client_that_lacks_a_part_is_told(server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which, and how to get it."""
    for name in [name for name in sys.modules if name.startswith("pyspark.sql.connect.session")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark.sql.connect.client.retries", None)
    shop = opened(tmp_path, server.toml())
    assert "needs more of pyspark: `pip install 'counterclick[spark]'`" in refusal(shop)
    shop.close()
