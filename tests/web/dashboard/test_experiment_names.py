"""Experiments that are called what no address would be: each has a page, and whatever leads to it does."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from builders import exposure, later, purchase
from counterclick.shop import open_shop
from dashboards import entered, examined, form_token, opened, signed_in, waited_for, with_password
from odd_shop import HOSTILE, RIGHT_TO_LEFT
from served import Served, served

NAMES = ["chat/de", "/", "..", "a\\b", "what?", "#1", "50 % off", "100%25", "a b&c=d+e", HOSTILE, RIGHT_TO_LEFT]
TOML = "[surfaces.cart]\n" + "".join(
    f"""
[experiments.{json.dumps(name)}]
surface = "cart"
control = "nothing"
variants = {{ nothing = 0.5, bundles = 0.5 }}
starts_on = 2026-01-05
ends_on = 2026-02-01
"""
    for name in NAMES
)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop with an experiment of each name; the first one has visitors."""
    folder = tmp_path_factory.mktemp("named")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        events = []
        for number in range(40):
            at, arm = later("2026-01-05T15:00", days=number % 20), "bundles" if number % 2 else "nothing"
            events.append(exposure(f"v{number}", arm, at, NAMES[0], surface="cart"))
            events.append(purchase(f"v{number}", 20, later(at, hours=1)))
        shop.record(events)
    with served(folder, TOML) as found:
        yield with_password(found)


@pytest.fixture(scope="module")
def inside(browser: Browser, named: Served) -> Iterator[BrowserContext]:
    """Somebody who has signed in with a phone."""
    with entered(browser, named, width=390) as found:
        yield found


@pytest.mark.parametrize("name", NAMES)
def test_the_list_leads_to_its_page(inside: BrowserContext, name: str) -> None:
    """By a click; axe finds no serious fault, and its numbers can be had as a file."""
    page = opened(inside, "/experiments")
    page.locator("tbody").get_by_role("link", name=name, exact=True).click()
    page.wait_for_selector("main:not(:has(progress))")
    page.get_by_role("heading", level=1, name=f"Experiment {name}", exact=True).wait_for()
    assert examined(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    file = page.get_by_role("link", name="CSV").first
    if file.count():
        address = file.get_attribute("href")
        assert address is not None
        assert inside.request.get(address).headers["content-type"].startswith("text/csv")
    page.close()


def test_what_leads_to_an_experiment_leads_there(named: Served) -> None:
    """Home, an order in which it counts, and a link that was shared."""
    address = "/experiment?name=chat%2Fde"
    with signed_in(named) as client:
        assert f'href="{address}"' in waited_for(client, "/").text
        with open_shop(named.toml) as shop:
            order = shop.latest_orders(1).orders[0]["order_id"]
        assert f'href="{address}"' in waited_for(client, f"/journeys/{order}").text
        page = waited_for(client, address).text
        made = client.post("/share", data={"form_token": form_token(page), "address": address, "days": "7"}).text
    link = made.partition('value="http')[2].partition('"')[0]
    with signed_in(named) as outside:
        assert "Experiment chat/de" in outside.get(f"http{link}").text


def test_one_that_is_not_declared_is_not_there(named: Served) -> None:
    """404, with those that are; also where the address names none."""
    with signed_in(named) as client:
        answers = [waited_for(client, address) for address in ("/experiment?name=chat%2Ffr", "/experiment")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert "chat/de" in answers[0].text
