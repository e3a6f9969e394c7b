"""Which list foresees what later orders held: learned bundles, hand rules or bestsellers, by the product that triggers it.

It is measured offline: what a list foresees would have been bought anyway. It says which list to try, never what it earns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from counterclick.decisions.policy import Ask, Policy
from counterclick.display import Grid, Shown, count, percent
from counterclick.errors import RefusedError
from counterclick.stats.shares import wilson

__all__ = ["Backtest", "Found", "Trigger", "backtest"]

LEARNED = "bundles"
RULES = "rules"
STATIC = "bestsellers"
COMPARED = (LEARNED, RULES, STATIC)
"""Policies that are compared, and in this order told."""
_SHOWN = 20
"""Triggers that a table shows; all of them are in the JSON."""


@dataclass(frozen=True, slots=True)
class Found:
    """How often a policy offered what a later order held.

    Attributes:
        policy: which.
        hits: orders in which it did.
        n: orders that were tried.
        lower: of the interval of the share.
        upper: of the interval of the share.
    """

    policy: str
    hits: int
    n: int
    lower: float
    upper: float

    @property
    def share(self) -> float:
        """Share of orders in which it did."""
        return self.hits / self.n

    def beats(self, other: Found) -> bool:
        """Say whether it finds more, with the intervals apart."""
        return self.lower > other.upper

    def __str__(self) -> str:
        return f"{percent(self.share)} [{percent(self.lower)}, {percent(self.upper)}]"


@dataclass(frozen=True, slots=True)
class Trigger:
    """What is foreseen when one product is in the cart.

    Attributes:
        product: that product.
        found: by policy, in later orders that held the product and another one.
        serve: which policy to try for it.
        switches: whether that is the learned one because it beats both others with the intervals apart.
        because: why, in one sentence.
    """

    product: str
    found: tuple[Found, ...]
    serve: str
    switches: bool
    because: str


@dataclass(frozen=True, slots=True)
class Backtest(Shown):
    """What each policy foresees of a store's own later orders.

    Attributes:
        n_earlier: orders that were learned from.
        n_later: later ones with two products or more, that were tried.
        n_offers: offers to a cart.
        overall: by policy, with one product of each later order hidden and the rest as the cart.
        triggers: products with enough later orders, those with most first.
        n_too_few: products with fewer, which are judged together.
        others: by policy, in later orders that held one of these and another product, one of them alone in the cart; empty
            where there are too few of these orders too.
        others_switch: whether learned bundles beat both others there, with the intervals apart.
        least: later orders that a product needs.
    """

    n_earlier: int
    n_later: int
    n_offers: int
    overall: tuple[Found, ...]
    triggers: tuple[Trigger, ...]
    n_too_few: int
    least: int
    others: tuple[Found, ...] = ()
    others_switch: bool = False

    def grids(self) -> list[Grid]:
        """Return what is foreseen over all, and by product."""
        told = (
            "Would be bought anyway: this is foreseen offline and is no effect. What bundles add, a holdout tells.",
            f"Learned from the earlier {count(self.n_earlier)} orders, tried on {count(self.n_later)} later ones of two "
            f"products or more: one product hidden, {self.n_offers} offered for the rest. Intervals of 95 %.",
        )
        rows = [
            (found.policy, percent(found.share), f"{percent(found.lower)} to {percent(found.upper)}")
            for found in self.overall
        ]
        n_switch, n_judged = sum(each.switches for each in self.triggers), len(self.triggers)
        judged = (
            f"Learned bundles are to be tried for {count(n_switch)} of {count(n_judged)} products: there they find more "
            "than both others, with the intervals apart. Intervals hold for all products together (Bonferroni)."
        )
        notes = (
            judged if self.triggers else "No product has orders enough to be judged alone.",
            f"{count(self.n_too_few)} other products have fewer than {count(self.least)} later orders with another product. "
            f"{self._together()}",
            "`counterclick fit` lets bundles serve for these products alone; the rules serve for all others."
            if n_switch or self.others_switch
            else "`counterclick fit` lets bundles serve for no product yet: the rules serve, or bestsellers.",
            *([f"The {_SHOWN} products of most orders are shown; --json has all."] if len(self.triggers) > _SHOWN else []),
        )
        own = [(each.product, count(each.found[0].n), *map(str, each.found), each.serve) for each in self.triggers[:_SHOWN]]
        columns = ("in the cart", "orders", *COMPARED, "try")
        return [
            Grid("What later orders held", ("policy", "foreseen", "interval"), rows, told),
            Grid("By product in the cart", columns if own else (), own, notes),
        ]

    def _together(self) -> str:
        """Return what is said of the products with few orders."""
        if not self.others:
            return "They are too few orders even together, and stay as they are."
        found = ", ".join(f"{each.policy} {each}" for each in self.others)
        says = "learned bundles serve for them" if self.others_switch else "they stay as they are"
        return f"Judged together: {found}; {says}."


def backtest(
    policies: Mapping[str, Policy],
    later: Mapping[str, Sequence[str]],
    n_earlier: int,
    n_offers: int,
    least: int,
) -> Backtest:
    """Return what each policy foresees.

    Args:
        policies: those of `COMPARED` by name, which have learnt from earlier orders alone.
        later: order -> its different products; orders of one product are left out.
        n_earlier: orders that were learned from.
        n_offers: offers to a cart.
        least: later orders that a product needs, and all of them together.

    Raises:
        RefusedError: there are too few later orders.
    """
    baskets = {order: tuple(sorted(set(products))) for order, products in later.items() if len(set(products)) > 1}
    if len(baskets) < least:
        raise RefusedError(
            f"the latest orders hold {len(baskets)} with two products or more; a backtest needs {least}. Until then hand "
            "rules and bestsellers serve."
        )
    hits = dict.fromkeys(COMPARED, 0)
    for order, products in baskets.items():
        place = _digest(order) % len(products)
        cart = products[:place] + products[place + 1 :]
        for name in COMPARED:
            hits[name] += products[place] in policies[name].decide(Ask("backtest", order, cart, n_offers))[0]
    holding: dict[str, list[frozenset[str]]] = {}
    for products in baskets.values():
        for product in products:
            holding.setdefault(product, []).append(frozenset(products))
    enough = sorted((one for one in holding if len(holding[one]) >= least), key=lambda one: (-len(holding[one]), one))
    few = [one for one in holding if len(holding[one]) < least]
    level = 1 - 0.05 / (len(enough) + 1)  # the others are one more
    others = _others(baskets, {*few}, policies, n_offers, level)
    others = others if others and others[0].n >= least else ()
    return Backtest(
        n_earlier=n_earlier,
        n_later=len(baskets),
        n_offers=n_offers,
        overall=tuple(_found(name, hits[name], len(baskets), 0.95) for name in COMPARED),
        triggers=tuple(_trigger(product, holding[product], policies, n_offers, level) for product in enough),
        n_too_few=len(few),
        least=least,
        others=others,
        others_switch=bool(others) and all(others[0].beats(each) for each in others[1:]),
    )


def _others(
    baskets: Mapping[str, Sequence[str]], few: Collection[str], policies: Mapping[str, Policy], n_offers: int, level: float
) -> tuple[Found, ...]:
    """Return what is foreseen when a product of few orders is in the cart: of each order one, so that none counts twice."""
    hits, n = dict.fromkeys(COMPARED, 0), 0
    known: dict[tuple[str, str], frozenset[str]] = {}
    for order, products in baskets.items():
        own = [product for product in products if product in few]
        if not own:
            continue
        n += 1
        product = own[_digest(order) % len(own)]
        for name in COMPARED:
            if (name, product) not in known:
                ask = Ask("backtest", product, (product,), n_offers)
                known[name, product] = frozenset(policies[name].decide(ask)[0])
            hits[name] += not known[name, product].isdisjoint(products)
    return tuple(_found(name, hits[name], n, level) for name in COMPARED) if n else ()


def _digest(order: str) -> int:
    return int.from_bytes(hashlib.sha256(order.encode()).digest()[:8], "big")


def _found(policy: str, hits: int, n: int, level: float) -> Found:
    return Found(policy, hits, n, *wilson(hits, n, level))


def _trigger(
    product: str, orders: Sequence[frozenset[str]], policies: Mapping[str, Policy], n_offers: int, level: float
) -> Trigger:
    """Return what is foreseen when one product is in the cart, and what to try for it."""
    offers = {name: policies[name].decide(Ask("backtest", product, (product,), n_offers))[0] for name in COMPARED}
    found = {
        name: _found(name, sum(not each.isdisjoint(offers[name]) for each in orders), len(orders), level)
        for name in COMPARED
    }
    learned, rules, static = (found[name] for name in COMPARED)
    own = tuple(found.values())
    if learned.beats(rules) and learned.beats(static):
        return Trigger(product, own, LEARNED, True, "learned bundles find more than both others, with the intervals apart")
    if offers[RULES] == offers[STATIC]:
        return Trigger(product, own, STATIC, False, "no rule is for it, and learned bundles are not apart from bestsellers")
    if static.beats(rules):
        return Trigger(product, own, STATIC, False, "bestsellers find more than the rules, with the intervals apart")
    return Trigger(product, own, RULES, False, "nothing finds more than the rules with the intervals apart")
