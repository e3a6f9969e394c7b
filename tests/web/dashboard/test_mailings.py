"""E-mail blocks on a page: each campaign's verdict first, and the verb's numbers; and blocks that are fetched over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser

from builders import MONDAY, later, line, purchase
from counterclick.shop import open_shop
from counterclick.web.dashboard.views import Table
from dashboards import WIDTHS, entered, examined, opened, picture, rows_of, shown_at, with_password
from served import Served, served

SENT = date(2026, 2, 2)
TOML = f"""
[surfaces.newsletter]
[experiments.letter]
surface = "newsletter"
unit = "customer"
control = "bestsellers"
treatment = "rules"
variants = {{ bestsellers = 0.5, rules = 0.5 }}
window = "14d"
looks = "end"
starts_on = {SENT}
ends_on = {SENT}
[experiments.next]
surface = "newsletter"
unit = "customer"
control = "bestsellers"
variants = {{ bestsellers = 0.5, vendor = 0.5 }}
starts_on = 2026-06-01
ends_on = 2026-06-01
"""
RULES = """
[[rules]]
products = ["tea"]
offer = ["cup", "pot", "honey"]
"""
CUSTOMERS = [f"c{n:04}" for n in range(1_200)]
RECIPIENTS = CUSTOMERS[:1_000]
"""The others bought, and were sent nothing."""


@pytest.fixture(scope="module")
def mailed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served shop whose campaign is over: who was given what goes with their tea bought it more often.

    No test writes to it: a page may show what was true a moment before.
    """
    folder = tmp_path_factory.mktemp("letters")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    (folder / "rules.toml").write_text(RULES, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shop.record(
            purchase(f"v{who}", None, later(MONDAY, days=9), customer_id=who, lines=[line("tea")], order=who)
            for who in CUSTOMERS
        )
        shop.fit(["bestsellers", "rules"])
        found = shop.blocks("letter", RECIPIENTS, today=SENT)
        often = {row["recipient"]: 2 if row["arm"] == "rules" else 5 for row in found.rows.to_pylist()}
        after = [
            purchase(f"w{who}", None, later(MONDAY, days=35), customer_id=who, lines=[line("cup")], order=f"later-{who}")
            for n, who in enumerate(RECIPIENTS)
            if n % often[who] == 0
        ]
        shop.record([*after, purchase("last", 1.0, later(MONDAY, days=70), order="last")])
        shop.experiment("letter").verdict()
    with served(folder, TOML) as server:
        yield with_password(server)


def test_its_numbers_are_those_of_the_verb(mailed: Served) -> None:
    """The verdict's recipients, each arm's orders and money per recipient sent, and every product in every arm."""
    with open_shop(mailed.toml) as shop:
        upcoming, letter = shop.mailings().mailings
        named = shown_at(shop, "/mailings").named()
    assert (upcoming.experiment, upcoming.n_sent) == ("next", 0)
    verdicts = {row["campaign"]: row for row in rows_of(mailed, "/mailings", "what-the-lot-says")}
    assert (verdicts["letter"]["verdict"], int(verdicts["letter"]["recipients"])) == ("won", letter.n_sent)
    assert verdicts["next"]["verdict"] == "no verdict yet"
    arms = rows_of(mailed, "/mailings", "recipients-of-letter-by-arm")
    assert [(row["arm"], int(row["recipients"]), int(row["given products"])) for row in arms] == [
        (arm.arm, arm.n_sent, arm.n_given) for arm in letter.arms
    ]
    assert [float(row["orders each"]) for row in arms] == pytest.approx([arm.orders for arm in letter.arms])
    assert [float(row["net revenue each"]) for row in arms] == pytest.approx([arm.net_revenue for arm in letter.arms])
    products = rows_of(mailed, "/mailings", "products-in-the-blocks-of-letter")
    assert [(row["product"], row["arm"], int(row["given to"]), int(row["bought it"])) for row in products] == [
        (each.product_id, each.arm, each.n_given, each.n_buyers) for each in letter.products
    ]
    assert any(int(row["bought it"]) for row in products)
    tables = [part for _section, parts in named for _name, part in parts if isinstance(part, Table)]
    assert len(tables) == 3
    for table in tables:
        for column in (each for each in table.columns if each.is_number):
            about = table.about_of(column)
            assert all((about.definition, about.unit, about.period, about.rows)), (table.title, column)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_verdict_stands_first(browser: Browser, mailed: Served, width: int, scheme: str) -> None:
    """Then what was sent, in each campaign; it fits the window, and axe finds nothing."""
    with entered(browser, mailed, width=width, scheme=scheme) as context:
        page = opened(context, "/mailings")
        text = page.locator("main").inner_text()
        places = [
            text.index(each) for each in ("The verdict first", "What next sent", "Nobody was assigned", "What letter sent")
        ]
        assert places == sorted(places)
        picture(page, f"mailings-{width}-{scheme}")
        assert examined(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
