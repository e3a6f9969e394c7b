"""Moments merge without loss, and refuse what cannot be."""

from __future__ import annotations

import operator
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterclick.errors import RefusedError, TooFewBuyersError, UnknownNameError
from counterclick.stats import Moments

NAMES = ["revenue", "orders"]
VALUES = np.array([[30.0, 1.0], [0.0, 0.0], [90.0, 2.0], [0.0, 0.0]])


def close(a: Moments, b: Moments) -> bool:
    return (
        a.names == b.names
        and a.n == b.n
        and np.allclose(a.mean, b.mean, rtol=1e-9, atol=1e-9)
        and np.allclose(a.m2, b.m2, rtol=1e-9, atol=1e-6)
    )


def test_moments_of_four_visitors() -> None:
    """Sum, mean, variance and covariance that can be checked by eye."""
    moments = Moments.from_values(NAMES, VALUES)
    assert (moments.n, moments.sum_of("revenue"), moments.mean_of("orders")) == (4, 120, 0.75)
    assert moments.variance_of("revenue") == pytest.approx(np.var([30, 0, 90, 0], ddof=1))
    assert moments.covariance_of("orders", "revenue") == pytest.approx(np.cov(VALUES.T)[0, 1])


def test_one_value_may_be_a_plain_row() -> None:
    """A single name takes a one-dimensional array."""
    assert Moments.from_values(["revenue"], [1.0, 3.0]).variance_of("revenue") == 2


def test_sums_give_the_same_as_values() -> None:
    """Sums and products of shifted values, as a database returns them."""
    shift = np.array([25.0, 0.5])
    centred = VALUES - shift
    moments = Moments.from_sums(NAMES, 4, centred.sum(axis=0), centred.T @ centred, shift)
    assert close(moments, Moments.from_values(NAMES, VALUES))
    assert close(Moments.from_sums(NAMES, 4, VALUES.sum(axis=0), VALUES.T @ VALUES), moments)


def test_a_shift_avoids_cancellation() -> None:
    """Small differences between large amounts survive: 1e9 + (0, 1, 2) has variance 1."""
    values = 1e9 + np.array([0.0, 1.0, 2.0] * 1000)
    shifted = values - 1e9
    moments = Moments.from_sums(["x"], 3000, [shifted.sum()], [[shifted @ shifted]], [1e9])
    assert moments.variance_of("x") == pytest.approx(np.var([0.0, 1.0, 2.0] * 1000, ddof=1), rel=1e-12)
    assert moments.mean_of("x") == 1e9 + 1


def test_rounding_in_a_constant_value_is_not_variation() -> None:
    """Three times 0.1, whose square sums round, does not vary."""
    sums, products = [0.1 + 0.1 + 0.1], [[0.1**2 + 0.1**2 + 0.1**2]]
    assert Moments.from_sums(["x"], 3, sums, products).variance_of("x") == 0


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e4, 1e6), st.integers(0, 9)), min_size=1, max_size=40),
    st.lists(st.integers(0, 40), max_size=4),
)
def test_merging_any_split_equals_recomputing(rows: list[tuple[float, int]], cuts: list[int]) -> None:
    """However visitors are split into days, empty days included, the moments of the days add up."""
    values = np.array(rows, dtype=float)
    whole = Moments.from_values(NAMES, values)
    parts = [Moments.from_values(NAMES, part) for part in np.split(values, sorted(cuts))]
    merged = Moments.total(parts)
    assert merged.n == whole.n
    np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(merged.m2, whole.m2, rtol=1e-9, atol=1e-2)


def test_many_at_once_are_one_after_the_other() -> None:
    """A year of days, some without visitors, merges to what adding day to day gives."""
    random = np.random.default_rng(4)
    days = [Moments.from_values(NAMES, random.lognormal(3, 1, (n, 2))) for n in random.integers(0, 60, 365)]
    one, other = Moments.total(days), reduce(operator.add, days)
    assert one.n == other.n
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-12)
    np.testing.assert_allclose(one.m2, other.m2, rtol=1e-12)


def test_what_is_the_same_on_all_days_does_not_vary() -> None:
    """Exactly; and what is zero on all of them stays zero."""
    days = [Moments.from_values(NAMES, np.column_stack([np.full(n, 0.75), np.zeros(n)])) for n in (3, 0, 7, 11)]
    found = Moments.total(days)
    assert found.mean.tolist() == [0.75, 0.0]
    assert not found.m2.any()


