"""Journeys and experiments: they show what the verbs answer, and what is broken or odd breaks no page."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from counterclick.shop import open_shop
from dashboards import WIDTHS, entered, examined, opened, picture, rows_of, signed_in, waited_for
from odd_shop import HOSTILE, RIGHT_TO_LEFT, SLASHED
from served import Served


def number(text: str) -> float | None:
    return float(text) if text else None


def test_an_order_is_traced_as_the_verb_traces_it(browser: Browser, demonstrated: Served) -> None:
    """From the newest orders, or by its id: touches in time order, experiments, claims."""
    with open_shop(demonstrated.toml) as shop:
        traces = [shop.trace(row["order_id"]) for row in shop.latest_orders(50).orders]
    trace = max(traces, key=lambda each: len(each.touches))
    order = trace.order["order_id"]
    touches = rows_of(demonstrated, f"/journeys/{order}", "what-its-buyer-did-with-surfaces-in-the-30-days-before")
    assert [(row["at"], row["surface"], row["why"]) for row in touches] == [
        (each.occurred_at.isoformat(), each.surface, each.says) for each in trace.touches
    ]
    assert [row["credited?"] == "credited" for row in touches] == [each.is_credited for each in trace.touches]
    members = rows_of(demonstrated, f"/journeys?order={order}", "in-which-experiments-it-counts")
    assert {row["experiment"]: (row["does it count?"] == "counts", row["arm"]) for row in members} == {
        each.experiment: (each.counts, each.variant or "none") for each in trace.experiments
    }
    with entered(browser, demonstrated) as context:
        page = opened(context, "/journeys")
        assert page.locator("tbody tr").count() == 50
        assert examined(page) == []
        page.get_by_label("Order id").fill(order)
        page.get_by_role("button", name="Trace it").click()
        page.get_by_role("heading", name=f"Order {order}").wait_for()
        page.get_by_role("link", name=trace.experiments[0].experiment, exact=True).click()
        page.wait_for_url("**/experiments/*")


def test_money_that_may_come_back_looks_provisional(browser: Browser, demonstrated: Served) -> None:
    """What was returned and net revenue of the newest order, until the verb's day; of the oldest one nothing does."""
    with open_shop(demonstrated.toml) as shop:
        newest, oldest = shop.latest_orders(1), shop.latest_orders(100_000)
        orders = newest.orders[0]["order_id"], oldest.orders[-1]["order_id"]
        traces = [shop.trace(order) for order in orders]
    assert [trace.is_provisional for trace in traces] == [True, False]
    with entered(browser, demonstrated) as context:
        for order, shown in zip(orders, (["returned value", "net revenue"], []), strict=True):
            page = opened(context, f"/journeys/{order}")
            picture(page, f"journey-{len(shown)}")
            assert [each.removesuffix("?").strip() for each in page.locator(".provisional > dt").all_inner_texts()] == shown
            assert page.locator(".provisional").get_by_text("goods may still come back").count() == len(shown)
            assert examined(page) == []


@pytest.mark.parametrize("order", [HOSTILE, RIGHT_TO_LEFT, SLASHED])
def test_an_order_may_be_called_anything(browser: Browser, odd: Served, order: str) -> None:
    """Scripts are text, several parts of an address are one id, and right to left stays within its cell."""
    with entered(browser, odd, width=390) as context:
        page = opened(context, "/journeys")
        page.get_by_role("link", name=order, exact=True).click()
        page.wait_for_selector("main:not(:has(progress))")
        page.get_by_role("heading", level=1).filter(has_text=order).wait_for()
        assert examined(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_unknown_order_is_told_with_those_that_are_written_nearly_so(demonstrated: Served) -> None:
    """By the form with the form again; by its address as a page that is not there."""
    with signed_in(demonstrated) as client:
        asked = waited_for(client, "/journeys?order=s1-o")
        assert "written most nearly so" in asked.text
        assert "Trace it" in asked.text
        assert waited_for(client, "/journeys/s1-o").status_code == 404


def test_the_list_shows_what_each_verdict_says(demonstrated: Served) -> None:
    """In words, then money with its interval, and the next look."""
    shown = {row["experiment"]: row for row in rows_of(demonstrated, "/experiments", "what-each-concludes")}
    with open_shop(demonstrated.toml) as shop:
        for name in shop.config.experiments:
            verdict = shop.experiment(name).verdict()
            row = shown.pop(name)
            assert row["verdict"].startswith(verdict.outcome)
            money = verdict.incremental
            three = [number(row[each]) for each in ("a month", "from", "to")]
            assert three == ([None] * 3 if money is None else pytest.approx([money.value, money.lower, money.upper]))
            assert row["next look"] == (str(verdict.next_look_on) if verdict.next_look_on else "looking has ended")
    assert shown == {}


def test_an_experiment_shows_its_verdict_its_money_and_its_course(browser: Browser, demonstrated: Served) -> None:
    """The verdict stands before the money; the interval over time is the verb's; so are looks and bounds."""
    with open_shop(demonstrated.toml) as shop:
        experiment = shop.experiment("cart-bundles")
        verdict, course = experiment.verdict(), experiment.course()
    address = "/experiments/cart-bundles"
    points = rows_of(demonstrated, address, "lift-of-revenue-per-visitor-over-time")
    assert [row["entered until"] for row in points] == [str(each.entered_until) for each in course.points]
    assert [number(row["lower" if "lower" in row else "from"]) for row in points] == pytest.approx(
        [each.lower for each in course.points]
    )
    looks = rows_of(demonstrated, address, "looks-and-bounds")
    assert len(looks) == len(course.looks) + len(course.coming)
    checks = {row["what"]: row["state"] for row in rows_of(demonstrated, address, "preconditions")}
    assert checks == {
        each.name: {True: "holds", False: "FAILS", None: "cannot tell"}[each.passed] for each in verdict.checks
    }
    with entered(browser, demonstrated) as context:
        page = opened(context, address)
        text = page.locator("main").inner_text()
        assert text.lower().index(f"{verdict.outcome}") < text.index("earned a month") < text.index("The interval over time")
        assert page.locator(".drawing svg").count() >= 1
        assert examined(page) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_broken_experiment_says_first_that_it_is(browser: Browser, odd: Served, width: int) -> None:
    """Invalid, with the precondition that fails; one that has not begun says when it does."""
    with entered(browser, odd, width=width) as context:
        page = opened(context, "/experiments/cart-bundles")
        picture(page, f"odd-experiment-{width}")
        assert page.locator(".conclusion").inner_text().startswith("Invalid")
        assert page.get_by_role("row").filter(has_text="sample ratio").filter(has_text="FAILS").count() > 0
        assert examined(page) == []
        page = opened(context, f"/experiments/{quote('not begun')}")
        assert "it begins on" in page.locator("main").inner_text()
        assert examined(page) == []
        page = opened(context, "/experiments")
        assert page.locator(".conclusion").inner_text().startswith("Invalid: cart-bundles")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_unknown_experiment_is_not_there(demonstrated: Served) -> None:
    """404, with the names that are."""
    with signed_in(demonstrated) as client:
        answer = waited_for(client, "/experiments/none")
    assert answer.status_code == 404
    assert "cart-bundles" in answer.text


@pytest.mark.parametrize("path", ["/", "/experiments", "/journeys", "/figures/orders", "/journeys/x"])
def test_an_empty_shop_says_what_to_do(empty: Served, path: str) -> None:
    """No page is without a word."""
    with signed_in(empty) as client:
        answer = waited_for(client, path)
    assert answer.status_code == 200
    assert "What to do" in answer.text
