"""What products earn each time they are shown: against known truth, and where little or nothing is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from counterclick.decisions.earning import Earned, Numbers, Placed, earned, seen_of

SEEN = np.array([1.0, 0.6, 0.4, 0.3, 0.25, 0.2, 0.17, 0.15, 0.13, 0.12])


def of(times: list[float], successes: list[float], value: list[float] | None = None, floor: float = 0) -> Earned:
    """Return what products earn that were all shown in the first place."""
    n = len(times)
    told = [np.array(each, float) for each in (times, successes, value or successes)]
    return earned(Placed(np.arange(n), np.ones(n, np.int64), *told), n, floor=floor)


def drawn(seed: int, n: int = 1_500) -> tuple[Placed, Numbers]:
    """Return products whose rates, prices and orders are drawn as the model says, and what each truly earns."""
    rng = np.random.default_rng(seed)
    rate, price = rng.gamma(2, 0.005 / 2, n), rng.lognormal(3, 0.5, n)
    times = rng.poisson(rng.lognormal(6.5, 1, n)).astype(float)
    orders = rng.poisson(times * rate)
    worth = [price[each] * rng.gamma(4, 1 / 4, orders[each]) for each in range(n)]
    value, squares = (np.array([(each**power).sum() for each in worth]) for power in (1, 2))
    return Placed(np.arange(n), np.ones(n, np.int64), times, orders.astype(float), value, squares), rate * price


def test_intervals_hold_the_truth() -> None:
    """Simulated: of products shown often enough, 95 of 100 intervals hold what the product truly earns; others' do too."""
    covered: list[float] = []
    seldom: list[float] = []
    for seed in range(5):
        shown, truth = drawn(seed)
        found = earned(shown, len(truth), floor=2)
        holds = (found.low <= truth) & (truth <= found.high)
        covered += [*holds[found.is_told].astype(float)]
        seldom += [*holds[~found.is_told].astype(float)]
    assert 0.93 < np.mean(covered) < 0.985
    assert np.mean(seldom) > 0.93


def test_what_sells_twice_as_often_is_first() -> None:
    """The same price, shown a thousand times, 20 orders against 10: twice as good, shrunk towards each other."""
    found = of([1_000] * 40, [20.0, *[10.0] * 39], [400.0, *[200.0] * 39])
    assert found.score.argmax() == 0
    assert found.score[1] < found.score[0] < 0.4
    assert found.score[1] == pytest.approx(0.2, rel=0.05)


def test_a_dear_product_of_few_orders_is_worth_its_price() -> None:
    """Half as often, at three times the price: it earns more each time it is shown."""
    rng = np.random.default_rng(3)
    orders = np.concatenate([[20.0, 40.0], rng.poisson(30, 60)])
    price = np.concatenate([[60.0, 20.0], rng.lognormal(3.2, 0.4, 60)])
    found = of([2_000] * 62, orders.tolist(), (orders * price).tolist())
    assert found.score[0] > found.score[1]
    assert found.rate[0] < found.rate[1]


def test_one_lucky_order_is_no_rate() -> None:
    """One order of two times shown is a raw rate of a half: below the floor the mean stands for it; else little more."""
    usual = [5_000.0] * 30
    for floor, most in ((2, 1.0), (0, 1.5)):
        found = of([2.0, *usual], [1.0, *[50.0] * 30], floor=floor)
        assert found.score[0] <= most * found.score[1] * 1.01
    found = of([2.0, *usual], [1.0, *[50.0] * 30], floor=2)
    assert (found.is_told[0], found.score[0]) == (False, found.mean)
    assert found.low[0] < found.low[1] < found.high[1] < found.high[0]


def test_places_are_corrected_by_what_chance_put_there() -> None:
    """A product that always stands tenth sells a fifth of one that stands first; corrected, it is the better one."""
    times = np.full(22, 1e6)
    place = np.array([1, 10, *[1 + n % 10 for n in range(20)]])
    rate = np.array([0.01, 0.02, *np.linspace(0.005, 0.02, 20)])
    shown = Placed(np.arange(22), place, times, times * rate * SEEN[place - 1], times * rate * SEEN[place - 1])
    plain, corrected = (earned(shown, 22, floor=2, seen=seen) for seen in (None, SEEN))
    assert plain.score[0] > 2 * plain.score[1]
    assert corrected.score[1] > 1.7 * corrected.score[0]
    assert corrected.times.sum() == pytest.approx(times.sum())


def test_how_much_places_are_seen_is_found() -> None:
    """Simulated: two hundred thousand products in drawn places; each ratio within a tenth of the truth, never rising."""
    rng = np.random.default_rng(5)
    place = np.repeat(np.arange(1, 11), 20_000)
    orders = (rng.random(len(place)) < 0.1 * SEEN[place - 1]).astype(float)
    found = seen_of(place, np.ones(len(place)), orders)
    assert found == pytest.approx(SEEN, rel=0.12)
    assert (np.diff(found) <= 0).all()
    assert seen_of(np.array([1, 2, 3]), np.full(3, 100.0), np.array([10.0, 20.0, 0.0])).tolist() == [1, 1, 0.05]
    assert seen_of(np.array([1, 2]), np.full(2, 100.0), np.zeros(2)).tolist() == [1, 1]


COUNTS = arrays.arrays(np.int64, 12, elements=st.integers(0, 10_000))


@given(COUNTS, COUNTS, st.floats(0, 50), st.lists(st.integers(1, 12), min_size=12, max_size=12), st.floats(0, 100))
def test_any_counts_give_numbers(times: Numbers, orders: Numbers, floor: float, place: list[int], dear: float) -> None:
    """Finite, not below 0, within their intervals; what is not told has the mean's score; no orders earn nothing."""
    kept = np.minimum(orders, times).astype(float)
    price = 1.0 + np.arange(12) % 7 * dear
    shown = Placed(np.arange(12) % 7, np.array(place), times.astype(float), kept, kept * price)
    found = earned(shown, 8, floor=floor, seen=SEEN)
    for each in (found.score, found.low, found.high, found.rate, found.worth):
        assert np.isfinite(each).all()
        assert (each >= 0).all()
    assert (found.low <= found.score + 1e-12).all()
    assert (found.score <= found.high + 1e-12).all()
    assert found.score[~found.is_told] == pytest.approx(found.mean)
    assert not found.is_told[7]
    assert kept.sum() or not found.score.any()
