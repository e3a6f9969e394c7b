"""The door for files: the same steps as for bodies, in columns, run by DuckDB.

A file arrives as a relation whose columns carry names of the log's schema, of whatever type, plus, from JSON lines,
`BODY` (the text of the line). `admitted_sql` turns it into one relation in the log's schema, in which a row that was
refused has the kind ``rejection``, its reason, the sentence, and its redacted body. Nothing leaves on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from counterclick.events import redaction
from counterclick.events.door import Context
from counterclick.events.readings import SENT, list_reading_sql, must_be, reading_sql
from counterclick.events.rejection import Reason
from counterclick.events.rules import CLOCK_TOLERANCE, EARLIEST, RULES, declared
from counterclick.events.schema import (
    DEFAULTS_OF,
    FIELDS_OF,
    KINDS,
    PARTS_OF,
    REJECTION,
    REQUIRED_OF,
    SCHEMA,
    duckdb_type,
)

__all__ = ["BODY", "DETAILS", "admitted_sql", "columns_sql", "json_lines_sql", "quoted", "same_rows_sql"]

BODY = "_body"
"""The text that a row came from, kept with a rejection."""
DETAILS = "_details"
"""A sentence of the reader about a row that cannot be read at all."""
UNKNOWN = "_unknown"
"""The names in a row that no event has."""
MISTYPED = "_mistyped"
"""The first column of text that a JSON object fills with something that is neither text nor a whole number."""
_LISTS = tuple(name for name in SENT if pa.types.is_list(SCHEMA.field(name).type))
_TEXTS = tuple(name for name in SENT if SCHEMA.field(name).type == pa.string())
_WHOLE_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def json_lines_sql(lines: str, column: str = "line") -> str:
    """Return SQL that reads JSON objects, one a row, into columns of text, and lists into JSON.

    Args:
        lines: a relation with one JSON text a row; empty lines are passed over.
        column: the name of its column.
    """
    names = ", ".join(f"'{name}'" for name in SENT)
    texts = ", ".join(f"'{name}'" for name in _TEXTS)
    paths = ", ".join(f"'$.{name}'" for name in _TEXTS)
    odd = f"list_transform(json_type(object, [{paths}]), lambda t: t IN ('BOOLEAN', 'DOUBLE', 'OBJECT', 'ARRAY'))"
    return f"""
        SELECT unnest(json_transform(object, '{{{_shape()}}}')), {BODY},
            CASE WHEN object IS NULL THEN 'an event must be a JSON object' END AS {DETAILS},
            [{texts}][list_position({odd}, true)] AS {MISTYPED},
            nullif(array_to_string(list_sort(list_filter(json_keys(object), lambda k: k NOT IN ({names}))), ', '), '')
                AS {UNKNOWN}
        FROM (
            SELECT {column} AS {BODY}, CASE WHEN json_valid({column}) AND json_type({column}) = 'OBJECT'
                THEN {column}::JSON END AS object
            FROM {lines} WHERE trim({column}, ' ' || chr(9) || chr(13)) <> ''
        )"""


def admitted_sql(raw: str, types: Mapping[str, str], context: Context) -> str:
    """Return SQL for the rows of ``raw`` as rows of the log.

    Args:
        raw: name of the relation.
        types: its columns with their DuckDB types.
        context: clock, source, currency and key.
    """
    columns = ", ".join(f'{_column(name, types)} AS "{name}"' for name in SENT)
    sent = [name for name in types if name in SENT]
    marks = [name for name in (BODY, DETAILS, UNKNOWN, MISTYPED) if name in types]
    packed = [] if BODY in types else [f'"{name}" AS "_raw_{name}"' for name in sent]
    body = BODY if BODY in types else _packed(sent)
    return f"""
        WITH held AS (
            SELECT {", ".join([columns, *marks, *packed])},
                {_misheld(types)} AS _wrong, {_unknown_inside(types)} AS _inside
            FROM {raw}),
        placed AS (SELECT *, {_misplaced(types)} AS _foreign, {_missing(types)} AS _missing FROM held),
        judged AS (SELECT *, {_verdict(types, context)} AS _refusal FROM placed)
        SELECT {", ".join(_kept(name, types, context, body) for name in SCHEMA.names)}
        FROM judged"""


def columns_sql(lines: str) -> str:
    """Return SQL that turns JSON texts which the door has let in already into rows of the log.

    Args:
        lines: SQL with the columns ``received_at``, ``source`` and ``line``.
    """
    types = {name: "JSON" if name in _LISTS else "VARCHAR" for name in SENT}
    given = {"received_at": "received_at::TIMESTAMPTZ", "source": "source"}
    held = ", ".join(f'{given.get(name) or _column(name, types)} AS "{name}"' for name in SCHEMA.names)
    columns = ", ".join(f'{_defaulted(name)} AS "{name}"' for name in SCHEMA.names)
    return f"""
        SELECT {columns} FROM (SELECT {held} FROM (
            SELECT received_at, source, unnest(json_transform(line, '{{{_shape()}}}')) FROM ({lines}) WHERE line <> ''
        ))"""


def same_rows_sql(relation: str, columns: tuple[str, ...], source: str, key: str) -> str:
    """Return SQL that keys rows by content: hash of source, content and the occurrence's number among equal rows.

    Args:
        relation: rows without a key of their own.
        columns: the columns that are the content.
        source: the mapping's name; the same row under another mapping is another event.
        key: name of the column that receives the key.
    """
    content = "concat_ws(chr(31), " + ", ".join(f"coalesce(\"{name}\"::VARCHAR, '')" for name in columns) + ")"
    return f"""
        SELECT * EXCLUDE (_content), 'h_' || left(sha256({quoted(source + "|")} || _content || '|' ||
            row_number() OVER (PARTITION BY _content)), 32) AS {key}
        FROM (SELECT *, md5({content}) AS _content FROM {relation})"""


def _shape() -> str:
    """Return what DuckDB is told to read a JSON object into."""
    return ", ".join(f'"{name}": "{"JSON" if name in _LISTS else "VARCHAR"}"' for name in SENT)


def _packed(names: list[str]) -> str:
    """SQL for the text of a row that came without one."""
    return "to_json(struct_pack(" + ", ".join(f'"{name}" := "_raw_{name}"' for name in names) + "))::VARCHAR"


def _json(name: str, given: str) -> str:
    """SQL for the JSON of a list column, null where nothing was sent."""
    if given == "JSON":
        return f"nullif(nullif(\"{name}\"::VARCHAR, 'null'), '\"\"')::JSON"
    if given == "VARCHAR":
        return f"nullif(TRY_CAST(nullif(\"{name}\", '') AS JSON), 'null')"
    return f'CASE WHEN "{name}" IS NOT NULL THEN to_json("{name}") END'


def _column(name: str, types: Mapping[str, str]) -> str:
    """SQL for a column as the log holds it; null where nothing was sent, or nothing that it can hold."""
    target = duckdb_type(SCHEMA.field(name).type)
    if name not in types:
        return f"NULL::{target}"
    given = types[name]
    if given == "VARCHAR" and name not in _LISTS:
        return reading_sql(f"nullif(\"{name}\", '')", target)
    if same_type(given, target):
        return f'"{name}"'
    return list_reading_sql(name, _json(name, given))[0] if name in _LISTS else _converted(name, given, target)


def _converted(name: str, given: str, target: str) -> str:
    """SQL for a column of numbers, booleans or the like as another type; null where that would change its value."""
    if target == "VARCHAR" and given in ("DOUBLE", "FLOAT", "BOOLEAN"):
        return "NULL::VARCHAR"
    if target == "INTEGER" and given not in ("BOOLEAN", *_WHOLE_TYPES):
        return f'CASE WHEN "{name}" = floor("{name}") THEN TRY_CAST("{name}" AS INTEGER) END'
    if target == "BOOLEAN" or given == "BOOLEAN":
        return reading_sql(f'"{name}"::VARCHAR', target)
    return f'TRY_CAST("{name}" AS {target})'


def same_type(given: str, target: str) -> bool:
    """Say whether DuckDB's names of two types mean the same."""
    plain = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
    return plain.get(given, given).replace('"', "") == target.replace('"', "")


