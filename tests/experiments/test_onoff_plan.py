"""What an on/off test can see, from days on which nothing was switched."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from builders import Event, purchase, view
from counterclick.config import parse
from counterclick.display import WIDTH
from counterclick.errors import RefusedError
from counterclick.experiments.onoff_plan import OnOffContext, plan_onoff
from experiments.onoff_shops import YEAR, config, context, noisy, sold, visits


def test_a_plan_says_what_can_be_seen() -> None:
    """A shop whose days vary by 5 %: 4 weeks of one-day pairs show about 2.8 x .05 x sqrt(2/14) = 5.4 %."""
    plan = plan_onoff("cart", config(), context(*sold(YEAR, 150, noisy())), lift=0.08)
    four = next(found for found in plan.horizons if found.weeks == 4)
    assert four.pairs == 14
    assert four.plain == pytest.approx(0.054, rel=0.25)
    assert four.carried is None  # no visits, no lag
    assert plan.can_see
    assert "The declared 4 weeks can show a lift of 8.0 %" in plan.says
    assert "150 whole days" not in plan.basis  # the first day may be a part of one
    assert "149 whole days without switching, 2025-10-02 to 2026-02-27" not in plan.basis
    assert "148 whole days without switching, 2025-10-02 to 2026-02-26" in plan.basis


def test_a_plan_knows_the_folk_rule_beside_it() -> None:
    """By hand over the same days: sums of 14 days, and how often the next 14 are more than 2 % below."""
    revenue = noisy(sd=0.1)
    plan = plan_onoff("cart", config(), context(*sold(YEAR, 150, revenue)), lift=0.08)
    days = [round(revenue(YEAR + timedelta(days=place)), 2) for place in range(1, 149)]
    sums = [sum(days[place : place + 14]) for place in range(len(days) - 13)]
    alarms = [after < 0.98 * before for before, after in zip(sums, sums[14:], strict=False)]
    assert plan.folk_pairs == len(alarms)
    assert plan.folk_rate == pytest.approx(sum(alarms) / len(alarms))
    assert "it would have said" in str(plan)


def test_what_is_too_weak_is_said_with_what_would_be_enough() -> None:
    """Days that vary by 20 %: 10 % cannot be seen in 4 weeks, but in more; 1 % never; week pairs need 12 weeks."""
    shop = context(*sold(YEAR, 150, noisy(sd=0.15)))
    plan = plan_onoff("cart", config(), shop, lift=0.1)
    assert plan.can_see is False
    assert "The declared 4 weeks are too few: they show" in plan.says
    assert "can be seen in" in plan.says
    never = plan_onoff("cart", config(), shop, lift=0.01)
    assert "cannot be seen by switching on and off: 24 weeks show" in never.says
    assert "counterclick experiment plan" in str(never)
    weekly = plan_onoff("cart", config(block="7d"), shop, lift=0.3)
    assert [(found.weeks, found.plain is None) for found in weekly.horizons][:3] == [(4, True), (8, True), (12, False)]
    assert "2 pairs are too few" in weekly.says


def test_the_lift_that_matters_is_asked_for_declared_or_breaks_even() -> None:
    """1,000 a day are 30,438 a month; a cost of 152.19 at a margin of a half breaks even at 1 %."""
    shop = context(*sold(YEAR, 80, noisy(sd=0.001)), monthly_cost=152.19, margin_rate=0.5)
    assert plan_onoff("cart", None, _with_block(shop), lift=0.03).lift == 0.03
    declared = plan_onoff("cart", config(lift=0.02), shop)
    assert (declared.lift, declared.lift_is) == (0.02, "as declared")
    even = plan_onoff("cart", config(), shop)
    assert even.lift == pytest.approx(0.01, rel=0.01)
    assert even.lift_is == "break-even"
    unknown = plan_onoff("cart", config(), context(*sold(YEAR, 80, noisy())))
    assert unknown.lift is None
    assert unknown.can_see is None
    assert "Nothing says which lift would matter" in unknown.says


def _with_block(shop: OnOffContext) -> OnOffContext:
    """Return a shop with visits, so that the plan can choose a block."""
    events = [*sold(YEAR, 103, noisy(sd=0.001)), *visits(lambda n: 1 if n % 5 else 30, n=100, first=YEAR)]
    return context(*events, monthly_cost=shop.monthly_cost, margin_rate=shop.margin_rate)


def test_a_plan_without_a_declaration_writes_one() -> None:
    """Where one buyer in five takes 30 hours: two-day blocks, a start on the coming Monday, washout and carry-over."""
    plan = plan_onoff("cart", None, _with_block(context(view("v1"))), lift=0.2)
    assert plan.block_days == 2
    assert plan.lag_days == pytest.approx(31 / 24)
    assert plan.declare[:2] == ("[onoff.cart]", "starts_on = 2026-12-07")
    assert 'block = "2d"' in plan.declare
    parse("\n".join(plan.declare))
    four = plan.horizons[0]
    assert four.plain is not None
    assert four.carried is not None
    assert four.plain < four.carried
    assert max(len(line) for line in str(plan).splitlines()) <= WIDTH
    assert plan.grids()[0].columns == ["weeks", "pairs", "as is", "washout 1d", "carry-over", "both"]


def test_a_block_shorter_than_the_lag_is_named() -> None:
    """One-day blocks for buyers of whom one in five takes 30 hours: two days would not be shorter."""
    shop = _with_block(context(view("v1")))
    assert "blocks of 1 day are shorter, 2 days would not be" in plan_onoff("cart", config(), shop, lift=0.2).advice[0]


def test_a_plan_needs_eight_weeks_before_anything_is_switched() -> None:
    """55 whole days are too few, whether the record or the schedule ends them; and no lift at all is no lift."""
    with pytest.raises(RefusedError, match="only 55 whole days"):
        plan_onoff("cart", config(), context(*sold(YEAR, 57, noisy())), lift=0.1)
    assert plan_onoff("cart", config(), context(*sold(YEAR, 58, noisy())), lift=0.1)
    starts = config(starts_on=YEAR + timedelta(days=31))
    with pytest.raises(RefusedError, match="only 30 whole days"):
        plan_onoff("cart", starts, context(*sold(YEAR, 100, noisy())), lift=0.1)
    with pytest.raises(RefusedError, match="lift above 0"):
        plan_onoff("cart", config(), context(view("v1")), lift=0)


def test_days_of_earlier_schedules_are_no_basis() -> None:
    """After an earlier test of 4 weeks 60 days are enough; after one that left 40, what lay before it is taken."""
    shop = sold(YEAR, 190, noisy())
    last = YEAR + timedelta(days=188)
    ended = last - timedelta(days=60)
    recent = plan_onoff("cart", None, _blocked(shop, (ended - timedelta(days=27), ended)), lift=0.2)
    assert recent.basis.startswith(f"60 whole days without switching, {ended + timedelta(days=1)} to {last}")
    ended = last - timedelta(days=40)
    begun = ended - timedelta(days=27)
    before = plan_onoff("cart", None, _blocked(shop, (begun, ended)), lift=0.2)
    assert before.basis.startswith(f"120 whole days without switching, 2025-10-02 to {begun - timedelta(days=1)}")
    nested = (begun, begun + timedelta(days=6)), (YEAR + timedelta(days=46), ended)
    with pytest.raises(RefusedError, match="only 45 whole days of orders are known in a row"):
        plan_onoff("cart", None, _blocked(shop, *nested), lift=0.2)


def _blocked(shop: list[Event], *switched: tuple[date, date]) -> OnOffContext:
    """Return a shop whose buyers order at once, and in which this was switched."""
    return context(*shop, *visits(lambda _: 1, n=190, first=YEAR), switched=switched)


def test_a_plan_looks_at_the_newest_year() -> None:
    """A stray order of long ago does not make years of empty days."""
    stray = purchase("v0", 1, "2019-01-01T12:00")
    recent = sold(date(2025, 2, 1), 380, lambda day: 1000 + day.day)
    plan = plan_onoff("cart", config(), context(stray, *recent), lift=0.1)
    assert plan.basis.startswith("364 whole days without switching, 2025-02-16 to 2026-02-14")


def test_a_shop_closed_on_sundays_needs_week_blocks() -> None:
    """A one-day block without revenue has no ratio; a week has one."""

    def open_days(day: date) -> float:
        return 0.0 if day.weekday() == 6 else noisy()(day)

    shop = context(*sold(YEAR, 120, open_days))
    with pytest.raises(RefusedError, match="longer blocks hold more"):
        plan_onoff("cart", config(), shop, lift=0.1)
    assert plan_onoff("cart", config(block="7d", weeks=12), shop, lift=0.3).can_see
