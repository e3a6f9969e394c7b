"""Orders, their lines, and what came back.

Amounts are exact decimals in the shop's currency, net of tax and shipping. ``revenue`` is after discount and before
returns; ``net_revenue`` after returns and cancellations; ``gmv`` before discount.
"""

from __future__ import annotations

from datetime import timedelta

import ibis
import ibis.expr.datatypes as dt
from ibis import _
from ibis.expr.types import Column, Table

from counterclick.facts.parts import NESTED, Parts
from counterclick.facts.people import first_rows, with_person

__all__ = ["MONEY", "order_lines", "orders", "purchases", "returns", "with_refunds"]

MONEY = dt.Decimal(18, 4)
_OF_LINE = ("product_id", "quantity", "unit_price", "unit_cost", "line_id", "decision_id")
_OF_RETURNED = ("product_id", "quantity", "unit_price", "line_id")


def purchases(priced: Table) -> Table:
    """The purchase events that count: the earliest of each order.

    Grain: one order. Columns: those of the events table, with ``fx``.
    """
    return first_rows(priced.filter(priced.kind == "purchase"), "order_id", [_.occurred_at, _.event_id])


def order_lines(bought: Table, parts: Parts = NESTED) -> Table:
    """What was bought.

    Grain: one line of an order. Columns: order_id, line_number (from 0), product_id, line_id (null where not sent),
    quantity, list_value (quantity x unit price), revenue (the line's share of the order's revenue; the shares of an
    order add up to it exactly), cost (null where the unit cost is not known), decision_id (null where none offered it).

    Args:
        bought: `purchases`.
        parts: how their lines are found.
    """
    of = ("order_id", "visitor_id", "occurred_at", "value", "discount", "fx")
    flat = parts.flat(bought, "purchase", "lines", of, "line_number")
    flat = flat.select(
        "order_id",
        "visitor_id",
        "line_number",
        "discount",
        "value",
        "fx",
        ordered_at=flat.occurred_at,
        **{name: flat[f"part_{name}"] for name in _OF_LINE},
    )
    flat = flat.mutate(listed=flat.quantity * flat.unit_price)
    whole = ibis.window(group_by="order_id")
    flat = flat.mutate(order_listed=flat.listed.sum().over(whole))
    weight = ibis.ifelse(flat.order_listed > 0, flat.listed.cast("float64"), flat.quantity.cast("float64"))
    flat = flat.mutate(weight=weight)
    upto = flat.weight.cumsum(group_by="order_id", order_by="line_number")
    flat = flat.mutate(upto=upto, weights=flat.weight.sum().over(whole))
    paid = ibis.coalesce(flat.value, flat.order_listed - ibis.coalesce(flat.discount, 0)).cast("float64") * flat.fx
    last = flat.line_number == flat.line_number.max().over(whole)
    part = ibis.ifelse(last, 1.0, ibis.least(flat.upto / flat.weights, 1.0))
    flat = flat.mutate(high=(paid * part).cast(MONEY))  # what the lines up to this one add up to
    in_order = ibis.window(group_by="order_id", order_by="line_number")
    before = ibis.coalesce(flat.high.lag().over(in_order), ibis.literal(0).cast(MONEY))
    return flat.select(
        "order_id",
        "visitor_id",
        "ordered_at",
        "line_number",
        "product_id",
        "line_id",
        "decision_id",
        "quantity",
        list_value=(flat.listed * flat.fx).cast(MONEY),
        revenue=(flat.high - before).cast(MONEY),
        cost=(flat.quantity * flat.unit_cost * flat.fx).cast(MONEY),
    )


def orders(bought: Table, lines: Table, known: Table) -> Table:
    """Completed orders, before anything came back.

    Grain: one order. Columns: order_id, ordered_at (UTC), visitor_id, customer_id, person_id (each null where not
    known), channel, revenue, gmv, discount, tax, shipping, units (null for orders without lines), n_lines, margin
    (revenue less cost of the lines whose cost is known; null where none is), costed_revenue (their revenue).

    Args:
        bought: `purchases`.
        lines: `order_lines`.
        known: `counterclick.facts.people.identities`.
    """
    summed = lines.group_by("order_id").agg(
        units=_.quantity.sum(),
        n_lines=_.count(),
        lines_revenue=_.revenue.sum(),
        cost=_.cost.sum(),
        costed_revenue=_.revenue.sum(where=_.cost.notnull()),
    )
    joined = bought.left_join(summed, "order_id")
    zero = ibis.literal(0).cast(MONEY)
    revenue = ibis.coalesce((joined.value * joined.fx).cast(MONEY), joined.lines_revenue.cast(MONEY))
    discount = ibis.coalesce((joined.discount * joined.fx).cast(MONEY), zero)
    flat = joined.select(
        "order_id",
        "visitor_id",
        "customer_id",
        "channel",
        "units",
        "n_lines",
        ordered_at=joined.occurred_at,
        revenue=revenue,
        gmv=(revenue + discount).cast(MONEY),
        discount=discount,
        tax=ibis.coalesce((joined.tax * joined.fx).cast(MONEY), zero),
        shipping=ibis.coalesce((joined.shipping * joined.fx).cast(MONEY), zero),
        margin=(joined.costed_revenue - joined.cost).cast(MONEY),
        costed_revenue=ibis.coalesce(joined.costed_revenue.cast(MONEY), zero),
    )
    return with_person(flat, known)


