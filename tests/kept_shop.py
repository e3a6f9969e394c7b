"""A shop whose facts are kept up, and all that these say."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ibis import _

from builders import (
    MONDAY,
    Event,
    add,
    answer,
    click,
    exposure,
    identify,
    later,
    product,
    purchase,
    refund,
    shown,
    view,
)
from counterclick.config import load
from counterclick.experiments.measured import measure
from counterclick.shop import Shop
from counterclick.shop.upkeep import Upkeep
from counterclick.stats import Moments

TOML = """
[shop]
currency = "EUR"
allowance = "1d"
[surfaces.cart]
[surfaces.chat]
[experiments.test]
surface = "cart"
control = "nothing"
variants = { nothing = 0.5, bestsellers = 0.5 }
window = "3d"
starts_on = 2026-01-05
ends_on = 2026-01-18
guardrails = { units_per_order = 0.05 }
"""
METRICS = ["order_success_rate", "order_submit_rate", "sessions_per_visitor", "cart_value_per_visitor"]
ALWAYS, NEVER = -1.0, 1e9


def begun(shop: Shop) -> Upkeep:
    """Return what keeps the facts of the shop's reading, with what is stored: as the first question of facts has it."""
    upkeep = shop.reading._upkeep
    upkeep._begin()
    return upkeep


def others() -> list[Event]:
    """Return what forty other visitors did, so that what happens in a test touches few of all."""
    found = [product("p1"), product("p2")]
    for n in range(40):
        who, at = f"w{n}", later(MONDAY, hours=n)
        found += [exposure(who, "nothing" if n % 2 else "bestsellers", at), answer(who, "p1", at=later(at, hours=1))]
        found += [identify(who, f"k{n // 2}", later(at, hours=2)), view(who, at, device="phone")]
        found += [click(who, at=at), add(who, at=at), shown(who, "p1", at=at)]
        if n % 3 == 0:
            found += [purchase(who, 10 + n, later(at, hours=4), order=f"k{n}"), refund(f"k{n}", later(at, hours=30))]
    return found


@contextmanager
def shop_of(*events: Event, after: float = ALWAYS, toml: str = TOML) -> Iterator[Shop]:
    """Open a shop in a temporary folder, in which this was recorded, and asked once."""
    with tempfile.TemporaryDirectory(prefix="counterclick-test-") as temporary:
        folder = Path(temporary)
        (folder / "shop.toml").write_text(toml, encoding="utf-8")
        with Shop(load(folder / "shop.toml"), folder, keep_after=after) as shop:
            record(shop, list(events))
            everything(shop)
            shop.refresh()
            yield shop


def record(shop: Shop, events: list[Event], how: str = "file") -> None:
    if how == "file":
        path = shop.folder / "events.jsonl"
        path.write_text("\n".join(map(json.dumps, events)), encoding="utf-8")
        shop.record(path)
    else:
        shop.record(events)
    if how == "drained":
        shop.store.drain()
        shop.refresh()


def everything(shop: Shop) -> dict[str, list[Any]]:
    """Return all rows of all facts, and what every experiment amounts to, in an order of their own."""
    facts, test = shop.facts, shop.experiment("test")
    facts, cohort = shop.facts, test._cohort
    tables = {
        "identities": facts.identities,
        "purchases": facts._purchases,
        "lines": facts.order_lines,
        "sold": facts._sold,
        "returns": facts.returns,
        "orders": facts.orders,
        "pasts": facts._pasts,
        "origins": facts._origins,
        "interactions": facts.interactions,
        "carts": facts.carts,
        "sessions": facts.sessions,
        "impressions": facts.impressions,
        "days": shop.reading.days.filter(_.kind != "experiment_declared"),  # each shop declares for itself
        "eligible": cohort.exposed,
        "assigned": cohort.orders,
        "unmatched": cohort.unmatched,
        "feature": cohort.feature_orders,
    }
    found = {name: sorted(rows_of(table.to_pyarrow().to_pylist())) for name, table in tables.items()}
    measured = measure(cohort, test._metrics(METRICS))
    found["measured"] = [str(sorted((key, told(value)) for key, value in measured.by_day.items()))]
    found["traits"] = [str(sorted((key, told(value)) for key, value in measured.by_traits.items()))]
    found["sums"] = [str((measured.n_eligible, measured.matched, measured.unmatched, measured.n_unmatched))]
    return found


def rows_of(rows: list[dict[str, Any]]) -> list[str]:
    return [str({name: plain(value) for name, value in row.items()}) for row in rows]


def plain(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.9g}"
    return value.isoformat() if isinstance(value, date | datetime) else value


def told(moments: Moments) -> tuple[Any, ...]:
    return moments.names, moments.n, [f"{x:.8g}" for x in moments.mean], [f"{x:.8g}" for x in moments.m2.ravel() + 0.0]


def from_scratch(shop: Shop) -> Iterator[Shop]:
    """Return the same shop without anything kept."""
    with tempfile.TemporaryDirectory(prefix="counterclick-test-") as temporary:
        copied = Path(temporary) / "shop"
        shutil.copytree(shop.folder, copied, ignore=shutil.ignore_patterns("facts"))
        with Shop(load(copied / "shop.toml"), copied, keep_after=NEVER) as other:
            yield other


def check(shop: Shop) -> None:
    """Compare everything with what is computed from scratch."""
    for other in from_scratch(shop):
        assert everything(shop) == everything(other)


def own() -> list[Event]:
    """Return what the visitors of the cases below had done before."""
    return [
        exposure("v1", "nothing", later(MONDAY, hours=5)),
        exposure("v2", "bestsellers"),
        click("v1", at=later(MONDAY, hours=6)),
        answer("v1", "p9", at=later(MONDAY, hours=6)),
        purchase("v1", 20, later(MONDAY, hours=7), order="o1", customer_id="c1"),
        identify("v2", "c2"),
        purchase(None, 30, later(MONDAY, hours=9), order="o2", customer_id="c2"),
        purchase(None, 40, later(MONDAY, hours=9), order="o3", customer_id="c3"),
        refund(None, later(MONDAY, hours=9), amount="6", customer_id="c2"),
        answer("w1", "p9", at=later(MONDAY, hours=9)),
    ]


def kept_files(shop: Shop) -> list[Path]:
    return sorted((shop.store.folder / "facts").glob("*"))


@contextmanager
def small_shop() -> Iterator[Shop]:
    """Open a shop with two recordings and facts kept of them."""
    with tempfile.TemporaryDirectory(prefix="counterclick-test-") as temporary:
        folder = Path(temporary)
        (folder / "shop.toml").write_text(TOML, encoding="utf-8")
        with Shop(load(folder / "shop.toml"), folder, keep_after=ALWAYS) as shop:
            for events in (others(), own()):
                record(shop, events)
            assert shop.latest_orders().n_all == 17
            shop.refresh()
            assert len(kept_files(shop)) == 1
            yield shop
