"""Tables that are worked out ahead, beside whoever asks for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date

import duckdb
import pytest

from counterclick.shop.ahead import Ahead
from counterclick.store.kept import Kept

_PATIENCE = 30.0


def _kept(name: str, sql: str, *inputs: str) -> Kept:
    return Kept(name, name, sql, ("visitor_id",), inputs, date(2026, 1, 5))


CHAIN = (
    _kept("visits", "SELECT range AS visitor_id FROM range(10)"),
    _kept("buyers", "FROM visits WHERE visitor_id % 2 = 0", "visits"),
    _kept("regulars", "FROM buyers JOIN told USING (visitor_id)", "buyers", "told"),
)


def _make(connection: duckdb.DuckDBPyConnection, table: Kept) -> None:
    connection.execute(f"CREATE TABLE {table.name} AS {table.sql}")


def _begun(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Kept] = CHAIN,
    make: Callable[[duckdb.DuckDBPyConnection, Kept], None] = _make,
) -> Ahead:
    return Ahead(connection, tables, set(), make)


def _wait() -> None:
    for thread in threading.enumerate():
        if thread.name == "ahead":
            thread.join(_PATIENCE)


def test_each_table_is_made_once_whoever_claims_it_first() -> None:
    """A reading that asks for all tables in turn, beside the thread, finds every one, and none was made twice."""
    connection, made = duckdb.connect(), list[str]()

    def make(over: duckdb.DuckDBPyConnection, table: Kept) -> None:
        _make(over, table)  # a second time would fail
        made.append(table.name)

    ahead = _begun(connection, make=make)
    for table in CHAIN[:2]:
        if ahead.claim(table.name):
            make(connection, table)
            ahead.made(table.name)
    connection.execute("CREATE TABLE told AS SELECT 4 AS visitor_id")
    ahead.made("told")
    if ahead.claim("regulars"):
        make(connection, CHAIN[2])
    ahead.close()
    assert sorted(made) == ["buyers", "regulars", "visits"]
    assert connection.execute("FROM regulars").fetchall() == [(4,)]


def test_a_table_waits_for_no_input_in_a_thread() -> None:
    """While an input is missing no thread waits: a reading that is dropped leaves none behind."""
    ahead = _begun(duckdb.connect(), CHAIN[1:])
    ahead.made("visits_of_another_name")
    _wait()
    assert not any(thread.name == "ahead" for thread in threading.enumerate())
    assert ahead.claim("buyers")


def test_what_fails_ahead_is_the_askers() -> None:
    """A table that cannot be made ahead is claimed by whoever asks for it, and fails there in its own words."""
    connection = duckdb.connect()
    broken = _kept("broken", "SELECT no_such_column FROM nothing")
    ahead = _begun(connection, [broken])
    assert ahead.claim("broken")
    with pytest.raises(duckdb.CatalogException):
        _make(connection, broken)
    ahead.close()


def test_a_table_that_nobody_planned_is_the_askers() -> None:
    """What was not stored by the last reading is made by the one that needs it."""
    ahead = _begun(duckdb.connect())
    assert ahead.claim("new_this_time")
    ahead.close()


def test_closing_leaves_what_is_left() -> None:
    """Closed, it makes nothing more, and every table that is not there belongs to whoever asks."""
    connection = duckdb.connect()
    ahead = _begun(connection)
    ahead.close()
    ahead.made("told")
    assert ahead.claim("regulars")
    assert not any(thread.name == "ahead" for thread in threading.enumerate())


def test_times_are_utc_there_as_well() -> None:
    """A wall clock made over the second connection is that of UTC, wherever the machine stands."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    ahead = _begun(connection, [_kept("clock", "SELECT current_setting('TimeZone') AS visitor_id")])
    _wait()
    assert not ahead.claim("clock")
    assert connection.execute("FROM clock").fetchall() == [("UTC",)]
