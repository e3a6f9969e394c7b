"""How what was sent becomes a column's value: one table, in Python for bodies and in SQL for files.

Null and empty text mean that nothing was sent. Text may stand where a number belongs, as many shops send it, and a
whole number may stand where text belongs; nothing else is guessed. What cannot be read is refused, never rounded,
but for amounts, which are kept to four decimals.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from counterclick.events.schema import SCHEMA, duckdb_type

__all__ = ["SENT", "UnreadableError", "list_reading_sql", "must_be", "reader_of", "reading", "reading_sql", "unknown_names"]

WHOLE = r"[+-]?\d{1,18}(\.0+)?"
NUMBER = r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,2})?"
ZONED = r"[12]\d{3}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
SENT = tuple(name for name in SCHEMA.names if name not in ("received_at", "source"))
"""The columns that a sender fills."""

_MONEY = Context(prec=60)
_LIMIT = Decimal(10) ** 14
_whole, _number, _zoned = (re.compile(pattern, re.ASCII) for pattern in (WHOLE, NUMBER, ZONED))


class UnreadableError(ValueError):
    """A value cannot be read as what its column holds."""


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if type(value) is int and -(2**63) <= value < 2**64:
        return str(value)
    raise UnreadableError


def _matching(value: Any, pattern: re.Pattern[str]) -> str:
    text = value if isinstance(value, str) else repr(value) if type(value) in (int, float) else ""
    if not pattern.fullmatch(text):
        raise UnreadableError
    return text


def _integer(value: Any) -> int:
    number = int(_matching(value, _whole).partition(".")[0])
    if not -(2**31) <= number < 2**31:
        raise UnreadableError
    return number


def _double(value: Any) -> float:
    return float(_matching(value, _number))


def _money(value: Any) -> Decimal:
    try:
        amount = Decimal(_matching(value, _number)).quantize(Decimal("0.0001"), ROUND_HALF_UP, _MONEY)
    except InvalidOperation as error:
        raise UnreadableError from error
    if abs(amount) >= _LIMIT:
        raise UnreadableError
    return amount


def _boolean(value: Any) -> bool:
    text = str(value).lower() if isinstance(value, (bool, str)) or type(value) is int else ""
    if text not in ("true", "1", "false", "0"):
        raise UnreadableError
    return text in ("true", "1")


def _time(value: Any) -> datetime:
    if not isinstance(value, str) or not _zoned.fullmatch(value):
        raise UnreadableError
    try:
        found = datetime.fromisoformat(value)
        return found if found.tzinfo is UTC else found.astimezone(UTC)
    except ValueError as error:
        raise UnreadableError from error


def _gated(pattern: str, sql: str) -> str:
    """SQL that is computed where the text ``{0}`` matches, as a template."""
    braced = pattern.replace("{", "{{").replace("}", "}}")
    return f"CASE WHEN regexp_full_match({{0}}, '{braced}') THEN {sql} END"


_SCALARS: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "VARCHAR": (_text, "{0}", "text"),
    "INTEGER": (
        _integer,
        _gated(WHOLE, "TRY_CAST(split_part({0}, '.', 1) AS INTEGER)"),
        "a whole number below 2,147,483,648",
    ),
    "DOUBLE": (
        _double,
        _gated(NUMBER, "TRY_CAST({0} AS DOUBLE)"),
        "a number",
    ),
    "DECIMAL(18,4)": (
        _money,
        _gated(NUMBER, "TRY_CAST({0} AS DECIMAL(18,4))"),
        "an amount with a point before its decimals: 19.90",
    ),
    "BOOLEAN": (
        _boolean,
        "CASE WHEN lower({0}) IN ('true', '1') THEN true WHEN lower({0}) IN ('false', '0') THEN false END",
        "true or false",
    ),
    "TIMESTAMPTZ": (
        _time,
        _gated(ZONED, "TRY_CAST({0} AS TIMESTAMPTZ)"),
        "ISO 8601 with its seconds and its zone: 2026-03-02T09:30:00Z",
    ),
}
"""DuckDB type -> how Python reads a value, how DuckDB reads a text, and what the value must be."""


def reading(name: str, value: Any) -> Any:
    """Return a JSON value as its column holds it.

    Args:
        name: a column of the schema.
        value: what the JSON said; neither null nor empty text.

    Raises:
        UnreadableError: the column cannot hold it.
    """
    return _READERS[name](value)


def reader_of(arrow: pa.DataType) -> Callable[[Any], Any]:
    """Return what reads a JSON value as a column of a type holds it; it raises `UnreadableError`."""
    if pa.types.is_list(arrow):
        element = reader_of(arrow.value_type)

        def read_list(value: Any) -> list[Any]:
            if not isinstance(value, list):
                raise UnreadableError
            return [element(part) for part in value]

        return read_list
    if pa.types.is_struct(arrow):
        parts = {part.name: reader_of(part.type) for part in arrow}

        def read_struct(value: Any) -> dict[str, Any]:
            if not isinstance(value, dict):
                raise UnreadableError
            return {key: parts[key](part) for key, part in value.items() if part is not None and part != ""}

        return read_struct
    return _SCALARS[duckdb_type(arrow)][0]


_READERS = {name: reader_of(SCHEMA.field(name).type) for name in SENT}


def must_be(name: str) -> str:
    """Return the sentence about a column that holds what it cannot hold."""
    arrow = SCHEMA.field(name).type
    if not pa.types.is_list(arrow):
        return f"{name} must be {_SCALARS[duckdb_type(arrow)][2]}"
    if pa.types.is_struct(arrow.value_type):
        parts = (f"{part.name} ({_SCALARS[duckdb_type(part.type)][2]})" for part in arrow.value_type)
        return f"{name} must be a list of objects with {', '.join(parts)}"
    return f"{name} must be a list of text"


def unknown_names(raw: dict[str, Any]) -> list[str]:
    """Return the names in a JSON object that no event has, those inside of its lists included."""
    unknown = raw.keys() - _READERS.keys()
    for name in raw.keys() & _PARTS.keys():
        inside, known = raw[name], _PARTS[name]
        for part in inside if isinstance(inside, list) else ():
            if isinstance(part, dict):
                unknown |= part.keys() - known
    return sorted(unknown)


_PARTS = {
    name: frozenset(part.name for part in SCHEMA.field(name).type.value_type)
    for name in SENT
    if pa.types.is_list(SCHEMA.field(name).type) and pa.types.is_struct(SCHEMA.field(name).type.value_type)
}
"""List column -> the fields of its objects."""


def reading_sql(text: str, target: str) -> str:
    """Return `reading` of a text as DuckDB SQL; null where it cannot be read.

    Args:
        text: SQL of the text; null where nothing was sent.
        target: the DuckDB type to read it as.
    """
    return _SCALARS[target][1].format(text)


def list_reading_sql(name: str, json: str) -> tuple[str, str, str]:
    """Return DuckDB SQL for a list column that arrives as JSON.

    Args:
        name: the column.
        json: SQL of its JSON; null where nothing was sent.

    Returns:
        SQL of the list, of whether it holds what it cannot hold, and of the unknown names in it (null for none).
    """
    inner = SCHEMA.field(name).type.value_type
    types = f"json_type({json}, '$[*]')"
    textual = "('VARCHAR', 'UBIGINT', 'BIGINT')"
    if not pa.types.is_struct(inner):
        odd = f"len(list_filter({types}, lambda t: t NOT IN {textual})) > 0"
        return f"json_transform({json}, '[\"VARCHAR\"]')", f"(json_type({json}) <> 'ARRAY' OR {odd})", "NULL"
    shape = ", ".join(f'"{part.name}": "VARCHAR"' for part in inner)
    parsed = f"json_transform({json}, '[{{{shape}}}]')"
    read, wrong = [], [f"json_type({json}) <> 'ARRAY'", f"len(list_filter({types}, lambda t: t <> 'OBJECT')) > 0"]
    lost = []
    for part in inner:
        text, target = f"nullif(l.\"{part.name}\", '')", duckdb_type(part.type)
        read.append(f'"{part.name}" := {reading_sql(text, target)}')
        if target == "VARCHAR":
            inside = f"json_type({json}, '$[*].{part.name}')"
            wrong.append(f"len(list_filter({inside}, lambda t: t NOT IN ('VARCHAR', 'UBIGINT', 'BIGINT', 'NULL'))) > 0")
        else:
            lost.append(f"({text} IS NOT NULL AND ({reading_sql(text, target)}) IS NULL)")
    if lost:
        wrong.append(f"len(list_filter({parsed}, lambda l: {' OR '.join(lost)})) > 0")
    known = ", ".join(f"'{part.name}'" for part in inner)
    unknown = (
        f"nullif(array_to_string(list_sort(list_distinct(list_filter(flatten(json_keys({json}, '$[*]')), "
        f"lambda k: k NOT IN ({known})))), ', '), '')"
    )
    return f"list_transform({parsed}, lambda l: struct_pack({', '.join(read)}))", f"({' OR '.join(wrong)})", unknown
