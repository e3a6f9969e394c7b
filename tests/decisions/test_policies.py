"""What each policy decides."""

from __future__ import annotations

from builders import facts, later, line, product, purchase, refund
from counterclick.decisions import Ask, Bestsellers, CategoryBestsellers, NewArrivals, Nothing
from counterclick.facts import Facts, Outcomes


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