def _misheld(types: Mapping[str, str]) -> str:
    """SQL for the sentence about the first column that holds what it cannot hold, or null."""
    cases = []
    for name in SENT:
        target = duckdb_type(SCHEMA.field(name).type)
        lost = []
        if name in types and not same_type(types[name], target):
            there = f'"{name}" IS NOT NULL' + (f" AND \"{name}\" <> ''" if types[name] == "VARCHAR" else "")
            if name in _LISTS:
                json = _json(name, types[name])
                unread = f"({there} AND {json} IS NULL) OR " if types[name] == "VARCHAR" else ""
                lost.append(f"{unread}{list_reading_sql(name, json)[1]}")
            else:
                lost.append(f"({there} AND ({_column(name, types)}) IS NULL)")
        if MISTYPED in types and name in _TEXTS:
            lost.append(f"{MISTYPED} = '{name}'")
        if lost:
            cases.append(f"WHEN {' OR '.join(lost)} THEN {quoted(must_be(name))}")
    return f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"


def _unknown_inside(types: Mapping[str, str]) -> str:
    """SQL for the names inside of lists that no event has, or null."""
    unknown = [UNKNOWN] if UNKNOWN in types else []
    unknown += [
        list_reading_sql(name, _json(name, types[name]))[2]
        for name in _LISTS
        if name in types and not same_type(types[name], duckdb_type(SCHEMA.field(name).type))
    ]
    return f"coalesce({', '.join([*unknown, 'NULL::VARCHAR'])})"


