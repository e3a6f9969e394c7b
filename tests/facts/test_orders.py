"""Orders, their lines, and what came back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import MONDAY, facts, identify, later, line, purchase, rates_table, refund, rows

TEN = [line("p1", 2, 10), line("p2", 1, 30)]


def test_a_repeated_purchase_counts_once_and_the_earliest() -> None:
    """A purchase event that is sent again changes nothing; of two versions the first in time counts."""
    shop = facts(
        purchase("v1", 99, later(MONDAY, hours=1), order="o1"),
        purchase("v1", 30, MONDAY, order="o1"),
        purchase("v2", 20, order="o2"),
    )
    assert rows(shop.orders, "order_id", "visitor_id", "revenue") == [("o1", "v1", 30), ("o2", "v2", 20)]


def test_columns_of_an_order_with_everything() -> None:
    """Value is after discount; GMV before; tax and shipping stand beside; margin is of the lines with a cost."""
    lines = [line("p1", 2, 10, unit_cost=4), line("p2", 1, 30)]
    shop = facts(
        purchase("v1", 45, order="o1", lines=lines, discount=5, tax=9, shipping=4.9, channel="onsite"),
    )
    found = rows(
        shop.orders, "revenue", "gmv", "discount", "tax", "shipping", "units", "n_lines", "margin", "costed_revenue"
    )
    expected = ("45", "50", "5", "9", "4.9", "3", "2", "10", "18")  # p1 is 20 of 50, so 18 of 45; 18 - 2 x 4 = 10
    assert found == [tuple(map(Decimal, expected))]


def test_value_is_made_of_lines_less_discount_where_it_is_left_out() -> None:
    """Without a value the order is worth its lines less its discount."""
    shop = facts(purchase(order="o1", lines=TEN, discount=20))
    assert rows(shop.orders, "revenue", "gmv") == [(30, 50)]
    assert rows(shop.order_lines, "line_number", "product_id", "list_value", "revenue") == [
        (0, "p1", 20, 12),
        (1, "p2", 30, 18),
    ]


def test_zero_priced_lines_share_by_units() -> None:
    """Where no line has a price, a given value is shared by units; a free line beside others gets nothing."""
    shop = facts(
        purchase(revenue=30, order="o1", lines=[line("p1", 1, 0), line("p2", 2, 0)]),
        purchase(revenue=30, order="o2", lines=[line("p1", 1, 5), line("gift", 1, 0)]),
    )
    assert rows(shop.order_lines.order_by(["order_id", "line_number"]), "order_id", "revenue") == [
        ("o1", 10),
        ("o1", 20),
        ("o2", 30),
        ("o2", 0),
    ]


def test_an_order_without_lines_has_unknown_units() -> None:
    """A value without lines is an order whose units and margin are not known."""
    shop = facts(purchase("v1", 30))
    assert rows(shop.orders, "revenue", "units", "n_lines", "margin") == [(30, None, None, None)]


cents = st.integers(0, 9_999_99).map(lambda n: Decimal(n) / 100)
a_line = st.tuples(st.integers(1, 9), cents)
an_order = st.tuples(st.lists(a_line, min_size=1, max_size=7), st.one_of(st.none(), cents), st.decimals(0, 1, places=2))


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(an_order, min_size=1, max_size=12))
def test_lines_add_up_to_their_order_exactly(
    drawn: list[tuple[list[tuple[int, Decimal]], Decimal | None, Decimal]],
) -> None:
    """Whatever prices, values and discounts, the lines' revenue is never negative and sums to the order's."""
    events = []
    for number, (lines, value, depth) in enumerate(drawn):
        listed = sum(quantity * price for quantity, price in lines)
        made = [line(f"p{i}", quantity, str(price)) for i, (quantity, price) in enumerate(lines)]
        discount = str((listed * depth).quantize(Decimal("0.01"), "ROUND_DOWN"))
        given_value = None if value is None else str(value)
        events.append(purchase(revenue=given_value, order=f"o{number}", lines=made, discount=discount))
    shop = facts(*events)
    sums = shop.order_lines.group_by("order_id").agg(
        lines=shop.order_lines.revenue.sum().cast("decimal(18, 4)"), least=shop.order_lines.revenue.min()
    )
    found = rows(shop.orders.join(sums, "order_id"), "order_id", "revenue", "lines", "least")
    assert len(found) == len(drawn)
    assert all(revenue == lines for _, revenue, lines, _ in found)
    assert all(least >= 0 for *_, least in found)


def test_refund_of_the_whole_order() -> None:
    """A refund with neither lines nor amount gives back everything."""
    shop = facts(purchase("v1", 45, order="o1", lines=TEN), refund("o1", later(MONDAY, days=3)))
    assert rows(shop.returns, "order_id", "is_return", "is_matched", "returned_value", "returned_units") == [
        ("o1", True, True, 45, 3)
    ]
    assert rows(shop.orders, "returned_value", "returned_units", "net_revenue", "is_cancelled") == [(45, 3, 0, False)]


def test_refund_of_lines_takes_the_orders_price_unless_it_names_one() -> None:
    """One of two p1 at 10, of an order at half price, is worth 5; with a price of its own, that price."""
    shop = facts(
        purchase(order="o1", lines=TEN, discount=25),
        refund("o1", later(MONDAY, days=1), lines=[{"product_id": "p1", "quantity": 1}]),
        refund("o1", later(MONDAY, days=2), lines=[{"product_id": "p2", "quantity": 1, "unit_price": 7}]),
    )
    assert rows(shop.returns, "refunded_at", "returned_value", "returned_units") == [
        (datetime(2026, 1, 6, 10, tzinfo=UTC), 5, 1),
        (datetime(2026, 1, 7, 10, tzinfo=UTC), 7, 1),
    ]
    assert rows(shop.orders, "net_revenue", "returned_units") == [(13, 2)]


def test_refund_of_an_amount_names_no_units() -> None:
    """Money given back for a scratch is returned value, not returned goods."""
    shop = facts(purchase("v1", 45, order="o1", lines=TEN), refund("o1", later(MONDAY, days=1), amount=5))
    assert rows(shop.returns, "returned_value", "returned_units") == [(5, None)]
    assert rows(shop.orders, "net_revenue", "returned_units") == [(40, 0)]


def test_a_cancellation_is_no_return() -> None:
    """Goods that never left are not returned units; an order cancelled in part is not cancelled."""
    shop = facts(
        purchase(order="o1", lines=TEN),
        refund("o1", later(MONDAY, hours=1), refund_kind="cancellation"),
        purchase(order="o2", lines=TEN),
        refund("o2", later(MONDAY, hours=1), refund_kind="cancellation", lines=[{"product_id": "p1", "quantity": 1}]),
    )
    assert rows(shop.orders, "order_id", "net_revenue", "returned_units", "is_cancelled") == [
        ("o1", 0, 0, True),
        ("o2", 40, 0, False),
    ]


def test_no_more_comes_back_than_was_sold() -> None:
    """Two whole refunds of one order give its value back once."""
    shop = facts(
        purchase(order="o1", lines=TEN),
        refund("o1", later(MONDAY, days=1)),
        refund("o1", later(MONDAY, days=2)),
    )
    assert rows(shop.orders, "returned_value", "returned_units", "net_revenue") == [(50, 3, 0)]


def test_refunds_without_or_before_their_order_are_listed_as_unmatched() -> None:
    """An unknown order, none at all, or one placed later: kept, matched to nothing, taken off nothing."""
    shop = facts(
        purchase("v1", 50, order="o1"),
        refund("o9", amount=5),
        refund(None, amount=6),
        refund("o1", later(MONDAY, seconds=-1), amount=7),
        refund("o1", MONDAY, amount=8),
    )
    found = rows(shop.returns, "returned_value", "order_id", "is_matched", "visitor_id", "ordered_at")
    at = datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert found == [
        (5, "o9", False, None, None),
        (6, None, False, None, None),
        (7, "o1", False, "v1", at),  # before its order: known whose, not matched
        (8, "o1", True, "v1", at),
    ]
    assert rows(shop.orders, "net_revenue") == [42]


def test_matured_net_revenue_counts_the_returns_window_alone() -> None:
    """What came back within 30 days of the order is off its matured net revenue; the window's end is included."""
    shop = facts(
        purchase("v1", 50, order="o1"),
        refund("o1", later(MONDAY, days=30), amount=10),
        refund("o1", later(MONDAY, days=30, seconds=1), amount=5),
    )
    assert rows(shop.orders, "matured_net_revenue") == [40]
    assert rows(shop.orders, "net_revenue") == [35]


