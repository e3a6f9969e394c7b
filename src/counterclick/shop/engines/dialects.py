"""The SQL of an expression on each engine that this package knows, whether or not its driver is installed."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlglot as sg
from ibis.common.exceptions import IbisError
from ibis.expr.types import Table

from counterclick.errors import EngineError, UnknownNameError

__all__ = ["ENGINES", "compiled", "engine_named", "typed"]

ENGINES = ("duckdb", "spark", "bigquery", "clickhouse", "databricks", "postgres", "snowflake", "trino")
"""Whose SQL can be told."""


def engine_named(url: str | None) -> str:
    """Return the engine that an address of ``[engine]`` means; the embedded one where there is none."""
    scheme = "duckdb" if url is None else url.partition("://")[0]
    return {"postgresql": "postgres"}.get(scheme, scheme if scheme in ENGINES else "spark")


def compiled(table: Table, engine: str, *, is_kept: bool = False) -> str:
    """Return the SQL of a query.

    Args:
        table: the query; tables that it names are named as they are.
        engine: one of `ENGINES`.
        is_kept: whether a table is made of it, whose columns have the types that later queries rely on.

    Raises:
        EngineError: the engine cannot express it.
        UnknownNameError: there is no such engine.
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    compiler = _compiler(engine)
    try:
        sql = typed(compiler, table) if is_kept else compiler.to_sqlglot(table.unbind())
        return str(sql.sql(dialect=compiler.dialect, pretty=True))
    except (IbisError, NotImplementedError) as error:
        says = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EngineError(f"{engine} cannot express it: {says.rstrip('.')}.") from error


def typed(compiler: Any, table: Table) -> Any:
    """Return a query whose columns have the types that Ibis says they have, which engines may take for wider ones.

    Args:
        compiler: Ibis's, of the engine.
        table: the query.
    """
    found = compiler.to_sqlglot(table.unbind()).subquery("typed", copy=False)
    columns = [
        sg.cast(sg.column(name, quoted=True), to=compiler.type_mapper.from_ibis(kind)).as_(name, quoted=True)
        for name, kind in table.schema().items()
    ]
    return sg.select(*columns).from_(found)


@cache
def _compiler(engine: str) -> Any:
    from ibis.backends.sql import compilers  # noqa: PLC0415 - each knows a dialect

    from counterclick.shop.dialect import ShopCompiler  # noqa: PLC0415 - likewise
    from counterclick.shop.engines.spark_dialect import SparkCompiler  # noqa: PLC0415 - likewise
    from counterclick.shop.warehouse.postgres import PostgresWords  # noqa: PLC0415 - likewise

    known = {
        "duckdb": ShopCompiler,
        "spark": SparkCompiler,
        "bigquery": compilers.BigQueryCompiler,
        "clickhouse": compilers.ClickHouseCompiler,
        "databricks": compilers.DatabricksCompiler,
        "postgres": PostgresWords,
        "snowflake": compilers.SnowflakeCompiler,
        "trino": compilers.TrinoCompiler,
    }
    return known[engine]()
