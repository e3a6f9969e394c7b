"""What all claims add up to: each claim that counts, once, so that their sum can be followed row by row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import ibis
from ibis import _
from ibis.expr.types import Column, Table

from counterclick.facts.rows import all_rows

__all__ = ["claims_together", "period_claims", "tied_to"]


def claims_together(claimed: Table, told: Table, orders: Table, claimed_by: Mapping[str, str]) -> Table:
    """Return every claim that counts in the sum of all claims.

    To what the surfaces claim comes what tools report besides: on orders that are not in the log, or for no surface (of
    several windows, the largest for each order), and of periods what these exceed the claims on orders of their days by.

    Grain: one order and surface or tool, or one period of a tool. Columns: claimant, surface (null for a tool that is tied
    to none), order_id (null for a period), claim_id (null for an order), adds (the shop's currency).

    Args:
        claimed: `counterclick.audits.claimed_by_surface`.
        told: `counterclick.facts.Facts.tool_claims`.
        orders: `counterclick.facts.Facts.orders`.
        claimed_by: claimant -> surface.
    """
    no_text = ibis.null("string")
    of_surfaces = claimed.select("claimant", "surface", "order_id", claim_id=no_text, adds=claimed.claimed_revenue)
    on_orders = told.filter((told.nth == 0) & told.order_id.notnull() & told.claimed_revenue.notnull())
    untied = on_orders.filter(~on_orders.claimant.isin(list(claimed_by))) if claimed_by else on_orders
    tied = (
        on_orders.filter(on_orders.claimant.isin(list(claimed_by))) if claimed_by else on_orders.filter(ibis.literal(False))
    )
    beside = (
        untied.union(tied.anti_join(orders, "order_id")).group_by("claimant", "order_id").agg(adds=_.claimed_revenue.max())
    )
    of_tools = beside.select(
        "claimant", "order_id", "adds", surface=tied_to(beside.claimant, claimed_by), claim_id=no_text
    ).select(*of_surfaces.columns)
    of_periods = period_claims(claimed, told, orders, claimed_by).mutate(order_id=no_text).select(*of_surfaces.columns)
    money = of_surfaces.adds.type()
    return ibis.union(*(part.mutate(adds=part.adds.cast(money)) for part in (of_surfaces, of_tools, of_periods)))


def period_claims(claimed: Table, told: Table, orders: Table, claimed_by: Mapping[str, str]) -> Table:
    """Return the claims on periods that count, each with what it adds to those on orders of its days.

    Grain: one period of a tool. Columns: claim_id, claimant, surface, adds. Arguments as of `claims_together`.
    """
    periods = told.filter(told.claim_id.isin(_apart(told)))
    periods = periods.select(
        "claim_id",
        "claimant",
        "period_starts_at",
        "period_ends_at",
        "claimed_revenue",
        surface=tied_to(periods.claimant, claimed_by),
    )
    sold = orders.select("order_id", "ordered_at")
    own = claimed.select("order_id", _on="surface", _claimed="claimed_revenue").join(sold, "order_id")
    during = [
        periods.surface == own["_on"],
        periods.period_starts_at <= own.ordered_at,
        own.ordered_at < periods.period_ends_at,
    ]
    inside = periods.join(own, during)
    held = inside.group_by(_claim="claim_id").agg(held=_["_claimed"].sum())
    both = periods.left_join(held, periods.claim_id == held["_claim"])
    adds = ibis.greatest(both.claimed_revenue - both.held.fill_null(0), 0)
    return both.select("claim_id", "claimant", "surface", adds=adds)


def tied_to(claimant: Column, claimed_by: Mapping[str, str]) -> Any:
    """Return the surface that a tool is tied to; null for none."""
    return claimant.substitute(dict(claimed_by), else_=ibis.null("string")) if claimed_by else ibis.null("string")


def _apart(told: Table) -> list[str]:
    """Return the ids of those claims on periods that overlap no larger one of their tool that counts."""
    periods = told.filter((told.nth == 0) & told.order_id.isnull() & told.claimed_revenue.notnull())
    rows = all_rows(periods)
    rows.sort(key=lambda row: (row["claimant"], -row["claimed_revenue"], row["period_starts_at"], row["claim_id"]))
    taken: list[tuple[str, datetime, datetime]] = []
    found = []
    for row in rows:
        tool, first, last = row["claimant"], row["period_starts_at"], row["period_ends_at"]
        if not any(other == tool and first < until and since < last for other, since, until in taken):
            taken.append((tool, first, last))
            found.append(row["claim_id"])
    return found
