"""A served shop's pages in a browser: signed in, watched for errors and requests to other hosts, examined by axe."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from counterclick.shop import open_shop
from data_folder import ROOT
from served import Served

__all__ = [
    "PASSWORD",
    "SHOTS",
    "WIDTHS",
    "entered",
    "examined",
    "form_token",
    "opened",
    "picture",
    "rows_of",
    "signed_in",
    "waited_for",
    "with_password",
]

PASSWORD = "correct horse battery"  # noqa: S105 - of shops that live as long as a test
SHOTS = ROOT / "build" / "screenshots"
"""Where pictures of pages are kept, to be looked at."""
WIDTHS = (390, 1280)
PATIENCE = 300_000
"""Milliseconds that a page is waited for."""
_AXE = ROOT / ".clients" / "node_modules" / "axe-core" / "axe.min.js"


def with_password(server: Served) -> Served:
    """Set the password of a served shop's pages."""
    with open_shop(server.toml) as shop:
        shop.access.set_password(PASSWORD)
    return server


def form_token(page: str) -> str:
    """Return what the forms of a page send back."""
    found = re.search(r'name="form_token" value="(\w+)"', page)
    assert found is not None
    return found[1]


@contextmanager
def signed_in(server: Served) -> Iterator[httpx.Client]:
    """Return a client that has signed in."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        token = form_token(client.get("/sign-in").text)
        answer = client.post("/sign-in", data={"form_token": token, "password": PASSWORD, "next": "/"})
        assert answer.status_code == 303, answer.text
        yield client


def waited_for(client: httpx.Client, address: str) -> httpx.Response:
    """Return a page when its numbers are there."""
    end = time.monotonic() + PATIENCE / 1_000
    while time.monotonic() < end:
        answer = client.get(address)
        if answer.status_code != 202:
            return answer
        time.sleep(0.3)
    raise AssertionError(f"{address} is still being worked out")


def rows_of(server: Served, address: str, part: str) -> list[dict[str, str]]:
    """Return the rows of a part's file, each by its headings."""
    with signed_in(server) as client:
        answer = waited_for(client, f"{address}{'&' if '?' in address else '?'}as=csv&part={part}")
    assert answer.headers["content-type"].startswith("text/csv"), answer.text
    return [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))]


@contextmanager
def entered(
    browser: Browser, server: Served, *, width: int = 1280, scheme: Any = "light", **options: Any
) -> Iterator[BrowserContext]:
    """Sign in with a browser; at the end nothing was an error, and nobody but the server was asked for anything."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=server.url, **options
    )
    context.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    context.on("weberror", lambda each: wrong.append(str(each.error)))
    context.on("console", lambda each: wrong.append(each.text) if each.type in ("error", "warning") else None)
    context.on("request", lambda each: None if each.url.startswith((server.url, "data:")) else wrong.append(each.url))
    try:
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "sign-in" not in url)
        page.close()
        yield context
        assert wrong == []
    finally:
        context.close()


def opened(context: BrowserContext, address: str) -> Page:
    """Open a page, and wait until its numbers are there and its charts are drawn."""
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("main:not(:has(progress))")
    page.wait_for_selector("html[data-drawn], html:not(:has([data-spec]))")
    return page


def examined(page: Page) -> list[str]:
    """Return what axe finds to be seriously wrong with a page."""
    if not _AXE.exists():
        pytest.skip("axe-core is not installed: `make clients` does it")
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found: Mapping[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{each['id']}: {each['help']}: {json.dumps([node['html'][:120] for node in each['nodes'][:3]])}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def picture(page: Page, name: str) -> Path:
    """Keep a picture of a whole page."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    path = SHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
