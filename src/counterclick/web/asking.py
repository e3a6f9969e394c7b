"""Questions to the shop, which may take seconds, or minutes on a large one: worked out one at a time, in a process beside.

Whoever asks what is being worked out already gets that answer. What does not fit into the line is to come again, so that
questions never pile up. The process is begun with the first question, or before it, and steps back behind those who are
answered (`counterclick.web.reckoning`).
"""

from __future__ import annotations

import asyncio
import itertools
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from counterclick.errors import StoreError
from counterclick.shapes import msgpack_reader
from counterclick.shop.premises import Premises
from counterclick.web.bodies import BodyError
from counterclick.web.child import Child
from counterclick.web.frames import Question, Reply

if TYPE_CHECKING:
    from counterclick.shop.front import Shop

__all__ = ["LINE", "Asking"]

LINE = 8
"""Different questions that may wait or be worked out at once."""
_AGAIN_SECONDS = 10
_STOPS = "the process stops; ask again in a moment."
_LOST = "what works out figures has ended and is started anew; ask again in a moment."

Answer = TypeVar("Answer")


class Asking:
    """The line of questions.

    ``has_answered`` is set when the first has been answered.

    Args:
        shop: whom they are about.
    """

    def __init__(self, shop: Premises) -> None:
        self._child = Child("counterclick.web.reckoning", shop, self._heard, self._lost)
        self._ended: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()
        self._asked: dict[str, asyncio.Task[Any]] = {}
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgpack_reader(Reply)
        self._is_closing = False
        self.has_answered = asyncio.Event()

    async def ask(self, name: str, question: Callable[[Shop], Answer]) -> Answer:
        """Return the answer.

        Args:
            name: the same for the same question.
            question: verbs of the shop, and what is made of their answers: a function of a module with its arguments
                (`functools.partial`), since another process calls it.

        Raises:
            BodyError: too many wait (503).
            StoreError: the process stops, or what works figures out has ended.
            CounterclickError: whatever the verb raises.
        """
        if name not in self._asked:
            if len(self._asked) >= LINE:
                says = f"{LINE} other questions are being answered; ask again in {_AGAIN_SECONDS} seconds."
                raise BodyError(503, says, again_seconds=_AGAIN_SECONDS)
            self._asked[name] = asyncio.create_task(self._answer(question))
            self._asked[name].add_done_callback(lambda done: self._end(name, done))
        found: Answer = await asyncio.shield(self._asked[name])
        return found

    def _end(self, name: str, done: asyncio.Task[Any]) -> None:
        del self._asked[name]
        if not done.cancelled():
            done.exception()  # whoever asked may have gone away

    async def begin(self) -> None:
        """Begin the process, unless it has begun: it loads what it needs before it is asked.

        Raises:
            StoreError: the process stops.
        """
        async with self._beginning:
            if self._is_closing:
                raise StoreError(_STOPS)
            if self._ended is None:
                self._ended = await self._child.start()

    async def _answer(self, question: Callable[[Shop], Any]) -> Any:
        await self.begin()
        number = next(self._numbers)
        self._child.send(self._encode(Question(number, pickle.dumps(question))))
        self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            reply = await self._waiting[number]
        finally:
            del self._waiting[number]
        found = pickle.loads(reply.body)  # noqa: S301 - of a process that this one has begun
        if reply.is_error:
            raise found
        return found

    def _heard(self, message: bytes) -> None:
        self.has_answered.set()
        reply = self._decode(message)
        waiting = self._waiting.get(reply.number)
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    def _lost(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(StoreError(_STOPS if self._is_closing else _LOST))

    async def close(self) -> None:
        """Let what is worked out fail, and what waits with it."""
        self._is_closing = True
        async with self._beginning:
            ended = self._ended
        if ended is not None:
            self._child.stop()
            await ended
