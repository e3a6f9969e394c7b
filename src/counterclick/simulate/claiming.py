"""What a tool reports as its own: every order within five days of any opened message, tax and shipping included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from counterclick.simulate.arrays import SECOND, ids, money
from counterclick.simulate.events_table import Block
from counterclick.simulate.orders import Orders
from counterclick.simulate.surfaces import SurfaceTruth
from counterclick.simulate.truth import ShopTruth
from counterclick.simulate.visits import DAY, Visitors, Visits

__all__ = ["NEVER", "last_before", "reported"]

WINDOW = 5 * DAY
NEVER = np.iinfo(np.int64).min
AFTER = 3600 * SECOND
"""A claim stands in the tool's report an hour after the order."""


def reported(
    truth: ShopTruth,
    surface: SurfaceTruth,
    who: Visitors,
    seen: Visits,
    placed: Orders,
    shown: Sequence[Block],
    *,
    seed: int,
) -> list[Block]:
    """Return the claims of the tool behind a surface that sends messages.

    Args:
        truth: the shop.
        surface: whose messages are counted.
        who: its visitors.
        seen: its visits.
        placed: its orders.
        shown: what the surface showed, the opened messages among it.
        seed: part of the orders' ids.
    """
    opens = [block for block in shown if block.kind == "message_opened" and len(block.at)]
    opened_by = [pc.index_in(block.columns["visitor_id"], value_set=who.visitor_id).to_numpy() for block in opens]
    nobody = np.empty(0, dtype=np.int64)
    last = last_before(
        np.concatenate([nobody, *opened_by]),
        np.concatenate([nobody, *(block.at for block in opens)]),
        seen.visitor[placed.visit],
        placed.at,
    )
    claimed = np.flatnonzero((last != NEVER) & (placed.at - np.where(last == NEVER, placed.at, last) <= WINDOW))
    columns = {
        "claimant": surface.claimed_by,
        "claim_window": "5 days after an open",
        "order_id": ids(f"s{seed}-o", claimed),
        "amount": money((placed.value + placed.tax + placed.shipping)[claimed]),
        "currency": truth.currency,
    }
    return [Block("claim", placed.at[claimed] + AFTER, columns)]


def last_before(
    opened_by: NDArray[np.int64], opened_at: NDArray[np.int64], buyer: NDArray[np.int64], bought_at: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return when each order's buyer last opened anything before it; `NEVER` where nothing was.

    Args:
        opened_by: visitor of each open.
        opened_at: its moment.
        buyer: visitor of each order.
        bought_at: its moment.
    """
    is_open = np.repeat([True, False], [len(opened_by), len(buyer)])
    visitor, at = np.concatenate([opened_by, buyer]), np.concatenate([opened_at, bought_at])
    order = np.lexsort((is_open, at, visitor))  # at the same moment the order comes first: an open is strictly before it
    visitor, at, opened = visitor[order], at[order], is_open[order]
    place = np.maximum.accumulate(np.where(opened, np.arange(len(order)), -1))
    own = (place >= 0) & (visitor[place] == visitor)
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.where(own, at[place], NEVER)
    return found[len(opened_by) :]
