"""The simulated shop as a whole: its table, its times, its rates."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy import stats

from counterclick.errors import ConfigError
from counterclick.events.schema import FIELDS_OF, SCHEMA
from counterclick.events.vocabulary import EVENTS
from counterclick.simulate import ShopTruth, Simulation, SurfaceTruth, simulate

Sql = Callable[[Simulation, str], list[tuple[Any, ...]]]

ANY_EVENT: Any = reduce(or_, EVENTS)
BOOKKEEPING = ("received_at", "source")  # the log's own columns, which no struct has


def without_nulls(value: Any) -> Any:
    """Return a row of the table as the structs take it."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None and k not in BOOKKEEPING}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def test_table_has_the_schema_of_the_log(small: Simulation) -> None:
    """The table has every column of the log, in its order and types, and is valid Arrow."""
    assert small.events.schema.equals(SCHEMA)
    small.events.validate(full=True)


@pytest.mark.parametrize("kind", sorted(set(FIELDS_OF) - {"decision", "experiment_declared", "look_taken", "reassigned"}))
def test_every_kind_is_an_event_of_the_vocabulary(small: Simulation, kind: str) -> None:
    """Events of every kind but those that the product itself writes occur, and each decodes as its struct, exactly."""
    rows = small.events.filter(pc.equal(small.events["kind"], kind)).slice(0, 400).to_pylist()
    assert rows
    for row in rows:
        event = msgspec.convert(without_nulls(row), ANY_EVENT)
        assert event.__struct_config__.tag == kind


def test_sorted_by_time_and_received_at_once(small: Simulation, sql: Sql) -> None:
    """Rows stand in the order of time; each event is received when it occurs, from the source simulate."""
    at = small.events["occurred_at"].cast(pa.int64()).to_numpy()
    assert (at[1:] >= at[:-1]).all()
    assert sql(small, "SELECT DISTINCT source, received_at = occurred_at FROM events") == [("simulate", True)]


def test_same_seed_same_shop() -> None:
    """The same truth and seed give the identical table, another seed another one."""
    truth = ShopTruth(visitors=1_000)
    assert simulate(truth, seed=5).events.equals(simulate(truth, seed=5).events)
    assert not simulate(truth, seed=5).events.equals(simulate(truth, seed=6).events)


@pytest.mark.parametrize("column", ["event_id", "visitor_id", "customer_id", "order_id", "message_id"])
def test_shops_of_two_seeds_share_no_id(small: Simulation, column: str) -> None:
    """Shops of two seeds can be laid together: no id of one occurs in the other."""
    other = simulate(small.truth, seed=4)
    shared = set(small.events[column].drop_null().to_pylist()) & set(other.events[column].drop_null().to_pylist())
    assert not shared


def test_event_and_order_ids_are_unique(small: Simulation, sql: Sql) -> None:
    """No two events share an id, no two orders, no two lines."""
    assert sql(small, "SELECT count(*) = count(DISTINCT event_id) FROM events") == [(True,)]
    assert sql(small, "SELECT count(*) = count(DISTINCT order_id) FROM events WHERE kind = 'purchase'") == [(True,)]
    lines = "SELECT unnest(lines).line_id FROM events WHERE kind = 'purchase'"
    keys = [key for (key,) in sql(small, lines)]
    assert len(keys) == len(set(keys))


def test_seeds_below_zero_are_refused() -> None:
    """A negative seed is an error that says what is right."""
    with pytest.raises(ConfigError, match="0 or more"):
        simulate(seed=-1)


@pytest.mark.parametrize("visitors", [1, 2, 30])
def test_tiny_shops_can_be_simulated(visitors: int) -> None:
    """A shop in which hardly anybody comes, and hardly anything happens, still is one."""
    for seed in range(5):
        assert simulate(ShopTruth(visitors=visitors), seed=seed).events.num_rows > visitors


def test_a_shop_without_surfaces_or_buyers_can_be_simulated() -> None:
    """Nothing shown and nothing bought are no special cases."""
    quiet = simulate(ShopTruth(visitors=50, conversion=0.0, returning=0.0, surfaces=()))
    kinds = set(quiet.events["kind"].to_pylist())
    assert "page_view" in kinds
    assert not kinds & {"exposure", "purchase", "view_item_list", "refund"}
    assert quiet.lifts() == {}


