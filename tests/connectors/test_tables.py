"""Files in the project's own words and in other people's become rows that the door understands."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from counterclick.config import MappedEvent, Skip, TableConfig
from counterclick.connectors.tables import mapping_for, read_file
from counterclick.errors import ConfigError, InputError
from counterclick.events.bulk import admitted_sql
from counterclick.events.door import Context
from counterclick.store.sources import connect

NOW = datetime(2026, 3, 2, tzinfo=UTC)
TIME = "2026-03-01T09:30:00Z"
VIEW = {"kind": "page_view", "visitor_id": "v1", "occurred_at": TIME}
UTC_TIME = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB as the store makes it."""
    with connect() as connection:
        yield connection


def recorded(
    duck: duckdb.DuckDBPyConnection, path: Path, mapping: TableConfig | None = None, timezone: str = "UTC"
) -> list[dict[str, Any]]:
    """What the door makes of a file, without the columns that are null."""
    arrived = read_file(duck, path, mapping, source="s", timezone=timezone)
    context = Context(received_at=NOW, source="s", currency="EUR", key="k")
    rows = duck.execute(admitted_sql(arrived.relation, arrived.types, context)).to_arrow_table().to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def table(*events: MappedEvent, skip: tuple[Skip, ...] = ()) -> TableConfig:
    return TableConfig(file="*", events=events, skip=skip)


def written(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "csv.gz", "jsonl.gz", "tsv"])
def test_own_words(duck: duckdb.DuckDBPyConnection, tmp_path: Path, ending: str) -> None:
    """The same page view arrives alike from each format."""
    path = tmp_path / f"it's an event.{ending}"
    texts = {
        "csv": f"kind,visitor_id,occurred_at\npage_view,v1,{TIME}\n",
        "tsv": f"kind\tvisitor_id\toccurred_at\npage_view\tv1\t{TIME}\n",
        "jsonl": json.dumps(VIEW) + "\n",
    }
    if ending == "parquet":
        pq.write_table(pa.table({"kind": ["page_view"], "visitor_id": ["v1"], "occurred_at": [UTC_TIME]}), path)
    elif ending.endswith(".gz"):
        path.write_bytes(gzip.compress(texts[ending.removesuffix(".gz")].encode()))
    else:
        written(path, texts[ending])
    (row,) = recorded(duck, path)
    assert (row["kind"], row["visitor_id"], row["occurred_at"]) == ("page_view", "v1", UTC_TIME)


