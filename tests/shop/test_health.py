"""Data health through the front door: what is missing, late, nobody's or no person's, and what that does to verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders import MONDAY, Event, event, exposure, identify, later, moment, purchase, refund, view
from counterclick.display import WIDTH
from counterclick.errors import ConfigError
from counterclick.events.schema import SCHEMA
from counterclick.shop import Shop, open_shop
from counterclick.shop.recording import record_bodies
from counterclick.verdicts import Check

MakeShop = Callable[[str], Shop]


def sent(shop: Shop, at: datetime, *events: Event, source: str = "api") -> None:
    """Record events as if they had arrived at a moment."""
    record_bodies(shop.store, shop.config, events, source=source, received_at=at)
    shop.refresh()


def noon(day: int, hour: int = 12) -> datetime:
    """A moment of January 2026."""
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def names(shop: Shop) -> set[str]:
    return {finding.name for finding in shop.check().findings}


def test_volumes_are_counted_by_the_shops_own_days(make_shop: MakeShop) -> None:
    """Half past eleven at night, UTC, is the next day in Berlin, in winter and in summer time."""
    shop = make_shop('[shop]\ntimezone = "Europe/Berlin"')
    shop.record([view("v1", at="2026-01-05T23:30"), view("v1", at="2026-07-05T21:30"), view("v1", at="2026-07-05T22:30")])
    (volume,) = shop.check().volumes
    assert {f"{day}": n for day, n in volume.by_day.items()} == {"2026-01-06": 1, "2026-07-05": 1, "2026-07-06": 1}
    assert (volume.n, volume.n_days) == (3, 3)


def test_a_day_without_orders_is_named_with_what_was_usual_on_it(shop: Shop, tmp_path: Path) -> None:
    """Twelve orders on every day of four weeks but one: 12 of 336 are missing, 3.6 %."""
    days = [day for day in range(28) if day != 15]
    events = [purchase(f"v{day}{n}", revenue=5, at=later(MONDAY, days=day)) for day in days for n in range(12)]
    shop.record(events)
    health = shop.check(fail_on=["days_without_events"])
    (gap,) = health.gaps
    assert (gap.kind, f"{gap.first_on}", gap.usual, gap.is_open) == ("purchase", "2026-01-20", 12, False)
    assert health.fails
    (found,) = [finding for finding in health.findings if finding.name == "days_without_events"]
    assert "About 12 orders (3.6 % of all)" in found.says
    assert "1.8 % larger to be seen" in found.says  # 1 / sqrt(1 - 12/336) = 1.018
    closed = (tmp_path / "shop.toml").read_text(encoding="utf-8") + "[health]\nclosed_on = [2026-01-20]\n"
    (tmp_path / "shop.toml").write_text(closed, encoding="utf-8")
    shop.close()
    with open_shop(tmp_path / "shop.toml") as again:
        assert not again.check().gaps


def test_where_events_arrive_as_they_happen_a_kind_that_stopped_is_still_missing(shop: Shop) -> None:
    """Views and orders every day; after three weeks no view comes any more, although orders do."""
    for day in range(5, 31):
        views = [view(f"v{day}{n}", at=f"2026-01-{day:02}T11:59") for n in range(20)] if day < 26 else []
        sent(shop, noon(day), purchase(f"v{day}", revenue=5, at=f"2026-01-{day:02}T11:59"), *views)
    (gap,) = shop.check().gaps
    assert (gap.kind, f"{gap.first_on}", f"{gap.last_on}", gap.is_open) == ("page_view", "2026-01-26", "2026-01-29", True)
    assert "2026-01-29, still" in str(shop.check())


def test_imported_history_simply_ends(shop: Shop) -> None:
    """Refunds come for a month after the last order: nothing is missing, and nothing is late."""
    events = [purchase(f"v{day}{n}", revenue=5, at=later(MONDAY, days=day)) for day in range(21) for n in range(12)]
    events += [refund(None, at=later(MONDAY, days=day), amount=1) for day in range(50) for _n in range(12)]
    shop.record(events)
    health = shop.check()
    assert not health.gaps
    assert health.sign("late events").shown == "not known"
    assert "imported history" in health.sign("late events").effect
    assert "days_without_events" not in names(shop)


def test_days_between_experiments_have_no_exposures(make_shop: MakeShop, toml: str) -> None:
    """The experiment ends on the 1st of February; what comes after it, or does not, is no gap."""
    shop = make_shop(toml)
    days = [*range(13), *range(14, 28), 60]
    shop.record([exposure(f"v{day}{n}", "nothing", at=later(MONDAY, days=day)) for day in days for n in range(12)])
    assert [(gap.kind, f"{gap.first_on}", f"{gap.last_on}") for gap in shop.check().gaps] == [
        ("exposure", "2026-01-18", "2026-01-18")
    ]


def test_events_that_come_after_the_allowance_are_late(shop: Shop) -> None:
    """One of two orders of the 6th arrives on the 12th, when others have long been there; the allowance is two days."""
    sent(shop, noon(5), purchase("v0", revenue=5, at="2026-01-01T10:00"))
    sent(shop, noon(6), purchase("v1", revenue=5, at="2026-01-06T11:00"))
    sent(shop, noon(11), view("v1", at="2026-01-11T11:00"))
    sent(shop, noon(12), purchase("v2", revenue=5, at="2026-01-06T11:00"))
    health = shop.check(fail_on=["late_events"])
    sign = health.sign("late events")
    assert sign.value == pytest.approx(1 / 3)  # of three live events; that of the 1st is history
    assert "purchase 1 of 2 (50.0 %)" in sign.effect
    assert 'allowance = "7d"' in sign.effect
    assert health.fails


def test_a_file_that_brings_the_only_news_in_weeks_is_not_late(shop: Shop) -> None:
    """Every fourth week a file: nothing else had arrived in between, so that no look was taken without it."""
    sent(shop, noon(1), purchase("v0", revenue=5, at="2025-12-20T10:00"))
    sent(shop, noon(29), purchase("v1", revenue=5, at="2026-01-06T10:00"), purchase("v2", revenue=5, at="2026-01-28T10:00"))
    assert shop.check().sign("late events").value == 0
    assert "late_events" not in names(shop)


def test_clocks_are_compared_where_arrival_means_something(shop: Shop) -> None:
    """Delays of 30, 60 and 90 seconds have the median 60; a clock five minutes ahead is within what is taken."""
    sent(shop, noon(1), view("v0", at="2025-12-31T10:00"))
    for seconds in (30, 60, 90):
        at = noon(2, seconds // 30)
        sent(shop, at, view("v1", at=(at - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")))
    assert shop.check().sign("received after occurred, median").value == 60
    assert shop.check().sign("clocks ahead of ours").shown == "none"
    sent(shop, noon(3), view("v1", at="2026-01-03T12:05"))
    ahead = shop.check().sign("clocks ahead of ours")
    assert ahead.value == pytest.approx(1 / 5)
    assert "by 300 seconds at most" in ahead.effect


def test_refused_events_are_told_by_reason_and_kind_with_what_is_lost(shop: Shop) -> None:
    """One of four orders had a negative value, an exposure no visitor, and one line was no JSON object."""
    bad = purchase("v9", revenue=-1)
    nobody = exposure("v1", "nothing") | {"visitor_id": None}
    shop.record([*(purchase(f"v{n}", revenue=5) for n in range(3)), bad, nobody])
    record_bodies(shop.store, shop.config, [5])  # type: ignore[list-item]  # what a sender may send
    shop.refresh()
    found = {refusal.reason: refusal for refusal in shop.check().refusals}
    assert (found["out_of_range"].n, found["out_of_range"].kinds) == (1, {"purchase": 1})
    assert "1 orders (25.0 % of those sent)" in found["out_of_range"].effect
    assert "15.5 % larger to be seen" in found["out_of_range"].effect  # 1 / sqrt(3/4) = 1.155
    assert "1 exposures (100.0 %)" in found["missing_field"].effect
    assert "what they were is not known" in found["malformed"].effect
    assert shop.check().rejected == {"malformed": 1, "missing_field": 1, "out_of_range": 1}


def check_of(shop: Shop, name: str) -> Check:
    return {check.name: check for check in shop.experiment("test").result().checks}[name]


def arms(n: int = 40) -> list[Event]:
    """Visitors of two arms who all buy for 10."""
    events = [exposure(f"v{i}", "nothing" if i % 2 else "bestsellers") for i in range(n)]
    return events + [purchase(f"v{i}", revenue=10, at=later(MONDAY, hours=1)) for i in range(n)]


def test_assignment_carried_to_orders_is_what_the_verdict_checks(shop: Shop) -> None:
    """Two of 40 met both arms; two orders of 10 have no visitor, one of them a customer with two: 20 of 420 are nobody's."""
    more = [
        exposure("v0", "nothing", at=later(MONDAY, hours=2)),
        exposure("v1", "bestsellers", at=later(MONDAY, hours=2)),
        identify("v2", "c1"),
        identify("v3", "c1"),
        identify("v4", "c2"),
        purchase(None, revenue=10, customer_id="c1", at=later(MONDAY, hours=3)),
        purchase(None, revenue=10, at=later(MONDAY, hours=3)),
        purchase(None, revenue=30, customer_id="c2", at=later(MONDAY, hours=3)),
        purchase("stranger", revenue=1000, at=later(MONDAY, hours=3)),
    ]
    shop.record([*arms(), *more])
    (found,) = shop.check().carried
    assert (found.n_eligible, found.n_several, found.n_matched, found.n_unmatched) == (40, 2, 41, 2)
    assert (found.matched, found.unmatched) == (430, 20)
    several, unmatched = check_of(shop, "visitors in several arms"), check_of(shop, "unmatched revenue")
    assert found.several_share == several.value == 0.05
    assert found.unmatched_share == pytest.approx(unmatched.value)
    assert {"visitors_in_several_arms"} <= names(shop)
    assert "unmatched_revenue" not in names(shop)  # 20 of 450 are 4.4 %
    assert "a true lift of 5.0 % is seen as 4.49 % at the worst" in found.effect
    assert "a true lift of 9.3 % would be seen as none" in found.effect  # 20 / (430 / 2)


