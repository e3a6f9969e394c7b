"""A period on one page: figures by hand, changes, what is provisional, and the one thing to do next."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from builders import add, click, exposure, later, line, product, purchase, refund, shown, view
from counterclick.audits.beside import FIGURES, OF_SURFACE
from counterclick.errors import ConfigError, CurrencyError, EmptyStoreError, InputError, UnknownNameError
from counterclick.shop import Shop, open_shop

MakeShop = Callable[[str], Shop]
TOML = """
[shop]
timezone = "Europe/Berlin"
returns_window = "30d"
[surfaces.cart]
monthly_cost = 100
"""
BERLIN = ZoneInfo("Europe/Berlin")


def trade(days: int = 90, *, step: float = 1.0, seed: int = 3) -> list[Any]:
    """A shop from the first of January on: visits, carts, orders with lines, some returns; prices may rise in March."""
    drawn = random.Random(seed)
    events = [product("hat"), product("bag")]
    for day in range(days):
        for number in range(8):
            visitor, at = f"v{drawn.randrange(300)}", later("2026-01-01T00:30", days=day, minutes=drawn.randrange(1380))
            events.append(view(visitor, at))
            events += [click(visitor, "hat", later(at, minutes=1))] * (number % 3 == 0)
            if drawn.random() < 0.5:
                price = round((20 + drawn.randrange(20)) * (step if day > 60 else 1), 2)
                events.append(add(visitor, price, later(at, minutes=2), product="hat"))
                order = f"o{day}-{number}"
                lines = [line("hat", 1 + number % 2, price, unit_cost=8)]
                events.append(purchase(visitor, order=order, at=later(at, minutes=5), lines=lines))
                events += [refund(order, later(at, days=5))] * (number == 4)
    return events


def on(event: Any) -> date:
    return datetime.fromisoformat(event["occurred_at"]).astimezone(BERLIN).date()


def held_out() -> list[Any]:
    """Four weeks in which a fifth of 2,000 visitors get no feature; a fourth buys, and those with features spend more."""
    events = []
    for number in range(2_000):
        at = later("2026-01-05T10:00", days=number % 28, minutes=number % 600)
        side = "held_out" if number % 5 == 0 else "ai"
        events.append(exposure(f"v{number}", side, at, experiment="holdout"))
        if number % 4 == 0:
            events.append(purchase(f"v{number}", 20 + number % 37 + 5 * (side == "ai"), later(at, hours=1)))
    return events


def by_hand(events: list[Any], first: date, last: date) -> dict[str, float]:
    """Return what a period comes to, from the events themselves."""
    own = [each for each in events if first <= on(each) <= last]
    orders = {each["order_id"]: each for each in own if each["kind"] == "purchase"}
    lines = [each["lines"][0] for each in orders.values()]
    revenue = sum(each["quantity"] * each["unit_price"] for each in lines)
    units = sum(each["quantity"] for each in lines)
    back = {each["order_id"] for each in events if each["kind"] == "refund"} & orders.keys()
    returned = sum(orders[name]["lines"][0]["quantity"] * orders[name]["lines"][0]["unit_price"] for name in back)
    seen = {each["visitor_id"] for each in own if each.get("visitor_id")}
    return {
        "revenue": revenue,
        "returned_value": returned,
        "net_revenue": revenue - returned,
        "margin": revenue - 8 * units,
        "margin_rate": 1 - 8 * units / revenue,
        "orders": len(orders),
        "aov": revenue / len(orders),
        "units_per_order": units / len(orders),
        "conversion": len({each["visitor_id"] for each in orders.values()}) / len(seen),
        "add_to_cart_gmv": sum(each["unit_price"] for each in own if each["kind"] == "add_to_cart"),
    }


def test_a_month_by_hand(make_shop: MakeShop) -> None:
    """Every figure of February and of January beside it, added up in plain Python in the shop's days."""
    events = trade()
    shop = make_shop(TOML)
    shop.record(events)
    found = shop.overview("2026-02")
    now, before = (by_hand(events, date(2026, n, 1), date(2026, n, last)) for n, last in ((2, 28), (1, 31)))
    for name, value in now.items():
        figure = found.figure(name)
        assert figure.value == pytest.approx(value, rel=1e-6), name
        assert figure.before.value == pytest.approx(before[name], rel=1e-6), name
    change = found.figure("orders").before
    assert change.change == pytest.approx(now["orders"] / 28 / (before["orders"] / 31) - 1)
    assert tuple(figure.metric for figure in found.figures) == FIGURES
    assert found.is_over
    assert found.figure("orders").year_before.says == "it is recorded since 2026-01-01 only."


