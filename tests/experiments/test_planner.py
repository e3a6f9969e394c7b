"""How long until a lift can be seen."""

from __future__ import annotations

import math
from datetime import date

import pytest

from builders import MONDAY, Event, experiment, later, line, purchase, shown, view
from counterclick.errors import EmptyStoreError, RefusedError
from counterclick.experiments import expected_buyers


def history(per_day: int = 20, days: int = 28, buyers: int = 4) -> list[Event]:
    """New visitors each day, some of whom buy for 20, 40, ... an hour later."""
    events = []
    for day in range(days):
        at = later(MONDAY, days=day)
        events += [view(f"d{day}v{i}", at) for i in range(per_day)]
        events += [purchase(f"d{day}v{i}", 20 * (i + 1), later(at, hours=1)) for i in range(buyers)]
    return events


def test_weeks_agree_with_the_smallest_visible_lift() -> None:
    """The lift that 8 weeks show needs 8 weeks; visitors are a week's times the weeks."""
    told = experiment(*history())
    first = told.plan(0.5)
    assert first.history.visitors_in(4) == 560
    again = told.plan(first.smallest_visible[8])
    assert again.weeks_needed == pytest.approx(8, rel=0.01)
    assert again.visitors_needed == pytest.approx(140 * 8, rel=0.01)
    lifts = list(first.smallest_visible.values())
    assert lifts == sorted(lifts, reverse=True)
    assert first.history.widest
    assert first.history.widest.coefficient_of_variation == pytest.approx(2.236, abs=0.01)  # mean 10, variance 500


def test_what_can_be_seen_is_said() -> None:
    """A tripling can be seen in four weeks; 2 % cannot, and the plan says what could be measured instead."""
    told = experiment(*history())
    large, small = told.plan(3.0), told.plan(0.02)
    assert large.can_see
    assert large.says == "In the planned 4 weeks a lift of 300.0 % can be seen."
    assert not small.can_see
    assert "cannot be detected at this traffic" in small.says
    assert small.weeks_needed is None  # more than ten years
    assert "more than ten years" in small.says
    assert small.instead
    assert all(len(row) <= 80 for row in str(small).splitlines())


def test_visitors_of_the_surface_are_the_history() -> None:
    """Where the surface was seen, only its visitors count; where not, all, and the plan says so."""
    there = [shown(f"d{day}v{i}", "p1", at=later(MONDAY, days=day, minutes=1)) for day in range(28) for i in (0, 9)]
    assert "visitors seen on surface 'cart', 56 visitors" in experiment(*history(), *there, surface="cart").plan().basis
    assert "surface 'chat' has no history" in experiment(*history(), surface="chat").plan().basis


def orders_alone(a_week: int, weeks: int) -> list[Event]:
    """Orders without visitors, evenly spread, with amounts whose coefficient of variation is 1."""
    n = a_week * weeks
    amounts = [-100 * math.log(1 - (i + 0.5) / n) for i in range(n)]  # an exponential's quantiles
    step = weeks * 7 * 24 * 3600 / n
    return [purchase(None, round(amounts[(i * 7919) % n], 2), later(MONDAY, seconds=int(i * step))) for i in range(n)]


def test_orders_alone_show_ten_percent_in_four_weeks() -> None:
    """1,440 orders a week with a basket CV of 1: 10 % in 4 weeks, 4 % in 26 (STATISTICS, section 9)."""
    plan = experiment(*orders_alone(1_440, 2)).plan(0.02)
    assert plan.history.orders_a_week == pytest.approx(1_440, rel=0.01)
    assert (plan.history.widest, plan.visitors_needed) == (None, None)
    assert plan.smallest_visible[4] == pytest.approx(0.105, abs=0.01)
    assert plan.smallest_visible[26] == pytest.approx(0.04, abs=0.005)
    assert plan.weeks_needed == pytest.approx(104, rel=0.15)  # "2 % in two years", and weekly looks cost some more
    assert "no visitor whose window has closed" in plan.basis


