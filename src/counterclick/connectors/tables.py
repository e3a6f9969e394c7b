"""Any CSV, Parquet or JSON-lines file into rows that the door understands.

A file in the project's own words has columns (or keys) of the vocabulary. Any other CSV or Parquet file is read
through a mapping of ``shop.toml``, whose expressions are SQL over the file's columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import duckdb

from counterclick.config import MappedEvent, TableConfig
from counterclick.connectors.matching import match_returns
from counterclick.errors import ConfigError, InputError, did_you_mean
from counterclick.events.bulk import json_lines_sql, quoted, same_rows_sql
from counterclick.events.schema import FIELDS_OF, KINDS, REQUIRED_OF, SCHEMA, duckdb_type

__all__ = ["Arrived", "columns_of", "lines_sql", "mapping_for", "read_file"]

RAW = "_raw"
_LONGEST_LINE = 16_000_000
_SHARE_ROWS = 500_000
"""Of a file, whose events are grouped at a time."""
_NO_TEXT = "chr(31) || chr(30) || chr(31) || chr(30)"
_NAIVE = ("TIMESTAMP", "DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_TEXT_FILES = {".jsonl", ".ndjson", ".json"}
_OWN = tuple(name for name in SCHEMA.names if name not in ("received_at", "source"))


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file as a relation of the door.

    Attributes:
        relation: its name in DuckDB.
        types: its columns with DuckDB's types.
        n_rows: rows of the file.
        skipped: name -> rows that are no events, as the mapping says.
    """

    relation: str
    types: Mapping[str, str]
    n_rows: int
    skipped: Mapping[str, int] = field(default_factory=dict)


def mapping_for(path: Path, tables: Mapping[str, TableConfig], name: str | None = None) -> str | None:
    """Return the name of the mapping for a file: the one asked for, else the only one whose pattern fits.

    Raises:
        ConfigError: several patterns fit, or there is none of the name.
    """
    if name is not None:
        if name not in tables:
            raise ConfigError(
                f"there is no [tables.{name}] in shop.toml. {did_you_mean(name, tables)}"
                f"There are: {', '.join(tables) or 'none'}."
            )
        return name
    fitting = [key for key, table in tables.items() if fnmatch(path.name, table.file)]
    if len(fitting) > 1:
        raise ConfigError(f"{path.name} fits several mappings: {', '.join(fitting)}; name one with --mapping.")
    return fitting[0] if fitting else None


def read_file(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    mapping: TableConfig | None,
    *,
    source: str,
    timezone: str,
) -> Arrived:
    """Open a file as a relation that the door can judge.

    Args:
        connection: where the relation is made.
        path: a CSV, Parquet or JSON-lines file.
        mapping: how its columns become events; None for files in the vocabulary's own words.
        source: name under which its rows are hashed when they have no key.
        timezone: in which times without a zone are meant, in mapped files.

    Raises:
        InputError: the file cannot be read, or a column is not what it should be.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}.")
    try:
        if _ending(path) in _TEXT_FILES:
            if mapping is not None:
                raise InputError(f"{path.name}: a mapping is for CSV and Parquet; JSON lines are read as events.")
            return _json_lines(connection, path, source)
        table = _open(connection, path)
        return (
            _own_words(connection, table, path, source)
            if mapping is None
            else _mapped(connection, table, mapping, path, source, timezone)
        )
    except duckdb.Error as error:
        raise InputError(f"{path.name} cannot be read: {_first_lines(error)}") from error


def columns_of(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, ...]:
    """Return the columns of a CSV or Parquet file; none of a text file of events.

    Raises:
        InputError: the file cannot be read.
    """
    if _ending(path) in _TEXT_FILES:
        return ()
    try:
        return tuple(_types(connection, _open(connection, path)))
    except duckdb.Error as error:
        raise InputError(f"{path.name} cannot be read: {_first_lines(error)}") from error


def _json_lines(connection: duckdb.DuckDBPyConnection, path: Path, source: str) -> Arrived:
    connection.execute(f"CREATE OR REPLACE TEMP VIEW _lines AS SELECT line FROM {lines_sql(path)}")
    first = connection.execute("SELECT line FROM _lines WHERE trim(line) <> '' LIMIT 1").fetchone()
    if first and str(first[0]).lstrip("\ufeff \t").startswith("["):
        raise InputError(f"{path.name} holds a JSON array; write one event a line, without brackets and commas.")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _parsed AS {json_lines_sql('_lines')}")
    keyed = same_rows_sql("_parsed", ("_body",), source, "_key")
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {RAW} AS "
        f"SELECT * EXCLUDE (_key) REPLACE (coalesce(nullif(event_id, ''), _key) AS event_id) FROM ({keyed})"
    )
    return Arrived(RAW, _types(connection, RAW), _count(connection, "_parsed"))


def lines_sql(path: Path) -> str:
    """Return SQL for the lines of a text file: a CSV of one column without quotes, whose delimiter no JSON can hold."""
    return (
        f"read_csv({quoted(str(path))}, header = false, columns = {{'line': 'VARCHAR'}}, delim = {_NO_TEXT}, "
        "quote = '', "
        f"escape = '', auto_detect = false, strict_mode = false, null_padding = true, "
        f"max_line_size = {_LONGEST_LINE})"
    )


def _ending(path: Path) -> str:
    """Return a file's ending in small letters, that of compression left out."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _open(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    suffix = _ending(path)
    if suffix in (".parquet", ".pq"):
        sql = f"SELECT * FROM read_parquet({quoted(str(path))})"
    elif suffix in (".csv", ".tsv", ".txt"):
        sql = f"SELECT * FROM read_csv({quoted(str(path))}, header = true, all_varchar = true)"
    else:
        raise InputError(f"{path.name}: the ending must be .csv, .tsv, .parquet, .jsonl or .ndjson (.gz after a text).")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW _file AS {sql}")
    return "_file"