def test_noise_is_not_marked(make_shop: MakeShop) -> None:
    """Nothing has changed: no figure differs from the period before."""
    shop = make_shop(TOML)
    shop.record(trade())
    assert not [figure.metric for figure in shop.overview("last-28-days").figures if figure.before.differs]


def test_a_rise_of_prices_is_more_than_chance(make_shop: MakeShop) -> None:
    """Prices that are doubled in March show in the order value, with an interval that does not hold zero."""
    shop = make_shop(TOML)
    shop.record(trade(step=2))
    change = shop.overview("last-28-days").figure("aov").before
    assert change.differs
    assert change.lower is not None
    assert change.lower > 0


def test_what_may_still_come_back_is_provisional_and_not_compared(make_shop: MakeShop) -> None:
    """Of March, known to its end, returns may come for 30 days; orders wait for late events alone."""
    shop = make_shop(TOML)
    shop.record(trade(90))
    found = shop.overview("2026-03")
    net, before = found.figure("net_revenue"), found.figure("net_revenue").before
    assert (net.is_provisional, net.final_on) == (True, date(2026, 5, 1))
    assert before.change is None
    assert "come back" in before.says
    assert before.value is not None
    assert not shop.overview("2026-01").figure("net_revenue").is_provisional
    assert "provisional until 2026-05-01" in str(found)


def test_a_period_that_is_not_over_is_laid_beside_as_many_days(make_shop: MakeShop) -> None:
    """Some ten days of March are known: they stand beside as many of February."""
    events = [each for each in trade(69) if each["kind"] != "refund"]
    latest = max(map(on, events))
    shop = make_shop(TOML)
    shop.record(events)
    found = shop.overview("2026-03")
    assert not found.is_over
    assert (found.known_on, found.period.n_days) == (latest, latest.day)
    orders = found.figure("orders")
    assert (orders.before.period.first_on, orders.before.period.n_days) == (date(2026, 2, 1), latest.day)
    assert orders.before.value == by_hand(events, date(2026, 2, 1), date(2026, 2, latest.day))["orders"]
    assert orders.before.lower is None
    assert "1 whole week" in orders.before.says
    assert "so far" in str(found)


def test_a_surface_shows_its_own_figures_alone(make_shop: MakeShop) -> None:
    """Credits, success and submit rates of the cart; the rest of the shop belongs to no surface."""
    shop = make_shop(TOML)
    shop.record(trade())
    found = shop.overview("2026-02", "cart")
    assert tuple(figure.metric for figure in found.figures) == OF_SURFACE
    assert (
        found.figure("attributed_checkout_revenue").value
        == shop.overview("2026-02").figure("attributed_checkout_revenue").value
    )
    assert {each.surface for each in found.earnings} == {"cart"}
    with pytest.raises(UnknownNameError, match="Did you mean 'cart'"):
        shop.overview("2026-02", "cert")


def test_what_cannot_be_asked_is_refused(make_shop: MakeShop) -> None:
    """Nothing recorded, a period in the future, and one that is none."""
    shop = make_shop(TOML)
    with pytest.raises(EmptyStoreError, match="counterclick record"):
        shop.overview()
    shop.record(trade(30))
    with pytest.raises(InputError, match="last whole day that is recorded is 2026-0"):
        shop.overview("2026-11")
    with pytest.raises(ConfigError, match="last-28-days"):
        shop.overview("soon")


