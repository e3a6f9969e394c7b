"""One battery for every policy, and what each decides."""

from __future__ import annotations

import pytest

from builders import facts, line, purchase, refund
from counterclick.decisions import POLICIES, Ask, Bestsellers, Nothing
from counterclick.facts import Facts, Outcomes

LINES = [line("hat", 5), line("scarf", 3), line("belt", 1)]


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("events", [(), (purchase("v1", lines=LINES),)], ids=["empty", "sold"])
def test_every_policy_learns_from_outcomes_alone_and_never_offers_what_is_in_the_cart(
    name: str, events: tuple[dict[str, object], ...]
) -> None:
    """Whatever was recorded, a decision has a reason, at most as many offers as wanted, and one score for each."""
    policy = POLICIES[name]()
    policy.fit(facts(*events).outcomes())
    offers, scores, because = policy.decide(Ask("cart", "v9", ("hat",), most=1))
    assert policy.name == name
    assert policy.needs
    assert len(offers) == len(scores) <= 1
    assert "hat" not in offers
    assert because


def test_outcomes_hold_no_engagement() -> None:
    """A policy cannot reach clicks, impressions or messages: the view that it is handed has none of them."""
    outcomes = facts().outcomes()
    engagement = {"interactions", "touches", "impressions", "shown_products", "sessions", "visitors", "events"}
    assert type(outcomes) is Outcomes
    assert engagement <= set(dir(Facts))
    assert not engagement & set(dir(outcomes))


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
