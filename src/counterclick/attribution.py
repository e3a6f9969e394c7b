"""Who may claim an order: a credit rule, never a verdict.

One rule object with two values, first and last touch. A touch is strictly before the order and within the window; an
order is credited to one touch at most, so that credits never exceed revenue. What a rule credits is called
*attributed*; only a randomised experiment makes it *incremental*.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.facts.parts import NESTED, Parts
from counterclick.facts.people import first_rows

__all__ = [
    "FirstTouch",
    "LastTouch",
    "Rule",
    "claimed",
    "claims",
    "credited",
    "credits",
    "line_credits",
    "pairs",
    "within",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of credit.

    Attributes:
        touch: which touch gets the order, the first or the last in the window.
        window: how long before the order a touch may lie.
        helpful_only: only touches count; otherwise every interaction does, unhelpful answers and opened messages too.
    """

    touch: Literal["first", "last"] = "first"
    window: timedelta = timedelta(hours=24)
    helpful_only: bool = True

    @property
    def in_words(self) -> str:
        """How it credits."""
        only = ", helpful only" if self.helpful_only else ""
        return f"{self.touch} touch, {self.window.total_seconds() / 3600:g} h{only}"

    def over(self, window: timedelta) -> Rule:
        """Return the same rule over another window."""
        return replace(self, window=window)


def FirstTouch(window: timedelta = timedelta(hours=24), *, helpful_only: bool = True) -> Rule:  # noqa: N802 - reads as a value's name
    """Return the rule that credits the first touch in the window: the product's own."""
    return Rule("first", window, helpful_only)


def LastTouch(window: timedelta = timedelta(hours=24), *, helpful_only: bool = True) -> Rule:  # noqa: N802 - reads as a value's name
    """Return the rule that credits the last touch in the window: what most tools show."""
    return Rule("last", window, helpful_only)


def candidates(orders: Table, interactions: Table, rule: Rule) -> Table:
    """Every pair of an order and an interaction that may claim it.

    Grain: one pair. Columns: order_id, ordered_at, revenue, kind and interaction_id (together the interaction's key),
    surface, touched_at, is_touch.
    """
    return within(pairs(orders, interactions, rule.window), rule)


def pairs(orders: Table, interactions: Table, window: timedelta) -> Table:
    """Every interaction of an order's person in the window before it, touch or not: what all rules choose from.

    Grain: one pair. Columns: as `candidates`.

    Args:
        orders: `counterclick.facts.Facts.orders`.
        interactions: `counterclick.facts.Facts.interactions`.
        window: the widest that is asked for.
    """
    engaged = interactions.select(
        "surface", "kind", "interaction_id", "is_touch", _person="person_id", touched_at=interactions.occurred_at
    )
    bought = orders.filter(orders.person_id.notnull()).select("order_id", "person_id", "ordered_at", "revenue")
    return bought.join(
        engaged,
        [
            bought.person_id == engaged["_person"],
            engaged.touched_at < bought.ordered_at,
            engaged.touched_at >= bought.ordered_at - _seconds(window),
        ],
    ).drop("_person", "person_id")


def within(paired: Table, rule: Rule) -> Table:
    """Return those of `pairs` that a rule admits: within its window, and touches alone where it wants them."""
    inside = paired.filter(paired.touched_at >= paired.ordered_at - _seconds(rule.window))
    return inside.filter(inside.is_touch) if rule.helpful_only else inside


def credits(orders: Table, interactions: Table, rule: Rule) -> Table:  # noqa: A001 - the field's own word
    """Orders credited to surfaces.

    Grain: one credited order. Columns: order_id, ordered_at, attributed_revenue (the order's revenue, all of it),
    kind and interaction_id (together the interaction's key), surface, touched_at, is_touch.

    Args:
        orders: `counterclick.facts.Facts.orders`.
        interactions: `counterclick.facts.Facts.interactions`.
        rule: first or last touch, window, helpful only.
    """
    return credited(candidates(orders, interactions, rule), rule)


def credited(admitted: Table, rule: Rule) -> Table:
    """Return the one candidate of each order that the rule credits; `credits` says the columns.

    Args:
        admitted: `candidates`, or `within` of wider `pairs`.
        rule: which touch gets the order.
    """
    by_time = [_.touched_at, _.interaction_id, _.kind]
    if rule.touch == "last":
        by_time = [_.touched_at.desc(), _.interaction_id.desc(), _.kind.desc()]
    return first_rows(admitted, "order_id", by_time).rename(attributed_revenue="revenue")


def claims(orders: Table, interactions: Table, rule: Rule) -> Table:
    """Orders as each surface alone would claim them: every surface with an interaction in the window claims it all.

    Grain: one order and surface; an order claimed by two surfaces stands here twice. Columns: order_id, surface,
    claimed_revenue.
    """
    return claimed(candidates(orders, interactions, rule))


def claimed(admitted: Table) -> Table:
    """Return each surface's claim on each order, once; `claims` says the columns."""
    return admitted.group_by("order_id", "surface").agg(claimed_revenue=_.revenue.max())


def _seconds(window: timedelta) -> ibis.Value:
    return ibis.interval(seconds=int(window.total_seconds()))


def line_credits(
    credited: Table,
    order_lines: Table,
    interactions: Table,
    catalogue: Table,
    events: Table,
    parts: Parts = NESTED,
) -> Table:
    """Credits split over the lines of their orders by how near each line is to what the touch was about.

    Grain: one line of a credited order. Columns: order_id, line_number, surface, attributed_revenue (the line's share
    of the order's revenue), nearness: ``same product``, ``same category`` or ``rest of the order``.

    Args:
        credited: `credits`.
        order_lines: `counterclick.facts.Facts.order_lines`.
        interactions: `counterclick.facts.Facts.interactions`.
        catalogue: `counterclick.facts.Facts.products`.
        events: the events table, for the products that answers matched.
        parts: how these are found.
    """
    clicked = interactions.filter(interactions.product_id.notnull()).select("kind", "interaction_id", "product_id")
    answers = events.filter(events.kind == "assistant_answer")
    matched = parts.flat(answers, "assistant_answer", "matched_products", ("kind", "event_id"))
    about = clicked.union(matched.select("kind", interaction_id="event_id", product_id="part_product_id"))
    category = catalogue.select("product_id", "category")
    about = about.left_join(category, "product_id").select("kind", "interaction_id", "product_id", "category")
    lines = order_lines.left_join(category, "product_id").select(
        "order_id", "line_number", "product_id", "revenue", "category"
    )
    joined = lines.join(credited.select("order_id", "surface", "kind", "interaction_id"), "order_id")
    topics = about.select(_kind="kind", _interaction="interaction_id", _product="product_id", _category="category")
    pairs = joined.left_join(topics, [joined.kind == topics["_kind"], joined.interaction_id == topics["_interaction"]])
    rank = ibis.cases((pairs["_product"] == pairs.product_id, 0), (pairs["_category"] == pairs.category, 1), else_=2)
    nearest = pairs.group_by("order_id", "line_number", "surface").agg(attributed_revenue=_.revenue.max(), rank=rank.min())
    return nearest.mutate(
        nearness=ibis.cases(
            (nearest["rank"] == 0, "same product"),
            (nearest["rank"] == 1, "same category"),
            else_="rest of the order",
        )
    ).drop("rank")
