"""A served shop fits the arms of its experiments by itself, and answers with what was fitted."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from builders import MONDAY, Event, later, line, moment, product, purchase, refund
from counterclick.experiments.assignment import assign
from counterclick.shop import open_shop
from counterclick.web.fitting import again_at
from served import SHARES, TESTED, served

_PATIENCE = 240.0
TOML = f"{TESTED}\n[serve]\ndecide_milliseconds = 60000\n[readiness]\nbundle_products = 2\n[bundles]\nswitch = 'always'\n"

CHECKOUT = """
[serve]
decide_milliseconds = 60000
[readiness]
return_months = 0
return_orders = 0
returns = 0
[surfaces.checkout]
[experiments.nudges]
surface = "checkout"
control = "nothing"
variants = { nothing = 0.5, returns = 0.5 }
starts_on = 2020-01-01
ends_on = 2090-01-01
"""


def came_back() -> list[Event]:
    """Three hundred orders of a shirt in M, of which four of five come back, with a mug, of which one of seven does."""
    events = [product(f"shirt-{size}", group_id="shirt", size=size) for size in ("S", "M")]
    for n in range(300):
        at = later("2025-01-05T10:00", hours=26 * n)
        events.append(purchase(f"b{n % 50}", at=at, order=f"o{n}", lines=[line("shirt-M"), line("mug")]))
        back = [name for name, is_back in (("shirt-M", n % 5), ("mug", not n % 7)) if is_back]
        if back:
            told = [{"product_id": name, "quantity": 1} for name in back]
            events.append(refund(f"o{n}", later(at, days=5), lines=told))
    return events


def test_a_served_shop_learns_what_comes_back(tmp_path: Path) -> None:
    """At first the static rule, which knows no chance; then the model that the server fitted flags shirts, and no mugs."""
    halves = {"nothing": 0.5, "returns": 0.5}
    visitor = next(f"v{n}" for n in range(99) if assign("nudges", f"v{n}", halves) == "returns")
    body = {"visitor": visitor, "cart": [{"product": "shirt", "size": "M"}], "customer": "b1"}
    with served(tmp_path, CHECKOUT) as server:
        first = server.client.post("/v1/decide/checkout", json=body).json()
        assert first["risk"]["probability"] is None
        assert "no model of returns has been fitted" in first["because"]
        events = came_back()
        for begin in range(0, len(events), 200):
            assert server.client.post("/v1/events", json=events[begin : begin + 200]).json()["rejected"] == 0
        end = time.monotonic() + _PATIENCE
        while (found := server.client.post("/v1/decide/checkout", json=body).json())["risk"]["probability"] is None:
            assert time.monotonic() < end, (tmp_path / "server.log").read_text(encoding="utf-8")
            time.sleep(0.5)
        assert found["risk"]["probability"] > 0.5
        assert (found["risk"]["is_flagged"], found["variant"], found["offers"]) == (True, "returns", ["size_guidance"])
        mug = server.client.post("/v1/decide/checkout", json={"visitor": visitor, "cart": ["mug"]}).json()
        assert (mug["risk"]["probability"] < 0.3, mug["risk"]["is_flagged"], mug["offers"]) == (True, False, [])
    with open_shop(tmp_path / "shop.toml") as shop:
        assert {each.model.name for each in shop.models().models if each.serves} == {"bestsellers", "returns"}


def test_a_served_shop_fits_by_itself(tmp_path: Path) -> None:
    """Before, nothing is known, and the answer says so; then bundles are offered, and the log says which version."""
    visitor = next(f"v{n}" for n in range(99) if assign("cart-bundles", f"v{n}", SHARES) == "bundles")
    both = [purchase(None, at=later(MONDAY, days=n), lines=[line("hat"), line("scarf")]) for n in range(6)]
    alone = [purchase(None, at=later(MONDAY, days=n), lines=[line(f"p{n}")]) for n in range(30)]
    with served(tmp_path, TOML) as server:
        body = {"visitor": visitor, "cart": ["hat"]}
        first = server.client.post("/v1/decide/cart", json=body).json()
        assert first["offers"] == []
        assert first["because"].startswith("no model of bundles has been fitted: `counterclick fit` fits it; instead: ")
        assert server.client.post("/v1/events", json=[*both, *alone]).json()["rejected"] == 0
        end = time.monotonic() + _PATIENCE
        while server.client.post("/v1/decide/cart", json=body).json()["offers"] != ["scarf"]:
            assert time.monotonic() < end, (tmp_path / "server.log").read_text(encoding="utf-8")
            time.sleep(0.5)
    with open_shop(tmp_path / "shop.toml") as shop:
        assert {each.model.name for each in shop.models().models if each.serves} == {"bestsellers", "bundles"}
    assert '"event": "fitted", "model": "bundles"' in (tmp_path / "server.log").read_text(encoding="utf-8")


def test_who_cannot_be_fitted_is_not_tried_all_day() -> None:
    """A minute after a short try began; after a long one, when trying took a twentieth of the time since."""
    began = moment(MONDAY)
    assert again_at(began, began + timedelta(seconds=1)) == began + timedelta(minutes=1)
    assert again_at(began, began + timedelta(minutes=10)) == began + timedelta(minutes=210)
