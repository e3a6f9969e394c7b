"""Readiness through the front door: a store's figures from its facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from builders import Event, line, purchase, refund, view
from counterclick.errors import EmptyStoreError
from counterclick.shop import Shop
from counterclick.shop.readiness import figures_of
from shell import Shell

MakeShop = Callable[[str], Shop]


def orders() -> list[Event]:
    """Three years, one order a year and three in the last: of 10, 20, and 30, 40, 50; two of the last had lines."""
    return [
        purchase("v1", order="a", revenue=10, at="2024-06-01T10:00", customer_id="c1"),
        purchase("v1", order="b", revenue=20, at="2025-06-01T10:00", customer_id="c1"),
        purchase("v1", order="c", revenue=30, at="2026-03-01T10:00", customer_id="c1"),
        purchase("v2", order="d", lines=[line("p1", 4, 10, unit_cost=6)], at="2026-05-30T10:00", customer_id="c2"),
        purchase(None, order="e", lines=[line("p2", 5, 10, unit_cost=6)], at="2026-06-01T10:00"),
    ]


def test_figures_are_those_of_the_facts(shop: Shop) -> None:
    """The last 365 days begin on the 2nd of June 2025: 30 + 40 + 50 of three orders, and 20 in the year before."""
    returned = refund("d", at="2026-06-01T09:00", lines=[{"product_id": "p1", "quantity": 1}])
    other = [refund("nowhere", amount=5), refund("c", at="2026-03-02T10:00", refund_kind="cancellation")]
    shop.record([*orders(), returned, *other, view("v3", at="2026-06-01T10:00"), view("v4", at="2026-05-01T10:00")])
    found = figures_of(shop.reading, shop.config)
    assert (found.first_order_on, found.last_order_on, found.span) == (date(2024, 6, 1), date(2026, 6, 1), 731)
    assert (found.revenue, found.revenue_before, found.n_orders, found.n_orders_before) == (120, 20, 3, 1)
    assert (found.products, found.n_carried) == (2, 2)
    assert found.margin_rate == pytest.approx(0.4)
    assert (found.n_returns, found.n_recent_returns, found.first_return_on) == (1, 1, date(2026, 6, 1))
    assert (found.customers, found.new_customers, found.loyal, found.new_loyal) == (2, 1, 1, 0)
    assert found.visitors_a_month == 2  # v2 two days before, and v3; v4 came 31 days before
    assert found.costs == {"cart": 100}


def test_days_begin_in_the_shops_time_zone(make_shop: MakeShop) -> None:
    """Half past eleven at night, UTC, is the next day in Berlin."""
    shop = make_shop('[shop]\ntimezone = "Europe/Berlin"')
    shop.record([purchase("v1", revenue=5, at="2026-01-05T23:30")])
    assert figures_of(shop.reading, shop.config).first_order_on == date(2026, 1, 6)


def test_a_declared_margin_is_used_where_costs_are_not_sent(make_shop: MakeShop) -> None:
    """Without unit costs the rate of shop.toml holds; without it, the margin is not known."""
    shop = make_shop("[shop]\nmargin_rate = 0.3")
    shop.record([purchase("v1", revenue=5)])
    assert shop.readiness().figures.margin_rate == 0.3
    assert figures_of(make_shop("").reading, make_shop("").config).margin_rate is None


def test_a_store_without_orders_and_an_empty_one(shop: Shop) -> None:
    """Visits alone tell no revenue; nothing at all is answered with what to do."""
    with pytest.raises(EmptyStoreError, match="counterclick record"):
        shop.readiness()
    shop.record([view("v1")])
    found = shop.readiness()
    assert found.stage.startswith("not known")
    assert (found.visible, found.worth) == ({}, None)


def test_the_command_says_what_the_verb_says(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: Shell
) -> None:
    """As text, and as JSON with every gate, its limit and its source."""
    shop.record(orders())
    text = str(shop.readiness())
    shop.close()
    monkeypatch.chdir(tmp_path)
    assert shell("readiness").rstrip() == text.rstrip()
    gate = shell.json("readiness")["interventions"][1]["gates"][1]
    assert (gate["name"], gate["value"], gate["limit"], gate["source"]) == ("products sold", 2, 50, "the mission's gates")
