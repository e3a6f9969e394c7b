"""What is ordered, cancelled and returned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from counterclick.simulate.arms import Reached, effect
from counterclick.simulate.arrays import SECOND, Bools, Ints, items_in, place_in
from counterclick.simulate.catalogue import Catalogue
from counterclick.simulate.truth import ShopTruth
from counterclick.simulate.visits import Visitors, Visits

__all__ = ["Orders", "orders"]

TAX = 0.19
SHIPPING, FREE_FROM = 490, 5_000  # cents
TWO_UNITS = 0.12  # share of lines with two units
HOUR = 3600
LATEST = 3 * 24 * HOUR  # seconds from the visit to the latest order
DECIDED = 1_200  # seconds into a visit after which an order may be placed: the cart is full by then


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders and their lines; amounts in cents, times in microseconds.

    Attributes:
        ready: visits, shape (visits,), that end in an order whenever every arm is the control.
        visit: index of the visit of each order, shape (orders,).
        at: when it is placed, shape (orders,).
        n_lines: its lines, shape (orders,).
        value: net of tax, shipping and discount, shape (orders,).
        discount: taken off the lines' sum, shape (orders,).
        tax: on top, shape (orders,).
        shipping: on top, shape (orders,).
        cancelled: whether it is cancelled, shape (orders,).
        order: index of the order of each line, shape (lines,).
        product: the line's product, shape (lines,).
        quantity: units, shape (lines,).
        returned: whether the line comes back; never of a cancelled order, shape (lines,).
    """

    ready: Bools
    visit: Ints
    at: Ints
    n_lines: Ints
    value: Ints
    discount: Ints
    tax: Ints
    shipping: Ints
    cancelled: Bools
    order: Ints
    product: Ints
    quantity: Ints
    returned: Bools


def orders(
    truth: ShopTruth,
    who: Visitors,
    seen: Visits,
    meetings: list[Reached],
    goods: Catalogue,
    rng: np.random.Generator,
) -> Orders:
    """Draw the orders: this is where the true effects act, and nowhere else."""
    n = len(seen.at)
    rate = np.array(truth.order_rates)[who.high[seen.visitor].astype(np.int64)]
    chance = rng.random(n)
    visit = np.flatnonzero(seen.cart & (chance < rate * effect(meetings, "conversion", n))).astype(np.int64)
    lines_mean = truth.lines_mean * effect(meetings, "basket", n)[visit]
    n_lines = 1 + rng.poisson(np.maximum(lines_mean - 1, 0))
    order = items_in(n_lines)
    product = _products(truth, seen.product[visit], n_lines, goods, rng)
    quantity = 1 + (rng.random(len(order)) < TWO_UNITS).astype(np.int64)
    gross = np.bincount(order, weights=quantity * goods.price[product], minlength=len(visit)).astype(np.int64)
    depth = np.where(rng.random(len(visit)) < truth.discounted, truth.discount_depth, 0.0)
    discount = np.rint(gross * depth).astype(np.int64)
    value = gross - discount
    cancelled = rng.random(len(visit)) < truth.cancellation_rate
    return Orders(
        ready=seen.cart & (chance < rate),
        visit=visit,
        at=seen.at[visit] + _wait(truth, len(visit), rng),
        n_lines=n_lines,
        value=value,
        discount=discount,
        tax=np.rint(value * TAX).astype(np.int64),
        shipping=np.where(value < FREE_FROM, SHIPPING, 0),
        cancelled=cancelled,
        order=order,
        product=product,
        quantity=quantity,
        returned=(rng.random(len(order)) < truth.return_rate) & ~cancelled[order],
    )


def _products(truth: ShopTruth, wanted: Ints, n_lines: Ints, goods: Catalogue, rng: np.random.Generator) -> Ints:
    """Return each line's product: the wanted one first, then its companions or others, shape (lines,)."""
    first, place = np.repeat(wanted, n_lines), place_in(n_lines)
    other = goods.wanted(len(first), rng)
    goes_with = rng.random(len(first)) < truth.affinity
    further = np.where(goes_with, goods.companion(first, place), other)
    return np.where(place == 0, first, further)


def _wait(truth: ShopTruth, n: int, rng: np.random.Generator) -> Ints:
    """Return the time from a visit's begin to its order in microseconds, at most three days, shape (n,)."""
    soon = np.minimum(rng.exponential(HOUR / 6, n), HOUR)
    late = rng.uniform(HOUR, LATEST - DECIDED, n)
    seconds = DECIDED + np.where(rng.random(n) < truth.late_share, late, soon)
    return (seconds * SECOND).astype(np.int64)
