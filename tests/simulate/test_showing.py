"""What surfaces show, and what is clicked: the engagement that looks like success."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from counterclick.simulate import Simulation

Sql = Callable[[Simulation, str], list[tuple[Any, ...]]]

FIRST_TOUCH = """
    WITH touches AS (
        SELECT visitor_id, occurred_at, surface FROM events
        WHERE kind IN ('select_item', 'message_clicked')
           OR kind = 'assistant_answer' AND NOT escalated AND NOT could_not_answer
              AND len(matched_products) > 0),
    credits AS (
        SELECT p.order_id, any_value(p.visitor_id) AS visitor_id, any_value(p.value) AS revenue,
               arg_min(t.surface, t.occurred_at) AS credited
        FROM (FROM events WHERE kind = 'purchase') AS p
        LEFT JOIN touches AS t ON t.visitor_id = p.visitor_id
            AND t.occurred_at < p.occurred_at AND t.occurred_at >= p.occurred_at - INTERVAL 24 HOUR
        GROUP BY p.order_id)
    SELECT variant, sum(revenue) FILTER (credited = 'chat') / sum(revenue)
    FROM credits JOIN (FROM events WHERE kind = 'exposure' AND experiment = 'chat') AS x USING (visitor_id)
    GROUP BY variant
"""


def test_chat_is_credited_with_a_quarter_of_its_arms_revenue(large: Simulation, sql: Sql) -> None:
    """First helpful touch within 24 h gives the idle chat 20 to 30 % of its arm's revenue."""
    share: dict[str, float | None] = dict(sql(large, FIRST_TOUCH))
    assert share["nothing"] is None
    assert share["assistant"] is not None
    assert 0.20 < share["assistant"] < 0.30


def test_most_chatters_intend_to_buy(large: Simulation, sql: Sql) -> None:
    """Visitors who chat order several times as often as others in the same arm: the bias that misleads."""
    [(chatted, others)] = sql(
        large,
        """
        WITH arm AS (SELECT visitor_id FROM events WHERE experiment = 'chat' AND variant = 'assistant'),
        flags AS (
            SELECT visitor_id, bool_or(kind = 'assistant_answer') AS chatted,
                   bool_or(kind = 'purchase') AS bought
            FROM events JOIN arm USING (visitor_id) GROUP BY visitor_id)
        SELECT avg(bought::INT) FILTER (chatted), avg(bought::INT) FILTER (NOT chatted) FROM flags
        """,
    )
    assert chatted > 3 * others


def test_clickbait_gains_clicks(large: Simulation, sql: Sql) -> None:
    """Clicks per list shown stand between arms in the declared ratio, within 4 standard errors."""
    rows = sql(
        large,
        """
        SELECT x.experiment, x.variant, count(*) FILTER (e.kind = 'view_item_list') AS shown,
               count(*) FILTER (e.kind = 'select_item') AS clicks
        FROM events AS e JOIN (FROM events WHERE kind = 'exposure') AS x
        ON x.visitor_id = e.visitor_id AND x.surface = e.surface
        WHERE e.kind IN ('view_item_list', 'select_item') GROUP BY ALL
        """,
    )
    counts = {(experiment, arm): (shown, clicks) for experiment, arm, shown, clicks in rows}
    for surface in large.truth.surfaces:
        if surface.kind != "list":
            continue
        shown0, clicks0 = counts[surface.experiment, surface.control]
        shown, clicks = counts[surface.experiment, surface.treatment]
        ratio = math.log((clicks / shown) / (clicks0 / shown0))
        truth = math.log1p(surface.arms[surface.treatment].clicks)
        assert abs(ratio - truth) < 4 * math.sqrt(1 / clicks + 1 / clicks0)
    shown, clicks = counts["nudges", "plain"]
    assert abs(clicks / shown - 0.05) < 0.005


def test_nothing_shows_nothing(large: Simulation, sql: Sql) -> None:
    """Visitors in an arm called nothing are exposed, but see no list and get no answer on that surface."""
    rows = sql(
        large,
        """
        SELECT x.experiment, count(DISTINCT x.visitor_id) > 1000, count(e.event_id)
        FROM (FROM events WHERE kind = 'exposure' AND variant = 'nothing') AS x
        LEFT JOIN (FROM events WHERE kind <> 'exposure') AS e
        ON x.visitor_id = e.visitor_id AND x.surface = e.surface GROUP BY ALL ORDER BY ALL
        """,
    )
    assert rows == [("cart-bundles", True, 0), ("chat", True, 0)]


def test_exposure_comes_before_anything_is_shown(large: Simulation, sql: Sql) -> None:
    """On every surface the exposure stands before, or at the instant of, the first thing shown or sent."""
    rows = sql(
        large,
        """
        SELECT bool_and(e.occurred_at >= x.occurred_at), count(*) > 10000, count(*) FILTER (x.surface IS NULL)
        FROM (FROM events WHERE surface IS NOT NULL AND kind <> 'exposure') AS e
        LEFT JOIN (FROM events WHERE kind = 'exposure') AS x
        ON x.visitor_id = e.visitor_id AND x.surface = e.surface
        """,
    )
    assert rows == [(True, True, 0)]


def test_clicks_are_on_what_was_shown(large: Simulation, sql: Sql) -> None:
    """A clicked product stood in a list of that surface, shown to that visitor before, at that position."""
    rows = sql(
        large,
        """
        WITH clicks AS (FROM events WHERE kind = 'select_item'),
        views AS (FROM events WHERE kind = 'view_item_list')
        SELECT count(DISTINCT c.event_id) = (SELECT count(*) FROM clicks)
        FROM clicks AS c JOIN views AS v ON v.visitor_id = c.visitor_id AND v.surface = c.surface
            AND v.occurred_at < c.occurred_at AND v.items[c.position].product_id = c.product_id
        """,
    )
    assert rows == [(True,)]


def test_messages_are_sent_opened_clicked_in_this_order(large: Simulation, sql: Sql) -> None:
    """Every message is sent once, a click follows the opening, and only known customers get any."""
    rows = sql(
        large,
        """
        WITH m AS (
            SELECT message_id, count(*) FILTER (kind = 'message_sent') AS n,
                min(occurred_at) FILTER (kind = 'message_sent') AS sent,
                min(occurred_at) FILTER (kind = 'message_opened') AS opened,
                min(occurred_at) FILTER (kind = 'message_clicked') AS clicked
            FROM events WHERE message_id IS NOT NULL GROUP BY message_id)
        SELECT bool_and(n = 1), bool_and(sent < opened), bool_and(opened < clicked),
               bool_and(clicked IS NULL OR opened IS NOT NULL), count(clicked) > 100
        FROM m
        """,
    )
    assert rows == [(True, True, True, True, True)]