def test_visitors_of_undeclared_arms_or_of_other_days_do_not_count(shop: Shop) -> None:
    """As in the verdict: an arm that shop.toml does not name, and a visitor who came before the start."""
    odd = [exposure("x", "typo"), exposure("early", "nothing", at="2026-01-01T10:00"), exposure("early", "nothing")]
    shop.record([*arms(), *odd])
    (found,) = shop.check().carried
    assert (found.n_eligible, found.n_several, found.unmatched) == (40, 0, 0)
    assert check_of(shop, "visitors in undeclared arms").value == pytest.approx(
        1 / 41
    )  # the verdict counts 40 and 1 as well


def test_share_of_visitors_never_identified_and_what_hangs_on_it(shop: Shop) -> None:
    """One of four visitors is known as a customer; of two orders without a visitor, one finds it through her."""
    shop.record(
        [
            *(view(f"v{n}") for n in range(4)),
            identify("v0", "c0"),
            purchase(None, revenue=5, customer_id="c0"),
            purchase(None, revenue=5, customer_id="nobody"),
        ]
    )
    sign = shop.check().sign("visitors never identified")
    assert sign.value == 0.75
    assert "2 orders name no visitor; 1 of them name a customer who was identified" in sign.effect


def test_consent_is_told_only_where_events_say_it(shop: Shop) -> None:
    """Nobody says it: not known. Then two of three visitors allow it by their latest word, and one order is without."""
    shop.record([view("v0")])
    assert shop.check().sign("visitors who allowed analytics").shown == "not known: no event says"
    shop.record(
        [
            view("v1", consent=False),
            view("v1", consent=True, at=later(MONDAY, hours=1)),
            view("v2", consent=True),
            purchase("v3", revenue=5, consent=False),
        ]
    )
    sign = shop.check().sign("visitors who allowed analytics")
    assert sign.value == pytest.approx(2 / 3)
    assert "1 of the 1 orders that say it were placed without consent" in sign.effect


