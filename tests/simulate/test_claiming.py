"""What the simulated e-mail tool reports as its own."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from counterclick.simulate.claiming import NEVER, last_before

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=12)


@given(PAIRS, PAIRS)
def test_an_order_stands_after_its_buyers_last_open(opens: list[tuple[int, int]], orders: list[tuple[int, int]]) -> None:
    """Whoever opened and bought in whatever order: the latest open of the same visitor strictly before, or none."""
    columns = [np.array([pair[place] for pair in pairs], dtype=np.int64) for pairs in (opens, orders) for place in (0, 1)]
    expected = [max((at for who, at in opens if who == buyer and at < bought), default=NEVER) for buyer, bought in orders]
    assert last_before(*columns).tolist() == expected
