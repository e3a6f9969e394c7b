"""What surfaces showed and buyers did with it."""

from __future__ import annotations

from datetime import UTC, datetime

from builders import (
    MONDAY,
    add,
    answer,
    click,
    exposure,
    facts,
    identify,
    later,
    message,
    product,
    purchase,
    remove,
    rows,
    shown,
)


def test_an_answer_helps_if_it_matched_and_did_not_give_up() -> None:
    """Without a catalogue any matched product counts; escalated, "I don't know" and no match never help."""
    shop = facts(
        answer("v1", "p1"),
        answer("v2"),
        answer("v3", "p1", escalated=True),
        answer("v4", "p1", could_not_answer=True),
    )
    assert rows(shop.interactions, "visitor_id", "is_answer", "is_interaction", "is_touch") == [
        ("v1", True, True, True),
        ("v2", True, True, False),
        ("v3", True, True, False),
        ("v4", True, True, False),
    ]


def test_an_answer_must_match_the_catalogue_where_there_is_one() -> None:
    """A product that the shop does not sell is no help; one known product among unknown ones is."""
    shop = facts(product("p1"), answer("v1", "p1", "p1"), answer("v2", "ghost"), answer("v3", "ghost", "p1"))
    assert rows(shop.interactions, "visitor_id", "is_touch") == [("v1", True), ("v2", False), ("v3", True)]
    assert rows(shop.touches, "visitor_id") == ["v1", "v3"]


def test_clicks_are_touches_and_views_and_opens_are_not() -> None:
    """A click counts on any surface; a list shown is no interaction at all; an opened message is none of AI."""
    shop = facts(
        click("v1", "p7"),
        message("clicked", "v2"),
        message("opened", "v3"),
        shown("v4", "p1"),
        message("clicked", None, customer_id="c5"),
        identify("v1", "c1"),
    )
    found = rows(
        shop.interactions, "person_id", "visitor_id", "channel", "product_id", "is_click", "is_interaction", "is_touch"
    )
    assert found == [
        ("c:c1", "v1", "onsite", "p7", True, True, True),
        ("c:c5", None, "email", None, True, True, True),
        ("v:v2", "v2", "email", None, True, True, True),
        ("v:v3", "v3", "email", None, False, False, False),
    ]


def test_impressions_and_shown_products() -> None:
    """One impression for a list or a message sent; one shown product for each item of a list."""
    shop = facts(shown("v1", "p1", "p2"), shown("v2"), message("sent", "v3"))
    assert rows(shop.impressions, "visitor_id", "surface") == [("v1", "cart"), ("v2", "cart"), ("v3", "email")]
    assert rows(shop.shown_products, "product_id", "visitor_id", "person_id") == [
        ("p1", "v1", "v:v1"),
        ("p2", "v1", "v:v1"),
    ]


def test_carts_go_from_order_to_order() -> None:
    """An order closes the cart; what was taken out counts against it, never below zero."""
    shop = facts(
        add("v1", 10, quantity=3),
        remove("v1", 10, later(MONDAY, minutes=1)),
        add("v1", 5, later(MONDAY, minutes=2)),  # at the very moment of the order: still in the cart it closes
        purchase("v1", 25, later(MONDAY, minutes=2)),
        add("v1", 7, later(MONDAY, minutes=3)),
        add("v2", 4),
        remove("v2", 4, later(MONDAY, minutes=1), quantity=2),
    )
    found = rows(shop.carts.order_by(["visitor_id", "started_at"]), "visitor_id", "added_value", "cart_value")
    assert found == [("v1", 35, 25), ("v1", 7, 7), ("v2", 4, 0)]


def test_cart_moves_are_positive_in_both_directions() -> None:
    """Quantity times unit price, whether laid in or taken out."""
    shop = facts(add("v1", 2.5, quantity=2, surface="cart"), remove("v1", 2.5))
    assert rows(shop.cart_moves, "amount", "is_add", "surface") == [(2.5, False, None), (5, True, "cart")]


def test_an_exposed_visitor_keeps_its_first_arm() -> None:
    """Seen in two arms it stays in the first and says so; other experiments do not matter."""
    shop = facts(
        exposure("v1", "b", later(MONDAY, hours=1)),
        exposure("v1", "a", MONDAY),
        exposure("v1", "c", MONDAY, experiment="other"),
        exposure("v2", "b"),
        exposure("v2", "b", later(MONDAY, hours=1)),
    )
    at = datetime(2026, 1, 5, 10, tzinfo=UTC)
    found = rows(shop.exposures("test"), "visitor_id", "variant", "exposed_at", "n_variants")
    assert found == [("v1", "a", at, 2), ("v2", "b", at, 1)]


def test_the_catalogue_is_what_was_told_last() -> None:
    """A product told twice is as it was told later."""
    shop = facts(
        product("p1", "new", later(MONDAY, days=1), unit_price=12, unit_cost=5),
        product("p1", "old", unit_price=10, title="Lamp"),
    )
    assert rows(shop.products, "product_id", "title", "category", "unit_price", "unit_cost") == [("p1", None, "new", 12, 5)]


def test_stock_and_attributes_stay_as_they_were_last_told() -> None:
    """A later event that tells a cost alone takes neither away; one that tells availability takes the old stock with it."""
    shop = facts(
        product("p1", stock=4, availability="in_stock", attributes="color=red"),
        product("p1", at=later(MONDAY, days=1), unit_cost=5),
        product("p2", stock=4, attributes="color=red"),
        product("p2", at=later(MONDAY, days=1), availability="backorder", attributes="color=blue"),
    )
    columns = ("product_id", "unit_cost", "availability", "stock", "attributes")
    assert rows(shop.products, *columns) == [
        ("p1", 5, "in_stock", 4, "color=red"),
        ("p2", None, "backorder", None, "color=blue"),
    ]