def test_visitors_who_bought_nothing_leave_the_orders_alone() -> None:
    """Orders that name no visitor are planned from, whether or not visitors were seen."""
    plan = experiment(*orders_alone(100, 2), view("v1"), view("v2", later(MONDAY, days=3))).plan()
    assert plan.visitors_needed is None
    assert "too few of them by visitors" in plan.basis


def test_less_than_a_week_is_no_history() -> None:
    """Orders on six days say nothing of a week; on seven they do."""
    first = purchase("v1", order="o1", lines=[line()])
    with pytest.raises(RefusedError, match=r"cover 6 days.*a week at least"):
        experiment(first, purchase("v2", 20, later(MONDAY, days=5))).plan(0.02)
    plan = experiment(first, purchase("v2", 20, later(MONDAY, days=6, hours=5))).plan(0.02)
    assert math.isfinite(plan.smallest_visible[26])


@pytest.mark.parametrize("lift", [0.0, -0.1, math.nan])
def test_a_lift_must_be_above_zero(lift: float) -> None:
    """A plan for no lift, or for a loss, is refused."""
    with pytest.raises(RefusedError, match="needs a lift above 0"):
        experiment(purchase("v1", 5)).plan(lift)


def test_what_cannot_be_planned_is_refused() -> None:
    """An outcome of buyers alone, and a store without orders."""
    with pytest.raises(RefusedError, match="not an outcome per visitor"):
        experiment(purchase("v1", 5), outcome="aov").plan()
    with pytest.raises(EmptyStoreError, match="no orders are recorded yet"):
        experiment().plan()


COST = {"monthly_cost": 100.0, "margin_rate": 0.5}


def test_what_cannot_see_its_break_even_is_refused_and_what_could_is_named() -> None:
    """Cost 100 on a margin of 3,044 a month is 3.3 %: no split could see it; 49 % takes longer; 197 % is seen."""
    plan = experiment(*history(), told=COST).plan(0.5)
    assert plan.break_even_lift == pytest.approx(100 / (1_400 * 365.25 / 84 * 0.5), rel=0.001)
    assert "No split could within 26 weeks" in plan.refusal
    assert plan.instead
    dear = experiment(*history(), told=COST | {"monthly_cost": 6_000.0}).plan(0.5)
    assert dear.break_even_lift == pytest.approx(60 * plan.break_even_lift)
    assert dear.refusal == ""
    assert dear.by_end < dear.break_even_lift
    middle = experiment(*history(), told=COST | {"monthly_cost": 1_500.0}).plan(0.5)
    assert "50/50 until 2026-" in middle.refusal
    assert "REFUSED" in str(middle)


def test_an_unknown_break_even_refuses_nothing() -> None:
    """Without cost or margin nobody can say which lift would pay."""
    plan = experiment(*history()).plan(0.02)
    assert (plan.break_even_lift, plan.refusal) == (None, "")


def test_less_than_two_weeks_are_refused() -> None:
    """Weekdays differ: two whole weeks are the least."""
    plan = experiment(*history(), ends_on=date(2026, 1, 12)).plan(3.0)
    assert "two whole weeks are the least" in plan.refusal


def test_visitors_who_come_back_are_counted_once() -> None:
    """The same 20 visitors every day are 20 in a week and in four; new ones add up."""
    events = [view(f"v{i}", later(MONDAY, days=day)) for day in range(28) for i in range(20)]
    events += [purchase("v1", 20, later(MONDAY, days=day, hours=1)) for day in range(28)]
    told = experiment(*events).plan(0.5).history
    assert [told.spans[weeks].visitors for weeks in (1, 2, 4)] == [20, 20, 20]
    assert told.visitors_in(26) == 20
    fresh = experiment(*history()).plan(0.5).history
    assert [fresh.visitors_in(weeks) for weeks in (1, 2, 3, 4, 8)] == [140, 280, 420, 560, 1_120]


