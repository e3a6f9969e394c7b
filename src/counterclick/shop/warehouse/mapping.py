"""The tables that ``[facts.NAME]`` names, read as the contract's: every column looked for, every mistake named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import sqlglot as sg
from ibis.expr.types import Table

from counterclick.config import FactConfig, sources_of
from counterclick.errors import ConfigError, did_you_mean
from counterclick.facts.base import CONTRACT
from counterclick.facts.contract import Fact
from counterclick.facts.mapped import conformed
from counterclick.shop.warehouse.connecting import first_line

__all__ = ["MappedFact", "mapped", "mapping_sql"]


@dataclass(frozen=True, slots=True)
class MappedFact:
    """A fact as it lies in a warehouse.

    Attributes:
        fact: which.
        sources: for each of its tables: what it is called, the columns that are mapped in the engine's own types, and the
            time zone of times without one (None where not said).
        table: all of them, in the contract's columns and types.
    """

    fact: Fact
    sources: tuple[tuple[str, Table, str | None], ...]
    table: Table


def mapped(backend: Any, facts: Mapping[str, FactConfig | tuple[FactConfig, ...]]) -> dict[str, MappedFact]:
    """Return the mapped facts, in the contract's order.

    Args:
        backend: Ibis on the engine.
        facts: ``[facts.NAME]``.

    Raises:
        ConfigError: a fact, table or column is not there, or an expression cannot be computed; the message says which are.
    """
    declared = sources_of(facts)
    _check_names(declared)
    return {name: _fact(backend, CONTRACT[name], declared[name]) for name in CONTRACT if name in declared}


def _check_names(declared: Mapping[str, tuple[FactConfig, ...]]) -> None:
    for name, sources in declared.items():
        if name not in CONTRACT:
            raise ConfigError(
                f"[facts.{name}] is no fact. {did_you_mean(name, CONTRACT)}There are: {', '.join(CONTRACT)}; "
                "`counterclick facts contract` says what each is."
            )
        fact = CONTRACT[name]
        for one in sources:
            unknown = [column for column in one.columns if column not in fact.by_name]
            if unknown:
                raise ConfigError(
                    f"[facts.{name}] has no column {unknown[0]!r}. {did_you_mean(unknown[0], fact.by_name)}"
                    f"It has: {', '.join(fact.by_name)}."
                )
            missing = [field.name for field in fact.fields if field.is_needed and field.name not in one.columns]
            if missing:
                says = f"[facts.{name}] does not map {', '.join(missing)}, which every row of it has."
                raise ConfigError(f"{says} Name the columns, or write constants such as \"'cart'\".")
    owners = {reference.fact for name in declared for reference in CONTRACT[name].refers if CONTRACT[name].owner}
    lacking = sorted(owners - {*declared})
    if lacking:
        parts = [name for name in declared if any(one.fact == lacking[0] for one in CONTRACT[name].refers)]
        raise ConfigError(f"[facts.{parts[0]}] are parts of {lacking[0]}: map [facts.{lacking[0]}] too.")


def _fact(backend: Any, fact: Fact, declared: tuple[FactConfig, ...]) -> MappedFact:
    raw = []
    for number, one in enumerate(declared):
        where = f"[facts.{fact.name}]" if len(declared) == 1 else f"[[facts.{fact.name}]] (number {number + 1})"
        raw.append((one.table or "its query", _read(backend, fact, one, where), one))
    tables = [conformed(table, fact, one.timezone, one.unit) for _name, table, one in raw]
    sources = tuple((name, table, one.timezone) for name, table, one in raw)
    return MappedFact(fact, sources, tables[0] if len(tables) == 1 else ibis.union(*tables))


def mapping_sql(fact: Fact, source: FactConfig, dialect: Any) -> str:
    """Return the SELECT that a mapping is, in the engine's words.

    Args:
        fact: whose columns are mapped.
        source: the mapping.
        dialect: sqlglot's name of the engine's SQL, or its class.
    """
    own = dict(source.columns)
    if source.currency is not None and "currency" in fact.by_name:
        own.setdefault("currency", f"'{source.currency}'")
    columns = ", ".join(f"{sql} AS {_quoted(name, dialect)}" for name, sql in own.items())
    return f"SELECT {columns} FROM {_from(source)}{f' WHERE {source.where}' if source.where else ''}"


def _quoted(name: str, dialect: Any) -> str:
    return sg.to_identifier(name, quoted=True).sql(dialect)


def _from(source: FactConfig) -> str:
    return source.table if source.table is not None else f"({source.query}) AS q"


def _read(backend: Any, fact: Fact, source: FactConfig, where: str) -> Table:
    try:
        return backend.sql(mapping_sql(fact, source, backend.dialect))
    except Exception as error:  # each driver has its own
        _name_the_culprit(backend, source, where)
        raise ConfigError(f"{where} cannot be read: {first_line(error)}.") from error


def _name_the_culprit(backend: Any, source: FactConfig, where: str) -> None:
    """Raise the ConfigError that names what of a mapping the engine cannot compute."""
    try:
        there = backend.sql(f"SELECT * FROM {_from(source)}").columns
    except Exception as error:
        what = f"table = {source.table!r}" if source.table is not None else "its query"
        raise ConfigError(f"{where}: {what} cannot be read: {first_line(error)}.") from error
    tried = {f"columns.{name}": (sql, f"SELECT {sql} AS x FROM {_from(source)}") for name, sql in source.columns.items()}
    if source.where:
        tried["where"] = (source.where, f"SELECT 1 AS x FROM {_from(source)} WHERE {source.where}")
    for name, (sql, text) in tried.items():
        try:
            backend.sql(text)
        except Exception as error:
            hint = did_you_mean(sql, there)
            raise ConfigError(
                f"{where}: {name} = {sql!r} cannot be computed: {first_line(error)}. {hint}"
                f"{source.table or 'Its query'} has: {', '.join(there)}."
            ) from error
