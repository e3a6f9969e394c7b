"""The log as it stood when a day ended: what had happened by then, and nothing after it."""

from __future__ import annotations

from datetime import datetime

import duckdb
import ibis
from ibis.expr.types import Table

__all__ = ["limit_events", "until_events"]

_TIMELESS = ("experiment_declared", "rejection", "erasure", "look_taken")


def limit_events(connection: duckdb.DuckDBPyConnection, until: datetime) -> None:
    """Let the view ``events`` show only what had happened before a moment.

    An event counts by when it occurred, whenever it arrived. Declarations and refusals say nothing of when things happened
    and are kept. A look is kept where it was due by then; a tool's claim where its order was placed, or its period over. Of
    the catalogue counts what it said by then, and of a product that it did not know yet whatever it said later.

    Args:
        connection: in which the view was made.
        until: the first moment that does not count, UTC.
    """
    end = f"epoch_us(TIMESTAMPTZ '{until.isoformat()}')"
    connection.execute("ALTER VIEW events RENAME TO all_events")
    connection.execute(f"""
        CREATE VIEW events AS SELECT * FROM all_events WHERE CASE
            WHEN kind IN ('experiment_declared', 'rejection', 'erasure') THEN true
            WHEN kind = 'look_taken'
                THEN epoch_us(CAST(json_extract_string(details, '$.due_at') AS TIMESTAMPTZ)) < {end}
            WHEN kind = 'claim' AND order_id IS NULL THEN epoch_us(period_ends_at) <= {end}
            WHEN kind = 'claim' THEN order_id NOT IN (
                SELECT later.order_id FROM all_events AS later WHERE later.kind = 'purchase'
                AND later.order_id IS NOT NULL AND epoch_us(later.occurred_at) >= {end})
            WHEN kind = 'product' THEN epoch_us(occurred_at) < {end} OR product_id NOT IN (
                SELECT earlier.product_id FROM all_events AS earlier WHERE earlier.kind = 'product'
                AND earlier.product_id IS NOT NULL AND epoch_us(earlier.occurred_at) < {end})
            ELSE epoch_us(occurred_at) < {end}
        END""")


def until_events(events: Table, until: datetime) -> Table:
    """Return the same rows of an events table on any engine, but all looks: these are asked of the embedded database alone.

    Args:
        events: all of them.
        until: the first moment that does not count, UTC.
    """
    end = ibis.literal(until)
    before = events.occurred_at < end
    is_claim, is_product = events.kind == "claim", events.kind == "product"
    of_period = is_claim & events.order_id.isnull() & (events.period_ends_at <= end)
    simple = events.filter((~is_claim & (before | events.kind.isin(_TIMELESS))) | of_period)
    bought = events.filter((events.kind == "purchase") & ~before).select(_later="order_id").distinct()
    claimed = events.filter(is_claim & events.order_id.notnull())
    claimed = claimed.anti_join(bought, claimed.order_id == bought["_later"])
    known = events.filter(is_product & before).select(_known="product_id").distinct()
    told = events.filter(is_product & ~before)
    told = told.anti_join(known, told.product_id == known["_known"])
    return ibis.union(simple, claimed, told)
