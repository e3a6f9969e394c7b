"""``/pixel.js`` in a browser, beside ``/cc.js``, and what it sends. Shopify does not run here: its part is played by a page.

The page has the objects that Shopify documents for custom pixels (`analytics`, `browser`, `init`, `api`), each as
asynchronous as there, and publishes the documented envelopes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from counterclick.shop import open_shop
from storefront import Storefront, chromium, entered, recipe, storefront

TOML = """
[surfaces.chat]
[shopify]
tax_rate = 0.19
"""
SHOPIFY = """
<script>
  window.Shopify = { routes: { root: '/' } };
  const subscribers = {}, consents = [];
  const analytics = { subscribe: async (name, f) => { (subscribers[name] = subscribers[name] || []).push(f); } };
  const browser = {
    cookie: { get: async (name) => (document.cookie.match('(?:^|; )' + name + '=([^;]*)') || [])[1] || '' },
    sendBeacon: async (url, body) => navigator.sendBeacon(url, body),
  };
  const init = { customerPrivacy: { analyticsProcessingAllowed: ALLOWED, marketingAllowed: false } };
  const api = { customerPrivacy: { subscribe: async (name, f) => { consents.push(f); } } };
  const publish = (name, data, n) => (subscribers[name] || []).forEach((f) => f({
    id: 'sh-' + n, name: name, clientId: 'client-1', timestamp: new Date().toISOString(), seq: n, type: 'standard',
    data: data,
    context: {
      document: { location: { pathname: location.pathname, href: location.href }, referrer: 'https://mail.example/anna' },
      navigator: { userAgent: 'Mozilla/5.0 (Windows NT 10.0)' },
      window: {},
    },
  }));
</script>
"""
MONEY = {"amount": 11.9, "currencyCode": "EUR"}
VARIANT = {"id": "7", "price": MONEY, "product": {"id": "5", "title": "Hat"}}
CHECKOUT: dict[str, Any] = {
    "token": "abc",
    "currencyCode": "EUR",
    "email": "anna@example.org",
    "phone": "+4930123456789",
    "shippingAddress": {"firstName": "Anna", "lastName": "Ek", "address1": "Secret Street 5", "city": "Ulm"},
    "subtotalPrice": MONEY,
    "totalPrice": MONEY,
    "totalTax": {"amount": 1.9, "currencyCode": "EUR"},
    "lineItems": [{"quantity": 1, "finalLinePrice": MONEY, "variant": VARIANT}],
    "order": {"id": "1", "customer": {"id": "3", "isFirstOrder": True}},
}
EVENTS: dict[str, Any] = {
    "page_viewed": {},
    "product_viewed": {"productVariant": VARIANT},
    "search_submitted": {"searchResult": {"query": "secret gift", "productVariants": [VARIANT]}},
    "product_added_to_cart": {
        "cartLine": {"merchandise": VARIANT, "quantity": 1, "cost": {"totalAmount": MONEY}},
    },
    "checkout_started": {"checkout": CHECKOUT},
    "payment_info_submitted": {"checkout": CHECKOUT},
    "checkout_completed": {"checkout": CHECKOUT},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own."""
    with chromium() as found:
        yield found


@pytest.fixture
def store(tmp_path: Any) -> Iterator[tuple[Storefront, str]]:
    """A Shopify store with our script and our pixel, and the key of its pages."""
    with storefront(tmp_path, TOML) as (found, key):
        yield found, key


def pixel_page(store: Storefront, key: str, *, allowed: bool) -> None:
    """Let the store's pages have the script and the pixel, as the docs say to install them."""
    script = httpx.get(f"{store.counterclick.url}/pixel.js").text
    snippet = recipe("Set it up").replace('data-key="cc_b_KEY"', 'data-key="cc_b_KEY" data-pages="off"')
    store.head = SHOPIFY.replace("ALLOWED", str(allowed).lower()) + (store.pasted(snippet, key) if allowed else "")
    store.body = f"<script>{store.pasted(script, key)}</script>"


