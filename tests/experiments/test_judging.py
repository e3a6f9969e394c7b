"""Won, lost, inconclusive or invalid: each on data that are made for it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from builders import config
from counterclick.errors import RefusedError
from counterclick.experiments import Declaration, config_hash
from counterclick.experiments.measured import PRE
from counterclick.stats import Moments
from counterclick.verdicts import Check
from experiments.arms import arm, measured, spend, verdict

N, BUYERS = 20_000, 1_000
EVEN = spend(N, BUYERS)
MORE, LESS = EVEN * 1.2, EVEN / 1.2
COST = {"monthly_cost": 1000.0}
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


def checks_of(checks: tuple[Check, ...], name: str) -> Check:
    return next(check for check in checks if check.name == name)


def test_won() -> None:
    """20 % more with 1,000 buyers an arm."""
    found = verdict(measured({"a": EVEN, "b": MORE}))
    assert (found.outcome, found.kind) == ("won", None)
    assert found.lift == pytest.approx(0.2)
    assert found.lift_lower is not None
    assert 0 < found.lift_lower < 0.2
    assert "b earns more than a" in found.because
    assert found.meanwhile.startswith("Serve b")


def test_lost() -> None:
    """The same the other way round: the lift is the reciprocal, and the control is served."""
    found = verdict(measured({"a": MORE, "b": EVEN}))
    assert (found.outcome, found.kind) == ("lost", None)
    assert found.lift == pytest.approx(1 / 1.2 - 1)
    assert found.meanwhile.startswith("Serve a")


def test_swapping_the_arms_flips_the_sign() -> None:
    """log(1 + lift), its ends and money change their signs; the p-value stays."""
    one, other = verdict(measured({"a": EVEN, "b": MORE})), verdict(measured({"a": MORE, "b": EVEN}))
    ends = [(one.lift, other.lift), (one.lift_lower, other.lift_upper), (one.lift_upper, other.lift_lower)]
    for mine, theirs in ends:
        assert mine is not None
        assert theirs is not None
        assert math.log1p(mine) == pytest.approx(-math.log1p(theirs))
    assert one.p_value == pytest.approx(other.p_value)
    assert one.incremental is not None
    assert other.incremental is not None
    assert one.incremental.value == pytest.approx(-other.incremental.value)


@pytest.mark.parametrize("buyers", [1_000, 120])
def test_the_currency_unit_leaves_the_verdict(buyers: int) -> None:
    """In cents instead of euros: the same outcome, lift and p-value, a hundred times the money."""
    a, b = spend(4_000, buyers), spend(4_000, buyers, seed=2) * 1.3
    one, other = verdict(measured({"a": a, "b": b})), verdict(measured({"a": a * 100, "b": b * 100}))
    assert (one.outcome, one.p_value) == (other.outcome, pytest.approx(other.p_value))
    assert one.lift == pytest.approx(other.lift)
    assert one.lift_upper == pytest.approx(other.lift_upper, rel=1e-3)
    assert one.incremental is not None
    assert other.incremental is not None
    assert other.incremental.value == pytest.approx(100 * one.incremental.value)


def test_money_a_month_by_hand() -> None:
    """5 against 6 euros a visitor, 40,000 visitors in 28 days: 1 x 40,000 / 28 x 30.4375 = 43,482 a month."""
    found = verdict(measured({"a": EVEN, "b": MORE}), COST)
    month = 40_000 / 28 * 30.4375
    assert found.incremental is not None
    assert found.incremental.value == pytest.approx(month)
    assert found.incremental.lower < month < found.incremental.upper
    assert found.numbers["difference_per_1000_visitors"] == pytest.approx(1000)
    assert found.break_even_lift == pytest.approx(1000 / (5 * month * 0.5))  # cost over half of the revenue


def test_money_of_an_outcome_that_is_none_is_revenues() -> None:
    """Decided on orders per visitor, the money is still euros: half as many buyers again, at 100 each."""
    found = verdict(measured({"a": EVEN, "b": spend(N, 1_500)}), outcome="orders_per_visitor")
    assert found.outcome == "won"
    assert found.incremental is not None
    assert found.incremental.value == pytest.approx(2.5 * 40_000 / 28 * 30.4375)


def test_break_even_needs_cost_and_margin() -> None:
    """Without a cost, or without a margin, no lift is known to pay; the declared margin stands in."""
    arms = {"a": EVEN, "b": MORE}
    assert verdict(measured(arms)).break_even_lift is None
    assert verdict(measured(arms, margin_rate=None), COST).break_even_lift is None
    stand_in = verdict(measured(arms, margin_rate=None), COST | {"margin_rate": 0.5})
    assert stand_in.break_even_lift == pytest.approx(verdict(measured(arms), COST).break_even_lift)


def test_a_winner_that_may_not_pay_is_told_so() -> None:
    """Won against zero, but the interval reaches below the break-even lift."""
    found = verdict(measured({"a": EVEN, "b": MORE}), {"monthly_cost": 20_000.0})
    assert found.outcome == "won"
    assert "not shown to earn its cost" in found.meanwhile


def test_too_small_to_matter() -> None:
    """No difference, and all of the interval lies below a break-even lift of 40 %."""
    found = verdict(measured({"a": EVEN, "b": EVEN[::-1]}), {"monthly_cost": 43_482.0})
    assert (found.outcome, found.kind) == ("inconclusive", "too small to matter")
    assert "lies below the break-even lift of 40.0 %" in found.because


def test_needs_more_weeks() -> None:
    """A break-even lift of 7 %: not shown in four weeks with 2,000 buyers, but within half a year."""
    found = verdict(measured({"a": EVEN, "b": EVEN[::-1] * 1.02}), {"monthly_cost": 7_609.0})
    assert (found.outcome, found.kind) == ("inconclusive", "needs more weeks")
    assert "more weeks would show the break-even lift of 7.0 %" in found.because


def test_needs_more_weeks_although_the_power_was_there() -> None:
    """A lift of 7 % between zero and a break-even of 15 %, neither excluded: the weeks that would separate them."""
    found = verdict(measured({"a": EVEN, "b": EVEN[::-1] * 1.07}), {"monthly_cost": 16_305.0})
    assert (found.outcome, found.kind) == ("inconclusive", "needs more weeks")
    assert "would tell it from zero or from the break-even lift of 15.0 %" in found.because


def test_cannot_be_detected() -> None:
    """A break-even lift of 0.2 % is below what half a year shows here; the smallest visible effect is named."""
    found = verdict(measured({"a": EVEN, "b": EVEN[::-1]}), {"monthly_cost": 217.0})
    assert (found.outcome, found.kind) == ("inconclusive", "cannot be detected at this traffic")
    assert "break-even lift is 0.2 %, the smallest visible effect in 26 weeks" in found.because


@pytest.mark.parametrize(
    ("told", "margin_rate", "says"),
    [
        ({}, 0.5, "declare the surface's monthly_cost"),
        (COST, None, "record unit costs, or declare margin_rate"),
        ({"monthly_cost": 0.0}, 0.5, "any lift would pay"),
    ],
)
def test_without_a_break_even_lift_nothing_is_promised(told: dict[str, float], margin_rate: float | None, says: str) -> None:
    """No lift is known to matter, so more weeks are not said to settle it; what is missing is named."""
    found = verdict(measured({"a": EVEN, "b": EVEN[::-1]}, margin_rate=margin_rate), told)
    assert (found.outcome, found.kind) == ("inconclusive", "cannot be detected at this traffic")
    assert says in found.because
    assert "4 weeks show 1" in found.because


def test_a_win_on_conversion_that_loses_money_is_not_served() -> None:
    """More visitors buy, for less: it wins on conversion, and the sentence says that it does not earn."""
    found = verdict(
        measured({"a": spend(20_000, 4_000, 60), "b": spend(20_000, 5_200, 40)}),
        {"monthly_cost": 299.0},
        outcome="conversion",
    )
    assert found.outcome == "won"
    assert "does better" in found.because
    assert "is not shown to earn its cost" in found.meanwhile
    assert found.revenue_lift is not None
    assert found.revenue_lift[0] < 0


def test_a_margin_guardrail_is_unproven_where_costs_are_not_known() -> None:
    """Half of the control's revenue has no unit cost: its margin cannot be compared."""
    found = measured({"a": EVEN, "b": MORE})
    assert verdict(found, guardrails={"margin_per_visitor": 0.03}).outcome == "won"
    partial = replace(found, arms={"a": arm(EVEN, costed=0.5), "b": found.arms["b"]})
    withheld = verdict(partial, guardrails={"margin_per_visitor": 0.03})
    assert withheld.guardrails == {"margin_per_visitor": "unproven"}
    assert any("Costs are known for" in warning for warning in withheld.warnings)