def _own_words(connection: duckdb.DuckDBPyConnection, table: str, path: Path, source: str) -> Arrived:
    types = _types(connection, table)
    known = [name for name in types if name in _OWN]
    unknown = [name for name in types if name not in SCHEMA.names]
    if unknown:
        raise InputError(
            f"{path.name} has columns that no event has: {', '.join(unknown)}. "
            f"{did_you_mean(unknown[0], SCHEMA.names)}Rename them, or add a mapping [tables.NAME] to shop.toml."
        )
    missing = [name for name in ("kind", "occurred_at") if name not in types]
    if missing:
        raise InputError(
            f"{path.name} has no column {' or '.join(missing)}; every event has both. "
            "For a file in other words add a mapping [tables.NAME] to shop.toml."
        )
    if types["occurred_at"] not in ("VARCHAR", "TIMESTAMP WITH TIME ZONE"):
        raise InputError(
            f"{path.name}: occurred_at is a {types['occurred_at']}, which has no time zone; "
            "write it as a UTC timestamp with its zone."
        )
    columns = ", ".join(f'"{name}"' for name in known)
    inner = f"SELECT {columns} FROM {table}"
    if "event_id" not in types or _count(connection, f"{table} WHERE coalesce(event_id::VARCHAR, '') = ''"):
        keyed = same_rows_sql(f"({inner})", tuple(known), source, "_key")
        replaced = "SELECT * EXCLUDE (_key) REPLACE (coalesce(nullif(event_id::VARCHAR, ''), _key) AS event_id)"
        inner = f"{replaced} FROM ({keyed})" if "event_id" in types else f"SELECT * RENAME (_key AS event_id) FROM ({keyed})"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {RAW} AS {inner}")
    return Arrived(RAW, _types(connection, RAW), _count(connection, table))


def _mapped(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    mapping: TableConfig,
    path: Path,
    source: str,
    timezone: str,
) -> Arrived:
    columns = tuple(_types(connection, table))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE _rows AS "
        + same_rows_sql(f"(SELECT *, row_number() OVER () AS row_number FROM {table})", columns, source, "_row_key")
    )
    n_rows = _count(connection, "_rows")
    skipped: dict[str, int] = {}
    for skip in mapping.skip:
        _expression(connection, skip.where, "_rows", f"{path.name}: skip {skip.named!r}")
        skipped[skip.named] = skipped.get(skip.named, 0) + _count(connection, f"_rows WHERE {skip.where}")
        connection.execute(f"DELETE FROM _rows WHERE {skip.where}")
    parts = [_event_sql(connection, event, index, path, timezone) for index, event in enumerate(mapping.events)]
    n_shares = 1 + n_rows // _SHARE_ROWS
    try:
        every = " UNION ALL BY NAME ".join(part.sql() for part in parts)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {RAW} AS FROM ({every}) LIMIT 0")
        for part in parts:
            for share in part.shares(n_shares):
                connection.execute(f"INSERT INTO {RAW} BY NAME {share}")
    except duckdb.ConversionException:
        _name_the_culprit(connection, mapping, path)
        raise
    return Arrived(RAW, _types(connection, RAW), n_rows, skipped)


@dataclass(frozen=True, slots=True)
class _Mapped:
    """SQL for the events that rows become.

    Attributes:
        columns: SQL.
        where: which rows are meant; all where it is empty.
        group_by: expressions whose values rows of one event share; none where each row is one.
        source: table or query of the rows.
    """

    columns: str
    where: str
    group_by: tuple[str, ...]
    source: str = "_rows"

    def sql(self, share: str = "true") -> str:
        """Return it for some of the rows."""
        group = f" GROUP BY {', '.join(self.group_by)}" if self.group_by else ""
        return f"SELECT {self.columns} FROM {self.source} WHERE ({self.where or 'true'}) AND {share}{group}"

    def shares(self, n: int) -> list[str]:
        """Return it for a share of the groups each: lists of lines stay in memory until the last line was seen."""
        if not self.group_by or n == 1:
            return [self.sql()]
        return [self.sql(f"hash({', '.join(self.group_by)}) % {n} = {share}") for share in range(n)]


