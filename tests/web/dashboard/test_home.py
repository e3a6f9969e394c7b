"""The home page and figures: they show what the verbs answer, for the period and the surface in the address."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from builders import exposure, later, purchase
from counterclick.audits.overview import Overview
from counterclick.shop import open_shop
from counterclick.web.dashboard.naming import label
from counterclick.web.dashboard.speaking import Speech
from dashboards import WIDTHS, entered, examined, opened, picture, rows_of, signed_in, waited_for, with_password
from odd_shop import HOSTILE, RIGHT_TO_LEFT
from served import Served, served

FIGURES = "all-figures-of-the-period"
EARNED = "of-every-100-that-visitors-with-the-feature-spent-claimed-cr"


def number(text: str) -> float | None:
    return float(text) if text else None


def near(value: float | None) -> Any:
    """Return what is the same but for the order in which it was added up."""
    return None if value is None else pytest.approx(value)


def overview(server: Served, period: str | None = None, surface: str | None = None) -> Overview:
    """Ask the verb, as another process does."""
    with open_shop(server.toml) as shop:
        return shop.overview(period, surface)


@pytest.mark.parametrize("address", ["/", "/?period=2026-02", "/?period=2026-02&surface=chat", "/?period=last-7-days"])
def test_its_numbers_are_those_of_the_verb(demonstrated: Served, address: str) -> None:
    """Each figure, the one before, its change; each surface's shares with the interval, and its money."""
    query = dict(pair.split("=") for pair in address.partition("?")[2].split("&") if pair)
    found = overview(demonstrated, query.get("period"), query.get("surface"))
    shown = {row["figure"]: row for row in rows_of(demonstrated, address, FIGURES)}
    assert shown.keys() == {figure.metric for figure in found.figures}
    for figure in found.figures:
        row = shown[figure.metric]
        assert number(row["this period"]) == near(figure.value)
        assert number(row["before"]) == near(figure.before.value)
        assert number(row["change"]) == near(figure.before.change)
        assert row["final on"] == (str(figure.final_on) if figure.is_provisional else "final")
    drawn = rows_of(demonstrated, address, EARNED)
    assert [row["surface"] for row in drawn] == [each.surface for each in found.earnings]
    for row, each in zip(drawn, found.earnings, strict=True):
        assert [number(row["claimed"]), number(row["credited"])] == pytest.approx([each.claimed, each.attributed])
        three = [number(row[name]) for name in ("earned", "from", "to")]
        assert three == pytest.approx(each.incremental) if each.incremental else three == [None] * 3
        assert number(row["earned a month"]) == (pytest.approx(each.a_month[0]) if each.a_month else None)


