"""What was served, beside hand-written SQL and plain Python over the same events."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pytest

from builders import MONDAY, exposure, identify, later, line, purchase, refund, shown, view
from counterclick.connectors.shopify import Context, events_of
from counterclick.errors import ConfigError, EmptyStoreError, UnknownNameError
from counterclick.experiments.assignment import assign
from counterclick.shop import Shop

ARMS = ("nothing", "bestsellers")
GOODS = ("hat", "bag", "coat", "belt")
SINCE, UNTIL = date(2026, 1, 5), date(2026, 1, 18)


def trade(seed: int = 4) -> list[Any]:
    """Visitors of four weeks in two arms; the second sees two lists and may buy what it saw, sooner or later."""
    drawn, events = random.Random(seed), []
    for number in range(300):
        visitor, arm, at = f"v{number}", ARMS[number % 2], later(MONDAY, hours=drawn.uniform(0, 28 * 24))
        events.append(exposure(visitor, arm, at, surface="cart", policy=arm))
        if number % 10 == 0:
            events.append(identify(visitor, f"c{number}", at))
        for place in range(2 if number % 2 and number % 7 else 0):
            goods = drawn.sample(GOODS, 2)
            seen_at = later(at, minutes=1 + place)
            events.append(shown(visitor, *goods, at=seen_at, policy="bestsellers", variant="bestsellers"))
        if drawn.random() < 0.7:
            bought = [line(name, 1 + number % 3, 10) for name in drawn.sample(GOODS, 2)]
            events.append(purchase(visitor, order=f"o{number}", at=later(at, hours=drawn.uniform(0.1, 40)), lines=bought))
            events += [refund(f"o{number}", later(at, days=4), amount=5)] * (number % 6 == 0)
    return [*events, view("late", later(MONDAY, days=40))]


SQL = """
WITH shown AS (
    SELECT json_extract_string(e, '$.visitor_id') AS visitor, (e ->> 'occurred_at')::TIMESTAMP AS at,
        unnest(from_json(e -> 'items', '[{"product_id": "VARCHAR"}]')).product_id AS product
    FROM events WHERE e ->> 'kind' = 'view_item_list'
        AND (e ->> 'occurred_at')::TIMESTAMP >= DATE '2026-01-05' AND (e ->> 'occurred_at')::TIMESTAMP < DATE '2026-01-19'
), sold AS (
    SELECT e ->> 'order_id' AS o, e ->> 'visitor_id' AS visitor, (e ->> 'occurred_at')::TIMESTAMP AS at,
        unnest(from_json(e -> 'lines', '[{"product_id": "VARCHAR", "quantity": "INT", "unit_price": "DOUBLE"}]')) AS l
    FROM events WHERE e ->> 'kind' = 'purchase'
), back AS (
    SELECT e ->> 'order_id' AS o, sum((e ->> 'amount')::DOUBLE) AS returned FROM events
    WHERE e ->> 'kind' = 'refund' GROUP BY ALL
), worth AS (
    SELECT o, sum(l.quantity * l.unit_price) AS revenue, coalesce(any_value(returned), 0) AS returned
    FROM sold LEFT JOIN back USING (o) GROUP BY o
)
SELECT product, count(*) AS n_lines, sum(units)::INT AS units, sum(net) AS net FROM (
    SELECT DISTINCT shown.product, sold.o, l.quantity AS units,
        l.quantity * l.unit_price * (revenue - least(returned, revenue)) / revenue AS net
    FROM shown JOIN sold ON sold.visitor = shown.visitor AND l.product_id = shown.product
        AND sold.at > shown.at AND sold.at <= shown.at + INTERVAL 24 HOUR
    JOIN worth USING (o))
