"""The catalogue: products with prices and costs, how popular they are and what goes with what.

The catalogue depends on the truth alone and not on the seed, so that shops simulated with different seeds
sell the same goods and can be laid together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import ndtri

from counterclick.simulate.arrays import Floats, Ints
from counterclick.simulate.truth import ShopTruth

__all__ = ["Catalogue", "catalogue"]

CATEGORIES = ("sunglasses", "frames", "lenses", "cases", "cloths", "cords", "goggles", "readers")
TIERS = ((0.1, 8.0), (0.2, 4.0), (0.3, 2.0), (0.4, 1.0))  # share of the products, relative popularity of each


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The products; arrays have the shape (products,).

    Attributes:
        product_id: their keys.
        title: their titles.
        category: their categories.
        price: unit prices in cents.
        cost: unit costs in cents, below the price.
        popularity: cumulative probability of being wanted; products of one tier are equally popular.
        tier_start: first product of each product's tier.
        tier_size: products in each product's tier.
    """

    product_id: pa.Array
    title: pa.Array
    category: pa.Array
    price: Ints
    cost: Ints
    popularity: Floats
    tier_start: Ints
    tier_size: Ints

    def wanted(self, n: int, rng: np.random.Generator) -> Ints:
        """Draw n products by popularity, shape (n,)."""
        drawn = np.searchsorted(self.popularity, rng.random(n), side="right")
        return np.minimum(drawn, len(self.price) - 1).astype(np.int64)

    def companion(self, product: Ints, place: Ints) -> Ints:
        """Return the companion of each product at a place (1, 2, ...), shape (n,).

        Companions permute each tier of equally popular products. So the companion of a product drawn by
        popularity is itself distributed by popularity: every line is worth the same on average.
        """
        start = self.tier_start[product]
        return start + (product - start + place) % self.tier_size[product]


def catalogue(truth: ShopTruth) -> Catalogue:
    """Return the shop's catalogue; prices are the quantiles of their log-normal distribution, shuffled."""
    rng = np.random.default_rng(0)
    n = truth.products
    z = ndtri((np.arange(n) + 0.5) / n)
    raw = truth.price_median * np.exp(truth.price_sigma * rng.permutation(z))
    price = np.maximum(np.rint(raw * 10).astype(np.int64) * 10, 100)
    part = np.clip(truth.margin * rng.uniform(0.8, 1.2, n), 0, 1)
    cost = np.rint(price * (1 - part)).astype(np.int64)
    edges = np.rint(np.cumsum([share for share, _ in TIERS]) * n).astype(np.int64)
    tier = np.searchsorted(edges, np.arange(n), side="right")
    starts = np.concatenate([[0], edges[:-1]])
    weight = np.array([popularity for _, popularity in TIERS])[tier]
    kind = np.arange(n) % len(CATEGORIES)
    number = np.arange(n) // len(CATEGORIES) + 1
    names = [f"{CATEGORIES[k]}-{i:03d}" for k, i in zip(kind, number, strict=True)]
    return Catalogue(
        product_id=pa.array(names),
        title=pa.array([name.replace("-", " ").capitalize() for name in names]),
        category=pa.array([CATEGORIES[k] for k in kind]),
        price=price,
        cost=cost,
        popularity=np.cumsum(weight) / weight.sum(),
        tier_start=starts[tier],
        tier_size=(edges - starts)[tier],
    )
