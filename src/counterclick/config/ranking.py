"""``[ranking]``: how lists are ordered by what is bought from them; every limit with its source."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["RANKING_SOURCES", "RankingConfig"]

Count = Annotated[int, Meta(ge=1, le=10**9)]
Times = Annotated[float, Meta(ge=1, le=100)]


class RankingConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[ranking]``.

    Attributes:
        surfaces: whose lists count; those of all surfaces unless given.
        days: how far back lists count, from the newest one.
        window_hours: within which an order of a product counts for the last list that showed it to this buyer.
        least_exposures: products shown, each as often as it was, before anything is reordered.
        least_orders: order lines that followed, before anything is reordered.
        floor: orders that a product so often shown would have by the mean of all, below which it is not told from the mean.
        explore: share of decisions in which the order of the first places is drawn by chance; the probability is logged.
        explore_among: first places whose order is drawn.
        drawn_orders: order lines that followed drawn places, from which on places are corrected.
        least_seen: how much a place counts at least, beside the one that is seen most.
        boost_most: largest factor of the boost list; the smallest is its inverse.
        much_clicked: times its share of clicks from which a product that sells less than its share is named; never learnt.
    """

    surfaces: tuple[str, ...] = ()
    days: Annotated[int, Meta(ge=1, le=3_660)] = 90
    window_hours: Annotated[int, Meta(ge=1, le=24 * 90)] = 24
    least_exposures: Count = 10_000
    least_orders: Count = 200
    floor: Annotated[float, Meta(ge=0, le=1e6)] = 2.0
    explore: Annotated[float, Meta(ge=0, le=1)] = 0.1
    explore_among: Annotated[int, Meta(ge=2, le=100)] = 20
    drawn_orders: Count = 100
    least_seen: Annotated[float, Meta(gt=0, le=1)] = 0.05
    boost_most: Times = 3.0
    much_clicked: Times = 1.5


RANKING_SOURCES: dict[str, str] = {
    "surfaces": "the store's own",
    "days": "Counterclick: prices and seasons change; a quarter has orders enough where ranking pays",
    "window_hours": "Counterclick: the window of attribution; later orders say less of the list",
    "least_exposures": "Counterclick: with fewer, one list in a hundred decides what is first",
    "least_orders": "Counterclick: as many as returns that are to be foreseen; with fewer, rates are those of all",
    "floor": "Counterclick: what would have two orders by the mean and has none may still be chance; never the raw rate",
    "explore": "Counterclick: what is never shown elsewhere is never learnt; nine of ten lists are the best",
    "explore_among": "Counterclick: most of what is seen without scrolling, and none of what is far below",
    "drawn_orders": "Counterclick: with fewer no place is told from the next",
    "least_seen": "Counterclick: an order from far below must not count as dozens",
    "boost_most": "Counterclick: a search engine's own relevance must still be heard",
    "much_clicked": "Counterclick: half as much again is more than a picture's luck",
}
"""limit -> where its default comes from."""
