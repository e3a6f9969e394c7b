"""From definitions to figures."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ibis.expr.types import Table

from builders import (
    MONDAY,
    Event,
    add,
    answer,
    click,
    exposure,
    facts,
    kept,
    later,
    line,
    message,
    purchase,
    refund,
    remove,
    rows,
    shown,
    view,
)
from counterclick.attribution import FirstTouch
from counterclick.config import ExperimentConfig
from counterclick.experiments.units import eligible
from counterclick.metrics import MEASURES, METRICS, MetricValue, Sources, compute, per_visitor

LOOSE = list(HealthCheck)


def small_shop() -> list[Event]:
    """Four visitors: v1 clicks and buys twice, v2 chats and buys, v3 only looks, v4 buys nothing from an e-mail."""
    return [
        shown("v1", "p1", "p2"),
        click("v1", "p1", at=later(MONDAY, minutes=2)),
        add("v1", 20, later(MONDAY, minutes=4)),
        add("v1", 10, later(MONDAY, minutes=5), product="p2"),
        remove("v1", 10, later(MONDAY, minutes=6), product="p2"),
        purchase("v1", order="o1", at=later(MONDAY, minutes=10), lines=[line("p1", 2, 20, unit_cost=15)], discount=4),
        purchase("v1", 14, order="o2", at=later(MONDAY, days=30)),
        refund("o1", later(MONDAY, days=3), lines=[{"product_id": "p1", "quantity": 1}]),
        answer("v2", "p2"),
        answer("v2", at=later(MONDAY, minutes=1)),
        purchase("v2", order="o3", at=later(MONDAY, minutes=20), lines=[line("p2", 1, 10), line("p9", 1, 40)]),
        shown("v3", "p1", "p9"),
        message("sent", "v4"),
        message("opened", "v4", later(MONDAY, minutes=10)),
        message("clicked", "v4", later(MONDAY, minutes=11)),
    ]


EXPECTED = {
    "revenue": (100, None),  # 36 + 14 + 50
    "net_revenue": (82, None),  # one of two units of o1 came back
    "returned_value": (18, None),
    "kept_margin_per_visitor": (3, 4),  # half of o1 came back, and half of its margin with it
    "returned_orders_per_visitor": (1, 4),
    "margin": (6, None),  # 36 - 2 x 15; no other cost is known
    "margin_rate": (6, 36),
    "orders": (3, None),
    "revenue_per_visitor": (100, 4),  # 36 + 14 + 50
    "net_revenue_per_visitor": (82, 4),  # one of two units, 18 of 36, came back
    "matured_net_revenue_per_visitor": (82, 4),
    "margin_per_visitor": (6, 4),  # 36 - 2 x 15; no other cost is known
    "orders_per_visitor": (3, 4),
    "units_per_visitor": (4, 4),
    "conversion": (2, 4),
    "aov": (100, 3),
    "units_per_order": (4, 2),  # o2 has no lines
    "returned_value_per_visitor": (18, 4),
    "return_rate": (1, 4),
    "order_success_rate": (2, 3),  # v1's click, v2's helpful answer; v4's click was followed by nothing
    "order_submit_rate": (
        1,
        4,
    ),  # p1 was shown to v1, who bought it; p2, p1, p9 were not bought by whom they were shown
    "add_to_cart_gmv": (30, None),
    "average_cart_value": (20, 1),
    "cart_value_per_visitor": (20, 4),
    "attributed_checkout_revenue": (86, None),  # o1 to the click, o3 to the answer; o2 is a month later
    "attributed_revenue_per_interaction": (86, 4),  # two answers, two clicks
    "ctr": (2, 3),  # two lists and a message; two clicks
    "session_length": (600 + 0 + 1200 + 0 + 60, 5),
    "sessions_per_visitor": (5, 4),
    "messages_per_visitor": (2, 4),
}


def sources(*events: Event, keep: bool = False) -> Sources:
    return Sources(facts(*events, keep=keep), FirstTouch())


@pytest.fixture(scope="module")
def shop() -> Sources:
    """The small shop's tables."""
    return sources(*small_shop(), keep=True)


