"""Evaluating: which arm of an experiment a visitor is in, with or without writing that the visitor was eligible."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import msgspec

from counterclick.config import HELD_OUT, HOLDOUT, NOTHING, Config, ExperimentConfig
from counterclick.errors import UnknownNameError
from counterclick.events.redaction import hashed
from counterclick.events.vocabulary import Exposure
from counterclick.shop.decided import scores_baskets
from counterclick.shop.deciding import Assigned, assigned
from counterclick.store import Store

__all__ = ["Evaluating", "Evaluation", "FirstArms"]

_REMEMBERED = 200_000
"""Exposures that are remembered at most, so that a visitor who asks again costs no write."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a flag says for one visitor.

    Attributes:
        key: the flag: an experiment, or a surface.
        value: an experiment's arm; of a surface, whether its AI feature is on.
        variant: the arm; of a surface that no experiment asks ``on`` or ``off``.
        reason: ``SPLIT`` where chance decided between arms, ``TARGETING_MATCH`` where the visitor is held out from every AI
            surface, ``DISABLED`` where nobody is asked today, so that the value is the control's, or of a surface ``on``;
            ``STATIC`` where a schedule has it off.
        experiment: under which experiment; None where none asks this visitor.
        exposures: that the visitor was eligible, to be recorded before the value is used.
    """

    key: str
    value: str | bool
    variant: str
    reason: Literal["SPLIT", "TARGETING_MATCH", "DISABLED", "STATIC"]
    experiment: str | None
    exposures: tuple[Exposure, ...]


class FirstArms:
    """The arms that visitors keep, of experiments whose shares changed on the way; of all others an arm follows from the id.

    Args:
        store: whose log is read once, when this is made.
        config: what ``shop.toml`` declares.
    """

    def __init__(self, store: Store, config: Config) -> None:
        self._names = tuple(name for name, settings in config.experiments.items() if settings.changes)
        self._arms: dict[tuple[str, str], tuple[str, float | None]] = {}
        if self._names:
            listed = ", ".join("?" for _name in self._names)
            sql = (
                "SELECT experiment, visitor_id, arg_min(struct_pack(variant, propensity), (occurred_at, event_id)) "
                f"FROM events WHERE kind = 'exposure' AND experiment IN ({listed}) GROUP BY ALL"
            )
            rows = store.ask(lambda connection: connection.execute(sql, self._names).fetchall())
            self._arms = {(name, who): (arm["variant"], arm["propensity"]) for name, who, arm in rows}

    def __call__(self, name: str, who: str) -> tuple[str, float | None] | None:
        """Return arm and propensity of a visitor's first exposure to an experiment, if any."""
        return self._arms.get((name, who))

    def note(self, exposure: Exposure) -> None:
        """Remember an exposure that was recorded."""
        if exposure.experiment in self._names and exposure.visitor_id is not None:
            self._arms.setdefault((exposure.experiment, exposure.visitor_id), (exposure.variant, exposure.propensity))


