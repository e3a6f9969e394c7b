"""Which products are bought together, and how much more often than by chance: one sparse product of baskets."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from counterclick.config import BundlesConfig

__all__ = ["Baskets", "Pairs", "pairs_of"]

_CELLS = 2_000_000
"""Cells of the product that are worked on at once: it bounds the memory, whatever the number of products."""

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]
Numbered = NDArray[np.signedinteger[Any]]
_Found = tuple[Codes, Codes, Numbers, Numbers]


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
    basket: Numbered
    product: Numbered
    place: Numbered


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
    found, times, n_baskets, shrunk = _counted(baskets, limits)
    own, partner, joint, weight = (np.concatenate(parts) for parts in zip(*found, strict=True))
    rows, columns = np.concatenate([own, partner]), np.concatenate([partner, own])
    joint, confidence = np.concatenate([joint, joint]), np.concatenate([weight, weight]) / shrunk[rows]
    value = np.ones(n_products) if worth is None else worth
    begins, order = _best(rows, columns, confidence * value[columns], n_products, limits.kept)
    rows, columns, joint = rows[order], columns[order], joint[order]
    lift = joint * n_baskets / (times[rows] * times[columns])
    return Pairs(begins, columns.astype(np.int64), confidence[order], joint.astype(np.int64), lift)


def _counted(baskets: Baskets, limits: BundlesConfig) -> tuple[list[_Found], Numbers, int, Numbers]:
    """Return the pairs that pass the gates; by product, the baskets with it; all baskets; by product, its shrunk weight."""
    n_products = len(baskets.products)
    sizes = np.bincount(baskets.basket)
    n_baskets = int(np.count_nonzero(sizes))
    weights = 1 / np.log2(2 + sizes)
    bought = _matrix(baskets, sizes, limits.basket_items, n_products)
    counted = bought.T.tocsr()  # products by baskets
    times = np.asarray(counted.sum(axis=1)).ravel()
    shrunk = counted @ weights + limits.shrink * float(weights[sizes > 0].mean())
    both = _weighed(bought, weights)
    step = max(1, _CELLS // n_products)

    found = []
    for first in range(0, n_products, step):  # of products with those after each: a pair is counted once
        both = _without(both, step) if first else both
        found.append(_gated(counted[first : first + step] @ both, first, times, n_baskets, limits))
    return found, times, n_baskets, shrunk


def _without(both: sparse.csr_array, first: int) -> sparse.csr_array:
    """Return a matrix without its first columns; SciPy's own way to it takes twice the memory."""
    keep = both.indices >= first
    ends = np.cumsum(keep, dtype=both.indptr.dtype)
    begins = np.where(both.indptr > 0, ends[both.indptr - 1], 0).astype(both.indptr.dtype)
    shape = (both.shape[0], both.shape[1] - first)
    return sparse.csr_array((both.data[keep], both.indices[keep] - first, begins), shape=shape)


def _weighed(bought: sparse.csr_array, weights: Numbers) -> sparse.csr_array:
    """Return baskets by products, of which one product gives counts and weights alike: real and imaginary part."""
    data = np.repeat(1 + 1j * weights, np.diff(bought.indptr))
    return sparse.csr_array((data, bought.indices, bought.indptr), shape=bought.shape)


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
    return sparse.csr_array((np.ones(len(basket), np.int8), (basket, product)), shape=(len(sizes), n_products))


def _gated(both: sparse.csr_array, first: int, times: Numbers, n_baskets: int, limits: BundlesConfig) -> _Found:
    """Return the pairs that pass the gates: number of each product, baskets with both, and their weight.

    Args:
        both: of some products with themselves and all after them, baskets with both and their weight.
        first: number of the first of them.
        times: by product, baskets with it.
        n_baskets: all baskets.
        limits: what is declared.
    """
    row = np.repeat(np.arange(both.shape[0]), np.diff(both.indptr))
    joint = both.data.real
    keep = (both.indices > row) & (joint >= limits.joint)
    keep &= joint * n_baskets > limits.lift * times[first + row] * times[first + both.indices]
    return first + row[keep], first + both.indices[keep].astype(np.int64), np.rint(joint[keep]), both.data.imag[keep]


def _best(rows: Codes, columns: Codes, score: Numbers, n_products: int, most: int) -> tuple[Codes, Codes]:
    """Return where the partners of each product begin, and the places of the best of them, best first.

    Args:
        rows: of each pair, the product.
        columns: its partner.
        score: of the pair; 0 keeps it out.
        n_products: different products.
        most: partners that are kept of each.
    """
    wanted = np.flatnonzero(score > 0)
    shape = (n_products, n_products)
    places = sparse.coo_array((wanted, (rows[wanted], columns[wanted])), shape=shape).tocsr()  # it sorts in linear time
    kept: list[Codes] = []
    for begin, end in pairwise(places.indptr.tolist()):
        own = places.data[begin:end]
        if len(own) > most:  # those that are as good as the last one are kept until they are put in order
            own = own[score[own] >= np.partition(score[own], -most)[-most]]
        kept.append(own[np.lexsort((columns[own], -score[own]))][:most])
    begins = np.concatenate([[0], np.cumsum([len(own) for own in kept])]).astype(np.int64)
    return begins, np.concatenate(kept) if kept else wanted
