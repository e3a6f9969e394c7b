"""Who bought what on which days: types by the catalogue, days of the shop, and nothing of the day that asks or later."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from builders import facts, line, product, purchase, refund
from buyers import bought
from counterclick.decisions.rebuys import as_of, bought_within, buying_days, day_number, day_of, orders_as_of


def test_types_are_categories_else_what_sizes_share_else_products() -> None:
    """A category where the catalogue says one; the item of a size without one; what is in no catalogue stands for itself."""
    told = [product("hat-s", "head"), product("sock-m", group_id="sock"), product("tie")]
    lines = [line("hat-s"), line("sock-m"), line("tie"), line("belt")]
    found = buying_days(facts(*told, purchase("v1", customer_id="c1", lines=lines)).outcomes(), "UTC")
    assert found.types == ("belt", "head", "sock", "tie")
    assert found.customers.to_pylist() == ["c1"]
    assert found.type.tolist() == [0, 1, 2, 3]


def test_days_are_those_of_the_shop_and_orders_of_one_day_are_one() -> None:
    """Two orders before midnight in Berlin are of one day, the third of the next; their value adds up, net of returns."""
    sold = [
        purchase("v1", at="2026-01-05T20:00", order="o1", customer_id="c1", lines=[line("hat", price=10)]),
        purchase("v1", at="2026-01-05T22:30", order="o2", customer_id="c1", lines=[line("hat", price=5)]),
        purchase("v1", at="2026-01-05T23:30", order="o3", customer_id="c1", lines=[line("hat", price=7)]),
    ]
    found = buying_days(facts(*sold, refund("o2", "2026-01-09T10:00", amount=2)).outcomes(), "Europe/Berlin")
    assert [day_of(day) for day in found.day] == [date(2026, 1, 5), date(2026, 1, 6)]
    assert found.value.tolist() == [13, 7]


def test_who_cannot_be_written_to_and_what_was_cancelled_is_left_out() -> None:
    """A visitor without a customer, and an order that was cancelled; one who is known by a visit counts."""
    sold = [
        purchase("v1", order="o1", lines=[line("hat")]),
        purchase("v2", order="o2", customer_id="c2", lines=[line("hat")]),
        purchase("v2", at="2026-01-07T10:00", order="o3", lines=[line("cap")]),
        purchase("v3", order="o4", customer_id="c3", lines=[line("hat")]),
        refund("o4", "2026-01-06T10:00", refund_kind="cancellation"),
    ]
    found = buying_days(facts(*sold).outcomes(), "UTC")
    assert found.customers.to_pylist() == ["c2"]
    assert found.types == ("cap", "hat")


def test_histories_end_the_day_before() -> None:
    """Bought on days 3, 5 and 9: as of day 9 twice, with one gap of two days; as of day 10 once more."""
    days = bought(("a", "t", 3), ("a", "t", 5), ("a", "t", 9), ("a", "u", 7), ("b", "t", 9))
    before = as_of(days, 9)
    assert (before.n.tolist(), before.first.tolist(), before.last.tolist()) == ([2, 1], [3, 7], [5, 7])
    assert before.log_gaps == pytest.approx([np.log(2), 0])
    assert (before.last_order.tolist(), before.n_orders.tolist()) == ([7, 7], [3, 3])
    after = as_of(days, 10)
    assert after.n.tolist() == [3, 1, 1]
    assert after.log_gaps == pytest.approx([np.log(2) + np.log(4), 0, 0])
    assert after.square_gaps == pytest.approx([np.log(2) ** 2 + np.log(4) ** 2, 0, 0])
    assert after.customer.tolist() == [0, 0, 1]


def test_the_future_changes_no_history() -> None:
    """Whatever is bought on the day that asks, or later, all columns stay as they were."""
    known = [("a", "t", 1), ("a", "t", 4), ("b", "t", 2), ("b", "u", 3)]
    later = [("a", "t", 5), ("b", "t", 6), ("a", "u", 9)]
    one, other = as_of(bought(*known), 5), as_of(bought(*known, *later), 5)
    for name in ("n", "first", "last", "log_gaps", "square_gaps", "last_order", "n_orders"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
    orders = orders_as_of(bought(*known, *later), 5)
    assert (orders.n.tolist(), orders.value.tolist()) == ([2, 2], [20, 20])


@pytest.mark.parametrize(("horizon", "came"), [(1, [True, False]), (3, [True, True])])
def test_a_rebuy_counts_from_the_day_itself(horizon: int, came: list[bool]) -> None:
    """As of day 5: bought on day 5 is within one day, on day 7 within three; of another type it is none."""
    days = bought(("a", "t", 1), ("a", "t", 5), ("b", "t", 1), ("b", "t", 7), ("b", "u", 5))
    assert bought_within(days, as_of(days, 5), horizon).tolist() == came


def test_a_shop_without_customers_has_no_days() -> None:
    """Nobody is known: there are no rows, and nothing breaks."""
    days = buying_days(facts(purchase("v1", lines=[line("hat")])).outcomes(), "UTC")
    assert len(days.day) == len(days.customers) == len(as_of(days, day_number(date(2026, 2, 1)))) == 0
