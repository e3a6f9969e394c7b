"""Who comes, when, and with what in mind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

import numpy as np
import pyarrow as pa

from counterclick.simulate.arrays import SECOND, Bools, Ints, ids, items_in, place_in
from counterclick.simulate.catalogue import Catalogue
from counterclick.simulate.truth import WEEKDAYS, ShopTruth

__all__ = ["BROWSED", "DAY", "Visitors", "Visits", "device", "first_midnight", "visitors", "visits"]

DAY = 86_400 * SECOND
OPENS, OPEN_FOR = 5.0, 16.5  # hours UTC; so a visit's day is the same day in UTC and in central Europe
BROWSED = 600
"""Seconds into a visit after which a cart may be laid; surfaces other than the cart show before."""


@dataclass(frozen=True, slots=True)
class Visitors:
    """The visitors; arrays have the shape (visitors,).

    Attributes:
        visitor_id: their keys.
        customer_id: the key each has, or would have after an order. A customer may come as several visitors.
        high: whether the intent is high.
        returning: whether they are customers already.
        day: midnight UTC of the first visit's day, in microseconds.
        mobile: whether the device is a phone.
    """

    visitor_id: pa.Array
    customer_id: pa.Array
    high: Bools
    returning: Bools
    day: Ints
    mobile: Bools


@dataclass(frozen=True, slots=True)
class Visits:
    """The visits, by visitor and then by time; arrays have the shape (visits,).

    Attributes:
        visitor: index of the visitor.
        first: whether it is the visitor's first.
        at: when it begins, in microseconds.
        product: the product that the visitor has in mind.
        cart: whether something is laid into the cart.
        cart_at: when that is or would be, in microseconds.
    """

    visitor: Ints
    first: Bools
    at: Ints
    product: Ints
    cart: Bools
    cart_at: Ints


CUSTOMERS_PER_RETURNING = 4
"""Customers that returning visitors are drawn from, for each of them: about one in nine comes as several visitors."""


def first_midnight(truth: ShopTruth) -> int:
    """Return the first day's midnight UTC in microseconds since 1970."""
    return int(datetime.combine(truth.starts_on, time(), UTC).timestamp()) * SECOND


def visitors(truth: ShopTruth, seed: int, rng: np.random.Generator) -> Visitors:
    """Draw the visitors of a shop."""
    n = truth.visitors
    days = np.arange(truth.weeks * WEEKDAYS)
    weekday = np.array(truth.weekdays)[(days + truth.starts_on.weekday()) % WEEKDAYS]
    season = 1 + truth.season * np.sin(2 * np.pi * days / (WEEKDAYS * truth.season_weeks))
    traffic = np.cumsum(weekday * season)
    day = np.minimum(np.searchsorted(traffic, rng.random(n) * traffic[-1], side="right"), days[-1])
    returning = rng.random(n) < truth.returning
    pool = max(1, CUSTOMERS_PER_RETURNING * int(returning.sum()))
    customer = np.where(returning, rng.integers(0, pool, n), pool + np.arange(n))
    return Visitors(
        visitor_id=ids(f"s{seed}-v", np.arange(n)),
        customer_id=ids(f"s{seed}-c", customer),
        high=rng.random(n) < truth.high_intent,
        returning=returning,
        day=first_midnight(truth) + day * DAY,
        mobile=rng.random(n) < 0.65,  # noqa: PLR2004 - a share of phones that nothing depends on
    )


def visits(truth: ShopTruth, who: Visitors, goods: Catalogue, rng: np.random.Generator) -> Visits:
    """Draw each visitor's visits: up to three, on consecutive days.

    With orders at most three days after a visit, every order follows first eligibility within six days.
    """
    count = 1 + np.searchsorted(np.cumsum(truth.visits)[:-1], rng.random(truth.visitors), side="right")
    visitor, place = items_in(count), place_in(count)
    n = len(visitor)
    hour = OPENS + OPEN_FOR * rng.beta(2.0, 1.6, n)
    at = who.day[visitor] + place * DAY + (hour * 3600 * SECOND).astype(np.int64)
    later = rng.uniform(BROWSED + 30, 900, n) * SECOND
    return Visits(
        visitor=visitor,
        first=place == 0,
        at=at,
        product=goods.wanted(n, rng),
        cart=rng.random(n) < np.array(truth.cart_rates)[who.high[visitor].astype(np.int64)],
        cart_at=at + later.astype(np.int64),
    )


def device(who: Visitors, visitor: Ints) -> pa.Array:
    """Return the device of each of these visitors, shape (n,)."""
    return pa.array(["desktop", "mobile"]).take(pa.array(who.mobile[visitor].astype(np.int64)))
