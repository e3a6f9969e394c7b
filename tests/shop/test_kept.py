"""Facts that are kept up say what facts computed from scratch say, whatever happened, and however it was recorded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ibis import _
from ibis.expr.operations import Node

from builders import (
    MONDAY,
    Event,
    add,
    answer,
    click,
    event,
    exposure,
    identify,
    later,
    line,
    product,
    purchase,
    refund,
    remove,
    shown,
    view,
)
from counterclick.config import load
from counterclick.experiments.measured import measure
from counterclick.shop import Shop
from counterclick.shop.texts import Texts
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


visitors, customers = st.sampled_from(["v1", "v2", "v3", "v4"]), st.sampled_from(["c1", "c2", "c3"])
orders, products = st.sampled_from(["o1", "o2", "o3", "o4"]), st.sampled_from(["p1", "p2", "p9"])
moments = st.integers(0, 18 * 24).map(lambda hours: later(MONDAY, hours=hours))
lines = st.lists(
    st.builds(line, products, st.integers(1, 3), st.sampled_from(["10", "0.3", "7.77"])), min_size=1, max_size=3
)
devices = st.sampled_from([None, "phone", "desktop"])
happenings = st.one_of(
    st.builds(
        purchase,
        st.none() | visitors,
        at=moments,
        order=orders,
        lines=lines,
        customer_id=st.none() | customers,
        device=devices,
    ),
    st.builds(purchase, st.none() | visitors, st.sampled_from(["20", "33.33"]), at=moments, order=orders),
    st.builds(refund, st.none() | orders, moments, amount=st.sampled_from([None, "5"]), customer_id=st.none() | customers),
    st.builds(identify, visitors, customers, moments),
    st.builds(exposure, visitors, st.sampled_from(["nothing", "bestsellers", "other"]), moments, device=devices),
    st.builds(answer, visitors, products, at=moments, escalated=st.sampled_from([None, True])),
    st.builds(click, visitors, products, moments),
    st.builds(
        lambda kind, at, visitor, customer: event(
            kind, at, surface="email", message_id="m", visitor_id=visitor, customer_id=customer
        ),
        st.sampled_from(["message_sent", "message_opened"]),
        moments,
        st.none() | visitors,
        st.none() | customers,
    ),
    st.builds(add, visitors, at=moments),
    st.builds(remove, visitors, at=moments),
    st.builds(view, visitors, moments, device=devices),
    st.builds(shown, visitors, products, at=moments),
    st.builds(product, products, st.none(), moments),
)
recordings = st.lists(
    st.tuples(st.lists(happenings, min_size=1, max_size=8), st.sampled_from(["file", "single", "drained"]), st.booleans()),
    min_size=1,
    max_size=3,
)


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


NEW = {
    "a late click of a visitor whose customer's order names no visitor": [click("v2", at=later(MONDAY, hours=8))],
    "a refund of an old order": [refund("o1", later(MONDAY, hours=40))],
    "a refund that names no order": [refund(None, amount="3")],
    "and then its customer is seen": [refund(None, amount="4", customer_id="c2"), view("v9")],
    "a second visitor of a customer": [exposure("v3", "nothing", later(MONDAY, hours=1)), identify("v3", "c2")],
    "the owner of an order is known at last": [identify("v4", "c3"), exposure("v4", "bestsellers")],
    "an order was another visitor's before": [purchase("v5", 5, later(MONDAY, hours=6), order="o1")],
    "an exposure in another arm, earlier": [exposure("v1", "bestsellers", later(MONDAY, hours=4))],
    "who entered on Tuesday had entered on Monday": [exposure("w30", "nothing", later(MONDAY, hours=2))],
    "a product is in the catalogue": [product("p9")],
}


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(recordings)
def test_what_is_kept_up_is_what_is_computed_from_scratch(batches: list[tuple[list[Event], str, bool]]) -> None:
    """After every recording, by file, one by one, or drained, all tables and moments are the same; so is the audit."""
    with shop_of(*others()) as shop:
        for events, how, writes in batches:
            record(shop, events, how)
            shop._keep_after = ALWAYS if writes else NEVER
            assert begun(shop)._stored
            check(shop)
            shop.refresh()
        for other in from_scratch(shop):
            assert str(shop.audit()) == str(other.audit())


def test_old_figures_change_with_what_they_depend_on() -> None:
    """What comes late, or links old with old, changes the figures of those whom it touches; for the rest the file serves."""
    with shop_of(*others(), *own()) as shop:
        shop._keep_after = NEVER
        for happened, events in NEW.items():
            record(shop, events, "single" if "refund" in happened else "file")
            assert begun(shop)._stored, happened
            assert begun(shop)._has_part, happened
            check(shop)


def test_only_days_into_which_news_reach_are_added_up_anew() -> None:
    """An order on Wednesday of who entered on Tuesday opens Tuesday again, and no other day."""
    with shop_of(*others(), *own()) as shop:
        shop._keep_after = NEVER
        record(shop, [purchase("w30", 7, later(MONDAY, hours=50), order="late")])
        check(shop)
        daily = next(name for name in begun(shop)._known if name.startswith("kept_daily"))
        assert shop.reading.rows(f'FROM opened."groups of {daily}"') == [(date(2026, 1, 6),)]
        assert {day for (day,) in shop.reading.rows(f'SELECT DISTINCT entry_on FROM main."{daily}"')} > {date(2026, 1, 6)}


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


def spoil(shop: Shop, how: str) -> None:
    """Do to the file of kept facts what may befall it."""
    (path,) = kept_files(shop)
    content = path.read_bytes()
    if how == "deleted":
        shutil.rmtree(path.parent)
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "overwritten":
        path.write_bytes(content[:20_000] + bytes(20_000) + content[40_000:])
    elif how == "foreign":
        path.rename(path.with_name("facts-00000000.duckdb")).write_text("no database", encoding="utf-8")
    else:  # a folder that cannot be written
        shutil.rmtree(path.parent)
        path.parent.write_text("in the way", encoding="utf-8")


@pytest.mark.parametrize("how", ["deleted", "cut", "overwritten", "foreign", "in the way"])
def test_a_file_that_cannot_be_used_is_as_if_it_were_not_there(how: str) -> None:
    """The answer is computed anew, and the file is written again where it can be."""
    with small_shop() as shop:
        spoil(shop, how)
        assert shop.latest_orders().n_all == 17
        assert not begun(shop)._stored
        shop.refresh()
        shop.latest_orders()
        assert bool(begun(shop)._stored) == (how != "in the way")


def test_what_is_kept_outlasts_the_compacting_of_the_log() -> None:
    """Events that came since are told apart from those they were put together with, and the file is soon written again."""
    with shop_of(*others(), *own()) as shop:
        for hours in (20, 30):
            shop._keep_after = NEVER
            record(shop, [purchase("w30", 7, later(MONDAY, hours=hours), order=f"late{hours}")])
            record(shop, [shown("w31", "p1", at=later(MONDAY, hours=hours))], "drained")
            compacted = shop.compact()
            assert compacted.n_files < compacted.n_files_before
            old = kept_files(shop)
            assert begun(shop)._stored
            assert begun(shop)._has_part
            check(shop)
            shop.refresh()
            assert kept_files(shop) != old
            assert not begun(shop)._is_moved


def test_where_files_with_new_events_are_deleted_all_is_computed_anew() -> None:
    """What came since lies in no file of its own any more: nothing of what is kept is used."""
    with small_shop() as shop:
        shop._keep_after = NEVER
        record(shop, [purchase("v7", 5, order="new")])
        shop.compact()
        table = shop.store.log.snapshot().table
        assert table is not None
        table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
        assert shop.latest_orders().n_all == 18
        assert not begun(shop)._stored


def test_a_log_that_lost_events_is_read_anew() -> None:
    """Of a file without one of its events nobody can say which: nothing of what is kept is used."""
    with small_shop() as shop:
        table = shop.store.log.snapshot().table
        assert table is not None
        table.delete("kind = 'purchase' AND order_id = 'o1'")
        assert shop.latest_orders().n_all == 16
        assert not begun(shop)._stored


def test_who_says_late_that_it_is_a_bot_is_found() -> None:
    """One is stored and says so again, one has come since, and one waits."""
    with shop_of(*others()) as shop:
        bots = [view(f"crawler{number}") | {"device": "bot"} for number in range(3)]
        record(shop, bots[:1])
        assert "or who say that they are bots (1)" in shop.check().sign("likely bots").effect
        shop.refresh()
        shop._keep_after = NEVER
        record(shop, [bots[0] | {"event_id": "again"}, bots[1]])
        record(shop, bots[2:], "single")
        assert begun(shop)._stored
        assert "or who say that they are bots (3)" in shop.check().sign("likely bots").effect


def test_another_shop_toml_has_facts_of_its_own() -> None:
    """An experiment that ends earlier has other eligible visitors, though the file knows the old ones."""
    with shop_of(*others(), *own()) as shop:
        (shop.folder / "shop.toml").write_text(TOML.replace("2026-01-18", "2026-01-05"), encoding="utf-8")
        with Shop(load(shop.folder / "shop.toml"), shop.folder, keep_after=ALWAYS) as other:
            assert begun(other)._stored
            check(other)
            assert other.experiment("test")._cohort.everyone.count().to_pyarrow().as_py() < 42
        (shop.folder / "shop.toml").write_text(TOML, encoding="utf-8")
        check(shop)


def test_two_readers_have_one_file_while_a_third_replaces_it() -> None:
    """Whoever has opened the old file reads on in it; whoever comes next reads the new one."""
    with small_shop() as shop:
        one, two = (Shop(shop.config, shop.folder, keep_after=NEVER) for _ in range(2))
        assert one.latest_orders().n_all == two.latest_orders().n_all == 17
        old = kept_files(shop)
        record(shop, [purchase("v7", 5, order="new")])
        shop.audit()
        shop.refresh()
        assert kept_files(shop) != old
        assert one.facts.returns.count().to_pyarrow().as_py() == 15
        one.refresh()
        assert one.latest_orders().n_all == 18
        one.close()
        two.close()


def test_what_was_not_asked_for_is_kept_up_all_the_same() -> None:
    """A file that one command writes still holds what another one has asked for."""
    with small_shop() as shop:
        shop.audit()
        shop.refresh()
        record(shop, [purchase("v7", 5, order="new")])
        shop.latest_orders()
        shop.refresh()
        shop.audit()
        upkeep = shop.reading._upkeep
        assert not upkeep._has_part
        assert {name for name, known in upkeep._known.items() if known.kept.is_stored} <= {*upkeep._stored}


def test_texts_that_are_taken_are_what_would_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queries of an audit are the same, letter by letter, whether their text is in the file or compiled now."""
    taken = []
    plain = Texts.text

    def compared(self: Texts, operation: Node, compiled: Callable[[], str]) -> str:
        found = plain(self, operation, compiled)
        taken.append((found, plain(Texts(""), operation, compiled), self._digest(operation) in self._stored))
        return found

    with small_shop() as shop:
        shop.audit()
        shop.refresh()
        monkeypatch.setattr(Texts, "text", compared)
        shop.audit()
    assert all(found == fresh for found, fresh, _is_stored in taken)
    assert sum(is_stored for _found, _fresh, is_stored in taken) > len(taken) / 2


