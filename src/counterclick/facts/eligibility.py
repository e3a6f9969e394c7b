"""What was known of a visitor when it became eligible: device, country, and whether it had bought before.

Nothing that happened later counts: whom the feature made to sign in, or to come back by another device, it must not move
from one slice into another.
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

__all__ = ["ORIGIN", "origins", "pasts", "pasts_of_customers", "with_history", "with_origin"]

ORIGIN = ("device", "country")
"""Columns that any event may name."""


def origins(events: Table) -> Table:
    """What each visitor's first event that names a device, and a country, names.

    Grain: one visitor. Columns: visitor_id, device, device_at, country, country_at (null where none was ever named).

    Args:
        events: the events table.
    """
    seen = events.filter(events.visitor_id.notnull() & (events.kind != "rejection"))
    seen = seen.filter(seen.device.notnull() | seen.country.notnull())
    first = {}
    for column in ORIGIN:
        named = seen[column].notnull()
        first[column] = seen[column].argmin(seen.occurred_at, where=named)
        first[f"{column}_at"] = seen.occurred_at.min(where=named)
    return seen.group_by("visitor_id").agg(**first)


def with_origin(exposed: Table, told: Table) -> Table:
    """Fill ``device`` and ``country`` where the first exposure names none: by the first event until then that does.

    Grain: one eligible visitor, as in ``exposed``. Null where no event until then names one.

    Args:
        exposed: eligible visitors with visitor_id, exposed_at, and ``device`` and ``country`` of the exposure.
        told: `origins`.
    """
    first = told.rename(_visitor="visitor_id", _device="device", _country="country")
    joined = exposed.left_join(first, exposed.visitor_id == first["_visitor"])
    filled = {
        column: joined[column].coalesce(
            (joined[f"{column}_at"] <= joined.exposed_at).ifelse(joined[f"_{column}"], ibis.null("string"))
        )
        for column in ORIGIN
    }
    return joined.mutate(**filled).select(*exposed.columns)


def pasts(bought: Table, known: Table) -> Table:
    """When visitors, and the customers as whom they are known, had bought first.

    An order is a customer's from the moment at which both are known: it names the customer, or its visitor does.

    Grain: one visitor who bought, or whose customer did. Columns: visitor_id, bought_at (its own first order; null without
    one), known_at (when its customer was known; null where not), customer_bought_at (its customer's first order; null
    without one).

    Args:
        bought: `counterclick.facts.orders.purchases`.
        known: `counterclick.facts.people.identities`.
    """
    own = bought.filter(bought.visitor_id.notnull()).group_by(_buyer="visitor_id").agg(bought_at=_.occurred_at.min())
    names = known.select(_named="visitor_id", _customer="customer_id", known_at="known_at")
    named = bought.select("visitor_id", "customer_id", "occurred_at").left_join(names, _.visitor_id == names["_named"])
    later = (named.known_at > named.occurred_at).ifelse(named.known_at, named.occurred_at)
    told_at = named.customer_id.notnull().ifelse(named.occurred_at, later)
    owned = named.select(_owner=named.customer_id.coalesce(named["_customer"]), _told_at=told_at)
    customers = owned.filter(owned["_owner"].notnull()).group_by("_owner").agg(customer_bought_at=_["_told_at"].min())
    of_customer = names.join(customers, names["_customer"] == customers["_owner"])
    both = own.outer_join(of_customer, own["_buyer"] == of_customer["_named"])
    return both.select("bought_at", "known_at", "customer_bought_at", visitor_id=both["_buyer"].coalesce(both["_named"]))


def pasts_of_customers(sold: Table) -> Table:
    """When customers had bought first, in the shape of `pasts`, each standing for itself as ``c:`` and its id.

    Grain: one customer who bought. Columns: those of `pasts`.

    Args:
        sold: `counterclick.facts.orders.orders`.
    """
    bought = sold.filter(sold.customer_id.notnull()).group_by("customer_id").agg(bought_at=_.ordered_at.min())
    never = ibis.null(bought.bought_at.type())
    return bought.select(
        "bought_at", known_at=never, customer_bought_at=never, visitor_id=ibis.literal("c:") + bought.customer_id
    )


def with_history(exposed: Table, past: Table) -> Table:
    """Add ``is_returning``: an order before eligibility, of the visitor or of the customer as whom it was known by then.

    Grain: one eligible visitor, as in ``exposed``.

    Args:
        exposed: eligible visitors with visitor_id and exposed_at.
        past: `pasts`.
    """
    told = past.rename(_visitor="visitor_id")
    joined = exposed.left_join(told, exposed.visitor_id == told["_visitor"])
    as_visitor = (joined.bought_at < joined.exposed_at).fill_null(False)
    as_customer = ((joined.known_at <= joined.exposed_at) & (joined.customer_bought_at < joined.exposed_at)).fill_null(False)
    return joined.select(*exposed.columns, is_returning=as_visitor | as_customer)
