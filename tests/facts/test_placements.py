"""Where products stood when they were shown, and what was bought and kept of them."""

from __future__ import annotations

from datetime import timedelta

from builders import MONDAY, click, event, facts, identify, later, line, purchase, refund, rows, shown

HOUR = later(MONDAY, hours=1)


def test_a_product_stands_where_its_list_says() -> None:
    """Positions as told; where a list tells none, its items' order; a person is the customer where that is known."""
    untold = event("view_item_list", visitor_id="v2", surface="search", items=[{"product_id": "cap"}, {"product_id": "hat"}])
    shop = facts(
        shown("v1", "hat", "cap"), untold, identify("v1", "anna"), click("v1", "cap"), shown("v3", "far", surface="mail")
    )
    assert rows(shop.placements, "person_id", "surface", "product_id", "place", by="place")[-2:] == [
        ("c:anna", "cart", "cap", 2),
        ("v:v2", "search", "hat", 2),
    ]
    assert rows(shop.placements, "place") == [1, 1, 1, 2, 2]


def test_only_places_that_chance_drew_are_drawn() -> None:
    """Of a decision that drew two of three places the first two; of one that drew none, or of other policies, nothing."""
    items = [{"product_id": name, "position": place} for place, name in enumerate(("a", "b", "c"), 1)]
    made = {"visitor_id": "v1", "surface": "search", "policy": "ranking", "items": items}
    told = ('{"because": "\\"n_drawn\\": 3", "n_drawn": 2}', '{"n_drawn": 0}', '{"in_time": true}', None)
    shop = facts(*(event("decision", details=details, **made) for details in told))
    assert rows(shop.drawn_placements, "product_id", "place") == [("a", 1), ("b", 2)]
    assert rows(shop.placements, "place") == []


def test_what_was_kept_of_a_line() -> None:
    """All, nothing where it came back, the order's share where only an amount is told; a cancelled order has no lines."""
    two = [line("hat", price=30), line("cap", price=10)]
    shop = facts(
        *(purchase("v1", order=name, lines=two) for name in ("all", "one", "some", "none")),
        refund("one", HOUR, lines=[{"product_id": "cap", "quantity": 1}]),
        refund("some", HOUR, amount=10),
        refund("none", HOUR, refund_kind="cancellation"),
    )
    assert sorted(rows(shop.kept_lines, "order_id", "product_id", "kept")) == [
        *(("all", "cap", 1), ("all", "hat", 1), ("one", "cap", 0), ("one", "hat", 1), ("some", "cap", 0.75)),
        ("some", "hat", 0.75),
    ]


def test_a_line_follows_the_last_list_in_time() -> None:
    """By the same person, after it, within the window."""
    shop = facts(
        shown("v1", "hat"),
        shown("v1", "cap", "hat", at=HOUR),
        shown("v1", "hat", at=later(MONDAY, hours=4)),
        purchase("v1", at=later(MONDAY, hours=3), order="o1", lines=[line("hat"), line("bag")]),
        purchase("v2", at=later(MONDAY, hours=3), order="o2", lines=[line("hat")]),
    )
    for hours, found in ((2, [("o1", "hat", 2)]), (1, [])):
        bought = shop.bought_after(shop.placements, timedelta(hours=hours))
        assert rows(bought, "order_id", "product_id", "place") == found
