"""An answer as it is kept, and how it comes about in the process that works figures out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from counterclick.errors import CounterclickError, StoreError

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["AT_MOST_SECONDS", "Kept", "answered"]

AT_MOST_SECONDS = 3_600.0
"""Figures that depend on the day are worked out anew after so long, whether or not anything has come."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it is kept.

    Attributes:
        value: what the verbs answered; None where they refused.
        refusal: why they did, or what went wrong.
        seen: the state of the log and the inbox that it was worked out from.
        answered_at: when, UTC.
        seconds: how long that took.
        worked: seconds of a processor's time that it took.
        is_overtaken: whether events have come since.
        is_renewed: whether a newer one is being worked out.
        again_seconds: in how many seconds there may be a newer one.
    """

    value: Any
    refusal: Exception | None
    seen: tuple[int, int]
    answered_at: datetime
    seconds: float
    worked: float = 0.0
    is_overtaken: bool = False
    is_renewed: bool = False
    again_seconds: float = 0.0

    @property
    def age(self) -> float:
        """Seconds since it was asked."""
        return (datetime.now(UTC) - self.answered_at).total_seconds()


def answered(question: Callable[[Shop], Any], shop: Shop) -> Kept:
    """Return a question's answer, or what the verbs refused, with what it took.

    A verdict that takes a look writes it down: where nobody else has written meanwhile, nothing new has come.

    Args:
        question: verbs of the shop.
        shop: which.

    Raises:
        StoreError: the store cannot be read, which may be over in a moment.
    """
    store, at, began, worked = shop.store, datetime.now(UTC), time.monotonic(), time.process_time()
    seen, n_own = store.seen(), store.inbox.n_own
    value, refusal = None, None
    try:
        value = question(shop)
    except StoreError:
        raise
    except CounterclickError as error:
        refusal = error
    after = store.seen()
    if (after[0], after[1] - seen[1]) == (seen[0], store.inbox.n_own - n_own):
        seen = after
    return Kept(value, refusal, seen, at, time.monotonic() - began, time.process_time() - worked)
