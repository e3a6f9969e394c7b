"""Weekly looks: when they are due, what they spend, and that they are never rewritten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy import special

from builders import config, context
from counterclick.experiments.context import Declaration
from counterclick.experiments.hashing import config_hash
from counterclick.experiments.looks import due_looks, next_due, take_looks
from counterclick.stats import obrien_fleming_spending, spending_bounds
from counterclick.verdicts import Look
from experiments.arms import NOTHING, measured, spend, weekly
from experiments.arms import verdict as concluded

EIGHT = {"starts_on": date(2026, 1, 5), "ends_on": date(2026, 3, 1), "planned_buyers": 1_600}
"""Eight weeks, planned for 100 buyers a week and arm."""


def week(buyers: int, seed: int, amount: float = 100.0) -> Any:
    """Return a week's visitors of one arm."""
    return spend(2_000, buyers, amount, seed=seed)


def even(weeks: int = 8, lift: float = 0.0, buyers: int = 100) -> Any:
    """Return two arms of so many weeks, the second with a lift of the baskets."""
    arms = {
        "a": [week(buyers, n) for n in range(weeks)],
        "b": [week(buyers, 50 + n, 100 * (1 + lift)) for n in range(weeks)],
    }
    return weekly(arms)


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def looks_of(found: Any, as_of: str, before: tuple[Look, ...] = (), **settings: Any) -> tuple[Look, ...]:
    told = context(of=NOTHING, as_of=at(as_of), looks=before)
    return take_looks("test", config(**(EIGHT | settings)), told, found)


def test_looks_are_due_weekly_from_the_second_week_when_windows_have_closed() -> None:
    """Eight weeks have seven looks; the first counts two whole weeks, and is due 7 + 2 days after them."""
    found = due_looks("test", config(**EIGHT), context(of=NOTHING))
    assert [look.entered_until for look in found] == [date(2026, 1, 18) + timedelta(weeks=n) for n in range(7)]
    assert found[0].at == at("2026-01-28")
    assert [look.is_last for look in found] == [False] * 6 + [True]


def test_without_planned_buyers_there_is_one_look_at_the_end() -> None:
    """Nothing says what a look may spend; a declaration that knew the history does."""
    settings = config(**(EIGHT | {"planned_buyers": None}))
    assert [look.entered_until for look in due_looks("test", settings, context(of=NOTHING))] == [date(2026, 3, 1)]
    declared = Declaration(config_hash("test", settings), at("2026-01-01"), 1_600.0)
    assert len(due_looks("test", settings, context(of=NOTHING, declarations=[declared]))) == 7
    ends = config(**(EIGHT | {"looks": "end"}))
    assert len(due_looks("test", ends, context(of=NOTHING))) == 1


def test_the_bounds_are_those_of_the_buyers_that_have_come() -> None:
    """Three looks at 400, 600 and 800 of 1,600 buyers have the bounds of a quarter, 3/8 and half."""
    found = looks_of(even(), "2026-02-12")
    assert [look.information for look in found] == [400, 600, 800]
    times = [0.25, 0.375, 0.5]
    expected = spending_bounds(times, [obrien_fleming_spending(time) for time in times])
    assert [look.bound for look in found] == pytest.approx(expected)
    assert not any(look.crossed or look.is_last for look in found)


def test_looking_more_often_changes_nothing() -> None:
    """Looks taken one by one, each recorded, are those that are taken all at once at the end."""
    found = even()
    before: tuple[Look, ...] = ()
    day = at("2026-01-20")
    while day < at("2026-03-20"):
        before = looks_of(found, day.strftime("%Y-%m-%d"), before)
        day += timedelta(days=3)
    at_once = looks_of(found, "2026-03-20")
    assert len(at_once) == 7
    timeless = [replace(look, taken_at=look.due_at) for look in before]
    assert timeless == [replace(look, taken_at=look.due_at) for look in at_once]


def test_a_look_that_was_taken_stays_as_it_was() -> None:
    """Orders that turn up later change later looks, never one that was taken."""
    before = looks_of(even(), "2026-02-05")
    after = looks_of(even(buyers=120), "2026-02-12", before)
    assert after[: len(before)] == before
    assert after[-1].information == 960


def test_new_looks_are_handed_over_once() -> None:
    """`remember` gets what is new, and nothing where nothing is."""
    kept: list[Look] = []
    told = context(of=NOTHING, as_of=at("2026-02-12"), remember=kept.extend)
    found = take_looks("test", config(**EIGHT), told, even())
    assert kept == list(found)
    again = replace(told, looks=found)
    take_looks("test", config(**EIGHT), again, even())
    assert len(kept) == 3


