"""The page of bundles: the verdict first, and the verb's numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from counterclick.shop import demo, open_shop
from dashboards import entered, examined, opened, picture, rows_of, with_password
from served import Served, served


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo shop for itself: models are fitted in it."""
    folder = tmp_path_factory.mktemp("bundled")
    demo(folder, visitors=8_000).close()
    with served(folder, (folder / "shop.toml").read_text(encoding="utf-8")) as found:
        yield with_password(found)


def test_its_numbers_are_those_of_the_verb(browser: Browser, bundled: Served) -> None:
    """Pairs, what each list foresees, and whether anything learned serves; the verdict stands before all of it."""
    (bundled.toml.parent / "rules.toml").write_text(
        '[[rules]]\nname = "swim"\nproducts = ["goggles-001"]\noffer = ["readers-001"]\nprice_cap = 0.5\n', encoding="utf-8"
    )
    with open_shop(bundled.toml) as shop:
        shop.fit(["bundles", "bestsellers"])
        told = shop.bundles()
    assert told.model is not None
    assert told.model.serves
    assert [each.name for each in told.rules] == ["swim"]
    pairs = rows_of(bundled, "/bundles", "pairs-of-most-orders") if told.pairs else []
    assert [(row["in the cart"], row["offered"], int(row["orders with both"])) for row in pairs] == [
        (each.product, each.partner, each.joint) for each in told.pairs
    ]
    rules = rows_of(bundled, "/bundles", "hand-rules")
    assert [(row["rule"], row["offers"], row["limits"]) for row in rules] == [
        ("swim", "readers-001", "at most 50 % of the cart")
    ]
    with entered(browser, bundled, width=390) as context:
        page = opened(context, "/bundles")
        text = page.locator("main").inner_text()
        assert text.index("The verdict first") < text.index("What is learned") < text.index("The backtest")
        assert "Would be bought anyway" in text
        picture(page, "demo-bundles-390")
        assert examined(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
