"""Every page on a shop with data and on an empty one: at both widths, in light and dark, by keyboard, printed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from counterclick.shop import open_shop
from counterclick.web.dashboard.places import PLACES
from dashboards import PASSWORD, WIDTHS, entered, examined, opened, picture, signed_in, waited_for, with_password
from served import Served, served

LISTED = [place.path for place in PLACES if place.is_listed]
OTHERS = ["/interventions/bundles", "/figures/aov?by=week", "/rows/net_revenue", "/rows/events?kind=purchase"]
DEMO = [
    *(*LISTED, *OTHERS, "/experiments/chat", "/experiment?name=cart-bundles", "/rows/visitors?experiment=chat"),
    *("/?period=2026-02&surface=chat", "/surfaces?surface=chat", "/journeys/ORDER"),
]
ODD = [*LISTED, *OTHERS, "/experiments/cart-bundles", "/rows/visitors?experiment=cart-bundles", "/rows/orders"]


def named(server: Served, path: str) -> str:
    """Return an address in which the newest order stands for ORDER."""
    if "ORDER" not in path:
        return path
    with open_shop(server.toml) as shop:
        return path.replace("ORDER", shop.latest_orders(1).orders[0]["order_id"])


def stands(page: Page, name: str) -> None:
    """Look at a page in light and dark: no serious fault by axe, nothing wider than the screen; keep its pictures."""
    assert page.locator("h1").inner_text()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # it is one of them
        picture(page, f"{name}-{scheme}")
        assert examined(page, only_colours=scheme == "dark") == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.fixture(scope="module", params=WIDTHS, ids=str)
def inside(request: pytest.FixtureRequest, browser: Browser, demonstrated: Served) -> Iterator[tuple[BrowserContext, int]]:
    """Somebody who has signed in, with a screen of this width."""
    with entered(browser, demonstrated, width=request.param) as found:
        yield found, request.param


@pytest.mark.parametrize("path", DEMO)
def test_a_page_stands(inside: tuple[BrowserContext, int], demonstrated: Served, tmp_path: Path, path: str) -> None:
    """No console error, no other host, no fault by axe, nothing too wide; by keyboard, and on paper."""
    context, width = inside
    page = opened(context, named(demonstrated, path))
    stands(page, f"demo{slug(path)}-{width}")
    if width == WIDTHS[1]:
        by_keyboard(page)
        printed(page, tmp_path / "page.pdf", f"demo{slug(path)}-paper")
    page.close()


def slug(path: str) -> str:
    return re.sub("[^a-z0-9]+", "-", path.lower()).rstrip("-")


def by_keyboard(page: Page) -> None:
    """The first stop leads to the content; every control is reached; what a number means opens and closes with keys."""
    page.evaluate("window.scrollTo(0, 0); document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = page.evaluate(
        "[...document.querySelectorAll('main :is(a[href], button, input, select, summary)')]"
        ".filter((each) => each.checkVisibility() && each.type !== 'hidden' && each.tabIndex < 0).length"
    )
    assert reached == 0
    why = page.locator("button.why").first
    if why.count():
        why.focus()
        page.keyboard.press("Enter")
        assert page.locator(".tip:popover-open").count() == 1
        page.keyboard.press("Escape")
        assert page.locator(".tip:popover-open").count() == 0


def printed(page: Page, path: Path, name: str) -> None:
    """On paper there is neither navigation nor a button, and nothing is cut off on its right."""
    page.emulate_media(media="print", color_scheme="dark")
    page.pdf(path=path, prefer_css_page_size=True)
    assert path.read_bytes().startswith(b"%PDF-")
    assert page.locator("nav, .files, button.why, .tip, form").filter(visible=True).count() == 0
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 27, 24)"  # dark on white, whatever the screen
    page.set_viewport_size({"width": 680, "height": 900})  # as wide as an A4 page between its margins
    picture(page, name)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("path", [*LISTED, *OTHERS])
def test_an_empty_shop_says_what_to_do(outside: BrowserContext, path: str) -> None:
    """The page is there with what is to be done, and axe finds no serious fault."""
    page = opened(outside, path)
    stands(page, f"empty{slug(path)}")
    told = page.locator("main").inner_text()
    assert re.search("Record events|[Dd]eclare|shop.toml|Make a key|steps are done", told), told
    page.close()


@pytest.fixture(scope="module")
def outside(browser: Browser, empty: Served) -> Iterator[BrowserContext]:
    """Somebody who looks at an empty shop with a phone."""
    with entered(browser, empty, width=WIDTHS[0]) as found:
        yield found


@pytest.fixture(scope="module", params=WIDTHS, ids=str)
def puzzled(request: pytest.FixtureRequest, browser: Browser, odd: Served) -> Iterator[tuple[BrowserContext, int]]:
    """Somebody who looks at a shop with a broken experiment."""
    with entered(browser, odd, width=request.param) as found:
        yield found, request.param


@pytest.mark.parametrize("path", ODD)
def test_a_broken_experiment_breaks_no_page(puzzled: tuple[BrowserContext, int], path: str) -> None:
    """Each stands beside it, and whoever shows its money says that it is invalid."""
    context, width = puzzled
    page = opened(context, path)
    stands(page, f"odd{slug(path)}-{width}")
    assert "\ufffd" not in page.locator("body").inner_text()  # days from right to left stand as they are written
    if path in ("/", "/experiments", "/experiments/cart-bundles", "/surfaces"):
        assert "invalid" in page.locator("main").inner_text().lower()
    page.close()


def test_every_table_and_drawing_is_a_file(demonstrated: Served) -> None:
    """CSV of each, PNG of each drawing, on every page."""
    with signed_in(demonstrated) as client:
        found = {}
        for path in DEMO:
            text = waited_for(client, named(demonstrated, path)).text
            parts = re.findall(r'<(?:figure class="part"|div class="part") id="([^"]+)"', text)
            links = re.findall(r'<a href="([^"]+as=(csv|png))" download>', text.replace("&amp;", "&"))
            drawings = re.findall(r'<figure class="part" id="([^"]+)"', text)
            assert [kind for _link, kind in links].count("csv") == len(parts), path
            assert [kind for _link, kind in links].count("png") == len(drawings), path
            found |= dict(links)
        assert [*found.values()].count("png") >= 10
        for link, kind in found.items():
            answer = waited_for(client, link)
            assert answer.headers["content-type"].startswith({"csv": "text/csv", "png": "image/png"}[kind]), link


def test_somebody_signs_in_and_out(browser: Browser, empty: Served) -> None:
    """By the form: a wrong password is told, the right one leads to the page that was wanted, and out again."""
    with browser.new_context(base_url=empty.url, viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.goto("/readiness")
        assert examined(page) == []
        page.get_by_label("Password").fill("wrong horse battery")
        page.keyboard.press("Enter")
        page.get_by_role("alert").get_by_text("not the password").wait_for()
        assert examined(page) == []
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/readiness")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
        page.goto("/readiness")
        assert "sign-in" in page.url


@pytest.mark.parametrize("path", ["/surfaces", "/experiments/cart-bundles"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_what_a_column_means_is_reached_by_keyboard(
    browser: Browser, demonstrated: Served, path: str, width: int, scheme: str
) -> None:
    """Each heading that has a meaning has it behind a button; where headings are not shown, the table's own has them all."""
    with entered(browser, demonstrated, width=width, scheme=scheme) as context:
        page = opened(context, path)
        assert page.locator("[title]").count() == 0
        headings = page.locator("th:has(button.why)").filter(visible=True)
        for button in page.locator("thead button.why").filter(visible=True).all():
            button.focus()
            page.keyboard.press("Enter")
            assert page.locator(".tip:popover-open p").inner_text()
            picture(page, f"column{path.replace('/', '-')}-{width}-{scheme}")
            page.keyboard.press("Escape")
            assert page.locator(".tip:popover-open").count() == 0
        assert headings.count() > 0 or width < 640
        terms = page.locator(":is(h3, figcaption) .tip dt").all_text_contents()
        for name in page.locator("th:has(button.why)").evaluate_all("all => all.map((each) => each.abbr)"):
            assert name.lower() in [term.lower() for term in terms]
        assert examined(page) == []
        picture(page, f"columns{path.replace('/', '-')}-{width}-{scheme}")


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


