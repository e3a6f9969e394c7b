"""What was known of a visitor when it became eligible."""

from __future__ import annotations

from builders import MONDAY, exposure, facts, identify, later, purchase, rows, view

BEFORE, AFTER = "2026-01-04T10:00", later(MONDAY, hours=1)


def test_device_and_country_are_those_of_the_first_exposure() -> None:
    """What later exposures name does not matter, even where the first names nothing; nor do other visitors' events."""
    shop = facts(
        exposure("v1", "a", device="mobile", country="DE"),
        exposure("v1", "a", AFTER, device="desktop", country="AT"),
        exposure("v2", "a"),
        exposure("v2", "a", AFTER, device="desktop", country="AT"),
        view("v3", BEFORE, device="tablet"),
        exposure("v4", "b", country="FR"),
        exposure("v4", "a", AFTER, device="mobile"),
    )
    assert rows(shop.exposures("test"), "visitor_id", "variant", "device", "country") == [
        ("v1", "a", "mobile", "DE"),
        ("v2", "a", None, None),
        ("v4", "b", None, "FR"),
    ]


def test_else_they_are_those_of_the_first_event_until_then_that_names_one() -> None:
    """A server that writes exposures without a device leaves the page view's; each of the two for itself."""
    shop = facts(
        view("v1", "2026-01-03T10:00"),
        view("v1", BEFORE, device="mobile"),
        view("v1", MONDAY, device="desktop", country="AT"),
        exposure("v1", "a", MONDAY),
        view("v2", AFTER, device="mobile", country="DE"),
        exposure("v2", "a", MONDAY),
        view("v3", BEFORE, device="mobile", country="DE"),
        exposure("v3", "a", MONDAY, country="FR"),
    )
    assert rows(shop.exposures("test"), "visitor_id", "device", "country") == [
        ("v1", "mobile", "AT"),
        ("v2", None, None),
        ("v3", "mobile", "FR"),
    ]


def test_returning_is_an_order_before_eligibility() -> None:
    """Of the visitor itself, or of the customer as whom it was known by then; an order at that moment is not before."""
    shop = facts(
        *(exposure(f"v{i}", "a") for i in range(1, 9)),
        purchase("v1", 10, BEFORE),
        purchase("v2", 10, MONDAY),
        identify("v3", "c3", BEFORE),
        purchase("phone", 10, BEFORE, customer_id="c3"),
        identify("v4", "c4", AFTER),
        purchase("phone", 10, BEFORE, customer_id="c4"),
        identify("v5", "c5", MONDAY),
        identify("laptop", "c5", "2026-01-03T10:00"),
        purchase("laptop", 10, BEFORE),
        identify("v6", "c6", BEFORE),
        purchase("till", 10, BEFORE),
        identify("till", "c6", AFTER),
        identify("v7", "c7", BEFORE),
        purchase("v7", 10, AFTER),
        identify("stranger", "c8", BEFORE),
        purchase(None, 10, BEFORE, customer_id="c9"),
    )
    assert rows(shop.exposures("test"), "visitor_id", "is_returning") == [
        ("v1", True),
        ("v2", False),
        ("v3", True),
        ("v4", False),  # signed in only after it was eligible: the feature may have made it
        ("v5", True),
        ("v6", False),  # whose order that was became known too late
        ("v7", False),
        ("v8", False),
    ]


def test_one_row_a_visitor_whatever_happened() -> None:
    """Many orders, many page views at one instant and two arms leave one row."""
    shop = facts(
        *(purchase("v1", 10, BEFORE, customer_id="c1") for _ in range(3)),
        *(view("v1", BEFORE, device=device) for device in ("mobile", "desktop")),
        exposure("v1", "a"),
        exposure("v1", "b"),
        exposure("v1", "a", AFTER),
    )
    found = rows(shop.exposures("test"), "visitor_id", "n_variants", "is_returning")
    assert found == [("v1", 2, True)]
