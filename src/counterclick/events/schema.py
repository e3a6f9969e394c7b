"""The vocabulary as columns: one wide, explicit schema for the log, derived from nothing but itself and checked
against the structs by a test.

A row is one event; a column that its kind does not have is null. Rejections lie in the same table under the kind
``rejection``, so that what was refused is kept in the same commit as what was taken.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa

from counterclick.events.vocabulary import EVENTS

__all__ = ["FIELDS_OF", "KINDS", "REJECTION", "REQUIRED_OF", "SCHEMA", "duckdb_type"]

MONEY = pa.decimal128(18, 4)
TIME = pa.timestamp("us", tz="UTC")
REJECTION = "rejection"

SHOWN_ITEM = pa.struct([("product_id", pa.string()), ("position", pa.int32())])
LINE = pa.struct(
    [
        ("product_id", pa.string()),
        ("quantity", pa.int32()),
        ("unit_price", MONEY),
        ("unit_cost", MONEY),
        ("line_id", pa.string()),
    ]
)

SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("kind", pa.string()),
        ("occurred_at", TIME),
        ("received_at", TIME),
        ("source", pa.string()),
        ("visitor_id", pa.string()),
        ("customer_id", pa.string()),
        ("device", pa.string()),
        ("country", pa.string()),
        ("surface", pa.string()),
        ("channel", pa.string()),
        ("experiment", pa.string()),
        ("variant", pa.string()),
        ("policy", pa.string()),
        ("propensity", pa.float64()),
        ("page", pa.string()),
        ("items", pa.list_(SHOWN_ITEM)),
        ("product_id", pa.string()),
        ("position", pa.int32()),
        ("quantity", pa.int32()),
        ("unit_price", MONEY),
        ("unit_cost", MONEY),
        ("currency", pa.string()),
        ("order_id", pa.string()),
        ("lines", pa.list_(LINE)),
        ("value", MONEY),
        ("tax", MONEY),
        ("shipping", MONEY),
        ("discount", MONEY),
        ("amount", MONEY),
        ("refund_kind", pa.string()),
        ("reason", pa.string()),
        ("conversation_id", pa.string()),
        ("matched_products", pa.list_(pa.string())),
        ("escalated", pa.bool_()),
        ("could_not_answer", pa.bool_()),
        ("message_id", pa.string()),
        ("campaign_id", pa.string()),
        ("title", pa.string()),
        ("category", pa.string()),
        ("config_hash", pa.string()),
        ("details", pa.string()),
    ]
)
"""The event log's schema; the column order of every reader and writer."""

FIELDS_OF: dict[str, tuple[str, ...]] = {
    str(event.__struct_config__.tag): event.__struct_fields__ for event in EVENTS
}
"""kind -> the fields its struct has."""

REQUIRED_OF: dict[str, tuple[str, ...]] = {
    str(event.__struct_config__.tag): tuple(
        field.name for field in msgspec.structs.fields(event) if field.required
    )
    for event in EVENTS
}
"""kind -> the fields an event of that kind cannot do without."""

KINDS: tuple[str, ...] = tuple(FIELDS_OF)


def duckdb_type(arrow: pa.DataType) -> str:
    """Return DuckDB's name of one of the schema's Arrow types."""
    if pa.types.is_list(arrow):
        return f"{duckdb_type(arrow.value_type)}[]"
    if pa.types.is_struct(arrow):
        return "STRUCT(" + ", ".join(f'"{f.name}" {duckdb_type(f.type)}' for f in arrow) + ")"
    if pa.types.is_decimal(arrow):
        return f"DECIMAL({arrow.precision},{arrow.scale})"
    return _SCALARS[str(arrow)]


_SCALARS = {
    "string": "VARCHAR",
    "int32": "INTEGER",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
}
