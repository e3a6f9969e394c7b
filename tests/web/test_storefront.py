"""``/cc.js`` in a browser, pasted into a small store as the docs say."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from counterclick.attribution import credits as credited
from counterclick.experiments.assignment import assign
from counterclick.shop import open_shop
from counterclick.shop.visiting import new_visitor
from counterclick.web.visits import COOKIE
from storefront import Storefront, chromium, entered, recipe, storefront

TOML = (
    "".join(
        f"""
[surfaces.{surface}]
[experiments.{surface}]
surface = "{surface}"
control = "nothing"
variants = {{ nothing = 0.5, feature = 0.5 }}
starts_on = 2020-01-01
ends_on = 2090-01-01
"""
        for surface in ("cart", "chat", "recommendations", "bundles")
    )
    + """
[surfaces.offers]
[experiments.offers]
surface = "offers"
control = "nothing"
variants = { nothing = 0.0001, rules = 0.9999 }
starts_on = 2020-01-01
ends_on = 2090-01-01
"""
)
RULES = '[[rules]]\nproducts = ["p1"]\noffer = ["p2", "p3"]\n'
SHARES = {"nothing": 0.5, "feature": 0.5}
SECTION = '<div class="foreign" id="shopify-section-recommendations">Others bought this</div>'
BLOCK = '<div class="shopify-app-block"><div class="foreign bundle-offers">Together they cost less</div></div>'
LOADER = "A chat widget, by its loader"
RECIPES = {
    "a loader's tag": ("chat", LOADER, 0, ""),
    "a loader in a script": ("chat", LOADER, 1, ""),
    "a theme's section": ("recommendations", "A theme section", 0, SECTION),
    "an app's block": ("bundles", "A Shopify app block", 0, BLOCK),
}
"""What is gated -> surface, heading of its recipe in the docs, which of its blocks, and what the page shows without us."""
SHOPIFY = "<script>window.Shopify = { routes: { root: '/' } };</script>"
ARM = "<script>cc('flag', 'cart', function (arm) { document.body.dataset.arm = arm });</script>"

Wanted = Callable[[], Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Storefront, str]]:
    """A store, its shop, and a key."""
    folder = tmp_path_factory.mktemp("storefront")
    (folder / "rules.toml").write_text(RULES, encoding="utf-8")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shop.record([{"kind": "page_view", "visitor_id": "v", "occurred_at": "2026-01-05T10:00:00Z"}])
        shop.fit(["rules", "bestsellers"])
    with storefront(folder, TOML) as found:
        yield found


@pytest.fixture
def store(both: tuple[Storefront, str]) -> Storefront:
    """The store, with pages that say nothing yet."""
    both[0].head = both[0].body = ""
    return both[0]


@pytest.fixture
def key(both: tuple[Storefront, str]) -> str:
    """The key of its pages."""
    return both[1]


def until(wanted: Wanted) -> Any:
    """Wait until something holds; return it."""
    end = time.monotonic() + 30
    while not (found := wanted()):
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.1)
    return found


def assigned(surface: str, arm: str) -> str:
    """Return a visitor whom chance puts into an arm."""
    return next(who for _ in range(1000) if assign(surface, who := new_visitor(datetime.now(UTC).date()), SHARES) == arm)


def opened(context: BrowserContext, store: Storefront, path: str = "/") -> Page:
    page = context.new_page()
    page.goto(store.url + path, wait_until="commit")
    return page


def kinds(store: Storefront, visitor: str) -> dict[str, int]:
    """Count a visitor's events in the log."""
    return dict(store.rows(f"SELECT kind, count(*) FROM events WHERE visitor_id = '{visitor}' GROUP BY kind"))


def copy_of(context: BrowserContext) -> str | None:
    """Return the visitor that a page keeps."""
    return next((str(each["value"]) for each in context.cookies() if each["name"] == "_cc_visitor"), None)


