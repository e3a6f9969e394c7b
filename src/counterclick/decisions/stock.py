"""What is there to be sold, as the catalogue last told it: nothing else is offered."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis.expr.types import Table

from counterclick.decisions.selling import selling
from counterclick.facts import Outcomes
from counterclick.facts.rows import all_rows

__all__ = ["Stock", "sellable", "stock_of"]

Stock = Mapping[str, int]
"""product -> units that are there; what is not named is taken as there."""
_TO_COME = ("preorder", "backorder")
"""What can be ordered although none is there."""


def sellable(outcomes: Outcomes, days: int) -> Table:
    """Return what sold in the last days of orders, net of returns, and is there.

    Grain: one product. Columns: product_id, kept_units (above 0).
    """
    return selling(outcomes, days).anti_join(_gone(outcomes), "product_id")


def stock_of(outcomes: Outcomes) -> dict[str, int]:
    """Return the units of each product of which the catalogue tells them; 0 of what it calls out of stock."""
    told = _counted(outcomes)
    return {
        row["product_id"]: int(row["units"]) for row in all_rows(told.filter(told.units.notnull()).order_by("product_id"))
    }


def _gone(outcomes: Outcomes) -> Table:
    counted = _counted(outcomes)
    return counted.filter(counted.units == 0).select("product_id")


def _counted(outcomes: Outcomes) -> Table:
    """Return how many units are there. Grain: one product. Columns: product_id, units (null where that is not told)."""
    told = outcomes.products
    none = ibis.literal(0).cast("int32")
    to_come = ibis.coalesce(told.availability.isin(_TO_COME), False)
    known = ibis.ifelse(to_come, ibis.null("int32"), told.stock)
    return told.select("product_id", units=ibis.ifelse(told.availability == "out_of_stock", none, known))
