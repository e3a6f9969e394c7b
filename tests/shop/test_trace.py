"""One order's journey."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from builders import MONDAY, answer, click, event, exposure, identify, later, message, product, purchase, refund, view
from counterclick.errors import EmptyStoreError, UnknownNameError
from counterclick.shop import Shop

ORDERED = later(MONDAY, days=3)


def before(**span: float) -> str:
    return later(ORDERED, **{name: -value for name, value in span.items()})


def journey() -> list[Any]:
    """A buyer who chats, clicks, opens a message and buys; and later buys again."""
    return [
        product("hat"),
        exposure("v1", "bestsellers", MONDAY),
        identify("v1", "c1", MONDAY),
        click("v1", "hat", before(hours=60)),
        answer("v1", "nonsense", at=before(hours=9)),
        answer("v1", "hat", at=before(hours=8), escalated=True),
        answer("v1", "hat", at=before(hours=7), could_not_answer=True),
        answer("v1", at=before(hours=6)),
        message("opened", "v1", before(hours=5)),
        answer("v1", "hat", at=before(hours=4)),
        click("v1", "hat", before(hours=3)),
        purchase("v1", 50, order="o1", at=ORDERED),
        click("v1", "hat", later(ORDERED, minutes=1)),
        refund("o1", later(ORDERED, days=2), amount=20),
        event("claim", ORDERED, claimant="mailer", order_id="o1", amount=50, claim_window="7 d"),
        purchase("v1", 9, order="o2", at=later(ORDERED, days=20)),
        view("v9", later(ORDERED, days=60)),
    ]


@pytest.fixture
def told(shop: Shop) -> Shop:
    """The shop after the journey."""
    shop.record(journey())
    return shop


def test_every_touch_says_why_it_is_credited_or_not(told: Shop) -> None:
    """The first helpful touch within 24 hours gets the order; what is unhelpful, too early or later says so."""
    found = told.trace("o1")
    assert [(round(each.hours_before), each.is_touch, each.in_window, each.is_credited) for each in found.touches] == [
        (60, True, False, False),
        (9, False, True, False),
        (8, False, True, False),
        (7, False, True, False),
        (6, False, True, False),
        (5, False, True, False),
        (4, True, True, True),
        (3, True, True, False),
    ]
    says = [each.says for each in found.touches]
    for said, part in zip(
        says,
        (
            "more than 24 h",
            "none of the products it matched is in the catalogue",
            "handed over to a person",
            "could not answer",
            "matched no product",
            "opened, and not clicked",
            "the first helpful touch within 24 h",
            "not the first helpful touch: an order is credited once",
        ),
        strict=True,
    ):
        assert part in said
    assert found.credited_to == "chat"
    assert found.order["visitor_id"] == "v1"


def test_its_money_is_provisional_while_goods_may_come_back(shop: Shop) -> None:
    """Ordered on 8 January: until 30 days later, as far as anything is recorded; a day's visit after that makes it final."""
    shop.record(journey()[:-1])
    found = shop.trace("o1")
    assert (found.final_on, found.is_provisional) == (date(2026, 2, 8), True)
    assert str(found).count(" *") == 2
    assert "* provisional until 2026-02-08" in str(found)
    shop.record([view("v9", "2026-02-07T12:00")])
    assert shop.trace("o1").is_provisional
    shop.record([view("v9", "2026-02-08T12:00")])
    found = shop.trace("o1")
    assert not found.is_provisional
    assert "*" not in str(found)
    assert shop.trace("o2").is_provisional


def test_returns_and_claims_stand_beside_it(told: Shop) -> None:
    """20 of 50 came back; the mailer claims all of it."""
    found = told.trace("o1")
    assert [(each.amount, each.is_return, each.is_matched) for each in found.refunds] == [(20.0, True, True)]
    assert [(each.claimant, each.window, each.amount, each.counts) for each in found.claims] == [
        ("mailer", "7 d", 50.0, True)
    ]
    assert float(found.order["net_revenue"]) == 30
    page = str(found)
    assert "credited to chat" in page
    assert "mailer" in page


def test_an_experiment_says_whether_the_order_counts_and_why(told: Shop) -> None:
    """The first order lies within the window of seven days, the second after it; nobody else became eligible."""
    (first,), (second,) = told.trace("o1").experiments, told.trace("o2").experiments
    assert (first.experiment, first.variant, first.counts) == ("test", "bestsellers", True)
    assert first.exposed_at is not None
    assert first.exposed_at.isoformat() == "2026-01-05T10:00:00+00:00"
    assert not second.counts
    assert "window of 7d had closed" in second.says


