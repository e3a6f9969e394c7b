"""The truth of a simulated shop: its parameters, and what follows from them exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

from counterclick.errors import ConfigError
from counterclick.simulate.surfaces import DEFAULT_SURFACES, SurfaceTruth, check_fraction

__all__ = ["ShopTruth"]

WEEKDAYS = 7
FEWEST_PRODUCTS = 20


@dataclass(frozen=True, slots=True)
class ShopTruth:
    """A shop whose truth is known. Shares and rates are fractions, amounts in ``currency``.

    Expected revenue per eligible visitor of two arms stands in exactly the ratio that ``SurfaceTruth.lift``
    says: effects multiply the probability of an order and the expected number of lines, no probability is
    ever clipped, and every line of every order has the same distribution of products and prices.

    Attributes:
        visitors: how many visitors arrive.
        weeks: whole weeks during which they arrive.
        starts_on: the first day.
        conversion: share of visits that end in an order where every arm is the control.
        carts: share of visits in which something is laid into the cart.
        high_intent: share of visitors with a high intent.
        intent_factor: how many times likelier a high-intent visit ends in an order than another.
        visits: shares of visitors with one, two, three visits, on consecutive days.
        returning: share of visitors who are customers already.
        lines_mean: expected lines per order where every arm is the control.
        late_share: share of orders placed hours to three days after the visit; the rest within the hour.
        return_rate: probability that a line of an order comes back.
        cancellation_rate: share of orders cancelled within a day.
        discounted: share of orders with a discount.
        discount_depth: the discount, as a fraction of the goods' worth.
        products: size of the catalogue.
        price_median: median unit price.
        price_sigma: standard deviation of log prices.
        margin: mean share of the price that is not cost.
        affinity: probability that a further line is a companion of the first product.
        weekdays: relative traffic from Monday to Sunday.
        season: amplitude of the slow season, a sine over ``season_weeks``, as a fraction of the traffic.
        season_weeks: its period.
        unanswered: share of assistant answers that are "I don't know".
        escalated: share of assistant answers handed over to a person.
        currency: ISO 4217 code.
        timezone: the shop's time zone; visits fall between 05:00 and 21:30 UTC.
        surfaces: the surfaces, their experiments and true effects.
    """

    visitors: int = 250_000
    weeks: int = 8
    starts_on: date = date(2026, 1, 5)
    conversion: float = 0.055
    carts: float = 0.14
    high_intent: float = 0.2
    intent_factor: float = 4.0
    visits: tuple[float, float, float] = (0.76, 0.18, 0.06)
    returning: float = 0.25
    lines_mean: float = 2.1
    late_share: float = 0.15
    return_rate: float = 0.12
    cancellation_rate: float = 0.02
    discounted: float = 0.2
    discount_depth: float = 0.1
    products: int = 400
    price_median: float = 28.0
    price_sigma: float = 0.5
    margin: float = 0.45
    affinity: float = 0.5
    weekdays: tuple[float, ...] = (1.05, 0.95, 0.95, 0.95, 0.9, 1.0, 1.2)
    season: float = 0.15
    season_weeks: float = 8.0
    unanswered: float = 0.08
    escalated: float = 0.05
    currency: str = "EUR"
    timezone: str = "Europe/Berlin"
    surfaces: tuple[SurfaceTruth, ...] = DEFAULT_SURFACES

    def __post_init__(self) -> None:
        for name in _FRACTIONS:
            check_fraction(name, getattr(self, name))
        for name in ("visitors", "weeks", "season_weeks", "price_median", "price_sigma", "intent_factor"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be above 0.")
        if self.products < FEWEST_PRODUCTS:
            raise ConfigError(f"products is {self.products}; it must be at least {FEWEST_PRODUCTS}.")
        if min(self.visits) < 0 or not math.isclose(sum(self.visits), 1):
            raise ConfigError(f"visits is {self.visits}; these are shares and must add up to 1.")
        if len(self.weekdays) != WEEKDAYS or min(self.weekdays) < 0 or not sum(self.weekdays):
            raise ConfigError(f"weekdays is {self.weekdays}; seven weights, not all 0, are wanted.")
        self._check_names()
        self._check_probabilities()

    @property
    def ends_on(self) -> date:
        """The last day on which visitors arrive."""
        return self.starts_on + timedelta(weeks=self.weeks, days=-1)

    @property
    def cart_rates(self) -> tuple[float, float]:
        """Probability of a cart in a visit of low, of high intent."""
        return self._by_intent(self.carts, math.sqrt(self.intent_factor))

    @property
    def order_rates(self) -> tuple[float, float]:
        """Probability of an order given a cart in a visit of low, of high intent, every arm the control."""
        orders = self._by_intent(self.conversion, self.intent_factor)
        carts = self.cart_rates
        return orders[0] / carts[0], orders[1] / carts[1]

    def _by_intent(self, mean: float, factor: float) -> tuple[float, float]:
        low = mean / (1 + self.high_intent * (factor - 1))
        return low, low * factor

    def _check_names(self) -> None:
        for what in ("name", "experiment"):
            names = [getattr(surface, what) for surface in self.surfaces]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ConfigError(f"surfaces: the {what} {twice[0]!r} stands twice; each must be its own.")

    def _check_probabilities(self) -> None:
        if not 0 < self.carts <= 1 or max(self.cart_rates) > 1:
            raise ConfigError(
                f"carts is {self.carts}: a visit has a cart with the probability {max(self.cart_rates):.3g}; "
                "it must be above 0 and at most 1 at every intent. Lower carts or intent_factor."
            )
        best = math.prod(max(1 + arm.conversion for arm in s.arms.values()) for s in self.surfaces)
        if max(self.order_rates) * best > 1:
            raise ConfigError(
                f"with all effects a cart would end in an order with the probability "
                f"{max(self.order_rates) * best:.3g}; it must not exceed 1, or the true lift would "
                "be smaller than declared. Lower conversion, intent_factor or the effects, or raise carts."
            )
        fewest = self.lines_mean * math.prod(min(1 + arm.basket for arm in s.arms.values()) for s in self.surfaces)
        if fewest < 1:
            raise ConfigError(
                f"with all effects an order would have {fewest:.3g} lines on average; every order has at "
                "least 1. Raise lines_mean or the basket effects."
            )


_FRACTIONS = (
    "conversion",
    "carts",
    "high_intent",
    "returning",
    "late_share",
    "return_rate",
    "cancellation_rate",
    "discounted",
    "discount_depth",
    "margin",
    "affinity",
    "season",
    "unanswered",
    "escalated",
)