def test_other_currencies_take_the_rate_of_their_day() -> None:
    """Dollars become euros at the day's rate, lines, costs and refunds too; euros stay."""
    rates = rates_table((date(2026, 1, 5), "USD", 0.5), (date(2026, 1, 6), "USD", 0.25))
    shop = facts(
        purchase("v1", 30, order="o1"),
        purchase(order="o2", lines=[line("p1", 2, 10, unit_cost=4)], discount=4, tax=2, currency="USD"),
        refund("o2", later(MONDAY, days=1), amount=4, currency="USD"),
        rates=rates,
    )
    assert rows(shop.orders, "order_id", "revenue", "gmv", "tax", "margin", "net_revenue") == [
        ("o1", 30, 30, 0, None, 30),
        ("o2", 8, 10, 1, 4, 7),
    ]
    assert rows(shop.order_lines, "list_value", "revenue", "cost") == [(10, 8, 4)]


def test_orders_know_their_person() -> None:
    """The customer of the order itself, else of its visitor, else the visitor, else nobody."""
    shop = facts(
        identify("v1", "c1"),
        purchase("v1", 1, order="o1"),
        purchase("v2", 2, order="o2"),
        purchase(None, 3, order="o3", customer_id="c3"),
        purchase(None, 4, order="o4"),
    )
    assert rows(shop.orders, "order_id", "person_id") == [
        ("o1", "c:c1"),
        ("o2", "v:v2"),
        ("o3", "c:c3"),
        ("o4", None),
    ]


def test_a_refund_names_its_line_where_a_product_stands_on_two() -> None:
    """The same product at 100 and at 10: what came back is the line that the refund names, else their mean."""
    lines = [line("p1", 1, 100, line_id="l1"), line("p1", 1, 10, line_id="l2")]
    shop = facts(
        purchase("v1", order="o1", lines=lines),
        refund("o1", later(MONDAY, days=1), lines=[{"product_id": "p1", "quantity": 1, "line_id": "l1"}]),
        purchase("v2", order="o2", lines=lines),
        refund("o2", later(MONDAY, days=1), lines=[{"product_id": "p1", "quantity": 1}]),
    )
    assert rows(shop.orders, "order_id", "returned_value") == [("o1", 100), ("o2", 55)]
