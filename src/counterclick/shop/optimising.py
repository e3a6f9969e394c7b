"""What you optimise is what you get: one ranker, tuned once on clicks and once on orders, each judged beside a static rule.

A simulated shop shows a page of products in an order that chance draws, and learns from it twice: from clicks, as many
tools are tuned, and from orders that were kept, as this product's own policy is. Both then run against bestsellers, each
with visitors of its own, and are judged like any other experiment. Nothing else in this product learns from clicks.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from counterclick.config import parse
from counterclick.decisions import Bestsellers, Policy, Ranking
from counterclick.decisions.earning import Placed, earned, seen_of
from counterclick.decisions.policy import Ask
from counterclick.display import Grid, Shown, percent, signed_percent
from counterclick.errors import ConfigError, RefusedError
from counterclick.experiments import Result
from counterclick.shop.declaring import declaration
from counterclick.shop.front import Shop
from counterclick.shop.recording import Progress, record_bodies, silent
from counterclick.simulate.shelf import PRODUCTS, Given, Looked, Shelf, ShelfTruth, shuffled, visited, what_happened

__all__ = ["ARMS", "METRICS_SHOWN", "SAYS", "Optimised", "Tuned", "by_clicks", "what_you_optimise"]

Order = NDArray[np.int64]
ARMS = {"clicks": "tuned-on-clicks", "orders": "tuned-on-orders"}
"""What it is tuned on -> the surface, and its experiment."""
METRICS_SHOWN = ("ctr", "orders_per_visitor", "revenue_per_visitor", "net_revenue_per_visitor")
SAYS = {
    "ctr": "CTR",
    "orders_per_visitor": "orders per visitor",
    "revenue_per_visitor": "GMV per visitor",
    "net_revenue_per_visitor": "net revenue per visitor",
}
"""Metric -> what it is called here: revenue before returns is what the trade calls GMV."""
_LEARNING, _STATIC = "learning", "bestsellers"
_STARTS_ON = date(2026, 1, 5)
_DAYS = 14
_JUDGED_ON = _STARTS_ON + timedelta(days=_DAYS)
_DECLARED_AT = datetime.combine(_STARTS_ON, time(12), UTC)
_TUNED_ON = {"clicks": "ctr", "orders": "net_revenue_per_visitor"}
VISITORS = 60_000
"""A quarter of them learnt from, the others judged."""
_HEAD = """
[shop]
currency = "EUR"
timezone = "UTC"
[ranking]
surfaces = ["learning"]
"""


@dataclass(frozen=True, slots=True)
class Tuned:
    """A metric of one of the two rankers beside the static rule.

    Attributes:
        tuned_on: ``clicks`` or ``orders``.
        metric: its name.
        true_lift: by which the metric really changes for each visitor.
        lift: as measured; None where it is refused.
        low: lower end of its 95 % interval.
        high: upper end.
    """

    tuned_on: str
    metric: str
    true_lift: float
    lift: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Optimised(Shown):
    """What became of a page that was tuned on clicks, and of one that was tuned on orders.

    Attributes:
        lines: each metric of each.
        outcomes: tuned on what -> the verdict on GMV per visitor.
        folder: where the shop lies; None where it was temporary.
    """

    lines: tuple[Tuned, ...]
    outcomes: Mapping[str, str]
    folder: str | None

    def grids(self) -> list[Grid]:
        """Return a table for each of the two."""
        return [*(self._grid(on) for on in ARMS), self._says()]

    def line(self, tuned_on: str, metric: str) -> Tuned:
        """Return one line.

        Raises:
            RefusedError: there is none.
        """
        for each in self.lines:
            if (each.tuned_on, each.metric) == (tuned_on, metric):
                return each
        raise RefusedError(f"nothing is known of {metric!r} where the ranker is tuned on {tuned_on!r}.")

    def _grid(self, on: str) -> Grid:
        rows = [
            (
                SAYS[each.metric],
                signed_percent(each.true_lift),
                signed_percent(each.lift) if each.lift is not None else "-",
                f"{percent(each.low)} to {percent(each.high)}" if each.low is not None and each.high is not None else "-",
            )
            for each in self.lines
            if each.tuned_on == on
        ]
        title = f"The ranker tuned on {on}, against bestsellers: {self.outcomes[on]}"
        return Grid(title, ("", "true lift", "estimated", "95 % interval"), rows)

    def _says(self) -> Grid:
        notes = [
            "The verdicts are on GMV per visitor. Products, visitors and effects are simulated: how far clicks and money "
            "part is a parameter of this shop, and not a promise for another one."
        ]
        if self.folder is not None:
            notes.append(f"The shop is kept: `counterclick audit --shop {self.folder}/shop.toml`.")
        return Grid("What you optimise is what you get", (), (), notes)


def what_you_optimise(folder: Path | None, seed: int, visitors: int | None, *, progress: Progress = silent) -> Optimised:
    """Simulate a shop, tune one ranker on clicks and on orders, and judge both against bestsellers.

    Args:
        folder: where to keep the shop; a temporary one unless given.
        seed: of the simulation.
        visitors: a quarter of them learnt from; 60,000 unless given.
        progress: called with each step and the fraction done.

    Raises:
        ConfigError: the folder cannot be used, or the shop is too small to learn from.
    """
    n = visitors or VISITORS
    with contextlib.ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="counterclick-demo-")))
        toml = _new_toml(place)
        rng = np.random.default_rng(seed)
        shelf = Shelf.drawn(ShelfTruth(), rng)
        shop = stack.enter_context(Shop(parse(_toml()), place))
        declared = [declaration(name, shop.config, _DECLARED_AT) for name in ARMS.values()]
        record_bodies(shop.store, shop.config, declared, source="shop.toml")
        progress("showing products in an order that chance draws", 0.0)
        drawn = visited(shelf, shuffled(shelf.truth, n // 4, rng), rng)
        _record(shop, place, what_happened(shelf, drawn, Given(_LEARNING, 3 * seed, _STARTS_ON, _DAYS), rng))
        progress("learning from clicks, and from orders", 0.3)
        tuned = {"clicks": by_clicks(shop, _LEARNING), "orders": _by_policy(shop, Ranking(shop.config.ranking))}
        static = _by_policy(shop, Bestsellers())
        for nth, (on, order) in enumerate(tuned.items(), 1):
            progress(f"judging the one that was tuned on {on}", 0.3 + 0.2 * nth)
            arm = rng.integers(0, 2, n * 3 // 8)
            did = visited(shelf, np.stack([static, order])[arm][:, : shelf.truth.places], rng)
            given = Given(ARMS[on], 3 * seed + nth, _JUDGED_ON, _DAYS, ARMS[on], (_STATIC, on), arm)
            _record(shop, place, what_happened(shelf, did, given, rng))
        toml.write_text(_toml(), encoding="utf-8")
        truths = {on: _lifts(shelf.looked(static), shelf.looked(order)) for on, order in tuned.items()}
        return _optimised(shop, truths, str(folder) if folder else None)


def by_clicks(shop: Shop, surface: str) -> Order:
    """Return products in the order in which the same ranker puts them where clicks stand in the place of orders.

    Args:
        shop: that has shown them.
        surface: where.
    """
    shown = """
        SELECT list.product_id AS product, list.position AS place, count(*) AS times FROM (
            SELECT unnest(items, recursive := true) FROM events WHERE kind = 'view_item_list' AND surface = ?) AS list
        GROUP BY ALL"""
    clicked = """
        SELECT product_id AS product, position AS place, count(*) AS clicks FROM events
        WHERE kind = 'select_item' AND surface = ? GROUP BY ALL"""
    rows = shop.reading.rows(
        f"SELECT product, place, times, coalesce(clicks, 0) FROM ({shown}) LEFT JOIN ({clicked}) USING (product, place)",
        [surface, surface],
    )
    number = np.array([int(row[0][1:]) for row in rows], np.int64)
    place, times, clicks = (np.array([row[k] for row in rows]) for k in (1, 2, 3))
    counts = Placed(number, place.astype(np.int64), times.astype(float), clicks.astype(float), clicks.astype(float))
    found = earned(counts, PRODUCTS, floor=2.0, seen=seen_of(counts.place, counts.times, counts.successes))
    return np.argsort(-found.score, kind="stable")


def _by_policy(shop: Shop, policy: Policy) -> Order:
    """Return all products in the order in which a policy that has learnt from the shop's orders puts them."""
    policy.fit(shop.facts.outcomes())
    names = tuple(f"p{number}" for number in range(PRODUCTS))
    offers, _scores, _because = policy.decide(Ask(_LEARNING, "anybody", most=PRODUCTS, candidates=names))
    told = [int(name[1:]) for name in offers]
    return np.array([*told, *sorted({*range(PRODUCTS)} - {*told})], np.int64)


