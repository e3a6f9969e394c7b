"""Answers that are kept while they are right, and shown a little longer while newer ones are being worked out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from counterclick.errors import CounterclickError, StoreError
from counterclick.shop import Shop
from counterclick.web.asking import Asking
from counterclick.web.bodies import BodyError
from counterclick.web.dashboard.stored import Stored
from counterclick.web.logs import say

__all__ = ["Answers", "Kept"]

_MOST = 200
"""Answers that are kept: those that were asked for last."""
_AT_LEAST_SECONDS = 10.0
_TIMES_AS_LONG = 4.0
"""A question is asked again when so many times as long has passed as its answer took: most of the time is left to events."""
_NEVER = (-2, -2)
"""No state of any log: what went wrong is tried again."""
_AT_MOST_SECONDS = 3_600.0
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
        is_overtaken: whether events have come since.
        is_renewed: whether a newer one is being worked out.
        again_seconds: in how many seconds there may be a newer one.
    """

    value: Any
    refusal: Exception | None
    seen: tuple[int, int]
    answered_at: datetime
    seconds: float
    is_overtaken: bool = False
    is_renewed: bool = False
    again_seconds: float = 0.0


class Answers:
    """Answers to a shop's questions, kept.

    Args:
        shop: whom they are about; only its files are looked at.
        asking: where questions wait their turn.
    """

    def __init__(self, shop: Shop, asking: Asking) -> None:
        self._shop = shop
        self._asking = asking
        self._stored = Stored(shop)
        self._kept: dict[str, Kept] = {}
        self._asked: dict[str, asyncio.Task[Kept]] = {}

    async def get(self, name: str, question: Callable[[Shop], Any], patience: float, kind: Any = None) -> Kept | None:
        """Return an answer: at once where one is kept, and while it is overtaken ask for a newer one beside.

        Args:
            name: the same for the same question.
            question: verbs of the shop; what they refuse is kept as well.
            patience: seconds to wait for the first answer.
            kind: type of the answer, where it is stored on disk as well.

        Returns:
            The answer; None where there is none yet, and it is being worked out.

        Raises:
            BodyError: too many other questions wait.
            StoreError: the log cannot be read.
        """
        if name not in self._kept and name not in self._asked and kind is not None:
            await asyncio.to_thread(self._restore, name, kind)
        kept = self._kept.get(name)
        if kept is None:
            asked = self._ask(name, question, kind)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(asked), patience)
            return None
        seen = await asyncio.to_thread(self._shop.store.seen)
        age = (datetime.now(UTC) - kept.answered_at).total_seconds()
        if seen == kept.seen and age < _AT_MOST_SECONDS:
            return kept
        wait = max(_AT_LEAST_SECONDS, _TIMES_AS_LONG * kept.seconds) - age
        if wait <= 0:
            self._ask(name, question, kind)
        renewed = name in self._asked
        left = kept.seconds if renewed else max(0.0, wait) + kept.seconds
        return replace(kept, is_overtaken=seen != kept.seen, is_renewed=renewed, again_seconds=left)

    def _restore(self, name: str, kind: Any) -> None:
        """Take an answer from disk, where there is one."""
        found = self._stored.read(name, kind)
        if found is not None:
            value, told = found
            self._kept.setdefault(name, Kept(value, None, told.seen, told.answered_at, told.seconds))

    def _ask(self, name: str, question: Callable[[Shop], Any], kind: Any) -> asyncio.Task[Kept]:
        """Let a question be answered, unless it is being answered."""
        if name not in self._asked:
            task = asyncio.create_task(self._answered(name, question, kind))
            self._asked[name] = task
            task.add_done_callback(lambda done: self._end(name, done))
        return self._asked[name]

    def _end(self, name: str, done: asyncio.Task[Kept]) -> None:
        del self._asked[name]
        if not done.cancelled() and done.exception() is None:
            self._kept.pop(name, None)
            self._kept[name] = done.result()
            while len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]

    async def _answered(self, name: str, question: Callable[[Shop], Any], kind: Any) -> Kept:
        def answered(shop: Shop) -> Kept:
            seen, at, began = shop.store.seen(), datetime.now(UTC), time.monotonic()
            value, refusal = None, None
            try:
                value = question(shop)
            except StoreError:
                raise  # it may be gone in a moment
            except CounterclickError as error:
                refusal = error
            return Kept(value, refusal, seen, at, time.monotonic() - began)

        try:
            kept = await self._asking.ask(f"page {name}", answered)
        except BodyError:
            raise
        except Exception as error:  # noqa: BLE001 - whoever opens the page is told
            if not isinstance(error, CounterclickError):
                say(logging.ERROR, "broken", error=error, address=name)
            return Kept(None, error, _NEVER, datetime.now(UTC), 0.0)
        if kind is not None and kept.refusal is None:
            await asyncio.to_thread(self._stored.write, name, kept.value, kept.seen, kept.answered_at, kept.seconds)
        return kept
