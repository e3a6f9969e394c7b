"""``[replenishment]``: what is foreseen of customers who buy again, and from when on; every setting with its source."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["REPLENISH", "REPLENISHMENT_SOURCES", "ReplenishmentConfig"]

REPLENISH = "replenish"
"""The variant whose customers are reminded of what they buy again; what is learned for it has the same name."""


class ReplenishmentConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[replenishment]``.

    Attributes:
        bought: days on which a customer must have bought a type of product, so that its rhythm is known.
        rebought: pairs of customer and type that must have been bought again, to learn from and again to judge by.
        ahead_days: days from today on among which the day to send is looked for.
        level_days: newest days by which the level of expected orders is found, and as many by which it is judged; of a
            shorter history a third.
    """

    bought: Annotated[int, Meta(ge=2, le=1_000)] = 2
    rebought: Annotated[int, Meta(ge=30, le=10**9)] = 200
    ahead_days: Annotated[int, Meta(ge=1, le=366)] = 28
    level_days: Annotated[int, Meta(ge=14, le=366)] = 365


REPLENISHMENT_SOURCES: dict[str, str] = {
    "bought": "Counterclick: what was bought once has no rhythm yet",
    "rebought": "Counterclick: with fewer the interval of what is told apart is wider than what is gained",
    "ahead_days": "Counterclick: four weeks; what lies further ahead is foreseen anew until then",
    "level_days": "Counterclick: a level of a whole year has no season in it",
}
"""setting -> where its default comes from."""
