"""The contract of mapped facts, on DuckDB as the warehouse: what is sound is clean, and each thing wrong is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pytest

from counterclick.audits.contract import FactsCheck
from counterclick.config import parse
from counterclick.errors import ConfigError
from counterclick.shop import open_shop
from counterclick.shop.warehouse.checking import check_facts
from counterclick.shop.warehouse.mapping import mapped
from warehouse_tables import ENGINE, PLANTED, TABLES, TOML, Planted, mapping


@pytest.fixture
def warehouse() -> Iterator[Any]:
    """A DuckDB with the tables."""
    backend = ibis.duckdb.connect()
    backend.con.execute("SET TimeZone = 'UTC'")
    backend.con.execute(TABLES)
    yield backend
    backend.disconnect()


def checked(backend: Any, currency: str = "EUR", *, has_rates: bool = False) -> FactsCheck:
    return check_facts("duckdb", mapped(backend, mapping(currency).facts), currency, has_rates=has_rates)


def test_sound_tables_are_clean(warehouse: Any) -> None:
    """Nothing is found, the rows of each fact are counted, and what is not mapped is said."""
    found = checked(warehouse)
    assert found.breaches == ()
    assert [(one.name, one.n) for one in found.facts] == [
        ("orders", 3),
        ("order_lines", 4),
        ("returns", 2),
        ("exposures", 2),
        ("views", 2),
    ]
    assert "tool_claims" in found.missing
    assert "are as the contract says" in " ".join(str(found).split())


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: f"{one.fact}.{one.column} {one.what}")
def test_each_breach_is_named(warehouse: Any, planted: Planted) -> None:
    """By fact and column, with the rows and one of their keys; and no other breach of that kind is claimed there."""
    warehouse.con.execute(planted.sql)
    found = [one for one in checked(warehouse).breaches if (one.fact, one.what) == (planted.fact, planted.what)]
    assert [(one.column, one.n, one.example) for one in found] == [(planted.column, planted.n, planted.example)]
    assert found[0].says


def test_other_currencies_need_rates(warehouse: Any) -> None:
    """A shop in dollars cannot take amounts in euros, unless it names rates."""
    assert {(one.fact, one.column, one.n) for one in checked(warehouse, "USD").breaches} == {
        ("orders", "currency", 3),
        ("returns", "currency", 2),
    }
    assert checked(warehouse, "USD", has_rates=True).is_clean


def test_a_wrong_type_hides_nothing_else(warehouse: Any) -> None:
    """Where a price cannot be read, lines without an order are still found, and nothing fails."""
    warehouse.con.execute("ALTER TABLE sale_rows ALTER COLUMN each_cents TYPE text")
    warehouse.con.execute("UPDATE sale_rows SET each_cents = 'many', sale = 90 WHERE sale = 3")
    assert {(one.column, one.what) for one in checked(warehouse).breaches} == {
        ("unit_price", "type"),
        ("order_id", "reference"),
    }


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"sales"', '"sale"', r"\[facts.orders\]: table = 'sale' cannot be read"),
        ('"placed"', '"placd"', r"columns.ordered_at = 'placd' cannot be computed.*Did you mean 'placed'\? sales has: id"),
        ("facts.views", "facts.vews", "vews.* is no fact. Did you mean 'views'"),
        ('order_id = "id"', 'ordr_id = "id"', r"has no column 'ordr_id'. Did you mean 'order_id'"),
        ('order_id = "id", ', "", "does not map order_id, which every row of it has"),
    ],
)
def test_mistakes_of_a_mapping_are_named(warehouse: Any, old: str, new: str, says: str) -> None:
    """With what would be right."""
    assert old in TOML
    with pytest.raises(ConfigError, match=says):
        mapped(warehouse, parse(ENGINE + TOML.replace(old, new, 1)).facts)


def test_parts_need_their_owners(warehouse: Any) -> None:
    """Lines of orders mean nothing without the orders."""
    alone = TOML[TOML.index("[facts.order_lines]") :]
    with pytest.raises(ConfigError, match=r"are parts of orders: map \[facts.orders\] too"):
        mapped(warehouse, parse(ENGINE + alone).facts)


def test_a_file_of_duckdb_is_a_warehouse(tmp_path: Path) -> None:
    """It is read and not written: a shop is measured on its tables, and nothing of theirs is changed."""
    with duckdb.connect(str(tmp_path / "sales.duckdb")) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(TABLES)
    before = (tmp_path / "sales.duckdb").read_bytes()
    toml = tmp_path / "shop.toml"
    toml.write_text(f'[engine]\nurl = "duckdb://{tmp_path}/sales.duckdb"\n{TOML}', encoding="utf-8")
    with open_shop(toml) as shop:
        assert shop.facts_check().is_clean
        assert shop.metric("net_revenue").values[0].value == pytest.approx(20 + 45.5 + 9.99)
    assert (tmp_path / "sales.duckdb").read_bytes() == before
