"""The door for files: it takes the same steps as the door for bodies, which a property test holds it to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from counterclick.events.bulk import admitted_sql, columns_sql, json_lines_sql, same_rows_sql
from counterclick.events.door import Context, admit
from counterclick.events.rejection import Reason
from counterclick.store.sources import connect
from sent_events import TIME, objects

CONTEXT = Context(received_at=datetime(2026, 3, 2, tzinfo=UTC), source="test", currency="EUR", key="k")
DUCKDB = connect()


def in_files(lines: list[str]) -> list[dict[str, Any]]:
    """Return JSON lines as rows of the log, through the door for files."""
    DUCKDB.register("_test_lines", pa.table({"line": pa.array(lines, pa.string())}))
    DUCKDB.execute(f"CREATE OR REPLACE TEMP TABLE _test_parsed AS {json_lines_sql('_test_lines')}")
    return judged(DUCKDB, "_test_parsed")


def judged(connection: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    types = {row[0]: row[1] for row in connection.execute(f"DESCRIBE {table}").fetchall()}
    return connection.execute(admitted_sql(table, types, CONTEXT)).to_arrow_table().to_pylist()


def in_bodies(lines: list[str]) -> list[dict[str, Any]]:
    """Return JSON texts as rows of the log, through the door for bodies and the inbox."""
    rows: list[dict[str, Any]] = []
    for line in lines:
        events, rejections = admit(line, CONTEXT)
        if rejections:
            rows.append({"kind": "rejection", "reason": str(rejections[0].reason), "says": rejections[0].details})
        else:
            rows.append({"kind": "event", "text": msgspec.json.encode(events[0]).decode()})
    taken = [row["text"] for row in rows if row["kind"] == "event"]
    DUCKDB.register("_test_taken", pa.table({"line": pa.array(taken, pa.string())}))
    waiting = "SELECT '2026-03-02T00:00:00Z' AS received_at, 'test' AS source, line FROM _test_taken"
    events_rows = iter(DUCKDB.execute(columns_sql(waiting)).to_arrow_table().to_pylist())
    return [next(events_rows) if row["kind"] == "event" else row for row in rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(objects(), min_size=1, max_size=40))
def test_the_two_doors_agree(sent: list[dict[str, Any]]) -> None:
    """Both doors decide alike on the same objects, for the same reason, and keep the same values."""
    lines = [json.dumps(one) for one in sent]
    for line, bulk, single in zip(lines, in_files(lines), in_bodies(lines), strict=True):
        if single["kind"] == "rejection":
            assert (bulk["kind"], bulk["reason"]) == ("rejection", single["reason"]), line
            if single["reason"] in ("wrong_type", "missing_field", "inconsistent"):
                assert json.loads(bulk["details"])["details"] == single["says"], line
        else:
            assert bulk["kind"] != "rejection", (line, bulk["reason"], bulk["details"])
            if not json.loads(line).get("event_id"):  # the shop keys files by their lines, bodies by their content
                single["event_id"] = bulk["event_id"] = None
            assert bulk == single, line


def test_each_reason() -> None:
    """A file's rows are refused for each reason that there is, each with an id, a sentence and its redacted text."""
    view = {"kind": "page_view", "visitor_id": "v1", "occurred_at": TIME}
    order = {"kind": "purchase", "order_id": "o1", "occurred_at": TIME}
    sent = {
        Reason.MALFORMED: 5,
        Reason.UNKNOWN_KIND: {**view, "kind": "view"},
        Reason.UNKNOWN_FIELD: {**view, "email": "anna@example.org"},
        Reason.WRONG_TYPE: {**order, "value": "much"},
        Reason.MISSING_FIELD: {**view, "visitor_id": None},
        Reason.OUT_OF_RANGE: {**order, "value": -1},
        Reason.INCONSISTENT: order,
        Reason.IN_FUTURE: {**view, "occurred_at": "2027-01-01T00:00:00Z"},
        Reason.TOO_OLD: {**view, "occurred_at": "1970-01-01T00:00:00Z"},
    }
    rows = in_files([json.dumps(one) for one in sent.values()])
    assert [row["reason"] for row in rows] == [str(reason) for reason in sent] == [str(reason) for reason in Reason]
    assert len({row["event_id"] for row in rows if row["event_id"].startswith("r_")}) == len(sent)
    assert "anna" not in rows[2]["details"]
    assert "email" in rows[2]["details"]


def test_equal_rows_are_keyed_by_their_number() -> None:
    """Three rows of which two are equal get three keys; the same rows under another name get others."""
    rows = "(VALUES ('a|', 'b', 1), ('a', '|b', 1), ('a', '|b', 1)) AS rows(x, y, z)"

    def keys(source: str) -> set[str]:
        found = DUCKDB.execute(f"SELECT key FROM ({same_rows_sql(rows, ('x', 'y'), source, 'key')})").fetchall()
        return {key for (key,) in found}

    assert len(keys("it's")) == 3
    assert keys("it's") == keys("it's")
    assert not keys("it's") & keys("other")
