"""Every page on a shop with data and on an empty one: at both widths, in light and dark, by keyboard, printed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from counterclick.shop import demo, open_shop
from counterclick.web.dashboard.pages import PAGES
from dashboards import WIDTHS, entered, examined, opened, picture, signed_in, waited_for, with_password
from served import Served, served
from storefront import chromium

LISTED = [page.path for page in PAGES if page.is_listed]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo shop, served."""
    folder = tmp_path_factory.mktemp("demo")
    demo(folder, visitors=20_000).close()
    with served(folder, (folder / "shop.toml").read_text(encoding="utf-8")) as found:
        yield with_password(found)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop of which nothing is recorded."""
    with served(tmp_path_factory.mktemp("empty")) as found:
        yield with_password(found)


@pytest.fixture(scope="module", params=[(width, scheme) for width in WIDTHS for scheme in ("light", "dark")], ids=str)
def inside(request: pytest.FixtureRequest, browser: Browser, demonstrated: Served) -> Iterator[tuple[BrowserContext, str]]:
    """Somebody who has signed in, with a screen of this width and scheme."""
    width, scheme = request.param
    with entered(browser, demonstrated, width=width, scheme=scheme) as found:
        yield found, f"{width}-{scheme}"


@pytest.mark.parametrize("path", LISTED)
def test_a_page_stands(inside: tuple[BrowserContext, str], path: str) -> None:
    """No console error, no other host, no serious fault by axe, nothing wider than the screen."""
    context, name = inside
    page = opened(context, path)
    picture(page, f"demo{path.replace('/', '-')}-{name}")
    assert page.locator("h1").inner_text()
    assert examined(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()


@pytest.mark.parametrize("path", LISTED)
def test_an_empty_shop_says_what_to_do(browser: Browser, empty: Served, path: str) -> None:
    """The page is there, and axe finds no serious fault."""
    with entered(browser, empty, width=390) as context:
        page = opened(context, path)
        picture(page, f"empty{path.replace('/', '-')}")
        assert examined(page) == []


@pytest.mark.parametrize("path", LISTED)
def test_by_keyboard(browser: Browser, demonstrated: Served, path: str) -> None:
    """The first stop leads to the content; what a number means opens and closes with keys."""
    with entered(browser, demonstrated) as context:
        page = opened(context, path)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        why = page.locator("button.why").first
        if why.count():
            why.focus()
            page.keyboard.press("Enter")
            assert page.locator(".tip:popover-open").count() == 1
            page.keyboard.press("Escape")
            assert page.locator(".tip:popover-open").count() == 0


@pytest.mark.parametrize("path", LISTED)
def test_it_prints(browser: Browser, demonstrated: Served, tmp_path: Path, path: str) -> None:
    """On paper, without navigation and buttons."""
    with entered(browser, demonstrated) as context:
        page = opened(context, path)
        page.pdf(path=tmp_path / "page.pdf")
        assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")
        page.emulate_media(media="print")
        assert page.locator("nav, .files, button.why").filter(visible=True).count() == 0


def test_without_scripts_the_numbers_stand(browser: Browser, demonstrated: Served) -> None:
    """A page is whole without its script."""
    with entered(browser, demonstrated, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/data")
        page.wait_for_selector("td")


def test_the_data_page_shows_what_check_answers(demonstrated: Served) -> None:
    """Each kind's events on the page are the verb's, and its file holds the same rows."""
    with open_shop(demonstrated.toml) as shop:
        health = shop.check()
    with signed_in(demonstrated) as client:
        answer = waited_for(client, "/data?as=csv&part=recorded-events")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row[0]: row[1] for row in rows[1:]} == {kind: str(n) for kind, n in health.events.items()}
