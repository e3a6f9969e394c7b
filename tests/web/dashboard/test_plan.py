"""The plan page: its curve is the verb's, sliders draw it anew, and on/off schedules stand as calendars."""

from __future__ import annotations

import csv
import io

import pytest
from playwright.sync_api import Browser

from counterclick.shop import open_shop
from dashboards import WIDTHS, entered, examined, opened, picture, signed_in, waited_for
from odd_shop import HOSTILE, RIGHT_TO_LEFT
from served import Served


def rows_of(server: Served, address: str, part: str) -> list[list[str]]:
    """Return the rows of a part's file, with its headings."""
    with signed_in(server) as client:
        answer = waited_for(client, f"{address}{'&' if '?' in address else '?'}as=csv&part={part}")
    assert answer.headers["content-type"].startswith("text/csv"), answer.text
    return [*csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))]


def test_its_curve_is_the_verbs(demonstrated: Served) -> None:
    """Every week and share, of the surface and the metric in the address."""
    address = "/plan?surface=search&metric=orders_per_visitor&share=50&lift=10"
    heads, *rows = rows_of(demonstrated, address, "smallest-visible-lift-by-weeks")
    shares = [int(head.partition(" ")[0]) / 100 for head in heads[2:]]
    with open_shop(demonstrated.toml) as shop:
        curve = shop.plan_curve("search", "orders_per_visitor", shares=shares)
    wanted = {(each.weeks, each.share): each.visible for each in curve.points}
    shown = {(int(row[0]), share): float(text) for row in rows for share, text in zip(shares, row[2:], strict=True)}
    assert shown == pytest.approx(wanted)


def test_sliders_draw_it_anew(browser: Browser, demonstrated: Served) -> None:
    """Sentence, drawing and address change; the slider keeps the focus, and no page is loaded anew."""
    with entered(browser, demonstrated) as context:
        page = opened(context, "/plan?surface=cart")
        page.evaluate("window.same = true")
        before = page.locator(".drawing svg").inner_html()
        share = page.get_by_label("Held out, in percent of its visitors")
        share.focus()
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        page.wait_for_selector("html[data-shown*='share=40']")
        lift = page.get_by_label("Lift to be seen, in percent")
        lift.fill("40")
        page.wait_for_selector("html[data-shown*='lift=40']")
        assert page.locator("output").all_inner_texts() == ["40", "40"]
        assert "with 40 % held out, can be seen after" in page.locator(".conclusion").inner_text()
        assert page.locator(".drawing svg").inner_html() != before
        assert page.url.endswith("/plan?surface=cart&metric=revenue_per_visitor&share=40&lift=40")
        assert page.evaluate("window.same") is True
        page.get_by_label("Decided on").select_option("orders_per_visitor")
        page.wait_for_selector("html[data-shown*='metric=orders_per_visitor']")
        assert page.locator(".drawing svg").count() == 1
        assert examined(page) == []
        assert page.evaluate("window.same") is True


def test_without_scripts_its_button_does_it(browser: Browser, demonstrated: Served) -> None:
    """The same sentence, by the address."""
    with entered(browser, demonstrated, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/plan?surface=cart")
        page.get_by_label("Lift to be seen, in percent").fill("40")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**/plan?surface=cart&metric=revenue_per_visitor&share=20&lift=40")
        page.get_by_text("A lift of 40 % on cart, with 20 % held out, can be seen after").wait_for()


@pytest.mark.parametrize("query", ["share=x&lift=-1", "share=99999999999&lift=0", "surface=none", "metric=ctr"])
def test_an_address_that_is_none_is_answered(demonstrated: Served, query: str) -> None:
    """A slider stands within its ends; what cannot be planned says why, with the form."""
    with signed_in(demonstrated) as client:
        answer = waited_for(client, f"/plan?{query}")
    assert answer.status_code == 200
    assert "data-live" in answer.text


@pytest.mark.parametrize("width", WIDTHS)
def test_schedules_stand_as_calendars(browser: Browser, odd: Served, width: int) -> None:
    """Each block of the verb, on or off; one without a block says what is missing."""
    with open_shop(odd.toml) as shop:
        schedule = shop.onoff(HOSTILE).calendar()
    with entered(browser, odd, width=width) as context:
        page = opened(context, "/plan")
        picture(page, f"odd-plan-{width}")
        figure = page.locator("figure", has_text=HOSTILE)
        assert figure.locator(".drawing svg").count() == 1
        assert figure.locator("tbody tr").count() == len(schedule.blocks)
        assert page.locator(".warning").filter(has_text=RIGHT_TO_LEFT).count() == 1
        assert examined(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_empty_shop_has_nothing_to_plan(empty: Served) -> None:
    """It says what is to be declared."""
    with signed_in(empty) as client:
        assert "[surfaces.NAME]" in waited_for(client, "/plan").text
