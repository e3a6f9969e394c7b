"""What is expected of customers in a year: orders by MBG/NBD, their value by Gamma-Gamma, at the store's own later level.

The models know of no season and no growth: how many orders they expect in all is set right by the store's own newest days.
They are learned from the days before these, and say what they expected of them; what was placed, over that, is the level.
(Were they learned from these days as well, growth would count twice.) It comes late where
a season turns: what it was in the last days is not what it will be. How far this holds is judged one step earlier, where all
of it is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterclick.decisions.order_values import OrderValues, fitted_order_values
from counterclick.decisions.rebuy_test import Held, parts_of
from counterclick.decisions.rebuys import BuyingDays, Orders, orders_as_of
from counterclick.decisions.repeat_buying import Histories, RepeatBuying, fitted_repeat_buying
from counterclick.errors import RefusedError

__all__ = ["CustomerModel", "CustomerTest", "fitted_customers", "judged_customers"]

Numbers = NDArray[np.float64]
_TENTHS = 10
_MOST = 200_000
"""Customers that a model is fitted to at most, by lot: more would not change its third digit."""
_LEVELS = (0.2, 5.0)
"""Beyond either it is no level any more, but another store."""


@dataclass(frozen=True, slots=True)
class CustomerModel:
    """What was learned, as numbers.

    Attributes:
        buying: how many orders are still placed; in days.
        values: what an order is worth, net of returns.
        order_level: by which expected orders are multiplied.
        value_level: by which the expected value is.
        days: newest days by which both were found.
    """

    buying: RepeatBuying
    values: OrderValues
    order_level: float
    value_level: float
    days: int

    def expected(self, orders: Orders, horizon: int) -> tuple[Numbers, Numbers]:
        """Return how many orders each customer is expected to place, and what they are worth.

        Args:
            orders: what each had ordered before a day.
            horizon: days from that day on.
        """
        placed, worth = _raw(self.buying, self.values, orders, horizon)
        return placed * self.order_level, worth * self.value_level

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers and names for these, such as JSON can hold."""
        levels = {name: getattr(self, name) for name in ("order_level", "value_level", "days")}
        return {**levels, "buying": self.buying.to_plain(), "values": self.values.to_plain()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> CustomerModel:
        """Return what `to_plain` wrote, also after it was JSON."""
        models = {"buying": RepeatBuying.from_plain(plain["buying"]), "values": OrderValues.from_plain(plain["values"])}
        return cls(**{**plain, **models})


@dataclass(frozen=True, slots=True)
class CustomerTest:
    """What was expected of customers on days that were not learned from, beside what they did.

    Attributes:
        day: the day, by its number, as of which it was expected.
        days: from that day on.
        n: customers with an order until then: the population that it is judged on.
        orders: placed.
        expected_orders: at the level that was known by then.
        model_orders: that the model expected by itself.
        value: of the orders that were placed, net of returns.
        expected_value: at the level that was known by then.
        model_value: that the models expected by themselves.
        tenths: customers by expected orders, the highest first.
        value_tenths: by expected value.
    """

    day: int
    days: int
    n: int
    orders: float
    expected_orders: float
    model_orders: float
    value: float
    expected_value: float
    model_value: float
    tenths: tuple[Held, ...]
    value_tenths: tuple[Held, ...]

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers and names for these, such as JSON can hold."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> CustomerTest:
        """Return what `to_plain` wrote, also after it was JSON."""
        parts = {name: tuple(Held(**each) for each in plain[name]) for name in ("tenths", "value_tenths")}
        return cls(**{**plain, **parts})


def fitted_customers(days: BuyingDays, end: int, level_days: int) -> CustomerModel:
    """Return what is learned of customers from the days before one, at the level of the newest of these days.

    Args:
        days: of all.
        end: nothing of this day, or of a later one, counts.
        level_days: newest days by which the level is found.

    Raises:
        RefusedError: too few customers ordered again, or orders have no value.
    """
    past = orders_as_of(days, end - level_days)
    buying, values = _fitted(past)
    said, came = _raw(buying, values, past, level_days), _placed(days, past, end)
    levels = [float(np.clip(true.sum() / each.sum(), *_LEVELS)) for each, true in zip(said, came, strict=True)]
    return CustomerModel(buying, values, levels[0], levels[1], level_days)


def judged_customers(days: BuyingDays, end: int, level_days: int) -> CustomerTest:
    """Return how a model did that was learned, level and all, before the last days, on these days.

    Args:
        days: of all.
        end: the day after the last one that is known.
        level_days: how many of the last days judge; as many before them give the level.

    Raises:
        RefusedError: too few customers ordered again, or orders have no value.
    """
    day = end - level_days
    model = fitted_customers(days, day, level_days)
    past = orders_as_of(days, day)
    expected, worth = model.expected(past, level_days)
    orders, value = _placed(days, past, end)
    return CustomerTest(
        day=day,
        days=level_days,
        n=len(past),
        orders=float(orders.sum()),
        expected_orders=float(expected.sum()),
        model_orders=float(expected.sum()) / model.order_level,
        value=float(value.sum()),
        expected_value=float(worth.sum()),
        model_value=float(worth.sum()) / model.value_level,
        tenths=parts_of(expected, orders, _TENTHS),
        value_tenths=parts_of(worth, value, _TENTHS),
    )


def _fitted(orders: Orders) -> tuple[RepeatBuying, OrderValues]:
    if not len(orders):
        raise RefusedError("nobody had ordered by the day that is learned from.")
    drawn = np.random.default_rng(1).random(len(orders)) < _MOST / len(orders)
    mean = orders.value / orders.n
    return (
        fitted_repeat_buying(Histories(*(each[drawn] for each in _histories(orders)))),
        fitted_order_values(orders.n[drawn].astype(np.float64), mean[drawn]),
    )


def _histories(orders: Orders) -> tuple[Numbers, Numbers, Numbers]:
    later, last, age = orders.n - 1, orders.last - orders.first, orders.day - orders.first
    return later.astype(np.float64), last.astype(np.float64), age.astype(np.float64)


def _raw(buying: RepeatBuying, values: OrderValues, orders: Orders, horizon: int) -> tuple[Numbers, Numbers]:
    """Return what the models expect by themselves: orders, and their value."""
    placed = buying.expected_orders(Histories(*_histories(orders)), horizon)
    known = np.where(orders.value > 0, orders.n, 0).astype(np.float64)  # whole returns say nothing of values
    return placed, placed * values.expected(known, orders.value / orders.n)


def _placed(days: BuyingDays, past: Orders, end: int) -> tuple[Numbers, Numbers]:
    """Return for each customer the days with an order from the day of ``past`` to another, and their value."""
    later = (days.ordered >= past.day) & (days.ordered < end)
    most = len(days.customers)
    n = np.bincount(days.orders[later], minlength=most)[past.customer].astype(np.float64)
    value: Numbers = np.bincount(days.orders[later], weights=days.value[later], minlength=most)[past.customer].astype(float)
    return n, value