def _lifts(static: Looked, tuned: Looked) -> dict[str, float]:
    """Return metric -> true lift of one order of products over another; net revenue after all returns."""
    changes = (tuned.clicks / static.clicks, tuned.orders / static.orders, tuned.gmv / static.gmv, tuned.net / static.net)
    return {metric: change - 1 for metric, change in zip(METRICS_SHOWN, changes, strict=True)}


def _optimised(shop: Shop, truths: Mapping[str, Mapping[str, float]], folder: str | None) -> Optimised:
    """Lay what is measured beside what is true."""
    found = {on: shop.experiment(name) for on, name in ARMS.items()}
    lines = [
        _line(on, metric, truths[on][metric], found[on].result(METRICS_SHOWN)) for on in ARMS for metric in METRICS_SHOWN
    ]
    return Optimised(tuple(lines), {on: experiment.verdict().outcome for on, experiment in found.items()}, folder)


def _line(on: str, metric: str, true_lift: float, result: Result) -> Tuned:
    lift = result.row(metric).lift
    if lift is None:
        return Tuned(on, metric, true_lift, None, None, None)
    return Tuned(on, metric, true_lift, lift.value, lift.lower, lift.upper)


def _new_toml(folder: Path) -> Path:
    toml = folder / "shop.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_there = toml.exists()
    except OSError as error:
        raise ConfigError(f"the folder {folder} cannot be used: {error.strerror}.") from error
    if is_there:
        raise ConfigError(f"{folder} holds a shop already; name an empty folder for this demo.")
    return toml


def _record(shop: Shop, folder: Path, events: pa.Table) -> None:
    path = folder / "events.parquet"
    pq.write_table(events.drop_columns(["received_at", "source"]), path)
    shop.record(path)
    path.unlink()


def _toml() -> str:
    """Return the text of the shop's ``shop.toml``."""
    ends_on = _JUDGED_ON + timedelta(days=_DAYS - 1)
    tests = (
        f'[surfaces.{name}]\nmeasured_on = "revenue_per_visitor"\ntuned_on = "{_TUNED_ON[on]}"\n'
        f'[experiments.{name}]\nsurface = "{name}"\ncontrol = "{_STATIC}"\n'
        f'variants = {{ {_STATIC} = 0.5, {on} = 0.5 }}\nwindow = "7d"\n'
        f"starts_on = {_JUDGED_ON}\nends_on = {ends_on}\n"
        for on, name in ARMS.items()
    )
    return "".join((_HEAD, *tests))
