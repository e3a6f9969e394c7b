"""Answers that are kept while they are right, and shown a little longer while newer ones are being worked out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from counterclick.errors import CounterclickError
from counterclick.shop.premises import Premises
from counterclick.web.asking import Asking
from counterclick.web.bodies import BodyError
from counterclick.web.dashboard.kept import AT_MOST_SECONDS, Kept, answered
from counterclick.web.dashboard.stored import Stored, stored_or_answered
from counterclick.web.logs import say

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["Answers"]

_MOST = 200
"""Answers that are kept: those that were asked for last."""
_AT_LEAST_SECONDS = 10.0
_TIMES_AS_LONG = 9.0
"""A question is asked again when so many times as long has passed as its answer took of a processor's time: at most a tenth
of one processor goes into newer answers while a kept one is shown."""
_NEVER = (-2, -2)
"""No state of any log: what went wrong is tried again."""


class Answers:
    """Answers to a shop's questions, kept.

    Args:
        shop: whom they are about; only its files are looked at.
        asking: where questions wait their turn.
    """

    def __init__(self, shop: Premises, asking: Asking) -> None:
        self._shop = shop
        self._asking = asking
        self._stored = Stored(shop)
        self._kept: dict[str, Kept] = {}
        self._asked: dict[str, asyncio.Task[Kept]] = {}
        self._since: dict[str, datetime] = {}

    async def get(self, name: str, question: Callable[[Shop], Any], patience: float, kind: Any = None) -> Kept | None:
        """Return an answer: at once where one is kept, and while it is overtaken ask for a newer one beside.

        Args:
            name: the same for the same question.
            question: verbs of the shop, as another process calls them (see `Asking.ask`); what they refuse is kept as well.
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
        age = kept.age
        if seen == kept.seen and age < AT_MOST_SECONDS:
            return kept
        wait = max(_AT_LEAST_SECONDS, _TIMES_AS_LONG * kept.worked) - age
        if wait <= 0:
            self._ask(name, question, kind)
        renewed = name in self._asked
        left = kept.seconds if renewed else max(0.0, wait) + kept.seconds
        return replace(kept, is_overtaken=seen != kept.seen, is_renewed=renewed, again_seconds=left)

    def since(self, name: str) -> datetime | None:
        """Return since when an answer is being worked out, UTC; None where it is not."""
        return self._since.get(name)

    def _restore(self, name: str, kind: Any) -> None:
        """Take an answer from disk, where there is one."""
        found = self._stored.read(name, kind)
        if found is not None:
            self._kept.setdefault(name, found)

    def _ask(self, name: str, question: Callable[[Shop], Any], kind: Any) -> asyncio.Task[Kept]:
        """Let a question be answered, unless it is being answered."""
        if name not in self._asked:
            task = asyncio.create_task(self._answered(name, question, kind))
            self._asked[name] = task
            self._since[name] = datetime.now(UTC)
            task.add_done_callback(lambda done: self._end(name, done))
        return self._asked[name]

    def _end(self, name: str, done: asyncio.Task[Kept]) -> None:
        del self._asked[name], self._since[name]
        if not done.cancelled() and done.exception() is None:
            self._kept.pop(name, None)
            self._kept[name] = done.result()
            while len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]

    async def _answered(self, name: str, question: Callable[[Shop], Any], kind: Any) -> Kept:
        whole = partial(answered, question) if kind is None else partial(stored_or_answered, name, kind, question)
        try:
            return await self._asking.ask(f"page {name}", whole)
        except BodyError:
            raise
        except Exception as error:  # noqa: BLE001 - whoever opens the page is told
            if not isinstance(error, CounterclickError):
                say(logging.ERROR, "broken", error=error, address=name)
            return Kept(None, error, _NEVER, datetime.now(UTC), 0.0)
