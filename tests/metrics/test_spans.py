"""Metrics of whole periods are those of `compute`, and their days add up to them."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest

from builders import add, answer, click, facts, later, line, product, purchase, refund, shown, view
from counterclick.attribution import FirstTouch
from counterclick.metrics import METRICS, Period, Sources, compute, period_of, within_periods

ZONE = "Europe/Berlin"
MONTHS = [period_of(f"2026-0{n}", None, None, date(2026, 12, 31)) for n in (2, 3)]


def busy() -> list[Any]:
    """Two months of visits, answers, carts, orders and returns, over the change of the clocks in March."""
    drawn = random.Random(5)
    events = [product(f"p{n}") for n in range(4)]
    for number in range(400):
        visitor, at = f"v{number % 150}", later("2026-01-31T20:00", hours=drawn.uniform(0, 1400))
        goods = f"p{drawn.randrange(4)}"
        events += [view(visitor, at), shown(visitor, goods, "p0", at=later(at, minutes=1))]
        if drawn.random() < 0.5:
            events.append(drawn.choice([click, answer])(visitor, goods, at=later(at, minutes=2)))
        if drawn.random() < 0.4:
            events.append(add(visitor, 10 + number % 7, later(at, minutes=3), product=goods))
            order = f"o{number}"
            lines = [line(goods, 1 + number % 3, 10 + number % 7, unit_cost=4)]
            events.append(purchase(visitor, order=order, at=later(at, minutes=9), lines=lines))
            if number % 5 == 0:
                events.append(refund(order, later(at, days=4)))
    return events


@pytest.fixture(scope="module")
def sources() -> Sources:
    """The busy shop's tables."""
    return Sources(facts(*busy()), FirstTouch())


@pytest.mark.parametrize("name", METRICS)
def test_a_month_is_what_the_metric_of_that_month_is(sources: Sources, name: str) -> None:
    """The same numerator, denominator and value as `compute` by month, in the shop's time zone."""
    found = within_periods(sources, [METRICS[name]], MONTHS, timezone=ZONE)
    by_month = {value.key: value for value in compute(sources, METRICS[name], "month", timezone=ZONE)}
    for month in MONTHS:
        ours, theirs = found[name, month].figure, by_month[month.first_on.isoformat()]
        assert ours.numerator == pytest.approx(theirs.numerator)
        assert ours.denominator == pytest.approx(theirs.denominator)
        assert ours.value == pytest.approx(theirs.value)


def test_days_add_up_to_their_period(sources: Sources) -> None:
    """Of sums, not of visitors, who may come on two days; a total is divided by 1 a day."""
    found = within_periods(sources, [METRICS["aov"], METRICS["orders"], METRICS["conversion"]], MONTHS, timezone=ZONE)
    aov, orders, seen = (found[name, MONTHS[1]] for name in ("aov", "orders", "conversion"))
    assert sum(above for above, _ in aov.days) == pytest.approx(aov.figure.numerator)
    assert sum(below for _, below in aov.days) == aov.figure.denominator == sum(above for above, _ in orders.days)
    assert [below for _, below in orders.days] == [1.0] * 31
    assert sum(below for _, below in seen.days) > (seen.figure.denominator or 0) > 0
    by_day = {value.key: value.value for value in compute(sources, METRICS["conversion"], "day", timezone=ZONE)}
    assert seen.days[9][0] / seen.days[9][1] == by_day["2026-03-10"]


def test_a_surface_has_its_own_rows_alone(sources: Sources) -> None:
    """Touches of two surfaces add up to all of them."""
    wanted = [METRICS["order_success_rate"], METRICS["order_submit_rate"]]
    parts = [Sources(sources.facts, sources.rule, surface=name) for name in ("cart", "chat")]
    whole = within_periods(sources, wanted, MONTHS[:1], timezone=ZONE)
    for metric in wanted:
        key = (metric.name, MONTHS[0])
        own = [within_periods(part, wanted, MONTHS[:1], timezone=ZONE)[key].figure for part in parts]
        assert sum(each.denominator or 0 for each in own) == whole[key].figure.denominator
        assert sum(each.numerator or 0 for each in own) == whole[key].figure.numerator


def test_a_period_in_which_nothing_happened() -> None:
    """Totals are 0 and ratios None."""
    empty = Period("long ago", date(2001, 1, 1), date(2001, 1, 14))
    found = within_periods(Sources(facts(purchase("v1", 10)), FirstTouch()), [METRICS["orders"], METRICS["aov"]], [empty])
    assert found["orders", empty].figure.value == 0
    assert found["aov", empty].figure.value is None
    assert found["orders", empty].days == ((0.0, 1.0),) * 14
