"""Recording: files and single events, once and again, good and bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builders import Event, purchase, refund, view
from counterclick.errors import ConfigError, InputError
from counterclick.shop import Shop
from counterclick.simulate import ShopTruth, simulate


def write_lines(path: Path, *events: Event | str) -> Path:
    path.write_text("\n".join(e if isinstance(e, str) else json.dumps(e) for e in events), encoding="utf-8")
    return path


def test_a_file_recorded_twice_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    """The second time the file is known, by its content and not by its name."""
    file = write_lines(tmp_path / "a.jsonl", view("v1"), purchase("v1", revenue=30))
    assert shop.record(file).n_events == 2
    again = shop.record(file.rename(tmp_path / "b.jsonl"))
    assert again.known
    assert again.n_events == 0
    assert shop.metric("revenue_per_visitor").value == 30


def test_events_that_overlap_with_an_earlier_file_count_once(shop: Shop, tmp_path: Path) -> None:
    """A longer export repeats the shorter one's events; only the new one is added."""
    first, second = purchase("v1", revenue=30), purchase("v2", revenue=10)
    shop.record(write_lines(tmp_path / "monday.jsonl", first))
    recorded = shop.record(write_lines(tmp_path / "tuesday.jsonl", first, second))
    assert (recorded.n_events, recorded.n_repeated) == (1, 1)
    assert shop.metric("aov").value == 20


def test_single_events_count_as_soon_as_they_are_acknowledged(shop: Shop) -> None:
    """They are counted from the inbox, before any drain, and a repeat of one does no harm."""
    event = purchase("v1", revenue=30)
    assert shop.record([event]).n_events == 1
    shop.record([event])
    assert shop.store.log.snapshot().version == -1
    assert shop.metric("aov").value == 30
    shop.store.drain()
    shop.refresh()
    assert shop.metric("aov").value == 30


def test_what_is_refused_is_kept_counted_and_listed_without_personal_data(shop: Shop, tmp_path: Path) -> None:
    """A negative price is named, with the sentence that says what would be right; the e-mail address is gone."""
    bad = {"kind": "add_to_cart", "occurred_at": "2026-01-05T10:00:00Z", "visitor_id": "jo@example.com"}
    bad |= {"product_id": "p1", "quantity": 1, "unit_price": -3}
    recorded = shop.record(write_lines(tmp_path / "a.jsonl", bad, "not json", view("v1")))
    assert recorded.rejected == {"malformed": 1, "out_of_range": 1}
    assert not recorded.is_clean
    listed = shop.rejections()
    assert listed.n_all == 2
    assert any("unit_price must be 0 or more" in says for _, says, _ in listed.rows)
    assert "jo@example.com" not in str(listed.rows)


@pytest.mark.parametrize("way", ["file", "bodies"])
def test_both_ways_in_refuse_alike(shop: Shop, tmp_path: Path, way: str) -> None:
    """A clock in the future is refused with the same reason, whichever way the event comes."""
    late = view("v1", at="2096-01-05T10:00")
    recorded = shop.record([late]) if way == "bodies" else shop.record(write_lines(tmp_path / "a.jsonl", late))
    assert recorded.rejected == {"in_future": 1}
    assert shop.rejections().n_all == 1


def test_a_refund_without_its_order_is_kept_and_counts_once_the_order_comes(shop: Shop, tmp_path: Path) -> None:
    """It is reported when recorded; after its order is recorded it lowers that order's net revenue."""
    recorded = shop.record(write_lines(tmp_path / "r.jsonl", refund("o1", at="2026-01-07T10:00", amount=10)))
    assert recorded.n_unmatched_refunds == 1
    assert not recorded.is_clean
    shop.record([purchase("v1", revenue=30, order="o1")])
    assert shop.metric("net_revenue_per_visitor").value == 20


def test_a_simulated_shop_in_parquet_is_recorded_whole(shop: Shop, tmp_path: Path) -> None:
    """Every simulated event is taken, and its own ids are kept."""
    events = simulate(ShopTruth(visitors=2_000), seed=3).events.drop_columns(["received_at", "source"])
    pq.write_table(events, tmp_path / "events.parquet")
    recorded = shop.record(tmp_path / "events.parquet")
    assert recorded.n_events == events.num_rows
    assert recorded.is_clean
    assert sum(shop.check().events.values()) == events.num_rows


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "kind,occured_at,visitor_id\npage_view,2026-01-05T10:00:00Z,v1\n", "occured_at"),
        ("a.csv", "visitor_id\nv1\n", "no column kind or occurred_at"),
        ("a.xlsx", "x", "must be .csv"),
        ("a.csv", "", "is empty"),
        ("a.parquet", "not parquet", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_would_be_right(
    shop: Shop, tmp_path: Path, name: str, text: str, says: str
) -> None:
    """A wrong column, a missing one, another ending, and a broken file: a clear error, and nothing recorded."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        shop.record(tmp_path / name)
    assert shop.store.log.snapshot().version == -1


def test_a_missing_file_and_a_missing_mapping_are_named(shop: Shop, tmp_path: Path) -> None:
    """The file that is not there, and the mapping that shop.toml does not have."""
    with pytest.raises(InputError, match=r"there is no file .*nowhere\.csv"):
        shop.record(tmp_path / "nowhere.csv")
    file = write_lines(tmp_path / "a.csv", "x")
    with pytest.raises(ConfigError, match=r"no \[tables\.orders\]"):
        shop.record(file, mapping="orders")


@pytest.mark.parametrize("wrong", ["table", "frame", "event", "number"])
def test_what_is_no_list_of_events_is_refused_in_words(shop: Shop, wrong: str) -> None:
    """Tables and single events are refused before anything is written, and what to do instead is said."""
    event = purchase("v1", 10)
    given: dict[str, tuple[Any, str]] = {
        "table": (pa.Table.from_pylist([event]), "write it as Parquet"),
        "frame": (duckdb.from_arrow(pa.Table.from_pylist([event])), "write it as Parquet"),
        "event": (event, "in a list"),
        "number": ([event, event | {"value": {1, 2}, "net": object()}], "events are objects of"),
    }
    events, says = given[wrong]
    with pytest.raises(InputError, match=says):
        shop.record(events)
    assert shop.store.inbox.count() == 0
