"""Keep, switch off, test, or too early: each rule, and which of two speaks first."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from counterclick.audits.recommending import RULES, Lift, Situation, Trial, recommend
from counterclick.config import KillConfig
from counterclick.verdicts import Verdict

FLAT: dict[str, Lift] = {
    "revenue_per_visitor": (0.01, -0.03, 0.05),
    "units_per_order": (0.001, -0.01, 0.012),
    "aov": (0.0, -0.02, 0.02),
}


def verdict(outcome: Any = "inconclusive", kind: Any = None, **more: Any) -> Verdict:
    usual: dict[str, Any] = {
        "because": "so",
        "metric": "revenue_per_visitor",
        "lift": 0.01,
        "revenue_lift": (0.01, -0.03, 0.05),
    }
    return Verdict("x", "b", "a", outcome, **(usual | more), kind=kind)


def case(
    found: Verdict | str | None = None, days: int = 30, *, ended: bool = False, live: int | None = 400, **more: Any
) -> Any:
    """Return what is recommended."""
    tested = None
    if found is not None:
        refused = found if isinstance(found, str) else ""
        own = found if isinstance(found, Verdict) else None
        tested = Trial("x", own, refused, days, ended, more.pop("lifts", FLAT))
    found_now = recommend(Situation("chat", live, tested, "TRY THIS.", KillConfig(), 900.0, "EUR", **more))
    return found_now.action, found_now.rule


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (case(None, live=None), ("test", "nothing recorded")),
        (case(None, live=59), ("too early", "younger than the first kill rule")),
        (case(None, live=60), ("test", "no concurrent holdout")),
        (case("no buyers"), ("too early", "no verdict yet")),
        (case("no buyers", ended=True), ("test", "no verdict")),
        (case("no buyers", days=60), ("test", "no verdict")),
        (case(verdict("invalid"), days=200), ("test", "invalid")),
        (case(verdict("lost"), days=5), ("switch off", "lost")),
        (case(verdict("won"), days=5), ("keep", "won")),
        (case(verdict("won", break_even_lift=0.06), days=5), ("switch off", "earns less than it costs")),
        (case(verdict(kind="too small to matter"), days=5), ("switch off", "too small to matter")),
        (case(verdict(kind="held for a data check"), days=200), ("too early", "held for a data check")),
        (case(verdict(kind="guardrail not shown"), days=95), ("test", "guardrail not shown")),
        (case(verdict("won", metric="conversion"), days=5), ("test", "decided on conversion")),
        (case(verdict("lost", metric="orders_per_visitor"), days=5), ("test", "decided on orders_per_visitor")),
        (case(verdict("won", metric="conversion", revenue_lift=(0.05, 0.01, 0.09)), days=5), ("keep", "won")),
        (case(verdict(), days=59), ("too early", "younger than the first kill rule")),
        (case(verdict(), days=59, ended=True), ("test", "undecided")),
        (case(verdict(), days=89), ("test", "undecided")),
        (case(verdict(), days=90, ended=True), ("switch off", "90 days without a lift")),
    ],
)
def test_the_first_rule_that_applies_speaks(found: tuple[str, str], expected: tuple[str, str]) -> None:
    """One situation a line: what is known of a surface, and which rule says what to do with it."""
    assert found == expected


def moved(units: float, revenue: float) -> dict[str, Lift]:
    return FLAT | {"units_per_order": (units, -0.05, 0.05), "revenue_per_visitor": (revenue, -0.05, 0.05)}


def test_sixty_days_without_movement_in_units_per_order_end_it() -> None:
    """At or below zero after 60 days: off. A little above: go on testing."""
    assert case(verdict(), days=60, lifts=moved(0.0, -0.01)) == ("switch off", "60 days without movement")
    assert case(verdict(), days=60, lifts=moved(0.001, -0.01)) == ("test", "undecided")


def test_revenue_that_points_upwards_is_measured_to_the_end() -> None:
    """Units per order are blind to conversion: while looks are left, revenue above break-even goes on, past day 90 too."""
    assert case(verdict(), days=70, lifts=moved(-0.01, 0.03)) == ("test", "undecided")
    assert case(verdict(break_even_lift=0.04), days=70, lifts=moved(-0.01, 0.03))[1] == "60 days without movement"
    assert case(verdict(), days=70, ended=True, lifts=moved(-0.01, 0.03))[1] == "60 days without movement"
    assert case(verdict(), days=90, lifts=moved(-0.01, 0.03)) == ("test", "undecided")
    assert case(verdict(), days=90, ended=True, lifts=moved(-0.01, 0.03))[1] == "90 days without a lift"


def test_a_lift_of_order_value_or_units_that_is_no_noise_survives_ninety_days() -> None:
    """One of the two above zero with its whole interval is enough to go on."""
    assert case(verdict(), days=90, lifts=FLAT | {"aov": (0.03, 0.01, 0.05)}) == ("test", "undecided")
    assert case(verdict(), days=90, lifts=FLAT | {"units_per_order": (0.03, 0.01, 0.05)}) == ("test", "undecided")


def test_a_kill_rule_needs_figures() -> None:
    """Where neither units nor order value can be compared, nothing is switched off for the want of them."""
    assert case(verdict(), days=120, lifts={}) == ("test", "undecided")


def test_a_kill_rule_says_what_it_does_not_show() -> None:
    """Ninety days without a lift do not show that it earns nothing: the interval stands in the sentence."""
    tested = Trial("x", verdict(), "", 97, ended=True, lifts=FLAT)
    found = recommend(Situation("chat", 400, tested, "", KillConfig(), 900.0, "EUR"))
    assert "After 97 days with a concurrent holdout: aov +0.0 % [-2.0 %, +2.0 %]" in found.because
    assert "that it earns nothing is not shown either: revenue_per_visitor +1.0 % [-3.0 %, +5.0 %]" in found.because


def test_without_a_holdout_it_says_that_nobody_can_know_and_what_to_try() -> None:
    """Season and campaigns cannot be told from the surface: a test is proposed."""
    found = recommend(Situation("chat", 400, None, "TRY THIS.", KillConfig(), None, "EUR"))
    assert "nobody was ever held out: what it earns cannot be known" in found.because
    assert found.because.endswith("TRY THIS.")


def test_the_days_are_the_shops_own_to_set() -> None:
    """With 30 and 45 days declared, 45 days are enough to end it."""
    tested = Trial("x", verdict(), "", 45, ended=True, lifts=FLAT)
    kill = KillConfig(no_movement_days=30, no_lift_days=45)
    assert recommend(Situation("chat", 400, tested, "", kill, None, "EUR")).rule == "45 days without a lift"


def test_every_situation_has_an_answer() -> None:
    """The last rule applies to every verdict, so that no situation is left without a recommendation."""
    tested = Trial("x", verdict(), "", 61, ended=False, lifts={})
    assert RULES[-1](Situation("chat", 1, tested, "", KillConfig(), None, "EUR")) is not None


def test_a_global_holdout_alone_is_said_to_be_one() -> None:
    """Visitors are held out of everything at once: what this surface earns by itself cannot be known from that."""
    found = recommend(Situation("chat", 400, None, "", KillConfig(), None, "EUR", held_together=True))
    assert "held out of all surfaces together alone" in found.because


def test_what_has_not_begun_is_waited_for() -> None:
    """Its day, and what a schedule was refused for; no verdict that is missing, and no exposures that are."""
    tested = Trial("x", None, "The schedule is too weak.", 0, ended=False, begins_on=date(2026, 4, 1))
    found = recommend(Situation("chat", None, tested, "", KillConfig(), None, "EUR"))
    assert (found.action, found.rule) == ("test", "not begun")
    assert found.because == "x begins on 2026-04-01; the log has not come to that day. The schedule is too weak."
