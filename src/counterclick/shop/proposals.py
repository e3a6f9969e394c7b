"""Proposals: changes of settings that somebody wants to try, each a file of the store, and where each stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from counterclick.config import AT, Config, ExperimentConfig, written
from counterclick.display import Grid, Shown
from counterclick.errors import ConfigError, StoreError, UnknownNameError
from counterclick.shapes import from_json

__all__ = [
    "PROPOSALS",
    "Proposal",
    "ProposalList",
    "Standing",
    "on_trial",
    "proposal",
    "proposals",
    "remembered",
    "standing",
]

PROPOSALS = "proposals"
"""Folder in the store's."""
Standing = Literal["proposed", "evaluated", "on trial", "applied", "withdrawn"]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A change of settings that somebody wants to try. What it changes stays as it was proposed.

    Attributes:
        name: by which an experiment's variant carries it, too.
        policy: whose settings it changes.
        surface: where it would be tried.
        changes: place -> value.
        before: place -> value when it was proposed.
        by: who proposed it.
        why: the reason.
        proposed_at: when, UTC.
        evaluated_at: when it was last evaluated on logged decisions; None before.
        said: what that said, in one sentence.
        ended: how it ended; None while it has not.
        ended_at: when.
        because: why it ended so.
    """

    name: str
    policy: str
    surface: str
    changes: dict[str, Any]
    before: dict[str, Any]
    by: str
    why: str
    proposed_at: datetime
    evaluated_at: datetime | None = None
    said: str = ""
    ended: Literal["applied", "withdrawn"] | None = None
    ended_at: datetime | None = None
    because: str = ""

    @property
    def variant(self) -> str:
        """The variant that carries it: the policy, as it would be set."""
        return f"{self.policy}{AT}{self.name}"

    @property
    def says(self) -> str:
        """What it changes, in words."""
        return ", ".join(f"{place} from {_told(self.before[place])} to {_told(new)}" for place, new in self.changes.items())


@dataclass(frozen=True, slots=True)
class ProposalList(Shown):
    """The proposals of a shop.

    Attributes:
        proposals: the newest first, each with where it stands.
    """

    proposals: tuple[tuple[Proposal, Standing], ...]

    def grids(self) -> list[Grid]:
        """Return what each changes, who wants it and why, and where it stands."""
        if not self.proposals:
            return [Grid("No proposals", (), (), ("`counterclick tune propose NAME CHANGE --why REASON` makes one.",))]
        rows = [(each.name, state, each.says, f"{each.by}, {each.proposed_at:%Y-%m-%d}") for each, state in self.proposals]
        notes = [f"{each.name}: {each.because or each.said or each.why}" for each, _state in self.proposals]
        return [Grid("Proposals", ("proposal", "stands", "changes", "by"), rows, notes, left=4)]


def on_trial(proposed: Proposal, config: Config) -> tuple[str, ExperimentConfig] | None:
    """Return the experiment that tries a proposal, the newest where there are several; None without one.

    Raises:
        ConfigError: an experiment's variant has its name, and changes something else.
    """
    found = [(name, own) for name, own in config.experiments.items() if proposed.variant in own.settings]
    for name, own in found:
        if own.settings[proposed.variant] != proposed.changes:
            raise ConfigError(
                f"experiment {name!r} has other settings for {proposed.variant!r} than were proposed: {proposed.says}. "
                "Propose what it tries under a name of its own."
            )
    return max(found, key=lambda each: each[1].starts_on, default=None)


def standing(proposed: Proposal, config: Config) -> Standing:
    """Return where a proposal stands."""
    if proposed.ended is not None:
        return proposed.ended
    if any(own.settings.get(proposed.variant) == proposed.changes for own in config.experiments.values()):
        return "on trial"
    return "evaluated" if proposed.evaluated_at is not None else "proposed"


def proposal(folder: Path, name: str) -> Proposal:
    """Return a proposal.

    Args:
        folder: of the store.
        name: of the proposal.

    Raises:
        UnknownNameError: there is none of that name.
        StoreError: it cannot be read.
    """
    known = {each.name: each for each in proposals(folder)}
    if name not in known:
        raise UnknownNameError("proposal", name, known, "`counterclick tune propose` makes one.")
    return known[name]


def proposals(folder: Path) -> Sequence[Proposal]:
    """Return the proposals of a store, the newest first.

    Raises:
        StoreError: one cannot be read.
    """
    found = []
    for file in (folder / PROPOSALS).glob("*.json"):
        try:
            found.append(from_json(file.read_bytes(), Proposal))
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"{file} cannot be read: {error}.") from error
    return sorted(found, key=lambda each: (each.proposed_at, each.name), reverse=True)


def remembered(folder: Path, proposed: Proposal) -> Proposal:
    """Write a proposal, and return it.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        (folder / PROPOSALS).mkdir(parents=True, exist_ok=True)
        written(folder / PROPOSALS / f"{proposed.name}.json", msgspec.json.format(msgspec.json.encode(proposed)).decode())
    except (OSError, ConfigError) as error:
        raise StoreError(f"proposal {proposed.name!r} cannot be kept: {error}") from error
    return proposed


def _told(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return msgspec.json.encode(value).decode()
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
