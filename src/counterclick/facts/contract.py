"""What a base fact is: a flat table whose rows, columns, keys, types, nulls and ranges are said.

The tables themselves stand in `counterclick.facts.base`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import ibis.expr.datatypes as dt

from counterclick.facts.orders import MONEY

__all__ = ["Fact", "Field", "Kind", "Reference"]

Kind = Literal["text", "integer", "number", "money", "boolean", "time"]
_TYPES: dict[Kind, dt.DataType] = {
    "text": dt.string,
    "integer": dt.int32,
    "number": dt.float64,
    "money": MONEY,
    "boolean": dt.boolean,
    "time": dt.Timestamp(timezone="UTC"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a fact.

    Attributes:
        name: as mappings and checks call it.
        kind: what its values are; ``text`` may be any identifier, ``time`` is a moment in UTC.
        says: what it means, in one sentence.
        required: whether it is there and never null.
        least: the smallest value that can be; None without one.
        most: the largest value that can be; None without one.
        above: whether ``least`` itself cannot be.
        words: the only values that can be; empty where any can.
        column: of the events table; its name unless given.
        otherwise: the value where no column is mapped to it; None for null.
    """

    name: str
    kind: Kind
    says: str
    required: bool = False
    least: float | None = None
    most: float | None = None
    above: bool = False
    words: tuple[str, ...] = ()
    column: str = ""
    otherwise: str | bool | None = None

    @property
    def dtype(self) -> dt.DataType:
        """Its type as Ibis says it."""
        return _TYPES[self.kind]

    @property
    def target(self) -> str:
        """Its column of the events table."""
        return self.column or self.name

    @property
    def is_needed(self) -> bool:
        """Whether a mapping must say it."""
        return self.required and self.otherwise is None


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows of one fact name a row of another.

    Attributes:
        field: column that names it.
        fact: the other one.
        key: its column there.
    """

    field: str
    fact: str
    key: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A table of the contract.

    Attributes:
        name: as ``[facts.NAME]`` calls it.
        says: what one row is.
        key: columns in which no two rows agree; where one of them is not mapped, nothing is said of it.
        fields: its columns.
        kind: what its rows are in the words of events; empty where a column says it, or where they are parts.
        refers: what its rows name.
        someone: whether each row names a visitor or a customer.
        owner: column that names the row whose part a row is; empty where it is no part.
        parts: kinds of event and their list column, such as ``(("purchase",), "lines")``, whose parts its rows are.
    """

    name: str
    says: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    kind: str = ""
    refers: tuple[Reference, ...] = ()
    someone: bool = False
    owner: str = ""
    parts: tuple[tuple[str, ...], str] = ((), "")

    @property
    def by_name(self) -> Mapping[str, Field]:
        """Its columns by their names."""
        return {one.name: one for one in self.fields}
