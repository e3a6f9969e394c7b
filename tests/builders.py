"""Events as small as a test wants them, and the tables that they make once they are through the door."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import duckdb
import ibis
from ibis.expr.types import Table

from counterclick.attribution import FirstTouch
from counterclick.config import ExperimentConfig
from counterclick.events.bulk import admitted_sql, json_lines_sql
from counterclick.events.door import Context as Door
from counterclick.experiments import Context, Experiment
from counterclick.facts import Facts

Event = dict[str, Any]

MONDAY = "2026-01-05T10:00"
"""When things happen unless a test says otherwise."""
RECEIVED = datetime(2026, 12, 31, tzinfo=UTC)

_numbers = count(1)
_connection = duckdb.connect()
_backend = ibis.duckdb.from_connection(_connection)


def moment(text: str) -> datetime:
    """Return a UTC moment written as ``2026-01-05T10:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def later(at: str, **duration: float) -> str:
    """Return a moment so much later, such as ``later(MONDAY, hours=24)``."""
    return (moment(at) + timedelta(**duration)).replace(tzinfo=None).isoformat()


def event(kind: str, at: str = MONDAY, **fields: Any) -> Event:
    """Return an event of any kind; its id is counted up unless given."""
    given = {name: value for name, value in fields.items() if value is not None}
    seconds = "" if at.count(":") > 1 else ":00"
    return {"event_id": f"e{next(_numbers):06}", "kind": kind, "occurred_at": f"{at}{seconds}Z", **given}


def line(product: str = "p1", quantity: int = 1, price: float | str = 10, **fields: Any) -> Event:
    """Return a line of an order."""
    return {"product_id": product, "quantity": quantity, "unit_price": price, **fields}


def purchase(
    visitor: str | None = "v1",
    revenue: float | str | None = None,
    at: str = MONDAY,
    *,
    order: str | None = None,
    lines: list[Event] | None = None,
    **fields: Any,
) -> Event:
    """Return a purchase: of a value, of lines, or of both."""
    number = order or f"o{next(_numbers):06}"
    return event("purchase", at, visitor_id=visitor, order_id=number, value=revenue, lines=lines or None, **fields)


def refund(order: str | None, at: str = MONDAY, **fields: Any) -> Event:
    """Return a refund: whole, unless ``lines`` or ``amount`` is given."""
    return event("refund", at, order_id=order, **fields)


def exposure(visitor: str, variant: str, at: str = MONDAY, experiment: str = "test", **fields: Any) -> Event:
    """Return a visitor's eligibility."""
    return event("exposure", at, visitor_id=visitor, experiment=experiment, variant=variant, **fields)


def identify(visitor: str, customer: str, at: str = MONDAY) -> Event:
    """Return a visitor that turned out to be a customer."""
    return event("identify", at, visitor_id=visitor, customer_id=customer)


def view(visitor: str, at: str = MONDAY, **fields: Any) -> Event:
    """Return a page view."""
    return event("page_view", at, visitor_id=visitor, **fields)


def answer(visitor: str, *products: str, at: str = MONDAY, surface: str = "chat", **fields: Any) -> Event:
    """Return an assistant's answer that matched these products."""
    return event("assistant_answer", at, visitor_id=visitor, surface=surface, matched_products=list(products), **fields)


def click(visitor: str, product: str = "p1", at: str = MONDAY, surface: str = "cart", **fields: Any) -> Event:
    """Return a click on a product that a surface showed."""
    return event("select_item", at, visitor_id=visitor, surface=surface, product_id=product, **fields)


def shown(visitor: str, *products: str, at: str = MONDAY, surface: str = "cart", **fields: Any) -> Event:
    """Return a list of products that a surface showed."""
    items = [{"product_id": product, "position": place} for place, product in enumerate(products, 1)]
    return event("view_item_list", at, visitor_id=visitor, surface=surface, items=items, **fields)


def add(
    visitor: str, price: float | str = 10, at: str = MONDAY, *, product: str = "p1", quantity: int = 1, **more: Any
) -> Event:
    """Return units laid into the cart."""
    fields = {"product_id": product, "quantity": quantity, "unit_price": price, **more}
    return event("add_to_cart", at, visitor_id=visitor, **fields)


def remove(visitor: str, price: float | str = 10, at: str = MONDAY, *, product: str = "p1", quantity: int = 1) -> Event:
    """Return units taken out of the cart."""
    fields = {"product_id": product, "quantity": quantity, "unit_price": price}
    return event("remove_from_cart", at, visitor_id=visitor, **fields)