def test_nothing_returned_at_all_is_no_reason_to_withhold_a_win() -> None:
    """The control has returns, the feature none: a lift of returns is undefined, and good news all the same."""
    found = measured({"a": EVEN, "b": MORE}, returned={"a": 0.2, "b": 0.0})
    assert verdict(found, guardrails={"returned_value_per_visitor": 0.05}).outcome == "won"


def test_what_is_invalid_or_too_small_shows_no_lift_and_no_money() -> None:
    """A lopsided split, and forty buyers: figures that would mislead are not shown."""
    for arms in ({"a": EVEN, "b": MORE[:19_000]}, {"a": spend(2_000, 40), "b": spend(2_000, 40)}):
        found = verdict(measured(arms))
        assert found.outcome in ("invalid", "inconclusive")
        assert (found.lift, found.incremental, found.revenue_lift, found.contrasts) == (None, None, None, ())


def test_orders_that_end_before_the_windows_do_are_warned_of() -> None:
    """An export of orders that stops a week early understates every arm; two days early may be chance."""
    found = measured({"a": EVEN, "b": MORE}, last_window_at=datetime(2026, 2, 8, tzinfo=UTC))
    early = replace(found, last_order_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert any("understated in every arm" in warning for warning in verdict(early).warnings)
    close = replace(found, last_order_at=datetime(2026, 2, 6, tzinfo=UTC))
    assert not any("understated" in warning for warning in verdict(close).warnings)


def test_still_running() -> None:
    """Before the last window and allowance have closed there is no verdict, however large the lift."""
    early = {"as_of": datetime(2026, 2, 10, 23, tzinfo=UTC)}
    found = verdict(measured({"a": EVEN, "b": MORE}), early)
    assert (found.outcome, found.kind) == ("inconclusive", "still running")
    assert "2026-02-11, in 1 week;" in found.because
    assert verdict(measured({"a": EVEN, "b": MORE}), {"as_of": datetime(2026, 2, 11, tzinfo=UTC)}).outcome == "won"


def test_money_of_a_running_experiment_counts_the_days_so_far() -> None:
    """After one of four weeks, 40,000 visitors are 40,000 a week."""
    found = verdict(measured({"a": EVEN, "b": MORE}), {"as_of": datetime(2026, 1, 12, tzinfo=UTC)})
    assert found.numbers["visitors_a_month"] == pytest.approx(40_000 / 7 * 30.4375)


def test_fewer_than_fifty_buyers_give_no_verdict() -> None:
    """49 buyers against 100: no verdict, and the weeks until there are 50."""
    found = verdict(measured({"a": spend(2_000, 100), "b": spend(2_000, 49)}))
    assert (found.outcome, found.kind) == ("inconclusive", "needs more weeks")
    assert "has 49 buyers, a verdict needs 50; 1 more week" in found.because
    never = verdict(measured({"a": spend(2_000, 5), "b": spend(2_000, 5)}))
    assert never.kind == "cannot be detected at this traffic"


def test_a_guardrail_that_is_not_shown_withholds_the_win() -> None:
    """Revenue up, returned value tripled; and where margins are too tight to tell."""
    arms = {"a": EVEN, "b": MORE}
    guard = {"returned_value_per_visitor": 0.05}
    found = verdict(measured(arms, {"b": 0.3}), guardrails=guard)
    assert (found.outcome, found.kind) == ("inconclusive", "guardrail not shown")
    assert found.guardrails == {"returned_value_per_visitor": "worse"}
    unproven = verdict(measured(arms, {"b": 0.1 / 1.2}), guardrails=guard)
    assert unproven.guardrails == {"returned_value_per_visitor": "unproven"}
    assert unproven.kind == "guardrail not shown"
    shown = verdict(measured(arms, {"b": 0.05}), guardrails=guard)
    assert (shown.outcome, shown.guardrails) == ("won", {"returned_value_per_visitor": "shown"})
    assert verdict(measured({"a": MORE, "b": EVEN}, {"b": 0.3}), guardrails=guard).outcome == "lost"


@pytest.mark.parametrize(
    ("found", "check"),
    [
        (measured({"a": EVEN, "b": MORE[:19_000]}), "sample ratio"),
        (measured({"a": EVEN, "b": MORE}, n_several=400), "visitors in several arms"),
        (measured({"a": EVEN, "b": MORE}, unmatched=12_000.0, n_unmatched=120), "unmatched revenue"),
    ],
)
def test_a_failed_precondition_makes_it_invalid(found: object, check: str) -> None:
    """Lost visitors, 1 % in both arms, 5.2 % of revenue of nobody: invalid, and why."""
    outcome = verdict(found)  # type: ignore[arg-type]  # of the list above
    assert outcome.outcome == "invalid"
    assert outcome.because.startswith(f"{check}: ")
    assert outcome.meanwhile.startswith("Mend")


def test_a_changed_configuration_makes_it_invalid() -> None:
    """Changed before the start: fine. Changed since: invalid. Never declared: cannot tell."""
    arms = measured({"a": EVEN, "b": MORE})
    now = Declaration(config_hash("test", config()), BEFORE)
    other = Declaration(config_hash("test", config(window="14d")), BEFORE)
    assert verdict(arms, {"declarations": [now, now]}).outcome == "won"
    assert verdict(arms, {"declarations": [other, now]}).outcome == "won"
    assert verdict(arms, {"declarations": [now, other]}).outcome == "won"  # changed and changed back, before the start
    assert verdict(arms, {"declarations": [other]}).outcome == "invalid"
    later = Declaration(other.config_hash, datetime(2026, 1, 20, tzinfo=UTC))
    assert verdict(arms, {"declarations": [now, later]}).outcome == "invalid"
    assert checks_of(verdict(arms).checks, "configuration unchanged").passed is None


def test_one_lopsided_day_makes_it_invalid() -> None:
    """The arms balance over all, but not on one day."""
    found = measured({"a": EVEN, "b": MORE})
    half = {name: found.arms[name] for name in "ab"}
    small = measured({"a": EVEN[:500], "b": MORE[:200]}).arms
    day, other = datetime(2026, 1, 5, tzinfo=UTC).date(), datetime(2026, 1, 6, tzinfo=UTC).date()
    by_day = {(name, day): half[name] for name in "ab"} | {(name, other): small[name] for name in "ab"}
    outcome = verdict(replace(found, by_day=by_day))
    assert outcome.outcome == "invalid"
    assert "least likely day 2026-01-06 of 2" in outcome.because


def test_an_imbalance_before_the_start_makes_it_invalid() -> None:
    """An arm whose visitors spent more before they could have met the feature."""
    found = measured({"a": EVEN, "b": MORE})
    feature = found.arms["b"]
    shift = np.where([name == "pre_revenue" for name in feature.names], 0.5, 0.0)
    arms = dict(found.arms) | {"b": replace(feature, mean=feature.mean + shift)}
    outcome = verdict(replace(found, arms=arms))
    assert outcome.outcome == "invalid"
    assert outcome.because.startswith("balance before the start")


def test_a_handful_of_earlier_buyers_cannot_tell_a_balance() -> None:
    """One earlier buyer of 10,000 in an arm, none in the other: no imbalance can be told from chance by a normal test."""
    found = measured({"a": EVEN, "b": MORE})
    arms = {}
    for name, moments in found.arms.items():
        place = moments.names.index(PRE)
        mean, m2 = moments.mean.copy(), moments.m2.copy()
        spent = 10_000.0 if name == "a" else 1.0
        mean[place] = spent / moments.n
        m2[place, :] = m2[:, place] = 0.0
        m2[place, place] = spent**2 * (1 - 1 / moments.n)
        arms[name] = Moments(moments.names, moments.n, mean, m2)
    check = checks_of(verdict(replace(found, arms=arms)).checks, "balance before the start")
    assert check.passed is None
    assert "1 buyers in effect; 50 are the least" in check.says


def test_twymans_law_warns() -> None:
    """A lift of 60 % is won and warned of; one of 20 % is not."""
    found = verdict(measured({"a": EVEN, "b": EVEN * 1.6}))
    assert found.outcome == "won"
    assert any("Twyman" in warning for warning in found.warnings)
    assert not verdict(measured({"a": EVEN, "b": MORE})).warnings


def test_worst_cases_of_unmatched_revenue_are_shown() -> None:
    """4,000 euros of nobody: 6.2 % more for one arm or the other, and whether that would decide otherwise."""
    found = verdict(measured({"a": EVEN, "b": EVEN * 1.05}, unmatched=8_000.0, n_unmatched=80))
    warning = next(text for text in found.warnings if text.startswith("Unmatched revenue"))
    assert "-2.8 % if all of it were a's" in warning  # 5.25 / 5.4
    assert "+13.0 % (a win) if all were b's" in warning  # 5.65 / 5


def test_other_warnings() -> None:
    """Declared after the end; costs known in part; a tiny arm."""
    late = Declaration(config_hash("test", config()), datetime(2026, 3, 1, tzinfo=UTC))
    arms = measured({"a": EVEN, "b": MORE})
    assert any("not pre-registered" in text for text in verdict(arms, {"declarations": [late]}).warnings)
    partly = replace(measured({"a": EVEN, "b": MORE}, costed_share=0.4), arms={"a": arm(EVEN, costed=0.4), "b": arm(MORE)})
    assert any("40.0 % of revenue" in text for text in verdict(partly, outcome="margin_per_visitor").warnings)
    tiny = measured({"a": EVEN[:1000], "b": MORE[:19_000]})
    found = verdict(tiny, variants={"a": 0.05, "b": 0.95})
    assert any("An arm with 5 %" in text for text in found.warnings)


def test_returns_are_open_until_they_have_matured() -> None:
    """Window and returns window after the last day; then net revenue has its word."""
    arms = measured({"a": EVEN, "b": MORE})
    assert verdict(arms, {"as_of": datetime(2026, 3, 10, tzinfo=UTC)}).returns == "open until 2026-03-11"
    assert verdict(arms).returns.startswith("matured: net revenue moved by +20.0 %")


def test_a_win_is_named_with_what_its_returns_say() -> None:
    """Open until they have matured; then shown, not shown, or taken back, which makes it a loss."""
    arms = {"a": EVEN, "b": MORE}
    open_yet = verdict(measured(arms), {"as_of": datetime(2026, 3, 10, tzinfo=UTC)})
    assert str(open_yet).startswith("test: WON, returns open\n")
    assert verdict(measured(arms)).returns_state == "shown"
    assert str(verdict(measured(arms))).startswith("test: WON\n")
    unsure = verdict(measured(arms, {"b": 0.22}))
    assert (unsure.outcome, unsure.returns_state) == ("won", "not shown")
    assert str(unsure).startswith("test: WON, net of returns not shown\n")
    gone = verdict(measured(arms, {"b": 0.6}))
    assert (gone.outcome, gone.returns_state) == ("lost", "taken back")
    assert "but net of returns it earns less" in gone.because


def test_contrasts_stand_beside_the_verdict() -> None:
    """The other arm and the feature against nothing, Holm-adjusted, with money of their own and their warnings."""
    third = spend(N, BUYERS) * 0.7
    shares = {"nothing": 0.3333, "a": 0.3334, "b": 0.3333}
    found = verdict(measured({"nothing": third, "a": EVEN, "b": MORE}), variants=shares)
    assert found.outcome == "won"
    beside = {(contrast.treatment, contrast.against): contrast for contrast in found.contrasts}
    assert set(beside) == {("nothing", "a"), ("b", "nothing")}
    assert beside["nothing", "a"].lift == pytest.approx(-0.3)
    feature = beside["b", "nothing"]
    assert feature.lift == pytest.approx(1.2 / 0.7 - 1)
    assert feature.incremental is not None
    assert feature.incremental.value == pytest.approx((6 - 3.5) * 60_000 / 28 * 30.4375)
    assert [warning.startswith("b against nothing: a lift of +71.4 %") for warning in feature.warnings] == [True]
    assert "Beside the verdict (Holm-adjusted)" in str(found)
    assert all(len(line) <= 80 for line in str(found).splitlines())


def test_only_outcomes_per_visitor_decide() -> None:
    """Order value of buyers alone gives no verdict."""
    with pytest.raises(RefusedError, match="cannot be decided on 'aov'"):
        verdict(measured({"a": EVEN, "b": MORE}), outcome="aov")