def test_another_process_knows_the_tables_again() -> None:
    """What Ibis draws at random, or takes from a set, does not make another table of the same one."""
    asks = (
        "import sys; from pathlib import Path; from counterclick.config import load; from counterclick.shop import Shop\n"
        "folder = Path(sys.argv[1])\n"
        "with Shop(load(folder / 'shop.toml'), folder, keep_after=1e9) as shop:\n"
        "    shop.audit(); upkeep = shop.reading._upkeep\n"
        "    print(*(name for name, known in upkeep._known.items() if known.kept.by and name not in upkeep._stored))"
    )
    with small_shop() as shop:
        shop.audit()
        shop.close()
        for seed in ("1", "2"):
            run = [sys.executable, "-c", asks, str(shop.folder)]
            found = subprocess.run(
                run, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed}
            )
            assert not found.stdout.strip()


def test_who_asks_for_events_alone_waits_for_no_facts() -> None:
    """A count of events neither takes up what is stored nor finds out whom new events touch, nor writes anything."""
    with small_shop() as shop:
        shop.refresh()
        before = [*(shop.store.folder / "facts").iterdir()]
        record(shop, [purchase("v1", 5, order="o77")])
        assert shop.reading.one("SELECT count(*) FROM events WHERE order_id = 'o77'") == 1
        databases = "SELECT count(*) FROM duckdb_databases() WHERE NOT internal"
        assert shop.reading.one(databases) == 1
        shop.refresh()
        assert [*(shop.store.folder / "facts").iterdir()] == before
        shop.latest_orders()
        assert shop.reading.one(databases) == 2
