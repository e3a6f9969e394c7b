"""Learned bundles: what is bought together with what is in the cart."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _
from numpy.typing import NDArray

from counterclick.config import BundlesConfig, Rules
from counterclick.decisions.allowed import allowed, static_instead
from counterclick.decisions.exploring import drawn, is_explored, probabilities
from counterclick.decisions.pairs import Baskets, Pairs, pairs_of
from counterclick.decisions.policy import Ask, Learnt, Lots, Offered, Plain
from counterclick.decisions.rules import HandRules
from counterclick.decisions.selling import completed_lines, last_days, selling
from counterclick.decisions.static import Bestsellers
from counterclick.display import printable
from counterclick.facts import Outcomes
from counterclick.facts.rows import all_rows, floats
from counterclick.shapes import from_objects

__all__ = ["Bundles", "Pair", "baskets_of", "margins_of"]

_Best = dict[int, tuple[float, int, int]]
_ROWS = 1_000_000
"""Order lines that are read at once."""
_PLACES = 2**16
"""Lines of an order that are told apart; all after them are in the last place."""
_CODES = ("begins", "partner", "joint")
_NUMBERS = ("confidence", "lift")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two products that are bought together.

    Attributes:
        product: what is in the cart.
        partner: what is offered.
        joint: orders that hold both.
        lift: how many times as often as by chance.
        confidence: share of the product's orders that hold the partner too, shrunk, large orders weighing less.
        serves: whether what is learned serves for the product.
    """

    product: str
    partner: str
    joint: int
    lift: float
    confidence: float
    serves: bool


