"""Exposures: promised before a flag is answered, and handed over until the disk has them.

A page waits for its flag, so that the answer does not wait for the disk. It waits until the system holds the exposure for
whoever comes next (`counterclick.store.promised`): any process may be killed then, or all of them. Only where the machine
ends may exposures of the last moments be missing, in all arms alike; who asks again is exposed then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from counterclick.errors import StoreError
from counterclick.store.inbox import Body
from counterclick.store.promised import Promise, Promised
from counterclick.web.bodies import BodyError
from counterclick.web.frames import Kept
from counterclick.web.handing import Handing
from counterclick.web.logs import say

__all__ = ["EXPOSED", "Exposing"]

EXPOSED = "decide"
"""Their source."""
_AGAIN_SECONDS = 1.0
_TIDY_SECONDS = 1.0


class Exposing:
    """Promises exposures, and hands them over.

    Args:
        handing: the line to the process that keeps them.
        promised: where they outlive this one.
        count: told what became of them, with their source.
    """

    def __init__(self, handing: Handing, promised: Promised, count: Callable[[str, Kept], None]) -> None:
        self._handing = handing
        self._promised = promised
        self._count = count
        self._keeping: set[asyncio.Task[None]] = set()
        self._is_failing = False
        self._tidying: asyncio.TimerHandle | None = None

    async def record(self, events: bytes, bodies: Sequence[Body], *, is_judged: bool = False) -> None:
        """Record exposures: when this returns, no end of any process loses them.

        Where the last ones could not be kept, these are on disk when it returns.

        Args:
            events: in the vocabulary, which the door lets through, as JSON: see `Handing.begun`.
            bodies: in which they would wait in the inbox.
            is_judged: whether the door has let them through.

        Raises:
            StoreError: they could not be handed over, or kept; none was.
        """
        kept = self._handing.begun(events, EXPOSED, is_judged=is_judged)
        promise = None if self._is_failing else self._promise(bodies)
        if promise is None:
            self._count(EXPOSED, await kept)
            self._is_failing = False
            return
        keeping = asyncio.create_task(
            self._keep(partial(self._handing.begun, events, EXPOSED, is_judged=is_judged), kept, promise)
        )
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)

    async def finish(self) -> None:
        """Wait for what is being handed over, for a while; what is not kept then waits for whoever opens the inbox next."""
        if self._tidying is not None:
            self._tidying.cancel()
        left = set(self._keeping)
        if left:
            _done, late = await asyncio.wait(left, timeout=_AGAIN_SECONDS)
            for each in late:
                each.cancel()
        self._promised.tidy()

    def _promise(self, bodies: Sequence[Body]) -> Promise | None:
        """Let exposures outlive this process; return None where that cannot be."""
        try:
            return self._promised.note(bodies)
        except OSError:  # a full disk, which the one who keeps them will meet as well
            return None

    async def _keep(self, again: Callable[[], asyncio.Task[Kept]], kept: asyncio.Task[Kept], promise: Promise) -> None:
        """See that exposures come to the disk: a process that has ended is begun anew, and a full disk has room again."""
        while True:
            try:
                self._count(EXPOSED, await kept)
            except StoreError:
                self._is_failing = True
            except (BodyError, RuntimeError) as error:
                say(logging.ERROR, "broken", error=error, source=EXPOSED)
                break
            else:
                self._is_failing = False
                break
            await asyncio.sleep(_AGAIN_SECONDS)
            kept = asyncio.create_task(_begun(again))
        self._promised.kept(promise)
        if self._tidying is None:
            self._tidying = asyncio.get_running_loop().call_later(_TIDY_SECONDS, self._tidy)

    def _tidy(self) -> None:
        self._tidying = None
        self._promised.tidy()


async def _begun(again: Callable[[], asyncio.Task[Kept]]) -> Kept:
    return await again()