class Evaluating:
    """Says what each visitor gets; asks no table.

    Args:
        config: what ``shop.toml`` declares.
        key: the shop's secret, by which visitors that are e-mail addresses are known.
        arms: that visitors keep.
    """

    def __init__(self, config: Config, key: str, arms: FirstArms) -> None:
        self._config = config
        self._key = key
        self._arms = arms
        self._exposed: dict[str, None] = {}
        self._digest = hashlib.sha256(msgspec.json.encode(config, order="sorted")).hexdigest()[:12]

    @property
    def surfaces(self) -> tuple[str, ...]:
        """The surfaces there are: those that are declared, experimented on, or switched by a schedule."""
        tested = (each.surface for each in self._config.experiments.values())
        return tuple(sorted({*self._config.surfaces, *self._config.onoff, *tested}))

    @property
    def experiments(self) -> tuple[str, ...]:
        """The experiments on visitors there are: a flag is asked for one."""
        return tuple(name for name, settings in self._config.experiments.items() if settings.unit == "visitor")

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags there are: experiments, and surfaces of other names."""
        return (*self.experiments, *(name for name in self.surfaces if name not in self._config.experiments))

    def version(self, day: date) -> str:
        """Return what changes when any flag may have changed."""
        return f"{self._digest}-{day.isoformat()}"

    def evaluate(self, flag: str, visitor: str, day: date) -> Evaluation:
        """Return what a flag says for a visitor on a day of the shop: an experiment's, else a surface's.

        Raises:
            UnknownNameError: there is no such flag.
            ConfigError: several experiments would ask the same visitor.
        """
        return self._evaluation(flag, self._config.experiments.get(flag), visitor, day)

    def surface(self, name: str, visitor: str, day: date) -> Evaluation:
        """Return whether a surface is on for a visitor, also where an experiment has its name; as `evaluate` else."""
        return self._evaluation(name, None, visitor, day)

    def _evaluation(self, flag: str, settings: ExperimentConfig | None, visitor: str, day: date) -> Evaluation:
        if settings is None and flag not in self.surfaces:
            raise UnknownNameError("flag", flag, self.flags, "A flag is an experiment or a surface of shop.toml.")
        _who, found = self.assigned(settings.surface if settings else flag, visitor, day)
        found = replace(found, exposures=self._by_flag(found.exposures))
        if found.is_switched_off:
            return self._off(flag, settings, found, "STATIC")
        if found.variant == HELD_OUT:
            return self._off(flag, settings, found, "TARGETING_MATCH")
        if settings is not None:
            if found.experiment != flag or found.variant is None:
                whole = tuple(each for each in found.exposures if each.experiment == HOLDOUT)  # on either of its sides alike
                return self._off(flag, settings, replace(found, experiment=None, exposures=whole), "DISABLED")
            return Evaluation(flag, found.variant, found.variant, "SPLIT", flag, found.exposures)
        asked = self._config.experiments.get(found.experiment or "")
        if asked is None or found.variant is None:
            return Evaluation(flag, True, "on", "DISABLED", found.experiment, found.exposures)
        is_on = found.variant not in (asked.control, NOTHING)
        return Evaluation(flag, is_on, found.variant, "SPLIT", found.experiment, found.exposures)

    def assigned(self, surface: str, visitor: str, day: date) -> tuple[str, Assigned]:
        """Return as whom a visitor is known, and what the visitor gets on a surface on a day of the shop.

        Raises:
            UnknownNameError: ``shop.toml`` declares no such surface.
            ConfigError: several experiments would ask the same visitor.
        """
        who = hashed(visitor, self._key)
        return who, assigned(self._config, surface, who, day, self._arms)

    def _by_flag(self, exposures: Sequence[Exposure]) -> tuple[Exposure, ...]:
        """Return the exposures that a flag makes: it knows no basket, so that nobody becomes eligible for nudges by it."""
        return tuple(each for each in exposures if not scores_baskets(each.experiment, self._config))

    def unrecorded(self, exposures: Sequence[Exposure]) -> list[Exposure]:
        """Return those of some exposures that were not recorded before, as far as this object was told."""
        return [each for each in exposures if each.event_id not in self._exposed]

    def recorded(self, exposures: Sequence[Exposure]) -> None:
        """Remember exposures that are on disk: asked again, they are the same events."""
        for each in exposures:
            self._exposed[str(each.event_id)] = None
            self._arms.note(each)
        while len(self._exposed) > _REMEMBERED:
            del self._exposed[next(iter(self._exposed))]

    @staticmethod
    def _off(
        flag: str,
        settings: ExperimentConfig | None,
        found: Assigned,
        reason: Literal["TARGETING_MATCH", "DISABLED", "STATIC"],
    ) -> Evaluation:
        """Return the control of an experiment, or that a surface is off."""
        if settings is None:
            return Evaluation(flag, False, found.variant or "off", reason, found.experiment, found.exposures)
        return Evaluation(flag, settings.control, settings.control, reason, found.experiment, found.exposures)
