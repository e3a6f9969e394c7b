"""Lists within events: lines of orders and refunds, products of lists and answers; in the log a column, else a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import ibis
from ibis import _
from ibis.expr.types import Table

__all__ = ["NESTED", "Nested", "Parts", "Tabled", "Tables"]


class Parts(Protocol):
    """How the parts of events are found."""

    def flat(self, rows: Table, kind: str, column: str, of: Sequence[str], nth: str | None = None) -> Table:
        """Return a row for each part.

        Grain: one part. Columns: those of ``of``, ``nth`` (from 0, in the order of the list), and the part's fields as
        ``part_`` and their names.

        Args:
            rows: events of one kind.
            kind: which.
            column: the list.
            of: columns of the events that are wanted.
            nth: name of the column that counts; none unless given.
        """
        ...

    def counted(self, rows: Table, kind: str, column: str) -> Table:
        """Add ``n_parts``, the number of an event's parts.

        Args:
            rows: events of one kind.
            kind: which.
            column: the list.
        """
        ...


class Nested:
    """Parts as the log has them: a column of lists."""

    def flat(self, rows: Table, kind: str, column: str, of: Sequence[str], nth: str | None = None) -> Table:
        """See `Parts.flat`."""
        del kind
        flat = rows.select(*of, column).unnest(column, offset=nth).filter(_[column].notnull())
        one = flat[column]
        fields = (
            {f"part_{name}": one[name] for name in one.type().names} if one.type().is_struct() else {"part_product_id": one}
        )
        return flat.select(*of, *([nth] if nth else []), **fields)

    def counted(self, rows: Table, kind: str, column: str) -> Table:
        """See `Parts.counted`."""
        del kind
        return rows.mutate(n_parts=ibis.coalesce(rows[column].length(), 0))


NESTED = Nested()
"""The parts of a log."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Parts that lie in a table of their own.

    Attributes:
        table: with ``owner``, ``nth`` and a column for each field of a part.
        owner: column of the events that names the owner of a part.
    """

    table: Table
    owner: str


class Tabled:
    """Parts as a warehouse has them: tables that name the events whose parts their rows are.

    Args:
        tables: (kind, list column) -> table.
    """

    def __init__(self, tables: Mapping[tuple[str, str], Tables]) -> None:
        self._tables = tables

    def flat(self, rows: Table, kind: str, column: str, of: Sequence[str], nth: str | None = None) -> Table:
        """See `Parts.flat`."""
        own = self._tables[kind, column]
        parts = own.table.rename({f"part_{name}": name for name in own.table.columns})
        joined = rows.join(parts, rows[own.owner] == parts.part_owner)
        fields = [name for name in parts.columns if name not in ("part_owner", "part_nth")]
        return joined.select(*of, *fields, **({nth: joined.part_nth} if nth else {}))

    def counted(self, rows: Table, kind: str, column: str) -> Table:
        """See `Parts.counted`."""
        own = self._tables[kind, column]
        sizes = own.table.group_by(_owner="owner").agg(_n=_.count())
        joined = rows.left_join(sizes, rows[own.owner] == sizes["_owner"])
        return joined.select(*rows.columns, n_parts=ibis.coalesce(joined["_n"], 0))
