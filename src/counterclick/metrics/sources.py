"""The tables that measures are added up from, each with ``visitor_id`` and ``measured_at``."""

from __future__ import annotations

from functools import cached_property

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick import attribution
from counterclick.attribution import Rule
from counterclick.facts import Facts

__all__ = ["OWN_SURFACE", "Sources"]

OWN_SURFACE = frozenset(
    {
        "impressions",
        "clicks",
        "answers",
        "interactions",
        "touches",
        "successes",
        "shown",
        "shown_orders",
        "credits",
    }
)
"""Tables whose rows name the surface that they belong to."""


class Sources:
    """Facts and credits in the shape that measures need.

    Args:
        facts: the shop's tables.
        rule: the shop's rule of attribution; its window is also that of success and submit rates.
        orders: orders to use instead of ``facts.orders``, such as those of an experiment's assigned visitors.
        surface: of tables whose rows name their surface, `rows` returns those of this one only.
    """

    def __init__(self, facts: Facts, rule: Rule, orders: Table | None = None, surface: str | None = None) -> None:
        self.facts = facts
        self.rule = rule
        self.surface = surface
        self._orders = orders

    def rows(self, source: str) -> Table:
        """Return the table of that name: of the one surface, where one was asked for and its rows name theirs."""
        table: Table = getattr(self, source)
        if self.surface is None or source not in OWN_SURFACE:
            return table
        return table.filter(table.surface == self.surface)

    @cached_property
    def orders(self) -> Table:
        """Grain: one order."""
        sold = self.facts.orders if self._orders is None else self._orders
        kept = sold.matured_net_revenue.cast("float64") / sold.revenue.cast("float64").nullif(0)
        return sold.mutate(
            measured_at=sold.ordered_at,
            is_itemised=sold.units.notnull().cast("int64"),
            kept_margin=sold.margin.cast("float64") * ibis.coalesce(kept, 0.0),
            is_returned=(sold.returned_units > 0).cast("int64"),
        )

    @property
    def cart_adds(self) -> Table:
        """Grain: one add to cart."""
        moves = self.facts.cart_moves
        return moves.filter(moves.is_add).rename(measured_at="occurred_at").drop("surface")

    @property
    def carts(self) -> Table:
        """Grain: one cart, placed where it was last touched: the cart in which a visitor became eligible counts."""
        return self.facts.carts.rename(measured_at="ended_at").drop("started_at")

    @property
    def sessions(self) -> Table:
        """Grain: one session, placed at its end: the session in which a visitor became eligible counts."""
        return self.facts.sessions.rename(measured_at="ended_at").drop("started_at")

    @property
    def impressions(self) -> Table:
        """Grain: one list shown or message sent."""
        return self.facts.impressions.rename(measured_at="occurred_at")

    @cached_property
    def _engaged(self) -> Table:
        return self.facts.interactions.rename(measured_at="occurred_at")

    @property
    def clicks(self) -> Table:
        """Grain: one click."""
        return self._engaged.filter(self._engaged.is_click)

    @property
    def answers(self) -> Table:
        """Grain: one answer of an assistant."""
        return self._engaged.filter(self._engaged.is_answer)

    @property
    def interactions(self) -> Table:
        """Grain: one answer or click."""
        return self._engaged.filter(self._engaged.is_interaction)

    @property
    def touches(self) -> Table:
        """Grain: one helpful answer or click."""
        return self._engaged.filter(self._engaged.is_touch)

    @property
    def successes(self) -> Table:
        """Grain: one touch that an order of the same person followed within the window."""
        touches = self.touches
        bought = self.orders.select("order_id", _person="person_id", bought_at="ordered_at")
        after = touches.join(
            bought,
            [
                touches.person_id == bought["_person"],
                bought.bought_at > touches.measured_at,
                bought.bought_at <= touches.measured_at + self._window,
            ],
        )
        once = after.group_by("interaction_id", "kind").agg(
            visitor_id=_.visitor_id.max(),
            surface=_.surface.max(),
            measured_at=_.measured_at.max(),
            order_id=_.order_id.min(),
        )
        return self._kept(once, "successes")

    @property
    def shown(self) -> Table:
        """Grain: one product in one list."""
        return self.facts.shown_products.rename(measured_at="occurred_at")

    @property
    def shown_orders(self) -> Table:
        """Grain: one product of one order and one surface that had shown it within the window before."""
        shown = self.shown.select("surface", "product_id", _person="person_id", shown_at="measured_at")
        who = self.orders.select("order_id", "visitor_id", "person_id", "ordered_at")
        lines = self.facts.order_lines.select("order_id", "product_id").distinct()
        sold = lines.join(who, "order_id")
        pairs = sold.join(
            shown,
            [
                sold.person_id == shown["_person"],
                sold.product_id == shown.product_id,
                shown.shown_at < sold.ordered_at,
                shown.shown_at >= sold.ordered_at - self._window,
            ],
        )
        once = pairs.group_by("order_id", "product_id", "surface").agg(
            visitor_id=_.visitor_id.max(), measured_at=_.shown_at.max()
        )
        return self._kept(once, "shown_orders")

    @property
    def credits(self) -> Table:
        """Grain: one credited order."""
        credited = self._kept(attribution.credits(self.orders, self.facts.interactions, self.rule), "credited")
        owner = self.orders.select("visitor_id", _order="order_id")
        return credited.join(owner, credited.order_id == owner["_order"]).mutate(measured_at=_.ordered_at)

    def _kept(self, rows: Table, name: str) -> Table:
        """Return rows that belong to orders, computed once where they are the shop's own orders."""
        return rows if self._orders is not None else self.facts.kept(rows, name, ("order_id",))

    @property
    def _window(self) -> ibis.Value:
        return ibis.interval(seconds=int(self.rule.window.total_seconds()))
