"""What lists showed, where, and what was bought and kept of it: from the facts to plain arrays.

An order line counts for the last list that showed its product to this buyer, within the window. It counts as bought and
kept: 0 where it came back, 1 where it did not and its returns window is over. A younger line, whether it came back already
or not, counts with the share of its product's settled lines that stay, shrunk: young orders would else look better than old
ones. Lists that are younger than the window do not count, since their orders are still to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
from ibis import _
from ibis.expr.types import Table

from counterclick.config import RankingConfig
from counterclick.decisions.earning import Codes, Numbers, Placed, seen_of
from counterclick.decisions.rates import fitted_prior
from counterclick.facts import Outcomes
from counterclick.facts.rows import floats, one_row

__all__ = ["Shelves", "shelves_of"]

_PLACES = 100
"""Places that are told apart; all below them are the last one."""
_TOLD = ("orders", "units", "settled", "returned")
_SUMS = ("orders", "units", "settled", "kept", "value", "squares", "young", "young_value", "young_squares", "returned")


@dataclass(frozen=True, slots=True)
class Shelves:
    """What lists showed, and what followed.

    Attributes:
        products: in order; by their number in all that follows.
        shown: by product and place.
        orders: order lines that followed, of each product, whether they came back or not.
        units: in these.
        settled: of these lines, those whose returns window is over.
        returned: of the settled ones, those that came back, or the part of them that did.
        margin: revenue less cost of what was kept of lines whose cost is known; NaN where none is.
        seen: how much each place is seen; None where too few orders followed drawn places.
        drawn_orders: how many did.
        drawn_times: products that chance put into a place.
        first_at: the first list that counts, UTC; None where none does.
        last_at: the last one.
    """

    products: tuple[str, ...]
    shown: Placed
    orders: Numbers
    units: Numbers
    settled: Numbers
    returned: Numbers
    margin: Numbers
    seen: Numbers | None
    drawn_orders: int
    drawn_times: int
    first_at: datetime | None
    last_at: datetime | None

    @property
    def n_shown(self) -> int:
        """Products that were shown, each as often as it was."""
        return int(self.shown.times.sum())

    @property
    def n_orders(self) -> int:
        """Order lines that followed."""
        return int(self.orders.sum())


def shelves_of(outcomes: Outcomes, limits: RankingConfig, settled_after: timedelta) -> Shelves:
    """Return what lists of the last days showed, and what followed.

    Args:
        outcomes: of the shop.
        limits: what ``shop.toml`` declares under ``[ranking]``.
        settled_after: the returns window.
    """
    newest = _newest(outcomes)
    window = timedelta(hours=limits.window_hours)
    listed, drawn = (_during(table, newest - window, limits) for table in (outcomes.placements, outcomes.drawn_placements))
    settled = _literal(newest - settled_after, outcomes.kept_lines.ordered_at)
    rows = _counted(listed, outcomes.bought_after(listed, window), settled).to_pyarrow()
    chance = _counted(drawn, outcomes.bought_after(drawn, window), settled).to_pyarrow()
    span = one_row(listed.agg(first=_.shown_at.min(), last=_.shown_at.max()))
    names = np.array(rows["product_id"].to_pylist(), object)
    products, product = np.unique(names.astype(str), return_inverse=True)
    stays = 1 - _return_rates(outcomes, settled, tuple(products))
    own = {name: np.nan_to_num(floats(rows[name])) for name in _SUMS}
    stay = stays[product] if len(products) else np.zeros(0)
    shown = Placed(
        product.astype(np.int64),
        _whole(rows["place"]),
        floats(rows["exposures"]),
        own["kept"] + own["young"] * stay,
        own["value"] + own["young_value"] * stay,
        own["squares"] + own["young_squares"] * stay,
    )
    margin = floats(rows["margin"])
    n = len(products)
    summed = {name: np.bincount(product, own[name], n).astype(np.float64) for name in _TOLD}
    costed = np.bincount(product, ~np.isnan(margin), n) > 0
    drawn_orders = int(np.nansum(floats(chance["orders"])))
    seen = None
    if drawn_orders >= limits.drawn_orders:
        followed = np.nan_to_num(floats(chance["orders"]))
        seen = seen_of(_whole(chance["place"]), floats(chance["exposures"]), followed, limits.least_seen)
    return Shelves(
        products=tuple(products.tolist()),
        shown=shown,
        **summed,
        margin=np.where(costed, np.bincount(product, np.nan_to_num(margin), n), np.nan),
        seen=seen,
        drawn_orders=drawn_orders,
        drawn_times=int(floats(chance["exposures"]).sum()),
        first_at=_utc(span["first"]),
        last_at=_utc(span["last"]),
    )


def _newest(outcomes: Outcomes) -> datetime:
    """Return when the last list was shown, or the last order placed."""
    shown = one_row(outcomes.placements.agg(at=_.shown_at.max()))["at"]
    ordered = one_row(outcomes.order_lines.agg(at=_.ordered_at.max()))["at"]
    known = [each for each in (_utc(shown), _utc(ordered)) if each is not None]
    return max(known) if known else datetime(1970, 1, 1, tzinfo=UTC)


def _during(placed: Table, ends: datetime, limits: RankingConfig) -> Table:
    """Return what was shown in time for its orders to be known, on the surfaces that count."""
    begins = ends - timedelta(days=limits.days)
    at = placed.shown_at
    during = placed.filter((at >= _literal(begins, at)) & (at <= _literal(ends, at)))
    if limits.surfaces:
        during = during.filter(during.surface.isin(limits.surfaces))
    return during.mutate(place=ibis.least(during.place, ibis.literal(_PLACES)))


def _counted(placed: Table, bought: Table, settled: ibis.Value) -> Table:
    """Return how often products stood in places, and what followed.

    Grain: one product and place, in their order. Columns: product_id, place, exposures, margin, and `_SUMS`; null where
    nothing followed.
    """
    keys = ["product_id", "place"]
    is_settled = bought.ordered_at <= settled
    lines = bought.mutate(paid=bought.revenue.cast("float64"), spent=bought.cost.cast("float64"), is_settled=is_settled)
    back = (1 - lines.kept).sum(where=lines.is_settled)
    followed = lines.group_by(keys).agg(
        orders=_.count(),
        units=_.quantity.sum(),
        settled=_.is_settled.sum(),
        kept=_.kept.sum(where=_.is_settled),
        value=(_.paid * _.kept).sum(where=_.is_settled),
        squares=(_.paid * _.paid * _.kept).sum(where=_.is_settled),
        young=(~_.is_settled).sum(),
        young_value=_.paid.sum(where=~_.is_settled),
        young_squares=(_.paid * _.paid).sum(where=~_.is_settled),
        returned=back,
        margin=((_.paid - _.spent) * _.kept).sum(where=_.spent.notnull()),
    )
    exposed = placed.group_by(keys).agg(exposures=_.count())
    return exposed.left_join(followed, keys).select(*keys, "exposures", "margin", *_SUMS).order_by(keys)


def _return_rates(outcomes: Outcomes, settled: ibis.Value, products: tuple[str, ...]) -> Numbers:
    """Return the share of each product's settled lines that came back, shrunk; 0 where none is settled yet."""
    lines = outcomes.kept_lines
    told = lines.filter(lines.ordered_at <= settled).group_by("product_id").agg(n=_.count(), k=(1 - _.kept).sum())
    rows = told.order_by("product_id").to_pyarrow()
    n, k = floats(rows["n"]), floats(rows["k"])
    if not len(n):
        return np.zeros(len(products))
    prior = fitted_prior(n, k)
    known = dict(zip(rows["product_id"].to_pylist(), prior.rate(n, k).tolist(), strict=True))
    return np.array([known.get(product, prior.mean) for product in products], np.float64)


def _literal(moment: datetime, like: ibis.Value) -> ibis.Value:
    return ibis.literal(moment).cast(like.type())


def _whole(column: pa.ChunkedArray) -> Codes:
    return np.asarray(floats(column).astype(np.int64))


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
