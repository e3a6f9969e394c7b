"""What was known at a moment: the two traps that make return models look better than they are stay shut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclick.decisions.history import NEVER, Known, Lines, counts_as_of
from counterclick.errors import RefusedError

DELAY = 30
"""Days, in these tests, where a second is a day."""


def whole(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@st.composite
def histories(draw: Any) -> tuple[Lines, np.ndarray]:
    """Draw lines of a few orders, some of which came back, and their groups."""
    placed = draw(st.lists(st.integers(0, 100), min_size=1, max_size=12))
    order = [n for n, _at in enumerate(placed) for _line in range(draw(st.integers(1, 4)))]
    at = whole(*(placed[n] for n in order))
    back = draw(st.lists(st.none() | st.integers(0, 60), min_size=len(order), max_size=len(order)))
    returned = np.array([NEVER if days is None else at[n] + days for n, days in enumerate(back)], np.int64)
    group = draw(st.lists(st.integers(-1, 3), min_size=len(order), max_size=len(order)))
    return Lines(whole(*order), at, returned), whole(*group)


def by_hand(lines: Lines, group: np.ndarray, order: int, of: int, as_of: int) -> tuple[int, int]:
    """Count as a person would: settled by then, of the group, of another order; came back by then."""
    seen = [
        int(lines.returned_at[n]) <= as_of
        for n in range(len(group))
        if group[n] == of >= 0 and lines.order[n] != order and lines.ordered_at[n] + DELAY <= as_of
    ]
    return len(seen), sum(seen)


@given(histories(), st.integers(0, 200))
def test_counts_are_those_by_hand(drawn: tuple[Lines, np.ndarray], as_of: int) -> None:
    """For every line, at its own order and at any later time."""
    lines, group = drawn
    for times in (lines.ordered_at, np.full(len(group), as_of, np.int64)):
        n, k = counts_as_of(lines, DELAY, group, Known(lines.order, times), group)
        found = list(zip(n.tolist(), k.tolist(), strict=True))
        asked = zip(lines.order.tolist(), group.tolist(), times.tolist(), strict=True)
        assert found == [by_hand(lines, group, order, of, at) for order, of, at in asked]


@given(histories())
def test_a_label_tells_nothing_before_it_is_settled(drawn: tuple[Lines, np.ndarray]) -> None:
    """The first trap: turn round whether the lines of the last 30 days came back, and nothing changes as of today."""
    lines, group = drawn
    today = int(lines.ordered_at.max())
    young = lines.ordered_at + DELAY > today
    turned = np.where(lines.returned_at == NEVER, lines.ordered_at, NEVER)
    other = replace(lines, returned_at=np.where(young, turned, lines.returned_at))
    asks = Known(np.full(len(group), -1, np.int64), np.full(len(group), today, np.int64))
    for one, two in zip(*(counts_as_of(each, DELAY, group, asks, group) for each in (lines, other)), strict=True):
        np.testing.assert_array_equal(one, two)


@given(histories(), st.integers(0, 300))
def test_lines_of_one_order_never_see_each_other(drawn: tuple[Lines, np.ndarray], wait: int) -> None:
    """The second trap: turn round what the asking order's own lines did, and nothing changes, however late it asks."""
    lines, group = drawn
    own = lines.order == 0
    turned = np.where(lines.returned_at == NEVER, lines.ordered_at, NEVER)
    other = replace(lines, returned_at=np.where(own, turned, lines.returned_at))
    asks = Known(np.zeros(4, np.int64), np.full(4, int(lines.ordered_at.max()) + wait, np.int64))
    for one, two in zip(*(counts_as_of(each, DELAY, group, asks, np.arange(4)) for each in (lines, other)), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_return_that_comes_late_counts_from_when_it_came() -> None:
    """Ordered on day 0, settled on day 30 without a return, which comes on day 40."""
    lines, group = Lines(whole(0), whole(0), whole(40)), whole(0)
    asks = Known(whole(-1, -1, -1), whole(29, 30, 40))
    n, k = counts_as_of(lines, DELAY, group, asks, whole(0, 0, 0))
    assert (n.tolist(), k.tolist()) == ([0, 1, 1], [0, 0, 1])


@pytest.mark.parametrize("delay", [0, -1])
def test_without_a_delay_nothing_is_counted(delay: int) -> None:
    """A label that is known with the order itself is refused."""
    with pytest.raises(RefusedError, match="some time after the order"):
        counts_as_of(Lines(whole(0), whole(0), whole(5)), delay, whole(0), Known(whole(-1), whole(9)), whole(0))
