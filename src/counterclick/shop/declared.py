"""Which experiments stand in the log as ``shop.toml`` declares them: asked before visitors are assigned, and quickly."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from counterclick.config import HOLDOUT, Config, ExperimentConfig, ShareChange
from counterclick.experiments.hashing import config_hash
from counterclick.store import Store

__all__ = ["DECLARED", "declared_as", "is_declared"]

DECLARED = "experiment_declared"
"""Kind of the events that declare."""


def declared_as(name: str, settings: ExperimentConfig, *, again: bool = False) -> str:
    """Return the id of the event that declares an experiment.

    Args:
        name: the experiment.
        settings: what is declared.
        again: whether it was declared before, when no history told how many buyers to expect.
    """
    changes = f"_{_digest(settings.changes)}" if settings.changes else ""
    return f"declared_{config_hash(name, settings)}{changes}" + "_planned" * again


def is_declared(store: Store, config: Config) -> bool:
    """Say whether the log has every experiment, and the holdout over all of them, as it is declared now.

    What still waits in the inbox is not looked at: where this says no, `Shop.declare` finds out.
    """
    names = (*config.experiments, *([HOLDOUT] if config.holdout else []))
    wanted = {name: config.experiment(name) for name in names}
    known = {event_id for (event_id,) in store.logged("event_id", DECLARED)} if wanted else set()
    return all({declared_as(name, each), declared_as(name, each, again=True)} & known for name, each in wanted.items())


def _digest(changes: Sequence[ShareChange]) -> str:
    return hashlib.sha256(msgspec.json.encode(changes, order="sorted")).hexdigest()[:16]