def rows_of(server: Served, address: str, part: str) -> list[list[str]]:
    """Return the rows of a part's file, without its heading."""
    with signed_in(server) as client:
        answer = waited_for(client, f"{address}{'&' if '?' in address else '?'}as=csv&part={part}")
    assert answer.headers["content-type"].startswith("text/csv"), answer.text
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:]


def test_the_surfaces_page_shows_what_the_audit_answers(demonstrated: Served) -> None:
    """What to do with each surface, and every lift with its interval; of one surface where one is asked for."""
    with open_shop(demonstrated.toml) as shop:
        theatre = shop.audit().theatre
    advice = {each.name: (each.recommendation.action, each.recommendation.rule) for each in theatre.surfaces}
    shown = {row[0]: (row[1], row[2]) for row in rows_of(demonstrated, "/surfaces", "what-to-keep-what-to-switch-off")}
    assert shown == advice
    lifts = {each.name: each.tested.verdict.revenue_lift for each in theatre.surfaces if each.tested and each.tested.verdict}
    drawn = {row[0]: tuple(map(float, row[2:5])) for row in rows_of(demonstrated, "/surfaces", "lifts-with-their-intervals")}
    assert {name: drawn[name] for name in lifts if lifts[name]} == {name: lift for name, lift in lifts.items() if lift}
    one = rows_of(demonstrated, "/surfaces?surface=chat", "what-to-keep-what-to-switch-off")
    assert [row[0] for row in one] == ["chat"]


