"""Claims beside credits beside effects."""

from __future__ import annotations

import ibis
import numpy as np
import pytest

from builders import MONDAY, Event, answer, click, facts, later, purchase, rows
from counterclick.attribution import FirstTouch, claims, credits, pairs
from counterclick.audits import CLAIM_RULE, WIDEST, Base, Claims, claimed_by_surface, claims_audit, ledger_audit
from counterclick.stats import Moments, incrementality_ratio
from counterclick.verdicts import Verdict

EVENTS = (
    answer("v1", "p1", at="2026-01-05T08:00"),
    click("v1", at="2026-01-05T09:00", surface="cart"),
    purchase("v1", revenue=60, order="both"),
    answer("v2", at="2026-01-05T09:00"),
    purchase("v2", revenue=30, order="unhelpful"),
    purchase("v3", revenue=10, order="alone"),
)
CONTROL = Moments.from_values(["revenue"], np.array([[50.0], [40.0], [0.0], [10.0]] * 25))


def audit(verdict: Verdict | str | None = None, events: tuple[Event, ...] = EVENTS) -> Claims:
    """Return the audit of a shop in which 100 visitors had the feature, and the order 'alone' is of none of them."""
    tables = facts(*events)
    own = tables.orders.filter(tables.orders.order_id != "alone")
    ruled = claims(tables.orders, tables.interactions, CLAIM_RULE)
    claimed = claimed_by_surface(ruled, tables.tool_claims, tables.orders, {})
    credited = credits(tables.orders, tables.interactions, FirstTouch())
    return claims_audit(
        claimed=claimed,
        credited=credited,
        arms=own.select("order_id", "visitor_id", "revenue", experiment=ibis.literal("chat")) if verdict else None,
        bases={"chat": Base("chat", verdict, 100, CONTROL)} if verdict else {},
        costs={"idle": 50.0},
        ledger=ledger_audit(
            orders=tables.orders,
            paired=pairs(tables.orders, tables.interactions, WIDEST),
            told=tables.tool_claims,
            claimed=claimed,
            credited=credited,
            rule=FirstTouch(),
            claimed_by={},
            currency="EUR",
            timezone="UTC",
        ),
    )


def won(lift: tuple[float, float, float] | None = (0.25, 0.0, 1.0)) -> Verdict:
    return Verdict("chat", "assistant", "nothing", "won", "so", "revenue_per_visitor", revenue_lift=lift)


def test_each_surface_claims_for_itself_and_the_rule_credits_once() -> None:
    """Chat claims 60 + 30 and the cart 60 of 100; the rule gives 60 to the first touch and nothing else to anyone."""
    found = audit()
    assert {line.surface: (line.claimed, line.attributed) for line in found.lines} == {
        "cart": (0.6, 0.0),
        "chat": (0.9, 0.6),
        "idle": (0.0, 0.0),
    }
    ledger = found.ledger
    assert (ledger.claimed, ledger.attributed, ledger.n_twice, ledger.n_orders) == (150, 60, 1, 3)


def test_a_tested_surface_stands_on_the_revenue_of_its_own_visitors() -> None:
    """Of 90 in the feature's arm chat claims all and is credited with two thirds; a lift of 25 % is a fifth of it."""
    line = next(line for line in audit(won()).lines if line.surface == "chat")
    assert (line.base_revenue, line.claimed, line.attributed) == pytest.approx((90, 1, 2 / 3))
    assert (line.incremental, line.incremental_lower, line.incremental_upper) == pytest.approx((0.2, 0, 0.5))


def test_the_ratio_is_of_the_same_visitors() -> None:
    """60 of 100 visitors buy for 50 after an answer, half of them helped: 30 a visitor, of which 15 are credited.

    The control's mean is 25, so that 5 are earned a visitor: a third of what is credited, a sixth of what is claimed.
    """
    events = [purchase(f"v{i}", 50) for i in range(60)]
    events += [answer(f"v{i}", *(["p1"] if i < 30 else []), at=later(MONDAY, hours=-1)) for i in range(60)]
    line = next(line for line in audit(won(), tuple(events)).lines if line.surface == "chat")
    assert line.per_attributed is not None
    assert line.per_claimed is not None
    assert (line.per_attributed[0], line.per_claimed[0]) == pytest.approx((1 / 3, 1 / 6))
    both = (
        ("revenue", "claimed", "attributed"),
        [[50.0, 50.0, 50.0 * (i < 30)] if i < 60 else [0.0] * 3 for i in range(100)],
    )
    wanted = incrementality_ratio(CONTROL, Moments.from_values(*both), "attributed")
    assert line.per_attributed == pytest.approx((wanted.value, wanted.lower, wanted.upper))


def test_a_handful_of_credited_orders_has_no_ratio() -> None:
    """Two buyers among 100 may as well be none: the reason stands where the ratio would."""
    line = next(line for line in audit(won()).lines if line.surface == "chat")
    assert line.per_attributed is None
    assert "More credited orders are needed" in line.ratio_refused


def test_no_effect_no_ratio() -> None:
    """Where the verdict shows no lift, there is nothing to divide by a credit, and the page says so."""
    line = next(line for line in audit(won(None)).lines if line.surface == "chat")
    assert (line.incremental, line.per_attributed, line.per_claimed) == (None, None, None)
    assert "its effect is not shown" in str(audit(won(None)))


def test_what_nobody_can_know_is_said() -> None:
    """A surface without an experiment is not measured; one whose verdict was refused shows the reason."""
    text = " ".join(str(audit("the control has no buyers")).split())
    assert "the control has no buyers" in text
    assert "no effect can be laid beside its credits" in text
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