def test_rows_get_ids_that_stay(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Equal lines are two events, the same file gives the same ids again, and own ids are kept."""
    own = json.dumps({**VIEW, "event_id": "mine"})
    path = written(tmp_path / "a.jsonl", f"{json.dumps(VIEW)}\n{json.dumps(VIEW)}\n{own}\n")
    first = sorted(row["event_id"] for row in recorded(duck, path))
    assert len(set(first)) == 3
    assert "mine" in first
    assert sorted(row["event_id"] for row in recorded(duck, path)) == first


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_an_empty_id_is_no_id(duck: duckdb.DuckDBPyConnection, tmp_path: Path, ending: str) -> None:
    """Where the column of ids is empty in a row, the row gets one."""
    path = tmp_path / f"a.{ending}"
    if ending == "csv":
        written(path, f'kind,visitor_id,occurred_at,event_id\npage_view,v1,{TIME},""\n')
    elif ending == "jsonl":
        written(path, json.dumps({**VIEW, "event_id": ""}))
    else:
        columns = {"kind": ["page_view"] * 2, "visitor_id": ["v1"] * 2, "occurred_at": [UTC_TIME] * 2}
        pq.write_table(pa.table({**columns, "event_id": pa.array([7, None], pa.int64())}), path)
    ids = [row["event_id"] for row in recorded(duck, path)]
    assert [event_id[:2] for event_id in ids if event_id != "7"] == ["h_"]


def test_odd_lines_survive(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Byte order mark, CRLF, empty lines, odd characters and a last line without an end are all read."""
    pages = ["plain", 'quote " and \\ and \\x01', "tab\tand ünï", "nul\x00, 'q'; --", "\x1f\x7f"]
    lines = [json.dumps({**VIEW, "page": page}, ensure_ascii=False) for page in pages]
    path = written(tmp_path / "a.jsonl", "\ufeff" + lines[0] + "\r\n\r\n \t\r\n" + "\r\n".join(lines[1:]))
    assert sorted(row["page"] for row in recorded(duck, path)) == sorted(pages)


def test_lines_that_are_no_json_are_kept_whole(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Broken lines, with control characters in them or not, are rejections with their text."""
    path = written(tmp_path / "a.jsonl", '{"kind": "pa\n\x01a\x01"b,c\nx\x1fy\nnull\n5\n"text"\n' + json.dumps(VIEW))
    rows = sorted(recorded(duck, path), key=lambda row: str(row["kind"]))
    assert [row["kind"] for row in rows] == ["page_view"] + ["rejection"] * 6
    assert {row["reason"] for row in rows[1:]} == {"malformed"}
    bodies = {json.loads(row["details"])["body"] for row in rows[1:]}
    assert bodies == {'{"kind": "pa', '\x01a\x01"b,c', "x\x1fy", "null", "5", '"text"'}
    assert len({row["event_id"] for row in rows}) == 7


def test_a_json_array_is_an_error(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A file that is one array says what would be right."""
    with pytest.raises(InputError, match="JSON array; write one event a line"):
        recorded(duck, written(tmp_path / "a.json", json.dumps([VIEW], indent=1)))


def test_csv_with_quotes_and_newlines(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Quoted commas, quotes, line breaks and UTF-8 arrive as they are; lists are JSON text."""
    lines = '[{""product_id"": ""p"", ""quantity"": 2, ""unit_price"": ""1.50""}]'
    text = f'kind,order_id,occurred_at,lines,device\npurchase,1,{TIME},"{lines}","a, ""b""\nç"\n'
    (row,) = recorded(duck, written(tmp_path / "a.csv", text))
    assert row["device"] == 'a, "b"\nç'
    assert [(line["product_id"], line["quantity"], str(line["unit_price"])) for line in row["lines"]] == [("p", 2, "1.5000")]


def test_parquet_of_other_types(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Wider numbers are read exactly; what a column cannot hold is a rejection and never rounded."""
    good = {"product_id": "p", "quantity": 2.0, "unit_price": 1.5}
    lines = [[good], [{**good, "quantity": 2.5}], [{**good, "extra": 1}]]
    for index, expected in enumerate(["purchase", "wrong_type", "unknown_field"]):
        path = tmp_path / f"{index}.parquet"
        columns = {"kind": ["purchase"], "occurred_at": [UTC_TIME], "order_id": [17], "lines": [lines[index]]}
        pq.write_table(pa.table(columns), path)
        (row,) = recorded(duck, path)
        assert row.get("reason", row["kind"]) == expected
    path = tmp_path / "float.parquet"
    pq.write_table(pa.table({"kind": ["page_view"], "occurred_at": [UTC_TIME], "visitor_id": [17.0]}), path)
    assert recorded(duck, path)[0]["reason"] == "wrong_type"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind,occurred_at,visitor\n", "columns that no event has: visitor.*Did you mean 'visitor_id'"),
        ("kind,visitor_id\n", "no column occurred_at"),
        ("visitor_id\n", "no column kind or occurred_at"),
    ],
)
def test_a_wrong_column_is_an_error(duck: duckdb.DuckDBPyConnection, tmp_path: Path, text: str, says: str) -> None:
    """A column that no event has, or one that is missing, is named."""
    with pytest.raises(InputError, match=says):
        recorded(duck, written(tmp_path / "a.csv", text))


def test_a_time_without_zone_is_an_error(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A Parquet column of local times or dates is refused as a whole."""
    for moment in (datetime(2026, 3, 1), UTC_TIME.date()):  # noqa: DTZ001 - that it has none is the point
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"kind": ["page_view"], "occurred_at": [moment]}), path)
        with pytest.raises(InputError, match="no time zone"):
            recorded(duck, path)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv.gz", "a.xlsx", "missing.csv"])
def test_a_file_that_cannot_be_read_is_an_error(duck: duckdb.DuckDBPyConnection, tmp_path: Path, name: str) -> None:
    """A malformed file, one of another kind, or none is named in an InputError."""
    if name != "missing.csv":
        (tmp_path / name).write_bytes(b"neither this nor that")
    with pytest.raises(InputError, match=name):
        recorded(duck, tmp_path / name)


def test_empty_files(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """No lines, and a header alone, are no events; a CSV without a header is an error."""
    assert recorded(duck, written(tmp_path / "a.jsonl", "")) == []
    assert recorded(duck, written(tmp_path / "a.csv", "kind,occurred_at\n")) == []
    with pytest.raises(InputError):
        recorded(duck, written(tmp_path / "b.csv", ""))


SALES = """when,who,what,n,price,invoice
2026-01-01 10:00:00,c1,p1,2,5.00,i1
2026-01-01 10:00:00,c1,p2,1,1.00,i1
2026-01-01 10:00:00,c1,p1,1,5.00,i1
2026-01-02 10:00:00,c1,p1,1,5.00,i2
2026-01-03 10:00:00,c1,p1,-3,5.00,C3
2026-01-03 10:00:00,c2,p1,-1,5.00,C4
2026-01-03 10:00:00,c2,POST,1,9.00,i5
"""
PURCHASES = MappedEvent(
    kind="purchase",
    fields={"occurred_at": '"when"::TIMESTAMP', "order_id": "invoice", "customer_id": "who"},
    where="n::INTEGER > 0",
    group_by=("invoice",),
    lines={"product_id": "what", "quantity": "n::INTEGER", "unit_price": "price"},
)
RETURNS = MappedEvent(
    kind="refund",
    fields={
        "occurred_at": '"when"::TIMESTAMP',
        "order_id": "invoice",
        "customer_id": "who",
        "reason": "'n = ' || n",
        "refund_kind": "'return'",
    },
    where="n::INTEGER < 0",
    lines={"product_id": "what", "quantity": "n::INTEGER", "unit_price": "price"},
    match=True,
)


def test_mapped_orders_and_returns(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Lines become orders, fees are counted, returns find their orders, latest first, and the rest stays unmatched."""
    path = written(tmp_path / "sales.csv", SALES)
    mapping = table(PURCHASES, RETURNS, skip=(Skip(named="postage", where="what = 'POST'"),))
    arrived = read_file(duck, path, mapping, source="s", timezone="Europe/Berlin")
    assert (arrived.n_rows, arrived.skipped) == (7, {"postage": 1})
    rows = recorded(duck, path, mapping, "Europe/Berlin")
    orders = {row["order_id"]: row for row in rows if row["kind"] == "purchase"}
    assert {key: [(one["product_id"], one["quantity"]) for one in row["lines"]] for key, row in orders.items()} == {
        "i1": [("p1", 2), ("p2", 1), ("p1", 1)],
        "i2": [("p1", 1)],
    }
    assert orders["i1"]["occurred_at"] == datetime(2026, 1, 1, 9, tzinfo=UTC)
    refunds = [row for row in rows if row["kind"] == "refund"]
    assert sorted((row["customer_id"], row.get("order_id", "-"), row["lines"][0]["quantity"]) for row in refunds) == [
        ("c1", "i1", 2),
        ("c1", "i2", 1),
        ("c2", "-", 1),
    ]
    assert {row["reason"] for row in refunds} == {"n = -3", "n = -1"}
    assert {row["occurred_at"] for row in refunds} == {datetime(2026, 1, 3, 9, tzinfo=UTC)}
    assert sorted(row["event_id"] for row in recorded(duck, path, mapping)) == sorted(r["event_id"] for r in rows)


def test_a_large_file_is_grouped_share_by_share(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of more rows than are grouped at a time becomes the same events; rows without a group are one of their own."""
    lines = [f"2026-01-01 10:00:{n % 60:02},c1,p{n},1,5.00,{f'i{n % 40}' if n % 7 else ''}" for n in range(300)]
    path = written(tmp_path / "sales.csv", "\n".join([*SALES.splitlines()[:1], *lines]) + "\n")

    def events() -> list[str]:
        rows = recorded(duck, path, table(PURCHASES))
        return sorted(row["details"] if row["kind"] == "rejection" else str(row) for row in rows)

    at_once = events()
    monkeypatch.setattr("counterclick.connectors.tables._SHARE_ROWS", 7)
    assert events() == at_once
    assert len(at_once) == 41


def test_a_time_with_a_zone_keeps_it(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Expressions that carry a zone are not moved to the shop's, in matched returns neither."""
    zoned = {**RETURNS.fields, "occurred_at": "\"when\"::TIMESTAMP AT TIME ZONE 'UTC'"}
    returns = MappedEvent(kind="refund", fields=zoned, where=RETURNS.where, lines=RETURNS.lines, match=True)
    rows = recorded(duck, written(tmp_path / "sales.csv", SALES), table(returns), "Europe/Berlin")
    assert {row["occurred_at"] for row in rows} == {datetime(2026, 1, 3, 10, tzinfo=UTC)}


def broken(**changes: Any) -> MappedEvent:
    return MappedEvent(**{**{n: getattr(PURCHASES, n) for n in PURCHASES.__struct_fields__}, **changes})


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (broken(kind="purchas"), "no kind of event. Did you mean 'purchase'"),
        (broken(fields={**PURCHASES.fields, "order": "1"}), "no field 'order'. Did you mean 'order_id'"),
        (broken(fields={"order_id": "invoice"}), "must have occurred_at"),
        (broken(fields={**PURCHASES.fields, "order_id": "invoic"}), "purchase.order_id = 'invoic' cannot be computed"),
        (broken(where="whoo = 1"), "purchase.where = 'whoo = 1' cannot be computed"),
        (broken(group_by=("invoce",)), "group_by.*'invoce'.*cannot be computed"),
        (broken(lines={"product_id": "whatt"}), "lines.product_id = 'whatt' cannot be computed"),
        (broken(lines={"product": "what"}), "a line has no field 'product'"),
        (broken(fields={**PURCHASES.fields, "tax": "who::INTEGER"}), "purchase.tax = .* cannot be computed.*c[12]"),
        (broken(kind="refund", match=True, lines={"quantity": "n"}), "`match` needs"),
        (
            broken(kind="refund", match=True, fields={**PURCHASES.fields, "occurred_at": '"when"::VARCHAR'}),
            "occurred_at must be a time",
        ),
    ],
)
def test_a_wrong_mapping_is_an_error(duck: duckdb.DuckDBPyConnection, tmp_path: Path, event: MappedEvent, says: str) -> None:
    """Each mistake in a mapping is named with the field that it is in."""
    with pytest.raises(InputError, match=says):
        recorded(duck, written(tmp_path / "sales.csv", SALES), table(event))


def test_a_mapping_is_not_for_json_lines(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """JSON lines are events in the project's own words."""
    with pytest.raises(InputError, match="a mapping is for CSV and Parquet"):
        recorded(duck, written(tmp_path / "a.jsonl", ""), table(PURCHASES))


def test_which_mapping() -> None:
    """The only pattern that fits, the one that was asked for, or an error that names them."""
    tables = {"sales": TableConfig(file="sales_*.csv", events=()), "all": TableConfig(file="*_1.csv", events=())}
    assert mapping_for(Path("x/sales_2.csv"), tables) == "sales"
    assert mapping_for(Path("other.csv"), tables) is None
    assert mapping_for(Path("other.csv"), tables, "all") == "all"
    with pytest.raises(ConfigError, match="fits several mappings: sales, all"):
        mapping_for(Path("sales_1.csv"), tables)
    with pytest.raises(ConfigError, match="Did you mean 'sales'"):
        mapping_for(Path("sales_1.csv"), tables, "sale")