def test_splits_cost_power_and_save_revenue() -> None:
    """80/20 sees less than 50/50 in the same weeks; what its control forgoes is two fifths of what half would."""
    splits = {split.name: split for split in experiment(*history()).plan(0.5).splits}
    assert splits["50/50"].visible < splits["80/20"].visible < splits["90/10"].visible
    assert splits["80/20"].forgone == pytest.approx(0.4 * splits["50/50"].forgone)
    assert splits["50/50"].forgone == pytest.approx(0.5 * 1_400 * 4 * 0.5)  # half of four weeks' revenue, by a half


def test_what_can_be_measured_instead_has_its_numbers() -> None:
    """Units per order with a known spread: 2 x 7.85 x (sd / .2)^2 orders an arm (Kohavi et al. 2020, chapter 15)."""
    events = []
    for day in range(28):
        for i in range(4):
            lines = [line("p1", 1 + (i % 2))]
            events.append(purchase(f"d{day}v{i}", lines=lines, at=later(MONDAY, days=day, hours=1)))
    plan = experiment(*history(buyers=0), *events).plan(0.02)
    sd = 0.25 * 112 / 111  # of 1, 2, 1, 2, ...
    orders = math.ceil(2 * 7.848879 * sd / 0.04)
    assert any(f"1.50 to 1.70: {orders} orders an arm" in text for text in plan.instead)
    assert any("counterclick onoff plan cart" in text for text in plan.instead)


def test_planned_buyers_come_from_before_the_start_only() -> None:
    """Four weeks of 28 buyers let expect 112 in four more; without a history before the start nothing is expected."""
    later_on = {"starts_on": date(2026, 2, 9), "ends_on": date(2026, 3, 8)}
    told = experiment(*history(), **later_on)
    assert expected_buyers("test", told.config, told.context) == pytest.approx(112)
    at_once = experiment(*history())
    assert expected_buyers("test", at_once.config, at_once.context) is None
    short = experiment(*history(days=10), **later_on)
    assert expected_buyers("test", short.config, short.context) is None


def test_a_part_of_the_traffic_sees_less() -> None:
    """A quarter of the visitors takes four times as long; the break-even lift, of the whole surface, stays."""
    whole = experiment(*history(), told=COST).plan(0.5)
    part = experiment(*history(), told=COST, traffic=(0.0, 0.25)).plan(0.5)
    assert part.planned_buyers == pytest.approx(whole.planned_buyers / 4)
    assert part.smallest_visible[8] == pytest.approx(whole.smallest_visible[2], rel=0.05)
    assert part.break_even_lift == whole.break_even_lift


@pytest.mark.parametrize("outcome", ["revenue_per_visitor", "orders_per_visitor", "conversion", "units_per_visitor"])
def test_the_break_even_lift_is_of_revenue_whatever_the_outcome(outcome: str) -> None:
    """Cost over margin revenue does not depend on what the verdict is decided on."""
    events = [view(f"w{day}v{i}", later(MONDAY, days=day)) for day in range(28) for i in range(20)]
    events += [
        purchase(f"w{day}v{i}", lines=[line("p", 1 + i, price=20)], at=later(MONDAY, days=day, hours=1))
        for day in range(28)
        for i in range(4)
    ]
    plan = experiment(*events, told=COST, outcome=outcome).plan(0.5)
    assert plan.break_even_lift == pytest.approx(100 / (1_400 * 365.25 / 84 * 0.5), rel=0.001)


def test_a_soft_launch_does_not_make_a_shop_look_small() -> None:
    """Two weeks with hardly a visitor before four usual ones are left out of the history."""
    soft = [view(f"soft{day}", later(MONDAY, days=day - 14)) for day in range(14)]
    with_it, without = (experiment(*history(), *events).plan(0.5).history for events in (soft, []))
    assert sorted(with_it.spans) == sorted(without.spans) == [1, 2, 4]
    assert with_it.visitors_in(8) == without.visitors_in(8)
