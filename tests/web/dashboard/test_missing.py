"""Addresses that nothing answers: a page for a browser, a sentence for a program, the same status for both."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Browser

from dashboards import WIDTHS, examined, picture, signed_in
from served import Served

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SECRET = "/no-such-page/anna@example.org"  # noqa: S105 - an address


@pytest.mark.parametrize(
    ("path", "status"), [(SECRET, 404), ("/nothing", 404), ("/sign-out", 405), ("/experiments/a/b", 404)]
)
def test_a_browser_gets_a_page(empty: Served, path: str, status: int) -> None:
    """Whoever asks gets the same one, which repeats nothing of the address and tells nothing of the shop."""
    outside = httpx.get(f"{empty.url}{path}", headers=BROWSER)
    with signed_in(empty) as client:
        inside = client.get(path, headers=BROWSER)
    assert outside.status_code == inside.status_code == status
    assert outside.headers["content-type"].startswith("text/html")
    assert outside.headers["content-security-policy"].startswith("default-src 'none'")
    assert outside.text == inside.text
    assert '<a href="/">' in outside.text
    assert "anna" not in outside.text
    assert empty.toml.parent.name not in outside.text


@pytest.mark.parametrize("accept", [{}, {"accept": "application/json"}, {"accept": "application/json, text/html;q=0.5"}])
def test_a_program_gets_a_sentence(empty: Served, accept: dict[str, str]) -> None:
    """As JSON, as at every address of the API, whatever it accepts."""
    answer = httpx.get(f"{empty.url}{SECRET}", headers=accept)
    assert (answer.status_code, answer.json()) == (404, {"error": "there is no such address; /docs lists them."})
    assert httpx.get(f"{empty.url}/v1/nothing", headers=BROWSER).json() == answer.json()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_looks_like_the_others(browser: Browser, empty: Served, width: int, scheme: str) -> None:
    """In light and dark, at both widths; axe finds no serious fault."""
    viewport = {"width": width, "height": 700}
    with browser.new_context(viewport=viewport, color_scheme=scheme) as context:  # type: ignore[arg-type]  # they are these
        page = context.new_page()
        page.goto(f"{empty.url}/nothing")
        picture(page, f"missing-{width}-{scheme}")
        assert page.locator("h1").inner_text() == "There is no such page"
        assert examined(page) == []
