"""What a tool reports as its own: every order within five days of an opened message, tax and shipping included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc

from counterclick.simulate.arrays import SECOND, ids, money
from counterclick.simulate.events_table import Block
from counterclick.simulate.orders import Orders
from counterclick.simulate.surfaces import SurfaceTruth
from counterclick.simulate.truth import ShopTruth
from counterclick.simulate.visits import DAY, Visitors, Visits

__all__ = ["reported"]

WINDOW = 5 * DAY
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
    never = np.iinfo(np.int64).max
    opened_at = np.full(len(who.visitor_id), never, dtype=np.int64)
    for block in shown:
        if block.kind == "message_opened" and len(block.at):
            visitor = pc.index_in(block.columns["visitor_id"], value_set=who.visitor_id).to_numpy()
            np.minimum.at(opened_at, visitor, block.at)
    opened = opened_at[seen.visitor[placed.visit]]
    claimed = np.flatnonzero((opened < placed.at) & (placed.at - np.where(opened == never, 0, opened) <= WINDOW))
    columns = {
        "claimant": surface.claimed_by,
        "claim_window": "5 days after an open",
        "order_id": ids(f"s{seed}-o", claimed),
        "amount": money((placed.value + placed.tax + placed.shipping)[claimed]),
        "currency": truth.currency,
    }
    return [Block("claim", placed.at[claimed] + AFTER, columns)]