def test_what_all_features_earn_together_is_the_verbs(browser: Browser, tmp_path: Path) -> None:
    """Its money with its interval, as the holdout's verdict has it, at both widths."""
    toml = "[surfaces.cart]\n[holdout]\nshare = 0.2\nstarts_on = 2026-01-05\nends_on = 2026-02-01\n"
    (tmp_path / "shop.toml").write_text(toml, encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        events = []
        for number in range(2_000):
            at = later("2026-01-05T10:00", days=number % 28, minutes=number % 600)
            events.append(exposure(f"v{number}", "ai" if number % 5 else "held_out", at, experiment="holdout"))
            events += [purchase(f"v{number}", 20 + number % 37, later(at, hours=1))] * (number % 4 == 0)
        shop.record(events)
        found, say = shop.overview().together, Speech(shop.config.shop)
    assert found.a_month is not None
    value, lower, upper = (say.money(end) for end in found.a_month)
    with served(tmp_path, toml) as server:
        with_password(server)
        for width, scheme in zip(WIDTHS, ("dark", "light"), strict=True):
            with entered(browser, server, width=width, scheme=scheme) as context:
                page = opened(context, "/")
                picture(page, f"together-{width}-{scheme}")
                card = page.locator(".figure", has_text="all of them earn a month")
                assert card.locator(".shown").inner_text() == value
                assert card.locator(".interval").inner_text() == f"[{lower}, {upper}]"
                assert examined(page) == []


def test_without_a_holdout_the_page_says_what_to_declare(demonstrated: Served) -> None:
    """In the words of the verb."""
    with signed_in(demonstrated) as client:
        page = waited_for(client, "/").text
    assert "Write [holdout] with share = 0.1" in page
    assert overview(demonstrated).together.outcome is None


def test_the_next_step_stands_first(demonstrated: Served) -> None:
    """With its reason and its rule."""
    step = overview(demonstrated).step
    with signed_in(demonstrated) as client:
        page = waited_for(client, "/").text
    assert page.index(step.says) < page.index(f"Rule: {step.rule}.") < page.index("<h2")


def test_what_will_still_change_looks_provisional(browser: Browser, demonstrated: Served) -> None:
    """Each of the verb's provisional figures, as a card and in the table, and no other: dashed, in italics, with its day."""
    found, waiting = overview(demonstrated), set[str]()
    with entered(browser, demonstrated) as context:
        page = opened(context, "/")
        for figure in found.figures:
            name = label(figure.metric)
            row = page.locator(f"#{FIGURES} tbody tr").filter(has=page.get_by_role("rowheader", name=name, exact=True))
            assert row.locator("td.provisional").count() == (2 if figure.is_provisional else 0), name
            waiting |= {name} if figure.is_provisional else set()
        cards = page.locator(".figure.provisional")
        shown = {card.locator("> dt").inner_text().removesuffix("?").strip() for card in cards.all()}
        assert shown == {name for name in waiting if page.locator(".figure", has_text=name).count()} != set()
        assert {card.evaluate("each => getComputedStyle(each).borderTopStyle") for card in cards.all()} == {"dashed"}
        styles = cards.locator(".shown").evaluate_all("all => all.map((each) => getComputedStyle(each).fontStyle)")
        assert {*styles} == {"italic"}
        assert all("until" in card.inner_text() for card in cards.all())


def test_a_period_and_a_surface_are_chosen(browser: Browser, demonstrated: Served) -> None:
    """By forms that work without scripts, into an address that can be kept; signing in leads here."""
    with entered(browser, demonstrated, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Period", exact=True).select_option("2026-02")
        page.get_by_label("Surface", exact=True).select_option("chat")
        page.get_by_role("button", name="Show", exact=True).click()
        page.wait_for_url("**/?period=2026-02&surface=chat")
        page.get_by_text("Only what belongs to chat.").wait_for()
        assert page.get_by_label("Period", exact=True).input_value() == "2026-02"
        page.get_by_role("textbox", name="From", exact=True).fill("2026-02-02")
        page.get_by_role("textbox", name="to", exact=True).fill("2026-02-15")
        page.get_by_role("button", name="Show these days").click()
        page.wait_for_url("**/?since=2026-02-02&until=2026-02-15&surface=chat")
        page.get_by_text("2 Feb 2026 \N{EN DASH} 15 Feb 2026").first.wait_for()


def test_a_number_leads_to_the_rows_behind_it(browser: Browser, demonstrated: Served) -> None:
    """From a figure to the same by day, and from there by week: the verb's values."""
    with open_shop(demonstrated.toml) as shop:
        wanted = shop.metric("orders", by="week")
    with entered(browser, demonstrated) as context:
        page = opened(context, "/")
        page.locator(".figure", has_text="orders").first.locator(".shown a").click()
        page.wait_for_url("**/figures/*?by=day")
        page = opened(context, "/figures/orders?by=day")
        page.get_by_label("Show it").select_option("week")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**/figures/orders?by=week")
        assert examined(page) == []
    shown = {
        row["week"]: number(row["orders"]) for row in rows_of(demonstrated, "/figures/orders?by=week", "orders-by-week")
    }
    assert shown == {each.key: each.value for each in wanted.values}
    assert [*shown] == sorted(shown, key=date.fromisoformat, reverse=True)


@pytest.mark.parametrize("query", ["since=2026-03-01&until=2026-02-01", "period=never", "since=x", "surface=none"])
def test_what_cannot_be_shown_is_told_with_a_way_on(demonstrated: Served, query: str) -> None:
    """A period that ends before it begins, one that is none, an unknown surface: the choosers stand below."""
    with signed_in(demonstrated) as client:
        page = waited_for(client, f"/?{query}")
    assert page.status_code == 200
    assert "Choose another period" in page.text
    assert page.text.count("<form") >= 2


@pytest.mark.parametrize("width", WIDTHS)
def test_a_broken_experiment_and_odd_names_break_nothing(browser: Browser, odd: Served, width: int) -> None:
    """What is broken is the step; scripts are text; nothing is wider than the screen."""
    with entered(browser, odd, width=width) as context:
        page = opened(context, "/")
        picture(page, f"odd-home-{width}")
        assert "Mend the experiment on cart." in page.locator(".conclusion").inner_text()
        assert page.locator("td, th").filter(has_text=HOSTILE).count() > 0
        assert page.locator("td, th").filter(has_text=RIGHT_TO_LEFT).count() > 0
        assert page.get_by_text("not measured").count() > 0
        assert examined(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_its_drawing_is_a_picture(demonstrated: Served) -> None:
    """As PNG, by the server."""
    with signed_in(demonstrated) as client:
        answer = waited_for(client, f"/?as=png&part={EARNED}")
    assert answer.content.startswith(b"\x89PNG")


def test_a_currency_stands_in_the_address(tmp_path: Path) -> None:
    """Amounts and tooltips are those of the verb asked for it; one without a rate is refused in the verb's words."""
    (tmp_path / "rates.csv").write_text("day,from,to,rate\n2025-01-01,USD,EUR,0.5\n", encoding="utf-8")
    with served(tmp_path, '[shop]\nrates = "rates.csv"\n') as server:
        with_password(server)
        with open_shop(server.toml) as shop:
            shop.record([purchase(f"v{n}", 20, f"2026-01-{1 + n % 28:02}T10:00") for n in range(60)])
            found = shop.overview("2026-01", currency="USD")
        rows = {row["figure"]: row for row in rows_of(server, "/?period=2026-01&currency=USD", FIGURES)}
        assert number(rows["aov"]["this period"]) == found.figure("aov").value == 40
        with signed_in(server) as client:
            page = waited_for(client, "/?period=2026-01&currency=USD").text
            assert "USD 40.00" in page
            assert page.count("1 USD is 0.5 EUR") >= 3  # in the section, and in tooltips of amounts
            assert 'value="USD"' in page
            assert "no rate from &#39;SEK&#39;" in waited_for(client, "/?currency=SEK").text
