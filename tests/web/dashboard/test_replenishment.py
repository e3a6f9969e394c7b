"""Who buys what again, on a page: the left-out share's verdict first, and the verb's numbers, without a customer's name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser

from counterclick.shop import Shop, open_shop
from counterclick.web.dashboard.views import Table
from dashboards import WIDTHS, entered, examined, opened, picture, rows_of, shown_at, with_password
from reminded import TODAY, TOML, afterwards, history, written
from served import Served, served

LATER = date(2026, 3, 2)
"""The day that is asked about."""


@pytest.fixture(scope="module")
def reminded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served shop that has learned who buys again, and whose reminders are judged."""
    folder = tmp_path_factory.mktemp("page")
    toml = f"{TOML}\n[models]\nfit_hours = 8760\n"  # what was learned stays as it was
    (folder / "shop.toml").write_text(toml, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shop.record(written(folder / "history.jsonl", history()))
        shop.replenish(TODAY, least=0.15)
        arms = dict(shop.reading.rows("SELECT customer_id, variant FROM events WHERE kind = 'exposure'"))
        after = afterwards(arms, [who for who, arm in arms.items() if arm == "replenish"], 0.4)
        shop.record(written(folder / "after.jsonl", after))
        shop.experiment("reminders").verdict()
    with served(folder, toml) as server:
        yield with_password(server)


def tables(shop: Shop) -> dict[str, Table]:
    named = shown_at(shop, "/replenishment?today=2026-03-02").named()
    return {name: part for _section, parts in named for name, part in parts if isinstance(part, Table)}


def test_its_numbers_are_those_of_the_verb(reminded: Served) -> None:
    """The verdict's counts, areas and tenths, and of whom it is next all but the name."""
    with open_shop(reminded.toml) as shop:
        found = shop.replenishment(LATER)
    assert found.n_next
    (row,) = rows_of(reminded, "/replenishment?today=2026-03-02", "what-the-left-out-share-says")
    (test,) = found.tests
    assert (row["verdict"], int(row["reminded"]), int(row["left out"])) == ("won", test.n_reminded, test.n_left_out)
    areas = rows_of(reminded, "/replenishment?today=2026-03-02", "told-apart-within-14-days")
    assert [(each["score"], float(each["area"])) for each in areas] == [
        (each.name, pytest.approx(each.value)) for each in found.rebuys[0].areas
    ]
    held = rows_of(reminded, "/replenishment?today=2026-03-02", "chances-within-30-days")
    assert [float(each["said"]) for each in held] == pytest.approx([part.said for part in found.rebuys[1].tenths])
    assert found.customers is not None
    worth = rows_of(reminded, "/replenishment?today=2026-03-02", "orders-and-value-of-customers")
    assert [float(each["orders came"]) for each in worth] == pytest.approx([part.came for part in found.customers.tenths])
    likeliest = rows_of(reminded, "/replenishment?today=2026-03-02", "likeliest-first")
    assert [each["type of product"] for each in likeliest] == [each["type"] for each in found.next]
    assert [float(each["chance"]) for each in likeliest] == pytest.approx([each["probability_then"] for each in found.next])


def test_nobody_is_named(reminded: Served) -> None:
    """No id of a customer stands anywhere on the page, nor in what the verb says."""
    with open_shop(reminded.toml) as shop:
        names = {row[0] for row in shop.reading.rows("SELECT DISTINCT customer_id FROM events WHERE customer_id LIKE 'c0%'")}
        cells = {f"{cell}" for table in tables(shop).values() for row in table.rows for cell in row}
        told = {f"{value}" for row in shop.replenishment(LATER).next for value in row.values()}
    assert len(names) > 2_000
    assert not names & {*cells, *told}


def test_every_number_has_a_meaning(reminded: Served) -> None:
    """Its heading says what it is and its unit, and its table what it is of, when, and which rows are behind it."""
    with open_shop(reminded.toml) as shop:
        found = tables(shop)
    assert len(found) == 8
    for name, table in found.items():
        for column in (each for each in table.columns if each.is_number):
            about = table.about_of(column)
            assert about.definition, (name, column)
            assert all((about.unit, about.period, about.rows)), (name, column)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_verdict_stands_before_chances(browser: Browser, reminded: Served, width: int) -> None:
    """Then what is needed, how far chances hold, and who is next; it fits the window, and axe finds nothing."""
    with entered(browser, reminded, width=width) as context:
        page = opened(context, "/replenishment?today=2026-03-02")
        text = page.locator("main").inner_text()
        heads = ("The verdict first", "What replenishment needs", "How far chances hold", "Orders and value", "Who is next")
        places = [text.index(each) for each in heads]
        assert places == sorted(places)
        picture(page, f"reminded-replenishment-{width}")
        assert examined(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_what_is_missing_is_said(reminded: Served) -> None:
    """As of a day on which orders are too old the gates say so, and nobody is next."""
    with open_shop(reminded.toml) as shop:
        past = shop.replenishment(TODAY - timedelta(days=20))
    assert past.next == ()
    assert "nobody knew it" in past.missing[0]
