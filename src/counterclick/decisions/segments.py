"""Whom to remind of what, and when: one row for each customer and type of product, with the reason."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from counterclick.decisions.rebuy_model import HORIZONS, scored_pairs
from counterclick.decisions.rebuys import BuyingDays, Pairs, as_of, day_number, orders_as_of
from counterclick.decisions.replenishment import Knows
from counterclick.errors import RefusedError

__all__ = ["A_YEAR", "SEGMENTS", "segments_of"]

Numbers = NDArray[np.float64]
A_YEAR = 365
SEGMENTS = pa.schema(
    [
        ("customer_id", pa.string()),
        ("type", pa.string()),
        *((f"probability_{horizon}_days", pa.float64()) for horizon in HORIZONS),
        ("send_on", pa.date32()),
        ("probability_then", pa.float64()),
        ("expected_orders", pa.float64()),
        ("expected_value", pa.float64()),
        ("because", pa.string()),
    ]
)
"""Columns of what `segments_of` returns: `probability_then` is that the next rebuy falls into the 14 days from ``send_on``
on; expected are orders, and their net revenue, of the customer within 365 days, of whatever type."""
_AT_ONCE = 500_000
"""Pairs that are scored at once: it bounds the memory."""


def segments_of(days: BuyingDays, knows: Knows, today: date, ahead: int, least: float, most: int) -> pa.Table:
    """Return whom to remind of what, customers in their order, of each the likeliest type first.

    Args:
        days: on which customers bought; those before ``today`` count.
        knows: what was learned.
        today: first day that may be sent on.
        ahead: days from it on that are looked at.
        least: chance, from the day to send on, below which a pair is left out.
        most: types of one customer at most, the likeliest.

    Raises:
        RefusedError: what was learned is of days that were not over by then.
    """
    if knows.last_on >= today:
        raise RefusedError(
            f"what was learned is of days up to {knows.last_on}; as of {today} nobody knew it. Ask for a later day."
        )
    number = day_number(today)
    pairs = scored_pairs(as_of(days, number), knows.rebuys.bought)
    parts = [_scored(pairs.some(slice(n, n + _AT_ONCE)), days, knows, ahead, least) for n in range(0, len(pairs), _AT_ONCE)]
    rows, send, then = (np.concatenate([np.zeros(0, kind), *(part[n] for part in parts)]) for n, kind in _KINDS)
    rows += np.repeat(np.arange(len(parts)) * _AT_ONCE, [len(part[0]) for part in parts]) if parts else 0
    chosen = _likeliest(pairs.customer[rows], then, most)
    rows, send, then = rows[chosen], send[chosen], then[chosen]
    kept = pairs.some(rows)
    orders = orders_as_of(days, number)
    placed, worth = knows.customers.expected(orders, A_YEAR)
    own = np.searchsorted(orders.customer, kept.customer)
    columns = [
        days.customers.take(pa.array(kept.customer)),
        pa.array(days.types, pa.string()).take(pa.array(kept.type)),
        *map(pa.array, _chances(kept, knows, days.types)),
        pa.array((number + send).astype(np.int32)).cast(pa.date32()),
        pa.array(then),
        pa.array(placed[own]),
        pa.array(worth[own]),
        _because(kept, knows, days.types),
    ]
    return pa.table(columns, schema=SEGMENTS)


_KINDS = ((0, np.int64), (1, np.int64), (2, np.float64))


def _scored(
    pairs: Pairs, days: BuyingDays, knows: Knows, ahead: int, least: float
) -> tuple[NDArray[np.intp], NDArray[np.int64], Numbers]:
    """Return which pairs are likely enough, after how many days each is best reminded, and its chance then."""
    send, then = knows.rebuys.best_days(pairs, days.types, ahead)
    rows = np.flatnonzero(then >= least)
    return rows, send[rows], then[rows]


def _chances(pairs: Pairs, knows: Knows, types: tuple[str, ...]) -> Numbers:
    """Return the chances within each horizon; two models say them, and within a longer one it is never less likely."""
    found: Numbers = np.maximum.accumulate([knows.rebuys.chances(pairs, types, horizon) for horizon in HORIZONS], axis=0)
    return found


def _likeliest(customer: NDArray[np.int64], chance: Numbers, most: int) -> NDArray[np.intp]:
    """Return places by customer, of each the largest chances, so many at most."""
    order = np.lexsort((-chance, customer))
    own = customer[order]
    first = np.searchsorted(own, own, side="left")
    found: NDArray[np.intp] = order[np.arange(len(own)) - first < most]
    return found


def _because(pairs: Pairs, knows: Knows, types: tuple[str, ...]) -> pa.Array:
    """Return the reason for each pair, in one sentence."""
    log_gap = knows.rebuys.rates.of(types)[1][pairs.type]
    usual = np.maximum(1, np.rint(np.exp(knows.rebuys.rates.own_gap(pairs, log_gap)))).astype(np.int64)
    parts = (
        "bought on ",
        pairs.n,
        " days, about every ",
        usual,
        " days, the last time ",
        pairs.day - pairs.last,
        " days ago; ordered anything ",
        pairs.day - pairs.last_order,
        " days ago",
    )
    texts = [part if isinstance(part, str) else pa.array(part).cast(pa.string()) for part in parts]
    return pc.binary_join_element_wise(*texts, "")
