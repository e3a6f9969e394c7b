"""How many orders a customer will still place: MBG/NBD, and BG/NBD beside it, by which it is checked.

While a customer stays, orders come at random at a rate of its own, drawn from Gamma(r, alpha); after an order it leaves for
good with a chance of its own, drawn from Beta(a, b). In MBG/NBD it may leave after every order, its first among them; in
BG/NBD only after later ones. That is their whole difference: of x later orders, x + 1 or x were chances to leave.

BG/NBD's chance that a customer is still there is 1 for everybody who ordered once, however long ago that was: the model has
no way for them to have left. It is refused here, whoever asks; MBG/NBD's holds.

Sources: Fader, Hardie and Lee, "Counting your customers" the easy way, Marketing Science 24 (2005), 275-284; Batislam,
Denizel and Filiztekin, Empirical validation and comparison of models for customer base analysis, IJRM 24 (2007), 201-209.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln

from counterclick.errors import RefusedError

__all__ = ["LEAST_CUSTOMERS", "Histories", "RepeatBuying", "fitted_repeat_buying"]

Numbers = NDArray[np.float64]
LEAST_CUSTOMERS = 30
"""Customers who came back, below which nothing is learned of the others."""

_NODES = 48
"""Of the quadrature over the chance to leave; 48 agree with the closed form to nine digits (tests)."""

_BOUNDS = (-12.0, 12.0)
"""Of the logs of parameters: beyond either, a likelihood is flat."""


@dataclass(frozen=True, slots=True)
class Histories:
    """What customers did until a moment, in columns; any unit of time, the same for all.

    Attributes:
        later: orders after the first, 0 or more.
        last: from the first order to the last one; 0 where there is only one.
        age: from the first order to the moment.
    """

    later: Numbers
    last: Numbers
    age: Numbers

    def __post_init__(self) -> None:
        lengths = {len(self.later), len(self.last), len(self.age)}
        if len(lengths) != 1:
            raise RefusedError(
                f"histories have columns of {sorted(lengths)} rows; each customer has one row in all of them."
            )
        odd = (self.later < 0) | (self.last < 0) | (self.last > self.age) | ((self.later == 0) != (self.last == 0))
        odd |= ~np.isfinite(self.later + self.last + self.age)
        if odd.any():
            n = int(np.flatnonzero(odd)[0])
            raise RefusedError(
                f"history {n} has {self.later[n]:g} later orders, the last after {self.last[n]:g}, at the age of "
                f"{self.age[n]:g}: the last order lies between the first one and now, and apart from the first where there "
                "are later ones. Orders of one day count as one."
            )

    def __len__(self) -> int:
        return len(self.later)


@dataclass(frozen=True, slots=True)
class RepeatBuying:
    """What was learned of customers in general.

    Attributes:
        r: shape of the rates of orders.
        alpha: their scale, in the histories' unit of time.
        a: of the chance to leave; its mean is a / (a + b).
        b: of the same.
        leaves_at_once: whether a customer may leave after its first order: MBG/NBD; False is BG/NBD.
        log_likelihood: of the histories that it was fitted to.
        n: how many these were.
    """

    r: float
    alpha: float
    a: float
    b: float
    leaves_at_once: bool
    log_likelihood: float
    n: int

    def alive(self, histories: Histories) -> Numbers:
        """Return the chance that each customer has not left.

        Args:
            histories: of customers.

        Raises:
            RefusedError: the model is BG/NBD, whose chance is 1 for everybody who ordered once.
        """
        if not self.leaves_at_once:
            raise RefusedError(
                "BG/NBD says that everybody who ordered once is still there, however long ago that was; its chance is not "
                "shown. Fit MBG/NBD (leaves_at_once=True) to ask who is still there."
            )
        return self._alive(histories)

    def expected_orders(self, histories: Histories, horizon: float) -> Numbers:
        """Return how many orders each customer is expected to place within a time from now on.

        Given that it is still there, its rate is Gamma(r + x, alpha + T) and its chance to leave p is Beta(a, b + chances).
        For one p that makes (1 - (1 + p t / (alpha + T))^-(r + x)) / p orders; the mean over p is taken by Gauss-Jacobi
        quadrature. It is the closed form of the papers without their hypergeometric function, which fails near a = 1 and
        for many orders.

        Args:
            histories: of customers.
            horizon: time from now on, above 0, in the histories' unit.

        Raises:
            RefusedError: the horizon is not above 0.
        """
        if not 0 < horizon < np.inf:
            raise RefusedError(f"orders are expected within a time above 0; the horizon was {horizon}.")
        found = np.zeros(len(histories))
        reach = horizon / (self.alpha + histories.age)
        kinds, kind = np.unique(histories.later, return_inverse=True)
        by_kind = np.argsort(kind, kind="stable")
        ends = np.cumsum(np.bincount(kind, minlength=len(kinds)))
        for x, rows in zip(kinds, np.split(by_kind, ends[:-1]), strict=True):
            p, weights = _beta_nodes(self.a, self.b + x + self.leaves_at_once)
            near = reach[rows]
            total = np.zeros(len(rows))
            for chance, weight in zip(p, weights, strict=True):  # a node at a time: a million customers stay in memory
                total += weight / chance * -np.expm1(-(self.r + x) * np.log1p(chance * near))
            found[rows] = total
        return found * self._alive(histories)

    def new_customers(self, horizon: float) -> float:
        """Return how many later orders somebody is expected to place within a time from the first order on.

        Args:
            horizon: from the first order on, above 0.
        """
        return float(self.expected_orders(Histories(*(np.zeros(1) for _column in range(3))), horizon)[0])

    def _alive(self, histories: Histories) -> Numbers:
        found: Numbers = expit(-_odds_left((self.r, self.alpha, self.a, self.b), histories, leaves=self.leaves_at_once))
        return found

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers and texts, such as JSON can hold."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> RepeatBuying:
        """Return what `to_plain` wrote, also after it was JSON."""
        return cls(**plain)


def fitted_repeat_buying(histories: Histories, *, leaves_at_once: bool = True) -> RepeatBuying:
    """Return the model under which what customers did is likeliest.

    Customers with the same history are counted once. The likelihood's slope is exact.

    Args:
        histories: of customers, each from its first order on.
        leaves_at_once: MBG/NBD; False for BG/NBD.

    Raises:
        RefusedError: fewer than `LEAST_CUSTOMERS` came back, or nobody stayed away, or no best parameters are found.
    """
    back = int((histories.later > 0).sum())
    if back < LEAST_CUSTOMERS:
        raise RefusedError(
            f"of {len(histories):,} customers {back:,} ordered again; {LEAST_CUSTOMERS} that did are needed to learn how "
            "often customers order and when they leave."
        )
    rows, counts = np.unique(np.column_stack([histories.later, histories.last, histories.age]), axis=0, return_counts=True)
    # In its own unit of time: the mean age is 1, so that no parameter begins far off.
    unit = float(np.average(rows[:, 2], weights=counts)) or 1.0
    scaled = Histories(rows[:, 0], rows[:, 1] / unit, rows[:, 2] / unit)
    weights = counts.astype(np.float64)

    kinds = np.unique(scaled.later, return_inverse=True)

    def loss(logs: Numbers) -> tuple[float, Numbers]:
        value, slope = _log_likelihood(np.exp(logs), scaled, kinds, weights, leaves=leaves_at_once)
        return -value / len(histories), -slope * np.exp(logs) / len(histories)

    options = {"maxiter": 1_000, "ftol": 1e-14, "gtol": 1e-9}
    tried = [
        minimize(loss, np.log(begin), jac=True, method="L-BFGS-B", bounds=[_BOUNDS] * 4, options=options)
        for begin in ((0.5, 0.5, 1.0, 2.0), (2.0, 1.0, 0.3, 3.0))
    ]
    best = min(tried, key=lambda each: float(each.fun))
    if not np.isfinite(best.fun):
        raise RefusedError(
            f"no parameters make the orders of {len(histories):,} customers likely; look whether times are right."
        )
    r, alpha, a, b = (float(each) for each in np.exp(best.x))
    # Times in another unit change the density of each later order by the unit.
    shift = float((scaled.later * weights).sum() * np.log(unit))
    value = -float(best.fun) * len(histories) - shift
    return RepeatBuying(r, alpha * unit, a, b, leaves_at_once, value, len(histories))


def _odds_left(parameters: tuple[float, ...] | Numbers, histories: Histories, *, leaves: bool) -> Numbers:
    """Return the log odds that each customer has left; minus infinity where it had no chance to."""
    r, alpha, a, b = parameters
    x = histories.later
    chances = x + leaves
    idle = (r + x) * (np.log(alpha + histories.age) - np.log(alpha + histories.last))
    return np.where(chances > 0, np.log(a) - np.log(np.where(chances > 0, b + chances - 1, 1.0)) + idle, -np.inf)


def _log_likelihood(
    parameters: Numbers, histories: Histories, later: tuple[Numbers, NDArray[np.intp]], counts: Numbers, *, leaves: bool
) -> tuple[float, Numbers]:
    """Return the log likelihood and its slope in r, alpha, a and b; ``later``: different numbers of orders, and whose."""
    r, alpha, a, b = parameters
    kinds, kind = later
    chances = kinds + leaves
    by_kind = gammaln(r + kinds) - gammaln(r) + gammaln(b + chances) - gammaln(b) + gammaln(a + b) - gammaln(a + b + chances)
    in_r, in_b = digamma(r + kinds) - digamma(r), digamma(b + chances) - digamma(b)
    in_both = digamma(a + b) - digamma(a + b + chances)
    x, ages, lasts = histories.later, alpha + histories.age, alpha + histories.last
    odds = _odds_left(parameters, histories, leaves=leaves)
    left = expit(odds)
    value = by_kind[kind] + r * np.log(alpha) - (r + x) * np.log(ages) + np.logaddexp(0, odds)
    per_chance = np.where(x + leaves > 0, b + x + leaves - 1, np.inf)
    slopes = (
        in_r[kind] + np.log(alpha) - np.log(ages) + left * (np.log(ages) - np.log(lasts)),
        r / alpha - (r + x) / ages + left * (r + x) * (1 / ages - 1 / lasts),
        in_both[kind] + left / a,
        (in_b + in_both)[kind] - left / per_chance,
    )
    return float(counts @ value), np.array([counts @ slope for slope in slopes])


def _beta_nodes(a: float, b: float) -> tuple[Numbers, Numbers]:
    """Return points between 0 and 1 and weights that sum to 1: the mean of a smooth function over Beta(a, b).

    Source: Golub and Welsch, Calculation of Gauss quadrature rules, Mathematics of Computation 23 (1969), 221-230.
    """
    at_one, at_zero = b - 1, a - 1
    k = np.arange(1, _NODES)
    total = 2 * k + at_one + at_zero
    middle = np.concatenate(
        [[(at_zero - at_one) / (at_one + at_zero + 2)], (at_zero**2 - at_one**2) / (total * (total + 2))],
    )
    beside = 4 * k * (k + at_one) * (k + at_zero) / (total**2 * (total + 1))
    beside[1:] *= ((k + at_one + at_zero) / (total - 1))[1:]  # of the first one both are the same, and may be 0
    points, vectors = eigh_tridiagonal(middle, np.sqrt(beside))
    return np.clip((points + 1) / 2, 1e-300, 1.0), vectors[0] ** 2
