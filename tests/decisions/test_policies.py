"""What each policy decides."""

from __future__ import annotations

import ast
import typing
from pathlib import Path

import pytest

from builders import facts, later, line, product, purchase, refund
from counterclick import decisions
from counterclick.config import Config, Rules
from counterclick.decisions import POLICIES, Ask, Bestsellers, CategoryBestsellers, NewArrivals, Nothing
from counterclick.facts import Facts, Outcomes
from counterclick.shop.decided import policy_of


def test_outcomes_hold_no_engagement() -> None:
    """A policy cannot reach clicks, impressions or messages: the view that it is handed has none of them."""
    outcomes = facts().outcomes()
    engagement = {"interactions", "touches", "impressions", "shown_products", "sessions", "visitors", "events"}
    assert type(outcomes) is Outcomes
    assert engagement <= set(dir(Facts))
    assert not engagement & set(dir(outcomes))


OUTSIDE = (
    {name for name in dir(Facts) if name not in dir(Outcomes)}
    | {name for name in vars(facts().outcomes()) if name[0] == "_"}
    | {"_priced"}
)
"""What a policy's outcomes have not, or keep to themselves."""
ENGAGEMENT = {"select_item", "view_item_list", "view_item", "page_view", "assistant_answer", "exposure", "message_clicked"}
ALLOWED = {"Outcomes", "all_rows", "one_row", "floats", "row_count", "local"}
"""What decisions may take of the facts; `local` is how the shop's clock reads."""


def openings(source: str) -> list[str]:
    """Return where a module could come by clicks: by a table of theirs, by its rows, or by the events themselves."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in OUTSIDE and getattr(node.value, "id", "") != "self":
            found.append(f"line {node.lineno}: .{node.attr}")
        if isinstance(node, ast.Constant) and node.value in ENGAGEMENT:
            found.append(f"line {node.lineno}: {node.value!r}")
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("counterclick.facts"):
            found += [f"line {node.lineno}: {each.name}" for each in node.names if each.name not in ALLOWED]
        if isinstance(node, ast.Import):
            found += [
                each.name for each in node.names if each.name.startswith(("counterclick.facts", "duckdb", "deltalake"))
            ]
    return found


@pytest.mark.parametrize("file", sorted(Path(decisions.__file__).parent.glob("*.py")), ids=lambda file: file.stem)
def test_nothing_in_decisions_can_read_clicks(file: Path) -> None:
    """No module reaches for a table of engagement, for the events behind the outcomes, or for kinds of them."""
    assert openings(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "outcomes.interactions.count()",
        "outcomes._events.filter(_.surface == 'cart')",
        "outcomes._priced",
        "table.filter(table.kind == 'select_item')",
        "from counterclick.facts import Facts",
        "from counterclick.facts.engagement import interactions",
        "import duckdb",
    ],
)
def test_who_opens_it_is_found(source: str) -> None:
    """Each way to clicks is one that the test above refuses."""
    assert openings(source)


def test_every_policy_learns_from_outcomes_alone() -> None:
    """The type of what it is handed has no engagement."""
    for name in POLICIES:
        assert typing.get_type_hints(type(policy_of(name, Config(), Rules())).fit)["outcomes"] is Outcomes


def test_bestsellers_count_what_was_kept() -> None:
    """Five hats came back with their order and a cancelled order counts nothing: the scarf sells best."""
    policy = Bestsellers()
    policy.fit(
        facts(
            purchase("v1", order="o1", lines=[line("hat", 5)]),
            refund("o1", at="2026-01-08T10:00"),
            purchase("v2", order="o2", lines=[line("scarf", 2), line("belt", 1)]),
            purchase("v3", order="o3", lines=[line("belt", 9)]),
            refund("o3", at="2026-01-05T11:00", refund_kind="cancellation"),
        ).outcomes()
    )
    offers, scores, _ = policy.decide(Ask("cart", "v9"))
    assert offers[:2] == ("scarf", "belt")
    assert scores[:2] == (2.0, 1.0)


def test_bestsellers_forget_what_sold_more_than_ninety_days_ago() -> None:
    """The winter's hat is not offered in summer."""
    policy = Bestsellers()
    policy.fit(
        facts(
            purchase("v1", at="2026-01-05T10:00", lines=[line("hat", 50)]),
            purchase("v2", at="2026-06-05T10:00", lines=[line("belt", 1)]),
        ).outcomes()
    )
    assert policy.decide(Ask("cart", "v9"))[0] == ("belt",)


def test_nothing_shows_nothing() -> None:
    """The holdout's policy."""
    assert Nothing().decide(Ask("cart", "v1"))[:2] == ((), ())


def test_new_arrivals_are_the_products_that_were_bought_first_of_late() -> None:
    """The sock is newer than the tie; the hat sold for half a year, and the cap came back with its only order."""
    start = "2026-01-05T10:00"
    policy = NewArrivals()
    policy.fit(
        facts(
            purchase("v1", at=start, lines=[line("hat", 9)]),
            purchase("v2", at=later(start, days=150), lines=[line("tie"), line("hat", 9)]),
            purchase("v3", at=later(start, days=170), lines=[line("sock")]),
            purchase("v4", at=later(start, days=180), order="back", lines=[line("cap", 5)]),
            refund("back", at=later(start, days=181)),
        ).outcomes()
    )
    offers, scores, because = policy.decide(Ask("cart", "v9"))
    assert offers == ("sock", "tie")
    assert scores == (-10.0, -30.0)
    assert because == "first bought within the last 60 days of orders, the newest first"


def test_nothing_is_new_where_the_log_is_young() -> None:
    """Of a log of ten days every product was bought first of late: bestsellers serve, and the reason says why."""
    policy = NewArrivals()
    orders = [purchase(at=later("2026-01-05T10:00", days=n), lines=[line("hat", 2), line(f"p{n}")]) for n in range(10)]
    policy.fit(facts(*orders).outcomes())
    offers, _, because = policy.decide(Ask("cart", "v9", most=1))
    assert offers == ("hat",)
    assert because.startswith(
        "orders do not go back further than 60 days, so that nothing is known to be new; instead: sold"
    )


def test_bestsellers_of_a_category_are_those_of_the_cart() -> None:
    """A hat in the cart brings what sold for heads; an unknown product brings what sold at all."""
    policy = CategoryBestsellers()
    policy.fit(
        facts(
            purchase(lines=[line("hat"), line("scarf", 3), line("cap", 4), line("belt", 9), line("tie", 2)]),
            *(product(name, "head") for name in ("hat", "scarf", "cap")),
            *(product(name, "waist") for name in ("belt", "tie")),
        ).outcomes()
    )
    offers, scores, because = policy.decide(Ask("cart", "v9", ("hat",)))
    assert (offers, scores) == (("cap", "scarf"), (4.0, 3.0))
    assert because == "sold most in the cart's categories, net of returns, in the last 90 days of orders"
    assert policy.decide(Ask("cart", "v9", ("hat", "tie")))[0] == ("belt", "cap", "scarf")
    offers, _, because = policy.decide(Ask("cart", "v9", ("unknown",)))
    assert offers[0] == "belt"
    assert because.startswith("no category of the cart is known; instead: sold most")
    assert policy.decide(Ask("cart", "v9", ("hat", "scarf", "cap")))[2].startswith("nothing else sold in the cart's")
