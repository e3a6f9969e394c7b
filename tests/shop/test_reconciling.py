"""An export of orders fills the gaps that webhooks left, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from builders import purchase, refund
from counterclick.errors import InputError
from counterclick.shop import Shop
from counterclick.shop.person import Person
from counterclick.shop.recording import record_bodies
from exported import exported, write_export

CANCELLED = {"cancelledAt": "2026-03-07T09:30:00Z"}


def revenue(shop: Shop) -> Decimal:
    return Decimal(shop.orders.revenue.sum().to_pyarrow().as_py())


def test_what_is_missing_is_added_by_day_and_nothing_twice(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """Of four orders one has come by webhook; the second run finds nothing, before and after a drain."""
    shop = make_shop("[shopify]\n")
    told = purchase(None, "10.00", "2026-03-01T09:30", order="1", event_id="shopify_order_1")
    record_bodies(shop.store, shop.config, [told], source="shopify")
    orders = [exported(1), exported(2, "20.00", refunded=True), exported(3, "5.00", **CANCELLED), exported(4, "7.00")]
    export = write_export(tmp_path / "orders.jsonl", *orders)
    found = shop.senders.reconcile(export)
    assert [(day.happened_on, day.n_orders, day.n_refunds, day.n_cancellations, day.revenue) for day in found.added] == [
        (date(2026, 3, 1), 3, 0, 0, Decimal(32)),
        (date(2026, 3, 5), 0, 1, 0, 0),
        (date(2026, 3, 7), 0, 0, 1, 0),
    ]
    assert (found.n_orders, found.n_refunds, found.is_clean) == (4, 2, True)
    assert revenue(shop) == 42
    for _ in range(2):
        again = shop.senders.reconcile(export)
        assert (again.added, again.differing, again.n_others) == ((), (), 0)
        assert "None of them was missing" in str(again)
        shop.store.drain()
    assert revenue(shop) == 42


def test_what_is_worth_something_else_is_told_and_stays(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """The first telling of an order counts, whoever told it; refunds of another sender are not doubled."""
    shop = make_shop("[shopify]\n")
    shop.record([purchase(None, "10.00", order="1"), purchase(None, "9.00", order="2"), refund("2", amount="9.00")])
    found = shop.senders.reconcile(
        write_export(tmp_path / "o.jsonl", exported(1, "12.50"), exported(2, "9.00", refunded=True))
    )
    assert [(one.order_id, one.logged, one.exported) for one in found.differing] == [("1", Decimal(10), Decimal("12.5"))]
    assert (found.added, found.n_elsewhere, found.is_clean) == ((), 1, False)
    assert "12.50" in str(found)
    assert revenue(shop) == 19


def test_who_was_forgotten_is_not_brought_back(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """An order of an erased customer is counted, and left out."""
    shop = make_shop("[shopify]\n")
    export = write_export(tmp_path / "orders.jsonl", exported(1, refunded=True), exported(2))
    shop.senders.reconcile(export)
    shop.rights.forget(Person(customers=("13",)))
    found = shop.senders.reconcile(export)
    assert (found.added, found.n_erased) == ((), 2)
    assert revenue(shop) == 10


def test_what_cannot_be_translated_is_counted_and_not_kept(make_shop: Callable[[str], Shop], tmp_path: Path) -> None:
    """So that the same file can be read again and again."""
    shop = make_shop("[shopify]\n")
    export = write_export(tmp_path / "orders.jsonl", exported(1), {"no": "order"})
    for _ in range(2):
        assert sum(shop.senders.reconcile(export).refused.values()) == 1
    assert shop.reading.one("SELECT count(*) FROM events WHERE kind = 'rejection'") == 0
    with pytest.raises(InputError, match="cannot be read"):
        shop.senders.reconcile(tmp_path / "nowhere.jsonl")
