"""Nudges against returns, decided: who is eligible, what the log keeps of each basket, and what serves without a model."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from builders import later, line, product, purchase, refund
from counterclick.decisions import CartLine, Returns, Scores
from counterclick.experiments.assignment import assign
from counterclick.shop import Shop
from counterclick.shop.decided import ask_of
from counterclick.shop.learning import Learning

HALVES = {"nothing": 0.5, "returns": 0.5}
TOML = """
[serve]
decide_milliseconds = 60000
[surfaces.checkout]
[experiments.nudges]
surface = "checkout"
control = "nothing"
variants = { nothing = 0.5, returns = 0.5 }
starts_on = 2026-01-05
ends_on = 2026-12-31
"""
OPEN = "[readiness]\nreturn_months = 0\nreturn_orders = 0\nreturns = 0\n"
TODAY = date(2026, 1, 6)
SIZES = ("shirt-S", "shirt-M")


def of_arm(arm: str) -> str:
    return next(f"v{n}" for n in range(99) if assign("nudges", f"v{n}", HALVES) == arm)


def sold(shop: Shop) -> Shop:
    """Record orders of two years ago to today: shirts in M come back, mugs hardly ever."""
    events: list[Any] = [product(each, group_id="shirt", size=each[-1]) for each in SIZES]
    for n in range(300):
        at = later("2025-01-05T10:00", hours=26 * n)
        events.append(purchase(f"b{n % 50}", at=at, order=f"o{n}", lines=[line("shirt-M"), line("mug")]))
        back = [name for name, is_back in (("shirt-M", n % 5), ("mug", not n % 7)) if is_back]
        if back:
            told = [{"product_id": name, "quantity": 1} for name in back]
            events.append(refund(f"o{n}", later(at, days=5), lines=told))
    shop.record(events)
    return shop


def details(shop: Shop, decision_id: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(shop.reading.one(f"SELECT details FROM events WHERE event_id = '{decision_id}'"))
    return told


def n_exposures(shop: Shop) -> int:
    return int(shop.reading.one("SELECT count(*) FROM events WHERE kind = 'exposure'"))


def test_every_basket_is_kept_with_its_chance_and_what_became_of_it(make_shop: Callable[[str], Shop]) -> None:
    """Unflagged, nudged and held out, in the log and in the report; only flagged ones make their visitor eligible."""
    shop = sold(make_shop(OPEN + TOML))
    shop.fit()
    nudged, held = of_arm("returns"), of_arm("nothing")
    for number, (visitor, cart) in enumerate(
        ((nudged, ["mug"]), (held, ["mug"]), (nudged, ["shirt-M"]), (held, ["shirt-M"]))
    ):
        told = shop.decide("checkout", visitor, cart=cart, today=TODAY, decision_id=f"d{number}")
        assert told.risk is not None
        own = details(shop, f"d{number}")
        assert own["probability"] == told.risk.probability
        assert own["is_flagged"] is own["is_nudged"] is told.risk.is_flagged is (cart == ["shirt-M"])
        assert own["is_held_out"] is (number == 3)
        assert own["nudges"] == list(told.offers) == (["size_guidance"] if number == 2 else [])
        assert (told.mark, told.propensities, told.in_time) == ({}, (1.0,) * len(told.offers), True)
    assert n_exposures(shop) == 2
    shop.decide("checkout", held, today=TODAY)  # an empty cart is no basket
    (test,) = shop.returns().tests
    own = test.baskets
    assert (own.n_scored, own.n_flagged, own.n_nudged, own.n_held_out, own.n_by_rule) == (4, 2, 1, 1, 0)
    assert "Baskets: 4 scored, of them 0 by the static rule; 2 flagged, of them 1 nudged and 1 held out." in " ".join(
        str(shop.returns()).split()
    )
    arms = shop.reading.rows("SELECT policy, variant, items FROM events WHERE kind = 'decision' ORDER BY event_id")[:4]
    assert [(policy, variant, items or []) for policy, variant, items in arms] == [
        ("returns", arm, []) for arm in ("returns", "nothing", "returns", "nothing")
    ]
    today = datetime.now(UTC).date()
    assert shop.served(since=today, until=today).sold == ()


def test_a_model_that_takes_too_long_is_not_waited_for(
    make_shop: Callable[[str], Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The static rule scores, of the same catalogue and in either arm alike; bestsellers are no nudge."""
    shop = sold(make_shop(OPEN + TOML.replace("60000", "200")))
    shop.fit()
    waits, scored = threading.Event(), Returns.risk

    def slowly(policy: Returns, *asked: Any) -> object:
        if policy.model is not None:
            waits.wait(60)
        return scored(policy, *asked)

    monkeypatch.setattr(Returns, "risk", slowly)
    late = [shop.decide("checkout", of_arm(arm), cart=SIZES, today=TODAY, decision_id=arm) for arm in HALVES]
    calm = shop.decide("checkout", of_arm("returns"), cart=["shirt-M"], today=TODAY)
    waits.set()
    assert [(each.offers, each.in_time, each.variant) for each in late] == [
        ((), False, "nothing"),
        (("size_guidance",), False, "returns"),
    ]
    says = "it took longer than 200 ms; instead: shirt is in the cart in two sizes"
    assert [says in each.because for each in late] == [True, True]
    assert [details(shop, arm)["is_held_out"] for arm in HALVES] == [True, False]
    assert not details(shop, "returns")["in_time"]
    assert (calm.experiment, n_exposures(shop)) == (None, 2)


