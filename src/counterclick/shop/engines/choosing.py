"""Which engine a reading has: the one that ``shop.toml`` names, else the embedded one."""

from __future__ import annotations

import os
from datetime import datetime

import duckdb

from counterclick.config import Config
from counterclick.shop.engines.engine import Engine
from counterclick.store import Store
from counterclick.store.log import Snapshot

__all__ = ["engine_of"]


def engine_of(
    config: Config, store: Store, snapshot: Snapshot, connection: duckdb.DuckDBPyConnection, until: datetime | None
) -> Engine | None:
    """Return the engine that ``shop.toml`` names; None for the embedded one.

    Args:
        config: what ``shop.toml`` says of it, and of the tables of a warehouse.
        store: that is read.
        snapshot: of its log.
        connection: the embedded database, with ``inbox_events``.
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

    waiting = connection.execute("FROM main.inbox_events").to_arrow_table()
    return SparkEngine(config.engine, Source(store.log.location, snapshot, waiting, store.folder), until)
