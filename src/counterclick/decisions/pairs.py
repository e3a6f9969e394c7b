"""Which products are bought together, and how much more often than by chance: one sparse product of baskets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from counterclick.config import BundlesConfig

__all__ = ["Baskets", "Pairs", "pairs_of"]

_CELLS = 4_000_000
"""Cells of the product that are worked on at once: it bounds the memory, whatever the number of products."""

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Baskets:
    """What was bought together. Every product of a basket once.

    Attributes:
        products: their ids, in order.
        basket: of each row, the number of its basket, from 0.
        product: of each row, the number of its product in ``products``.
        place: of each row, where it stood in its basket: the first ones count where a basket is large.
    """

    products: tuple[str, ...]
    basket: Codes
    product: Codes
    place: Codes


@dataclass(frozen=True, slots=True)
class Pairs:
    """The best partners of each product, those of product ``n`` from ``begins[n]`` to ``begins[n + 1]``, best first.

    Attributes:
        begins: one longer than there are products.
        partner: number of the partner.
        confidence: share of the product's orders that hold the partner too: large orders weigh less, and it is shrunk.
        joint: orders that hold both.
        lift: how many times as often as by chance.
    """

    begins: Codes
    partner: Codes
    confidence: Numbers
    joint: Codes
    lift: Numbers

    def check(self, n_products: int) -> None:
        """Refuse what cannot be the partners of so many products.

        Raises:
            ValueError: lengths or numbers do not belong together.
        """
        n_pairs = len(self.partner)
        begins = len(self.begins) == n_products + 1 and self.begins[0] == 0 and self.begins[-1] == n_pairs
        columns = all(len(column) == n_pairs for column in (self.confidence, self.joint, self.lift))
        if not (begins and columns and (np.diff(self.begins) >= 0).all()):
            raise ValueError(f"{n_pairs} pairs are not those of {n_products} products.")
        if n_pairs and not 0 <= self.partner.min() <= self.partner.max() < n_products:
            raise ValueError(f"a partner is none of the {n_products} products.")


def pairs_of(baskets: Baskets, limits: BundlesConfig, worth: Numbers | None = None) -> Pairs:
    """Return the best partners of each product.

    A basket weighs 1 / log2(2 + its products), so that a few large ones do not speak for all. Confidence is the weight of
    the baskets with both over that of the baskets with the product, to which ``shrink`` average baskets are added. Only
    pairs of ``joint`` baskets or more count, and of more than ``lift`` times chance; a pair's lift is never its rank.

    Args:
        baskets: what was bought together; single products count as orders, not as pairs.
        limits: what is declared.
        worth: by product, what its confidence is multiplied with for the rank; 0 keeps it from being a partner. All are
            worth the same unless given.
    """
    n_products = len(baskets.products)
    if not len(baskets.basket):
        none = np.zeros(0)
        return Pairs(np.zeros(n_products + 1, np.int64), none.astype(np.int64), none, none.astype(np.int64), none)
    sizes = np.bincount(baskets.basket)
    n_baskets = int(np.count_nonzero(sizes))
    weights = 1 / np.log2(2 + sizes)
    bought = _matrix(baskets, sizes, limits.basket_items, n_products)
    counted = bought.T.tocsr()  # products by baskets
    times = np.asarray(counted.sum(axis=1)).ravel()
    weighed = counted @ weights
    shrunk = weighed + limits.shrink * float(weights[sizes > 0].mean())
    value = np.ones(n_products) if worth is None else worth
    both = sparse.diags_array(1 + 1j * weights) @ bought  # counts and weights of one product: real and imaginary part
    step = max(1, _CELLS // n_products)
    found = [
        _best(counted[first : first + step] @ both, first, times, shrunk, value, n_baskets, limits)
        for first in range(0, n_products, step)
    ]
    lengths, partner, confidence, joint, lift = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Pairs(np.concatenate([[0], np.cumsum(lengths)]), partner, confidence, joint, lift)


def _matrix(baskets: Baskets, sizes: Codes, most: int, n_products: int) -> sparse.csr_array:
    """Return baskets by products, 1 where bought; of a large basket only its first products."""
    basket, product = baskets.basket, baskets.product
    large = sizes[basket] > most
    if large.any():
        rows = np.flatnonzero(large)
        rows = rows[np.lexsort((product[rows], baskets.place[rows], basket[rows]))]
        starts = np.r_[True, basket[rows][1:] != basket[rows][:-1]]
        begin = np.maximum.accumulate(np.where(starts, np.arange(len(rows)), 0))
        keep = ~large
        keep[rows[np.arange(len(rows)) - begin < most]] = True
        basket, product = basket[keep], product[keep]
    return sparse.csr_array((np.ones(len(basket)), (basket, product)), shape=(len(sizes), n_products))


def _best(
    both: sparse.csr_array,
    first: int,
    times: Numbers,
    shrunk: Numbers,
    worth: Numbers,
    n_baskets: int,
    limits: BundlesConfig,
) -> tuple[Codes, Codes, Numbers, Codes, Numbers]:
    """Return of some products how many partners each has, and these, best first."""
    cells = both.tocoo()
    row, partner, joint = cells.row.astype(np.int64), cells.col.astype(np.int64), np.rint(cells.data.real)
    own = first + row
    keep = (joint >= limits.joint) & (partner != own) & (worth[partner] > 0)
    keep &= joint * n_baskets > limits.lift * times[own] * times[partner]
    row, partner, joint, own, weight = row[keep], partner[keep], joint[keep], own[keep], cells.data.imag[keep]
    confidence = weight / shrunk[own]
    order = np.lexsort((partner, -confidence * worth[partner], row))
    counts = np.bincount(row, minlength=both.shape[0])
    nth = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    order = order[nth < limits.kept]
    lift = joint[order] * n_baskets / (times[own[order]] * times[partner[order]])
    kept = np.minimum(counts, limits.kept).astype(np.int64)
    return kept, partner[order], confidence[order], joint[order].astype(np.int64), lift
