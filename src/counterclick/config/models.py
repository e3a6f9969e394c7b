"""``[models]``: how long what was learnt may serve; every limit with its source."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["MODEL_SOURCES", "ModelsConfig"]


class ModelsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[models]``.

    Attributes:
        oldest_days: days after which a model no longer serves, and the static rule does.
        fit_hours: hours after which a served shop fits anew, where new events have come.
        kept: versions of each model that are kept, the newest ones.
    """

    oldest_days: Annotated[float, Meta(gt=0, le=3_650)] = 30
    fit_hours: Annotated[float, Meta(gt=0, le=8_760)] = 1
    kept: Annotated[int, Meta(ge=1, le=1_000)] = 3


MODEL_SOURCES: dict[str, str] = {
    "oldest_days": "Counterclick: a list older than a month knows neither what is new nor what season it is",
    "fit_hours": "Counterclick: a day's orders change little; within an hour a new product is known",
    "kept": "Counterclick: enough to see what changed; each is as large as the pairs of a store's products",
}
"""limit -> where its default comes from."""
