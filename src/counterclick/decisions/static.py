"""The static rules that every feature is compared with: nothing, bestsellers, new arrivals, bestsellers of a category."""

from __future__ import annotations

from datetime import timedelta

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.decisions.policy import Ask, Learnt, Offered, Plain
from counterclick.decisions.stock import Stock, sellable, stock_of
from counterclick.facts import Outcomes
from counterclick.facts.rows import all_rows, one_row
from counterclick.shapes import from_objects

__all__ = ["Bestsellers", "CategoryBestsellers", "NewArrivals", "Nothing", "not_in_cart"]

Ranked = tuple[tuple[str, float], ...]
"""Products and their scores, best first."""
_NO_ORDERS = "no orders with lines are recorded to count from"


class Nothing:
    """Shows nothing."""

    name = "nothing"
    needs = "nothing"
    form = 1
    of_people = False

    def fit(self, outcomes: Outcomes) -> None:
        """Learn nothing."""

    def decide(self, ask: Ask) -> Offered:  # noqa: ARG002 - the protocol's shape
        """Return no offers."""
        return (), (), "this arm shows nothing"

    def learnt(self) -> Learnt:
        """Return that there is nothing to be known."""
        return Learnt({})

    def to_plain(self) -> Plain:
        """Return nothing."""
        return {}

    def from_plain(self, plain: Plain) -> None:
        """Take up nothing."""


class Bestsellers:
    """The products sold most, net of returns, in the last 90 days of orders, of those that are there.

    Args:
        days: how far back orders count.
        most: how many products are kept.
    """

    name = "bestsellers"
    needs = "orders with lines"
    form = 2
    of_people = False

    def __init__(self, days: int = 90, most: int = 100) -> None:
        self._days = days
        self._most = most
        self._ranked: Ranked | None = None
        self._stock: Stock = {}

    @property
    def stock(self) -> Stock:
        """Units of the products that are kept, where they are told."""
        return self._stock

    def fit(self, outcomes: Outcomes) -> None:
        """Rank products by the units of orders that kept their goods."""
        best = sellable(outcomes, self._days).order_by([_.kept_units.desc(), _.product_id]).head(self._most)
        self._ranked = tuple((row["product_id"], float(row["kept_units"])) for row in all_rows(best))
        kept = {product for product, _units in self._ranked}
        self._stock = {product: units for product, units in stock_of(outcomes).items() if product in kept}

    def decide(self, ask: Ask) -> Offered:
        """Return the best sellers that are not in the cart yet."""
        if self._ranked is None:
            return (), (), "nothing has been learnt of what sells"
        offers, scores = not_in_cart(self._ranked, ask)
        if not offers:
            return (), (), "all bestsellers are in the cart" if self._ranked else _NO_ORDERS
        return offers, scores, f"sold most, net of returns, in the last {self._days} days of orders"

    def learnt(self) -> Learnt:
        """Return how many products sold."""
        return _counted(len(self._ranked or ()), self.needs, _NO_ORDERS, self._days)

    def to_plain(self) -> Plain:
        """Return the ranking, and how many there are."""
        return {"ranked": self._ranked, "stock": self._stock}

    def from_plain(self, plain: Plain) -> None:
        """Take up a ranking."""
        self._ranked = from_objects(plain["ranked"], Ranked | None)
        self._stock = from_objects(plain["stock"], dict[str, int])


class NewArrivals:
    """The products that were bought for the first time of late, the newest first; bestsellers where it knows of none.

    Args:
        days: how long a product is new after its first order; orders must go back further than that.
        most: how many products are kept.
    """

    name = "new_arrivals"
    needs = "orders with lines that go back further than 60 days"
    form = 2
    of_people = False

    def __init__(self, days: int = 60, most: int = 100) -> None:
        self._days = days
        self._most = most
        self._ranked: Ranked = ()
        self._lacks = ""
        self._instead = Bestsellers()

    def fit(self, outcomes: Outcomes) -> None:
        """Rank products by when they were first bought, those left out that only ever came back."""
        self._instead.fit(outcomes)
        lines = outcomes.order_lines
        ends = one_row(lines.agg(first=_.ordered_at.min(), last=_.ordered_at.max()))
        self._ranked = ()
        if ends["first"] is None or ends["last"] - ends["first"] <= timedelta(days=self._days):
            self._lacks = f"orders do not go back further than {self._days} days, so that nothing is known to be new"
            return
        self._lacks = f"no product was first bought in the last {self._days} days of orders"
        begun = ibis.literal(ends["last"] - timedelta(days=self._days)).cast(lines.ordered_at.type())
        firsts = lines.group_by("product_id").agg(first_at=_.ordered_at.min()).filter(_.first_at > begun)
        kept = sellable(outcomes, self._days).select("product_id")
        newest = firsts.join(kept, "product_id").select("product_id", "first_at")
        top = all_rows(newest.order_by([_.first_at.desc(), _.product_id]).head(self._most))
        self._ranked = tuple((row["product_id"], -((ends["last"] - row["first_at"]) / timedelta(days=1))) for row in top)

    def decide(self, ask: Ask) -> Offered:
        """Return the newest products that are not in the cart yet; a score is minus the days since the first order."""
        offers, scores = not_in_cart(self._ranked, ask)
        if not offers:
            says = "all new arrivals are in the cart" if self._ranked else self._lacks
            return _instead(self._instead, ask, says)
        return offers, scores, f"first bought within the last {self._days} days of orders, the newest first"

    def learnt(self) -> Learnt:
        """Return how many products are new."""
        return _counted(len(self._ranked), self.needs, self._lacks, None)

    def to_plain(self) -> Plain:
        """Return the ranking, and what serves without one."""
        return {"ranked": self._ranked, "lacks": self._lacks, "instead": self._instead.to_plain()}

    def from_plain(self, plain: Plain) -> None:
        """Take up a ranking."""
        self._instead.from_plain(plain["instead"])
        self._ranked = from_objects(plain["ranked"], Ranked)
        self._lacks = from_objects(plain["lacks"], str)