def _kinds(kinds: list[str]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)


def _misplaced(types: Mapping[str, str]) -> str:
    """SQL for the first column that is filled although this kind of event does not have it, or null."""
    whens = []
    for name in SENT:
        owners = [kind for kind in KINDS if name in FIELDS_OF[kind]]
        if name != "kind" and name in types and len(owners) < len(KINDS):
            whens.append(f"WHEN \"{name}\" IS NOT NULL AND kind NOT IN ({_kinds(owners)}) THEN '{name}'")
    for name, part, owners in _parts(_LISTS, required=False):
        if name in types:
            found = f'len(list_filter("{name}", lambda l: l."{part}" IS NOT NULL)) > 0'
            whens.append(f"WHEN kind IN ({_kinds(owners)}) AND {found} THEN '{part} in {name}'")
    return f"CASE {' '.join(whens)} END" if whens else "NULL::VARCHAR"


def _missing(types: Mapping[str, str]) -> str:
    """SQL for the first field that is missing, of the event or of one of its lines or items, or null."""
    whens = []
    for name in SENT:
        owners = [kind for kind in KINDS if name in REQUIRED_OF[kind]]
        if owners:
            whens.append(f"WHEN \"{name}\" IS NULL AND kind IN ({_kinds(owners)}) THEN '{name}'")
    for name, part, owners in _parts(_LISTS, required=True):
        if name in types:
            found = f'len(list_filter("{name}", lambda l: l."{part}" IS NULL)) > 0'
            whens.append(f"WHEN kind IN ({_kinds(owners)}) AND {found} THEN '{part} in {name}'")
    return f"CASE {' '.join(whens)} END"


