"""What an order of a customer is worth: published numbers, customers whose truth is known, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from replenish_cdnow import cohort
from scipy import optimize, stats

from counterclick.decisions.order_values import OrderValues, _log_likelihood, fitted_order_values, related
from counterclick.errors import RefusedError
from data_folder import data_file


def test_the_published_numbers() -> None:
    """Fader and Hardie (2013): of the 946 customers of CDNOW who ordered again, by the mean of their later orders."""
    told = cohort(data_file("cdnow", "CDNOW_sample.txt"))
    found = fitted_order_values(told.histories.later, told.mean)
    assert (found.p, found.q, found.gamma) == pytest.approx((6.25, 3.74, 15.44), abs=0.01)
    assert found.n == 946
    back = told.histories.later > 0
    assert related(told.histories.later[back], told.mean[back]) == pytest.approx(0.11, abs=0.01)


def test_the_likelihood_is_the_compound_of_two_gamma_distributions() -> None:
    """Integrated by hand over a customer's own scale; its slope beside differences."""
    p, q, gamma, x, z = 2.5, 3.0, 4.0, 3.0, 7.0
    points, weights = np.polynomial.legendre.leggauss(400)
    own = stats.gamma(q, scale=1 / gamma).ppf((points + 1) / 2)
    by_hand = (weights / 2 * stats.gamma(p * x, scale=1 / (own * x)).pdf(z)).sum()
    at, columns = np.array([p, q, gamma]), (np.array([x]), np.array([z]))
    value, slope = _log_likelihood(at, *columns)
    assert value == pytest.approx(np.log(by_hand), abs=1e-6)
    assert slope == pytest.approx(optimize.approx_fprime(at, lambda one: _log_likelihood(one, *columns)[0], 1e-7), abs=1e-4)


def test_what_made_the_values_is_found_again() -> None:
    """Of 5,000 customers with 1 to 9 orders: the mean of all, and what the next order of each is worth."""
    rng = np.random.default_rng(3)
    p, q, gamma = 4.0, 5.0, 60.0
    orders = rng.integers(1, 10, 5_000).astype(np.float64)
    own = rng.gamma(q, 1 / gamma, 5_000)
    mean = rng.gamma(p * orders, 1 / (own * orders))
    found = fitted_order_values(orders, mean)
    assert (found.p, found.q, found.gamma) == pytest.approx((p, q, gamma), rel=0.2)
    assert found.mean == pytest.approx(p * gamma / (q - 1), rel=0.03)
    said = found.expected(orders, mean)
    for part in np.array_split(np.argsort(said), 5):
        assert said[part].mean() == pytest.approx((p / own[part]).mean(), rel=0.05)


def test_few_orders_lie_near_the_mean_of_all() -> None:
    """None at it, one between, many at their own."""
    values = OrderValues(6.25, 3.74, 15.44, 0.0, 946)
    none, one, many = values.expected(np.array([0.0, 1, 1_000]), np.array([np.nan, 100, 100]))
    assert none == values.mean == pytest.approx(6.25 * 15.44 / 2.74)
    assert values.mean < one < 100
    assert many == pytest.approx(100, rel=0.01)


def test_what_says_nothing_of_values_is_left_out() -> None:
    """Gifts and whole returns; too few are refused, and so are values without a mean."""
    rng = np.random.default_rng(1)
    orders, mean = np.full(400, 2.0), rng.gamma(8, 1 / rng.gamma(6, 1 / 50, 400) / 2)
    found = fitted_order_values(orders, mean)
    odd = fitted_order_values(np.append(orders, [0, 3, 2]), np.append(mean, [0, 0, -5]))
    assert odd.to_plain() == pytest.approx(found.to_plain())
    with pytest.raises(RefusedError, match="20 customers have orders worth more than 0; 30 are needed"):
        fitted_order_values(orders[:20], mean[:20])
    wild = 10 ** rng.uniform(-6, 6, 400)
    with pytest.raises(RefusedError, match="differ so much in value"):
        fitted_order_values(orders, wild)
    with pytest.raises(RefusedError, match="the same for all customers"):
        related(orders, mean)


def test_what_was_learned_is_kept_as_numbers() -> None:
    """Also through JSON."""
    values = OrderValues(6.25, 3.74, 15.44, -4055.9, 946)
    assert OrderValues.from_plain(json.loads(json.dumps(values.to_plain()))) == values