def returns(priced: Table, sold: Table, lines: Table, parts: Parts = NESTED) -> Table:
    """Money that went back.

    Grain: one refund event. Columns: refund_id, order_id (null or unknown where unmatched), refunded_at, ordered_at,
    visitor_id, customer_id, person_id (of the order), is_return (false for a cancellation), is_matched (its order is
    known and not later than the refund), returned_value and returned_units (null where an amount names no units).

    Args:
        priced: the events table with ``fx``.
        sold: `orders`.
        lines: `order_lines`.
        parts: how the lines of refunds are found.
    """
    told = priced.filter(priced.kind == "refund")
    refunds = told.select("order_id", "fx", "amount", "refund_kind", refund_id=told.event_id, refunded_at=told.occurred_at)
    sums = {"revenue": _.revenue.sum().cast("float64"), "units": _.quantity.sum()}
    of_product = lines.group_by("order_id", "product_id").agg(**{f"product_{name}": total for name, total in sums.items()})
    keyed = lines.filter(lines.line_id.notnull())
    of_line = keyed.group_by("order_id", "line_id").agg(**{f"line_{name}": total for name, total in sums.items()})
    named = parts.flat(told, "refund", "lines", ("event_id", "order_id", "fx"))
    named = named.select(
        "order_id", "fx", refund_id=named.event_id, **{name: named[f"part_{name}"] for name in _OF_RETURNED}
    )
    named = named.left_join(of_product, ["order_id", "product_id"]).drop("order_id_right", "product_id_right")
    named = named.left_join(of_line, ["order_id", "line_id"])
    value = ibis.coalesce(
        named.quantity * named.unit_price.cast("float64") * named.fx,
        named.quantity * named.line_revenue / named.line_units,
        named.quantity * named.product_revenue / named.product_units,
    )
    by_lines = (
        named.mutate(line_value=value)
        .group_by("refund_id")
        .agg(lines_value=_.line_value.sum(), lines_units=_.quantity.sum())
        .rename(_refund="refund_id")
    )
    joined = refunds.left_join(by_lines, _.refund_id == by_lines["_refund"])
    owner = sold.select(
        "ordered_at",
        "visitor_id",
        "customer_id",
        "person_id",
        _order="order_id",
        order_revenue=sold.revenue,
        order_units=sold.units,
    )
    joined = joined.left_join(owner, joined.order_id == owner["_order"])
    whole = joined["_refund"].isnull() & joined.amount.isnull()
    return joined.select(
        "refund_id",
        "order_id",
        "refunded_at",
        "ordered_at",
        "visitor_id",
        "customer_id",
        "person_id",
        is_return=ibis.coalesce(joined.refund_kind, "return") == "return",
        is_matched=ibis.coalesce(joined.refunded_at >= joined.ordered_at, False),
        returned_value=ibis.coalesce(
            (joined.amount * joined.fx).cast(MONEY),
            joined.lines_value.cast(MONEY),
            ibis.ifelse(whole, joined.order_revenue, ibis.null(MONEY)),
            ibis.literal(0).cast(MONEY),
        ),
        returned_units=ibis.coalesce(joined.lines_units, ibis.ifelse(whole, joined.order_units, ibis.null("int64"))),
    )


def with_refunds(sold: Table, refunds: Table, returns_window: timedelta) -> Table:
    """Add what came back to orders.

    Grain: one order. Adds returned_value (returns and cancellations, at most the order's revenue), returned_units
    (of returns alone, at most the order's units), net_revenue, matured_net_revenue (only what came back within the
    returns window counts), is_cancelled (cancellations are worth the whole order).

    Args:
        sold: `orders`.
        refunds: `returns`.
        returns_window: after which an order's returns have matured.
    """
    counted = refunds.filter(refunds.is_matched)
    age = counted.refunded_at.epoch_seconds() - counted.ordered_at.epoch_seconds()
    counted = counted.mutate(is_in_window=age <= int(returns_window.total_seconds()))
    summed = counted.group_by(_order="order_id").agg(
        refunded=_.returned_value.sum(),
        refunded_in_window=_.returned_value.sum(where=_.is_in_window),
        goods_back=_.returned_units.sum(where=_.is_return),
        cancelled=_.returned_value.sum(where=~_.is_return),
    )
    joined = sold.left_join(summed, sold.order_id == summed["_order"])
    zero = ibis.literal(0).cast(MONEY)

    def at_most_paid(amount: Column) -> Column:
        return ibis.least(ibis.coalesce(amount.cast(MONEY), zero), joined.revenue).cast(MONEY)

    back = at_most_paid(joined.refunded)
    return joined.select(
        *sold.columns,
        returned_value=back,
        returned_units=ibis.least(ibis.coalesce(joined.goods_back, 0), ibis.coalesce(joined.units, 0)),
        net_revenue=(joined.revenue - back).cast(MONEY),
        matured_net_revenue=(joined.revenue - at_most_paid(joined.refunded_in_window)).cast(MONEY),
        is_cancelled=ibis.coalesce(joined.cancelled >= joined.revenue, False),
    )
