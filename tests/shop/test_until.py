"""The past of a shop: what it would have said on a day, had it recorded only what had happened by then."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from builders import event, product, purchase, rows
from counterclick.audits import Audit
from counterclick.display import plain
from counterclick.shop import Shop, open_shop
from counterclick.shop.reading import Reading
from counterclick.shop.reporting import Past
from counterclick.shop.until import until_events
from counterclick.simulate import ShopTruth, simulate
from drifting_shop import CHAT, CLICKBAIT

DAY = date(2026, 1, 31)
UNTIL = datetime(2026, 1, 31, 23, tzinfo=UTC)
"""Midnight in Berlin."""


def shop_of(folder: Path, toml: str, events: pa.Table) -> Shop:
    """Open a shop whose events arrived when they occurred."""
    folder.mkdir()
    (folder / "shop.toml").write_text(toml, encoding="utf-8")
    shop = open_shop(folder / "shop.toml")
    shop.store.log.append(events, name="simulated", version=1)
    return shop


@dataclass(frozen=True)
class Both:
    """Audits: of the past, of a shop that had recorded no more than that, and of all; events before and after looking."""

    past: Audit
    then: Audit
    now: Audit
    n_events: tuple[int, ...]


def n_events(shop: Shop) -> int:
    shop.refresh()
    return int(shop.reading.one("SELECT count(*) FROM events"))


def without_kept_looks(audit: Audit) -> Audit:
    """Return an audit whose data do not count how many looks stand in the log: the shop that knew less takes them now."""
    kinds = {kind: n for kind, n in audit.health.events.items() if kind != "look_taken"}
    volumes = tuple(volume for volume in audit.health.volumes if volume.kind != "look_taken")
    return replace(audit, health=replace(audit.health, events=kinds, volumes=volumes))


def past_of(shop: Shop) -> Past:
    return Past(shop.store, shop.config, shop.folder, shop.rule, {}, "500MB")


def differences(ours: Any, theirs: Any, at: str = "") -> list[str]:
    """Return where two plain values differ: not in the last digits of sums, nor in when looks were taken."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        names = {*ours, *theirs} - {"taken_at"}
        return [each for name in sorted(names) for each in differences(ours.get(name), theirs.get(name), f"{at}.{name}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [each for number, pair in pairs for each in differences(*pair, f"{at}[{number}]")]
    if isinstance(ours, float) and isinstance(theirs, float):
        return [] if math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-9) else [f"{at}: {ours} and {theirs}"]
    return [] if ours == theirs else [f"{at}: {ours} and {theirs}"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """The past of a shop that knows everything, and the audit of one that knows nothing after that day."""
    truth = ShopTruth(visitors=6_000, weeks=5, conversion=0.2, carts=0.4, surfaces=(CHAT, CLICKBAIT))
    simulation = simulate(truth, seed=3)
    toml = simulation.config().replace(
        'outcome = "revenue_per_visitor"', 'outcome = "revenue_per_visitor"\nplanned_buyers = 1500'
    )
    events = simulation.events
    happened = pc.less(events["occurred_at"], pa.scalar(UNTIL, events["occurred_at"].type))
    folder = tmp_path_factory.mktemp("until")
    everything, only = (
        shop_of(folder / name, toml, rows) for name, rows in (("all", events), ("until", events.filter(happened)))
    )
    now = everything.audit()  # it takes its looks, those after that day as well
    counts = [n_events(everything)]
    past = past_of(everything).audit(DAY)
    counts.append(n_events(everything))
    return Both(past, only.audit(), now, tuple(counts))


def test_the_past_is_what_a_shop_would_have_said_that_knew_nothing_after_it(both: Both) -> None:
    """Claims, verdicts with their looks, recommendations, drift, alignment, readiness, health: all parts are equal."""
    assert differences(*(plain(without_kept_looks(audit)) for audit in (both.past, both.then))) == []


def test_the_past_is_not_the_present(both: Both) -> None:
    """Fewer orders were known, and fewer looks taken; otherwise the equality above would say nothing."""
    assert both.past.claims.ledger.n_orders < both.now.claims.ledger.n_orders
    looks = [
        max(len(line.verdict.looks) for line in audit.claims.lines if line.verdict is not None)
        for audit in (both.past, both.now)
    ]
    assert 0 < looks[0] < looks[1]


def test_looking_back_writes_nothing(both: Both) -> None:
    """The log has as many events after the past was asked for as before."""
    before, after = both.n_events
    assert before == after


def test_each_kind_is_kept_by_its_own_rule(make_shop: Callable[[str], Shop]) -> None:
    """Orders by their day; claims by their order or the end of their period; the catalogue as it was, or was first known."""
    shop = make_shop("")
    shop.record(
        [
            purchase("v1", 10, "2026-01-31T23:59", order="before"),
            purchase("v1", 10, "2026-02-01T00:00", order="after"),
            event("claim", "2026-03-01T00:00", claimant="a", amount=1, order_id="before"),
            event("claim", "2026-01-05T00:00", claimant="a", amount=2, order_id="after"),
            event("claim", "2026-03-01T00:00", claimant="a", amount=3, order_id="nobody's"),
            event("claim", "2026-01-01T00:00", claimant="a", amount=4, period_ends_at="2026-02-01T00:00:00Z"),
            event("claim", "2026-01-20T00:00", claimant="a", amount=5, period_ends_at="2026-02-02T00:00:00Z"),
            product("p1", "early", "2026-01-01T00:00"),
            product("p1", "late", "2026-02-10T00:00"),
            product("p2", "only", "2026-02-10T00:00"),
        ]
    )
    reading = Reading(shop.store, shop.config, shop.folder, "500MB", until=datetime(2026, 2, 1, tzinfo=UTC))
    assert reading.rows("SELECT order_id FROM events WHERE kind = 'purchase'") == [("before",)]
    claims = reading.rows("SELECT amount::INTEGER FROM events WHERE kind = 'claim' ORDER BY 1")
    assert [amount for (amount,) in claims] == [1, 3, 4]
    assert reading.rows("SELECT category FROM events WHERE kind = 'product' ORDER BY 1") == [("early",), ("only",)]
    assert reading.as_of() == datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    same = until_events(reading.backend.table("all_events"), datetime(2026, 2, 1, tzinfo=UTC))
    assert sorted(rows(same, "event_id")) == sorted(row[0] for row in reading.rows("SELECT event_id FROM events"))