def test_without_a_model_that_may_serve_the_static_rule_does(make_shop: Callable[[str], Shop]) -> None:
    """Never fitted; below the gates; too old: the reason says it, two sizes are flagged, and nothing is sold beside them."""
    shop = sold(make_shop(TOML))
    now = [datetime.now(UTC)]
    learning = Learning(shop.store, shop.config, shop.folder, lambda: now[0])
    asked = ask_of("checkout", "v", [CartLine("jeans", size=size) for size in "SM"], 3)
    for says in (
        "no model of returns has been fitted: `counterclick fit` fits it",
        "orders a month, 500 are needed",
        "days old",
    ):
        policy = learning.policy("returns")
        assert isinstance(policy, Scores)
        risk = policy.risk(asked)
        assert (risk.probability, [each.kind for each in risk.nudges]) == (None, ["size_guidance"])
        assert says in risk.because
        assert risk.because.endswith("; instead: jeans is in the cart in two sizes")
        if "no model" in says:
            shop.fit(["returns"])
        else:
            assert policy.risk(ask_of("checkout", "v", SIZES, 3)).is_nudged  # by the catalogue
            now[0] += timedelta(days=31)


def test_a_young_shop_says_what_is_missing(make_shop: Callable[[str], Shop]) -> None:
    """A first decision fits what it needs; the model says which gates it has passed, and what the others lack."""
    shop = sold(make_shop(TOML))
    told = shop.decide("checkout", of_arm("returns"), cart=[CartLine("shirt", size="S"), "shirt-M"], today=TODAY)
    assert "orders a month, 500 are needed; instead: shirt is in the cart in two sizes" in told.because
    (state,) = [each for each in shop.models().models if each.model.name == "returns"]
    assert state.serves
    assert state.model.passed == ("6 months of returns", "200 returns")
    assert len(state.model.missing) == 1
    assert state.model.metrics["customers"] == 50


def test_what_a_cart_names_is_kept_without_addresses(make_shop: Callable[[str], Shop]) -> None:
    """A reason names products as they were asked about: an e-mail address among them is left out of the log."""
    shop = sold(make_shop(TOML))
    cart = [CartLine("anna@example.org", size=size) for size in "SM"]
    told = shop.decide("checkout", of_arm("returns"), cart=cart, customer="anna@example.org", today=TODAY, decision_id="d1")
    assert "anna@example.org is in the cart in two sizes" in told.because
    assert "[email] is in the cart in two sizes" in details(shop, "d1")["because"]


def test_of_a_large_basket_the_newest_products_count(make_shop: Callable[[str], Shop]) -> None:
    """Two sizes among the oldest of 102 products are not seen, and the reason says so; ten thousand lines are answered."""
    shop = sold(make_shop(OPEN + TOML))
    others = [f"x{n}" for n in range(100)]
    told = shop.decide("checkout", of_arm("returns"), cart=[*SIZES, *others], today=TODAY)
    assert told.risk is not None
    assert len(told.risk.lines) == 100
    assert not any("two sizes" in each.because for each in told.risk.nudges)
    assert told.because.endswith("; of the 102 products in the cart the newest 100 count")
    many = shop.decide("checkout", of_arm("returns"), cart=["mug"] * 9_999 + ["shirt-M"], today=TODAY)
    assert many.risk is not None
    assert len(many.risk.lines) == 10_000
