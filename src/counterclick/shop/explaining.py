"""What stands behind the audit's figures: for each one its query, how many rows it counts, and what they add up to."""

from __future__ import annotations

import re
from dataclasses import dataclass

import ibis
from ibis.expr.types import Table

from counterclick.display import Grid, Shown, count, money
from counterclick.errors import UnknownNameError
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
        surface: only the figures of this one, beside those of the whole shop.

    Raises:
        UnknownNameError: there is no such surface.
    """
    surfaces = [found.name for found in auditing.theatre.surfaces]
    if surface is not None and surface not in surfaces:
        raise UnknownNameError("surface", surface, surfaces)
    facts = auditing.reading.facts
    found = [
        _explained("revenue", None, "an order", facts.orders, "revenue"),
        _explained("net revenue", None, "an order", facts.orders, "net_revenue"),
        _explained(
            "claims of tools", None, "a claim", facts.tool_claims.filter(facts.tool_claims.nth == 0), "claimed_revenue"
        ),
        _explained("claimed together", None, "an order and surface", auditing.claims_query, "claimed_revenue"),
        _explained("credited together", None, "a credited order", auditing.credits_query, "attributed_revenue"),
    ]
    for name in sorted(surfaces) if surface is None else [surface]:
        found += _of_surface(auditing, name)
    return Explanation(auditing.config.shop.currency, tuple(found))


def _of_surface(auditing: Auditing, name: str) -> list[Explained]:
    facts = auditing.reading.facts
    claimed, credited = auditing.claims_query, auditing.credits_query
    touched = facts.interactions.filter(facts.interactions.surface == name)
    found = [
        _explained("interactions", name, "an answer or a click", touched.filter(touched.is_interaction)),
        _explained("touches", name, "a helpful answer or a click", touched.filter(touched.is_touch)),
        _explained("claimed", name, "an order", claimed.filter(claimed.surface == name), "claimed_revenue"),
        _explained("credited", name, "a credited order", credited.filter(credited.surface == name), "attributed_revenue"),
    ]
    for experiment in auditing.experiments.values():
        if experiment.config.surface != name:
            continue
        units = experiment.finished_visitors()
        found += [
            _explained(f"{experiment.name}: {arm}", name, "a finished visitor", units.filter(units.variant == arm))
            for arm in experiment.config.variants
        ]
        orders = experiment.feature_orders()
        found.append(_explained(f"{experiment.name}: orders with the feature", name, "an order", orders, "revenue"))
    return found


def _explained(figure: str, surface: str | None, grain: str, rows: Table, amount: str | None = None) -> Explained:
    sums = {"n_rows": rows.count()} | ({"amount": rows[amount].sum().cast("float64")} if amount else {})
    row = rows.agg(**sums).to_pyarrow().to_pylist()[0]
    sql = re.sub(r'("\w+"\."main"\.)?"kept_(\w+?)(_[0-9a-f]{16})?"', r'"\2"', str(ibis.to_sql(rows, dialect="duckdb")))
    total = (row["amount"] or 0.0) if amount else None
    return Explained(figure, surface, int(row["n_rows"]), grain, total, sql)
