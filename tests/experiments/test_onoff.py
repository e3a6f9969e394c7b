"""The verdict of an on/off test on shops of known truth."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from builders import facts, message, shown
from counterclick.display import WIDTH
from counterclick.errors import RefusedError
from counterclick.experiments.context import Declaration
from counterclick.experiments.onoff import judge_onoff
from counterclick.experiments.onoff_plan import OnOffContext
from counterclick.experiments.onoff_schedule import schedule_hash, schedule_of
from experiments.onoff_shops import START, YEAR, config, context, noisy, noon, of_lift, sold, used, visits


def judged(truth: float, *, sd: float = 0.05, shop: Any = None, **settings: Any) -> Any:
    """Return the verdict on a shop whose surface has this lift, shown on its on days and on no others."""
    chosen = config(**settings)
    events = [*sold(YEAR, 300, of_lift(truth, chosen, sd)), *used(chosen)]
    own = Declaration(schedule_hash("cart", chosen), datetime(2026, 2, 1, tzinfo=UTC))
    return judge_onoff("cart", chosen, context(*events, **{"declarations": (own,)} | (shop or {})))


def test_a_surface_that_earns_is_won() -> None:
    """+20 % on 14 on days of 28, noise of 5 %: won, with an interval around it, and 0.2 of the off days' month in money."""
    verdict = judged(0.2, shop={"monthly_cost": 100, "margin_rate": 0.5})
    assert verdict.outcome == "won"
    assert verdict.lift == pytest.approx(0.2, abs=0.06)
    assert verdict.lift_lower < 0.2 < verdict.lift_upper
    assert verdict.p_value < 0.01
    assert verdict.incremental.value == pytest.approx(verdict.lift * verdict.numbers["off_revenue_a_month"])
    assert verdict.numbers["off_revenue_a_month"] == pytest.approx(1000 * 365.25 / 12, rel=0.05)
    assert verdict.break_even_lift == pytest.approx(100 / (0.5 * verdict.numbers["off_revenue_a_month"]))
    assert [check.passed for check in verdict.checks] == [True] * 5
    assert verdict.meanwhile.startswith("Leave cart on; ")
    assert max(len(line) for line in str(verdict).splitlines()) <= WIDTH


def test_a_surface_that_harms_is_lost() -> None:
    """-20 % on its on days."""
    verdict = judged(-0.2)
    assert verdict.outcome == "lost"
    assert verdict.meanwhile == "Leave cart off; it is not shown to earn."


@pytest.mark.parametrize(
    ("lift", "sd", "wanted", "kind"),
    [
        (0.0, 0.02, 0.2, "too small to matter"),
        (0.0, 0.15, 0.08, "needs more weeks"),
        (0.0, 0.3, 0.02, "cannot be detected at this traffic"),
        (0.0, 0.05, None, "cannot be detected at this traffic"),
    ],
)
def test_inconclusive_says_which_kind(lift: float, sd: float, wanted: float | None, kind: str) -> None:
    """The whole interval below what matters; so many weeks more; half a year is not enough; nothing says what matters."""
    verdict = judged(lift, sd=sd, lift=wanted) if wanted else judged(lift, sd=sd)
    assert (verdict.outcome, verdict.kind) == ("inconclusive", kind)
    assert verdict.because.startswith("the shop's revenue a day moved by")


def test_weeks_that_are_needed_are_whole_cycles() -> None:
    """By the formula: 4 weeks x (2.8 se / log 1.08)^2, rounded up to fortnights."""
    verdict = judged(0.0, sd=0.15, lift=0.08)
    weeks = math.ceil(4 * (2.8 * verdict.numbers["se_log"] / math.log(1.08)) ** 2 / 2) * 2
    assert f"a new schedule of {weeks} weeks" in verdict.because


def test_before_the_end_it_runs_and_shows_no_numbers() -> None:
    """The last day plus two days for late orders; until then no lift, no money, no p."""
    early = judged(0.2, shop={"as_of": datetime(2026, 3, 31, 23, tzinfo=UTC)})
    assert (early.outcome, early.kind) == ("inconclusive", "still running")
    assert "2026-03-29, and is known from 2026-04-01 on" in early.because
    assert early.lift is early.p_value is early.incremental is None
    assert judged(0.2, shop={"as_of": datetime(2026, 4, 1, tzinfo=UTC)}).outcome == "won"
    before = judged(0.2, shop={"as_of": datetime(2026, 2, 1, tzinfo=UTC)})
    assert before.because == "the schedule starts on 2026-03-02"


@pytest.mark.parametrize(
    ("on", "off", "failed"),
    [(True, True, ["off days were off"]), (False, True, ["off days were off", "on days were on"]), (False, False, [])],
)
def test_the_off_days_must_have_been_off(*, on: bool, off: bool, failed: list[str]) -> None:
    """Lists shown on off days, or only on off days, make it invalid; where nothing is recorded, nobody can tell."""
    chosen = config()
    events = [*sold(YEAR, 300, of_lift(0.2, chosen)), *used(chosen, on=on, off=off)]
    verdict = judge_onoff("cart", chosen, context(*events))
    assert [check.name for check in verdict.checks if check.passed is False] == failed
    assert verdict.outcome == ("invalid" if failed else "won")
    assert verdict.lift is None or not failed
    assert [check.passed for check in verdict.checks if check.name == "off days were off"] == [False if failed else None]


