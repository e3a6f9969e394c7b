"""What an on/off test reads of a shop: revenue by day, the decision lag, and when the surface was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import numpy as np
from ibis import _
from ibis.expr.types import Table

from counterclick.errors import EmptyStoreError
from counterclick.experiments.stakes import COSTS_KNOWN
from counterclick.facts import Facts
from counterclick.facts.local_time import local
from counterclick.facts.rows import all_rows, one_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Daily", "Lag", "daily_revenue", "decision_lag", "margin_rate", "surface_events"]

FOLLOWED_DAYS = 28
"""Days for which a visitor must have been followed for its lag to count; a longer lag is no block's."""
LEAST_ORDERS = 50
"""First orders behind a decision lag at least."""
_HOUR, _DAY = 3600, 86_400
_NO_VISIT = ("purchase", "refund", "message_sent")


@dataclass(frozen=True, slots=True)
class Daily:
    """Revenue of the whole shop by its own days.

    Attributes:
        first_on: the first day with an order.
        revenue: of each day from then on to the last one with an order; net of discount, before returns.
    """

    first_on: date
    revenue: Floats

    @property
    def last_on(self) -> date:
        """The last day with an order."""
        return self.first_on + timedelta(days=len(self.revenue) - 1)

    def between(self, first: date, last: date) -> Floats:
        """Return the revenue of each day of a time; days without orders, or outside of the record, have none."""
        found = np.zeros((last - first).days + 1)
        skipped = (first - self.first_on).days
        for place in range(len(found)):
            if 0 <= skipped + place < len(self.revenue):
                found[place] = self.revenue[skipped + place]
        return found


@dataclass(frozen=True, slots=True)
class Lag:
    """How long buyers of this shop take from their first visit to their first order.

    Attributes:
        n_orders: first orders that it was measured on.
        days: within which nine in ten of them came.
        spill: share of them on the same day of the shop, the next, ...
    """

    n_orders: int
    days: float
    spill: tuple[float, ...]


def daily_revenue(facts: Facts, timezone: str) -> Daily:
    """Return the revenue of each day of the shop.

    Raises:
        EmptyStoreError: there are no orders.
    """
    orders = facts.orders
    by_day = orders.group_by(ordered_on=local(orders.ordered_at, timezone).cast("date")).agg(
        revenue=_.revenue.sum().cast("float64")
    )
    found = {row["ordered_on"]: row["revenue"] for row in all_rows(by_day)}
    if not found:
        raise EmptyStoreError(
            "no orders are recorded, and an on/off test compares the revenue of days. Record them with "
            "`counterclick record FILE...`."
        )
    first = min(found)
    days = [first + timedelta(days=place) for place in range((max(found) - first).days + 1)]
    return Daily(first, np.array([found.get(day, 0.0) for day in days]))


def decision_lag(facts: Facts, timezone: str) -> Lag | None:
    """Return the time from a visitor's first visit to its first order; None where too few orders have a visit before.

    Only visitors count who were first seen 28 days or more before the last order, and who ordered within 28 days: the
    others were not followed for long enough, or take longer than any block.
    """
    events, orders = facts.events, facts.orders
    seen = (
        events.filter(events.visitor_id.notnull() & ~events.kind.isin(_NO_VISIT))
        .group_by("visitor_id")
        .agg(seen_at=_.occurred_at.min())
    )
    bought = orders.filter(orders.visitor_id.notnull()).group_by(_buyer="visitor_id").agg(bought_at=_.ordered_at.min())
    last = orders.agg(last_at=_.ordered_at.max())
    both = seen.join(bought, seen.visitor_id == bought["_buyer"]).cross_join(last)
    followed = both.filter(
        (both.seen_at <= both.bought_at)
        & (both.bought_at < both.seen_at + ibis.interval(days=FOLLOWED_DAYS))
        & (both.seen_at <= both.last_at - ibis.interval(days=FOLLOWED_DAYS))
    )
    day = [
        (local(followed[name], timezone).epoch_seconds() / _DAY).floor().cast("int64") for name in ("seen_at", "bought_at")
    ]
    lags = followed.select(
        hours=((followed.bought_at.epoch_seconds() - followed.seen_at.epoch_seconds()) / _HOUR).floor().cast("int64"),
        days=day[1] - day[0],
    )
    rows = all_rows(lags.group_by("hours", "days").agg(n=_.count()).order_by("hours", "days"))
    n_orders = sum(row["n"] for row in rows)
    if n_orders < LEAST_ORDERS:
        return None
    upto = np.cumsum([row["n"] for row in rows])
    within = rows[int(np.searchsorted(upto, 0.9 * n_orders))]["hours"] + 1  # by the end of that hour
    shares = np.zeros(1 + max(row["days"] for row in rows))
    for row in rows:
        shares[row["days"]] += row["n"] / n_orders
    return Lag(n_orders, within * _HOUR / _DAY, tuple(float(share) for share in shares))


def margin_rate(facts: Facts, otherwise: float | None) -> float | None:
    """Return the share of revenue left after the cost of goods: as recorded for nearly all revenue, else as declared."""
    row = one_row(
        facts.orders.agg(
            margin=_.margin.sum().cast("float64"),
            costed=_.costed_revenue.sum().cast("float64"),
            revenue=_.revenue.sum().cast("float64"),
        )
    )
    if row["costed"] and row["costed"] >= COSTS_KNOWN * row["revenue"]:
        return float(row["margin"] / row["costed"])
    return otherwise


def surface_events(facts: Facts, surface: str, timezone: str) -> dict[date, int]:
    """Return how often a surface showed something, answered or was clicked on each day of the shop.

    What happens to messages after they were sent does not count: a message of an on day may be opened on any day.
    """

    def by_day(table: Table) -> Table:
        own = table.filter(table.surface == surface)
        return own.select(happened_on=local(own.occurred_at, timezone).cast("date"))

    used = facts.interactions.filter(~facts.interactions.kind.startswith("message_"))
    both = by_day(facts.impressions).union(by_day(used))
    counted = all_rows(both.group_by("happened_on").agg(n=_.count()))
    return {row["happened_on"]: row["n"] for row in counted}
