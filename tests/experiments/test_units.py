"""Who counts, and whose an order is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import ibis

from builders import config, exposure, facts, identify, purchase, rows
from counterclick.experiments import ends_at
from counterclick.experiments.units import assigned_orders, eligible, finished_until, sole_visitors, unmatched_orders
from counterclick.facts import Facts

FIRST, LAST = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 9, tzinfo=UTC)


def units(shop: Facts, **settings: Any) -> Any:
    return eligible(shop.exposures("test"), config(**settings), "Europe/Berlin")


def test_the_experiment_begins_and_ends_at_local_midnight() -> None:
    """From 5 January 00:00 in Berlin to the end of 1 February, in whatever arm; who was seen earlier is out for good."""
    shop = facts(
        exposure("early", "a", "2026-01-04T22:59"),
        exposure("early", "a", "2026-01-05T10:00"),
        exposure("first", "a", "2026-01-04T23:00"),
        exposure("last", "b", "2026-02-01T22:59"),
        exposure("late", "b", "2026-02-01T23:00"),
        exposure("odd", "z", "2026-01-05T10:00"),
    )
    assert rows(units(shop), "visitor_id", "variant", "entry_on") == [
        ("first", "a", date(2026, 1, 5)),
        ("last", "b", date(2026, 2, 1)),
        ("odd", "z", date(2026, 1, 5)),
    ]
    assert ends_at(config(), "Europe/Berlin") == datetime(2026, 2, 1, 23, tzinfo=UTC)


def test_a_visitor_is_finished_once_window_and_allowance_have_closed() -> None:
    """With 7 days and 2 of allowance, who entered 9 days ago to the second is finished, a second later is not."""
    shop = facts(exposure("v1", "a", "2026-01-06T00:00"), exposure("v2", "a", "2026-01-06T00:00:01"))
    entered = units(shop)
    until = finished_until(config(), datetime(2026, 1, 15, tzinfo=UTC), timedelta(days=2))
    assert rows(entered.filter(entered.exposed_at <= ibis.literal(until)), "visitor_id") == ["v1"]


def test_orders_belong_to_who_placed_them_else_to_the_sole_visitor() -> None:
    """A stranger's device with a customer's login is the customer's one assigned visitor's; two make it unknown."""
    shop = facts(
        exposure("v1", "a"),
        identify("v1", "c1"),
        exposure("v2", "a"),
        exposure("v3", "b"),
        identify("v2", "c2"),
        identify("v3", "c2"),
        identify("v9", "c9"),
        purchase("v1", 1, order="o1"),
        purchase("desktop", 2, order="o2", customer_id="c1"),
        purchase(None, 3, order="o3", customer_id="c1"),
        purchase("v2", 4, order="o4"),
        purchase("tablet", 5, order="o5", customer_id="c2"),
        purchase(None, 6, order="o6"),
        purchase(None, 7, order="o7", customer_id="c8"),
        purchase("v9", 8, order="o8"),
    )
    everyone = units(shop)
    assert rows(sole_visitors(everyone, shop.identities), "customer_id", "sole_visitor") == [("c1", "v1"), ("c2", None)]
    assert rows(assigned_orders(shop.orders, everyone, shop.identities), "order_id", "visitor_id") == [
        ("o1", "v1"),
        ("o2", "v1"),
        ("o3", "v1"),
        ("o4", "v2"),
    ]
    lost = unmatched_orders(shop.orders, everyone, shop.identities, FIRST, LAST)
    assert rows(lost, "order_id") == ["o5", "o6", "o7"]


def test_unmatched_orders_lie_in_the_experiments_time() -> None:
    """What was sold before the start or after the last window is of no concern; the end is excluded."""
    shop = facts(
        exposure("v1", "a"),
        purchase(None, 1, "2026-01-04T23:59:59", order="o1"),
        purchase(None, 2, "2026-01-05T00:00", order="o2"),
        purchase(None, 3, "2026-02-08T23:59:59", order="o3"),
        purchase(None, 4, "2026-02-09T00:00", order="o4"),
    )
    lost = unmatched_orders(shop.orders, units(shop), shop.identities, FIRST, LAST)
    assert rows(lost, "order_id") == ["o2", "o3"]