def test_a_surface_that_is_rarely_used_may_have_idle_days_and_strays() -> None:
    """Once a day is too rare to tell; four uses on off days are strays, five are not."""
    chosen = config()
    off = [found.starts_on for found in schedule_of("cart", chosen).blocks if not found.is_on]
    for strays, passed in ((4, True), (5, False)):
        rare = [*used(chosen, times=1), *(shown("v", "hat", at=noon(day)) for day in off[:strays])]
        verdict = judge_onoff("cart", chosen, context(*sold(YEAR, 300, of_lift(0.2, chosen)), *rare))
        checks = {check.name: check.passed for check in verdict.checks}
        assert (checks["off days were off"], checks["on days were on"]) == (passed, None)


def test_a_message_of_an_on_day_may_be_opened_on_any_day() -> None:
    """Sent on on days, opened and clicked on off days: the surface was off."""
    chosen = config()
    blocks = schedule_of("cart", chosen).blocks
    sent = [message("sent", "v", noon(b.starts_on), surface="cart") for b in blocks if b.is_on for _ in range(5)]
    opened = [message("clicked", "v", noon(b.starts_on), surface="cart") for b in blocks if not b.is_on for _ in range(5)]
    verdict = judge_onoff("cart", chosen, context(*sold(YEAR, 300, of_lift(0.2, chosen)), *sent, *opened))
    assert verdict.outcome == "won"
    assert {check.name: check.passed for check in verdict.checks}["off days were off"]


def test_a_change_after_the_start_makes_it_invalid_and_one_before_does_not() -> None:
    """Two schedules of which the second was declared in the middle; a last change before the first day is the plan's."""
    chosen = config()
    own = schedule_hash("cart", chosen)
    other = Declaration("another", datetime(2026, 1, 1, tzinfo=UTC))
    middle = Declaration(own, datetime(2026, 3, 10, tzinfo=UTC))
    fine = Declaration(own, datetime(2026, 2, 1, tzinfo=UTC))
    assert judged(0.2, shop={"declarations": (other, fine)}).outcome == "won"
    changed = judged(0.2, shop={"declarations": (other, middle)})
    assert changed.outcome == "invalid"
    assert "schedule unchanged: 2 different schedules" in changed.because
    late = judged(0.2, shop={"declarations": (middle,)})
    assert late.outcome == "won"
    assert any("after it had started" in warning for warning in late.warnings)


def test_days_without_their_orders_are_not_bad_days() -> None:
    """A record that ends in the middle of the schedule, or begins there, is no result; two late days may be empty."""
    chosen = config()
    revenue, days = of_lift(0.2, chosen), (START - YEAR).days + 28
    for first, n in ((YEAR, days - 7), (START + timedelta(days=3), 60)):
        verdict = judge_onoff("cart", chosen, context(*sold(first, n, revenue)))
        assert verdict.outcome == "invalid"
        assert "days complete: orders are recorded from" in verdict.because
    whole = judge_onoff("cart", chosen, context(*sold(YEAR, days, revenue)))
    assert [check.passed for check in whole.checks if check.name == "days complete"] == [True]


def test_too_few_pairs_and_empty_blocks_have_no_verdict() -> None:
    """Four week pairs are invalid; a Sunday without orders has no ratio."""
    verdict = judged(0.2, block="7d", weeks=8)
    assert verdict.outcome == "invalid"
    assert "enough pairs: 4 pairs, whose least p-value is 0.12; 6 are needed" in verdict.because
    closed = [event for event in sold(YEAR, 300, noisy()) if not event["occurred_at"].startswith("2026-03-08")]
    with pytest.raises(RefusedError, match="1 of 28 blocks have no revenue"):
        judge_onoff("cart", config(), context(*closed))


def test_the_other_washout_stands_beside_the_verdict() -> None:
    """Declared, the figure without it is shown; not declared, the one with a day of it; one-day blocks have neither."""
    week = {"block": "7d", "weeks": 12}
    assert any(line.startswith("Without the washout: +") for line in judged(0.3, **week, washout="2d").warnings)
    assert any(line.startswith("With a washout of 1 day: +") for line in judged(0.3, **week).warnings)
    assert not any("washout" in line for line in judged(0.3).warnings)


def test_an_experiment_on_the_same_surface_is_named() -> None:
    """Two tests of one surface at a time disturb each other; one that was over does not."""
    told = {"experiments": (("bundles", date(2026, 1, 1), START), ("old", date(2025, 1, 1), date(2026, 3, 1)))}
    warnings = " ".join(judged(0.2, shop=told).warnings)
    assert "ran bundles: each disturbs the other" in warnings
    assert "old" not in warnings


def test_carry_over_is_said_beside_the_lift() -> None:
    """One buyer in five takes 30 hours, blocks have one day: a fifth of the effect falls on the next day, on or off."""
    chosen = config()
    events = [*sold(YEAR, 300, of_lift(0.2, chosen)), *visits(lambda n: 1 if n % 5 else 30, n=100, first=YEAR)]
    warnings = " ".join(judge_onoff("cart", chosen, context(*events)).warnings)
    assert "Carry-over: by this shop's decision lag only about" in warnings


def test_the_verdict_errs_as_often_as_it_says() -> None:
    """Simulation: 120 shops in which nothing happens, a salt each; 5 % of verdicts, within four binomial errors."""
    decided = 0
    daily = facts(*sold(START, 28, noisy(sd=0.2)))
    shop = OnOffContext(daily, datetime(2026, 12, 1, tzinfo=UTC), "EUR", "UTC", timedelta(days=2))
    for number in range(120):
        decided += judge_onoff("cart", config(salt=f"s{number}"), shop).outcome in ("won", "lost")
    assert decided / 120 == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 120))
