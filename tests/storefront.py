"""A small store on loopback: pages, a cart, a checkout whose server tells of orders; and a browser that walks through it."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from counterclick.pages.browser import BROWSERS
from counterclick.shop import open_shop
from counterclick.web.visits import COOKIE
from data_folder import ROOT
from served import Served, served

__all__ = ["Storefront", "chromium", "entered", "recipe", "storefront"]

PATIENCE = 30_000
"""Milliseconds that a page is waited for."""
LOADER = """
var chat = document.createElement('div');
chat.id = 'chat-widget';
chat.textContent = 'May I help you?';
chat.style.cssText = 'position:fixed;bottom:0;right:0;width:200px;height:80px';
document.body.appendChild(chat);
"""
"""What a chat vendor's loader does."""
RECORDER = """
(() => {
  window.seen = 0;
  const look = () => {
    const there = [...document.querySelectorAll('.foreign, #chat-widget')];
    window.seen += there.filter((each) => each.getClientRects().length).length;
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true });
  const frame = () => { look(); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
})();
"""
"""Counts how often the gated element has a place on the page: at every change of it, and at every frame."""


def recipe(heading: str, nth: int = 0) -> str:
    """Return an HTML block of the page that tells stores what to paste, by its heading."""
    page = (ROOT / "docs" / "connect" / "storefront.md").read_text(encoding="utf-8")
    part = page.split(f" {heading}\n", 1)[1].split("\n#", 1)[0]
    return re.findall(r"```html\n(.*?)```", part, re.DOTALL)[nth]


class _Server(ThreadingHTTPServer):
    """The library's server, which knows its store."""

    store: Storefront


class _Handler(BaseHTTPRequestHandler):
    """Answers as a store does: pages, Shopify's addresses of the cart, a chat vendor's loader, a checkout."""

    server: _Server

    def do_GET(self) -> None:
        path, store = self.path.partition("?")[0], self.server.store
        if path == "/cart.js":
            self._send(json.dumps({"item_count": 1, "attributes": self._cart()}), "application/json")
        elif path == "/loader.js":
            self._send(LOADER, "text/javascript")
        else:
            head, body = store.head, store.body
            self._send(f"<!doctype html><html><head>{head}</head><body><p>Shop</p>{body}</body></html>", "text/html")

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/cart/update.js":
            self._cart().update(json.loads(sent)["attributes"])
        elif self.path == "/cart/add.js":
            self.server.store.lines.setdefault(self._session(), []).extend(json.loads(sent)["items"])
        elif self.path == "/checkout":
            self.server.store.buy(self._cart(), self.server.store.lines.get(self._session(), ()))
        self._send("{}", "application/json")

    def _cart(self) -> dict[str, str]:
        return self.server.store.carts.setdefault(self._session(), {})

    def _session(self) -> str:
        found = re.search(r"cart=(\w+)", self.headers.get("cookie", ""))
        return found[1] if found else ""

    def _send(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if not self._session():
            self.send_header("Set-Cookie", f"cart=c{next(self.server.store.numbers)}; Path=/; HttpOnly")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        del words


class Storefront:
    """The store's own server, in a thread of this process."""

    def __init__(self) -> None:
        self.head = ""
        self.body = ""
        self.carts: dict[str, dict[str, str]] = {}
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.orders: list[tuple[str, str | None]] = []
        self.counterclick: Served
        self.numbers = count(1)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.store = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def buy(self, attributes: Mapping[str, str], items: Sequence[Mapping[str, Any]] = ()) -> None:
        """Tell of an order of 30 a line, as a shop's own server does: the visitor is the one that the cart carries.

        Args:
            attributes: of the cart.
            items: its lines, with what offered them; one of the product ``p1`` unless given.
        """
        order, visitor = f"order-{next(self.numbers)}", attributes.get("_cc_visitor")
        event = {"kind": "purchase", "order_id": order, "visitor_id": visitor, "occurred_at": datetime.now(UTC).isoformat()}
        lines = [
            {"product_id": item["id"], "quantity": item.get("quantity", 1), "unit_price": "30", **_offered(item)}
            for item in items or [{"id": "p1"}]
        ]
        body = [{**event, "lines": lines}]
        headers = {"x-api-key": self.counterclick.key}
        told = httpx.post(f"{self.counterclick.url}/v1/events", content=json.dumps(body), headers=headers).json()
        assert told["accepted"] == 1, told
        self.orders.append((order, visitor))

    def pasted(self, html: str, key: str) -> str:
        """Return what the docs say to paste, with this store's addresses and key."""
        addresses = {"https://cc.shop.example/": f"{self.counterclick.url}/", "https://chat.example/": f"{self.url}/"}
        for wrong, right in {**addresses, "cc_b_KEY": key}.items():
            html = html.replace(wrong, right)
        return html

    def rows(self, sql: str) -> list[Any]:
        """Return what a query finds in the log while it is served."""
        with open_shop(self.counterclick.toml) as shop:
            return shop.reading.rows(sql)


def _offered(item: Mapping[str, Any]) -> dict[str, str]:
    """Return what offered a line of the cart, as its properties say."""
    marks = {"surface": "_cc_surface", "decision_id": "_cc_decision"}
    said = item.get("properties", {})
    return {name: said[mark] for name, mark in marks.items() if mark in said}


@contextmanager
def storefront(folder: Path, toml: str) -> Iterator[tuple[Storefront, str]]:
    """Serve a store and a shop that its pages may ask; yield it and a key that may stand in its pages."""
    store = Storefront()
    try:
        with served(folder, f'{toml}\n[serve]\norigins = ["{store.url}"]\n') as found:
            store.counterclick = found
            with open_shop(found.toml) as shop:
                key = shop.keys.new("browser", "page")[1]
            yield store, key
    finally:
        store.stop()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser that this machine has; skip where there is none."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no browser of the Chromium family is on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def entered(browser: Browser, store: Storefront, visitor: str | None = None) -> Iterator[BrowserContext]:
    """Let somebody in, with empty pockets or with the server's cookie of a visitor."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    context.add_init_script(RECORDER)
    errors: list[str] = []
    context.on("weberror", lambda each: errors.append(str(each.error)))
    if visitor is not None:
        context.add_cookies([{"name": COOKIE, "value": visitor, "url": store.counterclick.url, "httpOnly": True}])
    try:
        yield context
        assert errors == []
    finally:
        context.close()
