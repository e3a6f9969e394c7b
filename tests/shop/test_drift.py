"""Drift from a shop's log: a simulated click bait, and what is missing in a small shop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from builders import answer, click, exposure, purchase, shown
from counterclick.audits import Audit, Drift
from counterclick.errors import EmptyStoreError
from counterclick.shop import Shop, open_shop
from counterclick.shop.drifting import whole_weeks
from drifting_shop import CHAT, CLICKBAIT, record_shop


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The audit of a shop of 12,000 visitors with a click bait and a chat."""
    toml = record_shop(tmp_path_factory.mktemp("shop"), CLICKBAIT, CHAT)
    with open_shop(toml) as shop:
        return shop.audit()


@pytest.fixture(scope="module")
def drift(audit: Audit) -> Drift:
    """Its drift."""
    return audit.drift


def test_a_simulated_click_bait_alarms_and_nothing_else_does(drift: Drift) -> None:
    """Clicks +60 % and orders -25 % by design: one alarm, whose intervals hold both truths."""
    assert [(alarm.surface, alarm.source, alarm.proxies) for alarm in drift.alarms] == [("nudges", "experiment", ("ctr",))]
    nudges = next(line for line in drift.experiments if line.surface == "nudges")
    ctr = nudges.proxies[0].lift
    assert (nudges.outcome, nudges.status) == ("lost", "alarm")
    assert ctr is not None
    assert ctr.lower < 0.6 < ctr.upper
    assert nudges.revenue is not None
    assert nudges.revenue[1] < -0.25 < nudges.revenue[2]


def test_a_chat_against_nothing_has_no_ratio_of_messages(drift: Drift) -> None:
    """The control answers nobody; clicks belong to no chat and are not made up; session length has a lift."""
    chat = next(line for line in drift.experiments if line.surface == "chat")
    assert chat.status == "cannot tell yet"
    told = {each.proxy: each.refused for each in chat.proxies}
    assert told["messages_per_visitor"] == "the control shows nothing: no ratio of messages"
    assert "ctr" not in told
    assert next(each for each in chat.proxies if each.proxy == "session_length").lift is not None


def test_theatre_rests_on_the_proxies_that_drift_shows_to_have_risen(audit: Audit) -> None:
    """One definition: on each surface the same proxies; the click bait is theatre, and the chat is none."""
    risen = {line.surface: tuple(p.proxy for p in line.proxies if p.risen) for line in audit.drift.experiments}
    assert {surface.name: surface.green for surface in audit.theatre.surfaces} == risen == {"nudges": ("ctr",), "chat": ()}
    assert [surface.name for surface in audit.theatre.surfaces if surface.is_theatre] == ["nudges"]


def test_every_series_covers_the_five_whole_weeks(drift: Drift) -> None:
    """CTR by surface, messages of the chat, and two proxies of the whole shop."""
    assert {(line.proxy, line.surface) for line in drift.series} == {
        ("ctr", "nudges"),
        ("messages_per_visitor", "chat"),
        ("session_length", None),
        ("sessions_per_visitor", None),
    }
    mondays = ("2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26", "2026-02-02")
    assert {line.weeks for line in drift.series} == {mondays}
    assert all(line.gap is not None for line in drift.series)


def test_asking_twice_says_the_same(tmp_path: Path) -> None:
    """Looks are kept in the log, and the second answer is the first."""
    toml = record_shop(tmp_path, CLICKBAIT, visitors=4_000)
    with open_shop(toml) as shop:
        first = str(shop.drift())
    with open_shop(toml) as shop:
        assert str(shop.drift()) == first


def test_a_shop_to_which_nothing_happened_is_said_so(shop: Shop) -> None:
    """There is nothing to lay beside anything."""
    with pytest.raises(EmptyStoreError, match="nothing is recorded yet"):
        shop.drift()


def test_a_small_shop_says_what_is_missing(make_shop: Callable[[], Shop]) -> None:
    """Three visitors of one week: no verdict, no whole weeks; the surface of the click has no experiment."""
    shop = make_shop()
    shop.record(
        [
            exposure("v1", "nothing"),
            shown("v1", "p1", surface="search"),
            click("v1", surface="search"),
            answer("v2", surface="chat"),
            purchase("v3", 10),
        ]
    )
    found = shop.drift()
    (cart,) = found.experiments
    assert (cart.surface, cart.status) == ("cart", "cannot tell yet")
    assert {line.because for line in found.series} == {"needs 4 whole weeks; there are 0"}
    assert (found.alarms, found.agreement) == ((), ())
    assert "needs 4 whole weeks; there are 0" in str(found)


@pytest.mark.parametrize(
    ("first", "last", "as_of", "zone", "weeks"),
    [
        (date(2026, 1, 5), date(2026, 1, 18), datetime(2026, 2, 1, tzinfo=UTC), "UTC", ["2026-01-05", "2026-01-12"]),
        (date(2026, 1, 6), date(2026, 1, 17), datetime(2026, 2, 1, tzinfo=UTC), "UTC", []),
        (date(2026, 1, 6), date(2026, 1, 18), datetime(2026, 1, 18, 12, tzinfo=UTC), "UTC", []),
        (date(2026, 1, 6), date(2026, 1, 18), datetime(2026, 1, 18, 23, 30, tzinfo=UTC), "UTC", []),
        (date(2026, 1, 6), date(2026, 1, 18), datetime(2026, 1, 18, 23, 30, tzinfo=UTC), "Europe/Berlin", ["2026-01-12"]),
    ],
)
def test_a_week_is_whole_from_monday_to_the_end_of_sunday(
    first: date, last: date, as_of: datetime, zone: str, weeks: list[str]
) -> None:
    """The first from a Monday on, the last when its Sunday is over in the shop's time zone."""
    assert whole_weeks(first, last, as_of, zone) == weeks


def test_changed_shares_keep_proxies_from_being_compared(make_shop: Callable[[str], Shop], toml: str) -> None:
    """Early visitors are mostly of one arm: the experiment is listed, and its proxies are left out."""
    more = "[[experiments.test.changes]]\nchanges_on = 2026-01-19\nvariants = { nothing = 0.2, bestsellers = 0.8 }\n"
    shop = make_shop(toml + more)
    shop.record([exposure(f"v{number}", ("nothing", "bestsellers")[number % 2]) for number in range(8)])
    shop.record([purchase(f"v{number}", 10 + number, at="2026-01-05T11:00") for number in range(4)])
    (line,) = shop.drift().experiments
    assert (line.proxies, line.moved) == ((), None)
