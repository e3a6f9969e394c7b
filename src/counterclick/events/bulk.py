"""The door for files: the same steps as for bodies, in columns, run by DuckDB.

A file arrives as a relation whose columns carry names of the log's schema, of whatever type, plus, from JSON lines,
`BODY` (the text of the line). `admitted_sql` turns it into one relation in the log's schema, in which a row that was
refused has the kind ``rejection``, its reason, the sentence, and its redacted body. Nothing leaves on the way.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from counterclick.events import redaction
from counterclick.events.door import Context
from counterclick.events.rejection import Reason
from counterclick.events.rules import CLOCK_TOLERANCE, EARLIEST, RULES, declared
from counterclick.events.schema import FIELDS_OF, KINDS, REJECTION, REQUIRED_OF, SCHEMA, duckdb_type

__all__ = ["BODY", "DETAILS", "admitted_sql", "columns_sql", "json_lines_sql", "same_rows_sql"]

BODY = "_body"
"""The text that a row came from, kept with a rejection."""
DETAILS = "_details"
"""A sentence of the reader about a row that cannot be read at all."""
UNKNOWN = "_unknown"
_LISTS = {name: SCHEMA.field(name).type for name in SCHEMA.names if pa.types.is_list(SCHEMA.field(name).type)}
_SENT = tuple(name for name in SCHEMA.names if name not in ("received_at", "source"))
_ISO_ZONED = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|z|[+-]\d\d(:?\d\d)?)"


def json_lines_sql(lines: str, column: str = "line") -> str:
    """Return SQL that reads JSON objects, one a row, into columns of text.

    Args:
        lines: a relation with one JSON text a row; empty lines are passed over.
        column: the name of its column.
    """
    shape = ", ".join(f'"{name}": {_json_shape(SCHEMA.field(name).type)}' for name in _SENT)
    lists = " OR ".join(
        f"json_type(object, '$.{name}') NOT IN ('ARRAY', 'NULL')" for name in _LISTS
    )
    names = ", ".join(f"'{name}'" for name in _SENT)
    return f"""
        SELECT unnest(json_transform(object, '{{{shape}}}')), {BODY},
            CASE WHEN object IS NULL THEN 'an event must be a JSON object' END AS {DETAILS},
            CASE WHEN {lists} THEN 'a list' END AS _unlisted,
            array_to_string(list_filter(json_keys(object), lambda k: k NOT IN ({names})), ', ') AS {UNKNOWN}
        FROM (
            SELECT {column} AS {BODY}, CASE WHEN json_valid({column}) AND json_type({column}) = 'OBJECT'
                THEN {column}::JSON END AS object
            FROM {lines} WHERE trim({column}) <> ''
        )"""


def admitted_sql(raw: str, types: Mapping[str, str], context: Context) -> str:
    """Return SQL for the rows of ``raw`` as rows of the log.

    Args:
        raw: name of the relation.
        types: its columns with their DuckDB types.
        context: clock, source, currency and key.
    """
    read = _read(types)
    columns = ", ".join(f'{_column(name, types)} AS "{name}"' for name in _SENT)
    body = BODY if BODY in types else f"to_json(struct_pack({', '.join(_packed(types))}))::VARCHAR"
    return f"""
        WITH cast_rows AS (SELECT {columns}, {_wrong_type(types)} AS _wrong, {read} FROM {raw}),
        judged AS (SELECT *, {_verdict(context)} AS _refusal FROM cast_rows)
        SELECT {", ".join(_kept(name, context, body) for name in SCHEMA.names)}
        FROM judged"""


def columns_sql(lines: str) -> str:
    """Return SQL that turns JSON texts which the door has let in already into rows of the log.

    Args:
        lines: SQL with the columns ``received_at``, ``source`` and ``line``.
    """
    shape = ", ".join(f'"{name}": {_json_shape(SCHEMA.field(name).type)}' for name in _SENT)
    text = {name: _text_type(SCHEMA.field(name).type) for name in _SENT}
    given = {"received_at": "received_at::TIMESTAMPTZ", "source": "source"}
    columns = ", ".join(f'{given.get(name) or _column(name, text)} AS "{name}"' for name in SCHEMA.names)
    return f"""
        SELECT {columns}
        FROM (SELECT received_at, source, unnest(json_transform(line, '{{{shape}}}')) FROM ({lines}) WHERE line <> '')"""


def same_rows_sql(relation: str, columns: tuple[str, ...], source: str, key: str) -> str:
    """Return SQL that keys rows by content: hash of source, content and the occurrence's number among equal rows.

    Args:
        relation: rows without a key of their own.
        columns: the columns that are the content.
        source: the mapping's name; the same row under another mapping is another event.
        key: name of the column that receives the key.
    """
    content = "concat_ws('|', " + ", ".join(f"coalesce(\"{name}\"::VARCHAR, '')" for name in columns) + ")"
    return f"""
        SELECT * EXCLUDE (_content), 'h_' || left(sha256('{source}|' || _content || '|' ||
            row_number() OVER (PARTITION BY _content)), 32) AS {key}
        FROM (SELECT *, md5({content}) AS _content FROM {relation})"""


def _read(types: Mapping[str, str]) -> str:
    given = [name for name in (BODY, DETAILS, UNKNOWN, "_unlisted") if name in types]
    missing = [f"NULL::VARCHAR AS {name}" for name in (DETAILS, UNKNOWN, "_unlisted") if name not in types]
    packed = [] if BODY in types else [f'"{name}" AS _raw_{name}' for name in types if name in SCHEMA.names]
    return ", ".join([*given, *missing, *packed]) or "NULL AS _none"


def _packed(types: Mapping[str, str]) -> list[str]:
    return [f'"{name}" := _raw_{name}' for name in types if name in SCHEMA.names]


def _column(name: str, types: Mapping[str, str]) -> str:
    target = duckdb_type(SCHEMA.field(name).type)
    if name not in types:
        return f"NULL::{target}"
    if same_type(types[name], target):
        return f'"{name}"'
    if types[name] == "VARCHAR":
        text = f"nullif(\"{name}\", '')"
        if name in _LISTS:
            return f"TRY_CAST(TRY_CAST({text} AS JSON) AS {target})"
        if target == "INTEGER":
            return f"TRY_CAST(regexp_extract({text}, '^([+-]?\\d+)(\\.0*)?$', 1) AS INTEGER)"
        return f"TRY_CAST({text} AS {target})"
    if target == "INTEGER":
        return f'CASE WHEN "{name}" = floor("{name}") THEN TRY_CAST("{name}" AS INTEGER) END'
    return f'TRY_CAST("{name}" AS {target})'


def same_type(given: str, target: str) -> bool:
    """Say whether DuckDB's names of two types mean the same."""
    plain = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
    return plain.get(given, given).replace('"', "") == target.replace('"', "")