def test_equality_is_by_value() -> None:
    """Equal moments are equal and hash alike; others, and other things, are not equal."""
    a, b = Moments.from_values(NAMES, VALUES), Moments.from_values(NAMES, VALUES)
    assert a == b
    assert hash(a) == hash(b)
    assert a != Moments.from_values(NAMES, VALUES * 2)
    assert a != "moments"


def test_selected_names_keep_their_order() -> None:
    """Selecting turns the names and all arrays alike."""
    turned = Moments.from_values(NAMES, VALUES).select(["orders", "revenue"])
    assert turned == Moments.from_values(["orders", "revenue"], VALUES[:, ::-1])


def test_arrays_cannot_be_changed() -> None:
    """Frozen moments have frozen arrays."""
    with pytest.raises(ValueError, match="read-only"):
        Moments.from_values(NAMES, VALUES).mean[0] = 1


def test_no_visitors_sum_to_zero() -> None:
    """An empty day is a neutral part."""
    empty = Moments.from_sums(NAMES, 0, [0, 0], np.zeros((2, 2)))
    assert empty.sum_of("revenue") == 0
    assert empty + Moments.from_values(NAMES, VALUES) == Moments.from_values(NAMES, VALUES)


def test_adding_something_else_is_a_type_error() -> None:
    """A number is not moments."""
    with pytest.raises(TypeError):
        Moments.from_values(NAMES, VALUES) + 1


def test_differently_named_moments_do_not_merge() -> None:
    """The same values under other names are other values."""
    with pytest.raises(RefusedError, match="do not merge"):
        Moments.from_values(NAMES, VALUES) + Moments.from_values(["revenue", "units"], VALUES)


def test_a_total_of_nothing_is_refused() -> None:
    """Without parts there are no names."""
    with pytest.raises(RefusedError, match="at least one part"):
        Moments.total([])


def test_names_occur_once() -> None:
    """Two values cannot share a name."""
    with pytest.raises(RefusedError, match="once only"):
        Moments.from_values(["revenue", "revenue"], VALUES)


def test_shapes_that_do_not_fit_are_refused() -> None:
    """Columns, sums, products and shifts are as many as the names."""
    with pytest.raises(RefusedError, match="one column for each"):
        Moments.from_values(["revenue"], VALUES)
    with pytest.raises(RefusedError, match="2 sums, 2 x 2 products"):
        Moments.from_sums(NAMES, 4, [1.0], np.zeros((2, 2)))
    with pytest.raises(RefusedError, match="2 means"):
        Moments(("a", "b"), 2, np.zeros(1), np.zeros((2, 2)))


def test_missing_values_are_refused() -> None:
    """NaN never enters, so it never leaves."""
    with pytest.raises(RefusedError, match="missing or infinite"):
        Moments.from_values(["revenue"], [1.0, np.nan])


def test_impossible_sums_are_refused() -> None:
    """A sum of squares smaller than the sum allows, a negative count, sums over nobody."""
    with pytest.raises(RefusedError, match="same visitors and the same shift"):
        Moments.from_sums(["revenue"], 2, [10.0], [[20.0]])
    with pytest.raises(RefusedError, match="must be zero"):
        Moments.from_sums(["revenue"], 0, [10.0], [[100.0]])
    with pytest.raises(RefusedError, match="at least 0"):
        Moments.from_sums(["revenue"], -1, [0.0], [[0.0]])


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """The message helps."""
    with pytest.raises(UnknownNameError, match="Did you mean 'revenue'"):
        Moments.from_values(NAMES, VALUES).mean_of("revenu")


def test_too_few_visitors_for_a_number_are_refused() -> None:
    """No mean of nobody, no variance of one."""
    with pytest.raises(TooFewBuyersError, match="at least 1 visitors"):
        Moments.from_values(NAMES, np.empty((0, 2))).mean_of("revenue")
    with pytest.raises(TooFewBuyersError, match="variance of revenue needs at least 2"):
        Moments.from_values(NAMES, VALUES[:1]).variance_of("revenue")
    with pytest.raises(TooFewBuyersError, match="covariance of revenue and orders"):
        Moments.from_values(NAMES, VALUES[:1]).covariance_of("revenue", "orders")