def publish_all(page: Page) -> None:
    for nth, (name, data) in enumerate(EVENTS.items()):
        page.evaluate(f"publish({json.dumps(name)}, {json.dumps(data)}, {nth})")


def until_told(store: Storefront, n: int) -> list[tuple[Any, ...]]:
    """Wait until the pixel has told of so many events; return them."""
    end = time.monotonic() + 30
    sql = "SELECT kind, visitor_id, customer_id, consent FROM events WHERE source = 'pixel' ORDER BY kind"
    while len(found := store.rows(sql)) < n:
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return found


def test_the_pixel_tells_of_the_scripts_visitor(browser: Browser, store: tuple[Storefront, str]) -> None:
    """From the first page on, up to the events in the log; nothing that names a person leaves the browser."""
    pixel_page(*store, allowed=True)
    bodies: list[str] = []
    with entered(browser, store[0]) as context:
        context.on("request", lambda request: bodies.append(request.post_data or "") if "/v1/pixel" in request.url else None)
        page = context.new_page()
        page.goto(store[0].url + "/products/hat?email=anna@example.org")
        publish_all(page)
        found = until_told(store[0], 6)
        (visitor,) = {each["value"] for each in context.cookies() if each["name"] == "_cc_visitor"}
    assert found == [
        ("add_to_cart", visitor, None, True),
        ("begin_checkout", visitor, None, True),
        ("identify", visitor, "3", True),
        ("page_view", visitor, None, True),
        ("view_item", visitor, None, True),
        ("view_item_list", visitor, None, True),
    ]
    ((price, path),) = store[0].rows(
        "SELECT max(unit_price)::DOUBLE, max(page) FROM events WHERE source = 'pixel' AND kind IN "
        "('add_to_cart', 'page_view')"
    )
    assert (price, path) == (10.0, "/products/hat")
    assert bodies
    for private in ("anna", "Secret", "secret", "+4930", "Ulm"):
        assert not any(private in body for body in bodies), private


def test_the_pixel_keeps_silent_until_it_is_allowed(browser: Browser, store: tuple[Storefront, str]) -> None:
    """Nothing is sent before analytics are allowed; then, without our script's visitor, Shopify's client id has to do."""
    pixel_page(*store, allowed=False)
    asked: list[str] = []
    with entered(browser, store[0]) as context:
        context.on("request", lambda request: asked.append(request.url) if "/v1/" in request.url else None)
        page = context.new_page()
        page.goto(store[0].url)
        publish_all(page)
        page.wait_for_timeout(500)
        assert asked == []
        page.evaluate("consents.forEach((f) => f({ customerPrivacy: { analyticsProcessingAllowed: true } }))")
        page.evaluate("publish('page_viewed', {}, 99)")
        assert until_told(store[0], 1) == [("page_view", "client-1", None, True)]


def test_a_pixel_is_taken_out_of_its_sandbox(store: tuple[Storefront, str]) -> None:
    """Whose origin is null; without a declared store it is told what to declare; a clock that is wrong is set right."""
    shop, key = store
    event = {"id": "e1", "name": "page_viewed", "clientId": "c1", "timestamp": "2090-03-01T09:30:00.000Z", "data": {}}
    body = json.dumps({"key": key, "sent_at": "2090-03-01T09:30:02.000Z", "events": [event, {"name": "clicked"}, 7]})
    url = f"{shop.counterclick.url}/v1/pixel"
    found = httpx.post(url, content=body, headers={"origin": "null"}).json()["results"]
    assert [each["status"] for each in found] == ["accepted", "skipped", "rejected"]
    assert httpx.post(url, content=json.dumps({"key": key}), headers={"origin": "null"}).status_code == 400
    assert httpx.post(url, content=json.dumps({"key": "cc_b_wrong", "events": []})).status_code == 401
    with open_shop(shop.counterclick.toml) as opened:
        assert opened.reading.one("SELECT epoch(now() - occurred_at) BETWEEN 1 AND 300 FROM events WHERE source = 'pixel'")
