"""What stands behind the audit's figures: for each one its query, how many rows it counts, and what they add up to."""

from __future__ import annotations

import re
from dataclasses import dataclass

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.audits import WAYS, WINDOWS, claims_together, counted_by, period_claims
from counterclick.display import Grid, Shown, count, money
from counterclick.errors import UnknownNameError
from counterclick.experiments import Experiment
from counterclick.facts.rows import one_row
from counterclick.metrics import metric_named
from counterclick.shop.auditing import Auditing

__all__ = ["Explained", "Explanation", "explain_audit"]


@dataclass(frozen=True, slots=True)
class Explained:
    """One figure.

    Attributes:
        figure: what it is, as the audit calls it.
        surface: of which; None for the whole shop.
        n_rows: rows behind it.
        grain: what a row is.
        amount: what they add up to, in the shop's currency; None where they are counted alone.
        sql: the query of these rows, over the shop's facts.
    """

    figure: str
    surface: str | None
    n_rows: int
    grain: str
    amount: float | None
    sql: str


@dataclass(frozen=True, slots=True)
class Explanation(Shown):
    """The figures of an audit with their queries.

    Attributes:
        currency: of amounts.
        figures: one for each figure, the shop's first.
    """

    currency: str
    figures: tuple[Explained, ...]

    def grids(self) -> list[Grid]:
        """Return the counts, then each query."""
        rows = [
            (
                found.surface or "(the shop)",
                found.figure,
                count(found.n_rows),
                found.grain,
                "" if found.amount is None else money(found.amount, self.currency),
            )
            for found in self.figures
        ]
        note = "The tables of the queries are the shop's facts: in Python `shop.facts`, with the same names."
        heads = ("surface", "figure", "rows", "a row is", "adds up to")
        return [Grid("What stands behind the audit", heads, rows, (note,), left=2)]

    def __str__(self) -> str:
        queries = [f"-- {found.surface or 'the shop'}: {found.figure}\n{found.sql};" for found in self.figures]
        return "\n\n".join([*(str(grid) for grid in self.grids()), *queries])


def explain_audit(auditing: Auditing, surface: str | None = None) -> Explanation:
    """Return what stands behind an audit.

    Args:
        auditing: the audits of a shop.
        surface: only the figures of this one, its shares by way of counting among them, beside those of the whole shop.

    Raises:
        UnknownNameError: there is no such surface.
    """
    surfaces = auditing.surfaces
    if surface is not None and surface not in surfaces:
        raise UnknownNameError("surface", surface, surfaces)
    found = [*_of_shop(auditing), *_of_tools(auditing)]
    for name in sorted(surfaces) if surface is None else [surface]:
        found += _of_surface(auditing, name)
        for experiment in auditing.experiments.values():
            if experiment.config.surface == name:
                found += _of_experiment(auditing, experiment)
    if surface is not None:
        found += _ways(auditing, surface)
    return Explanation(auditing.config.shop.currency, tuple(found))


def _of_shop(auditing: Auditing) -> list[Explained]:
    facts = auditing.reading.facts
    claimed, credited = auditing.claims_query, auditing.credits_query
    by = auditing.config.claimed_by
    per_order = claimed.group_by("order_id").agg(n_claimants=_.claimant.nunique())
    net = credited.join(facts.orders.select("order_id", "net_revenue"), "order_id")
    together = claims_together(claimed, facts.tool_claims, facts.orders, by)
    of_periods = period_claims(claimed, facts.tool_claims, facts.orders, by)
    return [
        _explained("revenue", None, "an order", facts.orders, "revenue"),
        _explained("net revenue", None, "an order", facts.orders, "net_revenue"),
        _explained("claimed together", None, "a claim on an order or period", together, "adds"),
        _explained("of it on periods", None, "a period", of_periods, "adds"),
        _explained("orders claimed", None, "an order", per_order),
        _explained("by two or more", None, "an order", per_order.filter(_.n_claimants > 1)),
        _explained("credited together", None, "a credited order", credited, "attributed_revenue"),
        _explained("credited, net", None, "a credited order", net, "net_revenue"),
    ]


