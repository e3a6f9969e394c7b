"""What an on/off test is planned from and judged by: days, the decision lag, the margin, the surface's use."""

from __future__ import annotations

from datetime import date

import pytest

from builders import facts, purchase, shown, view
from counterclick.errors import EmptyStoreError, RefusedError
from counterclick.experiments.onoff_history import daily_revenue, decision_lag, margin_rate, surface_events
from counterclick.experiments.onoff_plan import block_for
from experiments.onoff_shops import START, sold, visits


def test_days_are_the_shops_own_and_days_without_orders_have_nothing() -> None:
    """23:30 UTC is the next day in Berlin; a day between two orders has revenue 0."""
    found = daily_revenue(
        facts(purchase("v1", 10, "2026-01-05T23:30"), purchase("v2", 5, "2026-01-08T10:00")), "Europe/Berlin"
    )
    assert found.first_on == date(2026, 1, 6)
    assert list(found.revenue) == [10, 0, 5]
    assert list(found.between(date(2026, 1, 5), date(2026, 1, 9))) == [0, 10, 0, 5, 0]
    with pytest.raises(EmptyStoreError, match="counterclick record"):
        daily_revenue(facts(view("v1")), "UTC")


def test_the_lag_is_nine_tenths_of_first_orders() -> None:
    """Eight in ten order an hour later, one a day later, one three days later: 25 hours, and shares .8, .1, 0, .1."""
    lag = decision_lag(facts(*visits(lambda n: {8: 24.0, 9: 72.0}.get(n % 10, 1.0), n=128)), "UTC")
    assert lag is not None
    assert lag.n_orders == 100  # the last 28 days were not followed for long enough
    assert lag.days == pytest.approx(25 / 24)
    assert lag.spill == pytest.approx((0.8, 0.1, 0, 0.1))
    assert [block_for("cart", lag.__class__(100, days, (1.0,))) for days in (0.1, 1.0, 1.1, 3, 3.2, 7, 7.5, 20)] == [
        1, 1, 2, 3, 7, 7, 14, 21,
    ]  # fmt: skip


def test_a_lag_needs_visits_before_orders() -> None:
    """Orders alone have none, nor have fifty orders of visitors who were never seen before; then a block is declared."""
    assert decision_lag(facts(*sold(START, 100, lambda _: 10)), "UTC") is None
    assert decision_lag(facts(*visits(lambda _: 1, n=60)), "UTC") is None
    with pytest.raises(RefusedError, match=r'\[onoff.cart\] block = "7d"'):
        block_for("cart", None)


def test_the_margin_is_the_recorded_one_else_the_declared_one() -> None:
    """Half of the revenue costed is not nearly all: the declared rate holds."""
    costed = [{"product_id": "hat", "quantity": 1, "unit_price": 10, "unit_cost": 4}]
    assert margin_rate(facts(purchase("v1", lines=costed)), 0.3) == pytest.approx(0.6)
    assert margin_rate(facts(purchase("v1", lines=costed), purchase("v2", 10)), 0.3) == 0.3


def test_a_surface_is_counted_by_day() -> None:
    """Two lists on Monday, one on Tuesday; another surface's do not count."""
    events = [shown("v1", "p", at="2026-01-05T10:00"), shown("v2", "p", at="2026-01-05T11:00")]
    events += [shown("v1", "p", at="2026-01-06T10:00"), shown("v1", "p", at="2026-01-06T10:00", surface="home")]
    assert surface_events(facts(*events), "cart", "UTC") == {date(2026, 1, 5): 2, date(2026, 1, 6): 1}
