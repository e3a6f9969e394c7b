"""What a merchandiser wants to be offered with what."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import Any

from ibis import _

from counterclick.config import BundleRule, Rules
from counterclick.decisions.allowed import allowed, static_instead
from counterclick.decisions.policy import Ask, Learnt, Offered, Plain
from counterclick.decisions.selling import completed_lines, last_days
from counterclick.decisions.static import Bestsellers
from counterclick.decisions.stock import Stock, stock_of
from counterclick.display import printable
from counterclick.events.attributes import attribute, attributes_read
from counterclick.facts import Outcomes
from counterclick.facts.rows import all_rows
from counterclick.shapes import from_objects

__all__ = ["HandRules"]


class HandRules:
    """Offers of the first rules that apply to the cart, in the order in which ``rules.toml`` names them.

    A price is what a unit was listed at on average in the last 90 days of orders, a margin what it left after its cost;
    what did not sell then has the price and the cost of the catalogue. A score is the share of the way down the offers: the
    first has 1.

    Args:
        rules: what ``rules.toml`` declares.
        days: how far back orders tell prices and costs.
    """

    name = "rules"
    needs = "a rules.toml; prices and costs where it asks for them"
    form = 2
    of_people = False

    def __init__(self, rules: Rules, days: int = 90) -> None:
        self._rules = rules
        self._days = days
        self._category: dict[str, str] = {}
        self._price: dict[str, float] = {}
        self._margin: dict[str, float] = {}
        self._attributes: dict[str, frozenset[str]] = {}
        self._stock: Stock = {}
        self._instead = Bestsellers()

    @property
    def stock(self) -> Stock:
        """Units of each product, as the catalogue tells them."""
        return self._stock

    def fit(self, outcomes: Outcomes) -> None:
        """Learn categories, attributes, stock, prices and margins; what is offered stands in the rules."""
        self._instead.fit(outcomes)
        self._stock = stock_of(outcomes)
        columns = ("product_id", "category", "unit_price", "unit_cost", "size", "attributes")
        told = all_rows(outcomes.products.select(*columns).order_by("product_id"))
        self._attributes = {row["product_id"]: found for row in told if (found := _attributes_of(row))}
        self._category = {row["product_id"]: row["category"] for row in told if row["category"] is not None}
        self._price = {row["product_id"]: float(row["unit_price"]) for row in told if row["unit_price"] is not None}
        self._margin = {
            row["product_id"]: 1 - float(row["unit_cost"]) / float(row["unit_price"])
            for row in told
            if row["unit_cost"] is not None and row["unit_price"]
        }
        recent = last_days(completed_lines(outcomes), outcomes, self._days)
        sold = recent.group_by("product_id").agg(
            price=_.list_value.cast("float64").sum() / _.quantity.cast("float64").sum(),
            costed=_.revenue.cast("float64").sum(where=_.cost.notnull()),
            cost=_.cost.cast("float64").sum(),
        )
        for row in all_rows(sold):
            self._price[row["product_id"]] = row["price"]
            if row["cost"] is not None and row["costed"]:
                self._margin[row["product_id"]] = 1 - row["cost"] / row["costed"]

    def decide(self, ask: Ask) -> Offered:
        """Return what the rules offer that apply to the cart; bestsellers where none does."""
        applying = [number for number in range(len(self._rules.rules)) if self._applies(number, ask.cart)]
        from_rule: dict[str, int] = {}
        for number in applying:
            for product in self._affordable(number, ask.cart):
                from_rule.setdefault(product, number)
        offers, _scores = allowed(((product, 0.0) for product in from_rule), ask, self._rules, self._stock)
        if not offers:
            return static_instead(self._instead, ask, self._lacks(applying), self._rules)
        scores = tuple(1 - place / len(offers) for place in range(len(offers)))
        by = dict.fromkeys(self._rules.named(from_rule[product]) for product in offers)
        return offers, scores, f"a merchandiser's rule for what is in the cart: {printable(', '.join(by))}"

    def learnt(self) -> Learnt:
        """Return how many rules there are, and of how many products what they ask for is known."""
        own = {"prices": len(self._price), "margins": len(self._margin), "categories": len(self._category)}
        n_rules = len(self._rules.rules)
        metrics = {"rules": n_rules, **own}
        if not n_rules:
            return Learnt(metrics, (), (self._lacks(()),), self._days)
        return Learnt(metrics, ("a rules.toml with rules",), (), self._days)

    def to_plain(self) -> Plain:
        """Return what the catalogue and orders say of products; the rules themselves stay in their file."""
        attributes = {product: sorted(own) for product, own in self._attributes.items()}
        known = {"attributes": attributes, "stock": self._stock}
        own = {"category": self._category, "price": self._price, "margin": self._margin, **known}
        return {**own, "instead": self._instead.to_plain()}

    def from_plain(self, plain: Plain) -> None:
        """Take up what the catalogue and orders say of products."""
        self._attributes = from_objects(plain["attributes"], dict[str, frozenset[str]])
        self._stock = from_objects(plain["stock"], dict[str, int])
        self._instead.from_plain(plain["instead"])
        self._category = from_objects(plain["category"], dict[str, str])
        self._price = from_objects(plain["price"], dict[str, float])
        self._margin = from_objects(plain["margin"], dict[str, float])

    def _lacks(self, applying: Collection[int]) -> str:
        if not self._rules.rules:
            return "rules.toml has no rules"
        return "nothing that the rules offer is left" if applying else "no rule is for what is in the cart"

    def _applies(self, number: int, cart: tuple[str, ...]) -> bool:
        rule = self._rules.rules[number]
        sets = (name for name in rule.attributes if name in self._rules.attributes)
        listed = {*rule.products, *chain.from_iterable(self._rules.attributes[name] for name in sets)}
        asked = {attribute(*name.split("=", 1)) for name in rule.attributes if "=" in name}
        return any(
            product in listed
            or self._category.get(product) in rule.categories
            or not asked.isdisjoint(self._attributes.get(product, ()))
            for product in cart
        )

    def _affordable(self, number: int, cart: tuple[str, ...]) -> Iterator[str]:
        """Yield the offers of a rule that are cheap enough, and leave enough."""
        rule = self._rules.rules[number]
        for product in rule.offer:
            if self._is_cheap(rule, product, cart) and self._leaves_enough(rule, product):
                yield product

    def _is_cheap(self, rule: BundleRule, product: str, cart: tuple[str, ...]) -> bool:
        if rule.price_cap is None:
            return True
        worth = sum(self._price.get(each, 0.0) for each in cart)
        return product in self._price and self._price[product] <= rule.price_cap * worth

    def _leaves_enough(self, rule: BundleRule, product: str) -> bool:
        return rule.least_margin is None or self._margin.get(product, -1.0) >= rule.least_margin


def _attributes_of(row: Mapping[str, Any]) -> frozenset[str]:
    """Return the attributes of a product of the catalogue; its size is one of them."""
    size = {attribute("size", row["size"])} if row["size"] else set()
    return attributes_read(row["attributes"]) | size