def test_looking_ends_with_a_bound_that_is_crossed() -> None:
    """Half as many buyers again are seen at an early look; none is taken after it, and none is due."""
    arms = {"a": [week(100, n) for n in range(8)], "b": [week(150, 50 + n) for n in range(8)]}
    whole = weekly(arms)
    found = looks_of(whole, "2026-03-20")
    assert found[-1].crossed == "upper"
    assert len(found) < 7
    assert next_due("test", config(**EIGHT), context(of=NOTHING), whole, found) is None
    mirrored = looks_of(weekly({"a": arms["b"], "b": arms["a"]}), "2026-03-20")
    assert mirrored[-1].crossed == "lower"
    assert mirrored[-1].statistic == pytest.approx(-found[-1].statistic, rel=0.1)


def test_planned_buyers_end_it_before_the_end() -> None:
    """Where the planned buyers have come, all of the error rate is spent and that look is the last."""
    found = looks_of(even(), "2026-03-20", planned_buyers=700)
    assert [look.is_last for look in found] == [False, False, True]
    assert found[-1].spent == 0.025


def test_the_end_spends_what_is_left() -> None:
    """Fewer buyers than planned: the last look has the rest of the error rate, and nearly the bound of a single one."""
    found = looks_of(even(), "2026-03-20", planned_buyers=6_400)
    assert found[-1].is_last
    assert found[-1].spent == 0.025
    assert found[-1].bound == pytest.approx(1.96, abs=0.005)


def test_too_few_buyers_are_no_look() -> None:
    """Below 50 buyers in the smaller share no look is taken and nothing is spent, but the last is taken always."""
    found = looks_of(even(buyers=10), "2026-03-20", planned_buyers=160)
    assert [look.number for look in found] == [4, 5, 6, 7]  # from 100 buyers of both arms on
    assert not any(look.crossed for look in found)  # the smaller arm has 50 of them at most in a few
    none = looks_of(even(buyers=1), "2026-03-20", planned_buyers=160)
    assert [(look.number, look.is_last) for look in none] == [(7, True)]


def test_few_buyers_are_tested_by_rerandomisation() -> None:
    """With 60 buyers an arm the statistic is the normal score of the re-randomised p-value, not the plain ratio."""
    found = looks_of(even(buyers=15, lift=0.3), "2026-02-12", planned_buyers=240)[-1]
    assert found.statistic is not None
    p_value = float(special.ndtr(-abs(found.statistic)))
    assert 0.001 < p_value < 0.5


def test_anytime_looks_need_no_plan_and_see_less() -> None:
    """Bounds of the anytime-valid band are near 3 at every look."""
    found = looks_of(even(), "2026-03-20", planned_buyers=None, looks="anytime")
    assert len(found) == 7
    assert all(look.bound and 2.7 < look.bound < 4.5 for look in found)


def test_a_running_experiment_says_when_the_next_look_is_due() -> None:
    """Between looks there is a band to look at, and no p-value of a verdict."""
    found = concluded(even(), {"as_of": at("2026-02-12")}, **EIGHT)
    assert (found.outcome, found.kind) == ("inconclusive", "still running")
    assert found.next_look_on == date(2026, 2, 18)
    assert "the next look is due on 2026-02-18" in found.because
    assert found.interval == "repeated 95 %"
    assert found.band is not None
    assert found.lift_upper - found.lift_lower > found.band[2] - found.band[1]  # type: ignore[operator]
    early = concluded(even(), {"as_of": at("2026-01-20")}, **EIGHT)
    assert "the next of 7 looks is due on 2026-01-28" in early.because
    assert (early.looks, early.interval, early.p_value) == ((), "anytime-valid 95 %", None)


def test_an_early_win_is_reported_smaller_than_it_looks() -> None:
    """The median-unbiased lift lies below the plain one, inside the repeated interval, which excludes zero."""
    arms = {"a": [week(200, n) for n in range(8)], "b": [week(280, 50 + n) for n in range(8)]}
    found = concluded(weekly(arms), {"as_of": at("2026-03-20")}, **(EIGHT | {"planned_buyers": 3_200}))
    assert found.outcome == "won"
    assert len(found.looks) < 7
    plain = found.looks[-1].total["b"] / found.looks[-1].total["a"] - 1
    assert found.lift is not None
    assert 0 < found.lift_lower < found.lift < plain  # type: ignore[operator]
    assert found.p_value < 0.05  # type: ignore[operator]
    assert "Looks" in str(found)


