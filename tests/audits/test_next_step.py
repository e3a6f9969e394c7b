"""The one thing to do next: each rule, and which of two speaks first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from counterclick.audits.figures import Figures
from counterclick.audits.gaps import Gap
from counterclick.audits.next_step import NEXT, Standing, Step, next_step
from counterclick.audits.readiness import Readiness, readiness_of
from counterclick.audits.recommending import Recommendation, Situation, Trial
from counterclick.config import KillConfig, ReadinessConfig
from counterclick.verdicts import Money, Verdict


def advised(surface: str, action: Any, rule: str, cost: float | None = None, a_month: float | None = None) -> Any:
    """Return a surface with its recommendation."""
    money = None if a_month is None else Money(a_month, a_month - 1, a_month + 1, "EUR")
    verdict = Verdict("x", "b", "a", "lost", "so", "revenue_per_visitor", incremental=money)
    tested = None if a_month is None else Trial("x", verdict, "", 100, ended=False)
    situation = Situation(surface, 100, tested, "", KillConfig(), cost, "EUR")
    return situation, Recommendation(action, rule, "Because.")


def never() -> Readiness:
    raise AssertionError("readiness is not asked for where something else speaks")


def asked(*surfaces: Any, ready: Callable[[], Readiness] = never, **more: Any) -> Step:
    """Return the step of a shop with these surfaces, in which all is well unless told."""
    usual: dict[str, Any] = {"gaps": (), "orders_sent": 1_000, "orders_refused": 0, "next_looks": {}}
    return next_step(Standing(advised=surfaces, readiness=ready, **(usual | more)))


GAP = Gap("purchase", date(2026, 3, 1), date(2026, 3, 4), 80.0, is_open=True)
LOST, STOP = advised("nudges", "switch off", "lost", 10, -500), advised("chat", "switch off", "90 days without a lift", 900)
BROKEN, HELD = advised("search", "test", "invalid", 1), advised("home", "too early", "held for a data check")
TEST, KEPT = advised("mail", "test", "no concurrent holdout", 20), advised("cart", "keep", "won", 300)
LOOK = {"cart-bundles": date(2026, 4, 1), "another": date(2026, 5, 1)}


def store(orders: int) -> Callable[[], Readiness]:
    """Return a store of two years with so many orders of 50, or of days where there are few."""
    plain: dict[str, Any] = dict.fromkeys(Figures.__dataclass_fields__, 0) | {
        "currency": "EUR",
        "known_on": date(2026, 1, 1),
        "first_order_on": date(2024, 1, 1) if orders > 100 else date(2025, 12, 20),
        "last_order_on": date(2025, 12, 31),
        "revenue": 50.0 * orders,
        "revenue_before": 50.0 * orders,
        "n_orders": orders,
        "n_orders_before": orders,
        "n_carried": orders,
        "basket_cv": 1.0,
        "margin_rate": 0.4,
        "products": 500,
        "costs": {},
        "first_return_on": None,
    }
    return lambda: readiness_of(Figures(**plain), ReadinessConfig())


@pytest.mark.parametrize(
    ("step", "rule", "says"),
    [
        (asked(LOST, BROKEN, gaps=(GAP,), orders_refused=50), "nothing comes in", "no purchase has come since 2026-03-01"),
        (asked(LOST, BROKEN, orders_refused=10), "orders are refused", "refused"),
        (asked(LOST, BROKEN, orders_refused=9), "an experiment is invalid", "Mend the experiment on search"),
        (asked(KEPT, STOP, LOST), "switch off: lost", "nudges"),
        (asked(KEPT, TEST, STOP), "switch off: 90 days without a lift", "Switch chat off"),
        (asked(KEPT, TEST, HELD), "held for a data check", "home"),
        (asked(KEPT, TEST, next_looks=LOOK), "test: no concurrent holdout", "Test mail"),
        (asked(KEPT, next_looks=LOOK), "a look is due", "2026-04-01: the next look at cart-bundles"),
        (asked(ready=store(200_000)), "the store is ready, and nothing runs", "Begin with"),
        (asked(ready=store(20)), "the store is not ready", "Go on recording"),
        (asked(KEPT, ready=store(20)), "nothing is to be done", "Keep everything"),
    ],
)
def test_the_first_rule_that_applies_speaks(step: Step, rule: str, says: str) -> None:
    """What makes every figure wrong comes before what loses money, that before what is not known, that before waiting."""
    assert step.rule == rule
    assert says in step.says


def test_a_gap_that_is_over_or_of_another_kind_is_no_alarm() -> None:
    """Only what has not come since is to be mended first, and only where nothing can be judged without it."""
    closed = Gap("purchase", date(2026, 3, 1), date(2026, 3, 4), 80.0, is_open=False)
    other = Gap("message_opened", date(2026, 3, 1), date(2026, 3, 4), 80.0, is_open=True)
    assert asked(KEPT, gaps=(closed, other), next_looks=LOOK).rule == "a look is due"


def test_the_dearest_speaks_and_of_those_that_lost_the_one_that_loses_most() -> None:
    """A cost that is not declared counts as none; of equals the first by name."""
    dear, cheap = advised("z", "switch off", "too small to matter", 50), advised("a", "switch off", "too small to matter")
    assert asked(cheap, dear).surface == "z"
    assert asked(advised("b", "test", "undecided"), advised("a", "test", "undecided")).surface == "a"
    assert asked(LOST, advised("banner", "switch off", "lost", 5, -900)).surface == "banner"
    assert "900 EUR a month" in asked(STOP).because


def test_every_rule_is_in_the_list_once() -> None:
    """Eleven rules, and one of them always applies."""
    assert len(NEXT) == len(set(NEXT)) == 11
