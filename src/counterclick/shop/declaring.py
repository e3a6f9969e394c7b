"""Declarations: what an experiment says of itself in the log, before anything is concluded from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from counterclick.config import Config
from counterclick.experiments import Declaration, config_hash
from counterclick.shop.reading import Reading, from_microseconds

__all__ = ["declaration", "declarations", "undeclared"]


def declaration(name: str, config: Config, declared_at: datetime) -> dict[str, Any]:
    """Return the event that declares an experiment as it stands in the configuration."""
    settings = config.experiment(name)
    wanted = config_hash(name, settings)
    return {
        "kind": "experiment_declared",
        "event_id": f"declared_{wanted}",
        "occurred_at": declared_at.isoformat(),
        "experiment": name,
        "config_hash": wanted,
        "details": msgspec.json.encode(settings, order="sorted").decode(),
    }


def declarations(reading: Reading, name: str) -> tuple[Declaration, ...]:
    """Return what the log knows of an experiment's configurations, oldest first."""
    rows = reading.rows(
        "SELECT config_hash, epoch_us(occurred_at) FROM events WHERE kind = 'experiment_declared' AND experiment = ? "
        "ORDER BY occurred_at",
        [name],
    )
    return tuple(Declaration(hashed, from_microseconds(moment)) for hashed, moment in rows)


def undeclared(reading: Reading, config: Config, names: tuple[str, ...]) -> list[str]:
    """Return the experiments whose present configuration does not stand in the log yet."""
    return [
        name
        for name in names
        if config_hash(name, config.experiment(name)) not in {found.config_hash for found in declarations(reading, name)}
    ]
