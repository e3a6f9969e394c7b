"""The ranker on real views and buys: which of a user's viewed products is bought next, in one run."""

from __future__ import annotations

import pytest
from ranking import RAW, VIEWS, Measured, measure

from data_folder import data_file


@pytest.fixture(scope="module")
def measured() -> Measured:
    """Return one run over all users of the test file."""
    return measure(data_file("tmall", "buy", "test.txt").parent.parent)


def test_the_bought_product_stands_first_twice_as_often_as_by_chance(measured: Measured) -> None:
    """And three times as often as by views, which find less than chance; the sketch's .067 is reached."""
    assert measured.new.times(None) >= 2
    assert measured.new.times(VIEWS) >= 3
    assert measured.new.rate(VIEWS) < measured.new.chance.mean()
    assert measured.new.hits["orders for each view, shrunk"].mean() >= 0.067
    assert measured.new.interval(None)[0] > 2
    assert measured.new.times(RAW) > 1


def test_no_user_is_left_out_but_those_whose_product_was_not_viewed(measured: Measured) -> None:
    """Of 15,449 users of the test file 12,315 viewed what they bought; nothing of the test file trains."""
    assert measured.n_users == 15_449
    assert len(measured.new.chance) == len(measured.all.chance) == 12_315
    assert (measured.n_views, measured.n_buys) == (858_505, 92_180)
