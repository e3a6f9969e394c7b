"""A served shop's pages in a browser: signed in, watched for errors and requests to other hosts, examined by axe."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from counterclick.errors import EmptyStoreError
from counterclick.shop import Shop, open_shop
from counterclick.shop.behind import LISTED
from counterclick.web.dashboard.naming import address_of, experiment_address
from counterclick.web.dashboard.page import Context
from counterclick.web.dashboard.pages.experiment import NAMED_EXPERIMENT
from counterclick.web.dashboard.places import PLACES
from counterclick.web.dashboard.serving import _found
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import View
from data_folder import ROOT
from served import Served

__all__ = [
    "PASSWORD",
    "WIDTHS",
    "addresses",
    "entered",
    "examined",
    "form_token",
    "opened",
    "picture",
    "rows_of",
    "shown_at",
    "signed_in",
    "waited_for",
    "with_password",
]

PASSWORD = "correct horse battery"  # noqa: S105 - of shops that live as long as a test
SHOTS = ROOT / "build" / "screenshots"
"""Where pictures of pages are kept, to be looked at: `make pictures`."""
WIDTHS = (390, 1280)
PATIENCE = 300_000
"""Milliseconds that a page is waited for."""
_AXE = ROOT / ".clients" / "node_modules" / "axe-core" / "axe.min.js"
_sessions: WeakKeyDictionary[Served, dict[str, str]] = WeakKeyDictionary()
"""Cookies of somebody who has signed in: signing in takes its time by design, and once is enough to look at pages."""


def with_password(server: Served) -> Served:
    """Set the password of a served shop's pages."""
    with open_shop(server.toml) as shop:
        shop.access.set_password(PASSWORD)
    _sessions.pop(server, None)
    return server


def session(server: Served) -> dict[str, str]:
    """Return the cookies of somebody who has signed in."""
    if server not in _sessions:
        with signed_in(server) as client:
            _sessions[server] = dict(client.cookies)
    return _sessions[server]


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
    with httpx.Client(base_url=server.url, timeout=60, cookies=session(server)) as client:
        answer = waited_for(client, f"{address}{'&' if '?' in address else '?'}as=csv&part={part}")
    assert answer.headers["content-type"].startswith("text/csv"), answer.text
    return [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))]


@contextmanager
def entered(
    browser: Browser, server: Served, *, width: int = 1280, scheme: Any = "light", **options: Any
) -> Iterator[BrowserContext]:
    """Let somebody in who has signed in; at the end nothing was an error, and nobody but the server was asked."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=server.url, **options
    )
    context.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    context.on("weberror", lambda each: wrong.append(str(each.error)))
    context.on("console", lambda each: wrong.append(each.text) if each.type in ("error", "warning") else None)
    context.on("request", lambda each: None if each.url.startswith((server.url, "data:")) else wrong.append(each.url))
    try:
        cookies = session(server).items()
        context.add_cookies([{"name": name, "value": value, "url": server.url, "httpOnly": True} for name, value in cookies])
        yield context
        assert wrong == [], wrong
    finally:
        context.close()


def opened(context: BrowserContext, address: str) -> Page:
    """Open a page, and wait until its numbers are there and its charts are drawn."""
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("main:not(:has(progress))")
    page.wait_for_selector("html[data-drawn], html:not(:has([data-spec]))")
    return page


def examined(page: Page, *, only_colours: bool = False) -> list[str]:
    """Return what axe finds to be seriously wrong with a page; of what was examined before, its colours."""
    if not _AXE.exists():
        pytest.skip("axe-core is not installed: `make clients` does it")
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    rules = ", runOnly: ['color-contrast', 'link-in-text-block']" if only_colours else ""
    found: Mapping[str, Any] = page.evaluate(f"axe.run({{ resultTypes: ['violations']{rules} }})")
    return [
        f"{each['id']}: {each['help']}: {json.dumps([node['html'][:120] for node in each['nodes'][:3]])}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def addresses(shop: Shop) -> list[str]:
    """Return where every page stands, with what there is to be asked of it: experiments, orders, rows of every table."""
    plain = [place.path for place in PLACES if "{" not in place.path and place.path != NAMED_EXPERIMENT.path]
    tested = [experiment_address(name) for name in shop.config.experiments]
    try:
        orders = [row["order_id"] for row in shop.latest_orders(8).orders]
    except EmptyStoreError:
        orders = []
    figures = [f"/figures/{name}?by={by}" for name, by in (("aov", "surface"), ("conversion", "day"), ("orders", "month"))]
    rows = [f"/rows/{of}" for of in ("net_revenue", *LISTED) if of != "visitors"]
    rows += [f"/rows/visitors?experiment={quote(name, safe='')}" for name in shop.config.experiments]
    traced = [address_of("/journeys", "order", order) for order in orders]
    return [*plain, *tested, *traced, "/interventions/bundles", "/?period=last-7-days", *figures, *rows]


def shown_at(shop: Shop, address: str) -> View:
    """Return what a page shows, as the server makes it of what the verbs answer.

    Raises:
        CounterclickError: whatever the verbs refuse.
    """
    found = _found(address)
    assert found is not None, f"no page stands at {address}"
    page, asked = found
    view: View = page.view(page.ask(shop, asked), Context(shop.config, Speech(shop.config.shop), asked))
    return view


def picture(page: Page, name: str) -> None:
    """Keep a picture of a whole page, where pictures are wanted (`make pictures`)."""
    if "PICTURES" in os.environ:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
