"""What sold of late: the tables from which static rules are counted."""

from __future__ import annotations

from datetime import timedelta

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.facts import Outcomes

__all__ = ["completed_lines", "last_days", "selling"]


def completed_lines(outcomes: Outcomes) -> Table:
    """Return the lines of orders that were not cancelled.

    Grain: one line of an order. Columns: those of ``order_lines``, and kept_share (of the order's units, that which did not
    come back).
    """
    kept = outcomes.orders.select("order_id", "units", "returned_units", "is_cancelled")
    joined = outcomes.order_lines.join(kept, "order_id").filter(~_.is_cancelled)
    share = 1 - joined.returned_units.cast("float64") / joined.units.cast("float64")
    return joined.mutate(kept_share=share).drop("units", "returned_units", "is_cancelled")


def last_days(lines: Table, outcomes: Outcomes, days: int) -> Table:
    """Return the lines of the last days of orders, counted back from the newest order.

    Args:
        lines: of orders, with ``ordered_at``.
        outcomes: whose newest order it is.
        days: how many.
    """
    newest = outcomes.order_lines.ordered_at.max().as_scalar()
    return lines.filter(lines.ordered_at >= newest - ibis.interval(seconds=int(timedelta(days=days).total_seconds())))


def selling(outcomes: Outcomes, days: int) -> Table:
    """Return what sold in the last days of orders, net of returns.

    Grain: one product. Columns: product_id, kept_units (above 0).
    """
    recent = last_days(completed_lines(outcomes), outcomes, days)
    sold = recent.mutate(kept=recent.quantity * recent.kept_share).group_by("product_id").agg(kept_units=_.kept.sum())
    return sold.filter(_.kept_units > 0)
