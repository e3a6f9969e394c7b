"""A store's own figures, as the facts tell them, and its pace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["A_MONTH", "A_YEAR", "RECENT", "Figures"]

A_YEAR = 365
A_MONTH = 365.25 / 12
RECENT = 90
"""Days by which today's pace is told."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the facts say of the store, as of its last recorded order.

    Attributes:
        currency: of amounts.
        known_on: day until which the log is known: its last event's arrival.
        first_order_on: day of the first recorded order; None without orders.
        last_order_on: day of the last one.
        revenue: of the last 365 days, or of all days where there are fewer; net of tax, shipping and discount, before
            returns.
        revenue_before: of the 365 days before them; None where the orders do not reach back so far.
        n_orders: in the days that ``revenue`` covers.
        n_orders_before: in the days that ``revenue_before`` covers.
        n_carried: of ``n_orders``, with a known visitor.
        basket_cv: coefficient of variation of revenue per order.
        margin_rate: margin over revenue, from unit costs, else declared; None where neither is known.
        products: different products sold in these days; None where orders have no lines.
        n_returns: returns of known orders, ever.
        n_recent_returns: of these, in the last 90 days.
        first_return_on: day of the first; None without any.
        visitors_a_month: different visitors in the last 30 days; None where no event names one.
        customers: with an order, ever.
        new_customers: of these, whose first order was in the last 90 days.
        loyal: customers with three orders or more.
        new_loyal: of these, whose third order was in the last 90 days.
        running: experiments that run on the day until which the log is known.
        costs: surface -> monthly cost; None where not declared.
    """

    currency: str
    known_on: date
    first_order_on: date | None
    last_order_on: date | None
    revenue: float
    revenue_before: float | None
    n_orders: int
    n_orders_before: int
    n_carried: int
    basket_cv: float
    margin_rate: float | None
    products: int | None
    n_returns: int
    n_recent_returns: int
    first_return_on: date | None
    visitors_a_month: int | None
    customers: int
    new_customers: int
    loyal: int
    new_loyal: int
    running: int
    costs: dict[str, float | None]

    @property
    def span(self) -> int:
        """Days from the first to the last order, both included."""
        if self.first_order_on is None or self.last_order_on is None:
            return 0
        return (self.last_order_on - self.first_order_on).days + 1

    @property
    def covered(self) -> int:
        """Days that ``revenue`` covers."""
        return min(self.span, A_YEAR)

    @property
    def orders_a_month(self) -> float:
        """In a month of 30.44 days, over the days that ``revenue`` covers."""
        return self.n_orders / max(1, self.covered) * A_MONTH

    @property
    def order_growth(self) -> float | None:
        """Of orders against the year before; None where that is not known."""
        return self.n_orders / self.n_orders_before - 1 if self.n_orders_before else None

    def a_month(self, n_recent: int) -> float:
        """Return what so many in the last 90 days are a month."""
        return n_recent / max(1, min(RECENT, self.span)) * A_MONTH
