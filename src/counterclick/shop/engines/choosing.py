"""Which engine a reading has: the one that ``shop.toml`` names, else the embedded one."""

from __future__ import annotations

import os
from datetime import datetime

from counterclick.config import Config
from counterclick.shop.engines.books import Books
from counterclick.shop.engines.engine import Engine
from counterclick.store.log import Snapshot

__all__ = ["engine_of"]


def engine_of(config: Config, books: Books, snapshot: Snapshot, until: datetime | None) -> Engine | None:
    """Return the engine that ``shop.toml`` names; None for the embedded one.

    Args:
        config: what ``shop.toml`` says of it, and of the tables of a warehouse.
        books: what the embedded database has of the reading.
        snapshot: of the log.
        until: only what had happened before this moment; everything unless given.

    Raises:
        EngineError: it cannot be had.
    """
    if config.engine.url is None:
        return None
    if config.facts:
        from counterclick.shop.warehouse.engine import WarehouseEngine  # noqa: PLC0415 - few shops have one

        return WarehouseEngine(config, os.environ, until)
    from counterclick.shop.engines.spark import Source, SparkEngine  # noqa: PLC0415 - an extra, and slow to import

    return SparkEngine(config.engine, Source(snapshot, books), until)