@pytest.mark.parametrize(
    ("events", "order", "says"),
    [
        ([purchase("v2", 10, order="x", at=later(MONDAY, days=1))], "x", "never became eligible"),
        ([purchase(None, 10, order="x", at=later(MONDAY, days=1))], "x", "cannot be told"),
        ([purchase("v1", 10, order="x", at=later(MONDAY, hours=-2))], "x", "before its visitor became eligible"),
        ([purchase("v2", 10, order="x", at=later(MONDAY, days=90))], "x", "from 2026-01-05 to 2026-02-08"),
        (
            [exposure("v3", "other", MONDAY), purchase("v3", 10, order="x", at=later(MONDAY, days=1))],
            "x",
            "'other', which is not declared",
        ),
        ([purchase("v8", 10, order="x", at=later(MONDAY, days=1), customer_id="c1")], "x", "whose one visitor"),
    ],
)
def test_who_does_not_count_is_told_why(told: Shop, events: list[Any], order: str, says: str) -> None:
    """Never eligible, nobody's, too early, outside of the experiment, an undeclared arm; and a customer's other browser."""
    told.record(events)
    assert says in told.trace(order).experiments[0].says


def test_counting_orders_are_those_of_the_result(shop: Shop) -> None:
    """The orders that `trace` says count add up to the orders and revenue of the experiment's result."""
    events = [exposure(f"v{n}", ("nothing", "bestsellers")[n % 2], later(MONDAY, days=n % 9)) for n in range(60)]
    events += [
        purchase(f"v{n}", 10 + n, order=f"o{n}-{k}", at=later(MONDAY, days=n % 13 + 5 * k))
        for n in range(80)
        for k in range(2)
    ]
    shop.record([*events, view("late", later(MONDAY, days=80))])
    counted = [shop.trace(f"o{n}-{k}") for n in range(80) for k in range(2)]
    revenue = dict.fromkeys(("nothing", "bestsellers"), 0.0)
    for found in counted:
        member = found.experiments[0]
        if member.counts:
            revenue[str(member.variant)] += float(found.order["revenue"])
    arms = shop.experiment("test").measured().arms
    assert {name: arm.sum_of("revenue") for name, arm in arms.items()} == pytest.approx(revenue)


def test_an_order_that_is_not_known_names_near_ones(told: Shop) -> None:
    """The message names the orders written most nearly so, and how many there are; an empty store says what to do."""
    with pytest.raises(UnknownNameError, match=r"no order is named 'o11'\. Did you mean 'o1'.*of 2"):
        told.trace("o11")


def test_an_empty_store_has_no_orders(shop: Shop) -> None:
    """It says how to record some."""
    with pytest.raises(EmptyStoreError, match="counterclick record"):
        shop.trace("o1")


def test_an_order_of_nobody_and_one_without_touches(make_shop: Callable[[str], Shop]) -> None:
    """Both are shown, and say why nobody is credited."""
    shop = make_shop("")
    shop.record([purchase(None, 10, order="x"), purchase("v1", 10, order="y")])
    assert "names neither a visitor nor a customer" in str(shop.trace("x"))
    assert "Nothing is recorded." in str(shop.trace("y"))
    assert shop.trace("y").credited_to is None


def test_the_newest_orders_say_until_when_they_are_provisional(make_shop: Callable[[str], Shop]) -> None:
    """An order of the first of January is final from the 31st on, one of the 20th of January from the 19th of February."""
    shop = make_shop('[shop]\nreturns_window = "30d"\n')
    shop.record(
        [
            purchase("v1", 10, "2026-01-01T10:00", order="old"),
            purchase("v2", 10, "2026-01-20T10:00", order="new"),
            view("v3", "2026-02-05T10:00"),
        ]
    )
    found = shop.latest_orders()
    assert [row["order_id"] for row in found.orders] == ["new", "old"]
    assert [found.is_provisional(place) for place in (0, 1)] == [True, False]
    assert found.told_until == date(2026, 2, 5)
    assert found.final_on == tuple(shop.trace(order).final_on for order in ("new", "old"))
    assert "until 2026-02-20" in f"{found}"
