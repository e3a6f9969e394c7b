"""Tables in PostgreSQL: what is wrong in them is named, and so are mistakes of the mapping, the address and the password."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pytest

from counterclick.errors import ConfigError, EngineError
from counterclick.shop import open_shop
from counterclick.shop.warehouse.checking import check_facts
from counterclick.shop.warehouse.connecting import connected
from counterclick.shop.warehouse.mapping import mapped
from foreign_shop import VARIABLE, connect
from postgres_server import Server
from shell import Shell
from warehouse_tables import PLANTED, TABLES, TOML, Planted, mapping

pytestmark = pytest.mark.postgres


@pytest.fixture
def schema(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """A schema with the small shop's tables, dropped afterwards."""
    name = f"s{abs(hash(request.node.name)) % 10**9}"
    with connect(server) as connection:
        connection.execute(f"CREATE SCHEMA {name}; SET search_path = {name}; {TABLES}")
        yield name
        connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def toml(tmp_path: Path, server: Server, schema: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop.toml that maps them."""
    monkeypatch.setenv(VARIABLE, server.password)
    path = tmp_path / "shop.toml"
    engine = f'[engine]\nurl = "{server.url()}/{schema}"\npassword_env = "{VARIABLE}"\n'
    path.write_text(f'[shop]\ncurrency = "EUR"\n{engine}{TOML}', encoding="utf-8")
    return path


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: f"{one.fact}.{one.column} {one.what}")
def test_each_breach_is_named(server: Server, schema: str, planted: Planted) -> None:
    """As on any other engine."""
    with connect(server) as connection:
        connection.execute(f"SET search_path = {schema}; {planted.sql}")
    backend = connected(f"{server.url()}/{schema}", server.password, VARIABLE)
    found = check_facts("postgres", mapped(backend, mapping().facts), "EUR", has_rates=False).breaches
    backend.disconnect()
    own = [one for one in found if (one.fact, one.what) == (planted.fact, planted.what)]
    assert [(one.column, one.n, one.example) for one in own] == [(planted.column, planted.n, planted.example)]


def test_the_command_says_what_is_wrong(toml: Path, server: Server, schema: str, shell: Shell) -> None:
    """It exits with 0 where all holds, with 2 where not."""
    place = ("--shop", str(toml))
    assert shell.json("facts", "check", *place)["breaches"] == []
    with connect(server) as connection:
        connection.execute(f"UPDATE {schema}.sales SET net_cents = -1 WHERE id = 3")
    (breach,) = json.loads(shell("facts", "check", "--json", *place, code=2))["breaches"]
    assert (breach["fact"], breach["column"], breach["n"], breach["example"]) == ("orders", "revenue", 1, "order_id=3")


def test_a_shop_without_a_log_is_measured(toml: Path) -> None:
    """Amounts in cents, times of Berlin: revenue, and net revenue after the one return that belongs to an order."""
    with open_shop(toml) as shop:
        assert shop.metric("revenue").values[0].value == pytest.approx(30 + 45.5 + 9.99)
        assert shop.metric("net_revenue").values[0].value == pytest.approx(20 + 45.5 + 9.99)
        (told,) = [row for row in shop.facts.returns.to_pyarrow().to_pylist() if row["refund_id"] == "r1"]
        assert told["refunded_at"].isoformat() == "2026-03-05T08:30:00+00:00"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"sales"', '"sale"', "table = 'sale' cannot be read.*does not exist"),
        ('"placed"', '"placd"', r"columns.ordered_at = 'placd' cannot be computed.*Did you mean 'placed'\? sales has: id"),
    ],
)
def test_wrong_tables_and_columns_are_named(toml: Path, old: str, new: str, says: str) -> None:
    """With what would be right."""
    toml.write_text(toml.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with open_shop(toml) as shop, pytest.raises(ConfigError, match=says):
        shop.facts_check()


def test_a_wrong_password_is_never_told(server: Server) -> None:
    """The message names the variable, and not what it holds."""
    with pytest.raises(EngineError, match=f"environment variable {VARIABLE}, which is set") as told:
        connected(server.url(), "hunter2hunter2", VARIABLE)
    assert "authentication failed" in str(told.value)
    assert "hunter2" not in str(told.value)
    with pytest.raises(EngineError, match="which is not set"):
        connected(server.url(), None, VARIABLE)


def test_an_address_where_nobody_answers(server: Server) -> None:
    """Is said at once."""
    with pytest.raises(EngineError, match=r"nobody answers at 127\.0\.0\.1:1"):
        connected(server.url().replace(str(server.port), "1"), None, VARIABLE)


def test_the_users_sessions_are_utc(server: Server) -> None:
    """Though the server's own zone is another."""
    backend: Any = connected(server.url(), server.password, VARIABLE)
    assert backend.sql("SELECT current_setting('TimeZone') AS zone").to_pyarrow()["zone"].to_pylist() == ["UTC"]
    assert isinstance(backend, ibis.backends.postgres.Backend)
    backend.disconnect()
