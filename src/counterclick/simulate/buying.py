"""Checkouts, purchases, cancellations and returns as events."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from counterclick.events.schema import LINE, MONEY
from counterclick.simulate.arrays import Ints, ids, lists, money, place_in, seconds
from counterclick.simulate.browsing import identity
from counterclick.simulate.catalogue import Catalogue
from counterclick.simulate.events_table import Block
from counterclick.simulate.orders import Orders
from counterclick.simulate.truth import ShopTruth
from counterclick.simulate.visits import Visitors, Visits

__all__ = ["bought", "sent_back"]

KNOWN = 0.8  # share of returning customers' orders that say who they are
HOUR, DAY = 3600, 86_400
RETURN_AFTER = (3 * DAY, 25 * DAY)  # seconds
CANCEL_AFTER = (HOUR / 12, DAY)
REASONS = ("does not fit", "not as described", "changed my mind", "damaged")


def bought(
    truth: ShopTruth,
    who: Visitors,
    seen: Visits,
    placed: Orders,
    goods: Catalogue,
    *,
    seed: int,
    rng: np.random.Generator,
) -> list[Block]:
    """Return checkouts, purchases and the identification of new customers at their first order."""
    visitor = seen.visitor[placed.visit]
    visitor_id = who.visitor_id.take(pa.array(visitor))
    told = ~who.returning[visitor] | (rng.random(len(visitor)) < KNOWN)
    by_visitor = np.lexsort((placed.at, visitor))
    new = by_visitor[np.flatnonzero(np.diff(visitor[by_visitor], prepend=-1))]
    new = new[~who.returning[visitor[new]]]
    every = np.arange(len(placed.order), dtype=np.int64)
    lines = _lines(placed, goods, seed, every, money(goods.price[placed.product]), money(goods.cost[placed.product]))
    value, currency = money(placed.value), truth.currency
    checkout = {"visitor_id": visitor_id, "value": value, "currency": currency}
    purchase = {
        "visitor_id": visitor_id,
        "customer_id": who.customer_id.take(pa.array(visitor, mask=~told)),
        "channel": "onsite",
        "currency": currency,
        "order_id": _order_ids(seed, len(placed.at)),
        "lines": lists(placed.n_lines, lines),
        "value": value,
        "tax": money(placed.tax),
        "shipping": money(placed.shipping),
        "discount": money(placed.discount),
    }
    return [
        Block("begin_checkout", placed.at - seconds(rng, 30, 150, len(visitor)), checkout),
        Block("purchase", placed.at, purchase),
        Block("identify", placed.at[new], identity(who, visitor[new])),
    ]


def sent_back(truth: ShopTruth, placed: Orders, goods: Catalogue, *, seed: int, rng: np.random.Generator) -> list[Block]:
    """Return cancellations of whole orders and returns of lines, one event for all lines of an order."""
    order_id, currency = _order_ids(seed, len(placed.at)), truth.currency
    gone = np.flatnonzero(placed.cancelled)
    cancellation = {
        "order_id": order_id.take(pa.array(gone)),
        "refund_kind": "cancellation",
        "currency": currency,
    }
    back = np.flatnonzero(placed.returned)
    order, n_lines = np.unique(placed.order[back], return_counts=True)
    unknown = pa.nulls(len(back), MONEY)  # the order's own prices hold
    return_ = {
        "order_id": order_id.take(pa.array(order)),
        "lines": lists(n_lines, _lines(placed, goods, seed, back, unknown, unknown)),
        "refund_kind": "return",
        "reason": pa.array(REASONS).take(pa.array(rng.integers(0, len(REASONS), len(order)))),
        "currency": currency,
    }
    return [
        Block("refund", placed.at[gone] + seconds(rng, *CANCEL_AFTER, len(gone)), cancellation),
        Block("refund", placed.at[order] + seconds(rng, *RETURN_AFTER, len(order)), return_),
    ]


def _order_ids(seed: int, n: int) -> pa.Array:
    return ids(f"s{seed}-o", np.arange(n, dtype=np.int64))


def _lines(placed: Orders, goods: Catalogue, seed: int, which: Ints, price: pa.Array, cost: pa.Array) -> pa.StructArray:
    """Return some of the lines as structs, shape (len(which),); price and cost are those of these lines."""
    order_id = ids(f"s{seed}-o", placed.order[which])
    number = pa.array(place_in(placed.n_lines)[which] + 1).cast(pa.string())
    columns = {
        "product_id": goods.product_id.take(pa.array(placed.product[which])),
        "quantity": pa.array(placed.quantity[which], pa.int32()),
        "unit_price": price,
        "unit_cost": cost,
        "line_id": pc.binary_join_element_wise(order_id, number, "-"),
    }
    filled = [columns[part.name] if part.name in columns else pa.nulls(len(which), part.type) for part in LINE]
    return pa.StructArray.from_arrays(filled, fields=list(LINE))