def _event_sql(connection: duckdb.DuckDBPyConnection, event: MappedEvent, index: int, path: Path, timezone: str) -> _Mapped:
    where = f"{path.name}: {event.kind}"
    _check_names(event, where)
    checked = {f"lines.{name}": sql for name, sql in event.lines.items()}
    checked |= {f"group_by {sql!r}": sql for sql in event.group_by} | ({"where": event.where} if event.where else {})
    for name, sql in checked.items():
        _expression(connection, sql, "_rows", f"{where}.{name}")
    kinds = {name: _expression(connection, sql, "_rows", f"{where}.{name}") for name, sql in event.fields.items()}
    if event.match:
        if kinds["occurred_at"] not in (*_NAIVE, "TIMESTAMP WITH TIME ZONE"):
            raise InputError(f"{where}.occurred_at must be a time to match by; cast it with ::TIMESTAMP.")
        cast = {name: cast_sql(f"({sql})", kinds[name], name, timezone) for name, sql in event.fields.items()}
        return _Mapped("*", "", (), f"({match_returns(connection, event, f'_matched_{index}', cast, where)})")
    chosen = [f"'{event.kind}' AS kind"]
    grouped = bool(event.group_by)
    for name, sql in event.fields.items():
        first = f"min({sql})" if name == "occurred_at" else f"arg_min({sql}, row_number)"
        chosen.append(f'{cast_sql(first if grouped else f"({sql})", kinds[name], name, timezone)} AS "{name}"')
    if event.lines:
        packed = f"list_sort(list(struct_pack(nth := row_number, line := {line_sql(event.lines)})))"
        chosen.append(f"list_transform({packed}, lambda numbered: numbered.line) AS lines")
    if "event_id" not in event.fields:
        key = "array_to_string(list_sort(list(_row_key)), '')" if grouped else "_row_key"
        chosen.append(f"'h_' || left(sha256('{event.kind}:{index}:' || {key}), 32) AS event_id")
    return _Mapped(", ".join(chosen), event.where or "", tuple(event.group_by))


def _name_the_culprit(connection: duckdb.DuckDBPyConnection, mapping: TableConfig, path: Path) -> None:
    """Raise the InputError that names the first expression which some row cannot be converted by."""
    for event in mapping.events:
        fields = {**event.fields, **{f"lines.{name}": sql for name, sql in event.lines.items()}}
        for name, sql in fields.items():
            try:
                connection.execute(f"SELECT max(({sql})::VARCHAR) FROM _rows WHERE {event.where or 'true'}").fetchall()
            except duckdb.Error as error:
                raise InputError(
                    f"{path.name}: {event.kind}.{name} = {sql!r} cannot be computed: {_first_lines(error)}"
                ) from error


def _check_names(event: MappedEvent, where: str) -> None:
    """Refuse a mapping whose kind or fields the vocabulary does not have, or that lacks a field."""
    if event.kind not in KINDS:
        raise InputError(f"{where} is no kind of event. {did_you_mean(event.kind, KINDS)}There are: {', '.join(KINDS)}.")
    for name in event.fields:
        if name not in FIELDS_OF[event.kind]:
            raise InputError(
                f"{where} has no field {name!r}. {did_you_mean(name, FIELDS_OF[event.kind])}"
                f"It has: {', '.join(FIELDS_OF[event.kind])}."
            )
    missing = [name for name in REQUIRED_OF[event.kind] if name not in event.fields]
    if missing:
        raise InputError(f"{where} must have {', '.join(missing)}; add it to its fields in shop.toml.")


def line_sql(lines: Mapping[str, str]) -> str:
    """Return SQL that packs the expressions of a line."""
    kinds = {part.name: duckdb_type(part.type) for part in SCHEMA.field("lines").type.value_type}
    unknown = [name for name in lines if name not in kinds]
    if unknown:
        raise InputError(f"a line has no field {unknown[0]!r}. It has: {', '.join(kinds)}.")
    return (
        "struct_pack("
        + ", ".join(f'"{name}" := CAST({lines.get(name, "NULL")} AS {kind})' for name, kind in kinds.items())
        + ")"
    )


def cast_sql(sql: str, kind: str, name: str, timezone: str) -> str:
    """Return SQL that gives an expression its column's type; times without a zone are the shop's."""
    target = duckdb_type(SCHEMA.field(name).type)
    if target == "TIMESTAMPTZ" and kind in _NAIVE:
        return f"(({sql})::TIMESTAMP AT TIME ZONE '{timezone}')"
    if target == "VARCHAR":
        return f"({sql})::VARCHAR"
    return sql


def _expression(connection: duckdb.DuckDBPyConnection, sql: str, table: str, where: str) -> str:
    """Return an expression's type, or say what is wrong with it."""
    try:
        found = connection.execute(f"DESCRIBE SELECT ({sql}) AS x FROM {table}").fetchall()
    except duckdb.Error as error:
        raise InputError(f"{where} = {sql!r} cannot be computed: {_first_lines(error)}") from error
    return str(found[0][1])


def _types(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE {table}").fetchall()}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found[0]) if found else 0


def _first_lines(error: duckdb.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(line for line in lines[:3] if not line.startswith(("LINE", "^")))
