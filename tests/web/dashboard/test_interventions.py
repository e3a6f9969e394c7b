"""What was served, on a page: the holdout's verdict first, and the verb's numbers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from counterclick.shop import open_shop
from counterclick.verdicts import Verdict
from dashboards import WIDTHS, entered, examined, opened, picture, rows_of, signed_in, waited_for
from served import Served


def test_its_numbers_are_those_of_the_verb(demonstrated: Served) -> None:
    """Verdicts, lists, every product and not only those that are shown, and arms; of the policy and the period asked for."""
    address = "/interventions/bundles?period=last-28-days"
    with open_shop(demonstrated.toml) as shop:
        found = shop.served("bundles", "last-28-days")
    verdicts = {
        row["experiment"]: row["verdict"].partition(":")[0]
        for row in rows_of(demonstrated, address, "what-the-holdout-says")
    }
    assert verdicts == {name: each.outcome for name, each in found.verdicts.items() if isinstance(each, Verdict)}
    lists = rows_of(demonstrated, address, "lists-that-were-shown")
    assert [(row["surface"], int(row["lists"]), int(row["units bought"])) for row in lists] == [
        (each.surface, each.n_lists, each.units) for each in found.shelves
    ]
    assert [float(row["net revenue of these"]) for row in lists] == pytest.approx(
        [each.net_revenue for each in found.shelves]
    )
    offers = rows_of(demonstrated, address, "products-those-shown-most-first")
    assert [(row["product"], int(row["times shown"])) for row in offers] == [
        (each.product_id, each.n_shown) for each in found.offers
    ]
    arms = rows_of(demonstrated, address, "visitors-by-arm")
    assert [(row["arm"], int(row["visitors"])) for row in arms] == [(each.variant, each.n_visitors) for each in found.arms]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_verdict_stands_before_what_sold(browser: Browser, demonstrated: Served, width: int) -> None:
    """From all that was served to one policy, by its link."""
    with entered(browser, demonstrated, width=width) as context:
        page = opened(context, "/interventions")
        page.get_by_role("link", name="bundles", exact=True).first.click()
        page.wait_for_url("**/interventions/bundles")
        page.wait_for_selector("main:not(:has(progress))")
        text = page.locator("main").inner_text()
        assert text.index("The verdict first") < text.index("What sold")
        picture(page, f"demo-intervention-{width}")
        assert examined(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("asked", ["/none", "?policy=a/b", "?period=never", "?since=x"])
def test_what_cannot_be_shown_is_told_with_a_way_on(demonstrated: Served, asked: str) -> None:
    """Of a name that served nothing, and of a period that is none."""
    with signed_in(demonstrated) as client:
        assert "Choose another period" in waited_for(client, f"/interventions{asked}").text
