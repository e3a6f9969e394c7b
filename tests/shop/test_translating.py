"""Files in a sender's own words: recorded as one commit, by the words that its requests have."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from counterclick.errors import ConfigError, InputError, UnknownNameError
from counterclick.shop import Shop, open_shop
from shell import Shell

ITEMS = [{"item_id": "a", "price": 10.0, "quantity": 2}, {"item_id": "b", "price": 5.0, "quantity": 1}]

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


def row(name: str, at: int, **fields: Any) -> dict[str, Any]:
    return {"event_name": name, "event_timestamp": at, "user_pseudo_id": "1.2", "event_params": [], "items": [], **fields}


ROWS = [
    row("purchase", 1772357400000000, items=ITEMS, ecommerce={"transaction_id": "T1", "purchase_revenue": 25.0}),
    row("page_view", 1772357400000001, event_params=[{"key": "page_location", "value": {"string_value": "https://x.y/p"}}]),
    row("session_start", 1772357400000002),
    row("view_item", 1772357400000003),
]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """An empty shop."""
    (tmp_path / "shop.toml").write_text("", encoding="utf-8")
    return open_shop(tmp_path / "shop.toml")


def written(path: Path, rows: list[Any]) -> Path:
    text = "".join(f"{json.dumps(one)}\n" for one in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def test_rows_of_the_export(shop: Shop, tmp_path: Path) -> None:
    """An order with its lines, a page, what means nothing, what cannot be read: all counted; the file again is nothing."""
    path = written(tmp_path / "events_20260301.jsonl", ROWS)
    with path.open("ab") as file:
        file.write(b"{cut off\n\n")
    came = shop.record(path, sender="ga4")
    assert (came.n_rows, came.n_events, dict(came.skipped)) == (5, 2, {"session_start": 1})
    assert dict(came.rejected) == {"malformed": 1, "missing_field": 1}
    (order,) = shop.orders.to_pyarrow().to_pylist()
    assert (order["order_id"], order["revenue"], order["visitor_id"]) == ("T1", 25, "1.2")
    assert shop.facts.order_lines.product_id.to_pyarrow().to_pylist() == ["a", "b"]
    assert shop.record(path, sender="ga4").known
    assert {says for _, says, *_ in shop.rejections().rows} >= {"a line must be JSON", "view_item: items is missing"}


def test_the_same_rows_as_parquet_and_packed_are_the_same_events(shop: Shop, tmp_path: Path) -> None:
    """BigQuery writes whole numbers as text into JSON and leaves out what is null: the keys are the same."""
    plain = written(tmp_path / "events.jsonl", ROWS)
    parquet = tmp_path / "events.parquet"
    duckdb.sql(f"COPY (FROM read_json('{plain}')) TO '{parquet}'")
    texts = [{**one, "event_timestamp": str(one["event_timestamp"])} for one in ROWS]
    packed = written(tmp_path / "texts.jsonl.gz", texts)
    assert [shop.record(path, sender="ga4").n_events for path in (parquet, plain, packed)] == [2, 0, 0]


def test_a_feed_holds_from_its_moment_on(shop: Shop, tmp_path: Path, shell: Shell) -> None:
    """Group and cost of each item; as of when the file was changed, or the moment that is named."""
    feed = tmp_path / "feed.tsv"
    feed.write_text(
        "id\ttitle\tprice\tcost_of_goods_sold\titem_group_id\n"
        "s-red\tShirt\t25.00 EUR\t8.00 EUR\ts\n"
        "s-blue\tShirt\ttwo\t\ts\n",
        encoding="utf-8",
    )
    os.utime(feed, (1772357400, 1772357400))
    words = ("record", "--as", "merchant", str(feed), "--shop", str(tmp_path / "shop.toml"))
    (came,) = shell.json(*words, code=2)
    assert (came["n_rows"], came["n_events"], came["rejected"]) == (2, 1, {"wrong_type": 1})
    assert shell.json(*words)[0]["known"]
    assert shell.json(*words, "--as-of", "2026-03-05T10:00:00", code=2)[0]["n_events"] == 1
    rows = shop.reading.rows(
        "SELECT product_id, group_id, unit_cost, occurred_at::VARCHAR FROM events WHERE kind = 'product' ORDER BY ALL"
    )
    assert [(*each[:2], float(each[2]), each[3]) for each in rows] == [
        ("s-red", "s", 8.0, "2026-03-01 09:30:00+00"),
        ("s-red", "s", 8.0, "2026-03-05 10:00:00+00"),
    ]


def test_feeds_as_xml(shop: Shop, tmp_path: Path) -> None:
    """RSS with Google's namespace; one that is cut off is refused as a whole, and nothing of it recorded."""
    item = "<item><g:id>a</g:id><g:price>2 EUR</g:price><g:cost_of_goods_sold>1 EUR</g:cost_of_goods_sold></item>"
    text = f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{item}</channel></rss>'
    whole, cut = tmp_path / "feed.xml", tmp_path / "cut.xml"
    whole.write_text(text, encoding="utf-8")
    cut.write_text(text[:-10], encoding="utf-8")
    with pytest.raises(InputError, match=r"cut.xml cannot be read as a feed"):
        shop.record(cut, sender="merchant")
    assert shop.record(whole, sender="merchant").n_events == 1


