"""The vocabulary as columns: one wide, explicit schema for the log, which a test checks against the structs.

A row is one event; a column that its kind does not have is null. Rejections lie in the same table under the kind
``rejection``, so that what was refused is kept in the same commit as what was taken.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa

from counterclick.events.vocabulary import EVENTS

__all__ = ["DEFAULTS_OF", "ERASURE", "FIELDS_OF", "KINDS", "PARTS_OF", "REJECTION", "REQUIRED_OF", "SCHEMA", "duckdb_type"]

MONEY = pa.decimal128(18, 4)
TIME = pa.timestamp("us", tz="UTC")
REJECTION = "rejection"
ERASURE = "erasure"
"""Kind of the rows that say how many events were erased, when and why; never whose."""

SHOWN_ITEM = pa.struct([("product_id", pa.string()), ("position", pa.int32())])
LINE = pa.struct(
    [
        ("product_id", pa.string()),
        ("quantity", pa.int32()),
        ("unit_price", MONEY),
        ("unit_cost", MONEY),
        ("line_id", pa.string()),
        ("surface", pa.string()),
        ("decision_id", pa.string()),
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
        ("other_visitor_id", pa.string()),
        ("device", pa.string()),
        ("country", pa.string()),
        ("consent", pa.bool_()),
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
        ("claimant", pa.string()),
        ("claim_window", pa.string()),
        ("period_ends_at", TIME),
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
        ("group_id", pa.string()),
        ("title", pa.string()),
        ("category", pa.string()),
        ("size", pa.string()),
        ("availability", pa.string()),
        ("stock", pa.int32()),
        ("attributes", pa.string()),
        ("payment", pa.string()),
        ("config_hash", pa.string()),
        ("details", pa.string()),
    ]
)
"""The event log's schema; the column order of every reader and writer."""

FIELDS_OF: dict[str, tuple[str, ...]] = {str(event.__struct_config__.tag): event.__struct_fields__ for event in EVENTS}
"""kind -> the fields its struct has."""

REQUIRED_OF: dict[str, tuple[str, ...]] = {
    str(event.__struct_config__.tag): tuple(field.name for field in msgspec.structs.fields(event) if field.required)
    for event in EVENTS
}
"""kind -> the fields an event of that kind cannot do without."""

DEFAULTS_OF: dict[str, dict[str, Any]] = {
    str(event.__struct_config__.tag): {
        field.name: field.default
        for field in msgspec.structs.fields(event)
        if not field.required and field.default is not None
    }
    for event in EVENTS
}
"""kind -> field -> the value it has when it is not sent, but for null."""

KINDS: tuple[str, ...] = tuple(FIELDS_OF)


def _parts(event: Any) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return, for each list of objects in an event, the fields of the objects, and those they cannot do without."""
    found = {}
    for field in msgspec.inspect.type_info(event).fields:  # type: ignore[attr-defined]  # every struct has them
        part = getattr(field.type, "item_type", None)
        if isinstance(part, msgspec.inspect.StructType):
            names = tuple(inner.name for inner in part.fields)
            found[field.name] = (names, tuple(inner.name for inner in part.fields if inner.required))
    return found


PARTS_OF: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    str(event.__struct_config__.tag): _parts(event) for event in EVENTS
}
"""kind -> list column -> the fields its objects have, and those they cannot do without."""


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
