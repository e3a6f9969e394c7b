"""What a decision is expected to earn, by its cart and its offers: the model behind doubly robust estimates.

It only takes noise off an estimate; where it is wrong the estimate stays right. So it is simple: what the cart's products
and the offers add up to, shrunk (ridge regression), learned from other people than those whose decision is foreseen.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import lsqr

from counterclick.decisions.replaying import Made, Replayed

__all__ = ["foreseen"]

_FOLDS = 5
_SHRINK = 50.0
"""Decisions' worth of "as all others" that each product begins with."""

Floats = NDArray[np.float64]


def foreseen(made: Sequence[Made], under: Sequence[Replayed]) -> tuple[Floats, Floats]:
    """Return what each decision was expected to earn as it was made, and as a policy would make it, (n,) each.

    Args:
        made: decisions that were logged.
        under: each of them under the policy.
    """
    places: dict[tuple[str, str], int] = {}
    logged = _design([dict.fromkeys(each.offers, 1.0) for each in made], made, places)
    wanted = _design([each.wanted for each in under], made, places)
    logged.resize(len(made), len(places))
    outcome = np.array([each.outcome for each in made])
    fold = np.array([zlib.crc32(each.person.encode()) % _FOLDS for each in made])
    predicted, expected = np.full(len(made), outcome.mean()), np.full(len(made), outcome.mean())
    for number in range(_FOLDS):
        here, others = fold == number, fold != number
        if not here.any() or not others.any():
            continue
        mean = outcome[others].mean()
        weights = lsqr(logged[others], outcome[others] - mean, damp=_SHRINK**0.5)[0]
        predicted[here], expected[here] = mean + logged[here] @ weights, mean + wanted[here] @ weights
    return predicted, expected


def _design(
    offered: Sequence[Mapping[str, float]], made: Sequence[Made], places: dict[tuple[str, str], int]
) -> sparse.csr_matrix:
    """Return a column for each product of a cart, and for each offer: a share of the list."""
    rows, columns, values = [], [], []
    for row, (offers, each) in enumerate(zip(offered, made, strict=True)):
        told = {("cart", product): 1.0 for product in each.cart}
        told |= {("offer", product): chance / max(1, len(each.offers)) for product, chance in offers.items()}
        for name, value in told.items():
            rows.append(row)
            columns.append(places.setdefault(name, len(places)))
            values.append(value)
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(made), len(places)))
