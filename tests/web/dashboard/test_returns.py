"""What comes back, on a page: the holdout's verdict first, and the verb's numbers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from counterclick.shop import open_shop
from dashboards import WIDTHS, entered, examined, opened, picture, rows_of
from served import Served


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
