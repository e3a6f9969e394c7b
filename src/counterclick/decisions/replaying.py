"""Replaying logged decisions under another policy: how likely it shows what was shown, and what its visitor then bought.

What is read are decisions and `counterclick.facts.Outcomes`, which hold no clicks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import ibis
import msgspec
from ibis import _
from ibis.expr.types import Table

from counterclick.decisions.policy import Ask, Decides, Explores
from counterclick.facts import Outcomes
from counterclick.facts.rows import all_rows
from counterclick.shapes import from_json
from counterclick.stats import list_weight

__all__ = ["Made", "Replayed", "made_of", "replayed"]


class _Asked(msgspec.Struct, frozen=True):
    """What a decision's event says of how it came about."""

    cart: tuple[str, ...] | None = None
    most: int = 3
    candidates: tuple[str, ...] = ()
    explore: float = 0.0
    in_time: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """A decision that was logged, with what came of it.

    Attributes:
        surface: where.
        person: whose, as the customer where that is known.
        cart: products in the cart.
        most: offers wanted at most.
        offers: that were made.
        candidates: that they could be drawn from, best first; the offers themselves where nothing was left to chance.
        share: of such decisions in which they were drawn.
        outcome: net revenue of what the person ordered within the window after it.
    """

    surface: str
    person: str
    cart: tuple[str, ...]
    most: int
    offers: tuple[str, ...]
    candidates: tuple[str, ...]
    share: float
    outcome: float


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision under another policy.

    Attributes:
        weight: how much more likely the policy makes it: see `counterclick.stats.list_weight`.
        wanted: product -> probability with which the policy offers it, of those that could have been logged.
        uncovered: share of what the policy offers that could not have been.
    """

    weight: float
    wanted: Mapping[str, float]
    uncovered: float


def made_of(decisions: Table, outcomes: Outcomes, window: timedelta) -> tuple[list[Made], int]:
    """Return logged decisions with what came of them, in their order, and how many do not say how they came about.

    Decisions that the static rule made because a policy took too long are no decisions of that policy, and left out.

    Args:
        decisions: events of the kind decision, of one policy.
        outcomes: of the shop.
        window: after a decision, in which orders count.
    """
    told = outcomes.of_people(
        decisions.select("event_id", "visitor_id", "customer_id", "occurred_at", "surface", "items", "details")
    )
    sold = outcomes.orders.select(_person="person_id", _at="ordered_at", net=_.net_revenue.cast("float64"))
    until = told.occurred_at + ibis.interval(seconds=int(window.total_seconds()))
    after = told.join(sold, [told.person_id == sold["_person"], sold["_at"] > told.occurred_at, sold["_at"] <= until])
    earned = after.group_by("event_id").agg(net=_.net.sum())
    rows = told.left_join(earned, "event_id").order_by(["occurred_at", "event_id"])
    columns = rows.select("event_id", "person_id", "surface", "items", "details", "net")
    found, n_untold = [], 0
    for row in all_rows(columns):
        asked = from_json(row["details"] or "{}", _Asked)
        if asked.cart is None:
            n_untold += 1
        elif asked.in_time:
            found.append(_made(row, asked, asked.cart))
    return found, n_untold


def replayed(made: Iterable[Made], policy: Decides) -> list[Replayed]:
    """Return how each decision weighs under a policy.

    Args:
        made: decisions that were logged.
        policy: that is asked what it would offer, and with which probability.
    """
    known: dict[tuple[object, ...], Replayed] = {}
    found = []
    for each in made:
        key = (each.surface, each.cart, each.most, each.candidates, each.share, frozenset(each.offers))
        if key not in known:
            known[key] = _replayed(each, policy)
        found.append(known[key])
    return found


def _made(row: Mapping[str, Any], asked: _Asked, cart: tuple[str, ...]) -> Made:
    shown = sorted(row["items"] or (), key=lambda item: item["position"] or 0)
    offers = tuple(item["product_id"] for item in shown)
    among = asked.candidates or offers
    share = asked.explore if asked.candidates else 0.0
    return Made(row["surface"], row["person_id"], cart, asked.most, offers, among, share, float(row["net"] or 0.0))


def _replayed(made: Made, policy: Decides) -> Replayed:
    ask = Ask(made.surface, made.person, made.cart, made.most, explores=True)
    wanted, n_wanted = _wanted(ask, policy, made.candidates)
    n_shown = len(made.offers)
    if not n_shown or not n_wanted:
        agree = not n_shown and not n_wanted
        return Replayed(float(agree), {}, 0.0 if agree else 1.0)
    best = made.candidates[:n_shown]
    weight = list_weight(
        n_shown,
        len(made.candidates),
        made.share,
        drawn=sum(wanted[offer] for offer in made.offers),
        best=sum(wanted[offer] for offer in best),
        every=sum(wanted.values()),
        both=len({*best} & {*made.offers}),
    )
    return Replayed(weight, wanted, max(0.0, 1 - sum(wanted.values()) / n_wanted))


def _wanted(ask: Ask, policy: Decides, products: Sequence[str]) -> tuple[dict[str, float], int]:
    """Return the probability with which a policy offers each of some products, and how many offers it makes."""
    offers = policy.decide(ask)[0]
    chances = policy.propensities(ask, tuple(products)) if isinstance(policy, Explores) else None
    own = chances if chances is not None else tuple(float(product in offers) for product in products)
    return dict(zip(products, own, strict=True)), len(offers)
