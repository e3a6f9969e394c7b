"""A served shop fits the arms of its experiments by itself, and answers with what was fitted."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from builders import MONDAY, later, line, moment, purchase
from counterclick.experiments.assignment import assign
from counterclick.shop import open_shop
from counterclick.web.fitting import again_at
from served import SHARES, TESTED, served

_PATIENCE = 240.0
TOML = f"{TESTED}\n[serve]\ndecide_milliseconds = 60000\n[readiness]\nbundle_products = 2\n[bundles]\nswitch = 'always'\n"


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
