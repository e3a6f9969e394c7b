"""Spark's SQL as this shop's queries need it: the same numbers as DuckDB's, where Spark's own words mean others."""

from __future__ import annotations

from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
from ibis.backends.sql.compilers import PySparkCompiler
from ibis.backends.sql.compilers.base import SQLGlotCompiler

__all__ = ["SparkCompiler"]

_WIDEST = dt.Decimal(38, 0)


class SparkCompiler(PySparkCompiler):
    """Ibis's compiler, but for what Spark rounds, counts and divides otherwise."""

    def visit_NonNullLiteral(self, op: ops.Literal, *, value: Any, dtype: dt.DataType) -> Any:  # noqa: N802 - the node's name
        """Write a number as it is, whatever an option of Ibis says of those that are none."""
        above = SQLGlotCompiler if dtype.is_floating() else PySparkCompiler
        return above.visit_NonNullLiteral(self, op, value=value, dtype=dtype)

    def visit_Field(self, op: ops.Field, *, rel: Any, name: str) -> Any:  # noqa: N802 - as above
        """Name a column; likewise."""
        return SQLGlotCompiler.visit_Field(self, op, rel=rel, name=name)

    def visit_Cast(self, op: ops.Cast, *, arg: Any, to: dt.DataType) -> Any:  # noqa: N802 - as above
        """Round to decimals as DuckDB does: the scaled number, halves away from zero, not its shortest digits."""
        if op.arg.dtype.is_floating() and to.is_decimal() and to.scale:
            whole = self.cast(self.f.round(arg * float(10**to.scale)), _WIDEST)
            unit = self.cast(f"{10**-to.scale:.{to.scale}f}", dt.Decimal(to.scale + 1, to.scale))
            return self.cast(self.cast(whole, dt.Decimal(to.precision, 0)) * unit, to)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_CountStar(self, op: ops.CountStar, *, arg: Any, where: Any) -> Any:  # noqa: N802 - as above
        """Count no rows as 0, which Ibis's sum leaves empty."""
        return self.f.count_if(where) if where is not None else super().visit_CountStar(op, arg=arg, where=where)

    def visit_Divide(self, op: ops.Divide, *, left: Any, right: Any) -> Any:  # noqa: N802 - as above
        """Divide by zero to nothing, where Spark's standard stops the query."""
        if op.dtype.is_floating():
            return self.f.anon.try_divide(self.cast(left, dt.float64), self.cast(right, dt.float64))
        return super().visit_Divide(op, left=left, right=right)
