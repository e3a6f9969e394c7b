"""Orders and value to come: the level of a shop that grew, customers whose truth is known, and what is too little."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from counterclick.decisions.customer_values import CustomerModel, CustomerTest, fitted_customers, judged_customers
from counterclick.decisions.rebuys import BuyingDays, orders_as_of
from counterclick.errors import RefusedError

END = 900


def customers(n: int, growth: float = 1.0, seed: int = 1) -> BuyingDays:
    """Return customers by the very assumptions of MBG/NBD and Gamma-Gamma; after day 500 they order more often."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(n):
        rate, leaves = rng.gamma(1.2, 1 / 60), rng.beta(1.0, 6.0)
        scale = rng.gamma(6.0, 1 / 150.0)
        day = rng.uniform(0, 400)
        while day < END:
            rows.append((who, int(day), rng.gamma(5.0, 1 / scale)))
            if rng.random() < leaves:
                break
            day += rng.exponential(1 / (rate * (growth if day > 500 else 1.0)))
    kept = {(who, day): value for who, day, value in rows}  # of one day, one
    who, day = (np.array(column, np.int64) for column in zip(*sorted(kept), strict=True))
    value = np.array([kept[key] for key in sorted(kept)])
    names = pa.array([f"c{number}" for number in range(n)])
    return BuyingDays(who, np.zeros_like(who), day, who, day, value, names, ("t",))


@pytest.fixture(scope="module")
def days() -> BuyingDays:
    """Return 6,000 customers whose habits stay as they are."""
    return customers(6_000)


def test_what_is_expected_comes_where_habits_stay(days: BuyingDays) -> None:
    """Simulation: orders and value in all within 7 %, and in each tenth of the customers near the truth."""
    found = judged_customers(days, END, 250)
    assert (found.n, found.day, found.days) == (len(orders_as_of(days, 650)), 650, 250)
    assert found.expected_orders == pytest.approx(found.orders, rel=0.07)
    assert found.expected_value == pytest.approx(found.value, rel=0.1)
    for part in (*found.tenths, *found.value_tenths):
        assert part.said == pytest.approx(part.came, rel=0.25, abs=part.upper - part.came)


def test_the_level_is_that_of_the_newest_days() -> None:
    """Simulation: who stayed orders half as often again from day 500 on; by itself the model is late, its level is not."""
    grown = customers(4_000, 1.5)
    found = judged_customers(grown, END, 200)
    assert found.model_orders < 0.95 * found.orders
    assert abs(found.expected_orders / found.orders - 1) < abs(found.model_orders / found.orders - 1)
    assert fitted_customers(grown, 700, 200).order_level > 1.1


def test_a_level_multiplies_what_is_expected(days: BuyingDays) -> None:
    """At twice the level twice the orders are expected, and at half of it half the value."""
    model, orders = fitted_customers(days, END, 200), orders_as_of(days, END)
    placed, worth = model.expected(orders, 365)
    other = replace(model, order_level=2 * model.order_level, value_level=model.value_level / 2)
    assert other.expected(orders, 365)[0] == pytest.approx(2 * placed)
    assert other.expected(orders, 365)[1] == pytest.approx(worth / 2)


def test_it_is_numbers_that_another_one_takes_up(days: BuyingDays) -> None:
    """Written as JSON and read again, model and test are as they were."""
    model, found = fitted_customers(days, END, 200), judged_customers(days, END, 200)
    assert CustomerModel.from_plain(json.loads(json.dumps(model.to_plain()))) == model
    assert CustomerTest.from_plain(json.loads(json.dumps(found.to_plain()))) == found


def test_too_few_customers_are_refused(days: BuyingDays) -> None:
    """Nobody before the first day; and where hardly anybody came back, the models say what they need."""
    with pytest.raises(RefusedError, match="nobody had ordered"):
        fitted_customers(days, 100, 100)
    with pytest.raises(RefusedError, match="needed to learn"):
        fitted_customers(customers(25), END, 200)
