"""The SQL of verbs on every engine: all of it is compiled and parsed back; what an engine cannot express is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import ibis
import pytest
import sqlglot

from counterclick.errors import ConfigError, EngineError, UnknownNameError
from counterclick.facts.rows import row_count
from counterclick.metrics import METRICS
from counterclick.shop import Shop
from counterclick.shop.engines.dialects import ENGINES, compiled
from counterclick.shop.hearing import Hearing
from counterclick.shop.queries import FACTS, heard_of, told
from data_folder import ROOT
from shell import Shell
from two_engines import simulated

UNSUPPORTED: dict[str, set[str]] = {engine: set() for engine in ENGINES}
"""engine -> queries that it cannot express; `docs/engines.md` lists them."""
VERBS = (("facts", None), ("metrics", None), ("experiment", "cart-bundles"), ("claims", None))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The simulated shop, with all that is seldom."""
    both = simulated(tmp_path_factory.mktemp("explained"), "")
    both.other.store.close()
    yield both.duckdb
    both.duckdb.close()


@pytest.fixture(scope="module")
def heard(shop: Shop) -> Hearing:
    """What the verbs ask, each question once."""
    every = [heard_of(shop, verb, name) for verb, name in VERBS]
    places = {place: name for each in every for place, name in each.places.items()}
    return Hearing({query.expr.op(): query for each in every for query in each.queries.values()}, places)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_query_is_said_in_every_engines_words(heard: Hearing, engine: str) -> None:
    """Facts, metrics, moments, claims and credits: compiled, and parsed back as the engine's own SQL."""
    found = told(heard, engine)
    assert len(found) > 80
    assert {query.name for query in found if query.refused} == UNSUPPORTED[engine]
    for query in found:
        if not query.refused:
            assert sqlglot.parse_one(query.sql, dialect=engine).find(sqlglot.exp.Select) is not None


def test_the_page_lists_what_is_not_supported() -> None:
    """Engine by engine; where nothing is listed, everything can be said."""
    page = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
    for engine, names in UNSUPPORTED.items():
        assert f"| {engine} | {', '.join(sorted(names)) or 'nothing'} |" in page


def test_what_is_shown_is_what_is_asked(shop: Shop) -> None:
    """Run by hand over the events, the queries of all facts make the shop's tables: as many rows, and the same revenue."""
    shown = shop.queries("facts").queries
    assert {query.name for query in shown} >= {"refunds", *FACTS} - {"events", "returns"}
    by_hand = duckdb.connect()
    by_hand.execute("SET TimeZone = 'UTC'")
    rows = shop.reading.connection.execute("FROM events").to_arrow_table()
    by_hand.register("events", rows)
    by_hand.register("rates", shop.reading.connection.execute("FROM rates").to_arrow_table())
    for query in shown:
        if query.name != "events":
            by_hand.execute(f'CREATE TABLE "{query.name}" AS {query.sql}')
    for name in ("orders", "order_lines", "sessions", "interactions", "carts", "tool_claims"):
        table = getattr(shop.facts, name)
        assert row_count(table)
        assert by_hand.execute(f'SELECT count(*) FROM "{name}"').fetchone() == (row_count(table),)
    revenue = shop.facts.orders.revenue.sum().to_pyarrow().as_py()
    assert by_hand.execute("SELECT sum(revenue) FROM orders").fetchone() == (revenue,)


def test_metrics_are_named(shop: Shop) -> None:
    """Every metric's query has its name."""
    assert {*METRICS} <= {query.name for query in shop.queries("metrics").queries}


def test_what_an_engine_cannot_express_is_told() -> None:
    """A join that no fact makes: Spark has none such."""
    table = ibis.table({"a": "int64", "at": "timestamp"}, name="t")
    with pytest.raises(EngineError, match=r"spark cannot express it: ASOF joins are not supported"):
        compiled(table.asof_join(table.view(), "at"), "spark")


def test_what_cannot_be_explained(shop: Shop) -> None:
    """The message says what can."""
    with pytest.raises(UnknownNameError, match="Did you mean 'audit'"):
        shop.queries("audits")
    with pytest.raises(UnknownNameError, match="Did you mean 'snowflake'"):
        shop.queries("facts", engine="snow-flake")
    with pytest.raises(ConfigError, match="name the experiment: `counterclick explain verdict EXPERIMENT`"):
        shop.queries("verdict")
    with pytest.raises(ConfigError, match="no experiment is named here"):
        shop.queries("audit", "cart-bundles")


def test_the_command_prints_sql(shell: Shell, shop: Shop) -> None:
    """Of the engine that is asked for; each query under its name."""
    file = str(Path(shop.folder) / "shop.toml")
    text = shell("explain", "facts", "--engine", "bigquery", "--shop", file)
    assert "Queries of facts on bigquery" in text
    assert "-- order_lines: a table\nSELECT" in text
    assert "UNNEST" in text
