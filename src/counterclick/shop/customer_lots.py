"""Customers by lot: which arm each is in, as anybody can draw it again, and what is recorded of all of them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from counterclick.config import Config, ExperimentConfig
from counterclick.events.bulk import admitted_sql
from counterclick.events.door import Context
from counterclick.experiments.assignment import bounds, buckets
from counterclick.facts.local_time import day_begins
from counterclick.shop.reading import Reading
from counterclick.store import Store
from counterclick.store.sources import connect

__all__ = ["arms_kept", "arms_of", "record_lots"]

_GIVEN = {
    "kind": "'decision'",
    "event_id": (
        "'d_' || left(sha256(concat_ws(':', $name, variant, customer_id, $day, array_to_string(products, chr(31)))), 32)"
    ),
    "items": "list_transform(products, lambda each, nth: {'product_id': each, 'position': nth})",
    "details": "'{\"in_time\":true}'",
}
"""What a decision has otherwise than an exposure, or besides."""


def arms_of(customers: pa.Array, name: str, settings: ExperimentConfig, today: date, kept: dict[str, str]) -> pa.Array:
    """Return the arm of each customer.

    Args:
        customers: ids as the log knows them.
        name: the experiment.
        settings: what it declares.
        today: whose shares hold.
        kept: customer -> arm that it keeps, where shares have changed on the way.
    """
    listed = customers.to_pylist()
    edges = bounds(settings.shares_on(today))
    number = np.searchsorted([top for _arm, top in edges], buckets(settings.salt or name, listed), side="right")
    variant = pa.array([arm for arm, _top in edges], pa.string()).take(pa.array(number))
    if not kept:
        return variant
    return pa.array([kept.get(who, arm) for who, arm in zip(listed, variant.to_pylist(), strict=True)], pa.string())


def record_lots(
    store: Store, config: Config, exposed: pa.Table, name: str, settings: ExperimentConfig, today: date, source: str
) -> None:
    """Record that customers were eligible, and what each was given, in one commit; the same once more stays one event.

    Args:
        store: of the shop.
        config: what ``shop.toml`` declares.
        exposed: customer_id and variant, one row a customer; where products were given, products, a list of them: null
            where nothing of ours was.
        name: the experiment.
        settings: what it declares.
        today: day as of which they were.
        source: of the exposures.

    Raises:
        StoreError: they could not be written; none was.
    """
    now = datetime.now(UTC)
    begins = day_begins(today, config.shop.timezone)
    is_today = today == now.astimezone(ZoneInfo(config.shop.timezone)).date()
    shares = settings.shares_on(today)
    columns = {
        "kind": "'exposure'",
        "event_id": "'x_' || left(sha256($name || ':' || variant || ':' || customer_id), 32)",
        "occurred_at": "$at",
        "customer_id": "customer_id",
        "experiment": "$name",
        "variant": "variant",
        "surface": "$surface",
        "policy": "variant",
        "propensity": "CASE variant " + " ".join(f"WHEN '{arm}' THEN {share!r}" for arm, share in shares.items()) + " END",
    }
    values = {"name": name, "at": (now if is_today else begins).isoformat(), "surface": settings.surface}
    with contextlib.closing(connect()) as connection:
        connection.register("_exposed", exposed)
        chosen = f"SELECT {_listed(columns)} FROM _exposed"
        if "products" in exposed.column_names:
            given = f"SELECT {_listed({**columns, **_GIVEN})} FROM _exposed WHERE products IS NOT NULL"
            chosen = f"{chosen} UNION ALL BY NAME {given}"
            values |= {"day": today.isoformat()}
        connection.execute(f"CREATE TEMP TABLE _lots AS SELECT * FROM ({chosen}) ORDER BY kind, customer_id", values)
        types = {row[0]: row[1] for row in connection.execute("DESCRIBE _lots").fetchall()}
        context = Context(now, source, config.shop.currency, store.key)
        digest = hashlib.sha256(f"{name}:{today}:{now.timestamp()}".encode()).hexdigest()[:32]
        rows = admitted_sql("_lots", types, context)
        store.append_rows(connection, rows, name=f"{source}:{digest}")


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{sql} AS {column}" for column, sql in columns.items())


def arms_kept(reading: Reading, name: str, settings: ExperimentConfig) -> dict[str, str]:
    """Return customer -> arm of its first exposure, where an experiment changed its shares on the way."""
    if not settings.changes:
        return {}
    sql = (
        "SELECT customer_id, arg_min(variant, (occurred_at, event_id)) FROM events "
        "WHERE kind = 'exposure' AND experiment = ? AND customer_id IS NOT NULL GROUP BY ALL"
    )
    return dict(reading.rows(sql, [name]))
