"""A page of products whose appeal and worth are known: what an order of them makes visitors click on, buy and keep.

A visitor sees a place with a known chance, clicks on what stands there with the product's appeal, and buys what it clicked
on with a chance of the product's own. What is clicked often and bought seldom is cheap or looks better than it is; nothing
else is built in. A rule that follows clicks therefore finds other products than one that follows orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import numpy as np
import pyarrow as pa
from scipy.special import expit

from counterclick.errors import ConfigError
from counterclick.events.schema import LINE, SHOWN_ITEM
from counterclick.simulate.arrays import SECOND, Bools, Floats, Ints, ids, items_in, lists, money, place_in, seconds
from counterclick.simulate.events_table import Block, table

__all__ = ["PRODUCTS", "Given", "Looked", "Shelf", "ShelfTruth", "Visited", "shuffled", "visited", "what_happened"]

PRODUCTS = 60
"""On the page's list, of which a visitor is shown as many as it has places."""
_CENTS = 100
_DAYS_AFTER = 45
"""After the last day, when somebody else buys: all that may come back has come back by then, and orders are recorded."""


@dataclass(frozen=True, slots=True)
class ShelfTruth:
    """What holds of all shelves; products are drawn from it.

    Attributes:
        places: products that a visitor is shown.
        fades: place k is seen with the chance ``k ** -fades``.
        clicked: logit of the share of products seen that are clicked on, of a product in the middle.
        bought: logit of the share of clicks that an order follows, of a product in the middle.
        allure: spread of what makes people click: a picture, a name, a word such as "new".
        broken: how much of it the product itself takes back from those who clicked; all of it at 1.
        cheap: by how much a price that is one spread lower makes people click, in logits.
        spread: of prices, in logs.
        merit: spread of what makes people buy what they clicked on.
        returned: share of orders that come back, of a product in the middle; what promises too much comes back more often.
        price: in the middle, in the shop's currency.
    """

    places: int = 20
    fades: float = 0.5
    clicked: float = -2.2
    bought: float = -2.7
    allure: float = 0.6
    broken: float = 0.6
    cheap: float = 0.3
    spread: float = 0.45
    merit: float = 0.45
    returned: float = 0.12
    price: float = 40.0

    @property
    def seen(self) -> Floats:
        """Chance with which each place is seen, from the first; shape (places,)."""
        return np.asarray(np.arange(1, self.places + 1) ** -self.fades, float)


@dataclass(frozen=True, slots=True)
class Looked:
    """What visitors of an order of products do, exactly; each per visitor.

    Attributes:
        clicks: on products.
        orders: lines that are bought.
        gmv: what they are worth, before returns.
        net: after returns.
    """

    clicks: float
    orders: float
    gmv: float
    net: float


@dataclass(frozen=True, slots=True)
class Shelf:
    """Products of one shop; every array has shape (PRODUCTS,).

    Attributes:
        truth: what they were drawn from.
        cents: price of each.
        appeal: chance to be clicked on where it is seen.
        bought: chance to be bought where it was clicked on.
        returned: chance to come back where it was bought.
    """

    truth: ShelfTruth
    cents: Ints
    appeal: Floats
    bought: Floats
    returned: Floats

    @classmethod
    def drawn(cls, truth: ShelfTruth, rng: np.random.Generator) -> Shelf:
        """Draw the products of a shop."""
        if not 1 <= truth.places <= PRODUCTS:
            raise ConfigError(f"{truth.places} places; there are {PRODUCTS} products, so that 1 to {PRODUCTS} can be shown.")
        dear, allure, merit = rng.standard_normal((3, PRODUCTS))
        appeal = expit(truth.clicked - truth.cheap * dear + truth.allure * allure)
        bought = expit(truth.bought - truth.broken * truth.allure * allure + truth.merit * merit)
        returned = expit(np.log(truth.returned / (1 - truth.returned)) + truth.broken * truth.allure * allure)
        cents = np.maximum(np.rint(truth.price * _CENTS * np.exp(truth.spread * dear)), 1).astype(np.int64)
        return cls(truth, cents, appeal, bought, returned)

    def looked(self, order: Ints) -> Looked:
        """Return what visitors do who are shown products in an order, exactly.

        Args:
            order: numbers of products, the first place first; at least as many as there are places.
        """
        shown = order[: self.truth.places]
        clicks = self.truth.seen * self.appeal[shown]
        orders = clicks * self.bought[shown]
        gmv = orders * self.cents[shown] / _CENTS
        return Looked(*(float(each.sum()) for each in (clicks, orders, gmv, gmv * (1 - self.returned[shown]))))


@dataclass(frozen=True, slots=True)
class Visited:
    """What visitors of a shelf did.

    Attributes:
        product: what each was shown, shape (visitors, places).
        clicked: what of it was clicked on; as ``product``.
        bought: what of it was bought.
        returned: what of that came back.
    """

    product: Ints
    clicked: Bools
    bought: Bools
    returned: Bools


def visited(shelf: Shelf, product: Ints, rng: np.random.Generator) -> Visited:
    """Draw what visitors do.

    Args:
        shelf: the products.
        product: what each visitor is shown, shape (visitors, places).
        rng: the source of chance.
    """
    clicked = rng.random(product.shape) < shelf.truth.seen * shelf.appeal[product]
    bought = clicked & (rng.random(product.shape) < shelf.bought[product])
    returned = bought & (rng.random(product.shape) < shelf.returned[product])
    return Visited(product, clicked, bought, returned)


