"""Claims beside credits beside effects."""

from __future__ import annotations

import ibis
import pytest

from builders import MONDAY, answer, click, facts, later, purchase, rows
from counterclick.attribution import FirstTouch, claims, credits
from counterclick.audits import CLAIM_RULE, Audit, claims_audit
from counterclick.verdicts import Verdict

EVENTS = (
    answer("v1", "p1", at="2026-01-05T08:00"),
    click("v1", at="2026-01-05T09:00", surface="cart"),
    purchase("v1", revenue=60, order="both"),
    answer("v2", at="2026-01-05T09:00"),
    purchase("v2", revenue=30, order="unhelpful"),
    purchase("v3", revenue=10, order="alone"),
)


def audit(verdict: Verdict | str | None = None) -> Audit:
    tables = facts(*EVENTS)
    own = tables.orders.filter(tables.orders.order_id != "alone")
    return claims_audit(
        orders=tables.orders,
        claimed=claims(tables.orders, tables.interactions, CLAIM_RULE),
        credited=credits(tables.orders, tables.interactions, FirstTouch()),
        arms=own.select("order_id", "revenue", experiment=ibis.literal("chat")) if verdict else None,
        rule=FirstTouch(),
        verdicts={"chat": verdict} if verdict else {},
        surfaces={"chat": "chat"},
        costs={"idle": 50.0},
        currency="EUR",
    )


def test_each_surface_claims_for_itself_and_the_rule_credits_once() -> None:
    """Chat claims 60 + 30 and the cart 60 of 100; the rule gives 60 to the first touch and nothing else to anyone."""
    found = audit()
    assert {line.surface: (line.claimed, line.attributed) for line in found.lines} == {
        "cart": (0.6, 0.0),
        "chat": (0.9, 0.6),
        "idle": (0.0, 0.0),
    }
    assert found.claimed_together == pytest.approx(1.5)
    assert found.attributed_together == pytest.approx(0.6)
    assert found.claimed_twice == pytest.approx(1 / 3)


def test_a_tested_surface_stands_on_the_revenue_of_its_own_visitors() -> None:
    """Of 90 in the feature's arm chat claims all and is credited with two thirds; a lift of 25 % is a fifth of it."""
    verdict = Verdict("chat", "assistant", "nothing", "won", "so", "revenue_per_visitor", revenue_lift=(0.25, 0.0, 1.0))
    line = next(line for line in audit(verdict).lines if line.surface == "chat")
    assert (line.base_revenue, line.claimed, line.attributed) == pytest.approx((90, 1, 2 / 3))
    assert (line.incremental, line.incremental_lower, line.incremental_upper) == pytest.approx((0.2, 0, 0.5))


def test_what_nobody_can_know_is_said() -> None:
    """A surface without an experiment is not measured; one whose verdict was refused shows the reason."""
    text = str(audit("the control has no buyers"))
    assert "the control has no buyers" in text
    assert "nobody can know" in text
    assert "not measured" in text


def test_an_interaction_after_the_order_or_outside_of_seven_days_claims_nothing() -> None:
    """One click a minute after the order, one eight days before: both surfaces claim nothing."""
    tables = facts(
        click("v1", surface="after", at=later(MONDAY, minutes=1)),
        click("v1", surface="before", at=later(MONDAY, days=-8)),
        purchase("v1", revenue=10),
    )
    found = claims(tables.orders, tables.interactions, CLAIM_RULE)
    assert rows(tables.interactions, "surface") == ["after", "before"]
    assert rows(found, "order_id") == []
