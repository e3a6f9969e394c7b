"""Who counts: eligible visitors in their arms, and the orders that are theirs."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.config import ExperimentConfig, duration
from counterclick.facts.local_time import day_begins, local

__all__ = ["assigned_orders", "eligible", "ends_at", "finished_until", "sole_visitors", "unmatched_orders"]


def ends_at(config: ExperimentConfig, timezone: str) -> datetime:
    """Return the moment, UTC, from which visitors no longer become eligible."""
    return day_begins(config.ends_on + timedelta(days=1), timezone)


def eligible(exposures: Table, config: ExperimentConfig, timezone: str) -> Table:
    """Visitors who became eligible while the experiment ran, in whatever arm.

    Grain: one visitor. Columns: visitor_id, variant, exposed_at, n_variants, entry_on (the shop's day), device, country,
    is_returning.
    """
    begin, end = day_begins(config.starts_on, timezone), ends_at(config, timezone)
    inside = exposures.filter((exposures.exposed_at >= ibis.literal(begin)) & (exposures.exposed_at < ibis.literal(end)))
    return inside.select(
        "visitor_id",
        "variant",
        "exposed_at",
        "n_variants",
        "device",
        "country",
        "is_returning",
        entry_on=local(inside.exposed_at, timezone, (begin, end)).cast("date"),
    )


def finished_until(config: ExperimentConfig, as_of: datetime, allowance: timedelta) -> datetime:
    """Return when visitors became eligible, at the latest, whose value is finished, UTC.

    A value is finished when the visitor's window, and the allowance for late events after it, has closed.
    """
    return as_of - duration(config.window) - allowance


def sole_visitors(units: Table, identities: Table) -> Table:
    """Customers with their assigned visitors.

    Grain: one customer with an assigned visitor. Columns: customer_id, sole_visitor (null where there are several).
    """
    known = units.select("visitor_id").join(identities, "visitor_id")
    summed = known.group_by("customer_id").agg(n=_.visitor_id.nunique(), visitor=_.visitor_id.min())
    return summed.select("customer_id", sole_visitor=ibis.ifelse(summed.n == 1, summed.visitor, ibis.null("string")))


def assigned_orders(orders: Table, units: Table, identities: Table) -> Table:
    """Orders of assigned visitors: who placed them if assigned, else the customer's sole assigned visitor.

    Grain: one order. Columns: those of ``orders``, visitor_id being the assigned visitor.
    """
    joined = _owned(orders, units, identities)
    owner = ibis.coalesce(joined["_direct"], joined.sole_visitor)
    return joined.mutate(visitor_id=owner).filter(_.visitor_id.notnull()).select(*orders.columns)


def unmatched_orders(orders: Table, units: Table, identities: Table, first: datetime, last: datetime) -> Table:
    """Orders in a period that may belong to an assigned visitor, but to whom is not known.

    These are orders that name neither a visitor nor a customer who is known from a visit, and orders of a customer
    with several assigned visitors. Orders of visitors, and of customers whose visitors, never became eligible are not
    among them: it is known whose they are. Grain: one order.
    """
    joined = _owned(orders, units, identities)
    seen = identities.select(_seen="customer_id").distinct()
    joined = joined.left_join(seen, joined.customer_id == seen["_seen"])
    nobody = joined["_direct"].isnull() & joined.sole_visitor.isnull()
    unknown = joined.visitor_id.isnull() & joined["_seen"].isnull()
    ambiguous = joined["_customer"].notnull()
    inside = (joined.ordered_at >= ibis.literal(first)) & (joined.ordered_at < ibis.literal(last))
    return joined.filter(inside & nobody & (unknown | ambiguous)).select(*orders.columns)


def _owned(orders: Table, units: Table, identities: Table) -> Table:
    direct = units.select(_direct="visitor_id")
    sole = sole_visitors(units, identities).rename(_customer="customer_id")
    joined = orders.left_join(direct, orders.visitor_id == direct["_direct"])
    return joined.left_join(sole, joined.customer_id == sole["_customer"])
