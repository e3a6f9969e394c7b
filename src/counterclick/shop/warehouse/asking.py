"""What a reading asks of its events at once, of a warehouse: the latest arrival, the days, the currencies."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import ibis
import pyarrow as pa
from ibis import _
from ibis.expr.types import Table

from counterclick.facts.local_time import local
from counterclick.facts.rows import all_rows, one_row

__all__ = ["currencies_of", "latest_of", "mapped_days"]

_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = pa.timestamp("us", tz="UTC")
_DAYS = pa.schema(
    [
        ("kind", pa.string()),
        ("source", pa.string()),
        ("surface", pa.string()),
        ("on", pa.date32()),
        ("n", pa.int64()),
        ("n_ahead", pa.int64()),
        ("ahead", pa.int64()),
        ("first_at", _MOMENT),
        ("last_at", _MOMENT),
        ("first_received_at", _MOMENT),
    ]
)


def latest_of(events: Table, besides: Collection[str]) -> int | None:
    """Return when the last event arrived, in microseconds since 1970; None where there is none.

    Args:
        events: the events table.
        besides: kinds that do not count.
    """
    latest = one_row(events.filter(events.kind.notin(list(besides))).agg(latest=_.received_at.max()))["latest"]
    return None if latest is None else (latest - _ZERO) // timedelta(microseconds=1)


def mapped_days(events: Table, timezone: str) -> pa.Table:
    """Return what the events of each day come to, with the columns of `counterclick.shop.days.days_of`.

    Nothing that arrived before it happened is counted: a warehouse's own clock says both.

    Args:
        events: the events table.
        timezone: in which days begin.
    """
    daily = events.group_by("kind", "source", "surface", on=local(events.occurred_at, timezone).date()).agg(
        n=_.count(),
        n_ahead=ibis.literal(0),
        ahead=ibis.literal(0),
        first_at=_.occurred_at.min(),
        last_at=_.occurred_at.max(),
        first_received_at=_.received_at.min(),
    )
    return pa.Table.from_pylist(all_rows(daily), schema=_DAYS)


def currencies_of(events: Table, own: str) -> tuple[dict[str, tuple[date, date]], dict[str, tuple[date, date]]]:
    """Return other currencies of the shop's events, and of claims -> first and last day, UTC.

    Args:
        events: the events table.
        own: the shop's currency.
    """
    foreign = events.filter(events.currency.notnull() & (events.currency != own))
    told = foreign.mutate(is_claim=foreign.kind == "claim", on=foreign.occurred_at.date())
    rows = all_rows(told.group_by("is_claim", "currency").agg(first=_.on.min(), last=_.on.max()).order_by("currency"))
    found: dict[bool, dict[str, tuple[date, date]]] = {False: {}, True: {}}
    for row in rows:
        found[row["is_claim"]][row["currency"]] = row["first"], row["last"]
    return found[False], found[True]
