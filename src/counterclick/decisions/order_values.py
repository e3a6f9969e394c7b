"""What an order of a customer is worth: Gamma-Gamma, so that one large order is not taken for a habit.

The values of a customer's orders vary around a mean of its own: each is Gamma(p, nu), and nu is drawn from Gamma(q, gamma).
What is expected of a customer lies between the mean of its own orders and that of all customers, the nearer to its own the
more it has. How often and for how much are taken as independent; `related` says how far that holds.

Source: Fader and Hardie, The gamma-gamma model of monetary value (2013), brucehardie.com/notes/025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from counterclick.errors import RefusedError

__all__ = ["OrderValues", "fitted_order_values", "related"]

Numbers = NDArray[np.float64]
_LEAST = 30
"""Customers with an order of value, below which nothing is learned of the others."""


@dataclass(frozen=True, slots=True)
class OrderValues:
    """What was learned of the values of orders in general.

    Attributes:
        p: shape of the values of one customer's orders.
        q: shape of the customers' own scales; above 1, so that there is a mean.
        gamma: their scale, in the values' currency.
        log_likelihood: of what it was fitted to.
        n: customers that it was fitted to.
    """

    p: float
    q: float
    gamma: float
    log_likelihood: float
    n: int

    @property
    def mean(self) -> float:
        """Of an order of somebody of whom nothing is known."""
        return self.p * self.gamma / (self.q - 1)

    def expected(self, orders: Numbers, mean: Numbers) -> Numbers:
        """Return what the next order of each customer is expected to be worth.

        Args:
            orders: how many orders of it are known, 0 or more.
            mean: their mean value; anything where there is none.
        """
        some = np.where(orders > 0, mean, 0.0)
        found: Numbers = self.p * (self.gamma + orders * some) / (self.p * orders + self.q - 1)
        return found

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers, such as JSON can hold."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> OrderValues:
        """Return what `to_plain` wrote, also after it was JSON."""
        return cls(**plain)


def fitted_order_values(orders: Numbers, mean: Numbers) -> OrderValues:
    """Return the model under which the mean values of customers are likeliest.

    Customers without an order, or whose orders are worth nothing or less (gifts, whole returns), say nothing of values and
    are left out.

    Args:
        orders: how many orders of each customer are known.
        mean: their mean value.

    Raises:
        RefusedError: too few customers have an order of value, or no mean value is to be expected.
    """
    some = (orders > 0) & (mean > 0) & np.isfinite(mean)
    n = int(some.sum())
    if n < _LEAST:
        raise RefusedError(
            f"{n:,} customers have orders worth more than 0; {_LEAST} are needed to learn what orders are worth."
        )
    x, unit = orders[some], float(mean[some].mean())
    z = mean[some] / unit

    def loss(logs: Numbers) -> tuple[float, Numbers]:
        value, slope = _log_likelihood(np.exp(logs), x, z)
        return -value / n, -slope * np.exp(logs) / n

    options = {"maxiter": 1_000, "ftol": 1e-14, "gtol": 1e-9}
    begin = np.log([2.0, 3.0, 1.0])
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=[(-12, 12)] * 3, options=options)
    p, q, gamma = (float(each) for each in np.exp(found.x))
    if not np.isfinite(found.fun) or q <= 1:
        raise RefusedError(
            f"the orders of {n:,} customers differ so much in value that none is to be expected on average (q = {q:.2f}; "
            "above 1 there is a mean). Look for orders of another currency, or of wholesale."
        )
    return OrderValues(p, q, gamma * unit, -float(found.fun) * n - n * float(np.log(unit)), n)


def related(orders: Numbers, mean: Numbers) -> float:
    """Return the correlation of how many orders customers have with what they are worth: near 0 where the model holds.

    Args:
        orders: how many orders of each customer are known, above 0.
        mean: their mean value.

    Raises:
        RefusedError: all customers have as many orders, or orders of the same value.
    """
    if np.ptp(orders) == 0 or np.ptp(mean) == 0:
        raise RefusedError("orders or their values are the same for all customers: whether they go together is not known.")
    return float(np.corrcoef(orders, mean)[0, 1])


def _log_likelihood(parameters: Numbers, x: Numbers, z: Numbers) -> tuple[float, Numbers]:
    """Return the log likelihood and its slope in p, q and gamma."""
    p, q, gamma = parameters
    total = gamma + x * z
    logs = np.log(total)
    value = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
    value += (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * logs
    both = digamma(p * x + q)
    slope = (
        x * (both - digamma(p * x) + np.log(z) + np.log(x) - logs),
        both - digamma(q) + np.log(gamma) - logs,
        q / gamma - (p * x + q) / total,
    )
    return float(value.sum()), np.array([each.sum() for each in slope])
