"""Returns find the latest earlier purchase with quantity left."""

from __future__ import annotations

import pytest

from counterclick.connectors.matching import take_latest

CASES = {
    "the latest earlier purchase first": ([(1, "a", 1), (2, "b", 1)], [(3, 1)], [(0, "b", 1)]),
    "then the one before it": ([(1, "a", 1), (2, "b", 1)], [(3, 2)], [(0, "b", 1), (0, "a", 1)]),
    "nothing twice": ([(1, "a", 1)], [(2, 1), (3, 1)], [(0, "a", 1), (1, None, 1)]),
    "nothing from later": ([(5, "a", 1)], [(3, 1)], [(0, None, 1)]),
    "nothing from the same moment": ([(3, "a", 1)], [(3, 1)], [(0, None, 1)]),
    "a purchase between": ([(1, "a", 2), (3, "b", 1)], [(2, 1), (4, 2)], [(0, "a", 1), (1, "b", 1), (1, "a", 1)]),
    "an order with two lines once": ([(1, "a", 1), (1, "a", 2)], [(2, 3)], [(0, "a", 3)]),
    "returns in the order of time": ([(1, "a", 1)], [(9, 1), (2, 1)], [(1, "a", 1), (0, None, 1)]),
    "no purchase at all": ([], [(1, 4)], [(0, None, 4)]),
    "a return of nothing is not lost": ([(1, "a", 1)], [(2, 0)], [(0, None, 0)]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_take_latest(case: str) -> None:
    """Each small case gives the pairs that one finds by hand."""
    purchases, returns, expected = CASES[case]
    assert take_latest(purchases, returns) == expected