def test_what_is_too_good_so_early_is_held() -> None:
    """A lift of 70 % at the first look is held while the experiment runs, and only warned of when it has ended."""
    arms = {"a": [week(200, n) for n in range(8)], "b": [week(340, 50 + n) for n in range(8)]}
    settings = EIGHT | {"planned_buyers": 3_200}
    held = concluded(weekly(arms), {"as_of": at("2026-02-01")}, **settings)
    assert (held.outcome, held.kind) == ("inconclusive", "held for a data check")
    assert "Twyman" in held.because
    over = concluded(weekly(arms), {"as_of": at("2026-03-20")}, **settings)
    assert over.outcome == "won"
    assert any("Twyman" in warning for warning in over.warnings)


def test_too_small_to_matter_may_end_it_early() -> None:
    """Where the repeated interval lies below break-even the verdict says so before the end."""
    told = {"as_of": at("2026-02-26"), "monthly_cost": 500_000.0}
    found = concluded(even(), told, **EIGHT)
    assert (found.outcome, found.kind) == ("inconclusive", "too small to matter")
    assert "it may end now" in found.because


def test_what_comes_in_after_a_look_is_said_and_changes_nothing() -> None:
    """Ten more orders of the visitors of look 3: it stands, with its totals beside today's."""
    before = looks_of(even(), "2026-02-12")
    found = concluded(even(buyers=110), {"as_of": at("2026-02-12"), "looks": before}, **EIGHT)
    assert found.looks == before
    assert any("Since look 3, events about its visitors came in" in text for text in found.warnings)
    assert not any("Since look" in text for text in concluded(even(), {"as_of": at("2026-02-12")}, **EIGHT).warnings)


def test_a_look_waits_for_its_orders() -> None:
    """Exposures come by the minute, orders by the month: a look whose orders are not recorded yet is not taken."""
    whole = even()
    late = replace(whole, last_order_at=at("2026-01-30"), last_window_at=at("2026-03-08"))
    assert [look.number for look in looks_of(late, "2026-03-20")] == [1]  # its windows close on 25 January
    found = concluded(late, {"as_of": at("2026-03-20")}, **EIGHT)
    assert (found.kind, found.next_look_on) == ("still running", date(2026, 2, 4))
    assert "look 2 is due, but orders are recorded until 2026-01-30 only; record those up to 2026-02-02" in found.because
    assert len(looks_of(replace(late, last_order_at=at("2026-03-05")), "2026-03-20")) == 7


def test_what_a_look_says_and_its_interval_agree() -> None:
    """Near the bound crossing, interval and p-value come from the same labels: none excludes zero without the others."""
    seen = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        a, b = np.zeros(4_000), np.zeros(4_000)
        a[:120], b[:120] = rng.lognormal(3, 0.9, 120), rng.lognormal(3.23, 0.9, 120)
        found = concluded(measured({"a": a, "b": b}))
        crossed = found.looks[-1].crossed is not None
        excludes = found.lift_lower > 0 or found.lift_upper < 0  # type: ignore[operator]
        assert crossed == excludes == (found.p_value <= 0.05), seed  # type: ignore[operator]
        seen.add(crossed)
    assert seen == {True, False}


def test_far_more_planned_buyers_than_come_early_are_no_error() -> None:
    """A first look at a fiftieth of the plan has a bound that nothing crosses, and an interval all the same."""
    settings = EIGHT | {"planned_buyers": 20_000, "guardrails": {"returned_value_per_visitor": 0.05}}
    found = concluded(even(), {"as_of": at("2026-01-30")}, **settings)
    assert found.looks[0].bound > 12  # type: ignore[operator]
    assert found.kind == "still running"
    assert concluded(even(), {"as_of": at("2026-01-20")}, **settings).kind == "still running"


def test_while_it_runs_the_advice_is_to_let_it_run() -> None:
    """Who serves the control to everyone now has no experiment any more."""
    for day, until in (("2026-01-20", "2026-01-28"), ("2026-02-12", "2026-02-18")):
        found = concluded(even(), {"as_of": at(day)}, **EIGHT)
        assert found.meanwhile == f"Keep the split as declared until {until}."
        assert found.p_value is None


def test_days_are_the_shops() -> None:
    """A look that is due at midnight in Berlin is due on that day, not on the day before as in UTC."""
    found = concluded(even(), {"as_of": at("2026-02-12"), "timezone": "Europe/Berlin"}, **EIGHT)
    assert found.next_look_on == date(2026, 2, 18)


def test_until_takes_the_visitors_of_the_first_weeks() -> None:
    """Moments and amounts of two of three weeks are those of their visitors alone."""
    found = even(3)
    two = found.until(date(2026, 1, 18))
    assert two.arms["a"].n == 4_000
    assert len(two.amounts["a"]) == 200
    assert two.amounts["a"].sum() == pytest.approx(two.arms["a"].sum_of("revenue"))
    assert found.until(date(2026, 5, 1)) is found
    assert np.all(two.entered["b"] <= np.datetime64("2026-01-18"))