class Bundles:
    """What was bought together with a product of the cart, by the largest chance over the cart, times margin.

    A score is the shrunk share of orders with the cart's product that held the offer too; where unit costs are known it is
    multiplied with the margin of one unit as sold. A product whose margin is not known counts as the middle one; one without
    a margin is not offered. Boosts multiply a score again; a boost of 0 keeps a product from being offered.

    Args:
        limits: what ``shop.toml`` declares under ``[bundles]``.
        products: products sold from which on bundles have something to choose from.
        rules: of ``rules.toml``, whose stock and ``never_together`` hold here as well.
    """

    name = "bundles"
    needs = "a year of orders with two products or more"
    form = 2
    of_people = False

    def __init__(self, limits: BundlesConfig | None = None, products: int = 0, rules: Rules | None = None) -> None:
        self._limits = limits or BundlesConfig()
        self._products = products
        self._rules = rules or Rules()
        self._ids: tuple[str, ...] = ()
        self._number: dict[str, int] = {}
        self._boosts: NDArray[np.float64] = np.zeros(0)
        self._pairs: Pairs | None = None
        self._worth: NDArray[np.float64] = np.zeros(0)
        self._knows_margins = False
        self._lacks = ""
        self._n_orders = 0
        self._judged: dict[str, bool] | None = None
        self._others = False
        self._instead = Bestsellers()
        self._hand = HandRules(self._rules)

    def fit(self, outcomes: Outcomes) -> None:
        """Count which products are bought together."""
        self._instead.fit(outcomes)
        self._hand.fit(outcomes)
        self._judged, self._others = None, False
        self._pairs, self._lacks, self._worth = None, "", np.zeros(0)
        baskets = baskets_of(outcomes, self._limits.days)
        self._n_orders = int(np.count_nonzero(np.bincount(baskets.basket)))
        self._know(baskets.products)
        if len(self._ids) < self._products:
            self._lacks = f"{len(self._ids)} products were sold in {self._limits.days} days; bundles need {self._products}"
            return
        self._weigh(margins_of(outcomes, baskets.products, self._limits.days))
        self._pairs = pairs_of(baskets, self._limits, self._worth)
        if not len(self._pairs.partner):
            self._lacks = (
                f"no two products were bought together in {self._limits.joint} orders and more often than by chance"
            )

    def switch(self, judged: Mapping[str, bool], *, others: bool, lacks: str = "") -> None:
        """Let what is learned serve only for some products of a cart; for all others the rules do, or bestsellers.

        Args:
            judged: product -> whether what is learned serves for it.
            others: the same of all products that are not judged.
            lacks: what is missing to judge any of them.
        """
        self._judged, self._others = dict(judged), others
        self._lacks = self._lacks or lacks

    def decide(self, ask: Ask) -> Offered:
        """Return what is bought with something of the cart, by its best partner in the cart."""
        best = self._best(ask)
        candidates = self._candidates(ask, best)
        if not candidates or self._pairs is None:
            lacks = self._lacks or (_lacking(self._judged) if ask.cart else "the cart is empty")
            if not self._rules.rules:
                return static_instead(self._instead, ask, lacks, self._rules)
            offers, scores, because = self._hand.decide(ask)
            return offers, scores, f"{lacks}; instead: {because}"
        by_chance = is_explored(ask, self._limits.explore)
        offers = drawn(ask, candidates) if by_chance else candidates[: ask.most]
        _score, trigger, place = best[self._number[offers[0]]]
        joint, lift = self._pairs.joint[place], self._pairs.lift[place]
        with_margin = ", times margin" if self._knows_margins else ""
        says = f"{printable(offers[0])} and {printable(self._ids[trigger])} were bought together {joint:,} times"
        says = f"{says}, {lift:,.1f} times chance{with_margin}"
        if by_chance:
            says = f"drawn by chance from {len(candidates)} that are bought with the cart: {says}"
        return offers, tuple(best[self._number[offer]][0] for offer in offers), says

    def propensities(self, ask: Ask, offers: tuple[str, ...]) -> tuple[float, ...]:
        """Return for each product the probability with which it is offered when this is asked; 0 for what never is."""
        candidates = self._candidates(ask, self._best(ask))
        if not candidates or self._pairs is None:
            instead = {*self.decide(ask)[0]}
            return tuple(float(offer in instead) for offer in offers)
        return probabilities(ask, candidates, offers, self._limits.explore)

    def lots(self, ask: Ask) -> Lots:
        """Return what a list is drawn from when this is asked, and how often it is drawn."""
        candidates = self._candidates(ask, self._best(ask)) if self._pairs is not None else ()
        return Lots(candidates, self._limits.explore if ask.explores and candidates else 0.0)

    def _best(self, ask: Ask) -> _Best:
        """Return what is bought with something of the cart: number -> its best score, by which product of it, and place."""
        best: _Best = {}
        for trigger in sorted({self._number[product] for product in ask.cart if self._serves(product)}):
            for number, score, place in self._partners(trigger):
                if number not in best or score > best[number][0]:
                    best[number] = (score, trigger, place)
        return best

    def _serves(self, product: str) -> bool:
        """Say whether what is learned serves for a product of a cart."""
        return product in self._number and (self._judged is None or self._judged.get(product, self._others))

    def _candidates(self, ask: Ask, best: _Best) -> tuple[str, ...]:
        """Return what may be offered, best first; as many as are wanted, or more where chance may choose from them."""
        ranked = sorted(
            ((self._ids[number], found[0]) for number, found in best.items()), key=lambda pair: (-pair[1], pair[0])
        )
        among = max(ask.most, self._limits.explore_among) if ask.explores and self._limits.explore else ask.most
        return allowed(ranked, replace(ask, most=among), self._rules, self._hand.stock)[0]

    def _weigh(self, worth: NDArray[np.float64]) -> None:
        """Take up what a unit of each product leaves; without costs all have 1, and what may not be offered 0."""
        self._worth = worth
        self._knows_margins = not bool(np.isin(worth, (0.0, 1.0)).all())

    def strongest(self, most: int) -> tuple[Pair, ...]:
        """Return the pairs of most orders, each the way round in which it foresees more."""
        if self._pairs is None:
            return ()
        found, pairs = list[Pair](), self._pairs
        triggers = np.repeat(np.arange(len(self._ids)), np.diff(pairs.begins))
        seen: set[frozenset[int]] = set()
        for place in np.lexsort((pairs.partner, triggers, -pairs.confidence, -pairs.joint)).tolist():
            trigger, partner = int(triggers[place]), int(pairs.partner[place])
            if len(found) == most:
                break
            if frozenset((trigger, partner)) in seen:
                continue
            seen.add(frozenset((trigger, partner)))
            numbers = (int(pairs.joint[place]), float(pairs.lift[place]), float(pairs.confidence[place]))
            found.append(Pair(self._ids[trigger], self._ids[partner], *numbers, self._serves(self._ids[trigger])))
        return tuple(found)

    def learnt(self) -> Learnt:
        """Return how many orders, products and pairs it knows, and what is missing where there are none."""
        n_pairs = len(self._pairs.partner) if self._pairs is not None else 0
        n_switched = sum(map(self._serves, self._ids)) if n_pairs else 0
        metrics = {"orders": self._n_orders, "products": len(self._ids), "pairs": n_pairs, "products_switched": n_switched}
        enough = f"{self._products} products sold" if len(self._ids) >= self._products else ""
        together = f"pairs of {self._limits.joint} orders or more" if n_pairs else ""
        passed = tuple(gate for gate in (enough, together) if gate)
        return Learnt(metrics, passed, (self._lacks,) if self._lacks else (), self._limits.days)

    def to_plain(self) -> Plain:
        """Return the products, their partners, and what serves where there are none."""
        own: dict[str, Any] = {"products": self._ids, "orders": self._n_orders, "lacks": self._lacks}
        own |= {"judged": self._judged, "others": self._others}
        own |= {"instead": self._instead.to_plain(), "hand": self._hand.to_plain()}
        pairs = self._pairs and {name: getattr(self._pairs, name).tolist() for name in _CODES + _NUMBERS}
        return {**own, "worth": self._worth.tolist(), "pairs": pairs}

    def from_plain(self, plain: Plain) -> None:
        """Take up products and their partners."""
        self._instead.from_plain(plain["instead"])
        self._hand.from_plain(plain["hand"])
        self._judged = from_objects(plain["judged"], dict[str, bool] | None)
        self._others = from_objects(plain["others"], bool)
        self._know(from_objects(plain["products"], tuple[str, ...]))
        self._n_orders = from_objects(plain["orders"], int)
        self._lacks = from_objects(plain["lacks"], str)
        self._weigh(np.array(plain["worth"], np.float64))
        self._pairs = None
        if plain["pairs"] is not None:
            begins, partner, joint = (np.array(plain["pairs"][name], np.int64) for name in _CODES)
            confidence, lift = (np.array(plain["pairs"][name], np.float64) for name in _NUMBERS)
            self._pairs = Pairs(begins, partner, confidence, joint, lift)
            self._pairs.check(len(self._ids))

    def _partners(self, trigger: int) -> list[tuple[int, float, int]]:
        """Return the partners of a product: number, score, and place among all pairs."""
        if self._pairs is None:
            return []
        first, last = self._pairs.begins[trigger], self._pairs.begins[trigger + 1]
        partners = self._pairs.partner[first:last]
        scores = self._pairs.confidence[first:last] * self._worth[partners] * self._boosts[partners]
        return [found for found in zip(partners.tolist(), scores.tolist(), range(first, last), strict=True) if found[1] > 0]

    def _know(self, products: tuple[str, ...]) -> None:
        """Number the products, and look their boosts up."""
        self._ids = products
        self._number = {product: number for number, product in enumerate(products)}
        self._boosts = np.array([self._rules.boosts.get(product, 1.0) for product in products])


