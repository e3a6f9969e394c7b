"""Ibis on Spark: it compiles in this shop's words, and answers in Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ibis.backends.pyspark import Backend
from ibis.expr.types import Expr

from counterclick.shop.dialect import ArrowAnswers
from counterclick.shop.engines.connect import answering
from counterclick.shop.engines.spark_dialect import SparkCompiler
from counterclick.shop.hearing import hear_asked

__all__ = ["SparkBackend"]


class SparkBackend(Backend):
    """Ibis's backend, but that it compiles with `SparkCompiler` and answers in Arrow, without pandas in between."""

    compiler = SparkCompiler()

    def to_pyarrow(
        self,
        expr: Expr,
        /,
        *,
        params: Mapping[Expr, Any] | None = None,
        limit: int | str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return what an expression comes to, in Arrow."""
        hear_asked(expr)
        self._run_pre_execute_hooks(expr)
        table = expr.as_table()
        sql = self.compile(table, limit=limit, params=params, **kwargs)
        with answering():
            rows = self.raw_sql(sql).toArrow()
        found = ArrowAnswers.convert_table(rows, table.schema())
        return expr.__pyarrow_result__(found, data_mapper=ArrowAnswers)
