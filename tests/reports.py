"""Audits and reports made by hand, as small as a test wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from counterclick.audits import (
    Alarm,
    Alignment,
    Audit,
    Claims,
    Drift,
    Ledger,
    Line,
    Recommendation,
    Situation,
    SurfaceFigures,
    Theatre,
    Trial,
)
from counterclick.audits.figures import Figures
from counterclick.audits.health import Finding, Health
from counterclick.audits.ledger import Claimant, Problem
from counterclick.audits.months import Figure, Month
from counterclick.audits.readiness import readiness_of
from counterclick.audits.report import Report
from counterclick.audits.theatre import Surface
from counterclick.config import KillConfig, ReadinessConfig
from counterclick.metrics import metric_named
from counterclick.verdicts import Verdict

FEBRUARY = Month(date(2026, 2, 1), date(2026, 2, 28), date(2026, 2, 1), date(2026, 2, 28), is_over=True, final_on=None)
STORE = Figures(
    currency="EUR",
    known_on=date(2026, 1, 1),
    first_order_on=date(2025, 1, 1),
    last_order_on=date(2025, 12, 31),
    revenue=3_000_000,
    revenue_before=None,
    n_orders=12_000,
    n_orders_before=0,
    n_carried=12_000,
    basket_cv=1.0,
    margin_rate=0.4,
    products=80,
    n_returns=150,
    n_recent_returns=90,
    first_return_on=date(2025, 9, 1),
    visitors_a_month=40_000,
    customers=9_000,
    new_customers=900,
    loyal=20,
    new_loyal=2,
    running=0,
    costs={},
)
"""A store of a year."""


def verdict(outcome: Any = "won", lift: float = 0.1, half: float = 0.05, **more: Any) -> Verdict:
    """Return a verdict with a lift and its interval."""
    three = (lift, lift - half, lift + half)
    usual: dict[str, Any] = {"lift": lift, "lift_lower": three[1], "lift_upper": three[2], "revenue_lift": three}
    return Verdict("bundles", "b", "a", outcome, "so", "revenue_per_visitor", **usual | more)


def ledger(revenue: float = 200, claimed: float = 100, attributed: float = 50, tools: Sequence[str] = ()) -> Ledger:
    """Return a ledger of two orders, one of them claimed by tools of these names."""
    claimants = tuple(Claimant(tool, "7-day click", None, 1, 1, claimed, claimed, 0.0, revenue, 0.0) for tool in tools)
    problems = tuple(Problem("unknown order", tool, "o1", 10.0, "EUR", None) for tool in tools)
    return Ledger(
        "EUR", 2, revenue, revenue, claimed, 1, 0, attributed, attributed, claimants, (), (), problems, "first touch"
    )


def surface(name: str, action: Any = "keep", found: Verdict | None = None, because: str = "It earns.") -> Surface:
    """Return a surface with what to do about it."""
    tested = Trial("bundles", found, "", 90, ended=True) if found else None
    situation = Situation(name, 90, tested, "Split its visitors.", KillConfig(), 100.0, "EUR")
    return Surface(situation, SurfaceFigures(3.0, 100.0, 0.1, 50.0, 0.2), Recommendation(action, "rule", because))


def audit(
    *surfaces: Surface,
    found: Verdict | None = None,
    alarms: tuple[Alarm, ...] = (),
    findings: tuple[Finding, ...] = (),
    products: int = 80,
    tools: Sequence[str] = (),
) -> Audit:
    """Return an audit of these surfaces; the first one has the verdict."""
    lines = []
    if surfaces:
        name = surfaces[0].name
        lines = [Line(name, "bundles" if found else None, 1000.0, 0.3, 0.2, verdict=found)]
        if found is not None:
            lines = [replace(lines[0], incremental=0.1, incremental_lower=0.05, incremental_upper=0.15, against="a")]
    return Audit(
        claims=Claims("EUR", tuple(lines), ledger(tools=tools)),
        theatre=Theatre("EUR", surfaces),
        drift=Drift(alarms, (), (), (), {}),
        alignment=Alignment(()),
        readiness=readiness_of(replace(STORE, products=products), ReadinessConfig()),
        health=Health("EUR", {}, {}, {}, findings),
    )


def report(of: Audit, tools: Sequence[str] = (), **more: Any) -> Report:
    """Return the report of February with one figure."""
    usual: dict[str, Any] = {
        "shop": "shop",
        "currency": "EUR",
        "timezone": "UTC",
        "month": FEBRUARY,
        "before": None,
        "last_year": None,
        "known_on": date(2026, 5, 1),
        "audit_of": date(2026, 2, 28),
        "figures": (Figure("average order value", metric_named("aov"), False, 100.0, None, None),),
        "ledger": ledger(tools=tools),
        "n_beyond": 0,
        "audit": of,
    }
    return Report(**usual | more)
