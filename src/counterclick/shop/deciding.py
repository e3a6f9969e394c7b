"""Deciding: which experiment asks, which arm the visitor is in, and the exposure that says so."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

from counterclick.config import Config, ExperimentConfig
from counterclick.errors import ConfigError, UnknownNameError
from counterclick.events.vocabulary import Exposure

__all__ = ["exposure_of", "running_experiment"]


def running_experiment(config: Config, surface: str, day: date) -> str | None:
    """Return the experiment that runs on a surface on a day of the shop, or None.

    Raises:
        UnknownNameError: ``shop.toml`` declares no such surface.
        ConfigError: several run there; a surface asks one experiment.
    """
    known = {*config.surfaces, *(e.surface for e in config.experiments.values())}
    if surface not in known:
        raise UnknownNameError("surface", surface, known, "Declare it as [surfaces.NAME] in shop.toml.")
    running = [
        name
        for name, settings in config.experiments.items()
        if settings.surface == surface and settings.starts_on <= day <= settings.ends_on
    ]
    if len(running) > 1:
        raise ConfigError(
            f"{len(running)} experiments run on surface {surface!r} on {day}: {', '.join(running)}. A surface asks one "
            "experiment at a time; let one end before the other starts."
        )
    return running[0] if running else None


def exposure_of(name: str, settings: ExperimentConfig, visitor: str, arm: str) -> Exposure:
    """Return the event that a visitor was eligible now; asked again, the same arm is the same event and counts once."""
    return Exposure(
        event_id="x_" + hashlib.sha256(f"{name}:{arm}:{visitor}".encode()).hexdigest()[:32],
        occurred_at=datetime.now(UTC),
        visitor_id=visitor,
        experiment=name,
        variant=arm,
        surface=settings.surface,
        policy=arm,
        propensity=settings.variants[arm],
    )
