"""PostgreSQL's SQL as this shop's queries need it: the same numbers as DuckDB's, where its own words mean others."""

from __future__ import annotations

from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
from ibis.backends.sql.compilers import PostgresCompiler

__all__ = ["PostgresWords"]

_ANY = dt.Decimal()


class PostgresWords(PostgresCompiler):
    """Ibis's compiler, but for what PostgreSQL refuses, rounds and divides otherwise."""

    def visit_Cast(self, op: ops.Cast, *, arg: Any, to: dt.DataType) -> Any:  # noqa: N802 - the name of the node
        """Count what is true as 1; round to decimals as DuckDB does: the scaled number, halves away from zero."""
        if op.arg.dtype.is_boolean() and to.is_numeric():
            return self.cast(self.cast(arg, dt.int32), to)  # it casts what is true to nothing else
        if op.arg.dtype.is_floating() and to.is_decimal() and to.scale:
            exact = self.cast(self.cast(arg * float(10**to.scale), dt.string), _ANY)  # as text no digit of it is lost
            return self.cast(self.f.round(exact) / self.cast(10**to.scale, _ANY), to)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_Divide(self, op: ops.Divide, *, left: Any, right: Any) -> Any:  # noqa: N802 - as above
        """Divide by zero to nothing, where PostgreSQL stops the query."""
        return super().visit_Divide(op, left=left, right=self.f.nullif(right, 0))
