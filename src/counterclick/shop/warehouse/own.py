"""The facts of a shop as the contract has them: those that are mapped, else those of its log."""

from __future__ import annotations

from counterclick.facts.base import CONTRACT
from counterclick.facts.mapped import base_tables
from counterclick.shop.reading import Reading
from counterclick.shop.warehouse.engine import WarehouseEngine
from counterclick.shop.warehouse.mapping import MappedFact

__all__ = ["own_facts"]

_LOG = "the log"


def own_facts(reading: Reading) -> tuple[dict[str, MappedFact], str]:
    """Return name -> fact, and the name of the engine where they lie.

    Args:
        reading: of the shop.
    """
    if isinstance(reading.engine, WarehouseEngine):
        return reading.engine.facts, reading.engine.name
    tables = base_tables(reading.events)
    return {name: MappedFact(CONTRACT[name], ((_LOG, table, None),), table) for name, table in tables.items()}, "duckdb"
