"""Exposures: handed over before a flag is answered, and again until the disk has them.

A page waits for its flag, so that the answer does not wait for the disk. It waits until the process that keeps has been
handed the exposure: one of the two may end then, and the other still has it. Only where both end at once (or the machine)
may those of the last milliseconds be missing, in all arms alike; who asks again is exposed then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from counterclick.errors import StoreError
from counterclick.web.bodies import BodyError
from counterclick.web.frames import Kept
from counterclick.web.handing import Handing
from counterclick.web.logs import say

__all__ = ["EXPOSED", "Exposing"]

EXPOSED = "decide"
"""Their source."""
_AGAIN_SECONDS = 1.0

Events = Sequence[Mapping[str, Any]]


class Exposing:
    """Hands exposures over.

    Args:
        handing: the line to the process that keeps them.
        count: told what became of them, with their source.
    """

    def __init__(self, handing: Handing, count: Callable[[str, Kept], None]) -> None:
        self._handing = handing
        self._count = count
        self._keeping: set[asyncio.Task[None]] = set()
        self._is_failing = False

    async def record(self, events: Events, *, is_bot: bool) -> None:
        """Hand over exposures that the door lets through; when this returns, the end of one process loses none of them.

        Where the last ones could not be kept, these are on disk when it returns.

        Raises:
            StoreError: they could not be handed over, or kept; none was.
        """
        kept = self._handing.begun(events, EXPOSED, is_bot=is_bot)
        if self._is_failing or not self._handing.child.has_all:
            self._count(EXPOSED, await kept)
            self._is_failing = False
            return
        keeping = asyncio.create_task(self._keep(events, kept, is_bot=is_bot))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)

    async def finish(self) -> None:
        """Wait for what was handed over once; what cannot be kept now is told, and given up."""
        left = set(self._keeping)
        if left:
            _done, late = await asyncio.wait(left, timeout=_AGAIN_SECONDS)
            for each in late:
                each.cancel()
            if late:
                say(logging.ERROR, "exposures could not be kept", requests=len(late))

    async def _keep(self, events: Events, kept: asyncio.Task[Kept], *, is_bot: bool) -> None:
        """See that exposures come to the disk: what has ended or was full may take them later."""
        while True:
            try:
                self._count(EXPOSED, await kept)
            except StoreError:
                self._is_failing = True
            except (BodyError, RuntimeError) as error:
                say(logging.ERROR, "broken", error=error, source=EXPOSED)
                return
            else:
                self._is_failing = False
                return
            await asyncio.sleep(_AGAIN_SECONDS)
            kept = asyncio.create_task(self._begun(events, is_bot=is_bot))

    async def _begun(self, events: Events, *, is_bot: bool) -> Kept:
        return await self._handing.begun(events, EXPOSED, is_bot=is_bot)