def product(name: str, category: str | None = None, at: str = MONDAY, **fields: Any) -> Event:
    """Return what the catalogue says of a product."""
    return event("product", at, product_id=name, category=category, **fields)


def message(what: str, visitor: str | None = None, at: str = MONDAY, *, surface: str = "email", **fields: Any) -> Event:
    """Return a message that was ``sent``, ``opened`` or ``clicked``."""
    return event(f"message_{what}", at, visitor_id=visitor, surface=surface, **fields)


def events_table(*events: Event, currency: str = "EUR") -> Table:
    """Put events through the door and return the log's rows.

    Raises:
        AssertionError: the door refused one of them.
    """
    number = next(_numbers)
    lines = [json.dumps(each) for each in events]
    _connection.execute("CREATE OR REPLACE TEMP TABLE _lines AS SELECT unnest(?::VARCHAR[]) AS line", [lines])
    _connection.execute(f"CREATE OR REPLACE TEMP TABLE _parsed AS {json_lines_sql('_lines')}")
    described = _connection.execute("DESCRIBE _parsed").fetchall()
    types = {name: kind for name, kind, *_ in described}
    door = Door(received_at=RECEIVED, source="test", currency=currency, key="key")
    _connection.execute(f"CREATE TABLE events_{number} AS {admitted_sql('_parsed', types, door)}")
    refused = _connection.execute(f"SELECT reason, details FROM events_{number} WHERE kind = 'rejection'").fetchall()
    assert not refused, refused
    return _backend.table(f"events_{number}")


def log_table(arrow: Any) -> Table:
    """Return rows that have the log's schema already, such as a simulated shop's, as a table."""
    name = f"events_{next(_numbers)}"
    _connection.register("_arrow", arrow)
    _connection.execute(f"CREATE TABLE {name} AS SELECT * FROM _arrow")
    _connection.unregister("_arrow")
    return _backend.table(name)


def kept(table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = "") -> Table:
    """Materialise a table: what a shop does with tables that many questions need."""
    del by, merges, per
    place = f"{name}_{next(_numbers)}"
    _backend.create_table(place, table, temp=True)
    return _backend.table(place)


def rates_table(*rates: tuple[date, str, float]) -> Table:
    """Return a rate table from (day, currency, rate) rows."""
    schema = {"rate_on": "date", "from_currency": "string", "rate": "float64"}
    columns = {name: [rate[i] for rate in rates] for i, name in enumerate(schema)}
    return kept(ibis.memtable(columns, schema=ibis.schema(schema)), "rates")


def facts(*events: Event, currency: str = "EUR", rates: Table | None = None, keep: bool = True) -> Facts:
    """Return the tables of a shop to which this happened; tables that many questions need are kept, as a shop does."""
    table = events_table(*events, currency=currency)
    return Facts(table, currency, rates, kept) if keep else Facts(table, currency, rates)


def rows(table: Table, *columns: str, by: str | None = None) -> list[Any]:
    """Return a table's rows in the order of a column: tuples, or bare values of a single column."""
    ordered = table.order_by(by or columns[0]).select(*columns).to_pyarrow().to_pylist()
    return [row[columns[0]] if len(columns) == 1 else tuple(row.values()) for row in ordered]


def config(**settings: Any) -> ExperimentConfig:
    """Return a declared experiment: four weeks of January 2026, half and half, unless a test says otherwise."""
    usual: dict[str, Any] = {
        "surface": "cart",
        "control": "a",
        "variants": {"a": 0.5, "b": 0.5},
        "starts_on": date(2026, 1, 5),
        "ends_on": date(2026, 2, 1),
    }
    return ExperimentConfig(**usual | settings)


def context(*events: Event, of: Facts | None = None, **settings: Any) -> Context:
    """Return what an experiment is told by a shop to which this happened; long after all is over."""
    usual: dict[str, Any] = {
        "as_of": datetime(2026, 6, 1, tzinfo=UTC),
        "rule": FirstTouch(),
        "currency": "EUR",
        "timezone": "UTC",
        "allowance": timedelta(days=2),
        "returns_window": timedelta(days=30),
    }
    return Context(facts=of or facts(*events, keep=True), **usual | settings)


def experiment(*events: Event, of: Facts | None = None, name: str = "test", told: Any = None, **settings: Any) -> Experiment:
    """Return an experiment on a shop to which this happened; ``told`` are settings of its context."""
    return Experiment(name, config(**settings), context(*events, of=of, **(told or {})))
