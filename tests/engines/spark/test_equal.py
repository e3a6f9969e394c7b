"""On a Spark cluster every number is what it is on DuckDB: facts, metrics, moments, audits, plans and verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from ibis import _

from compared import differences, table_differences
from counterclick.display import plain
from counterclick.facts.rows import all_rows, one_row, row_count
from counterclick.metrics import METRICS, Sources, weekly
from data_folder import ROOT, data_file
from spark_cluster import Cluster
from two_engines import FACTS, Both, fact, moments, recorded, simulated

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),  # pyspark's
]
RATIOS = [metric for metric in METRICS.values() if metric.denominator is not None]


@pytest.fixture(scope="module")
def both(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The simulated shop, audited by DuckDB first: looks are taken then, and both see them."""
    found = simulated(tmp_path_factory.mktemp("simulated"), cluster.toml())
    found.duckdb.audit()
    found.duckdb.refresh()
    yield found
    found.other.close()
    found.duckdb.close()


@pytest.fixture(scope="module")
def retail(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """One real store's year, whole."""
    file = data_file("online_retail", "online_retail.parquet")
    toml = (ROOT / "examples" / "online_retail" / "shop.toml").read_text(encoding="utf-8")
    found = recorded(tmp_path_factory.mktemp("retail"), toml, file, cluster.toml())
    yield found
    found.other.close()
    found.duckdb.close()


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_is_the_same(both: Both, name: str) -> None:
    """Row by row, each column: amounts and moments exactly, fractions to 1e-9."""
    ours, theirs = (fact(shop, name) for shop in (both.duckdb, both.other))
    assert row_count(ours), "there is something to compare"
    assert table_differences(ours, theirs) == []


def test_the_engine_is_spark(both: Both) -> None:
    """What was compared was computed there; DuckDB keeps the books."""
    from counterclick.shop.engines.spark import SparkEngine  # noqa: PLC0415 - only where there is Spark

    assert isinstance(both.other.reading.engine, SparkEngine)
    assert both.other.facts.orders.get_backend().name == "pyspark"
    assert both.other.store.inbox.count()


def test_every_metric_is_the_same(both: Both) -> None:
    """Of the whole shop, each week, and by surface."""
    for shop in (both.duckdb, both.other):
        shop.reading.as_of()
    for name in METRICS:
        ours, theirs = (plain(shop.metric(name)) for shop in (both.duckdb, both.other))
        assert differences(ours, theirs) == []
    for name in ("ctr", "revenue_per_visitor"):
        ours, theirs = (plain(shop.metric(name, "surface")) for shop in (both.duckdb, both.other))
        assert ours["values"]
        assert differences(ours, theirs) == []
    ours, theirs = (
        plain(weekly(Sources(shop.facts, shop.rule), RATIOS, timezone="Europe/Berlin")) for shop in (both.duckdb, both.other)
    )
    assert len(ours) > len(RATIOS)
    assert differences(ours, theirs) == []


@pytest.mark.parametrize("name", ["cart-bundles", "email-blocks"])
def test_the_moments_of_every_experiment_are_the_same(both: Both, name: str) -> None:
    """Sums and cross products of all metrics by arm, day and traits; every buyer's amount; what joins and what does not."""
    ours, theirs = (moments(shop.experiment(name)) for shop in (both.duckdb, both.other))
    assert differences(ours, theirs) == []


def test_plans_verdicts_and_the_audit_are_the_same(both: Both) -> None:
    """Through the front door: what a user reads."""
    for verb in (
        lambda shop: shop.plans(),
        lambda shop: shop.experiment("cart-bundles").verdict(),
        lambda shop: shop.experiment("cart-bundles").result(["return_rate"]),
        lambda shop: shop.audit(),
    ):
        ours, theirs = (verb(shop) for shop in (both.duckdb, both.other))
        assert differences(plain(ours), plain(theirs)) == []
        assert str(ours) == str(theirs)


def test_the_past_is_the_same(both: Both) -> None:
    """A reading of what had happened by a day; looks are asked of the embedded database alone."""
    until = datetime(2026, 1, 22, tzinfo=UTC)
    past = [shop._past(until) for shop in (both.duckdb, both.other)]
    assert table_differences(*(reading.facts.events.filter(_.kind != "look_taken") for reading in past)) == []
    assert table_differences(*(reading.facts.orders for reading in past)) == []


@pytest.mark.parametrize("name", ["order_lines", "orders", "returns", "line_returns", "kept_lines"])
def test_a_real_stores_facts_are_the_same(retail: Both, name: str) -> None:
    """Online Retail: half a million lines, returns that name no order, customers without a visit."""
    ours, theirs = (fact(shop, name) for shop in (retail.duckdb, retail.other))
    assert row_count(ours) > 4_000
    assert table_differences(ours, theirs) == []


def test_a_real_stores_metrics_are_the_same(retail: Both) -> None:
    """Month by month."""
    for name in ("revenue", "net_revenue", "returned_value", "orders", "aov", "units_per_order", "return_rate"):
        ours, theirs = (plain(shop.metric(name, "month")) for shop in (retail.duckdb, retail.other))
        assert len(ours["values"]) == 13
        assert differences(ours, theirs) == []


def test_nothing_is_counted_as_none_and_zero_divides_to_nothing(both: Both) -> None:
    """Where no row is there, 0 of them; where zero divides, no number, and no query that stops."""
    table = both.other.reading.engine.load(pa.table({"a": [1.0, 2.0], "b": [0.0, 4.0]}), "halves")
    found = one_row(table.filter(table.a > 5).agg(n=_.count(where=_.b > 0)))
    assert found == {"n": 0}
    assert [row["c"] for row in all_rows(table.select("a", c=table.a / table.b).order_by("a"))] == [None, 0.5]