def _of_tools(auditing: Auditing) -> list[Explained]:
    """Return what stands behind each line of what tools report."""
    facts = auditing.reading.facts
    once = facts.tool_claims.filter(facts.tool_claims.nth == 0)
    bought = facts.orders.select("order_id", "revenue", "returned_value")
    found = []
    for line in auditing.ledger.claimants:
        name = f"{line.claimant} ({line.window})" if line.window else line.claimant
        own = once.filter((once.claimant == line.claimant) & (once.claim_window == line.window))
        known = own.filter(own.order_id.notnull()).join(bought, "order_id")
        found += [
            _explained(f"{name}: claims", line.surface, "a claim", own, "claimed_revenue"),
            _explained(f"{name}: known orders", line.surface, "a claimed order", known, "revenue"),
            _explained(f"{name}: came back", line.surface, "a claimed order", known, "returned_value"),
        ]
    return found


def _of_surface(auditing: Auditing, name: str) -> list[Explained]:
    facts = auditing.reading.facts
    claimed, credited = auditing.claims_query, auditing.credits_query
    touched = facts.interactions.filter(facts.interactions.surface == name)
    shown = facts.impressions.filter(facts.impressions.surface == name)
    return [
        _explained("shown", name, "a list shown or a message sent", shown),
        _explained("clicks", name, "a click", touched.filter(touched.is_click)),
        _explained("interactions", name, "an answer or a click", touched.filter(touched.is_interaction)),
        _explained("touches", name, "a helpful answer or a click", touched.filter(touched.is_touch)),
        _explained("claimed", name, "an order", claimed.filter(claimed.surface == name), "claimed_revenue"),
        _explained("credited", name, "a credited order", credited.filter(credited.surface == name), "attributed_revenue"),
    ]


def _of_experiment(auditing: Auditing, experiment: Experiment) -> list[Explained]:
    """Return each arm's visitors and their outcome, and what is claimed and credited of the orders with the feature."""
    name, surface = experiment.name, experiment.config.surface
    outcome = metric_named(experiment.config.outcome).numerator
    units, active, orders = experiment.finished_visitors(), experiment.active_visitors(), experiment.feature_orders()
    claimed, credited = (
        ledger.filter(ledger.surface == surface) for ledger in (auditing.claims_query, auditing.credits_query)
    )
    theirs = orders.select("order_id")
    return [
        *(
            _explained(f"{name}: {arm}", surface, "a finished visitor", units.filter(units.variant == arm))
            for arm in experiment.config.variants
        ),
        *(
            _explained(
                f"{name}: {outcome} of {arm}", surface, "a visitor with any", _with_any(active, arm, outcome), outcome
            )
            for arm in experiment.config.variants
        ),
        _explained(f"{name}: orders with the feature", surface, "an order", orders, "revenue"),
        _explained(f"{name}: claimed of them", surface, "a claim", theirs.join(claimed, "order_id"), "claimed_revenue"),
        _explained(
            f"{name}: credited of them",
            surface,
            "a credited order",
            theirs.join(credited, "order_id"),
            "attributed_revenue",
        ),
    ]


def _with_any(active: Table, arm: str, outcome: str) -> Table:
    """Return an arm's finished visitors whose outcome is not zero: its mean divides by all of the arm's."""
    return active.filter((active.variant == arm) & (active[outcome] != 0)).select("visitor_id", "variant", outcome)


def _ways(auditing: Auditing, surface: str) -> list[Explained]:
    """Return a surface's orders by way of counting and window."""
    found = []
    for way, says in WAYS.items():
        for window in WINDOWS:
            counted = counted_by(auditing.pairs_query, way, window)
            own = counted.filter(counted.surface == surface)
            found.append(_explained(f"{says}, {window}", surface, "an order", own, "amount"))
    return found


def _explained(figure: str, surface: str | None, grain: str, rows: Table, amount: str | None = None) -> Explained:
    sums = {"n_rows": rows.count()} | ({"amount": rows[amount].sum().cast("float64")} if amount else {})
    row = one_row(rows.agg(**sums))
    sql = re.sub(r'("\w+"\."main"\.)?"kept_(\w+?)(_[0-9a-f]{16})?"', r'"\2"', str(ibis.to_sql(rows, dialect="duckdb")))
    total = (row["amount"] or 0.0) if amount else None
    return Explained(figure, surface, int(row["n_rows"]), grain, total, sql)
