"""Blocks of events of one kind become one table in the order of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from counterclick.events.schema import SCHEMA, TIME
from counterclick.simulate.arrays import Ints, ids

__all__ = ["Block", "Columns", "table"]

Columns: TypeAlias = Mapping[str, "pa.Array | str | float"]


@dataclass(frozen=True, slots=True)
class Block:
    """Events of one kind.

    Attributes:
        kind: the kind.
        at: when each occurred, in microseconds, shape (n,).
        columns: column of the schema -> its values, shape (n,), or the one value that all have; the
            columns not named are null.
    """

    kind: str
    at: Ints
    columns: Columns

    def column(self, field: pa.Field) -> pa.Array:
        """Return a column of the block, shape (n,)."""
        given = self.kind if field.name == "kind" else self.columns.get(field.name)
        if given is None:
            return pa.nulls(len(self.at), field.type)
        if isinstance(given, (str, float)):
            return pa.repeat(pa.scalar(given, field.type), len(self.at))
        return given if given.type == field.type else given.cast(field.type)


def table(blocks: Sequence[Block], seed: int) -> pa.Table:
    """Return all events in the log's schema, sorted by time; events of one instant keep the blocks' order.

    Args:
        blocks: the events; none of them names its id, source or time of receipt.
        seed: the shop's seed, part of every event's id.
    """
    at = np.concatenate([block.at for block in blocks])
    order = np.argsort(at, kind="stable")
    take = pa.array(order)
    times = pa.array(at[order]).cast(TIME)
    own = {
        "event_id": ids(f"s{seed}-e", np.arange(len(at))),
        "occurred_at": times,
        "received_at": times,
        "source": pa.repeat(pa.scalar("simulate"), len(at)),
    }
    columns = []
    for field in SCHEMA:
        if field.name in own:
            columns.append(own[field.name])
        elif field.name == "kind" or any(field.name in block.columns for block in blocks):
            columns.append(pa.concat_arrays([block.column(field) for block in blocks]).take(take))
        else:
            columns.append(pa.nulls(len(at), field.type))
    return pa.Table.from_arrays(columns, schema=SCHEMA)