def _lacking(judged: Mapping[str, bool] | None) -> str:
    """Return why nothing that is learned is offered for a cart."""
    if judged is None:
        return "nothing is known to be bought with the cart"
    return "nothing that the backtest has switched to is known to be bought with the cart"


def baskets_of(outcomes: Outcomes, days: int) -> Baskets:
    """Return the baskets of the last days of orders that were not cancelled.

    Args:
        outcomes: of the shop.
        days: how far back orders count, from the newest one.
    """
    lines = last_days(completed_lines(outcomes), outcomes, days).select("order_id", "product_id", "line_number")
    orders, products = _Numbers(), _Numbers()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Ibis asks DuckDB for them in a way that is to go
        parts = [
            (orders.of(each["order_id"]), products.of(each["product_id"]), each["line_number"].cast(pa.int32()).to_numpy())
            for each in lines.to_pyarrow_batches(chunk_size=_ROWS)
        ]
    names, product_rank = products.sorted()
    basket_rank = orders.sorted()[1]
    key = np.empty(sum(len(place) for _basket, _product, place in parts), np.int64)
    ends = len(key)
    while parts:  # each is let go once it is in the key: there may be millions of lines
        basket, product, place = parts.pop()
        key[ends - len(place) : ends] = (basket_rank[basket] * len(names) + product_rank[product]) * _PLACES + np.minimum(
            place, _PLACES - 1
        )
        ends -= len(place)
    pa.default_memory_pool().release_unused()
    key.sort()
    key = key[np.diff(key // _PLACES, prepend=-1) > 0]  # of a product that is there twice, the first line
    place = (key % _PLACES).astype(np.int32)
    key //= _PLACES
    product = (key % max(1, len(names))).astype(np.int32)
    key //= max(1, len(names))
    return Baskets(names, key.astype(np.int32), product, place)


def margins_of(outcomes: Outcomes, products: tuple[str, ...], days: int) -> NDArray[np.float64]:
    """Return the margin of one unit of each product as sold, in the shop's currency; all 1 where no unit cost is known.

    The middle one stands for a product whose margin is not known; 0 for one that is sold without a margin, or of which
    nothing was kept: it only ever came back.

    Args:
        outcomes: of the shop.
        products: of which.
        days: how far back orders count, from the newest one.
    """
    costed = last_days(completed_lines(outcomes), outcomes, days).filter(_.cost.notnull())
    summed = costed.group_by("product_id").agg(
        margin=(_.revenue - _.cost).cast("float64").sum() / _.quantity.cast("float64").sum()
    )
    rows = summed.to_pyarrow()
    stayed = {row["product_id"] for row in all_rows(selling(outcomes, days).select("product_id"))}
    kept = np.array([float(product in stayed) for product in products])
    if not rows.num_rows:
        return kept
    known = dict(zip(rows["product_id"].to_pylist(), floats(rows["margin"]).tolist(), strict=True))
    middle = float(np.median([margin for margin in known.values() if margin > 0] or [1.0]))
    margins = np.array([max(0.0, known.get(product, middle)) for product in products])
    return np.where(kept > 0, margins, 0.0)


class _Numbers:
    """Numbers of names, from 0, in the order in which they are met."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def of(self, column: pa.Array) -> NDArray[np.int32]:
        """Return the number of each name."""
        encoded = pc.dictionary_encode(column)
        own = [self.known.setdefault(name, len(self.known)) for name in encoded.dictionary.to_pylist()]
        numbers: NDArray[np.int32] = np.array(own, np.int32)[encoded.indices.to_numpy()]
        return numbers

    def sorted(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Return the names in order, and of each number its name's place there: whoever is met first changes nothing."""
        names = sorted(self.known)
        rank = np.empty(len(names), np.int64)
        rank[[self.known[name] for name in names]] = np.arange(len(names))
        return tuple(names), rank