def test_the_step_and_every_earning_are_those_of_the_audit(make_shop: MakeShop, toml: str) -> None:
    """The same recommendation for each surface as the theatre audit, and the shares of the claims audit."""
    arms = ("nothing", "bestsellers")
    times = [later("2026-01-05T10:00", days=number % 20) for number in range(400)]
    events = [exposure(f"w{n}", arms[n % 2], times[n], surface="cart") for n in range(400)]
    events += [
        purchase(f"w{n}", (60 if n % 4 == 0 else 10) - 5 * (n % 2), at=later(times[n], minutes=5)) for n in range(0, 400, 1)
    ]
    shop = make_shop(toml + "[surfaces.chat]\nmonthly_cost = 50\n")
    shop.record([*events, *trade(60)])
    auditing = shop._auditing(lambda _step, _fraction: None)
    theatre = {each.name: each.recommendation for each in shop.audit().theatre.surfaces}
    for situation, advice in auditing.advised:
        assert (advice.action, advice.rule) == (theatre[situation.surface].action, theatre[situation.surface].rule)
    found = shop.overview()
    lines = [line for line in shop.audit().claims.lines if line.is_verdict]
    assert [(each.surface, each.claimed, each.attributed) for each in found.earnings] == [
        (each.surface, each.claimed, each.attributed) for each in lines
    ]
    assert found.step.rule.startswith(("switch off", "test", "held", "guardrail", "a look", "an experiment"))


def test_days_that_have_stopped_come_first(make_shop: MakeShop) -> None:
    """A shop that sends as things happen, and of which no order has come for a week, is told so before all else."""
    now = datetime.now(ZoneInfo("UTC")).replace(tzinfo=None, microsecond=0)
    events = []
    for day in range(40):
        at = (now - timedelta(days=day, hours=1)).isoformat()
        events += [view(f"v{day}{n}", at) for n in range(30)]
        events += [purchase(f"v{day}{n}", 10, at=at) for n in range(20) if day > 7]
    shop = make_shop(TOML)
    shop.record([view("early", (now - timedelta(days=41)).isoformat())])
    shop.record([*events, view("now", (now + timedelta(seconds=1)).isoformat())])
    assert shop.overview().step.rule == "nothing comes in"