def _wrong_type(types: Mapping[str, str]) -> str:
    """SQL for the name of the first column that holds what it cannot hold, or null."""
    cases = ["WHEN _unlisted IS NOT NULL THEN 'items, lines or matched_products'"] if "_unlisted" in types else []
    for name in _SENT:
        target = duckdb_type(SCHEMA.field(name).type)
        if name not in types or same_type(types[name], target):
            continue
        there = f'"{name}" IS NOT NULL' + (f" AND \"{name}\" <> ''" if types[name] == "VARCHAR" else "")
        lost = f"({_column(name, types)}) IS NULL"
        if target == "TIMESTAMPTZ" and types[name] == "VARCHAR":
            lost = f"({lost} OR NOT regexp_full_match(trim(\"{name}\"), '{_ISO_ZONED}'))"
        if name in _LISTS and BODY in types and pa.types.is_struct(_LISTS[name].value_type):
            lost = f"({lost} OR {_lost_inside(name)})"
        cases.append(f"WHEN {there} AND {lost} THEN '{name}'")
    return f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"


def _lost_inside(name: str) -> str:
    """SQL that finds a list whose inner values do not survive the cast."""
    inner = []
    for part in _LISTS[name].value_type:
        target = duckdb_type(part.type)
        value = f'l."{part.name}"'
        if target == "INTEGER":
            inner.append(f"NOT regexp_full_match({value}, '[+-]?\\d+(\\.0*)?')")
        elif target != "VARCHAR":
            inner.append(f"({value} IS NOT NULL AND TRY_CAST({value} AS {target}) IS NULL)")
    return f'len(list_filter("{name}", lambda l: {" OR ".join(inner)})) > 0'


