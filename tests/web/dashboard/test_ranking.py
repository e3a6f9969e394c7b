"""The page of the ranking: the verdict first, and the verb's numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from builders import click, later, line, purchase, shown
from counterclick.shop import open_shop
from dashboards import entered, examined, opened, picture, rows_of, with_password
from served import Served, served

TOML = """
[ranking]
least_exposures = 1
least_orders = 1
[experiments.search-order]
surface = "search"
control = "nothing"
variants = { nothing = 0.5, ranking = 0.5 }
starts_on = 2026-01-01
ends_on = 2026-03-01
"""
START = "2026-01-05T10:00"
BUYS = {"toy": 20, "hat": 90, "scarf": 60}


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop whose toy is clicked by everybody and bought by few."""
    folder = tmp_path_factory.mktemp("ranked")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        lists = [shown(f"v{n}", *BUYS, at=START, surface="search") for n in range(300)]
        clicks = [click(f"v{n}", "toy", at=later(START, minutes=1), surface="search") for n in range(300)]
        bought = [
            purchase(f"v{n}", at=later(START, hours=1), lines=[line(name)]) for name, k in BUYS.items() for n in range(k)
        ]
        late = purchase("late", at=later(START, days=50), lines=[line("other")])
        shop.record([*lists, *clicks, click("v1", "hat", at=later(START, minutes=2), surface="search"), *bought, late])
    with served(folder, TOML) as found:
        yield with_password(found)


def test_its_numbers_are_those_of_the_verb(browser: Browser, ranked: Served) -> None:
    """Boosts in their order, what is clicked and not bought, places; the verdict stands before all of it."""
    with open_shop(ranked.toml) as shop:
        told = shop.boosts()
    rows = rows_of(ranked, "/ranking", "products-those-that-earn-most-first")
    assert [(row["product"], float(row["boost"]), int(row["orders"])) for row in rows] == [
        (each.product_id, pytest.approx(each.factor), each.n_orders) for each in told.boosts
    ]
    assert [float(row["net of 1,000"]) for row in rows] == pytest.approx([each.net_value * 1_000 for each in told.boosts])
    (toy,) = rows_of(ranked, "/ranking", "clicked-more-than-their-share-bought-less")
    assert (toy["product"], int(toy["clicks"])) == ("toy", 300)
    with entered(browser, ranked, width=390) as context:
        page = opened(context, "/ranking")
        text = page.locator("main").inner_text()
        assert text.index("The verdict first") < text.index("What products earn") < text.index("Clicked, and not bought")
        assert "Places are not corrected" in text
        picture(page, "ranking-390")
        assert examined(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
