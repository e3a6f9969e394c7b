"""Deciding: which experiment asks a visitor, which arm the visitor is in, and the exposures that say so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from counterclick.config import AI, HELD_OUT, HOLDOUT, NOTHING, Config, ExperimentConfig
from counterclick.errors import ConfigError, UnknownNameError
from counterclick.events.vocabulary import Exposure
from counterclick.experiments.assignment import BUCKETS, assign, bucket
from counterclick.experiments.onoff_schedule import schedule_of

__all__ = ["Assigned", "assigned"]

FirstArm = Callable[[str, str], tuple[str, float | None] | None]
"""(experiment, visitor) -> arm and propensity of the visitor's first exposure, if any: what an assignment sticks to."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a visitor gets on a surface.

    Attributes:
        policy: what serves the visitor.
        because: why no experiment asks it, or why not its own policy; empty otherwise.
        experiment: under which experiment; None where none asks this visitor.
        variant: the arm.
        propensity: probability with which the visitor got it.
        exposures: that the visitor was eligible, to be recorded before anything is shown.
        is_switched_off: whether the surface's schedule has it off for everyone that day.
    """

    policy: str
    because: str
    experiment: str | None
    variant: str | None
    propensity: float
    exposures: tuple[Exposure, ...]
    is_switched_off: bool = False


def assigned(config: Config, surface: str, who: str, day: date, first_arm: FirstArm) -> Assigned:
    """Return what a visitor gets on a surface on a day of the shop.

    On an off day of the surface's schedule everyone gets nothing. Then the global holdout is asked: who is held out gets
    the control of the surface's experiment, and is in that experiment neither eligible nor counted. A visitor whose
    experiment changed its shares keeps its arm.

    Raises:
        UnknownNameError: ``shop.toml`` declares no such surface.
        ConfigError: several experiments would ask the same visitor there.
    """
    if _switched_off(config, surface, day):
        says = f"{day} is an off day of the schedule of {surface}"
        return Assigned(NOTHING, says, None, None, 1.0, (), is_switched_off=True)
    name = _asking(config, surface, who, day)
    exposures: list[Exposure] = []
    if config.holdout is not None and config.holdout.starts_on <= day <= config.holdout.ends_on:
        everything = config.holdout.as_experiment()
        side = assign(everything.salt or HOLDOUT, who, everything.variants)
        exposures.append(_exposure(HOLDOUT, surface, who, side, everything.variants[side]))
        if side == HELD_OUT:
            policy = config.experiments[name].control if name else NOTHING
            says = "the visitor is held out from every AI surface"
            return Assigned(policy, says, HOLDOUT, HELD_OUT, everything.variants[side], tuple(exposures))
        if name is None:
            says = f"no experiment runs on {surface}: the shop's own system serves it"
            return Assigned(NOTHING, says, HOLDOUT, AI, everything.variants[side], tuple(exposures))
    if name is None:
        return Assigned(NOTHING, f"no experiment runs on {surface} on {day} for this visitor", None, None, 1.0, ())
    settings = config.experiments[name]
    shares = settings.shares_on(day)
    before = first_arm(name, who) if settings.changes else None
    if before is not None and before[0] in shares:
        arm, propensity = before[0], before[1] or shares[before[0]]
    else:
        arm = assign(settings.salt or name, who, shares)
        propensity = shares[arm]
    exposures.append(_exposure(name, settings.surface, who, arm, propensity))
    return Assigned(arm, "", name, arm, propensity, tuple(exposures))


def _switched_off(config: Config, surface: str, day: date) -> bool:
    """Say whether a declared schedule switches a surface off for everyone on a day."""
    declared = config.onoff.get(surface)
    if declared is None or declared.block_days is None or not declared.starts_on <= day <= declared.ends_on:
        return False
    return not schedule_of(surface, declared).is_on(day)


def _asking(config: Config, surface: str, who: str, day: date) -> str | None:
    """Return the experiment that asks a visitor on a surface, or None."""
    known = {*config.surfaces, *config.onoff, *(e.surface for e in config.experiments.values())}
    if surface not in known:
        raise UnknownNameError("surface", surface, known, "Declare it as [surfaces.NAME] in shop.toml.")
    running = {
        name: settings
        for name, settings in config.experiments.items()
        if settings.surface == surface and settings.unit == "visitor" and settings.starts_on <= day <= settings.ends_on
    }
    layers = {settings.layer for settings in running.values()}
    if len(running) > 1 and (len(layers) > 1 or None in layers):
        raise ConfigError(
            f"{len(running)} experiments run on surface {surface!r} on {day}: {', '.join(running)}. A surface asks one "
            "experiment at a time; let one end before the other starts, or give them one layer and parts of its traffic."
        )
    return next((name for name, settings in running.items() if _takes_part(name, settings, who)), None)


def _takes_part(name: str, settings: ExperimentConfig, who: str) -> bool:
    """Say whether a visitor is in the part of the layer's traffic that an experiment has."""
    first, last = settings.traffic
    return first * BUCKETS <= bucket(f"layer:{settings.layer or name}", who) < last * BUCKETS


def _exposure(name: str, surface: str, visitor: str, arm: str, share: float) -> Exposure:
    """Return the event that a visitor was eligible now; asked again, the same arm is the same event and counts once."""
    return Exposure(
        event_id="x_" + hashlib.sha256(f"{name}:{arm}:{visitor}".encode()).hexdigest()[:32],
        occurred_at=datetime.now(UTC),
        visitor_id=visitor,
        experiment=name,
        variant=arm,
        surface=surface,
        policy=arm,
        propensity=share,
    )
