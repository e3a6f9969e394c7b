"""What comes back, on a page: the holdout's verdict first, and the verb's numbers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from builders import line, product, purchase
from counterclick.decisions import CartLine
from counterclick.shop import open_shop
from counterclick.simulate.returning import RETURNS_TOML
from dashboards import WIDTHS, entered, examined, opened, picture, rows_of, with_password
from served import Served, served


def test_its_numbers_are_those_of_the_verb(demonstrated: Served) -> None:
    """Of every item, and not only of those that are shown; no customer, since the page may be shared."""
    with open_shop(demonstrated.toml) as shop:
        found = shop.returns()
    rows = rows_of(demonstrated, "/returns", "by-item-what-comes-back-most-first")
    assert [(row["item"], int(row["lines"]), int(row["came back"])) for row in rows] == [
        (each.name, each.n_lines, each.n_returned) for each in found.rates.rates["item"]
    ]
    assert [float(row["rate"]) for row in rows] == pytest.approx([each.rate for each in found.rates.rates["item"]])


@pytest.mark.parametrize("width", WIDTHS)
def test_the_verdict_stands_before_what_comes_back(browser: Browser, demonstrated: Served, width: int) -> None:
    """Without a holdout of flagged baskets it says that nothing is known of nudges, and what is missing for them."""
    with entered(browser, demonstrated, width=width) as context:
        page = opened(context, "/returns")
        text = page.locator("main").inner_text()
        assert text.index("The verdict first") < text.index("Rates of returns") < text.index("What return prevention needs")
        assert "customer" not in text.casefold().partition("what return prevention needs")[0]
        picture(page, f"demo-returns-{width}")
        assert examined(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_baskets_are_counted_below_the_verdict(browser: Browser, tmp_path: Path) -> None:
    """Those that were scored, flagged, nudged and held out, as the verb counts them."""
    toml = f"{RETURNS_TOML}\n[serve]\ndecide_milliseconds = 60000\n"
    (tmp_path / "shop.toml").write_text(toml, encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record([product("shirt", at="2026-01-05T10:00"), purchase("v1", lines=[line("shirt")])])
        for n in range(9):
            cart = [CartLine("shirt", size=size) for size in "SM"[: 1 + n % 3]]
            shop.decide("checkout", f"v{n}", cart=cart, today=date(2026, 1, 6))
        (test,) = shop.returns().tests
    own = test.baskets
    assert (own.n_scored, own.n_flagged, own.n_nudged + own.n_held_out) == (9, 6, 6)
    with served(tmp_path, toml) as server:
        with_password(server)
        (row,) = rows_of(server, "/returns", "baskets")
        assert row == {
            "experiment": "nudges",
            "scored": "9",
            "of them by the static rule": "9",
            "flagged": "6",
            "nudged": str(own.n_nudged),
            "held out": str(own.n_held_out),
        }
        with entered(browser, server, width=390) as context:
            page = opened(context, "/returns")
            picture(page, "nudges-returns-390")
            assert examined(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