def _verdict(context: Context) -> str:
    """SQL for ``{reason, details}`` of a row, or null where nothing is wrong: the door's steps, in order."""
    limit = f"TIMESTAMPTZ '{(context.received_at + CLOCK_TOLERANCE).isoformat()}'"
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    cases = [
        (Reason.MALFORMED, f"{DETAILS} IS NOT NULL", DETAILS),
        (
            Reason.UNKNOWN_KIND,
            f"(kind IS NULL OR kind NOT IN ({kinds}))",
            f"'kind ' || coalesce(kind, 'null') || ' is not in the vocabulary: {', '.join(KINDS)}'",
        ),
        (Reason.UNKNOWN_FIELD, f"coalesce({UNKNOWN}, '') <> ''", f"kind || ' has no field ' || {UNKNOWN}"),
        (Reason.UNKNOWN_FIELD, f"({_foreign()}) IS NOT NULL", f"kind || ' has no field ' || ({_foreign()})"),
        (
            Reason.WRONG_TYPE,
            "_wrong IS NOT NULL",
            "_wrong || ' holds what it cannot hold' || CASE WHEN _wrong = 'occurred_at' "
            "THEN ': it must be ISO 8601 with its zone: 2026-03-02T09:30:00Z' ELSE '' END",
        ),
        (
            Reason.MISSING_FIELD,
            f"({_missing()}) IS NOT NULL",
            f"'object missing required field ' || ({_missing()})",
        ),
        *((Reason.OUT_OF_RANGE, sql, f"'{says}'") for _, sql, says in declared()),
        *((rule.reason, rule.sql, "'" + rule.says.replace("'", "''") + "'") for rule in RULES),
        (
            Reason.IN_FUTURE,
            f"occurred_at > {limit}",
            "'occurred_at ' || occurred_at || ' lies ahead of our clock; send the time in UTC or with its zone'",
        ),
        (
            Reason.TOO_OLD,
            f"occurred_at < TIMESTAMPTZ '{EARLIEST.isoformat()}'",
            "'occurred_at lies before 1990, which is what an unset clock looks like'",
        ),
    ]
    whens = " ".join(
        f"WHEN {condition} THEN struct_pack(reason := '{reason}', details := {details})"
        for reason, condition, details in cases
    )
    return f"CASE {whens} END"


def _foreign() -> str:
    """SQL for the first column that is filled although this kind of event does not have it."""
    whens = []
    for name in _SENT:
        owners = [kind for kind in KINDS if name in FIELDS_OF[kind]]
        if name == "kind" or len(owners) == len(KINDS):
            continue
        listed = ", ".join(f"'{kind}'" for kind in owners)
        whens.append(f"WHEN \"{name}\" IS NOT NULL AND kind NOT IN ({listed}) THEN '{name}'")
    return f"CASE {' '.join(whens)} END"


def _missing() -> str:
    """SQL for the first field that is missing, of the event or of one of its lines or items."""
    whens = []
    for name in _SENT:
        owners = ", ".join(f"'{kind}'" for kind in KINDS if name in REQUIRED_OF[kind])
        if owners:
            whens.append(f"WHEN \"{name}\" IS NULL AND kind IN ({owners}) THEN '{name}'")
    whens.append(
        "WHEN len(list_filter(lines, lambda l: l.product_id IS NULL OR l.quantity IS NULL OR "
        "(kind = 'purchase' AND l.unit_price IS NULL))) > 0 THEN 'product_id, quantity or unit_price of a line'"
    )
    whens.append("WHEN len(list_filter(items, lambda i: i.product_id IS NULL)) > 0 THEN 'product_id of an item'")
    return f"CASE {' '.join(whens)} END"


def _kept(name: str, context: Context, body: str) -> str:
    """SQL for one column of the log: of the event where it was taken, of the rejection where it was not."""
    source = context.source.replace("'", "''")
    received = f"TIMESTAMPTZ '{context.received_at.isoformat()}'"
    always = {"source": f"'{source}'", "received_at": received}
    if name in always:
        return f"{always[name]} AS {name}"
    refused = {
        "kind": f"'{REJECTION}'",
        "occurred_at": received,
        "reason": "_refusal.reason",
        "details": (
            f"to_json(struct_pack(details := {redaction.sql_scrubbed('_refusal.details')}, "
            f"body := {redaction.sql_scrubbed_body(body)}))::VARCHAR"
        ),
    }.get(name, f"NULL::{duckdb_type(SCHEMA.field(name).type)}")
    taken = f'"{name}"'
    if name in redaction.IDENTIFIERS:
        taken = redaction.sql_hashed(taken, context.key)
    elif name in redaction.TEXTS:
        taken = redaction.sql_scrubbed(redaction.sql_page(taken) if name == "page" else taken)
    elif name == "currency":
        owners = ", ".join(f"'{kind}'" for kind in KINDS if "currency" in FIELDS_OF[kind])
        taken = f"CASE WHEN kind IN ({owners}) THEN coalesce(currency, '{context.currency}') END"
    return f'CASE WHEN _refusal IS NULL THEN {taken} ELSE {refused} END AS "{name}"'


def _json_shape(arrow: pa.DataType) -> str:
    if pa.types.is_list(arrow):
        return f"[{_json_shape(arrow.value_type)}]"
    if pa.types.is_struct(arrow):
        return "{" + ", ".join(f'"{part.name}": "VARCHAR"' for part in arrow) + "}"
    return '"VARCHAR"'




def _text_type(arrow: pa.DataType) -> str:
    return "VARCHAR" if not pa.types.is_list(arrow) else "JSON list"
