"""``[tables.NAME]``: how the columns of a file become events."""

from __future__ import annotations

import msgspec

__all__ = ["MappedEvent", "Skip", "TableConfig"]


class MappedEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[tables.NAME.events]]``: one event a row, or one for each group of rows.

    Attributes:
        kind: of the vocabulary.
        fields: field -> SQL expression over the file's columns and ``row_number``.
        where: only rows for which this SQL condition holds.
        group_by: SQL expressions; rows that agree in them become one event, each row one of its ``lines``.
        lines: field of a line -> SQL expression, with ``group_by``.
        match: for refunds that name no order: expressions of customer and product, by which each returned
            quantity is matched to the latest earlier purchase with quantity left.
    """

    kind: str
    fields: dict[str, str]
    where: str | None = None
    group_by: tuple[str, ...] = ()
    lines: dict[str, str] = {}
    match: bool = False


class Skip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[tables.NAME.skip]]``: rows that are no events, counted under a name.

    Attributes:
        named: under which they are counted.
        where: SQL condition that holds for them.
    """

    named: str
    where: str


class TableConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[tables.NAME]``: how the columns of a CSV or Parquet file become events.

    Attributes:
        file: pattern of the file names that it is for, such as ``orders_*.csv``.
        events: what the rows become.
        skip: rows that are left out, each kind counted.
    """

    file: str
    events: tuple[MappedEvent, ...]
    skip: tuple[Skip, ...] = ()