@pytest.fixture(scope="module")
def empty() -> Sources:
    """A shop to which nothing happened."""
    return sources(keep=True)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_of_a_small_shop_by_hand(shop: Sources, name: str) -> None:
    """Every metric there is has its figure in the table above, and equals it."""
    numerator, denominator = EXPECTED[name]
    value = numerator if denominator is None else numerator / denominator
    assert compute(shop, METRICS[name]) == [MetricValue(None, value, numerator, denominator)]


@pytest.mark.parametrize("by", ["day", "month", "surface"])
@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_finite_or_none_by_anything(shop: Sources, name: str, by: Any) -> None:
    """Figures are numbers; None where there is nothing to divide by or nothing is known; keys are sorted and differ."""
    found = compute(shop, METRICS[name], by, timezone="Europe/Berlin")
    keys = [value.key for value in found]
    assert keys == sorted(set(keys), key=str)
    for value in found:
        assert (value.value is None) == (value.denominator == 0 or value.numerator is None)
        assert value.value is None or math.isfinite(value.value)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_of_an_empty_store(empty: Sources, name: str) -> None:
    """Nothing recorded: the whole shop's ratio is None and its total 0; there are no periods and no surfaces."""
    metric = METRICS[name]
    total = metric.denominator is None
    assert compute(empty, metric) == [MetricValue(None, 0.0 if total else None, 0.0, None if total else 0.0)]
    assert compute(empty, metric, "surface") == []


def test_totals_of_periods_add_up_to_the_whole(shop: Sources) -> None:
    """Numerators by day, week and month sum to the shop's."""
    for name in ("revenue_per_visitor", "add_to_cart_gmv", "ctr", "session_length"):
        whole = compute(shop, METRICS[name])[0].numerator
        for by in ("day", "week", "month"):
            assert sum(value.numerator for value in compute(shop, METRICS[name], by)) == pytest.approx(whole)  # type: ignore[arg-type]  # by the tuple above


def test_months_begin_in_the_shops_time_zone() -> None:
    """23:30 UTC on 31 January is February in Berlin; its return counts there, too."""
    shop = sources(
        purchase("v1", order="o1", at="2026-01-31T22:59", lines=[line()]),
        purchase("v2", order="o2", at="2026-01-31T23:30", lines=[line("p1", 3)]),
        refund("o2", "2026-03-05T10:00"),
    )
    assert compute(shop, METRICS["return_rate"], "month", timezone="Europe/Berlin") == [
        MetricValue("2026-01-01", 0.0, 0.0, 1.0),
        MetricValue("2026-02-01", 1.0, 3.0, 3.0),
    ]
    assert compute(shop, METRICS["return_rate"], "month") == [MetricValue("2026-01-01", 0.75, 3.0, 4.0)]


def test_weeks_begin_on_monday() -> None:
    """Sunday and the Monday after it lie in different weeks."""
    shop = sources(purchase("v1", 10, "2026-01-11T12:00"), purchase("v2", 20, "2026-01-12T12:00"))
    assert [(v.key, v.value) for v in compute(shop, METRICS["aov"], "week")] == [("2026-01-05", 10), ("2026-01-12", 20)]


def test_measures_of_a_surface_count_where_they_happened(shop: Sources) -> None:
    """Clicks over impressions of each surface; the chat shows nothing, so it has no rate."""
    found = compute(shop, METRICS["ctr"], "surface")
    assert found == [MetricValue("cart", 0.5, 1.0, 2.0), MetricValue("email", 1.0, 1.0, 1.0)]
    credited = compute(shop, METRICS["attributed_checkout_revenue"], "surface")
    assert [(value.key, value.value) for value in credited] == [("cart", 36), ("chat", 50)]