def test_small_shops_are_quick() -> None:
    """4,000 visitors take about 0.05 s; the bound leaves room for a busy machine."""
    truth = ShopTruth(visitors=4_000)
    simulate(truth, seed=0)
    took = []
    for seed in range(3):
        start = time.perf_counter()
        simulate(truth, seed=seed)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.5


def test_orders_follow_first_exposure_within_six_days(large: Simulation, sql: Sql) -> None:
    """No order of an exposed visitor predates the exposure to any experiment or comes later than six days."""
    rows = sql(
        large,
        """
        SELECT x.experiment, min(p.occurred_at - x.occurred_at) > INTERVAL 0 SECOND,
               max(p.occurred_at - x.occurred_at) <= INTERVAL 6 DAY, count(*) > 500
        FROM events AS x JOIN events AS p ON p.visitor_id = x.visitor_id
        WHERE x.kind = 'exposure' AND p.kind = 'purchase' GROUP BY ALL ORDER BY ALL
        """,
    )
    assert rows == [(s.experiment, True, True, True) for s in sorted(large.truth.surfaces, key=by_experiment)]


def by_experiment(surface: SurfaceTruth) -> str:
    return surface.experiment


def test_visitors_arrive_in_the_declared_weeks(large: Simulation, sql: Sql) -> None:
    """First page views lie between the first and the last day, in UTC and in the shop's time zone."""
    for zone in ("UTC", large.truth.timezone):
        days = sql(
            large,
            f"""
            SELECT min(day), max(day) FROM (
                SELECT min((occurred_at AT TIME ZONE '{zone}')::DATE) AS day
                FROM events WHERE kind = 'page_view' GROUP BY visitor_id)
            """,
        )
        assert days == [(large.truth.starts_on, large.truth.ends_on)]


def test_conversion_is_as_declared_where_nothing_has_an_effect(sql: Sql) -> None:
    """Orders per visit and lines per order have the declared means, within 4 standard errors."""
    shop = simulate(ShopTruth(visitors=60_000, surfaces=()), seed=8)
    [(visits, placed, lines, spread)] = sql(
        shop,
        """
        SELECT count(*) FILTER (kind = 'page_view'), count(*) FILTER (kind = 'purchase'),
               avg(len(lines)) FILTER (kind = 'purchase'), stddev(len(lines)) FILTER (kind = 'purchase')
        FROM events
        """,
    )
    assert stats.binomtest(placed, visits, shop.truth.conversion).pvalue > 6e-5
    assert abs(lines - shop.truth.lines_mean) < 4 * spread / placed**0.5


def test_seasons_move_traffic(large: Simulation, sql: Sql) -> None:
    """Sundays have the declared share of the traffic; the first half of the sine has more than the second."""
    [(sundays, first, n)] = sql(
        large,
        """
        SELECT count(*) FILTER (isodow(day) = 7), count(*) FILTER (day < DATE '2026-02-02'), count(*)
        FROM (SELECT min(occurred_at)::DATE AS day FROM events WHERE kind = 'page_view' GROUP BY visitor_id)
        """,
    )
    weekdays = large.truth.weekdays
    assert abs(sundays / n - weekdays[6] / sum(weekdays)) < 0.01
    assert abs(first / n - (0.5 + large.truth.season / 3.1416)) < 0.01


def test_config_is_the_declared_toml(small: Simulation) -> None:
    """The shop's configuration parses and names every surface and experiment with its arms."""
    config = tomllib.loads(small.config())
    assert config["shop"] == {"currency": "EUR", "timezone": "Europe/Berlin"}
    assert set(config["surfaces"]) == {s.name for s in small.truth.surfaces}
    assert config["experiments"]["cart-bundles"] == {
        "surface": "cart",
        "control": "bestsellers",
        "treatment": "bundles",
        "variants": {"nothing": 0.34, "bestsellers": 0.33, "bundles": 0.33},
        "outcome": "revenue_per_visitor",
        "window": "7d",
        "guardrails": {"margin_per_visitor": 0.03},
        "starts_on": small.truth.starts_on,
        "ends_on": small.truth.ends_on,
    }
    assert "guardrails" not in config["experiments"]["chat"]
