"""Questions to the shop, which may take seconds, or minutes on a large one: computed one at a time, beside everything else.

Whoever asks what is being computed already gets that answer. What does not fit into the line is to come again, so that
questions never pile up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from counterclick.errors import StoreError
from counterclick.shop.answering import Answering
from counterclick.shop.premises import Premises
from counterclick.web.bodies import BodyError
from counterclick.web.urgent import work_as_usual

if TYPE_CHECKING:
    from counterclick.shop.front import Shop

__all__ = ["LINE", "Asking"]

LINE = 8
"""Different questions that may wait or be computed at once."""
_AGAIN_SECONDS = 10
_PATIENCE = 10.0
_TICK = 0.05
_STOPS = "the process stops; ask again in a moment."

Answer = TypeVar("Answer")


class Asking:
    """The line of questions.

    Args:
        shop: whom they are about.
    """

    def __init__(self, shop: Premises) -> None:
        self._answering = Answering(shop)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="figures", initializer=work_as_usual)
        self._asked: dict[str, asyncio.Future[Any]] = {}
        self._is_closing = False

    async def ask(self, name: str, question: Callable[[Shop], Answer]) -> Answer:
        """Return the answer.

        Args:
            name: the same for the same question.
            question: verbs of the shop, and what is made of their answers.

        Raises:
            BodyError: too many wait (503).
            StoreError: the process stops.
            CounterclickError: whatever the verb raises.
        """
        if name not in self._asked:
            if len(self._asked) >= LINE:
                says = f"{LINE} other questions are being answered; ask again in {_AGAIN_SECONDS} seconds."
                raise BodyError(503, says, again_seconds=_AGAIN_SECONDS)
            loop = asyncio.get_running_loop()
            self._asked[name] = loop.run_in_executor(self._worker, self._answer, question)
            self._asked[name].add_done_callback(lambda _done: self._asked.pop(name))
        found: Answer = await asyncio.shield(self._asked[name])
        return found

    def _answer(self, question: Callable[[Shop], Answer]) -> Answer:
        if self._is_closing:
            raise StoreError(_STOPS)
        try:
            return self._answering.answer(question)
        except Exception as error:
            if self._is_closing:
                raise StoreError(_STOPS) from error
            raise

    async def close(self) -> None:
        """Let what is computed fail, and what waits with it."""
        self._is_closing = True
        deadline = time.monotonic() + _PATIENCE
        while self._asked and time.monotonic() < deadline:
            self._answering.interrupt()
            await asyncio.wait(self._asked.values(), timeout=_TICK)
        self._worker.shutdown(wait=not self._asked, cancel_futures=True)
        if not self._asked:
            self._answering.close()
