"""Whether assignment is clean: visitors in several arms, and orders whose arm is known, for each experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from counterclick.audits.health import Carried
from counterclick.experiments import Experiment

__all__ = ["carried_of"]


def carried_of(experiments: Mapping[str, Experiment]) -> tuple[Carried, ...]:
    """Return for each experiment with visitors: who is in several arms, and how many orders and revenue have an arm.

    The same visitors and orders count as in the verdict's checks.
    """
    found = {name: (own.config, own.assignment()) for name, own in experiments.items()}
    return tuple(
        Carried(name, config.variants[config.feature], **asdict(assigned))
        for name, (config, assigned) in found.items()
        if assigned.n_eligible
    )