class CategoryBestsellers:
    """The products sold most in the categories of what is in the cart; bestsellers where no category is known.

    Args:
        days: how far back orders count.
        most: how many products are kept of each category.
    """

    name = "category_bestsellers"
    needs = "orders with lines, and products with their categories"
    form = 2
    of_people = False

    def __init__(self, days: int = 90, most: int = 100) -> None:
        self._days = days
        self._most = most
        self._category: dict[str, str] = {}
        self._ranked: dict[str, Ranked] = {}
        self._instead = Bestsellers(days, most)

    def fit(self, outcomes: Outcomes) -> None:
        """Rank the products of each category by the units of orders that kept their goods."""
        self._instead.fit(outcomes)
        told = outcomes.products.filter(_.category.notnull()).select("product_id", "category")
        self._category = {row["product_id"]: row["category"] for row in all_rows(told)}
        best = _best_of_each(sellable(outcomes, self._days).join(told, "product_id"), self._most)
        found: dict[str, list[tuple[str, float]]] = {}
        for row in all_rows(best.order_by(["category", _.kept_units.desc(), "product_id"])):
            found.setdefault(row["category"], []).append((row["product_id"], float(row["kept_units"])))
        self._ranked = {category: tuple(ranked) for category, ranked in found.items()}

    def decide(self, ask: Ask) -> Offered:
        """Return the best sellers of the cart's categories that are not in the cart yet, over all of them the most sold."""
        categories = {self._category[product] for product in ask.cart if product in self._category}
        together = [pair for category in categories for pair in self._ranked.get(category, ())]
        offers, scores = not_in_cart(tuple(sorted(together, key=lambda pair: (-pair[1], pair[0]))), ask)
        if not offers:
            says = "nothing else sold in the cart's categories" if categories else "no category of the cart is known"
            return _instead(self._instead, ask, says)
        return offers, scores, f"sold most in the cart's categories, net of returns, in the last {self._days} days of orders"

    def learnt(self) -> Learnt:
        """Return in how many categories something sold."""
        lacks = "no product that sold has a category in the catalogue"
        return _counted(len(self._ranked), self.needs, lacks, self._days, "categories")

    def to_plain(self) -> Plain:
        """Return the categories, their rankings, and what serves without one."""
        return {"category": self._category, "ranked": self._ranked, "instead": self._instead.to_plain()}

    def from_plain(self, plain: Plain) -> None:
        """Take up categories and rankings."""
        self._instead.from_plain(plain["instead"])
        self._category = from_objects(plain["category"], dict[str, str])
        self._ranked = from_objects(plain["ranked"], dict[str, Ranked])


def not_in_cart(ranked: Ranked, ask: Ask) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the best products that are not in the cart, and their scores, at most as many as are wanted."""
    cart = ask.held
    chosen = [(product, score) for product, score in ranked if product not in cart][: max(0, ask.most)]
    return tuple(product for product, _score in chosen), tuple(score for _product, score in chosen)


def _counted(n: int, needs: str, lacks: str, days: int | None, what: str = "products") -> Learnt:
    """Return what is said of a ranking of so many."""
    return Learnt({what: n}, (needs,), (), days) if n else Learnt({what: 0}, (), (lacks,), days)


def _instead(static: Bestsellers, ask: Ask, lacks: str) -> Offered:
    offers, scores, because = static.decide(ask)
    return offers, scores, f"{lacks}; instead: {because}"


def _best_of_each(sold: Table, most: int) -> Table:
    """Return the best products of each category. Grain: one product."""
    rank = ibis.row_number().over(ibis.window(group_by="category", order_by=[_.kept_units.desc(), _.product_id]))
    return sold.mutate(nth=rank).filter(_.nth < most).drop("nth")
