"""Base facts: what a log is as flat tables, and that these are worked out to the same facts again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb
import ibis
import pyarrow as pa
import pytest
from ibis.expr.types import Table

from counterclick.config import parse
from counterclick.errors import UnknownNameError
from counterclick.facts import Facts
from counterclick.facts.base import CONTRACT, fact_named
from counterclick.facts.local_time import to_utc
from counterclick.facts.mapped import base_tables, conformed, mapped_events, mapped_parts
from counterclick.facts.rows import all_rows
from counterclick.shop.dialect import backend_on
from counterclick.simulate import ShopTruth, simulate

FACTS = (
    "identities", "order_lines", "returns", "orders", "line_returns", "cart_moves", "carts", "placements", "kept_lines",
    "drawn_placements", "products", "visitors", "sessions", "visits", "interactions", "impressions", "shown_products",
    "tool_claims",
)  # fmt: skip


@pytest.fixture(scope="module")
def log() -> tuple[Table, tuple[str, ...]]:
    """The events of a simulated shop, and its experiments."""
    found = simulate(replace(ShopTruth(), visitors=1500), seed=3)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("told", found.events)
    connection.execute("CREATE TABLE events AS FROM told")
    backend, _texts = backend_on(connection)
    return backend.table("events"), tuple(parse(found.config()).experiments)


@pytest.fixture(scope="module")
def both(log: tuple[Table, tuple[str, ...]]) -> tuple[Facts, Facts]:
    """The facts of the log, and those of its base facts."""
    events, _experiments = log
    backend = events.get_backend()
    kept: list[Table] = []

    def keep(
        table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        del by, merges, per
        kept.append(backend.create_table(f"kept_{len(kept)}_{name}", table, temp=True))
        return kept[-1]

    tables = {
        name: conformed(backend.create_table(f"base_{name}", table), CONTRACT[name])
        for name, table in base_tables(events).items()
    }
    return Facts(events, keep=keep), Facts(mapped_events(tables), keep=keep, parts=mapped_parts(tables))


def rows(table: Table) -> list[tuple[str, ...]]:
    return sorted(tuple(map(str, row.values())) for row in all_rows(table))


@pytest.mark.parametrize("name", FACTS)
def test_base_facts_make_the_same_facts(both: tuple[Facts, Facts], name: str) -> None:
    """Row by row, exactly."""
    own, mapped = both
    assert rows(getattr(mapped, name)) == rows(getattr(own, name))


def test_base_facts_make_the_same_exposures(both: tuple[Facts, Facts], log: tuple[Table, tuple[str, ...]]) -> None:
    """Of every experiment, with what was known of its visitors; there are some."""
    own, mapped = both
    for name in log[1]:
        told = rows(own.exposures(name))
        assert told
        assert rows(mapped.exposures(name)) == told


def test_every_base_fact_of_the_log_has_rows(log: tuple[Table, tuple[str, ...]]) -> None:
    """So that the comparison above says something of each."""
    assert all(table.count().to_pyarrow().as_py() for table in base_tables(log[0]).values())


@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def test_wall_clocks_become_utc_as_python_reads_them(timezone: str) -> None:
    """Hours that come twice and hours that are left out included: the first of two, and the offset before."""
    clocks = [
        datetime(2026, month, day, hour, 30)  # noqa: DTZ001 - wall clocks
        for month, days in ((1, (1,)), (3, (8, 29)), (7, (1,)), (10, (25,)), (11, (1,)))
        for day in days
        for hour in range(24)
    ]
    table = ibis.memtable(pa.table({"clock": clocks}))
    asked = table.mutate(moment=to_utc(table.clock, timezone)).to_pyarrow().to_pylist()
    for row in asked:
        told = row["clock"].replace(tzinfo=ZoneInfo(timezone)).astimezone(ZoneInfo("UTC"))
        assert row["moment"] == told.replace(tzinfo=None)


def test_amounts_in_cents_and_missing_columns() -> None:
    """What is not mapped is null, or what the contract says; cents become amounts, exactly."""
    raw = ibis.memtable(pa.table({"refund_id": ["r"], "refunded_at": [datetime(2026, 1, 1)], "amount": [1999]}))  # noqa: DTZ001
    (row,) = all_rows(conformed(raw, fact_named("returns"), "Europe/Berlin", 0.01))
    assert (str(row["amount"]), row["is_return"], row["order_id"]) == ("19.9900", True, None)
    assert row["refunded_at"].isoformat() == "2025-12-31T23:00:00+00:00"


def test_an_unknown_fact_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(UnknownNameError, match="Did you mean 'orders'"):
        fact_named("order")
