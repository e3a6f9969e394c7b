"""On/off tests of a shop: what is declared stays declared, and nothing too weak is given out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from builders import Event, event, purchase, view
from counterclick.errors import ConfigError, EmptyStoreError, RefusedError, UnknownNameError
from counterclick.shop import Shop

MakeShop = Callable[[str], Shop]
FIRST = date(2026, 1, 5)


def toml(**settings: str) -> str:
    """Return a shop.toml with an on/off test on the cart."""
    usual = {"starts_on": "2099-01-05", "weeks": "4", "block": '"1d"', "lift": "0.1"} | settings
    lines = "\n".join(f"{key} = {value}" for key, value in usual.items())
    return f"[surfaces.cart]\nmonthly_cost = 100\n[onoff.cart]\n{lines}\n"


def a_year(sd: float = 0.05, days: int = 120) -> list[Event]:
    """Return one order a day, so many days from January 2026 on."""
    amounts = 1000 * np.exp(np.random.default_rng(2).normal(0, sd, days))
    return [
        purchase(f"v{place}", round(float(amount), 2), f"{FIRST + timedelta(days=place)}T12:00")
        for place, amount in enumerate(amounts)
    ]


def declared(shop: Shop) -> list[str]:
    """Return what the log knows of schedules."""
    shop.refresh()
    rows = shop.reading.rows("SELECT experiment FROM events WHERE kind = 'experiment_declared'")
    return [row[0] for row in rows]


def test_a_schedule_is_declared_once_when_it_is_asked_for(make_shop: MakeShop) -> None:
    """A plan declares nothing; the schedule does, and asked again it is the same and declares nothing more."""
    shop = make_shop(toml())
    shop.record(a_year())
    assert shop.onoff("cart").plan().can_see
    assert declared(shop) == []
    first = shop.onoff("cart").schedule()
    assert shop.onoff("cart").schedule() == first
    assert declared(shop) == ["onoff:cart"]


def test_a_schedule_that_is_too_weak_is_not_given_out(make_shop: MakeShop) -> None:
    """5 % wanted of days that vary by 20 %, or four week pairs: refused, with what would do, and nothing is declared."""
    shop = make_shop(toml(lift="0.05"))
    shop.record(a_year(sd=0.2))
    for question in (shop.onoff("cart").schedule, shop.onoff("cart").verdict):  # nor by asking for its verdict first
        with pytest.raises(RefusedError, match="is not given out: it is too weak"):
            question()
    with pytest.raises(RefusedError, match=r"4 pairs of blocks; fewer than 6 .* 0\.12"):
        make_shop(toml(block='"7d"', weeks="8")).onoff("cart").schedule()
    assert declared(shop) == []


def test_where_nothing_says_what_matters_no_schedule_is_given_out(make_shop: MakeShop) -> None:
    """A cost without a margin has no break-even lift; a declared margin makes one."""
    text = toml().replace("lift = 0.1\n", "")
    shop = make_shop(text)
    shop.record(a_year())
    with pytest.raises(RefusedError, match="Nothing says which lift would matter"):
        shop.onoff("cart").schedule()
    paying = "[shop]\nmargin_rate = 0.03\n" + text  # 100 / (0.03 x 30,000) is 11 %
    assert make_shop(paying).onoff("cart").schedule().surface == "cart"


def test_a_declared_schedule_stays_although_new_days_would_refuse_it(make_shop: MakeShop) -> None:
    """Wild days after the declaration make the plan say no; the schedule that is running is still the schedule."""
    shop = make_shop(toml())
    shop.record(a_year())
    first = shop.onoff("cart").schedule()
    wild = np.random.default_rng(3).lognormal(0, 1.5, 150)
    days = [FIRST + timedelta(days=120 + place) for place in range(150)]
    shop.record(
        [purchase(f"w{day}", round(float(1000 * size), 2), f"{day}T12:00") for day, size in zip(days, wild, strict=True)]
    )
    assert shop.onoff("cart").plan().can_see is False
    assert shop.onoff("cart").schedule() == first


def test_a_verdict_declares_and_a_changed_schedule_is_invalid(make_shop: MakeShop) -> None:
    """The past is judged with a warning; another salt after that is a second schedule of the same days."""
    past = toml(starts_on="2026-04-06")
    shop = make_shop(past)
    shop.record(a_year())
    verdict = shop.onoff("cart").verdict()
    assert verdict.experiment == "onoff:cart"
    assert verdict.outcome == "inconclusive"
    assert any("after it had started" in warning for warning in verdict.warnings)
    assert declared(shop) == ["onoff:cart"]
    changed = make_shop(past + 'salt = "again"\n').onoff("cart").verdict()
    assert changed.outcome == "invalid"
    assert "2 different schedules were declared" in changed.because


def schedule_declared(at: str, starts_on: str, surface: str = "chat") -> Event:
    """Return the event that declared a schedule of four weeks."""
    details = json.dumps({"starts_on": starts_on, "weeks": 4, "block": "1d"})
    hashed = f"{at}{starts_on}{surface}"
    return event("experiment_declared", at, experiment=f"onoff:{surface}", config_hash=hashed, details=details)


@pytest.mark.parametrize(
    ("declarations", "last"),
    [
        (
            [("2026-03-01T10:00", "2026-03-09")],
            "2026-03-08",
        ),  # followed, of another surface: only what lies before it counts
        ([("2026-06-01T10:00", "2026-03-09")], "2026-05-03"),  # declared after it had ended
        ([("2026-02-01T10:00", "2026-03-09"), ("2026-03-01T10:00", "2026-04-06")], "2026-04-05"),  # replaced before it began
        ([("2026-02-01T10:00", "2026-03-09"), ("2026-03-20T10:00", "2026-04-06")], "2026-03-08"),  # replaced while it ran
    ],
)
def test_days_of_schedules_that_were_followed_are_no_history(
    make_shop: MakeShop, declarations: list[tuple[str, str]], last: str
) -> None:
    """Orders of 5 January to 4 May; the plan rests on the newest eight weeks or more in which nothing was switched."""
    shop = make_shop(toml())
    shop.record([*a_year(), *(schedule_declared(*found) for found in declarations)])
    basis = shop.onoff("cart").plan().basis
    assert basis.endswith(f"whole days without switching, 2026-01-06 to {last}")


def test_what_is_not_there_says_what_to_declare(make_shop: MakeShop) -> None:
    """No such surface; a surface without a schedule; a schedule without a block; a shop without orders."""
    shop = make_shop("[surfaces.cart]\n")
    with pytest.raises(UnknownNameError, match="Did you mean 'cart'"):
        shop.onoff("cert")
    with pytest.raises(EmptyStoreError, match="counterclick record"):
        shop.onoff("cart").plan()
    shop.record([view("v1")])
    for question in (shop.onoff("cart").schedule, shop.onoff("cart").verdict):
        with pytest.raises(UnknownNameError, match=r"`counterclick onoff plan cart` says what to declare as \[onoff.cart\]"):
            question()
    with pytest.raises(EmptyStoreError, match="no orders are recorded"):
        shop.onoff("cart").plan()
    without = make_shop(toml().replace('block = "1d"\n', ""))
    for question in (without.onoff("cart").schedule, without.onoff("cart").verdict):
        with pytest.raises(RefusedError, match="does not say how long a block is"):
            question()
    with pytest.raises(ConfigError, match="same weekdays"):
        make_shop(toml(block='"4d"'))


def test_declared_schedules_are_no_unknown_experiments(make_shop: MakeShop) -> None:
    """Neither check nor audit trips over a schedule's declaration."""
    shop = make_shop(toml())
    shop.record(a_year())
    shop.onoff("cart").schedule()
    assert not shop.check().findings
    assert shop.audit().claims.lines is not None
