"""What an experiment is told by the shop: its tables and the values that its verdict depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from counterclick.attribution import Rule
from counterclick.config import ExperimentConfig
from counterclick.facts import Facts

__all__ = ["Context", "Declaration", "config_hash"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """An experiment's configuration as it was declared in the log.

    Attributes:
        config_hash: hash of what was declared.
        declared_at: when, UTC.
    """

    config_hash: str
    declared_at: datetime


@dataclass(frozen=True, slots=True)
class Context:
    """What an experiment depends on besides its own configuration.

    Attributes:
        facts: the shop's tables.
        as_of: the moment up to which the log is known, UTC: its last event's arrival.
        rule: the shop's rule of attribution.
        currency: of all amounts.
        timezone: in which days begin.
        allowance: how late events may arrive.
        returns_window: after which an order's returns have matured.
        monthly_cost: of the feature's surface; None where not declared.
        margin_rate: share of revenue left after the cost of goods, where unit costs are not recorded.
        declarations: of this experiment, oldest first.
    """

    facts: Facts
    as_of: datetime
    rule: Rule
    currency: str
    timezone: str
    allowance: timedelta
    returns_window: timedelta
    monthly_cost: float | None = None
    margin_rate: float | None = None
    declarations: Sequence[Declaration] = ()


def config_hash(name: str, config: ExperimentConfig) -> str:
    """Return the hash of everything in an experiment's configuration: what was declared stays declared.

    The order of the variants counts, since visitors are assigned by it. Settings at their defaults do not, so that a
    setting that a later release adds leaves the hash as it was.
    """
    text = msgspec.json.encode([name, list(config.variants), config], order="sorted")
    return hashlib.sha256(text).hexdigest()[:32]
