"""Who may claim an order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import MONDAY, answer, click, facts, identify, later, line, message, product, purchase, rows
from counterclick import attribution
from counterclick.attribution import FirstTouch, LastTouch, Rule, claims, line_credits
from counterclick.facts import Facts

DAY = timedelta(hours=24)
EVERY_RULE = [
    rule(window, helpful_only=helpful)
    for rule in (FirstTouch, LastTouch)
    for window in (timedelta(hours=1), DAY, timedelta(days=30))
    for helpful in (True, False)
]


def credited(shop: Facts, rule: Rule) -> list[Any]:
    return rows(attribution.credits(shop.orders, shop.interactions, rule), "order_id", "surface", "attributed_revenue")


def test_a_touch_lies_strictly_before_the_order() -> None:
    """A click at the moment of the order, or after it, earns nothing; a second before, everything."""
    shop = facts(
        click("v1", at=MONDAY),
        purchase("v1", 30, MONDAY, order="o1"),
        click("v2", at=later(MONDAY, seconds=1)),
        purchase("v2", 30, MONDAY, order="o2"),
        click("v3", at=later(MONDAY, seconds=-1)),
        purchase("v3", 30, MONDAY, order="o3"),
    )
    assert credited(shop, FirstTouch()) == [("o3", "cart", 30)]


def test_the_window_includes_its_edge() -> None:
    """Exactly 24 hours before the order still counts; a second more does not."""
    order = later(MONDAY, hours=24)
    shop = facts(
        click("v1", at=MONDAY),
        purchase("v1", 30, order, order="o1"),
        click("v2", at=later(MONDAY, seconds=-1)),
        purchase("v2", 30, order, order="o2"),
    )
    assert credited(shop, FirstTouch()) == [("o1", "cart", 30)]
    assert credited(shop, FirstTouch().over(timedelta(hours=25))) == [("o1", "cart", 30), ("o2", "cart", 30)]


def test_first_and_last_touch_credit_different_surfaces() -> None:
    """Chat came first and the cart last: each rule credits one of them with all of the order."""
    shop = facts(
        answer("v1", "p1", at=MONDAY),
        click("v1", at=later(MONDAY, minutes=5)),
        click("v1", at=later(MONDAY, minutes=9), surface="search"),
        purchase("v1", 30, later(MONDAY, minutes=10), order="o1"),
    )
    assert credited(shop, FirstTouch()) == [("o1", "chat", 30)]
    assert credited(shop, LastTouch()) == [("o1", "search", 30)]


def test_only_helpful_answers_count_unless_all_do() -> None:
    """An answer that gave up and an opened message claim only where everything may."""
    shop = facts(
        answer("v1", "p1", at=MONDAY, could_not_answer=True),
        purchase("v1", 30, later(MONDAY, minutes=10), order="o1"),
        message("opened", "v2"),
        purchase("v2", 40, later(MONDAY, minutes=10), order="o2"),
    )
    assert credited(shop, FirstTouch()) == []
    assert credited(shop, FirstTouch(helpful_only=False)) == [("o1", "chat", 30), ("o2", "email", 40)]


def test_a_customer_is_one_person_on_two_devices() -> None:
    """A click on the phone earns the order on the desktop once both are known to be the customer's."""
    shop = facts(
        click("phone"),
        identify("phone", "c1", later(MONDAY, days=3)),
        purchase("desktop", 30, later(MONDAY, hours=1), order="o1", customer_id="c1"),
        purchase("stranger", 40, later(MONDAY, hours=1), order="o2"),
    )
    assert credited(shop, FirstTouch()) == [("o1", "cart", 30)]


def test_every_surface_claims_the_whole_order() -> None:
    """Two surfaces met within the window claim twice what the ledger credits once; two clicks claim once."""
    shop = facts(
        answer("v1", "p1"),
        click("v1", at=later(MONDAY, minutes=1)),
        click("v1", at=later(MONDAY, minutes=2)),
        purchase("v1", 30, later(MONDAY, minutes=10), order="o1"),
    )
    found = claims(shop.orders, shop.interactions, FirstTouch())
    assert rows(found, "surface", "order_id", "claimed_revenue") == [("cart", "o1", 30), ("chat", "o1", 30)]
    assert credited(shop, FirstTouch()) == [("o1", "chat", 30)]


people = st.sampled_from(["v1", "v2", "v3"])
minutes = st.integers(0, 4_000)
touches = st.tuples(people, minutes, st.sampled_from(["chat", "cart", "email"]), st.booleans())
sales = st.tuples(people, minutes, st.integers(0, 500))


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(touches, max_size=12), st.lists(sales, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_credits_never_exceed_revenue(
    met: list[tuple[str, int, str, bool]], sold: list[tuple[str, int, int]], chance: Any
) -> None:
    """By any rule, in any order of events, each order is credited once at most and with its revenue at most."""
    events = [
        answer(who, "p1", at=later(MONDAY, minutes=at), surface=surface, escalated=not helps)
        if surface == "chat"
        else click(who, at=later(MONDAY, minutes=at), surface=surface)
        for who, at, surface, helps in met
    ]
    events += [purchase(who, value, later(MONDAY, minutes=at), order=f"o{i}") for i, (who, at, value) in enumerate(sold)]
    chance.shuffle(events)
    shop = facts(*events, keep=True)
    revenue = dict(rows(shop.orders, "order_id", "revenue"))
    for rule in chance.sample(EVERY_RULE, 2):
        found = credited(shop, rule)
        assert len({order for order, *_ in found}) == len(found)
        assert all(credit == revenue[order] for order, _, credit in found)
        claimed = claims(shop.orders, shop.interactions, rule)
        assert {order for order, *_ in found} == set(rows(claimed, "order_id"))


def test_lines_are_credited_by_how_near_they_are_to_the_touch() -> None:
    """The clicked product, another of its category and something else; together, the order's revenue."""
    shop = facts(
        product("p1", "lamps"),
        product("p2", "lamps"),
        product("p3", "chairs"),
        click("v1", "p1"),
        purchase(
            "v1",
            54,
            later(MONDAY, minutes=5),
            order="o1",
            lines=[line("p1", 1, 10), line("p2", 1, 20), line("p3", 1, 30), line("p1", 2, 0)],
        ),
        answer("v2", "p3"),
        purchase("v2", order="o2", at=later(MONDAY, minutes=5), lines=[line("p3", 1, 7), line("ghost", 1, 3)]),
    )
    found = line_credits(
        attribution.credits(shop.orders, shop.interactions, FirstTouch()),
        shop.order_lines,
        shop.interactions,
        shop.products,
        shop.events,
    )
    nearness = rows(
        found.order_by(["order_id", "line_number"]),
        "order_id",
        "line_number",
        "surface",
        "attributed_revenue",
        "nearness",
    )
    assert sorted(nearness) == [
        ("o1", 0, "cart", 9, "same product"),
        ("o1", 1, "cart", 18, "same category"),
        ("o1", 2, "cart", 27, "rest of the order"),
        ("o1", 3, "cart", 0, "same product"),
        ("o2", 0, "chat", 7, "same product"),
        ("o2", 1, "chat", 3, "rest of the order"),
    ]
    assert sum(row[3] for row in nearness) == Decimal(64)


@pytest.mark.parametrize("window", [timedelta(hours=1), timedelta(days=7)])
def test_a_rule_over_another_window_stays_the_same_rule(window: timedelta) -> None:
    """Only the window differs."""
    assert LastTouch(helpful_only=False).over(window) == LastTouch(window, helpful_only=False)