def test_the_drift_page_shows_what_drift_answers(demonstrated: Served) -> None:
    """Each proxy's lift in each experiment, as it is drawn."""
    with open_shop(demonstrated.toml) as shop:
        drift = shop.drift()
    wanted = {
        (line.experiment, each.proxy.replace("_", " "), each.lift.value, each.lift.lower, each.lift.upper)
        for line in drift.experiments
        for each in line.proxies
        if each.lift is not None
    }
    shown = {
        (row[0], row[1], *map(float, row[2:]))
        for row in rows_of(demonstrated, "/drift", "proxies-beside-revenue-in-experiments")
    }
    assert wanted <= shown


def test_the_readiness_page_shows_what_readiness_answers(demonstrated: Served) -> None:
    """Each intervention with what to do."""
    with open_shop(demonstrated.toml) as shop:
        found = shop.readiness()
    shown = [(row[0], row[1]) for row in rows_of(demonstrated, "/readiness", "what-to-run-and-what-to-leave-off")]
    assert shown == [(each.name, each.state) for each in found.interventions]
    grid = found.grids()[0]
    stage = {row[0]: row[1].replace(",", "") for row in rows_of(demonstrated, "/readiness", slug(grid.title))}
    assert stage == {row[0]: row[1].replace(",", "") for row in grid.rows}


def test_a_chart_is_a_picture_as_well(demonstrated: Served) -> None:
    """PNG, made on the server; a part that is none, and a kind that is none, are not found."""
    with signed_in(demonstrated) as client:
        answer = waited_for(client, "/surfaces?as=png&part=lifts-with-their-intervals")
        assert answer.content.startswith(b"\x89PNG")
        assert client.get("/surfaces?as=png&part=nothing").status_code == 404
        assert client.get("/surfaces?as=exe&part=lifts-with-their-intervals").status_code == 404


def test_keys_and_links_are_made_and_ended_on_the_settings_page(browser: Browser, demonstrated: Served) -> None:
    """The secret is shown once and works; what was ended no longer does."""
    with entered(browser, demonstrated) as context:
        page = opened(context, "/settings")
        page.get_by_label("A new key that may").select_option("read")
        page.get_by_label("Whose it is").fill("<b>me</b>")
        page.get_by_role("button", name="Make a key").click()
        secret = page.get_by_label("Secret").input_value()
        headers = {"x-api-key": secret}
        assert httpx.get(f"{demonstrated.url}/v1/orders", headers=headers, timeout=60).status_code == 200
        page.get_by_role("link", name="Back").click()
        assert page.get_by_role("cell", name="<b>me</b>").count() == 1
        with open_shop(demonstrated.toml) as shop:
            key = next(each for each in shop.keys.all().keys if each.name == "<b>me</b>")
        page.get_by_label("Key", exact=True).select_option(key.key_id)
        page.get_by_role("button", name="Let it end").first.click()
        page.wait_for_url("**/settings")
        assert httpx.get(f"{demonstrated.url}/v1/orders", headers=headers, timeout=60).status_code == 401
        page.goto("/readiness")
        page.get_by_text("Share this page").click()
        page.get_by_role("button", name="Make a link").click()
        link = page.get_by_label("Link").input_value()
        with browser.new_context() as outside:
            visitor = outside.new_page()
            visitor.goto(link)
            assert "Readiness" in visitor.title()
            assert visitor.locator("form").count() == 0
        page.goto("/settings")
        page.get_by_role("button", name="Let it end").last.click()
        page.wait_for_url("**/settings")
        assert httpx.get(link).status_code == 404


def test_settings_say_what_is_wrong_with_the_file_as_it_is_now(tmp_path: Path) -> None:
    """What held before still holds, until the file is right and serve begins anew."""
    with served(tmp_path, '[shop]\ncurrency = "USD"\n') as server:
        with_password(server)
        with signed_in(server) as client:
            assert "shop.toml is right, and holds." in client.get("/settings").text
            server.toml.write_text('[shop]\ncurrency = "EUR"\n', encoding="utf-8")
            assert "was changed after this process began" in client.get("/settings").text
            server.toml.write_text("[shop]\ncurency = 1\n", encoding="utf-8")
            assert "Did you mean &#39;currency&#39;?" in client.get("/settings").text
            server.toml.write_text("", encoding="utf-8")


def test_settings_that_nobody_chose_are_folded(browser: Browser, demonstrated: Served) -> None:
    """A section of which the file says something is seen at once; of another one, how many settings it has."""
    with entered(browser, demonstrated, width=WIDTHS[0]) as context:
        page = opened(context, "/settings")
        assert page.get_by_text("Europe/Berlin").is_visible()
        section = page.locator(".part", has=page.get_by_role("heading", name="[returns]", exact=False)).first
        assert not section.locator("table").is_visible()
        section.get_by_text("by default").first.click()
        assert section.locator("table").is_visible()


def test_shopify_steps_name_the_address_that_is_asked_for(empty: Served) -> None:
    """A wrong one is told."""
    with signed_in(empty) as client:
        assert (
            "https://cc.shop.example/webhooks/shopify" in waited_for(client, "/shopify?address=https://cc.shop.example").text
        )
        wrong = waited_for(client, "/shopify?address=javascript:alert(1)").text
        assert "begins with https://" in wrong
        assert "javascript:alert(1)/webhooks" not in wrong