def test_other_measures_count_for_those_who_met_the_surface(shop: Sources) -> None:
    """Revenue per visitor of the cart is that of v1 and v3, who saw it; of the chat, v2's."""
    found = compute(shop, METRICS["revenue_per_visitor"], "surface")
    assert [(value.key, value.numerator, value.denominator) for value in found] == [
        ("cart", 50, 2),
        ("chat", 50, 1),
        ("email", 0, 1),
    ]


def test_a_surface_may_be_called_all() -> None:
    """No name of a surface is mistaken for the whole shop."""
    assert compute(sources(click("v1", surface="all")), METRICS["ctr"], "surface")[0].key == "all"


def test_orders_of_nobody_count_for_the_shop_and_for_no_visitor() -> None:
    """An order without a visitor is in the order value, not in revenue per visitor."""
    shop = sources(purchase(None, 30), view("v1"))
    assert compute(shop, METRICS["aov"])[0].value == 30
    assert compute(shop, METRICS["revenue_per_visitor"])[0].value == 0


def test_replaying_the_order_of_events_changes_nothing() -> None:
    """Events in another order give every metric the same figure."""
    events = small_shop()
    shuffled = random.Random(3).sample(events, len(events))
    one, other = sources(*events, keep=True), sources(*shuffled, keep=True)
    for metric in METRICS.values():
        assert compute(one, metric) == compute(other, metric)


ARMS = ExperimentConfig(
    surface="cart",
    control="a",
    variants={"a": 0.5, "b": 0.5},
    starts_on=datetime(2026, 1, 5, tzinfo=UTC).date(),
    ends_on=datetime(2026, 1, 31, tzinfo=UTC).date(),
)
who = st.sampled_from(["v1", "v2", "v3"])
hours = st.integers(0, 240)


@settings(max_examples=6, deadline=None, suppress_health_check=LOOSE)
@given(
    st.dictionaries(who, hours, min_size=1),
    st.lists(st.tuples(who, hours, st.integers(1, 50)), max_size=10),
    st.integers(1, 200),
)
def test_per_visitor_equals_plain_python(entered: dict[str, int], sold: list[tuple[str, int, int]], window: int) -> None:
    """Sums within the window of each visitor, the start included and the end excluded."""
    events = [exposure(visitor, "a", later(MONDAY, hours=at)) for visitor, at in entered.items()]
    events += [purchase(visitor, value, later(MONDAY, hours=at)) for visitor, at, value in sold]
    shop = facts(*events)
    units = eligible(shop.exposures("test"), ARMS, "UTC")
    span = timedelta(hours=window)
    table = per_visitor(Sources(shop, FirstTouch()), units, ["revenue", "orders", "buyers", "clicks"], span)
    found = rows(table, "visitor_id", "revenue", "orders", "buyers", "clicks")
    expected = []
    for visitor, start in sorted(entered.items()):
        own = [value for name, at, value in sold if name == visitor and start <= at < start + window]
        expected.append((visitor, sum(own), len(own), bool(own), 0))
    assert found == expected


@pytest.fixture(scope="module")
def exposed_shop() -> tuple[Sources, Table]:
    """The small shop with its four visitors and an idle one, eligible an hour before all else."""
    shop = facts(*small_shop(), *(exposure(f"v{i}", "a", "2026-01-05T09:00") for i in range(1, 6)), keep=True)
    return Sources(shop, FirstTouch()), kept(eligible(shop.exposures("test"), ARMS, "UTC"), "units")


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_has_a_number_for_every_visitor(exposed_shop: tuple[Sources, Table], measure: str) -> None:
    """One finite number a visitor, 0 for who did nothing, whatever the measure."""
    table = per_visitor(*exposed_shop, [measure], timedelta(days=7))
    found = rows(table, "visitor_id", measure)
    assert [visitor for visitor, _ in found] == ["v1", "v2", "v3", "v4", "v5"]
    assert all(math.isfinite(value) and value >= 0 for _, value in found)
    assert found[-1] == ("v5", float(measure == "sessions"))  # to be exposed is to be there
