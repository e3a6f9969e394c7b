"""Which line of an order came back, and when."""

from __future__ import annotations

from builders import facts, line, purchase, refund, rows

BACK = "2026-01-12T10:00"


def test_a_line_came_back_that_a_return_names() -> None:
    """By its product, by its own key where the return says it, and with the whole order; another line stays."""
    shop = facts(
        purchase("v1", order="product", lines=[line("hat"), line("tie")]),
        refund("product", BACK, lines=[{"product_id": "hat", "quantity": 1}]),
        purchase("v2", order="key", lines=[line("hat", line_id="l1"), line("hat", line_id="l2")]),
        refund("key", BACK, lines=[{"product_id": "hat", "quantity": 1, "line_id": "l2"}]),
        purchase("v3", order="whole", lines=[line("hat"), line("tie")]),
        refund("whole", BACK),
    )
    came = shop.line_returns.mutate(is_back=shop.line_returns.returned_at.notnull()).order_by("order_id", "line_number")
    found = [(row["order_id"], row["is_back"]) for row in came.to_pyarrow().to_pylist()]
    assert found == [
        *(("key", False), ("key", True)),
        *(("product", True), ("product", False)),
        *(("whole", True), ("whole", True)),
    ]


def test_the_first_return_within_the_window_counts() -> None:
    """A later one of the same line says nothing new; one after the window, or before the order, is none."""
    shop = facts(
        purchase("v1", order="twice", lines=[line("hat", 2)]),
        refund("twice", "2026-01-14T10:00", lines=[{"product_id": "hat", "quantity": 1}]),
        refund("twice", BACK, lines=[{"product_id": "hat", "quantity": 1}]),
        purchase("v2", order="late", lines=[line("hat")]),
        refund("late", "2026-03-01T10:00"),
        purchase("v3", order="early", lines=[line("hat")]),
        refund("early", "2026-01-01T10:00"),
    )
    found = {order: at and at.isoformat()[:16] for order, at in rows(shop.line_returns, "order_id", "returned_at")}
    assert found == {"twice": BACK, "late": None, "early": None}


def test_what_is_not_known_teaches_nothing() -> None:
    """An amount without products, and a cancelled order, are left out; how it was paid and by whom stands beside a line."""
    shop = facts(
        purchase("v1", order="amount", lines=[line("hat"), line("tie")]),
        refund("amount", BACK, amount=5),
        purchase("v2", order="cancelled", lines=[line("hat")]),
        refund("cancelled", BACK, refund_kind="cancellation"),
        purchase("v3", order="kept", lines=[line("hat", 2, 10)], payment="invoice", customer_id="c1"),
    )
    columns = ("order_id", "person_id", "payment", "unit_price", "quantity", "returned_at")
    assert rows(shop.line_returns, *columns) == [("kept", "c:c1", "invoice", 10.0, 2, None)]