def test_consent_is_kept_by_both_doors(shop: Shop, tmp_path: Path) -> None:
    """A body and a file say false: the log has false, and null where nothing was said."""
    assert "consent" in SCHEMA.names
    shop.record([view("v1", consent=False)])
    file = tmp_path / "e.jsonl"
    lines = [view("v2", consent=False), view("v3"), view("v4", consent="maybe")]
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    assert shop.record(file).rejected == {"wrong_type": 1}
    rows = shop.reading.rows("SELECT visitor_id, consent FROM events WHERE kind = 'page_view' ORDER BY visitor_id")
    assert rows == [("v1", False), ("v2", False), ("v3", None)]


def test_likely_bots_are_found_with_their_share_of_events_visitors_and_revenue(shop: Shop) -> None:
    """A script sees 400 pages in a day and buys for 100 of 500: a true lift of 5 % is seen as 4 %."""
    start = moment(MONDAY)
    pages = [view("bot", at=f"{start + timedelta(seconds=n):%Y-%m-%dT%H:%M:%S}") for n in range(400)]
    events = [*arms(), exposure("bot", "nothing"), purchase("bot", revenue=100)]
    people = [view(f"p{n}") for n in range(160)]
    shop.record([*events, *pages, *people])
    health = shop.check()
    sign = health.sign("likely bots")
    assert sign.value == pytest.approx(402 / (402 + 80 + 160))
    assert "2.44 % of the experiments' eligible visitors" in sign.effect  # 1 of 41
    assert "Their 1 orders are 20.0 % of revenue" in sign.effect
    assert "a true lift of 5.0 % is seen as 4.00 %" in sign.effect
    assert "likely_bots" in names(shop)