def test_somebody_browses_chats_and_buys(browser: Browser, store: Storefront, key: str) -> None:
    """The order is the visitor's and attributed to the chat; the arm is the same on every page and in a second tab."""
    store.head = SHOPIFY + store.pasted(recipe("Set it up"), key)
    store.body = ARM
    with entered(browser, store) as context:
        arms = []
        page = context.new_page()
        for path in ("/", "/products/p1", "/cart"):
            page.goto(store.url + path)
            arms.append(page.wait_for_selector("body[data-arm]").get_attribute("data-arm"))
        second = opened(context, store, "/products/p1")
        arms.append(second.wait_for_selector("body[data-arm]").get_attribute("data-arm"))
        page.evaluate("cc('view_item', { product_id: 'p1' })")
        page.evaluate("cc('assistant_answer', { surface: 'chat', conversation_id: 'c1', matched_products: ['p1'] })")
        page.evaluate("cc('add_to_cart', { product_id: 'p1', quantity: 1, unit_price: '30', surface: 'chat' })")
        visitor = until(lambda: copy_of(context))
        until(lambda: kinds(store, visitor).get("add_to_cart"))
        until(lambda: any(cart.get("_cc_visitor") == visitor and "_cc_arm_cart" in cart for cart in store.carts.values()))
        page.evaluate("fetch('/checkout', { method: 'POST' })")
        until(lambda: store.orders)
        server_cookie = next(each for each in context.cookies() if each["name"] == COOKIE)
    assert len(set(arms)) == 1
    assert arms[0] == assign("cart", visitor, SHARES)
    assert (server_cookie["value"], server_cookie["httpOnly"], server_cookie["sameSite"]) == (visitor, True, "Lax")
    assert kinds(store, visitor) == {
        "page_view": 4,
        "exposure": 1,
        "view_item": 1,
        "assistant_answer": 1,
        "add_to_cart": 1,
        "purchase": 1,
    }
    order, carried = store.orders[-1]
    assert carried == visitor
    with open_shop(store.counterclick.toml) as shop:
        found = credited(shop.facts.orders, shop.facts.interactions, shop.rule)
        (row,) = found.filter(found.order_id == order).to_pyarrow().to_pylist()
    assert row["surface"] == "chat"


OFFERS = """<script>
cc('decide', 'offers', { cart: ['p1'], most: 2 }, function (decision) {
  document.body.dataset.offers = JSON.stringify(decision || null);
  if (decision) cc('take', decision, { id: decision.offers[0], quantity: 2, properties: { Gift: 'yes' } }, function () {
    document.body.dataset.taken = 'yes';
  });
});
</script>"""


def test_an_offer_is_taken_and_its_order_says_so(browser: Browser, store: Storefront, key: str) -> None:
    """A page asks what to offer and lays it into the cart; the order's line is the decision's. No score is told."""
    store.head = SHOPIFY + store.pasted(recipe("Set it up"), key)
    store.body = OFFERS
    with entered(browser, store) as context:
        page = opened(context, store)
        page.wait_for_selector("body[data-taken]")
        told = json.loads(page.get_attribute("body", "data-offers") or "")
        visitor = until(lambda: copy_of(context))
        until(lambda: any("_cc_arm_offers" in cart for cart in store.carts.values()))
        page.evaluate("fetch('/checkout', { method: 'POST' })")
        until(lambda: store.orders)
    assert told["mark"] == {"_cc_surface": "offers", "_cc_decision": told["decision_id"]}
    assert {*told} == {"surface", "offers", "variant", "served_here", "decision_id", "mark", "arms"}
    (line,) = [each for cart in store.lines.values() for each in cart]
    assert line == {"id": told["offers"][0], "quantity": 2, "properties": {"Gift": "yes", **told["mark"]}}
    assert {*kinds(store, visitor)} >= {"exposure", "decision", "purchase"}
    today = datetime.now(UTC).date()
    with open_shop(store.counterclick.toml) as shop:
        (sold,) = shop.served("offers", since=today - timedelta(days=1), until=today).sold
        assert (sold.policy, sold.n_decisions, sold.n_lines, sold.units) == ("rules", 1, 1, 2)


def test_without_an_answer_there_is_no_offer(browser: Browser, store: Storefront, key: str) -> None:
    """A surface that is none, or a server that cannot be reached: the page is handed nothing, and no line is marked."""
    store.head = store.pasted(recipe("Set it up"), key)
    store.body = OFFERS.replace("'offers'", "'none'")
    with entered(browser, store) as context:
        assert opened(context, store).wait_for_selector("body[data-offers]").get_attribute("data-offers") == "null"
    store.body = OFFERS
    with entered(browser, store) as context:
        context.route("**/v1/**", lambda route: route.abort())
        assert opened(context, store).wait_for_selector("body[data-offers]").get_attribute("data-offers") == "null"


