"""Visitors, customers and sessions."""

from __future__ import annotations

from datetime import UTC, datetime

from builders import MONDAY, add, facts, identify, later, message, purchase, refund, rows, view


def test_the_first_identify_or_purchase_names_the_customer() -> None:
    """Who logs in as somebody else later stays who it was first; a purchase names a customer as well."""
    shop = facts(
        identify("v1", "c2", later(MONDAY, hours=1)),
        identify("v1", "c1", MONDAY),
        purchase("v2", 5, customer_id="c3"),
        identify("v2", "c4", later(MONDAY, hours=1)),
        view("v3", customer_id="c9"),
    )
    assert rows(shop.identities, "visitor_id", "customer_id") == [("v1", "c1"), ("v2", "c3")]


def test_visitors_are_everyone_who_was_seen() -> None:
    """One row a visitor, from the first to the last event; events without a visitor make none."""
    shop = facts(
        view("v1"), view("v1", later(MONDAY, hours=2)), identify("v2", "c1"), purchase(None, 5), refund(None, amount=1)
    )
    at, end = datetime(2026, 1, 5, 10, tzinfo=UTC), datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert rows(shop.visitors, "visitor_id", "first_seen_at", "last_seen_at", "n_events", "customer_id") == [
        ("v1", at, end, 2, None),
        ("v2", at, at, 1, "c1"),
    ]


def test_a_session_ends_after_thirty_minutes() -> None:
    """29:59 later is the same session, 30:00 later is another; each visitor has its own."""
    shop = facts(
        view("v1"),
        view("v1", later(MONDAY, minutes=29, seconds=59)),
        view("v1", later(MONDAY, minutes=59, seconds=59)),
        view("v2", later(MONDAY, minutes=5)),
    )
    found = rows(shop.sessions.order_by(["visitor_id", "started_at"]), "visitor_id", "session_seconds", "n_events")
    assert found == [("v1", 1799, 2), ("v1", 0, 1), ("v2", 0, 1)]


def test_what_the_shop_does_alone_is_no_session() -> None:
    """A message sent and a refund booked are not visits; an opened message is."""
    shop = facts(
        message("sent", "v1"),
        refund(None, amount=5, visitor_id="v2"),
        message("opened", "v3"),
        add("v3", at=later(MONDAY, minutes=1)),
    )
    assert rows(shop.sessions, "visitor_id", "session_seconds") == [("v3", 60)]


def test_the_busiest_day_is_told_by_the_days_on_which_visits_begin() -> None:
    """Three events in two visits of Monday, and one on Tuesday: four in all, three on the busiest day."""
    shop = facts(
        view("v1"),
        view("v1", later(MONDAY, minutes=10)),
        view("v1", later(MONDAY, hours=2)),
        view("v1", later(MONDAY, days=1)),
        view("v2"),
    )
    assert rows(shop.visits, "visitor_id", "n_events", "most_events") == [("v1", 4, 3), ("v2", 1, 1)]
