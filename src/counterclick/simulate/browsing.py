"""What visitors do by themselves before they buy: they come, look and fill carts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from counterclick.simulate.arrays import SECOND, Ints, money, place_in, seconds
from counterclick.simulate.catalogue import Catalogue
from counterclick.simulate.events_table import Block
from counterclick.simulate.orders import Orders
from counterclick.simulate.truth import ShopTruth
from counterclick.simulate.visits import BROWSED, Visitors, Visits, device

__all__ = ["browsed", "carted", "identity", "listed"]

LOOKS = 0.5  # share of visits without a cart in which a product's page is seen
ABANDONS = 0.25  # share of carts without an order in which a checkout is begun
REMOVES = 0.15  # share of carts without an order from which the product is taken out again


def listed(truth: ShopTruth, goods: Catalogue, start: int) -> list[Block]:
    """Return the catalogue's events, all of them at ``start``, in microseconds."""
    at = np.full(len(goods.price), start, dtype=np.int64)
    columns = {
        "product_id": goods.product_id,
        "title": goods.title,
        "category": goods.category,
        "unit_price": money(goods.price),
        "unit_cost": money(goods.cost),
        "currency": truth.currency,
    }
    return [Block("product", at, columns)]


def browsed(who: Visitors, seen: Visits, goods: Catalogue, rng: np.random.Generator) -> list[Block]:
    """Return page views, product views and the identification of returning customers."""
    looks = np.flatnonzero(seen.cart | (rng.random(len(seen.at)) < LOOKS))
    known = np.flatnonzero(seen.first & who.returning[seen.visitor])
    pages = pa.array([f"/{name}" for name in goods.category.unique().to_pylist()])
    page_view = {
        "visitor_id": who.visitor_id.take(pa.array(seen.visitor)),
        "device": device(who, seen.visitor),
        "country": "DE",
        "page": pages.take(pa.array(seen.product % len(pages))),
    }
    view_item = {
        "visitor_id": who.visitor_id.take(pa.array(seen.visitor[looks])),
        "product_id": goods.product_id.take(pa.array(seen.product[looks])),
    }
    wait = seconds(rng, 5, BROWSED, len(looks))
    return [
        Block("page_view", seen.at, page_view),
        Block("identify", seen.at[known] + SECOND, identity(who, seen.visitor[known])),
        Block("view_item", seen.at[looks] + wait, view_item),
    ]


def carted(
    truth: ShopTruth, who: Visitors, seen: Visits, placed: Orders, goods: Catalogue, rng: np.random.Generator
) -> list[Block]:
    """Return what is laid into carts and taken out again; a cart that is ordered holds what is ordered."""
    ordered = np.zeros(len(seen.at), dtype=np.bool_)
    ordered[placed.visit] = True
    left = np.flatnonzero(seen.cart & ~ordered)
    out = left[rng.random(len(left)) < REMOVES]
    begun = left[rng.random(len(left)) < ABANDONS]
    line_visit = placed.visit[placed.order]
    line_at = seen.cart_at[line_visit] + np.minimum(place_in(placed.n_lines), 14) * 10 * SECOND

    def line(visit: Ints, product: Ints, quantity: Ints) -> dict[str, pa.Array | str | float]:
        return {
            "visitor_id": who.visitor_id.take(pa.array(seen.visitor[visit])),
            "product_id": goods.product_id.take(pa.array(product)),
            "quantity": pa.array(quantity, pa.int32()),
            "unit_price": money(goods.price[product]),
            "currency": truth.currency,
        }

    def one(visit: Ints) -> dict[str, pa.Array | str | float]:
        return line(visit, seen.product[visit], np.ones(len(visit), dtype=np.int64))

    checkout = {
        "visitor_id": who.visitor_id.take(pa.array(seen.visitor[begun])),
        "value": money(goods.price[seen.product[begun]]),
        "currency": truth.currency,
    }
    return [
        Block("add_to_cart", seen.cart_at[left], one(left)),
        Block("add_to_cart", line_at, line(line_visit, placed.product, placed.quantity)),
        Block("remove_from_cart", seen.cart_at[out] + seconds(rng, 30, 200, len(out)), one(out)),
        Block("begin_checkout", seen.cart_at[begun] + seconds(rng, 60, 240, len(begun)), checkout),
    ]


def identity(who: Visitors, visitor: Ints) -> dict[str, pa.Array]:
    """Return the columns that say which customers these visitors are."""
    return {
        "visitor_id": who.visitor_id.take(pa.array(visitor)),
        "customer_id": who.customer_id.take(pa.array(visitor)),
    }
