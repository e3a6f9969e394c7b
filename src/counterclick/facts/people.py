"""Who it was: visitors, the customers they turned out to be, and sessions.

`identities` serves attribution and history only; it never merges the units of an experiment.
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

__all__ = ["IDLE_SECONDS", "first_rows", "identities", "sessions", "visitors", "visits", "with_person"]

IDLE_SECONDS = 1800
"""A session ends after 30 minutes without an event of the visitor."""
_OF_BEGIN = ("occurred_at", "second", "nth")
"""What a session takes from its first event."""


def first_rows(table: Table, key: str | list[str], order_by: list[ibis.Value]) -> Table:
    """Return the first row of each key in the given order; the same on every engine."""
    rank = ibis.row_number().over(ibis.window(group_by=key, order_by=order_by))
    return table.mutate(_nth=rank).filter(_["_nth"] == 0).drop("_nth")


def identities(events: Table) -> Table:
    """Visitors whose customer is known.

    Grain: one visitor. Columns: visitor_id, customer_id (the first that an identify or a purchase names), known_at (UTC:
    when it did).
    """
    naming = events.filter(
        events.kind.isin(["identify", "purchase"]) & events.visitor_id.notnull() & events.customer_id.notnull()
    ).select("visitor_id", "customer_id", "occurred_at", "event_id")
    first = first_rows(naming, "visitor_id", [_.occurred_at, _.event_id])
    return first.select("visitor_id", "customer_id", known_at=_.occurred_at)


def with_person(table: Table, known: Table) -> Table:
    """Add ``person_id``: the customer where known (of the row itself, else of its visitor), else the visitor.

    Args:
        table: rows with visitor_id and customer_id.
        known: `identities`.
    """
    names = known.select(_visitor="visitor_id", _customer="customer_id")
    joined = table.left_join(names, table.visitor_id == names["_visitor"])
    customer = ibis.coalesce(joined.customer_id, joined["_customer"])
    person = ibis.coalesce(ibis.literal("c:") + customer, ibis.literal("v:") + joined.visitor_id)
    return joined.mutate(customer_id=customer, person_id=person).drop("_visitor", "_customer")


def visitors(events: Table, known: Table) -> Table:
    """Everyone who was seen.

    Grain: one visitor. Columns: visitor_id, first_seen_at, last_seen_at (UTC), n_events, customer_id or null.
    """
    seen = (
        events.filter(events.visitor_id.notnull())
        .group_by("visitor_id")
        .agg(first_seen_at=_.occurred_at.min(), last_seen_at=_.occurred_at.max(), n_events=_.count())
    )
    return seen.left_join(known, "visitor_id").select(*seen.columns, "customer_id")


def visits(sessions: Table) -> Table:
    """What visitors did in all.

    Grain: one visitor with a session. Columns: visitor_id, n_events (in sessions), most_events (in those that began on one
    day, UTC: the busiest).

    Args:
        sessions: `sessions`.
    """
    days = sessions.group_by("visitor_id", began_on=sessions.started_at.date()).agg(n=_.n_events.sum())
    return days.group_by("visitor_id").agg(n_events=_.n.sum(), most_events=_.n.max())


def sessions(events: Table) -> Table:
    """Visits: events of a visitor with less than 30 minutes between one and the next.

    Grain: one session. Columns: visitor_id, started_at, ended_at (UTC), session_seconds (whole seconds), n_events.
    """
    by_time = ibis.window(group_by="visitor_id", order_by="occurred_at")
    seen = events.filter(events.visitor_id.notnull() & ~events.kind.isin(["refund", "message_sent", "decision"])).select(
        "visitor_id", "occurred_at"
    )
    seconds = seen.mutate(second=seen.occurred_at.truncate("s").epoch_seconds())  # whole ones, on every engine
    placed = seconds.mutate(
        previous=seconds.second.lag().over(by_time),
        following=seconds.second.lead().over(by_time),
        nth=ibis.row_number().over(by_time),
    )
    begins = placed.previous.isnull() | (placed.second - placed.previous >= IDLE_SECONDS)
    ends = placed.following.isnull() | (placed.following - placed.second >= IDLE_SECONDS)
    edges = placed.mutate(begins=begins, ends=ends).filter(begins | ends)  # two rows a session at most
    before = ibis.window(group_by="visitor_id", order_by="nth")
    first = {name: ibis.ifelse(edges.begins, edges[name], edges[name].lag().over(before)) for name in _OF_BEGIN}
    whole = edges.mutate(**{f"first_{name}": value for name, value in first.items()}).filter(_.ends)
    return whole.select(
        "visitor_id",
        started_at=whole.first_occurred_at,
        ended_at=whole.occurred_at,
        session_seconds=whole.second - whole.first_second,
        n_events=whole.nth - whole.first_nth + 1,
    )
