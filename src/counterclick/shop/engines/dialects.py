"""The SQL of an expression on each engine that this package knows, whether or not its driver is installed."""

from __future__ import annotations

from functools import cache
from typing import Any

from ibis.common.exceptions import IbisError
from ibis.expr.types import Table

from counterclick.errors import EngineError, UnknownNameError

__all__ = ["ENGINES", "compiled"]

ENGINES = ("duckdb", "spark", "bigquery", "clickhouse", "postgres", "snowflake", "trino")
"""Whose SQL can be told."""


def compiled(table: Table, engine: str) -> str:
    """Return the SQL of a query.

    Args:
        table: the query; tables that it names are named as they are.
        engine: one of `ENGINES`.

    Raises:
        EngineError: the engine cannot express it.
        UnknownNameError: there is no such engine.
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    compiler = _compiler(engine)
    try:
        return str(compiler.to_sqlglot(table.unbind()).sql(dialect=compiler.dialect, pretty=True))
    except (IbisError, NotImplementedError) as error:
        says = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EngineError(f"{engine} cannot express it: {says.rstrip('.')}.") from error


@cache
def _compiler(engine: str) -> Any:
    from ibis.backends.sql import compilers  # noqa: PLC0415 - each knows a dialect

    from counterclick.shop.dialect import ShopCompiler  # noqa: PLC0415 - likewise
    from counterclick.shop.engines.spark_dialect import SparkCompiler  # noqa: PLC0415 - likewise

    known = {
        "duckdb": ShopCompiler,
        "spark": SparkCompiler,
        "bigquery": compilers.BigQueryCompiler,
        "clickhouse": compilers.ClickHouseCompiler,
        "postgres": compilers.PostgresCompiler,
        "snowflake": compilers.SnowflakeCompiler,
        "trino": compilers.TrinoCompiler,
    }
    return known[engine]()
