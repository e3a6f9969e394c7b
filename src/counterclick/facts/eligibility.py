"""What was known of a visitor when it became eligible: device, country, and whether it had bought before.

Nothing that happened later counts: whom the feature made to sign in, or to come back by another device, it must not move
from one slice into another.
"""

from __future__ import annotations

from ibis import _
from ibis.expr.types import Table

from counterclick.facts.people import first_rows

__all__ = ["ORIGIN", "pasts", "with_history", "with_origin"]

ORIGIN = ("device", "country")
"""Columns that any event may name."""


def with_origin(exposed: Table, events: Table) -> Table:
    """Fill ``device`` and ``country`` where the first exposure names none: by the first event before it that does.

    Grain: one eligible visitor, as in ``exposed``. Null where no event until then names one.

    Args:
        exposed: eligible visitors with visitor_id, exposed_at, and ``device`` and ``country`` of the exposure.
        events: the events table.
    """
    told = exposed.device.notnull() & exposed.country.notnull()
    own = exposed.filter(~told)  # mostly nobody, whom nothing needs to be joined to
    lacking = own.select(_visitor="visitor_id", _until="exposed_at")
    for column in ORIGIN:
        naming = events.filter(events[column].notnull() & (events.kind != "rejection")).select(
            "visitor_id", "occurred_at", "event_id", column
        )
        before = naming.join(lacking, [naming.visitor_id == lacking["_visitor"], naming.occurred_at <= lacking["_until"]])
        first = first_rows(before, "visitor_id", [_.occurred_at, _.event_id]).select(
            **{f"_{column}_of": "visitor_id", f"_{column}": column}
        )
        joined = own.left_join(first, own.visitor_id == first[f"_{column}_of"])
        filled = joined[column].coalesce(joined[f"_{column}"])
        own = joined.mutate(**{column: filled}).select(*exposed.columns)
    return exposed.filter(told).union(own)


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
