"""Base facts in the words of events: what a warehouse has becomes what all other facts are worked out of; and back.

The rows of all base facts together are the events, without their lists; these are parts, which stay tables of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import ibis
import ibis.expr.datatypes as dt
from ibis.expr.schema import Schema
from ibis.expr.types import Column, Table

from counterclick.events.schema import SCHEMA
from counterclick.facts.base import CONTRACT
from counterclick.facts.contract import Fact, Field
from counterclick.facts.local_time import to_utc
from counterclick.facts.parts import NESTED, Parts, Tabled, Tables

__all__ = ["base_tables", "conformed", "mapped_events", "mapped_parts"]

WAREHOUSE = "warehouse"
"""Source of events that are rows of mapped tables."""
_LISTS = ("items", "lines", "matched_products")
_CARTS = {True: "add_to_cart", False: "remove_from_cart"}
_FLAT = {name: kind for name, kind in Schema.from_pyarrow(SCHEMA).items() if name not in _LISTS}
_NO_ITEMS = ("product_id", "position")
"""Of decisions, which only the shop's own log has."""


def conformed(raw: Table, fact: Fact, timezone: str | None = None, unit: float = 1.0) -> Table:
    """Return a table with every column of a fact in its type; those that ``raw`` lacks have what the contract says instead.

    Grain: as ``raw``.

    Args:
        raw: some of the fact's columns, in whatever types.
        fact: whose.
        timezone: of times without a zone; UTC unless given.
        unit: what 1 stands for in amounts.
    """
    return raw.select(**{field.name: _typed(raw, field, timezone, unit) for field in fact.fields})


def _typed(raw: Table, field: Field, timezone: str | None, unit: float) -> Column:
    if field.name not in raw.columns:
        return _instead(field)
    column = raw[field.name]
    if field.kind == "time" and column.type().is_timestamp() and column.type().timezone is None:
        return to_utc(column, timezone or "UTC").cast(field.dtype)
    own = column if column.type() == field.dtype else column.cast(field.dtype)
    if field.kind == "money" and unit != 1:
        own = (own * ibis.literal(Decimal(str(unit)))).cast(field.dtype)
    return own if field.otherwise is None else ibis.coalesce(own, _instead(field))


def _instead(field: Field) -> Column:
    if field.otherwise is None:
        return ibis.null(field.dtype)
    return ibis.literal(field.otherwise).cast(field.dtype)


def mapped_events(tables: Mapping[str, Table]) -> Table:
    """Return base facts as events, without lists.

    Grain: one row of a base fact that is no part of another's. Columns: those of the log but its lists.

    Args:
        tables: name -> `conformed` table, one at least that is no part.
    """
    own = [_as_events(tables[name], fact) for name, fact in CONTRACT.items() if name in tables and not fact.owner]
    return own[0] if len(own) == 1 else ibis.union(*own)


def _as_events(table: Table, fact: Fact) -> Table:
    told = {field.target: table[field.name] for field in fact.fields if field.target in _FLAT}
    told["event_id"] = ibis.coalesce(told.get("event_id", ibis.null("string")), *_named(table, fact), "")
    told["received_at"] = ibis.coalesce(table.received_at, told["occurred_at"])
    told["source"] = ibis.literal(WAREHOUSE)
    if fact.kind:
        told["kind"] = ibis.literal(fact.kind)
    if fact.name == "cart_moves":
        told["kind"] = ibis.ifelse(table.is_add, _CARTS[True], _CARTS[False])
    if fact.name == "returns":
        told["refund_kind"] = ibis.ifelse(table.is_return, "return", "cancellation")
    if fact.name == "shown_products":
        told.pop("position")
    return table.select(**{name: _as(told.get(name), kind) for name, kind in _FLAT.items()})


def _named(table: Table, fact: Fact) -> list[Column]:
    """Return what names a row that has no id of its own: the key, where that is one column."""
    return [table[fact.key[0]]] if len(fact.key) == 1 and fact.key[0] != "event_id" else []


def _as(value: Column | None, kind: dt.DataType) -> Column:
    if value is None:
        return ibis.null(kind)
    return value if value.type() == kind else value.cast(kind)


def mapped_parts(tables: Mapping[str, Table]) -> Parts:
    """Return the parts of events as tables; those that are not mapped are empty.

    Args:
        tables: name -> `conformed` table, one at least.
    """
    found: dict[tuple[str, str], Tables] = {}
    for name, fact in CONTRACT.items():
        if not fact.owner:
            continue
        (kind,), column = fact.parts
        found[kind, column] = Tables(_part(tables, name, fact), "order_id" if fact.owner == "order_id" else "event_id")
    items = found["view_item_list", "items"]
    found["decision", "items"] = Tables(items.table.filter(ibis.literal(False)), "event_id")
    return Tabled(found)


def _part(tables: Mapping[str, Table], name: str, fact: Fact) -> Table:
    some = tables.get(name)
    if some is None:
        none = next(iter(tables.values()))
        some = none.select(**{field.name: ibis.null(field.dtype) for field in fact.fields}).filter(ibis.literal(False))
    nth = {"order_lines": "line_number", "shown_products": "position"}.get(name)
    place = ibis.literal(0) if nth is None else some[nth] - (1 if nth == "position" else 0)
    return some.mutate(owner=some[fact.owner], nth=place.cast("int64")).drop(
        fact.owner, *(["line_number"] if nth == "line_number" else [])
    )


def base_tables(events: Table, parts: Parts = NESTED) -> dict[str, Table]:
    """Return the base facts of a log: name -> table, with the columns that the contract says.

    Args:
        events: the events table.
        parts: how its lists are found.
    """
    return {
        name: _parts_of(events, fact, parts) if fact.owner else _rows_of(events, fact) for name, fact in CONTRACT.items()
    }


def _kinds(fact: Fact) -> list[str]:
    if fact.name == "cart_moves":
        return [*_CARTS.values()]
    return [fact.kind] if fact.kind else [*fact.by_name["kind"].words]


def _rows_of(events: Table, fact: Fact) -> Table:
    own = events.filter(events.kind.isin(_kinds(fact)))
    said = {
        "is_add": own.kind == _CARTS[True],
        "is_return": ibis.coalesce(own.refund_kind, "return") == "return",
    }
    return own.select(**{field.name: said[field.name] if field.name in said else own[field.target] for field in fact.fields})


def _parts_of(events: Table, fact: Fact, parts: Parts) -> Table:
    (kind,), column = fact.parts
    key = "order_id" if fact.owner == "order_id" else "event_id"
    flat = parts.flat(events.filter(events.kind == kind), kind, column, (key,), "nth")
    said = {fact.owner: flat[key], "line_number": flat.nth.cast("int32")}
    if "part_position" in flat.columns:
        said["position"] = ibis.coalesce(flat.part_position, (flat.nth + 1).cast("int32"))
    return flat.select(
        **{field.name: said[field.name] if field.name in said else flat[f"part_{field.name}"] for field in fact.fields}
    )
