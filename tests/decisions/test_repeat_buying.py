"""How many orders customers still place: published numbers, the definition integrated, customers whose truth is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from replenish_cdnow import Cohort, cohort, foretold
from scipy import optimize, special, stats

from counterclick.decisions.repeat_buying import Histories, RepeatBuying, _log_likelihood, fitted_repeat_buying
from counterclick.errors import RefusedError
from data_folder import data_file

MODEL = RepeatBuying(1.5, 6.0, 1.4, 2.2, leaves_at_once=True, log_likelihood=0.0, n=0)
"""Whose densities have no poles, so that they can be integrated by hand."""


def histories(*rows: tuple[float, float, float]) -> Histories:
    later, last, age = np.array(rows, np.float64).T
    return Histories(later, last, age)


@pytest.fixture(scope="module")
def sample() -> Cohort:
    """Return the published tenth of CDNOW."""
    return cohort(data_file("cdnow", "CDNOW_sample.txt"))


def test_the_published_numbers_of_bg_nbd(sample: Cohort) -> None:
    """Fader, Hardie and Lee (2005), section 5: of 2,357 customers of CDNOW."""
    found = fitted_repeat_buying(sample.histories, leaves_at_once=False)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.2426, 4.4136, 0.7929, 2.4259), abs=1e-4)
    assert found.log_likelihood == pytest.approx(-9582.429, abs=1e-3)
    assert found.n == 2357


def test_the_published_number_of_mbg_nbd(sample: Cohort) -> None:
    """The log likelihood of the same customers."""
    found = fitted_repeat_buying(sample.histories)
    assert found.log_likelihood == pytest.approx(-9582.136, abs=1e-3)


def test_orders_to_come_are_the_closed_form_of_bg_nbd(sample: Cohort) -> None:
    """Equation 10 of the paper with its hypergeometric function, for every customer of CDNOW."""
    found = fitted_repeat_buying(sample.histories, leaves_at_once=False)
    r, alpha, a, b = found.r, found.alpha, found.a, found.b
    x, last, age = sample.histories.later, sample.histories.last, sample.histories.age
    part = special.hyp2f1(r + x, b + x, a + b + x - 1, 39 / (alpha + age + 39))
    above = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + 39)) ** (r + x) * part)
    below = 1 + np.where(x > 0, a / (b + np.maximum(x, 1) - 1) * ((alpha + age) / (alpha + last)) ** (r + x), 0)
    assert found.expected_orders(sample.histories, 39) == pytest.approx(above / below, rel=1e-9)


@pytest.mark.parametrize("row", [(0, 0, 5), (1, 2, 9), (4, 20, 21), (12, 30, 80)])
def test_both_answers_are_the_definition_integrated(row: tuple[float, float, float]) -> None:
    """Over rate and chance to leave: who is still there, and the orders that come of it, as the model is told in words."""
    x, last, age = row
    points, weights = np.polynomial.legendre.leggauss(600)
    quantile, weight = (points + 1) / 2, np.outer(weights, weights) / 4
    rate = stats.gamma(MODEL.r, scale=1 / MODEL.alpha).ppf(quantile)[:, None]
    leave = stats.beta(MODEL.a, MODEL.b).ppf(quantile)[None, :]
    stayed = (1 - leave) ** (x + 1) * rate**x * np.exp(-rate * age)
    left = leave * (1 - leave) ** x * rate**x * np.exp(-rate * last)
    whole = (weight * (stayed + left)).sum()
    orders = (weight * stayed * -np.expm1(-rate * leave * 10) / leave).sum() / whole
    asked = histories(row)
    assert MODEL.alive(asked)[0] == pytest.approx((weight * stayed).sum() / whole, rel=1e-4)
    assert MODEL.expected_orders(asked, 10)[0] == pytest.approx(orders, rel=1e-4)
    parameters = np.array([MODEL.r, MODEL.alpha, MODEL.a, MODEL.b])
    kinds = np.unique(asked.later, return_inverse=True)
    value, _slope = _log_likelihood(parameters, asked, kinds, np.ones(1), leaves=True)
    assert value == pytest.approx(np.log(whole), abs=1e-4)


@pytest.mark.parametrize("leaves", [True, False])
def test_the_slope_is_that_of_the_likelihood(leaves: bool) -> None:  # noqa: FBT001 - which of the two models
    """Beside differences of the value, at several parameters."""
    asked = histories((0, 0, 5), (1, 2, 9), (4, 20, 21), (12, 30, 80), (0, 0, 0))
    kinds, counts = np.unique(asked.later, return_inverse=True), np.array([3.0, 1, 2, 1, 1])
    for at in ([0.3, 4.0, 0.8, 2.4], [2.0, 9.0, 1.5, 0.4]):

        def value(x: np.ndarray) -> float:
            return _log_likelihood(x, asked, kinds, counts, leaves=leaves)[0]

        def slope(x: np.ndarray) -> np.ndarray:
            return _log_likelihood(x, asked, kinds, counts, leaves=leaves)[1]

        near = optimize.approx_fprime(np.array(at), value, 1e-7)
        assert slope(np.array(at)) == pytest.approx(near, rel=1e-4, abs=1e-4)


def drawn(n: int, seed: int) -> tuple[Histories, np.ndarray, np.ndarray]:
    """Draw customers of `MODEL` one by one: what they did in 40 weeks, who is still there, orders of 20 later weeks."""
    rng = np.random.default_rng(seed)
    rows, there, came = [], [], []
    for _customer in range(n):
        rate, leave = rng.gamma(MODEL.r, 1 / MODEL.alpha), rng.beta(MODEL.a, MODEL.b)
        at, times = 0.0, [0.0]
        stays = rng.random() > leave
        while stays and at <= 60:
            at += rng.exponential(1 / rate)
            times.append(at)
            stays = rng.random() > leave
        seen = [each for each in times if each <= 40]
        rows.append((len(seen) - 1, seen[-1], 40.0))
        there.append(stays or len(times) > len(seen))
        came.append(sum(40 < each <= 60 for each in times))
    return histories(*rows), np.array(there), np.array(came)


def test_what_made_the_customers_is_found_again() -> None:
    """Of 8,000 whose truth is known: parameters within a tenth or two, what is expected within chance of what comes."""
    asked, there, came = drawn(8_000, 5)
    found = fitted_repeat_buying(asked)
    assert found.alpha / found.r == pytest.approx(MODEL.alpha / MODEL.r, rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(MODEL.a / (MODEL.a + MODEL.b), rel=0.1)
    for said, happened in ((found.alive(asked), there), (found.expected_orders(asked, 20), came)):
        for part in np.array_split(np.argsort(said), 5):
            by_chance = 4 * happened[part].std() / len(part) ** 0.5
            assert said[part].mean() == pytest.approx(happened[part].mean(), abs=by_chance)


def test_bg_nbd_says_of_nobody_that_they_are_there() -> None:
    """Everybody who ordered once is there for it, so that it is not asked."""
    model = RepeatBuying(0.24, 4.4, 0.8, 2.4, leaves_at_once=False, log_likelihood=0.0, n=0)
    with pytest.raises(RefusedError, match="everybody who ordered once is still there"):
        model.alive(histories((0, 0, 500)))
    assert MODEL.alive(histories((0, 0, 500)))[0] < 0.1


def test_the_unit_of_time_changes_nothing_but_the_scale(sample: Cohort) -> None:
    """Days for weeks: the same customers are expected to order as often."""
    told = sample.histories
    weeks, days = (fitted_repeat_buying(Histories(told.later, told.last * unit, told.age * unit)) for unit in (1.0, 7.0))
    assert days.alpha == pytest.approx(weeks.alpha * 7, rel=1e-4)
    in_days = Histories(told.later, told.last * 7, told.age * 7)
    assert days.expected_orders(in_days, 70) == pytest.approx(weeks.expected_orders(told, 10), rel=1e-4)
    assert weeks.new_customers(10) == pytest.approx(days.new_customers(70), rel=1e-4)


def test_what_was_learned_is_kept_as_numbers() -> None:
    """Also through JSON."""
    assert RepeatBuying.from_plain(json.loads(json.dumps(MODEL.to_plain()))) == MODEL


@pytest.mark.parametrize("row", [(1, 0, 5), (0, 2, 5), (2, 6, 5), (-1, 0, 5), (1, float("nan"), 5)])
def test_histories_that_cannot_be_are_refused(row: tuple[float, float, float]) -> None:
    """With their number and what they say."""
    with pytest.raises(RefusedError, match="history 1 has"):
        histories((0, 0, 5), row)


def test_too_little_is_refused() -> None:
    """Nobody came back; columns of two lengths; no time to come."""
    with pytest.raises(RefusedError, match="of 40 customers 0 ordered again; 30 that did are needed"):
        fitted_repeat_buying(histories(*[(0, 0, 5)] * 40))
    with pytest.raises(RefusedError, match=r"columns of \[1, 2\] rows"):
        Histories(np.zeros(1), np.zeros(2), np.ones(2))
    with pytest.raises(RefusedError, match="horizon was 0"):
        MODEL.expected_orders(histories((0, 0, 5)), 0)


def test_later_orders_of_a_real_store_are_foreseen(sample: Cohort) -> None:
    """By tenths in their order, the best one tenfold the last; ranked better than by either model's chance to be there."""
    found = foretold(sample)
    assert found.deciles[0].came > 10 * found.deciles[-1].came
    best = found.ranks["expected orders, MBG/NBD"]
    assert best > 0.7
    assert best >= max(found.ranks[name] for name in ("chance to be there, MBG/NBD", "orders until now")) - 0.005
    assert found.ranks["chance to be there, BG/NBD"] < 0.5 < found.ranks["chance to be there, MBG/NBD"]
    errors = {name: abs(total / found.orders - 1) for name, total in found.totals.items()}
    assert errors["MBG/NBD"] < 0.2
