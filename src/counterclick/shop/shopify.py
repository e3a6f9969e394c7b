"""What a Shopify store has told that its later deliveries do not say again: variants, costs, and that it told at all.

An inventory item carries the cost and names no product; an order line names a variant and no cost. What joins them was told
by earlier deliveries and is kept beside the inbox, in a file that may be deleted: costs are then unknown until the store
tells of its products again.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from counterclick.config import Config, ShopifyConfig
from counterclick.connectors.shopify import Context, Variant, cost_of, variants_of
from counterclick.errors import StoreError
from counterclick.shapes import from_json
from counterclick.shop.decided import scores_baskets
from counterclick.shop.rights_files import REQUESTS

__all__ = ["Deliveries", "ShopifyStore", "Told"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS variants (variant_id TEXT PRIMARY KEY, item_id TEXT, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_item ON variants (item_id);
CREATE TABLE IF NOT EXISTS costs (item_id TEXT PRIMARY KEY, cost TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    topic TEXT PRIMARY KEY, n INTEGER NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL);
"""
_CATALOGUE = ("products/create", "products/update")
_COST = "inventory_items/update"
_BUSY_SECONDS = 30.0
_REFUSED = ""
"""Stands for the topic of what was not signed: it may say any."""
_TOGETHER = timedelta(seconds=10)
"""What is refused within it is written at once: whoever guesses secrets must not make the disk busy."""


@dataclass(frozen=True, slots=True)
class Told:
    """Deliveries of one topic.

    Attributes:
        n: how many, repeats included.
        first_at: UTC.
        last_at: UTC.
    """

    n: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What has come.

    Attributes:
        topics: topic -> signed deliveries.
        refused: what was not signed by the app's secret; None where nothing was.
    """

    topics: Mapping[str, Told]
    refused: Told | None


class ShopifyStore:
    """The memory of one Shopify store.

    Args:
        folder: of the shop's store.
        config: the shop's.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        self._path = folder / REQUESTS
        self._currency = config.shop.currency
        self._settings = config.shopify or ShopifyConfig()
        self._by_decision = frozenset(name for name in config.experiments if scores_baskets(name, config))
        self._n_refused = 0
        self._refused_at = datetime.min.replace(tzinfo=UTC)
        with self._connection() as connection:
            connection.executescript(_SCHEMA)

    def context(self, topic: str, payload: Any) -> Context:
        """Return what a delivery does not say itself, and remember what it says for later ones.

        Args:
            topic: as ``orders/create``.
            payload: the decoded body.

        Raises:
            StoreError: the memory cannot be read or written.
        """
        bare = self._bare()
        told = payload if isinstance(payload, dict) else {}
        with self._connection() as connection:
            if topic in _CATALOGUE:
                rows = [(each.variant_id, each.item_id, _encoded(each)) for each in variants_of(told, bare)]
                connection.executemany("INSERT OR REPLACE INTO variants VALUES (?, ?, ?)", rows)
            cost = cost_of(told) if topic == _COST else None
            if cost is not None:
                connection.execute("INSERT OR REPLACE INTO costs VALUES (?, ?)", (cost[0], str(cost[1])))
            items = _items(connection, [cost[0]]) if cost else {}
            costs = _costs(connection, _variants_in(told))
        return self._bare(costs, items)

    def pixel_context(self) -> Context:
        """Return what a pixel's events do not say: the shop's settings alone."""
        return self._bare()

    def note(self, topic: str) -> None:
        """Count a delivery that was signed.

        Raises:
            StoreError: the memory cannot be written.
        """
        self._count(topic, 1)

    def refuse(self) -> None:
        """Count a delivery that was not signed, together with others of these seconds.

        Raises:
            StoreError: the memory cannot be written.
        """
        self._n_refused += 1
        now = datetime.now(UTC)
        if now - self._refused_at >= _TOGETHER:
            n, self._n_refused, self._refused_at = self._n_refused, 0, now
            self._count(_REFUSED, n)

    def deliveries(self) -> Deliveries:
        """Return what has come, by topic.

        Raises:
            StoreError: the memory cannot be read.
        """
        with self._connection() as connection:
            rows = connection.execute("SELECT topic, n, first_at, last_at FROM deliveries ORDER BY topic").fetchall()
        told = {topic: Told(n, *map(datetime.fromisoformat, moments)) for topic, n, *moments in rows}
        refused = told.pop(_REFUSED, None)
        return Deliveries(told, refused)

    def _count(self, topic: str, n: int) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO deliveries VALUES (?, ?, ?, ?) "
                "ON CONFLICT (topic) DO UPDATE SET n = n + excluded.n, last_at = excluded.last_at",
                (topic, n, now, now),
            )

    def known(self) -> Context:
        """Return everything that is remembered, for an export of many orders.

        Raises:
            StoreError: the memory cannot be read.
        """
        with self._connection() as connection:
            rows = connection.execute("SELECT variant_id, cost FROM variants JOIN costs USING (item_id)").fetchall()
        return self._bare({variant: Decimal(cost) for variant, cost in rows})

    def _bare(self, costs: dict[str, Decimal] | None = None, items: dict[str, Variant] | None = None) -> Context:
        own = self._settings
        return Context(
            currency=self._currency,
            taxes_included=own.taxes_included,
            tax_rate=Decimal(str(own.tax_rate)),
            costs=costs or {},
            items=items or {},
            orders_from=own.orders_from,
            by_decision=self._by_decision,
            list_surfaces={str(name): surface for name, surface in own.list_surfaces.items()},
        )

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as connection, connection:
                yield connection
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} cannot be read or written: {error}.") from error


def _variants_in(payload: dict[str, Any]) -> list[str]:
    """Return the variants that an order's lines name, and those of lines inside of refunds."""
    lines = payload.get("line_items")
    found = [str(line.get("variant_id")) for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    return list(dict.fromkeys(found))


def _costs(connection: sqlite3.Connection, variants: Iterable[str]) -> dict[str, Decimal]:
    found = {}
    for variant in variants:
        row = connection.execute(
            "SELECT cost FROM variants JOIN costs USING (item_id) WHERE variant_id = ?", (variant,)
        ).fetchone()
        if row is not None:
            found[variant] = Decimal(row[0])
    return found


def _items(connection: sqlite3.Connection, items: Iterable[str]) -> dict[str, Variant]:
    found = {}
    for item in items:
        row = connection.execute("SELECT body FROM variants WHERE item_id = ?", (item,)).fetchone()
        if row is not None:
            found[item] = from_json(row[0], Variant)
    return found


def _encoded(variant: Variant) -> str:
    return msgspec.json.encode(variant).decode()
