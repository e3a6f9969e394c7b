"""``[bundles]``: how learned bundles are made; every limit with its source."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = ["BUNDLE_SOURCES", "BundlesConfig"]

_MEASURED = "Counterclick, tried on Online Retail"
_EARLIER = "Counterclick, tried on earlier orders of Online Retail"

Count = Annotated[int, Meta(ge=1, le=10**6)]


class BundlesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[bundles]``.

    Attributes:
        days: how far back orders count, from the newest one.
        basket_items: products of an order that count at most, the first ones; an order of n products has n x n pairs.
        joint: orders that hold both products of a pair, at least.
        lift: how many times as often as by chance a pair must be bought, more than.
        shrink: orders of average weight that are added to a product's own before its share is taken; a few say little.
        kept: best partners that are kept of each product.
        explore: share of decisions whose offers are drawn by chance from the best; each offer's probability is logged.
        explore_among: best products from which they are drawn.
        offers: to a cart, when bundles are tried on later orders.
        tested_share: of the orders, the latest ones, that they are tried on.
        tested_orders: later orders with another product that a product needs to be judged for itself, and all together.
        switch: ``backtest``: what is learned serves for the products for which the backtest says so, and the rules for all
            others; ``always``: it serves for every product of which something is known.
        rules: file of hand rules, relative to ``shop.toml``; there need not be one.
    """

    days: Count = 365
    basket_items: Annotated[int, Meta(ge=2, le=10_000)] = 60
    joint: Count = 5
    lift: Annotated[float, Meta(ge=0, le=1e6)] = 1.0
    shrink: Annotated[float, Meta(ge=0, le=1e6)] = 2.0
    kept: Count = 50
    explore: Annotated[float, Meta(ge=0, le=1)] = 0.1
    explore_among: Annotated[int, Meta(ge=1, le=1_000)] = 20
    offers: Annotated[int, Meta(ge=1, le=100)] = 3
    tested_share: Annotated[float, Meta(gt=0, lt=1)] = 0.2
    tested_orders: Count = 30
    switch: Literal["backtest", "always"] = "backtest"
    rules: str = "rules.toml"


BUNDLE_SOURCES: dict[str, str] = {
    "days": "Counterclick: a whole year holds every season once",
    "basket_items": f"{_EARLIER}, which sells to wholesalers: from 60 to 80 it finds most",
    "joint": f"{_MEASURED}: two find no more than five, twenty find less; a few times are mostly chance",
    "lift": "Counterclick: what is bought together no more often than by chance is no bundle; never the score",
    "shrink": f"{_EARLIER}: from 0 to 5 it finds as much; a product of six orders does not stand first",
    "kept": "Counterclick: as many as a cart can hold before nothing is left to offer",
    "explore": "Counterclick: what is never shown is never learnt; nine of ten carts are offered the best",
    "explore_among": "Counterclick: enough to learn from, and all of them bought together with the cart",
    "offers": "Counterclick: more are not looked at in a cart",
    "tested_share": "Counterclick: enough to see, and not so much that what is learned is old",
    "tested_orders": "Counterclick: with fewer no interval is narrow enough to be apart from another",
    "switch": "Counterclick: on one store learning won from 100 orders on, on another one only from 2,000",
}
"""limit -> where its default comes from."""