def test_nothing_is_sent_or_stored_before_consent(browser: Browser, store: Storefront, key: str) -> None:
    """Then what happened on this page is told; and when consent is withdrawn, nothing more, and the cookies are gone."""
    store.head = store.pasted(recipe("Consent"), key)
    store.body = SECTION + "<script>window.cc && cc('gate', 'recommendations', { selector: '.foreign' })</script>"
    with entered(browser, store) as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/v1/" in request.url else None)
        page.goto(store.url + "/landing")
        page.wait_for_function("window.cc && cc.runs")
        page.evaluate("cc('view_item', { product_id: 'before' })")
        page.wait_for_timeout(1500)
        assert asked == []
        assert {each["name"] for each in context.cookies()} <= {"cart"}
        assert page.evaluate("sessionStorage.length") == 0
        page.evaluate("cc('consent', true)")
        visitor = until(lambda: copy_of(context))
        until(lambda: kinds(store, visitor).get("view_item"))
        assert store.rows(f"SELECT DISTINCT consent FROM events WHERE visitor_id = '{visitor}' AND kind = 'page_view'") == [
            (True,)
        ]
        page.evaluate("cc('consent', false)")
        until(lambda: {each["name"] for each in context.cookies()} <= {"cart"})
        n = len(asked)
        page.evaluate("cc('view_item', { product_id: 'after' })")
        page.goto(store.url + "/next")
        page.wait_for_timeout(1000)
        assert len(asked) == n
    assert store.rows("SELECT count(*) FROM events WHERE product_id = 'after'") == [(0,)]


@pytest.mark.parametrize("arm", ["nothing", "feature"])
@pytest.mark.parametrize("what", list(RECIPES))
def test_a_gate_holds_out_what_is_not_ours(browser: Browser, store: Storefront, key: str, what: str, arm: str) -> None:
    """Never visible to who is held out, not for a frame, on the first page and the next; eligible in both arms alike."""
    surface, heading, nth, shown = RECIPES[what]
    store.head = store.pasted(recipe("Hold out what is not ours") + recipe(heading, nth), key)
    store.body = shown
    visitor = assigned(surface, arm)
    with entered(browser, store, visitor) as context:
        page = opened(context, store)
        until(lambda: kinds(store, visitor).get("exposure"))
        if arm == "feature":
            until(lambda: page.evaluate("window.seen"))
            until(lambda: kinds(store, visitor).get("view_item_list"))
        else:
            page.wait_for_timeout(2500)  # longer than anything waits
            assert page.evaluate("window.seen") == 0
        page.goto(store.url + "/next")
        if arm == "feature":
            until(lambda: page.evaluate("window.seen"))
        else:
            page.wait_for_timeout(2500)
            assert page.evaluate("window.seen") == 0
            assert surface != "chat" or page.query_selector("#chat-widget") is None
        until(lambda: kinds(store, visitor).get("page_view") == 2)
    told = store.rows(f"SELECT experiment, variant FROM events WHERE kind = 'exposure' AND visitor_id = '{visitor}'")
    assert told == [(surface, arm)]
    assert ("view_item_list" in kinds(store, visitor)) == (arm == "feature")


def test_a_tab_that_knows_the_answer_needs_the_server_no_more(browser: Browser, store: Storefront, key: str) -> None:
    """Held out on the first page, held out on the next, although nobody answers there."""
    store.head = store.pasted(recipe("Hold out what is not ours") + recipe("A theme section"), key)
    store.body = SECTION
    visitor = assigned("recommendations", "nothing")
    with entered(browser, store, visitor) as context:
        page = opened(context, store)
        until(lambda: kinds(store, visitor).get("exposure"))
        context.route("**/v1/*", lambda route: route.abort())
        page.goto(store.url + "/next")
        page.wait_for_timeout(2500)  # longer than anything waits
        assert page.evaluate("window.seen") == 0


