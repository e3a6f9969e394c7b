"""The static rules that every feature is compared with: nothing, and bestsellers."""

from __future__ import annotations

from datetime import timedelta

import ibis
from ibis import _

from counterclick.decisions.policy import Ask, Policy
from counterclick.facts import Outcomes
from counterclick.facts.rows import all_rows

__all__ = ["POLICIES", "Bestsellers", "Nothing"]


class Nothing:
    """Shows nothing."""

    name = "nothing"
    needs = "nothing"

    def fit(self, outcomes: Outcomes) -> None:
        """Learn nothing."""

    def decide(self, ask: Ask) -> tuple[tuple[str, ...], tuple[float, ...], str]:  # noqa: ARG002 - the protocol's shape
        """Return no offers."""
        return (), (), "this arm shows nothing"


class Bestsellers:
    """The products sold most, net of returns, in the last 90 days of orders.

    Args:
        days: how far back orders count.
        most: how many products are kept.
    """

    name = "bestsellers"
    needs = "orders with lines"

    def __init__(self, days: int = 90, most: int = 100) -> None:
        self._days = days
        self._most = most
        self._ranked: tuple[tuple[str, float], ...] = ()

    def fit(self, outcomes: Outcomes) -> None:
        """Rank products by the units of orders that kept their goods."""
        lines = outcomes.order_lines
        kept = outcomes.orders.select("order_id", "units", "returned_units", "is_cancelled")
        joined = lines.join(kept, "order_id").filter(~_.is_cancelled)
        newest = lines.ordered_at.max().as_scalar()
        recent = joined.filter(
            joined.ordered_at >= newest - ibis.interval(seconds=int(timedelta(days=self._days).total_seconds()))
        )
        share = 1 - recent.returned_units.cast("float64") / recent.units.cast("float64")
        sold = recent.mutate(kept_units=recent.quantity * share).group_by("product_id").agg(kept_units=_.kept_units.sum())
        top = all_rows(sold.order_by([_.kept_units.desc(), _.product_id]).head(self._most))
        self._ranked = tuple((row["product_id"], float(row["kept_units"])) for row in top if row["kept_units"] > 0)

    def decide(self, ask: Ask) -> tuple[tuple[str, ...], tuple[float, ...], str]:
        """Return the best sellers that are not in the cart yet."""
        chosen = [(product, units) for product, units in self._ranked if product not in ask.cart][: ask.most]
        if not chosen:
            known = "all bestsellers are in the cart" if self._ranked else "no orders with lines are recorded to count from"
            return (), (), known
        offers, scores = zip(*chosen, strict=True)
        return offers, scores, f"sold most, net of returns, in the last {self._days} days of orders"


POLICIES: dict[str, type[Policy]] = {Nothing.name: Nothing, Bestsellers.name: Bestsellers}
"""name -> policy, for variants that are served here."""