GROUP BY product ORDER BY product
"""


@pytest.fixture
def told(shop: Shop) -> tuple[Shop, list[Any]]:
    """The shop after four weeks of trade, and its events."""
    events = trade()
    shop.record(events)
    return shop, events


def test_products_and_what_followed_are_those_of_hand_written_sql(told: tuple[Shop, list[Any]]) -> None:
    """Lines, units and net revenue of each product, within 24 hours after it was shown in two of the four weeks."""
    shop, events = told
    connection = duckdb.connect()
    connection.execute("CREATE TABLE events (e JSON)")
    connection.executemany("INSERT INTO events VALUES (?)", [[json.dumps(each)] for each in events])
    expected = connection.execute(SQL).fetchall()
    found = sorted(shop.served("cart", since=SINCE, until=UNTIL).offers, key=lambda offer: offer.product_id)
    assert [(each.product_id, each.n_lines, each.units) for each in found] == [row[:3] for row in expected]
    assert [each.net_revenue for each in found] == pytest.approx([row[3] for row in expected])


def test_lists_and_arms_are_counted(told: tuple[Shop, list[Any]]) -> None:
    """In plain Python: exposures by arm, visitors without a list, lists and products of the one policy that shows any."""
    shop, events = told
    inside = [each for each in events if str(SINCE) <= each["occurred_at"][:10] <= str(UNTIL)]
    lists = [each for each in inside if each["kind"] == "view_item_list"]
    seen = {each["visitor_id"] for each in lists}
    found = shop.served("cart", since=SINCE, until=UNTIL)
    for arm in found.arms:
        own = {each["visitor_id"] for each in inside if each["kind"] == "exposure" and each["variant"] == arm.variant}
        assert (arm.n_visitors, arm.n_without_list) == (len(own), len(own - seen))
    (shelf,) = found.shelves
    assert (shelf.policy, shelf.variant) == ("bestsellers", "bestsellers")
    assert (shelf.n_lists, shelf.n_shown, shelf.n_visitors) == (len(lists), 2 * len(lists), len(seen))
    assert shelf.units == sum(offer.units for offer in found.offers)
    assert shelf.net_revenue == pytest.approx(sum(offer.net_revenue for offer in found.offers))


def test_the_verdict_stands_first(told: tuple[Shop, list[Any]]) -> None:
    """As the experiment says it; a policy's name finds the same lists as its surface."""
    shop, _events = told
    found = shop.served("cart", since=SINCE, until=UNTIL)
    assert found.grids()[0].title == "What the holdout says"
    verdict = found.verdicts["test"]
    assert not isinstance(verdict, str)
    assert verdict.outcome == shop.experiment("test").verdict().outcome
    assert shop.served("bestsellers", since=SINCE, until=UNTIL).offers == found.offers
    assert {arm.policy for arm in shop.served("bestsellers", since=SINCE, until=UNTIL).arms} == {"bestsellers"}


def test_what_cannot_be_asked_is_refused(told: tuple[Shop, list[Any]]) -> None:
    """A name that nothing has, and a period that is none."""
    shop, _events = told
    with pytest.raises(UnknownNameError, match="Did you mean 'cart'"):
        shop.served("cort", since=SINCE, until=UNTIL)
    with pytest.raises(ConfigError, match="last-28-days"):
        shop.served("cart", "soon")


def test_a_policy_of_ours_that_showed_nothing(told: tuple[Shop, list[Any]]) -> None:
    """`nothing` has visitors and no lists; a period without anything is empty."""
    shop, _events = told
    found = shop.served("nothing", since=SINCE, until=UNTIL)
    assert found.shelves == found.offers == ()
    assert found.arms[0].without_list_share == 1
    assert shop.served(None, since=date(2020, 1, 1), until=date(2020, 1, 2)).arms == ()


def test_an_empty_store_has_served_nothing(shop: Shop) -> None:
    """It says how to record something."""
    with pytest.raises(EmptyStoreError, match="counterclick record"):
        shop.served()


def test_what_was_bought_through_an_offer_is_known_by_its_mark(shop: Shop) -> None:
    """From the decision to the order as Shopify tells it: the line of an offered product that carries the mark."""
    shop.record([purchase(None, at=later(MONDAY, days=n), lines=[line(each, 9 - n)]) for n, each in enumerate("789")])
    visitor = next(f"v{n}" for n in range(99) if assign("test", f"v{n}", dict.fromkeys(ARMS, 0.5)) == "bestsellers")
    told = shop.decide("cart", visitor, cart=["9"], today=date(2026, 1, 6), decision_id="d-1")
    assert (told.offers, told.propensities) == (("7", "8"), (1, 1))
    assert told.mark == {"_cc_surface": "cart", "_cc_decision": "d-1"}
    marked = [{"name": name, "value": value} for name, value in told.mark.items()]
    lines = [  # one that was offered, one that was not, one that was found elsewhere
        {"id": number, "product_id": number, "quantity": 2, "price": "10.00", "properties": properties}
        for number, properties in ((7, marked), (9, marked), (8, []))
    ]
    order = {"id": 1, "processed_at": "2026-01-06T12:00:00Z", "currency": "EUR", "line_items": lines}
    translated = events_of("orders/create", order, Context(currency="EUR"))
    assert translated.refused == ()
    shop.record(translated.bodies)
    today = datetime.now(UTC).date()
    sold = shop.served(since=today, until=today).sold
    assert [(each.surface, each.policy, each.n_decisions, each.n_empty) for each in sold] == [("cart", "bestsellers", 1, 0)]
    assert (sold[0].n_lines, sold[0].units, sold[0].net_revenue) == (1, 2, 20)
    assert "What was bought through an offer" in str(shop.served(since=today, until=today))
    details = json.loads(shop.reading.one("SELECT details FROM events WHERE kind = 'decision'"))
    assert (details["propensities"], details["in_time"]) == ([1, 1], True)