def test_a_holdout_that_is_undone_is_found(browser: Browser, store: Storefront, key: str) -> None:
    """While the gates hold, the log says so; a script of the theme that shows the block all the same is a leak."""
    store.head = store.pasted(recipe("Hold out what is not ours") + recipe("A Shopify app block"), key)
    store.body = BLOCK
    for arm, outcome in (("feature", None), ("nothing", "holds")):
        visitor = assigned("bundles", arm)
        with entered(browser, store, visitor) as context:
            page = opened(context, store)
            until(lambda who=visitor: kinds(store, who).get("exposure"))
            if arm == "feature":
                until(lambda who=visitor: kinds(store, who).get("view_item_list"))
                continue
            with open_shop(store.counterclick.toml) as shop:
                assert shop.verify_holdout("bundles").outcome == outcome
            page.evaluate("document.getElementById('cc-bundles').remove()")
            until(lambda who=visitor: kinds(store, who).get("view_item_list"))
    with open_shop(store.counterclick.toml) as shop:
        (test,) = shop.verify_holdout("bundles").tests
    assert (test.outcome, test.n_leaks, test.leaks[0].visitor_id, test.leaks[0].source) == ("leaks", 1, visitor, "cc.js")


@pytest.mark.parametrize("lost", ["/cc.js", "/v1/visitor"])
@pytest.mark.parametrize("what", list(RECIPES))
def test_where_the_server_cannot_be_reached_the_feature_shows(
    browser: Browser, store: Storefront, key: str, what: str, lost: str
) -> None:
    """Also to who would be held out; and nobody is exposed."""
    surface, heading, nth, shown = RECIPES[what]
    store.head = store.pasted(recipe("Hold out what is not ours") + recipe(heading, nth), key)
    store.body = shown
    visitor = assigned(surface, "nothing")
    hanging: list[Route] = []

    def hang(route: Route) -> None:
        hanging.append(route)  # no answer, as of a server that hangs

    with entered(browser, store, visitor) as context:
        context.route(f"**{lost}", hang)
        page = opened(context, store)
        until(lambda: page.evaluate("window.seen"))
        for route in hanging:
            route.abort()
        page.goto("about:blank")
        time.sleep(1)
    assert "exposure" not in kinds(store, visitor)


def test_a_cart_gives_a_lost_visitor_back(browser: Browser, store: Storefront, key: str) -> None:
    """Cookies and tab are gone, the cart is not: the first visitor holds, in its own arm, and the log says so."""
    store.head = SHOPIFY + store.pasted(recipe("Set it up"), key)
    store.body = ARM
    first = assigned("cart", "feature")
    with entered(browser, store, first) as context:
        opened(context, store).wait_for_selector("body[data-arm=feature]")
        until(lambda: any(cart.get("_cc_visitor") == first for cart in store.carts.values()))
        for name in (COOKIE, "_cc_visitor"):
            context.clear_cookies(name=name)
        page = opened(context, store)
        until(lambda: copy_of(context) == first)
        page.goto(store.url + "/next")
        page.wait_for_selector("body[data-arm=feature]")
        assert next(each["value"] for each in context.cookies() if each["name"] == COOKIE) == first
    until(lambda: kinds(store, first).get("reassigned") == 1)


def test_what_happens_last_is_told_when_the_page_is_left(browser: Browser, store: Storefront, key: str) -> None:
    """By a beacon, which has no headers."""
    store.head = store.pasted(recipe("Set it up"), key)
    with entered(browser, store) as context:
        page = opened(context, store)
        visitor = until(lambda: copy_of(context))
        until(lambda: kinds(store, visitor).get("page_view"))
        page.evaluate("cc('view_item', { product_id: 'last' }); location.href = 'about:blank'")
        until(lambda: kinds(store, visitor).get("view_item"))


def test_another_shop_hands_its_cart(browser: Browser, store: Storefront, key: str) -> None:
    """By the functions that the docs show; the cart then says whose it is."""
    hook = recipe("The cart").replace("/cart.json'", "/cart.js'", 1).replace("/cart.json", "/cart/update.js")
    store.head = store.pasted(recipe("Set it up"), key) + hook
    with entered(browser, store) as context:
        opened(context, store)
        visitor = until(lambda: copy_of(context))
        until(lambda: any(cart.get("_cc_visitor") == visitor for cart in store.carts.values()))
