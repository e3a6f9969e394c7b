"""What an experiment is told by the shop: its tables and the values that its verdict depends on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from counterclick.attribution import Rule
from counterclick.config import KillConfig, ShareChange
from counterclick.facts import Facts
from counterclick.verdicts import Look

__all__ = ["Context", "Declaration", "forget"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """An experiment's configuration as it was declared in the log.

    Attributes:
        config_hash: hash of what was declared.
        declared_at: when, UTC.
        planned_buyers: that the weekly looks are reckoned by; None where no history told at that time.
        changes: of shares that were known then.
    """

    config_hash: str
    declared_at: datetime
    planned_buyers: float | None = None
    changes: tuple[ShareChange, ...] = ()


def forget(looks: Sequence[Look]) -> None:
    """Keep no looks: what a context without a store does."""
    del looks


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
        looks: taken at this experiment as it is configured now, oldest first.
        remember: what to do with new looks.
        now: the time, UTC, for what is taken now.
        kill: for how long a surface may cost without showing anything.
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
    looks: Sequence[Look] = ()
    remember: Callable[[Sequence[Look]], None] = forget
    now: datetime | None = None
    kill: KillConfig = field(default_factory=KillConfig)
