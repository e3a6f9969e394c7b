"""Which line of an order came back, and when."""

from __future__ import annotations

from datetime import timedelta

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.facts.parts import NESTED, Parts

__all__ = ["line_returns"]


def line_returns(priced: Table, lines: Table, sold: Table, returns_window: timedelta, parts: Parts = NESTED) -> Table:
    """Lines of orders, each with when it came back.

    A line came back when units of it did, of however many: a return that names its line id, else its product, or the whole
    order. Orders that were cancelled are left out, and orders of which an amount was given back without naming products:
    which of their lines came back is not known.

    Grain: one line of an order. Columns: order_id, line_number, product_id, quantity, ordered_at (UTC), unit_price (as
    sold, in the shop's currency), person_id (null where nobody is named), payment, returned_at (UTC; null where it did not
    come back within the returns window).

    Args:
        priced: the events table with ``fx``.
        lines: `counterclick.facts.orders.order_lines`.
        sold: `counterclick.facts.orders.orders`.
        returns_window: after which what comes back is no return any more.
        parts: how the lines of refunds are found.
    """
    back = priced.filter((priced.kind == "refund") & (ibis.coalesce(priced.refund_kind, "return") == "return"))
    back = back.filter(back.order_id.notnull())
    payments = (
        priced.filter((priced.kind == "purchase") & priced.payment.notnull())
        .group_by(_paid="order_id")
        .agg(payment=_.payment.min())
    )
    sized = parts.counted(back, "refund", "lines")
    whole = sized.select("order_id", "occurred_at", "amount", is_whole=sized.n_parts == 0)
    unclear = whole.filter(whole.is_whole & whole.amount.notnull()).select(_unclear="order_id").distinct()
    known = sold.filter(~sold.is_cancelled).select(_order="order_id", person_id=sold.person_id)
    found = lines.join(known, lines.order_id == known["_order"]).drop("_order")
    found = found.anti_join(unclear, found.order_id == unclear["_unclear"])
    found = found.left_join(payments, found.order_id == payments["_paid"]).drop("_paid")
    named = parts.flat(back, "refund", "lines", ("order_id", "occurred_at"))
    named = named.select("order_id", "occurred_at", line_id=named.part_line_id, product_id=named.part_product_id)
    latest = int(returns_window.total_seconds())
    by_line = _first(named.filter(named.line_id.notnull()).drop("product_id"), found, ["order_id", "line_id"], latest)
    by_product = _first(named.filter(named.line_id.isnull()).drop("line_id"), found, ["order_id", "product_id"], latest)
    by_order = _first(whole.filter(whole.is_whole & whole.amount.isnull()), found, ["order_id"], latest)
    every = by_line.union(by_product).union(by_order)
    first = every.group_by(_order="order_id", _line="line_number").agg(returned_at=_.returned_at.min())
    joined = found.left_join(first, [found.order_id == first["_order"], found.line_number == first["_line"]])
    return joined.select(
        "order_id",
        "line_number",
        "product_id",
        "quantity",
        "ordered_at",
        "person_id",
        "payment",
        "returned_at",
        unit_price=joined.list_value.cast("float64") / joined.quantity.cast("float64"),
    )


def _first(back: Table, lines: Table, keys: list[str], latest: int) -> Table:
    """Return what of these lines came back, by the keys that both know. Grain: one line and return."""
    told = back.select(**{f"_{key}": back[key] for key in keys}, returned_at=back.occurred_at)
    joined = lines.select("order_id", "line_id", "product_id", "line_number", "ordered_at").join(
        told, [lines[key] == told[f"_{key}"] for key in keys]
    )
    age = joined.returned_at.epoch_seconds() - joined.ordered_at.epoch_seconds()
    return joined.filter((age >= 0) & (age <= latest)).select("order_id", "line_number", "returned_at")
