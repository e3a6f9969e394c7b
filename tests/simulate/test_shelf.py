"""Shelves whose products are known: what is drawn agrees with what is worked out, and orders earn what they should."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow.compute as pc
import pytest

from counterclick.errors import ConfigError
from counterclick.simulate.shelf import PRODUCTS, Given, Shelf, ShelfTruth, shuffled, visited, what_happened


def test_what_is_drawn_is_what_is_worked_out() -> None:
    """Clicks, orders, their worth and what stays of it, within five standard errors."""
    rng = np.random.default_rng(5)
    shelf = Shelf.drawn(ShelfTruth(), rng)
    order, n = rng.permutation(PRODUCTS), 60_000
    did = visited(shelf, np.tile(order[: shelf.truth.places], (n, 1)), rng)
    worth = shelf.cents[did.product] / 100
    drawn = (did.clicked, did.bought, did.bought * worth, (did.bought & ~did.returned) * worth)
    exact = shelf.looked(order)
    for each, expected in zip(drawn, (exact.clicks, exact.orders, exact.gmv, exact.net), strict=True):
        sums = each.sum(axis=1)
        assert abs(sums.mean() - expected) < 5 * sums.std() / np.sqrt(n)


def test_the_order_by_net_value_earns_most() -> None:
    """No other order that is tried earns more; that of clicks is clicked most, and earns less."""
    rng = np.random.default_rng(6)
    shelf = Shelf.drawn(ShelfTruth(), rng)
    best = np.argsort(-shelf.appeal * shelf.bought * shelf.cents * (1 - shelf.returned))
    by_clicks = shelf.looked(np.argsort(-shelf.appeal))
    others = [shelf.looked(rng.permutation(PRODUCTS)) for _ in range(50)]
    assert all(each.net < shelf.looked(best).net for each in (*others, by_clicks))
    assert all(each.clicks < by_clicks.clicks for each in (*others, shelf.looked(best)))


def test_events_tell_what_was_done() -> None:
    """As many lists, clicks, lines and returns as were drawn, of ids that no other surface or seed has."""
    rng = np.random.default_rng(7)
    shelf = Shelf.drawn(ShelfTruth(), rng)
    did = visited(shelf, shuffled(shelf.truth, 2_000, rng), rng)
    arm = rng.integers(0, 2, 2_000)
    told = what_happened(shelf, did, Given("shelf", 3, date(2026, 1, 5), 14, "test", ("a", "b"), arm), rng)
    counts = {kind: pc.sum(pc.equal(told["kind"], kind)).as_py() for kind in pc.unique(told["kind"]).to_pylist()}
    assert counts["view_item_list"] == counts["exposure"] == 2_000
    assert counts["select_item"] == did.clicked.sum()
    assert counts["purchase"] == did.bought.any(axis=1).sum() + 1, "and one afterwards"
    assert counts["refund"] == did.returned.any(axis=1).sum()
    bought = told.filter(pc.equal(told["kind"], "purchase"))
    assert bought["occurred_at"][-1] == told["occurred_at"][-1]
    bought = bought.slice(0, len(bought) - 1)
    assert len(pc.list_flatten(bought["lines"])) == did.bought.sum()
    assert float(pc.sum(bought["value"]).as_py()) == pytest.approx((did.bought * shelf.cents[did.product]).sum() / 100)
    variants = told.filter(pc.equal(told["kind"], "exposure"))["variant"].to_pylist()
    assert variants.count("b") == arm.sum()
    other = what_happened(shelf, did, Given("shelf", 4, date(2026, 1, 5), 14), rng)
    for name in ("event_id", "visitor_id", "order_id"):
        assert not {*told[name].drop_null().to_pylist()} & {*other[name].drop_null().to_pylist()}


def test_more_places_than_products_are_refused() -> None:
    with pytest.raises(ConfigError, match="61 places; there are 60 products"):
        Shelf.drawn(ShelfTruth(places=61), np.random.default_rng(1))