def test_who_says_that_it_is_a_bot_is_one(shop: Shop) -> None:
    """However few its events are: one of 42 visitors, whose visit is weighed beside the others'."""
    shop.record([*arms(), view("crawler") | {"device": "bot"}, exposure("crawler", "nothing")])
    sign = shop.check().sign("likely bots")
    assert "1 visitors with more than 300 events on one day, or who say that they are bots (1)," in sign.effect
    assert sign.value is not None
    assert 0 < sign.value < 0.1


def test_a_busy_visitor_is_no_bot(shop: Shop) -> None:
    """250 pages on each of two days are 500 in all, and never more than 300 on a day."""
    pages = [
        view("fan", at=f"{moment(MONDAY) + timedelta(days=day, seconds=n):%Y-%m-%dT%H:%M:%S}")
        for day in (0, 1)
        for n in range(250)
    ]
    shop.record([*pages, *(view(f"p{n}") for n in range(160))])
    assert shop.check().sign("likely bots").shown == "none"


def test_the_limits_are_configuration(make_shop: MakeShop) -> None:
    """With two events a day as the limit, who has three among 200 who have one is taken for a bot; nonsense is refused."""
    shop = make_shop("[health]\nbot_events = 2\nbot_factor = 1")
    shop.record([*(view(f"p{n}") for n in range(200)), *(view("v1", at=later(MONDAY, minutes=n)) for n in range(3))])
    assert shop.check().sign("likely bots").value == pytest.approx(3 / 203)
    with pytest.raises(ConfigError, match="health"):
        make_shop("[health]\nlate_share = 2")
    with pytest.raises(ConfigError, match="Did you mean 'bot_events'"):
        make_shop("[health]\nbot_event = 2")


def test_the_page_fits_in_eighty_columns(shop: Shop) -> None:
    """Every figure, its effect and every finding."""
    shop.record([*arms(), purchase(None, revenue=9), refund("nowhere", amount=5), purchase("v1", revenue=-1)])
    text = str(shop.check())
    assert max(len(row) for row in text.splitlines()) <= WIDTH
    assert "Assignment, carried to orders" in text


def test_browsers_that_lost_their_visitor_are_counted_where_they_met_two_arms(make_shop: MakeShop, toml: str) -> None:
    """Of 100 visitors one was given another id twice, once in the other arm; nobody knows where no cart tells."""
    shop = make_shop(toml)
    shop.record([exposure(f"v{n}", "nothing" if n % 2 else "bundles", experiment="cart-bundles") for n in range(100)])
    assert shop.check().sign("visitors given another id").value is None
    both = [event("reassigned", visitor_id="v1", other_visitor_id=other, at=later(MONDAY, days=2)) for other in ("v2", "v3")]
    shop.record([*both, {**both[0], "event_id": "told again"}])
    health = shop.check(fail_on=["reassigned_visitors"])
    found = health.sign("visitors given another id")
    assert (found.value, found.shown) == (0.01, "2")
    assert "1 of them met two arms of one experiment, 1.00 % of its visitors" in found.effect
    assert health.fails
