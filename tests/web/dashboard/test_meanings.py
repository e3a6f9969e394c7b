"""Every number on every page has a meaning, a unit, a time, a source, and the rows behind it; estimates have intervals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser

from counterclick.errors import CounterclickError
from counterclick.metrics import METRICS, VISITORS
from counterclick.shop import Shop, demo, open_shop
from counterclick.shop.behind import RowList
from counterclick.web.dashboard.behind import of_metric
from counterclick.web.dashboard.pages.rows import ROWS
from counterclick.web.dashboard.serving import _found
from counterclick.web.dashboard.views import About, Chart, Figures, Table, View
from dashboards import addresses, entered, examined, opened, rows_of, shown_at
from odd_shop import odd_shop
from served import Served

_NUMBER = re.compile(r"[+-]?([A-Z]{3} )?[\d,.]*\d( ?%)?( \[.*\])?")
_ESTIMATES = (
    *("lift", "lift, %", "earned", "earned a month", "a month", "over all", "change", "% a week", "faster by, %", "rate"),
    *("foreseen", "revenue per visitor", "units per order", "order value", "further than revenue, %"),
)
_OF_ITS_OWN = ("/settings", "/shopify")
"""What they show is declared, and no figure of the shop."""


@pytest.fixture(scope="module", params=["demo", "odd"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The demo shop, and one with a broken experiment and hostile names."""
    folder = tmp_path_factory.mktemp("shop")
    if request.param == "demo":
        demo(folder, visitors=4_000).close()
    else:
        odd_shop(folder)
    with open_shop(folder / "shop.toml") as found:
        yield found


@pytest.fixture(scope="module")
def views(shop: Shop) -> dict[str, View]:
    """What every page shows, by its address; what a verb refuses has no numbers."""
    found = {}
    for address in addresses(shop):
        if address not in _OF_ITS_OWN:
            try:
                found[address] = shown_at(shop, address)
            except CounterclickError:
                continue
    assert len(found) > 40
    return found


def tables(views: dict[str, View]) -> Iterator[tuple[str, Table]]:
    for address, view in views.items():
        for _section, parts in view.named():
            for _name, part in parts:
                if isinstance(part, Table | Chart):
                    yield address, part.table if isinstance(part, Chart) else part


def lacking(about: About, *, is_rows: bool = False) -> list[str]:
    """Return what is not said of a number."""
    wanted = ["definition", "unit", "period", "source", *([] if is_rows else ["rows"])]
    return [name for name in wanted if not getattr(about, name)]


def test_every_figure_has_a_meaning_and_rows(views: dict[str, View]) -> None:
    """What it is, its unit, its time, the command that prints the same, and where its rows are listed."""
    figures = [
        (address, figure)
        for address, view in views.items()
        for _section, parts in view.named()
        for _name, part in parts
        if isinstance(part, Figures)
        for figure in part.figures
    ]
    assert len(figures) > 20
    assert [(address, each.label, lacking(each.about)) for address, each in figures if lacking(each.about)] == []


def test_every_column_of_numbers_has_a_meaning_and_rows(views: dict[str, View]) -> None:
    """Of every table and drawing, also where a column only holds some numbers among texts."""
    found = [
        (address, table.title, column.name, missing)
        for address, table in tables(views)
        for place, column in enumerate(table.columns)
        if column.is_number or any(_NUMBER.fullmatch(row[place].text) for row in table.shown if place)
        if (missing := lacking(table.about_of(column), is_rows=table.is_rows))
    ]
    assert found == []


def test_what_leads_to_rows_leads_there(shop: Shop, views: dict[str, View]) -> None:
    """No link is refused; each shows rows, or says that there is none."""
    links = {cell.href for _address, table in tables(views) for row in table.shown for cell in row}
    links |= {
        link
        for _address, table in tables(views)
        for column in table.columns
        for link in table.about_of(column).rows.values()
    }
    rows = sorted(link for link in links if link.startswith("/rows/"))
    assert len(rows) > 30
    by_kind: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for link in rows:
        parts = urlsplit(link)
        by_kind.setdefault((parts.path, tuple(name for name, _value in parse_qsl(parts.query))), []).append(link)
    for same in by_kind.values():  # each kind of link three times: they differ in a name or a day
        for link in same[:3]:
            view = shown_at(shop, link)
            assert (view.mark, bool(view.sections)) == ("", True), (link, view.conclusion)


def test_no_estimate_stands_without_its_interval(views: dict[str, View]) -> None:
    """Its ends stand in columns beside it, or in its own cell; where there is none it says so."""
    bare = []
    for address, table in tables(views):
        names = [column.name for column in table.columns]
        for place, column in enumerate(table.columns):
            if column.name not in _ESTIMATES or not column.is_number:
                continue
            beside = names[place + 1 : place + 3]
            if {"from", "to"} <= set(beside) or {"a month, from", "a month, to"} <= set(beside):
                continue
            if "interval" in "".join(beside):
                continue
            texts = [row[place].text for row in table.shown]
            bare += [(address, table.title, text) for text in texts if _NUMBER.fullmatch(text) and "[" not in text]
    assert [each for each in bare if each[0] != "/readiness"] == []  # there a lift is what one asks about


def test_what_may_be_chance_is_marked_as_neither_good_nor_bad(views: dict[str, View]) -> None:
    """No arrow anywhere, and no colour on a row that says that its difference may be chance."""
    for address, table in tables(views):
        for row in table.shown:
            texts = [cell.text for cell in row]
            assert not re.search("[\u2191\u2193\u25b2\u25bc\u25b4\u25be]", "".join(texts)), address
            if "may be chance" in texts or any("inconclusive" in text for text in texts):
                assert not {cell.mark for cell in row} & {"good", "bad"}, (address, texts)


@pytest.mark.parametrize("surface", [None, "cart"])
def test_the_rows_behind_a_figure_add_up_to_it(shop: Shop, surface: str | None) -> None:
    """What it adds up, and what it divides by, of its own days and surface, by the links of its tooltip."""
    found = shop.overview("last-28-days", surface)
    for figure in found.figures:
        links = of_metric(figure.metric, period=found.period, surface=surface)
        wanted = [
            figure.numerator,
            *([figure.denominator] if METRICS[figure.metric].denominator not in (None, VISITORS) else []),
        ]
        for link, value in zip(links.values(), wanted, strict=False):
            assert listed(shop, link).total == pytest.approx(value or 0), (figure.metric, link)


def listed(shop: Shop, link: str) -> RowList:
    """Return the rows to which a link leads."""
    page, asked = _found(link) or (None, {})
    assert page is ROWS
    rows = ROWS.ask(shop, asked).rows
    assert rows is not None
    return rows


def test_from_a_number_to_its_rows_by_clicks(browser: Browser, demonstrated: Served) -> None:
    """From a tooltip of the first page to the orders, from there to one order; by keyboard, and as a file."""
    with entered(browser, demonstrated, width=390) as context:
        page = opened(context, "/")
        page.locator(".figure button.why").first.focus()
        page.keyboard.press("Enter")
        link = page.locator(".tip:popover-open").get_by_role("link").first
        address = link.get_attribute("href")
        assert address is not None
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/rows/**")
        page.wait_for_selector("main:not(:has(progress))")
        assert examined(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        n = int(page.locator(".figure .shown").first.inner_text().replace(",", ""))
        page.locator("tbody a").first.click()
        page.wait_for_url("**/journeys/**")
    with open_shop(demonstrated.toml) as shop:
        assert n == len(rows_of(demonstrated, address, "rows")) == listed(shop, address).n_all
