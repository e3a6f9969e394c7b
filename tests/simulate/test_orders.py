"""Orders, returns and cancellations: their sums, rates and times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy import stats

from counterclick.simulate import Simulation

Sql = Callable[[Simulation, str], list[tuple[Any, ...]]]

LINES = """
    SELECT order_id, occurred_at, unnest(lines, recursive := true) FROM events WHERE kind = 'purchase'
"""


def test_amounts_add_up_exactly(large: Simulation, sql: Sql) -> None:
    """An order's value is the sum of its lines less its discount, to the cent; tax is 19 % of the value."""
    rows = sql(
        large,
        f"""
        SELECT count(*) > 1000, count(*) FILTER (discount > 0) > 100, bool_and(p.value = gross - discount),
               bool_and(abs(tax - p.value * 0.19) <= 0.005), bool_and(p.value * 100 % 1 = 0),
               bool_and(shipping = CASE WHEN p.value < 50 THEN 4.90 ELSE 0 END)
        FROM events AS p JOIN (
            SELECT order_id, sum(unit_price * quantity) AS gross FROM ({LINES}) GROUP BY order_id
        ) USING (order_id) WHERE kind = 'purchase'
        """,
    )
    assert rows == [(True, True, True, True, True, True)]


def test_orders_look_like_a_shop(large: Simulation, sql: Sql) -> None:
    """Orders are worth 70 to 80 on average with a coefficient of variation below 1."""
    [(mean, cv)] = sql(large, "SELECT avg(value), stddev(value) / avg(value) FROM events WHERE kind = 'purchase'")
    assert 70 < mean < 80
    assert 0.4 < cv < 1


def test_prices_are_the_catalogues(large: Simulation, sql: Sql) -> None:
    """Every line's price and cost are those of the product's catalogue event, the cost below the price."""
    rows = sql(
        large,
        f"""
        SELECT bool_and(l.unit_price = c.unit_price AND l.unit_cost = c.unit_cost),
               bool_and(c.unit_cost < c.unit_price)
        FROM ({LINES}) AS l JOIN events AS c ON c.product_id = l.product_id AND c.kind = 'product'
        """,
    )
    assert rows == [(True, True)]


def test_ordered_carts_hold_what_is_ordered(large: Simulation, sql: Sql) -> None:
    """Buyers have laid into their carts, before the order, at least the units that they order."""
    rows = sql(
        large,
        f"""
        WITH bought AS (
            SELECT p.visitor_id, l.product_id, sum(l.quantity) AS n
            FROM ({LINES}) AS l JOIN events AS p USING (order_id) WHERE p.kind = 'purchase' GROUP BY ALL),
        laid AS (
            SELECT visitor_id, product_id, sum(quantity) AS n
            FROM events WHERE kind = 'add_to_cart' GROUP BY ALL)
        SELECT bool_and(coalesce(laid.n, 0) >= bought.n)
        FROM bought LEFT JOIN laid USING (visitor_id, product_id)
        """,
    )
    assert rows == [(True,)]


def test_rates_of_returns_and_cancellations(large: Simulation, sql: Sql) -> None:
    """Lines of orders that stand come back at the return rate; orders are cancelled at theirs."""
    [(placed, cancelled, lines, returned)] = sql(
        large,
        """
        WITH gone AS (SELECT order_id FROM events WHERE refund_kind = 'cancellation')
        SELECT (SELECT count(*) FROM events WHERE kind = 'purchase'), (SELECT count(*) FROM gone),
               (SELECT sum(len(lines)) FROM events WHERE kind = 'purchase' AND order_id NOT IN (FROM gone)),
               (SELECT sum(len(lines)) FROM events WHERE kind = 'refund')
        """,
    )
    assert stats.binomtest(cancelled, placed, large.truth.cancellation_rate).pvalue > 6e-5
    assert stats.binomtest(int(returned), int(lines), large.truth.return_rate).pvalue > 6e-5


def test_refunds_follow_their_orders(large: Simulation, sql: Sql) -> None:
    """Returns of lines come 3 to 25 days after their order, cancellations of the whole within a day."""
    rows = sql(
        large,
        """
        SELECT refund_kind, min(r.occurred_at - p.occurred_at) >= INTERVAL 3 DAY,
               max(r.occurred_at - p.occurred_at) <= INTERVAL 25 DAY,
               max(r.occurred_at - p.occurred_at) <= INTERVAL 1 DAY,
               bool_and(list_has_all([x.line_id FOR x IN p.lines], [x.line_id FOR x IN r.lines])),
               count(r.lines) = count(*), count(r.amount)
        FROM events AS r JOIN (SELECT order_id, occurred_at, lines FROM events WHERE kind = 'purchase') AS p
        USING (order_id) WHERE r.kind = 'refund' GROUP BY refund_kind ORDER BY refund_kind
        """,
    )
    assert rows == [
        ("cancellation", False, True, True, None, False, 0),
        ("return", True, True, False, True, True, 0),
    ]


def test_buyers_become_customers(large: Simulation, sql: Sql) -> None:
    """Every buyer is identified, new ones at their first order; some customers come as several visitors."""
    rows = sql(
        large,
        """
        WITH known AS (SELECT visitor_id, customer_id FROM events WHERE kind = 'identify')
        SELECT (SELECT count(*) FROM events WHERE kind = 'purchase'
                AND visitor_id NOT IN (SELECT visitor_id FROM known)),
               (SELECT count(*) = count(DISTINCT visitor_id) FROM known),
               (SELECT count(DISTINCT customer_id) < count(*) FROM known),
               (SELECT count(*) FROM events AS p JOIN known USING (visitor_id)
                WHERE p.kind = 'purchase' AND p.customer_id <> known.customer_id)
        """,
    )
    assert rows == [(0, True, True, 0)]
