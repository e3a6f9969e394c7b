"""Handing over: what is to be kept goes to the process that keeps it, and its answer comes back when the disk has it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import msgspec

from counterclick.errors import StoreError
from counterclick.events.rejection import Reason, Rejection
from counterclick.shapes import msgpack_reader
from counterclick.shop.premises import Premises
from counterclick.web.bodies import BodyError
from counterclick.web.child import Child
from counterclick.web.frames import Kept, Sent

__all__ = ["Handing"]

_OK = 200
_UNAVAILABLE = 503
_BROKEN = 500
_LOST = "what keeps events has ended and is started anew; whatever of this was not answered is to be sent again."


class Handing:
    """The line to the process that keeps events.

    Args:
        premises: of the shop.
    """

    def __init__(self, premises: Premises) -> None:
        self.child = Child("counterclick.web.receiver", premises, self._heard, self._lost)
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Kept]] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgpack_reader(Kept)

    async def body(self, body: bytes, source: str, *, is_bot: bool) -> Kept:
        """Hand over a sender's own body; return what became of it, when it is on disk.

        Raises:
            BodyError: it is refused as a whole.
            StoreError: it was not kept, as far as is known.
        """
        return await self._hand(source, body, is_raw=True, is_bot=is_bot)

    async def translated(self, sent: Sequence[Any], source: str, *, is_bot: bool) -> tuple[list[str | Rejection], Kept]:
        """Hand over what translators made; return, for each in order, the event's id or why it was refused, and the whole.

        Raises:
            StoreError: it was not kept, as far as is known.
        """
        told = [(each.reason, each.details, each.body) if isinstance(each, Rejection) else each for each in sent]
        kept = await self._hand(source, msgspec.json.encode(told), is_raw=False, is_bot=is_bot)
        judged = [
            each if isinstance(each, str) else Rejection(reason=Reason(each[0]), details=each[1], body="")
            for each in msgspec.json.decode(kept.body)
        ]
        return judged, kept

    def begun(self, sent: bytes, source: str, *, is_judged: bool) -> asyncio.Task[Kept]:
        """Hand over events at once; return what ends when they are on disk, with what became of them.

        Args:
            sent: JSON: lines where they are judged, else a list.
            source: of the events.
            is_judged: whether the door has let them through already.

        Raises:
            StoreError: there is nobody to hand them to. The task raises it where they were not kept, as far as is known.
        """
        number = self._send(source, sent, is_raw=False, is_bot=False, is_judged=is_judged)
        return asyncio.create_task(self._kept(number))

    async def _hand(self, source: str, body: bytes, *, is_raw: bool, is_bot: bool) -> Kept:
        return await self._kept(self._send(source, body, is_raw=is_raw, is_bot=is_bot))

    def _send(self, source: str, body: bytes, *, is_raw: bool, is_bot: bool, is_judged: bool = False) -> int:
        number = next(self._numbers)
        self.child.send(self._encode(Sent(number, source, is_raw, is_bot, body, is_judged)))
        self._waiting[number] = asyncio.get_running_loop().create_future()
        return number

    async def _kept(self, number: int) -> Kept:
        try:
            kept = await self._waiting[number]
        finally:
            del self._waiting[number]
        if kept.status == _OK:
            return kept
        says = kept.body.decode()
        if kept.status == _UNAVAILABLE:
            raise StoreError(says)
        if kept.status == _BROKEN:
            raise RuntimeError("what was handed over could not be judged")
        raise BodyError(kept.status, says)

    def _heard(self, message: bytes) -> None:
        kept = self._decode(message)
        waiting = self._waiting.get(kept.number)
        if waiting is not None and not waiting.done():
            waiting.set_result(kept)

    def _lost(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(StoreError(_LOST))