def test_archives_of_others(shop: Shop, tmp_path: Path) -> None:
    """Messages of Segment and answers of Klaviyo, a line each; requests and files of one event are one event."""
    message = {"type": "page", "messageId": "m1", "anonymousId": "v1", "timestamp": "2026-03-01T09:30:00Z"}
    assert shop.record(written(tmp_path / "segment.jsonl", [message]), sender="segment").n_events == 1
    placed = {
        "metric": {"data": {"attributes": {"name": "Placed Order"}}},
        "profile": {"data": {"attributes": {"external_id": "c1"}}},
        "properties": {"OrderId": "k1", "NetValue": 3},
        "time": "2026-03-01T09:30:00Z",
    }
    pages = [{"data": [{"type": "event", "id": "e1", "attributes": placed}]}] * 2
    assert shop.record(written(tmp_path / "klaviyo.jsonl", pages), sender="klaviyo").n_events == 1


def test_what_cannot_be_recorded(shop: Shop, tmp_path: Path) -> None:
    """An unknown sender, a mapping besides, an array, a table of one who sends none, a file that is not packed."""
    rows = written(tmp_path / "rows.jsonl", ROWS)
    array = tmp_path / "array.json"
    array.write_text(json.dumps(ROWS), encoding="utf-8")
    parquet = tmp_path / "rows.parquet"
    duckdb.sql(f"COPY (SELECT 1 AS a) TO '{parquet}'")
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(rows.read_bytes())[:-20])
    with pytest.raises(UnknownNameError, match="Did you mean 'ga4'"):
        shop.record(rows, sender="ga")
    with pytest.raises(ConfigError, match="instead of a mapping"):
        shop.record(rows, sender="ga4", mapping="x")
    with pytest.raises(ConfigError, match="product feed"):
        shop.record(rows, as_of=MOMENT)
    with pytest.raises(ConfigError, match="product feed"):
        shop.record(rows, sender="ga4", as_of=MOMENT)
    for path, sender, says in (
        (array, "ga4", "JSON array"),
        (parquet, "klaviyo", "not from Parquet"),
        (cut, "ga4", "cut.jsonl.gz cannot be read"),
        (rows, "merchant", "as a feed"),
        (tmp_path / "none.jsonl", "ga4", "there is no file"),
    ):
        with pytest.raises(InputError, match=says):
            shop.record(path, sender=sender)
    assert shop.reading.rows("SELECT count(*) FROM events") == [(0,)]
