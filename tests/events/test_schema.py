"""The log's columns and the vocabulary's structs say the same."""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pytest

from counterclick.events.schema import FIELDS_OF, PARTS_OF, SCHEMA, duckdb_type
from counterclick.events.vocabulary import EVENTS, Event

TYPES = {
    msgspec.inspect.StrType: "VARCHAR",
    msgspec.inspect.LiteralType: "VARCHAR",
    msgspec.inspect.IntType: "INTEGER",
    msgspec.inspect.FloatType: "DOUBLE",
    msgspec.inspect.BoolType: "BOOLEAN",
    msgspec.inspect.DecimalType: "DECIMAL(18,4)",
    msgspec.inspect.DateTimeType: "TIMESTAMPTZ",
}


def plain(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """A type without its `| None`."""
    options = [one for one in getattr(kind, "types", (kind,)) if not isinstance(one, msgspec.inspect.NoneType)]
    assert len(options) == 1
    return options[0]


def agree(kind: msgspec.inspect.Type, arrow: pa.DataType) -> bool:
    kind = plain(kind)
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return pa.types.is_list(arrow) and agree(kind.item_type, arrow.value_type)
    if isinstance(kind, msgspec.inspect.StructType):
        columns = {part.name: part.type for part in arrow}
        return all(agree(field.type, columns[field.name]) for field in kind.fields)
    return TYPES[type(kind)] == duckdb_type(arrow)


def test_fields_are_columns_and_columns_are_fields() -> None:
    """Every field of every event is a column; every column but the two that the door fills is a field."""
    fields = {name for names in FIELDS_OF.values() for name in names}
    assert fields | {"kind", "received_at", "source"} == set(SCHEMA.names)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_types_agree(event: type[Event]) -> None:
    """A field's type is its column's, inside of lists too."""
    for field in msgspec.inspect.type_info(event).fields:  # type: ignore[attr-defined]  # every struct has them
        assert agree(field.type, SCHEMA.field(field.name).type), field.name


def test_fields_of_lines() -> None:
    """A refund's line has no cost and names no surface, and only a purchase's must have a price."""
    assert PARTS_OF["refund"]["lines"] == (
        ("product_id", "quantity", "unit_price", "line_id"),
        ("product_id", "quantity"),
    )
    assert PARTS_OF["purchase"]["lines"][1] == ("product_id", "quantity", "unit_price")
