"""Looks as the log keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from builders import MONDAY, Event, exposure, later, purchase, view
from counterclick.errors import ConfigError
from counterclick.shop import Shop

MakeShop = Callable[[str], Shop]
WEEKS = 6


def happened(toml: str) -> tuple[str, list[Event]]:
    """Return a shop whose experiment of six weeks has 60 visitors a day and arm, a quarter of whom buy, and its events."""
    dated = toml.replace("ends_on = 2026-02-01", "ends_on = 2026-02-15\nplanned_buyers = 1200")
    events = []
    for day in range(7 * WEEKS):
        at = later(MONDAY, days=day)
        for arm in ("nothing", "bestsellers"):
            for i in range(60):
                who = f"{arm}{day}v{i}"
                events.append(exposure(who, arm, at))
                if i % 4 == 0:
                    events.append(purchase(who, 20 + (i * 7 + day) % 30, later(at, hours=2)))
    return dated, events


def test_looks_are_kept_once_and_read_again(make_shop: MakeShop, toml: str) -> None:
    """A verdict writes its looks to the log; asked again, and from a shop that is opened anew, they are the same."""
    dated, events = happened(toml)
    shop = make_shop(dated)
    shop.record(events)
    shop.record([view("later", later(MONDAY, days=60))])
    first = shop.experiment("test").verdict()
    assert [look.number for look in first.looks] == [1, 2, 3, 4, 5]
    assert shop.experiment("test").verdict().looks == first.looks
    again = make_shop(dated)
    assert again.experiment("test").verdict().looks == first.looks
    kept = again.reading.rows("SELECT count(*), count(DISTINCT event_id) FROM events WHERE kind = 'look_taken'")
    assert kept == [(5, 5)]
    assert first.looks[0].entered_until == date(2026, 1, 5) + timedelta(days=13)


def test_a_declared_experiment_keeps_the_buyers_that_were_expected_of_it(make_shop: MakeShop, toml: str) -> None:
    """Four weeks of history before the start fix the planned buyers; what comes later does not change them."""
    events = []
    for day in range(28):
        at = later(MONDAY, days=day)
        events += [view(f"h{day}v{i}", at) for i in range(40)]
        events += [purchase(f"h{day}v{i}", 30 + i, later(at, hours=1)) for i in range(10)]
    shop = make_shop(toml.replace("2026-02-01", "2026-03-15").replace("starts_on = 2026-01-05", "starts_on = 2026-02-16"))
    shop.record(events)
    expected = shop.experiment("test").context.declarations[0].planned_buyers
    assert expected == 280  # ten a day, for four weeks, both arms
    shop.record([purchase(f"more{i}", 10, later(MONDAY, days=20)) for i in range(500)])
    assert [found.planned_buyers for found in shop.experiment("test").context.declarations] == [expected]


def test_the_global_holdout_is_judged_like_an_experiment(make_shop: MakeShop, toml: str) -> None:
    """A fifth is held out: its verdict stands with the features beside it, and its break-even is of all surfaces' costs."""
    whole = (
        toml + "[holdout]\nshare = 0.2\nstarts_on = 2026-01-05\nends_on = 2026-02-01\n[surfaces.search]\nmonthly_cost = 50\n"
    )
    shop = make_shop(whole.replace('currency = "EUR"', 'currency = "EUR"\nmargin_rate = 0.5'))
    events = []
    for i in range(4_000):
        at = later(MONDAY, days=i % 28, minutes=i % 600)
        side = "held_out" if i % 5 == 0 else "ai"
        events.append(exposure(f"v{i}", side, at, experiment="holdout"))
        if side == "ai":
            events.append(exposure(f"v{i}", "nothing" if i % 2 else "bestsellers", at))
        if i % 4 == 0:
            events.append(purchase(f"v{i}", 20 + i % 37, later(at, hours=1)))
    shop.record(events)
    found = shop.holdout()
    assert (found.verdict.control, found.verdict.treatment) == ("held_out", "ai")
    assert [feature.experiment for feature in found.features] == ["test"]
    month = found.verdict.numbers["control_revenue_a_month"]
    assert found.verdict.break_even_lift == pytest.approx(150 / (month * 0.5))
    assert "Features beside the holdout" in str(found)
    assert "holdout" not in {finding.name for finding in shop.check().findings}
    undeclared = make_shop(toml)
    with pytest.raises(ConfigError, match="no global holdout is declared"):
        undeclared.holdout()
