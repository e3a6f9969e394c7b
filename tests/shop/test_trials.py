"""Which test speaks for a surface, and what is advised where it has not begun."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from builders import Event, exposure, later, purchase, view
from counterclick.audits.theatre import Surface
from counterclick.errors import EmptyStoreError
from counterclick.shop import Shop

START = "2026-01-05T08:00"
TESTS = {
    "old": ("2026-01-05", "2026-01-18"),
    "served": ("2026-01-19", "2026-02-01"),
    "unserved": ("2026-01-26", "2026-02-15"),
    "next": ("2099-01-05", "2099-02-01"),
    "later": ("2099-03-02", "2099-03-29"),
}
ONOFF = "[onoff.cart]\nstarts_on = {starts_on}\nweeks = 4\nblock = '1d'\nlift = 0.1\n"


def toml(*names: str, onoff: str = "") -> str:
    """Return a shop.toml with some of the tests on the cart, and a schedule from a day on."""
    text = "[shop]\ncurrency = 'EUR'\n[surfaces.cart]\n"
    for name in names:
        first, last = TESTS[name]
        text += f"[experiments.{name}]\nsurface = 'cart'\ncontrol = 'a'\nvariants = {{ a = 0.5, b = 0.5 }}\n"
        text += f"starts_on = {first}\nends_on = {last}\nlooks = 'end'\n"
    return text + (ONOFF.format(starts_on=onoff) if onoff else "")


def weeks(*buyers: str) -> list[Event]:
    """Return six weeks in which eight visitors a day enter the two served tests; those of some arms buy."""
    events: list[Event] = []
    for day in range(42):
        at = later(START, days=day)
        for i in range(8):
            who, arm = f"d{day}v{i}", "ab"[i % 2]
            events.append(view(who, at=at))
            test = "old" if day < 14 else "served" if day < 28 else ""
            if test:
                events.append(exposure(who, arm, at=at, experiment=test, surface="cart"))
            if f"{test} {arm}" in buyers or not test:
                events.append(purchase(who, 20 + i + day * 7 % 11, at=later(at, minutes=30)))
    return events


BOTH = ("old a", "old b", "served a", "served b")


@pytest.fixture
def cart(make_shop: Callable[[str], Shop]) -> Callable[[str, list[Event]], Surface]:
    """Return a function: what the audit says of the cart, from a shop.toml and events."""

    def audited(text: str, events: list[Event]) -> Surface:
        shop = make_shop(text)
        shop.record(events)
        return next(each for each in shop.audit().theatre.surfaces if each.name == "cart")

    return audited


def spoken(surface: Surface) -> str:
    return surface.tested.experiment if surface.tested else ""


def test_what_begins_later_leads_to_a_test_on_that_day(cart: Callable[[str, list[Event]], Surface]) -> None:
    """Two that begin later: the next one is named with its day, and nobody is told to record what cannot be there yet."""
    found = cart(toml("later", "next"), weeks())
    assert (found.recommendation.action, found.recommendation.rule) == ("test", "not begun")
    assert found.recommendation.because == "next begins on 2099-01-05; the log has not come to that day."


@pytest.mark.parametrize("names", [("served", "next"), ("next", "served"), ("unserved", "served", "next")])
def test_what_nobody_entered_hides_no_test_that_ran(
    cart: Callable[[str, list[Event]], Surface], names: tuple[str, ...]
) -> None:
    """The served test has no verdict, since its control never bought; it still speaks before one that begins, or is idle."""
    found = cart(toml(*names), weeks("served b"))
    assert spoken(found) == "served"
    assert "has no buyers" in found.recommendation.because


@pytest.mark.parametrize(("buyers", "expected"), [(BOTH, "served"), (("old a", "old b", "served b"), "old")])
def test_the_newest_test_with_a_verdict_speaks(
    cart: Callable[[str, list[Event]], Surface], buyers: tuple[str, ...], expected: str
) -> None:
    """Both have one: the newer. The newer one's control never bought: the older one."""
    found = cart(toml("served", "old", "next"), weeks(*buyers))
    assert spoken(found) == expected
    assert found.situation.verdict is not None


def test_a_test_that_should_run_and_is_not_served_is_told_to_record(cart: Callable[[str, list[Event]], Surface]) -> None:
    """It has begun and nobody entered: it speaks before one that begins later, and exposures are asked for."""
    found = cart(toml("unserved", "next"), weeks())
    assert spoken(found) == "unserved"
    assert "nobody became eligible" in found.recommendation.because
    assert "Record exposure events" in found.recommendation.because


def test_a_schedule_that_begins_later_hides_no_split(cart: Callable[[str, list[Event]], Surface]) -> None:
    """The served test has no verdict, and the cart will be switched on and off in 2099: the served test speaks."""
    assert spoken(cart(toml("served", onoff="2099-01-05"), weeks("served b"))) == "served"


def test_a_schedule_alone_that_begins_later_says_so(cart: Callable[[str, list[Event]], Surface]) -> None:
    """Its day stands in the advice."""
    found = cart(toml(onoff="2099-01-05"), weeks(*BOTH))
    assert found.recommendation.rule == "not begun"
    assert found.recommendation.because.startswith("on/off test of cart begins on 2099-01-05")


def test_a_schedule_with_a_later_verdict_speaks_before_an_older_split(cart: Callable[[str, list[Event]], Surface]) -> None:
    """The split ended in January; the schedule over the next weeks has a verdict of its own, and it is the newer one."""
    found = cart(toml("old", onoff="2026-01-19"), weeks(*BOTH))
    assert spoken(found) == "on/off test of cart"
    assert found.situation.verdict is not None


def test_an_experiment_says_when_it_begins_and_what_it_waits_for(make_shop: Callable[[str], Shop]) -> None:
    """Before its first day there is nothing to record; afterwards its exposures are; then their windows are to close."""
    shop = make_shop(toml("next", "unserved").replace("2026-02-15", "2098-01-01"))
    shop.record(weeks())
    with pytest.raises(EmptyStoreError, match=r"it begins on 2099-01-05, and the log has not come to that day\.$"):
        shop.experiment("next").verdict()
    with pytest.raises(EmptyStoreError, match="Record exposure events"):
        shop.experiment("unserved").verdict()
    assert shop.experiment("unserved").n_eligible() == 0
