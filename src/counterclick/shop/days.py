"""Events by kind, source, surface and day: what questions about volumes, gaps and first and last events are asked of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from counterclick.facts.local_time import offsets
from counterclick.facts.tables import Keep

__all__ = ["days_of"]

_DAY = 86_400_000_000
_SECOND = 1_000_000
_MERGES = {
    "n": "sum",
    "n_ahead": "sum",
    "ahead": "max",
    "first_at": "min",
    "last_at": "max",
    "first_received_at": "min",
}


def days_of(backend: Backend, keep: Keep, timezone: str) -> Table:
    """Return what the events of each day come to.

    Grain: one kind, source, surface and day. Columns: kind, source (empty where not named), surface (null where not named),
    on (the shop's day on which it occurred), n (events), n_ahead (of these, with a time later than their arrival), ahead
    (microseconds by which the farthest of them lies ahead), first_at, last_at (UTC: occurred), first_received_at (UTC).

    Args:
        backend: with the view ``events``.
        keep: see `counterclick.facts.tables.Keep`.
        timezone: in which days begin.
    """
    table = backend.sql(f"""
        SELECT kind, coalesce(source, '') AS source, surface,
            DATE '1970-01-01' + ((o + {_ahead(timezone)}) // {_DAY})::INTEGER AS "on",
            count(*) AS n, count(*) FILTER (o > r) AS n_ahead, coalesce(max(o - r) FILTER (o > r), 0) AS ahead,
            min(occurred_at) AS first_at, max(occurred_at) AS last_at,
            min(received_at) AS first_received_at
        FROM (SELECT kind, source, surface, occurred_at, received_at, epoch_us(occurred_at) AS o, epoch_us(received_at) AS r
            FROM events)
        GROUP BY ALL""")
    return keep(table, "days", merges=_MERGES)


def _ahead(timezone: str) -> str:
    """SQL for the microseconds by which the shop's clock is ahead of UTC at ``o``; the latest changes are asked first."""
    zero = datetime(1970, 1, 1, tzinfo=UTC)
    changes = [((at - zero) // timedelta(microseconds=1), seconds * _SECOND) for at, seconds in offsets(timezone)]
    if len(changes) == 1:
        return str(changes[0][1])
    whens = " ".join(f"WHEN o >= {at} THEN {ahead}" for at, ahead in reversed(changes[1:]))
    return f"CASE {whens} ELSE {changes[0][1]} END"