def shuffled(truth: ShelfTruth, n: int, rng: np.random.Generator) -> Ints:
    """Return what each of n visitors is shown where chance draws it, shape (n, places)."""
    return np.asarray(np.argsort(rng.random((n, PRODUCTS)), axis=1)[:, : truth.places], np.int64)


@dataclass(frozen=True, slots=True)
class Given:
    """Who comes when, and to which experiment.

    Attributes:
        surface: where the products are shown; part of the ids.
        seed: part of the ids.
        starts_on: first day, UTC.
        days: over which visitors come.
        experiment: to which they are exposed; None for none.
        arms: of it.
        arm: of each visitor, as its number in ``arms``.
    """

    surface: str
    seed: int
    starts_on: date
    days: int
    experiment: str | None = None
    arms: tuple[str, ...] = ()
    arm: Ints | None = None


def what_happened(shelf: Shelf, did: Visited, given: Given, rng: np.random.Generator) -> pa.Table:
    """Return what visitors did as events, in ``counterclick.events.schema.SCHEMA``.

    Args:
        shelf: the products.
        did: what visitors did.
        given: who comes when.
        rng: the source of chance.
    """
    n, places = did.product.shape
    begin = int(datetime.combine(given.starts_on, time(), UTC).timestamp()) * SECOND
    at = begin + seconds(rng, 0, given.days * 24 * 3600, n)
    visitor = ids(f"{given.surface}-{given.seed}-v", np.arange(n, dtype=np.int64))
    goods = ids("p", np.arange(PRODUCTS, dtype=np.int64))
    where = {"surface": given.surface, "channel": "onsite"}
    place = pa.array(np.tile(np.arange(1, places + 1, dtype=np.int32), n))
    shown = pa.StructArray.from_arrays([goods.take(pa.array(did.product.ravel())), place], fields=list(SHOWN_ITEM))
    who, nth = np.nonzero(did.clicked)
    click = {
        **where,
        "visitor_id": visitor.take(pa.array(who)),
        "product_id": goods.take(pa.array(did.product[who, nth])),
        "position": pa.array(nth + 1, pa.int32()),
    }
    somebody = {
        "visitor_id": f"{given.surface}-{given.seed}-last",
        "order_id": f"{given.surface}-{given.seed}-last",
        "currency": "EUR",
        "value": money(np.array([100])),
    }
    last = begin + (given.days + _DAYS_AFTER) * 24 * 3600 * SECOND
    blocks = [
        *_exposed(given, visitor, at),
        Block("view_item_list", at + SECOND, {**where, "visitor_id": visitor, "items": lists(np.full(n, places), shown)}),
        Block("select_item", at[who] + seconds(rng, 3, 300, len(who)), click),
        *_bought(shelf, did, visitor, goods, at, f"{given.surface}-{given.seed}", rng),
        Block("purchase", np.array([last]), somebody),
    ]
    return table(blocks, given.seed)


def _exposed(given: Given, visitor: pa.Array, at: Ints) -> list[Block]:
    if given.experiment is None or given.arm is None:
        return []
    variant = pa.array(np.array(given.arms, object)[given.arm], pa.string())
    told = {"visitor_id": visitor, "experiment": given.experiment, "surface": given.surface, "variant": variant}
    return [Block("exposure", at, {**told, "policy": variant, "propensity": 1 / len(given.arms)})]


def _bought(
    shelf: Shelf, did: Visited, visitor: pa.Array, goods: pa.Array, at: Ints, name: str, rng: np.random.Generator
) -> list[Block]:
    """Return an order for each visitor that bought something, and what came back of it."""
    who, place = np.nonzero(did.bought)
    buyers, n_lines = np.unique(who, return_counts=True)
    product = did.product[who, place]
    order_id = ids(f"{name}-o", buyers)
    value = np.add.reduceat(shelf.cents[product], np.cumsum(n_lines) - n_lines) if len(who) else shelf.cents[:0]
    own = {
        "product_id": goods.take(pa.array(product)),
        "quantity": pa.array(np.ones(len(who), np.int32)),
        "unit_price": money(shelf.cents[product]),
        "line_id": _line_ids(n_lines),
    }
    ordered_at = at[buyers] + seconds(rng, 400, 3_000, len(buyers))
    purchase = {
        "visitor_id": visitor.take(pa.array(buyers)),
        "order_id": order_id,
        "currency": "EUR",
        "value": money(value),
        "lines": lists(n_lines, _struct(own, len(who))),
    }
    back = np.flatnonzero(did.returned[who, place])
    order, n_back = np.unique(items_in(n_lines)[back], return_counts=True)
    gone = {key: column.take(pa.array(back)) for key, column in own.items() if key != "unit_price"}
    refund = {
        "order_id": order_id.take(pa.array(order)),
        "refund_kind": "return",
        "currency": "EUR",
        "lines": lists(n_back, _struct(gone, len(back))),
    }
    returned_at = ordered_at[order] + seconds(rng, 3 * 86_400, 12 * 86_400, len(order))
    return [Block("purchase", ordered_at, purchase), Block("refund", returned_at, refund)]


def _line_ids(n_lines: Ints) -> pa.Array:
    return ids("l", place_in(n_lines) + 1)


def _struct(columns: dict[str, pa.Array], n: int) -> pa.StructArray:
    filled = [columns[part.name] if part.name in columns else pa.nulls(n, part.type) for part in LINE]
    return pa.StructArray.from_arrays(filled, fields=list(LINE))
