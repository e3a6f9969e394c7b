"""``[health]``: from when on something in the data needs attention; every limit with its source."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["HEALTH_SOURCES", "HealthConfig"]

Share = Annotated[float, Meta(gt=0, le=1)]


class HealthConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[health]``: limits of `counterclick check`.

    Attributes:
        usual_events: consecutive days without events of a kind are a gap where this many are usual on such days together.
        closed_on: days on which the shop was closed; they are no gaps.
        late_share: share of a kind's events that may arrive after the allowance.
        bot_events: events on one day that a visitor must exceed to be taken for a bot.
        bot_factor: and so many times the events that 99 of 100 visitors have on all days together.
        bot_share: share of orders' revenue, or of an experiment's visitors, that likely bots may have.
        several_share: share of an experiment's visitors that may be seen in several arms.
        unmatched_share: share of revenue in an experiment's time whose arm may be unknown.
    """

    usual_events: Annotated[float, Meta(gt=0, le=1e9)] = 10
    closed_on: tuple[date, ...] = ()
    late_share: Share = 0.01
    bot_events: Annotated[int, Meta(ge=1, le=10**9)] = 300
    bot_factor: Annotated[float, Meta(ge=1, le=1e6)] = 10
    bot_share: Share = 0.01
    several_share: Share = 0.01
    unmatched_share: Share = 0.05


HEALTH_SOURCES: dict[str, str] = {
    "usual_events": "Counterclick: where 10 are usual, none comes by chance once in 22,000 such stretches (Poisson)",
    "closed_on": "the shop",
    "late_share": "Counterclick: as for visitors in several arms",
    "bot_events": "Counterclick: one event every two minutes for ten hours",
    "bot_factor": "Counterclick: busy buyers are a few times above the 99th percentile, scripts far above",
    "bot_share": "Counterclick: 1 % of revenue that cannot respond takes 1 % off a lift",
    "several_share": "Counterclick: the verdict's precondition",
    "unmatched_share": "Counterclick: the verdict's precondition",
}
"""limit -> where its default comes from."""