def test_figures_that_are_kept_up_are_those_of_a_fresh_reading(make_shop: MakeShop, tmp_path: Path) -> None:
    """After more events, what was stored and what they touch make the same page as everything computed at once."""
    traded = trade(60)
    lists = [
        shown(each["visitor_id"], "hat", "bag", at=each["occurred_at"][:19])
        for each in traded
        if each["kind"] in ("page_view", "select_item")
    ]
    events = sorted([*traded, *lists], key=lambda each: each["occurred_at"])
    half = len(events) // 2
    shop = make_shop(TOML)
    shop._keep_after = -1.0
    for part in (events[:half], events[half : half + 40], events[half + 40 :]):
        shop.record(part)
        shop.store.drain()
        shop.overview("2026-02" if part is not events[:half] else "2026-01")
        shop.served(period="last-28-days")
        shop.refresh()
    (tmp_path / "fresh").mkdir()
    (tmp_path / "fresh" / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(tmp_path / "fresh" / "shop.toml") as fresh:
        fresh.record(events)
        ours, theirs = shop.overview("2026-02"), fresh.overview("2026-02")
        for own, other in zip(ours.figures, theirs.figures, strict=True):
            assert own.value == pytest.approx(other.value, rel=1e-9), own.metric
            assert own.before.value == pytest.approx(other.before.value, rel=1e-9), own.metric
        assert ours.step == theirs.step
        known = next(each["order_id"] for each in events if each["kind"] == "purchase")
        assert shop.trace(known).touches == fresh.trace(known).touches


def test_what_all_surfaces_earn_together_is_the_holdouts_verdict(make_shop: MakeShop) -> None:
    """Its money a month and its lift with their intervals, provisional until its next look."""
    shop = make_shop(TOML + "[holdout]\nshare = 0.2\nstarts_on = 2026-01-05\nends_on = 2026-02-01\n")
    shop.record([*held_out(), view("last", "2026-02-20T10:00")])
    verdict, found = shop.holdout().verdict, shop.overview().together
    assert (found.outcome, found.says, found.next_look_on) == (verdict.outcome, verdict.because, verdict.next_look_on)
    assert verdict.incremental is not None
    assert found.a_month == (verdict.incremental.value, verdict.incremental.lower, verdict.incremental.upper)
    assert found.lift == (verdict.lift, verdict.lift_lower, verdict.lift_upper)
    assert "a month" in str(shop.overview().grids()[-1])


def test_without_a_holdout_nobody_knows_what_all_surfaces_earn_together(make_shop: MakeShop) -> None:
    """What is to be declared is said; where it is declared and nobody has finished yet, that is."""
    shop = make_shop(TOML)
    shop.record(trade(10))
    found = shop.overview().together
    assert (found.outcome, found.a_month, found.lift) == (None, None, None)
    assert "Write [holdout] with share = 0.1" in found.says
    assert found.says in shop.overview().grids()[-1].notes
    waits = make_shop(TOML + "[holdout]\nshare = 0.2\nstarts_on = 2026-01-05\nends_on = 2026-02-01\n")
    waits.record(trade(10))
    found = waits.overview().together
    assert found.outcome in (None, "inconclusive")
    assert found.a_month is None
    assert "Write [holdout]" not in found.says


def test_another_currency_is_one_fixed_rate(make_shop: MakeShop, tmp_path: Path) -> None:
    """1 USD is 0.5 EUR by the newest rate up to the last day: amounts double, and all else is as it was."""
    rates = (
        "day,from,to,rate\n2025-01-01,USD,EUR,0.9\n2025-06-01,USD,EUR,0.5\n2099-01-01,USD,EUR,7\n2099-01-01,SEK,EUR,0.1\n"
    )
    (tmp_path / "rates.csv").write_text(rates, encoding="utf-8")
    shop = make_shop('[shop]\nrates = "rates.csv"\n[surfaces.cart]\nmonthly_cost = 10\n')
    shop.record([purchase(f"v{n}", 20 + n % 7, f"2026-01-{1 + n % 28:02}T10:00") for n in range(60)])
    own, other = shop.overview("2026-01"), shop.overview("2026-01", currency="USD")
    assert (own.currency, other.currency, own.exchange) == ("EUR", "USD", None)
    for each, twice in zip(own.figures, other.figures, strict=True):
        factor = 2 if each.unit == "money" else 1
        assert twice.value == (None if each.value is None else factor * each.value)
        assert (twice.before.change, twice.is_provisional) == (each.before.change, each.is_provisional)
    assert (own.earnings[0].monthly_cost, other.earnings[0].monthly_cost) == (10, 20)
    assert (other.step, other.earnings[0].claimed) == (own.step, own.earnings[0].claimed)
    assert "1 USD is 0.5 EUR, as declared for 2025-06-01" in f"{other}"
    assert shop.overview("2026-01", currency="EUR") == own
    for wanted in ("SEK", "XXX"):
        with pytest.raises(CurrencyError, match=f"no rate from '{wanted}'.* shown in: EUR, USD"):
            shop.overview("2026-01", currency=wanted)


def test_another_currency_needs_a_rate(make_shop: MakeShop) -> None:
    """Without a file of rates the refusal says which one to write."""
    shop = make_shop()
    shop.record([purchase("v1", 20, "2026-01-05T10:00")])
    with pytest.raises(CurrencyError, match=r'rates = "rates\.csv"'):
        shop.overview(currency="USD")