def _parts(lists: tuple[str, ...], *, required: bool) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (list column, field of its objects, kinds that need it there, or that do not have it there)."""
    for name in lists:
        inner = SCHEMA.field(name).type.value_type
        for part in inner if pa.types.is_struct(inner) else ():
            having = {kind: PARTS_OF[kind][name] for kind in KINDS if name in PARTS_OF[kind]}
            kinds = [
                kind
                for kind, (fields, needed) in having.items()
                if (part.name in needed if required else part.name not in fields)
            ]
            if kinds:
                yield name, part.name, kinds


def _verdict(types: Mapping[str, str], context: Context) -> str:
    """SQL for ``{reason, details}`` of a row, or null where nothing is wrong: the door's steps, in order."""
    limit = f"TIMESTAMPTZ '{(context.received_at + CLOCK_TOLERANCE).isoformat()}'"
    cases = [
        *([(Reason.MALFORMED, f"{DETAILS} IS NOT NULL", DETAILS)] if DETAILS in types else []),
        (
            Reason.UNKNOWN_KIND,
            f"(kind IS NULL OR kind NOT IN ({_kinds(list(KINDS))}))",
            f"'kind ' || coalesce(kind, 'null') || ' is not in the vocabulary: {', '.join(KINDS)}'",
        ),
        (Reason.UNKNOWN_FIELD, "_inside IS NOT NULL", "kind || ' has no field ' || _inside"),
        (Reason.WRONG_TYPE, "_wrong IS NOT NULL", "_wrong"),
        (Reason.UNKNOWN_FIELD, "_foreign IS NOT NULL", "kind || ' has no field ' || _foreign"),
        (Reason.MISSING_FIELD, "_missing IS NOT NULL", "kind || ' must have ' || _missing"),
        *((Reason.OUT_OF_RANGE, sql, quoted(says)) for name, sql, says in declared() if name in types),
        *((rule.reason, rule.sql, quoted(rule.says)) for rule in RULES),
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


def _defaulted(name: str) -> str:
    """SQL for a column with the value that the vocabulary gives it where it was not sent."""
    filled = {kind: fields[name] for kind, fields in DEFAULTS_OF.items() if name in fields}
    if not filled:
        return f'"{name}"'
    (value,) = set(filled.values())
    literal = "[]" if value == () else quoted(value) if isinstance(value, str) else str(value).lower()
    return f'CASE WHEN kind IN ({_kinds(list(filled))}) THEN coalesce("{name}", {literal}) ELSE "{name}" END'


def _kept(name: str, types: Mapping[str, str], context: Context, body: str) -> str:
    """SQL for one column of the log: of the event where it was taken, of the rejection where it was not."""
    received = f"TIMESTAMPTZ '{context.received_at.isoformat()}'"
    always = {"source": quoted(context.source), "received_at": received}
    if name in always:
        return f"{always[name]} AS {name}"
    refused = {
        "kind": f"'{REJECTION}'",
        "event_id": "'r_' || uuid()",
        "occurred_at": received,
        "reason": "_refusal.reason",
        "details": (
            f"to_json(struct_pack(details := {redaction.sql_scrubbed('_refusal.details')}, "
            f"body := {redaction.sql_scrubbed_body(body)}))::VARCHAR"
        ),
    }.get(name, f"NULL::{duckdb_type(SCHEMA.field(name).type)}")
    taken = _defaulted(name)
    if name not in types and name != "currency":
        pass
    elif name in redaction.IDENTIFIERS:
        taken = redaction.sql_hashed(taken, context.key)
    elif name in redaction.TEXTS:
        taken = redaction.sql_scrubbed_column(redaction.sql_page(taken) if name == "page" else taken)
    elif name == "currency":
        owners = _kinds([kind for kind in KINDS if "currency" in FIELDS_OF[kind]])
        taken = f"CASE WHEN kind IN ({owners}) THEN coalesce(currency, {quoted(context.currency)}) END"
    return f'CASE WHEN _refusal IS NULL THEN {taken} ELSE {refused} END AS "{name}"'
