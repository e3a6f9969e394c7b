"""Events leave when their time is over, and not before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from builders import exposure, purchase, view
from counterclick.config import RetentionConfig
from counterclick.events.schema import KINDS, REJECTION
from counterclick.shop import Shop
from counterclick.shop.housekeeping import Housekeeping
from counterclick.shop.retaining import retain
from left_over import left_of

NOW = datetime(2026, 4, 11, 12, tzinfo=UTC)
TOML = """
[shop]
timezone = "Europe/Berlin"
[retention]
page_view = 40
"""
EVENTS = [
    view("visitor-of-old", "2026-03-01T22:59"),  # 23:59 on the first of March in Berlin
    view("visitor-of-late", "2026-03-01T23:00"),  # midnight of the second
    purchase("visitor-of-old", 5, "2026-01-05T10:00", order="order-of-old"),
]


def test_every_kind_may_have_an_age_but_those_that_figures_rest_on() -> None:
    """The catalogue, declarations and looks stay; nothing has an age unless it is named."""
    named = {*RetentionConfig.__struct_fields__}
    assert named == {*KINDS, REJECTION} - {"product", "experiment_declared", "look_taken"}
    assert RetentionConfig().days == {}


def test_what_would_be_erased_is_said_and_then_it_is_erased(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """Whole days of the shop's own time zone; other kinds stay, however old; no version of the log keeps them."""
    shop = make_shop(TOML)
    shop.record(EVENTS)
    asked = retain(shop.store, shop.config, erasing=False, now=NOW)
    assert (asked.events, asked.first_on) == ({"page_view": 1}, {"page_view": date(2026, 3, 2)})
    assert "nothing was changed" in str(asked)
    assert shop.reading.one("SELECT count(*) FROM events") == 3
    done = retain(shop.store, shop.config, erasing=True, now=NOW)
    assert (done.events, done.is_done) == ({"page_view": 1}, True)
    shop.refresh()
    assert [row[0] for row in shop.reading.rows("SELECT visitor_id FROM events WHERE kind = 'page_view'")] == [
        "visitor-of-late"
    ]
    assert shop.reading.one("SELECT count(*) FROM events WHERE kind = 'purchase'") == 1
    assert left_of(tmp_path, str(EVENTS[0]["event_id"])) == []
    assert retain(shop.store, shop.config, erasing=True, now=NOW).events == {}


def test_the_check_says_from_which_day_on_a_kind_is_complete(make_shop: Callable[[str], Shop]) -> None:
    """And names experiments of whose time events are gone."""
    shop = make_shop(TOML)
    shop.record(EVENTS)
    retain(shop.store, shop.config, erasing=True, now=NOW)
    shop.refresh()
    health = shop.check()
    assert health.complete_from == {"page_view": date(2026, 3, 2)}
    assert [(each.why, each.events) for each in health.erased] == [("retention", {"page_view": 1})]
    assert "page_view from 2026-03-02" in str(health).replace("\n  ", " ")
    assert "experiments_cut_off_by_retention" not in {found.name for found in health.findings}


def test_an_experiment_that_lost_exposures_to_their_age_is_a_finding(make_shop: Callable[[str], Shop], toml: str) -> None:
    """A verdict asked for now would lack them."""
    shop = make_shop(toml + "[retention]\nexposure = 40\n")
    shop.record([exposure("v1", "nothing"), exposure("v2", "bestsellers", "2026-04-10T10:00"), purchase("v1", 5)])
    retain(shop.store, shop.config, erasing=True, now=NOW)
    shop.refresh()
    (finding,) = [found for found in shop.check().findings if found.name == "experiments_cut_off_by_retention"]
    assert (finding.n, "test" in finding.says) == (1, True)


def test_without_a_declared_age_everything_stays(make_shop: Callable[[str], Shop]) -> None:
    """And the answer says how to declare one."""
    shop = make_shop("")
    shop.record(EVENTS)
    assert "[retention]" in str(shop.rights.retain(erasing=True))
    assert shop.reading.one("SELECT count(*) FROM events") == 3


def test_a_shop_that_is_served_erases_once_a_day(make_shop: Callable[[str], Shop]) -> None:
    """Not before the next day of the shop."""
    shop = make_shop(TOML)
    shop.record(EVENTS)
    house = Housekeeping(shop.store, shop.config, shop.rights.requests)
    assert house.work(NOW) == ["erased 1 page_view because of their age"]
    shop.record([view("visitor-of-old", "2026-02-01T10:00")])
    assert house.work(NOW) == []
    assert house.work(datetime(2026, 4, 11, 22, 30, tzinfo=UTC)) == ["erased 2 page_view because of their age"]
