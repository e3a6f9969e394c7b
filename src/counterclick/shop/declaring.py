"""What an experiment says of itself in the log: its declaration, before anything is concluded, and its looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from counterclick.config import Config, ShareChange
from counterclick.experiments import Declaration, config_hash
from counterclick.shapes import from_json, from_objects
from counterclick.shop.declared import DECLARED, declared_as
from counterclick.shop.reading import Reading, from_microseconds
from counterclick.verdicts import Look

__all__ = ["declaration", "declarations", "look_event", "looks_taken", "undeclared"]


def declaration(
    name: str, config: Config, declared_at: datetime, planned_buyers: float | None = None, *, again: bool = False
) -> dict[str, Any]:
    """Return the event that declares an experiment as it stands in the configuration.

    Args:
        name: the experiment.
        config: the configuration.
        declared_at: now.
        planned_buyers: expected from the history before the start; they are fixed with the first declaration that knows one.
        again: whether it was declared before, when nothing was expected yet.
    """
    settings = config.experiment(name)
    wanted = config_hash(name, settings)
    details = msgspec.to_builtins(settings) | {"planned_buyers": settings.planned_buyers or planned_buyers}
    return {
        "kind": DECLARED,
        "event_id": declared_as(name, settings, again=again),
        "occurred_at": declared_at.isoformat(),
        "experiment": name,
        "config_hash": wanted,
        "details": msgspec.json.encode(details, order="sorted").decode(),
    }


def declarations(reading: Reading, name: str) -> tuple[Declaration, ...]:
    """Return what the log knows of an experiment's configurations, oldest first."""
    return tuple(
        _declaration(hashed, from_microseconds(moment), details)
        for kind, experiment, hashed, moment, details in reading.decided
        if kind == "experiment_declared" and experiment == name
    )


def _declaration(hashed: str, moment: datetime, details: str) -> Declaration:
    said = msgspec.json.decode(details)
    changes = from_objects(said.get("changes", []), tuple[ShareChange, ...])
    return Declaration(hashed, moment, said.get("planned_buyers"), changes)


def look_event(name: str, wanted: str, look: Look) -> dict[str, Any]:
    """Return the event that keeps a look; a second one of the same number and configuration is a repeat."""
    return {
        "kind": "look_taken",
        "event_id": f"look_{wanted}_{look.number}",
        "occurred_at": look.taken_at.isoformat(),
        "experiment": name,
        "config_hash": wanted,
        "details": msgspec.json.encode(look, order="sorted").decode(),
    }


def looks_taken(reading: Reading, name: str, wanted: str) -> tuple[Look, ...]:
    """Return the looks that were taken at an experiment with this configuration, oldest first."""
    looks: Sequence[Look] = [
        from_json(details, Look)
        for kind, *of, _moment, details in reading.decided
        if kind == "look_taken" and of == [name, wanted]
    ]
    return tuple(sorted(looks, key=lambda look: look.number))


def undeclared(reading: Reading, config: Config, names: tuple[str, ...]) -> list[str]:
    """Return the experiments whose present configuration does not stand in the log yet."""
    missing = []
    for name in names:
        settings = config.experiment(name)
        known = [(found.config_hash, found.changes) for found in declarations(reading, name)]
        if (config_hash(name, settings), settings.changes) not in known:
            missing.append(name)
    return missing
