"""Replenishment: what is learned of customers who buy again, from when on, and how it did on the store's later days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from counterclick.config import REPLENISH, ReadinessConfig, ReplenishmentConfig
from counterclick.decisions.customer_values import CustomerModel, CustomerTest, fitted_customers, judged_customers
from counterclick.decisions.policy import Learnt
from counterclick.decisions.rebuy_model import HORIZONS, RebuyModel, fitted_rebuys
from counterclick.decisions.rebuy_test import COMBINED, RebuyTest, judged_rebuys
from counterclick.decisions.rebuys import BuyingDays, buying_days, day_of
from counterclick.display import count
from counterclick.errors import RefusedError
from counterclick.facts import Outcomes
from counterclick.shapes import from_objects

__all__ = ["Knows", "Replenishment", "stale"]

_LOYAL = 3
_PARTS = 3
"""Of a short history: to learn from, to find the level, and to judge."""


@dataclass(frozen=True, slots=True)
class Knows:
    """What was learned, and how it did on later days that it was not learned from.

    Attributes:
        rebuys: of pairs of customer and type.
        tests: of their chances, one for each horizon.
        customers: of orders and value to come.
        customer_test: of these.
    """

    rebuys: RebuyModel
    tests: tuple[RebuyTest, ...]
    customers: CustomerModel
    customer_test: CustomerTest

    @property
    def last_on(self) -> date:
        """Last day that was learned from."""
        return day_of(self.rebuys.last)

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers, texts, lists and names for these, such as JSON can hold."""
        models = {"rebuys": self.rebuys.to_plain(), "customers": self.customers.to_plain()}
        return {**models, "tests": [each.to_plain() for each in self.tests], "customer_test": self.customer_test.to_plain()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Knows:
        """Return what `to_plain` wrote, also after it was JSON."""
        return cls(
            RebuyModel.from_plain(plain["rebuys"]),
            tuple(map(RebuyTest.from_plain, plain["tests"])),
            CustomerModel.from_plain(plain["customers"]),
            CustomerTest.from_plain(plain["customer_test"]),
        )


class Replenishment:
    """Learns who buys what again, and what customers are expected to order in a year.

    Args:
        limits: what ``shop.toml`` declares under ``[replenishment]``.
        gates: from when on something is learned.
        timezone: of the shop, in which its days begin.
    """

    name = REPLENISH
    needs = "500 customers with an order, 180 days of orders, some customers with 3 orders, 200 pairs that were bought again"
    form = 1
    of_people = False  # rates of types of products, and numbers for all customers alike

    def __init__(
        self,
        limits: ReplenishmentConfig | None = None,
        gates: ReadinessConfig | None = None,
        timezone: str = "UTC",
    ) -> None:
        self._limits = limits or ReplenishmentConfig()
        self._gates = gates or ReadinessConfig()
        self._timezone = timezone
        self._passed: tuple[str, ...] = ()
        self._missing: tuple[str, ...] = ("nothing was learned yet",)
        self._counts: Mapping[str, float] = {}
        self._knows: Knows | None = None

    def fit(self, outcomes: Outcomes) -> None:
        """Learn from the days before the newest one, which may not be over."""
        self.fit_days(buying_days(outcomes, self._timezone))

    def fit_days(self, days: BuyingDays) -> None:
        """Learn from days on which customers bought, the newest of them, which may not be over, left out.

        Args:
            days: of the shop.
        """
        self._knows = None
        self._passed, self._missing = _passed_and_missing(days, self._gates)
        self._counts = {
            "customers": float(len(days.customers)),
            "types": float(len(days.types)),
            "buying_days": float(len(days.day)),
        }
        if self._missing:
            return
        end, limits = days.last, self._limits
        level_days = min(limits.level_days, (end - days.first) // _PARTS)
        try:
            tests = judged_rebuys(days, end, limits.bought, limits.rebought)
            self._missing = _untold(tests)
            if self._missing:
                return
            customers = fitted_customers(days, end, level_days), judged_customers(days, end, level_days)
            rebuys = fitted_rebuys(days, end, limits.bought, limits.rebought)
        except RefusedError as error:
            self._missing = (str(error).rstrip("."),)
            return
        self._passed = (*self._passed, f"{limits.rebought:,} pairs that were bought again")
        self._knows = Knows(rebuys, tests, *customers)

    @property
    def knows(self) -> Knows | None:
        """What was learned; None where something is missing."""
        return self._knows

    def learnt(self) -> Learnt:
        """Return of how many customers, types and days it was learned, and which gates are passed."""
        return Learnt(dict(self._counts), self._passed, self._missing)

    def to_plain(self) -> dict[str, Any]:
        """Return all that was learned as numbers and texts, lists of them, and names for these: what JSON can hold."""
        told = {"passed": list(self._passed), "missing": list(self._missing), "counts": dict(self._counts)}
        return {**told, "knows": None if self._knows is None else self._knows.to_plain()}

    def from_plain(self, plain: Mapping[str, Any]) -> None:
        """Take up what `to_plain` returned, also after it was JSON.

        Raises:
            LookupError: something is missing.
            ValueError: something is not what it should be.
        """
        self._passed = from_objects(plain["passed"], tuple[str, ...])
        self._missing = from_objects(plain["missing"], tuple[str, ...])
        self._counts = from_objects(plain["counts"], dict[str, float])
        self._knows = None if plain["knows"] is None else Knows.from_plain(plain["knows"])


def stale(last_on: date, today: date, gates: ReadinessConfig) -> str:
    """Return what is wrong where the last order is too old to foresee anything from; empty where nothing is.

    Args:
        last_on: day of the newest order.
        today: the day as of which it is foreseen.
        gates: the limits.
    """
    days = (today - last_on).days
    if days <= gates.prediction_recency:
        return ""
    limit = gates.prediction_recency
    return f"the last order is {count(days)} days old, at most {count(limit)} may be; record the newer ones"


def _passed_and_missing(days: BuyingDays, gates: ReadinessConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the gates before anything is learned: those that are passed, and what is missing for the others."""
    if not len(days.ordered):
        return (), ("no order of a known customer is recorded to learn from: send customer_id with purchases",)
    n_loyal = int((np.bincount(days.orders) >= _LOYAL).sum())
    told = (
        (len(days.customers), gates.prediction_customers, "customers with an order"),
        (days.last - days.first + 1, gates.prediction_days, "days of orders"),
        (n_loyal, gates.prediction_loyal, f"customers with {_LOYAL} days of orders or more"),
    )
    passed = tuple(f"{count(limit)} {what}" for n, limit, what in told if n >= limit)
    missing = tuple(f"{count(n)} {what}, {count(limit)} are needed" for n, limit, what in told if n < limit)
    return passed, missing


def _untold(tests: tuple[RebuyTest, ...]) -> tuple[str, ...]:
    """Return what is missing where the store's own later days do not show that rebuys are told apart at all."""
    area = tests[0].area(COMBINED)
    if area.lower > 0.5:  # noqa: PLR2004 - that of luck
        return ()
    return (
        f"what was learned does not tell apart what was bought again in the store's last {HORIZONS[0]} days: the area under "
        f"its curve is {area.value:.2f} [{area.lower:.2f}, {area.upper:.2f}], above .50 is needed",
    )
