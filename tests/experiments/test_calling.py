"""An experiment on customers speaks of customers, wherever it speaks; its plan says of whom it is reckoned."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from builders import MONDAY, event, later, line, purchase
from counterclick.errors import CounterclickError
from counterclick.experiments.calling import of_customers
from counterclick.shop import Shop, open_shop

TOML = """
[surfaces.email]
[experiments.visitor-mails]
surface = "email"
unit = "customer"
control = "nothing"
variants = { nothing = 0.5, letter = 0.5 }
window = "7d"
looks = "end"
starts_on = 2026-01-05
ends_on = 2026-01-05
[experiments.later]
surface = "email"
unit = "customer"
control = "nothing"
variants = { nothing = 0.5, letter = 0.5 }
starts_on = 2026-06-01
ends_on = 2026-06-01
"""
_VISITORS = re.compile(r"(?<![\w-])visitors?(?![\w-])", re.IGNORECASE)
_NAMES = ("visitors in several arms", "visitors in undeclared arms")
"""Preconditions are known by their names, whomever an experiment assigns."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A campaign of 800 customers, a third of whom buy; both arms alike."""
    folder = tmp_path_factory.mktemp("called")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(folder / "shop.toml") as own:
        exposed = [
            event(
                "exposure",
                MONDAY,
                customer_id=f"c{n}",
                experiment="visitor-mails",
                variant=("nothing", "letter")[n % 2],
                propensity=0.5,
            )
            for n in range(800)
        ]
        bought = [
            purchase(f"v{n}", None, later(MONDAY, days=1 + n % 5), customer_id=f"c{n}", lines=[line("hat", 1 + n % 3)])
            for n in range(0, 800, 3)
        ]
        own.record([*exposed, *bought, purchase("last", 1.0, later(MONDAY, days=40))])
        yield own


def without_names(text: str) -> str:
    for name in _NAMES:
        text = text.replace(name, "")
    return text


def test_it_speaks_of_customers(shop: Shop) -> None:
    """Verdict, result and slices, and why there is no verdict; never of visitors."""
    told = shop.experiment("visitor-mails")
    for text in (f"{told.verdict()}", f"{told.result()}", f"{told.slices()}"):
        assert "visitor-mails" in text
        assert not _VISITORS.search(without_names(text)), text
    assert "customers" in f"{told.result()}"
    assert "customer" in f"{told.slices()}"
    with pytest.raises(CounterclickError, match="experiment 'later' has no finished customers") as refused:
        shop.experiment("later").verdict()
    assert not _VISITORS.search(f"{refused.value}")


def test_a_plan_says_that_it_is_of_visitors(shop: Shop) -> None:
    """What it counts are visitors, since visits do not tell how many customers will be sent to."""
    shop.record(
        [event("page_view", later(MONDAY, days=day), visitor_id=f"w{day}-{n}") for day in range(40) for n in range(9)]
    )
    plan = shop.experiment("later").plan(0.1)
    assert plan.basis.endswith("they are reckoned as visitors")


def test_names_stay() -> None:
    """A word in quotes, with a hyphen or an underscore is a name."""
    assert of_customers("Visitors of 'visitors' and visitor-mails by revenue_per_visitor: a visitor's, visitors.") == (
        "Customers of 'visitors' and visitor-mails by revenue_per_visitor: a customer's, customers."
    )
