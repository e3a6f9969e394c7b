"""DuckDB's SQL as this shop's queries need it: UTC moments become seconds and wall clocks by arithmetic.

Ibis casts moments with a time zone to such without one, which DuckDB does through its calendars: twenty times as long as
the same by microseconds. All of this shop's moments are UTC.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Any

import duckdb
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import pyarrow as pa
import sqlglot.expressions as sge
from ibis.backends.duckdb import Backend
from ibis.backends.sql.compilers import DuckDBCompiler
from ibis.expr.types import Expr
from ibis.formats.pyarrow import PyArrowData

from counterclick.shop.hearing import hear_asked
from counterclick.shop.texts import Texts

__all__ = ["ArrowAnswers", "ShopCompiler", "backend_on"]

_SECOND = 1_000_000
"""In microseconds."""


class ShopCompiler(DuckDBCompiler):
    """Ibis's compiler, but for moments with a time zone."""

    def visit_Cast(self, op: ops.Cast, *, arg: Any, to: dt.DataType) -> Any:  # noqa: N802 - the name of the node
        """Say the wall clock of UTC by microseconds."""
        if _is_zoned(op.arg.dtype) and to.is_timestamp() and to.timezone is None:
            return self.f.make_timestamp(self.f.epoch_us(arg))
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_ExtractEpochSeconds(self, op: ops.ExtractEpochSeconds, *, arg: Any) -> Any:  # noqa: N802 - as above
        """Say whole seconds by microseconds."""
        if _is_zoned(op.arg.dtype):
            return sge.IntDiv(this=self.f.epoch_us(arg), expression=sge.convert(_SECOND))
        return super().visit_ExtractEpochSeconds(op, arg=arg)

    def visit_TimestampTruncate(self, op: ops.TimestampTruncate, *, arg: Any, unit: Any) -> Any:  # noqa: N802 - as above
        """Say the second of a moment likewise."""
        if _is_zoned(op.arg.dtype) and unit.short == "s":
            seconds = sge.IntDiv(this=self.f.epoch_us(arg), expression=sge.convert(_SECOND))
            return self.f.make_timestamptz(seconds * _SECOND)
        return super().visit_TimestampTruncate(op, arg=arg, unit=unit)


class ArrowAnswers(PyArrowData):
    """Ibis's types for what DuckDB returns, which knows no column of nulls; Ibis's own class for it imports pandas."""

    @classmethod
    def convert_scalar(cls, scalar: pa.Scalar, dtype: dt.DataType) -> pa.Scalar:
        """Return one value in its type."""
        return pa.scalar(None) if dtype.is_null() else super().convert_scalar(scalar, dtype)

    @classmethod
    def convert_column(cls, column: pa.Array, dtype: dt.DataType) -> pa.Array:
        """Return a column in its type."""
        return pa.nulls(len(column)) if dtype.is_null() else super().convert_column(column, dtype)


class _Backend(Backend):
    """Ibis's backend, but that it compiles with `ShopCompiler`, and nothing twice; and that it answers without pandas."""

    compiler = ShopCompiler()
    texts: Texts

    def compile(
        self,
        expr: Expr,
        /,
        *,
        limit: int | str | None = None,
        params: Mapping[Expr, Any] | None = None,
        pretty: bool = False,
    ) -> str:
        if limit is not None or params or pretty:
            return str(super().compile(expr, limit=limit, params=params, pretty=pretty))
        return self.texts.text(expr.op(), lambda: str(super(_Backend, self).compile(expr)))

    def to_pyarrow(
        self,
        expr: Expr,
        /,
        *,
        params: Mapping[Expr, Any] | None = None,
        limit: int | str | None = None,
        **kwargs: Any,
    ) -> Any:
        hear_asked(expr)
        self._run_pre_execute_hooks(expr)
        sql = self.compile(expr.as_table(), limit=limit, params=params, **kwargs)
        return expr.__pyarrow_result__(self.con.execute(sql).to_arrow_table(), data_mapper=ArrowAnswers)


def backend_on(connection: duckdb.DuckDBPyConnection) -> tuple[Backend, Texts]:
    """Return Ibis on a connection whose time zone is UTC, and the texts that it compiles."""
    backend = _Backend.from_connection(connection)
    backend.texts = Texts(inspect.getsource(sys.modules[__name__]))
    return backend, backend.texts


def _is_zoned(kind: dt.DataType) -> bool:
    return kind.is_timestamp() and kind.timezone is not None
