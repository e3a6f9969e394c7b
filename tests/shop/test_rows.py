"""Answers of tables are Arrow's, without pandas."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from counterclick.facts.rows import all_rows, floats, one_row, row_count
from counterclick.shop import open_shop
from counterclick.shop.dialect import backend_on
from counterclick.simulate import ShopTruth, simulate

KINDS = """
SELECT * FROM (VALUES
    (1, 2.5::DOUBLE, 1.25::DECIMAL(10, 2), 'a', true, DATE '2026-03-29', TIMESTAMP '2026-03-29 02:30:00.000001',
     TIMESTAMPTZ '2026-03-29 01:30:00.000001+00', [1, 2]),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, -0.0::DOUBLE, -7, 'ü', false, DATE '1969-12-31', TIMESTAMP '1900-01-01', TIMESTAMPTZ '9999-12-31 23:59:59+00', [])
) AS t (whole, number, amount, name, flag, day, wall, moment, several)
"""
AUDITS = """
import sys
from counterclick.shop import open_shop
with open_shop(sys.argv[1]) as shop:
    shop.audit()
print("pandas" in sys.modules)
"""


@pytest.fixture
def backend() -> Iterator[Backend]:
    """Ibis as the shop uses it, on an empty database."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE TABLE kinds AS {KINDS}")
    yield backend_on(connection)[0]
    connection.close()


@pytest.fixture
def kinds(backend: Backend) -> Table:
    """A row of each type that facts have, one of nulls, and one of extremes."""
    table: Table = backend.table("kinds")
    return table


def test_rows_are_those_of_arrow(kinds: Table) -> None:
    """Every type, nulls among them, and moments to the microsecond, with the zone that they have."""
    expected = kinds.order_by("whole").to_pyarrow().to_pylist()
    found = all_rows(kinds.order_by("whole"))
    assert found == expected
    assert [type(value) for row in found for value in row.values()] == [
        type(value) for row in expected for value in row.values()
    ]
    assert found[0]["wall"].tzinfo is None
    assert found[0]["moment"].utcoffset().total_seconds() == 0


def test_answers_have_the_types_that_were_asked_for(backend: Backend, kinds: Table) -> None:
    """Tables, columns, numbers and nulls are what Ibis itself makes of DuckDB's answer."""
    own = ibis.duckdb.from_connection(backend.con)
    asked = (
        kinds.mutate(small=kinds.whole.cast("int8"), none=ibis.null()).order_by("whole"),
        kinds.amount.sum(),
        kinds.order_by("whole").name,
        ibis.null(),
        kinds.filter(kinds.whole > 3).agg(most=kinds.moment.max()),
    )
    for each in asked:
        found, expected = backend.to_pyarrow(each), own.to_pyarrow(each)
        assert found.equals(expected)
        assert type(found) is type(expected)


def test_the_only_row_and_the_number_of_rows(kinds: Table) -> None:
    """One row is returned where there is one, and refused where there are more; rows are counted."""
    assert one_row(kinds.agg(n=kinds.count(), most=kinds.whole.max())) == {"n": 3, "most": 3}
    assert row_count(kinds) == 3
    with pytest.raises(ValueError, match="too many values"):
        one_row(kinds)


def test_numbers_of_a_column(kinds: Table) -> None:
    """Whole and decimal numbers become floats, nulls no number, and several pieces one array."""
    rows = kinds.order_by("whole").to_pyarrow()
    assert floats(rows["whole"]).tolist() == [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(floats(rows["amount"]), [1.25, np.nan, -7.0])
    pieces = pa.chunked_array([[1.5], [], [2.5, 3.5]], pa.float64())
    assert floats(pieces).tolist() == [1.5, 2.5, 3.5]
    assert floats(pa.chunked_array([], pa.float64())).tolist() == []


def test_an_audit_needs_no_pandas(tmp_path: Path) -> None:
    """It is asked often, and the import would be a part of its time that is felt."""
    simulated = simulate(ShopTruth(visitors=300), seed=1)
    (tmp_path / "shop.toml").write_text(simulated.config(), encoding="utf-8")
    pq.write_table(simulated.events.drop_columns(["received_at", "source"]), tmp_path / "events.parquet")
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record(tmp_path / "events.parquet")
        shop.audit()  # the first records its looks, and Arrow imports pandas for what is written
    words = [sys.executable, "-c", AUDITS, str(tmp_path / "shop.toml")]
    found = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert found.stdout.split()[-1:] == ["False"], found.stderr
