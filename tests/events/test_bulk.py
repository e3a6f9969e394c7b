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
from counterclick.events.schema import FIELDS_OF, KINDS, SCHEMA
from counterclick.store.keeping import connect

CONTEXT = Context(received_at=datetime(2026, 3, 2, tzinfo=UTC), source="test", currency="EUR", key="k")
TIME = "2026-03-01T09:30:00Z"
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


def bad_or(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what belongs there, sometimes what people send instead."""
    odd = st.sampled_from(
        [
            *[None, "", " ", "x", "null", True, False, 0, 1, -1, 3, 2.5, 3.0, -4.0, 1e-7, 1e16, 1e300, 2**31, 2**63],
            *["true", "FALSE", "1", "0", "yes", "3", "3.0", "3.", ".5", "+3", "-2", "1e3", "1.00005", "1e400", "nan"],
            *["1_000", " 7", "12,5", "1" * 25, 2**64, -(2**63) - 1, 10**30, "x" * 201, "x" * 2001, "EUR\n", "\u0663"],
            *[[], {}, [None], [[]], [{}], ["a", None], ["a", ""], ["a", 5], ["a", 5.5], [True], {"a": None}],
            *["[]", '[{"product_id":"p"}]', "[1", [{"product_id": None}], [{"product_id": "p", "foo": None}]],
            *["anna@example.org", "A%40Example.org", "order of anna@example.org", "call +49 30 123456-78"],
            *["/shop?mail=a@b.de#top", "onsite", "return", "2026-03-01", 'é\u0000\t"\\', 1772357400, 1e11],
            *["99999999999.9999", "10.0.0.1"],
        ]
    )
    return st.one_of(values, values, values, odd)


WORDS = st.sampled_from(["a", "p1", "v1", "shop"])
MONEY = st.one_of(
    st.sampled_from([0, 5, 19.9, "19.90", "0.00005", "7.99995", 0.1 + 0.2, -1, "-0.00001", 1e11]),
    st.decimals(-5, 10**6, allow_nan=False, places=6).map(str),
    st.floats(-10, 1e9, allow_nan=False),
)
COUNT = st.sampled_from([1, 2, 3, "4", 5.0, 0, -1])
WHEN = st.one_of(
    st.sampled_from([TIME, TIME, TIME, TIME, "2026-03-02T00:10:00Z", "2026-03-02T00:10:01Z", "1989-12-31T00:00:00Z"])
    | st.sampled_from(["2026-03-01 09:30:00+02:00", "2026-03-01T09:30:00.123456789+0530", "2026-03-01T09:30:00-01"])
    | st.sampled_from(["2026-03-01T09:30:00", "2026-03-01T09:30Z", "2026-03-01T09:30:00z", "2026-02-30T00:00:00Z"])
    | st.sampled_from(["2026-03-01T24:00:00Z", "2026-03-01T09:30:60Z", "0999-01-01T00:00:00Z", "3000-01-01T00:00:00Z"])
    | st.sampled_from(["2026-03-01T09:30:00+15:00", " 2026-03-01T09:30:00Z", "2026-03-01T09:30:00.9999999Z", "now"])
)
BELONGING: dict[str, st.SearchStrategy[Any]] = {
    "occurred_at": WHEN,
    "propensity": st.sampled_from([0.5, 1, "0.25", 0, 1.5, "1e-3"]),
    "position": COUNT,
    "quantity": COUNT,
    **dict.fromkeys(("unit_price", "unit_cost", "value", "tax", "shipping", "discount", "amount"), MONEY),
    "currency": st.sampled_from(["EUR", "USD", "eur", "EURO"]),
    "channel": st.sampled_from(["onsite", "email", "shop"]),
    "refund_kind": st.sampled_from(["return", "cancellation", "gift"]),
    "escalated": st.booleans(),
    "could_not_answer": st.booleans(),
    "consent": st.booleans(),
    "matched_products": st.lists(bad_or(WORDS), max_size=3),
}
LISTS = {
    "items": {"product_id": WORDS, "position": COUNT},
    "lines": {
        "product_id": WORDS,
        "quantity": COUNT,
        "unit_price": MONEY,
        "unit_cost": MONEY,
        "line_id": WORDS,
        "surface": WORDS,
        "decision_id": WORDS,
    },
}
ALWAYS = ("product_id", "quantity", "unit_price")


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a JSON object: often an event, often one that is broken."""
    kind = draw(st.sampled_from(KINDS))
    sent: dict[str, Any] = {"kind": kind}
    for name in FIELDS_OF[kind]:
        if not draw(st.integers(0, 9)):
            continue
        if name in LISTS:
            inner = st.fixed_dictionaries(
                {k: bad_or(v) for k, v in LISTS[name].items() if k in ALWAYS},
                optional={k: bad_or(v) for k, v in LISTS[name].items() if k not in ALWAYS},
            )
            mend = st.just([{"product_id": "p1", "quantity": 2, "unit_price": 5}] if name == "lines" else [])
            sent[name] = draw(mend | mend | bad_or(st.lists(inner, max_size=2)))
        elif draw(st.booleans()):
            sent[name] = draw(BELONGING.get(name, WORDS))
        elif draw(st.integers(0, 4)) == 0:
            sent[name] = draw(bad_or(BELONGING.get(name, WORDS)))
    if draw(st.integers(0, 7)) == 0:
        extra = st.sampled_from([*SCHEMA.names, "foo", "é.'\"", "Kind"])
        sent[draw(extra)] = draw(bad_or(WORDS))
    return sent


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
