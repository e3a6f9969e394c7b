"""Decisions of a process that lives for long: policies as they were last fitted, and answers that are given again."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec

from counterclick.decisions import Decides
from counterclick.shop.learning import Learning
from counterclick.web.bodies import BodyError
from counterclick.web.logs import say

__all__ = ["Deciding"]

_REMEMBERED = 50_000
"""Decisions that are remembered at most, the newest ones."""


class Deciding:
    """What decisions need besides the request.

    Args:
        learning: the policies.
    """

    def __init__(self, learning: Learning) -> None:
        self._learning = learning
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="policies")
        self._again: dict[str, asyncio.Future[Decides]] = {}
        self._given: dict[str, tuple[bytes, bytes]] = {}

    async def policy(self, name: str) -> Decides:
        """Return what serves for a policy; only the first who asks waits, later it is taken up beside the requests."""
        known = self._learning.known(name)
        if known is not None and not self._learning.is_due(name):
            return known
        if name not in self._again:
            self._again[name] = asyncio.get_running_loop().run_in_executor(self._worker, self._learning.policy, name)
            self._again[name].add_done_callback(partial(self._learnt, name))
        return known if known is not None else await asyncio.shield(self._again[name])

    def _learnt(self, name: str, done: asyncio.Future[Decides]) -> None:
        del self._again[name]
        error = None if done.cancelled() else done.exception()
        if error is not None:
            say(logging.ERROR, "a policy could not be taken up anew", error=error, policy=name)

    def given(self, decision_id: str, asked: Any) -> bytes | None:
        """Return the answer that was given under an id; None where none is remembered.

        Raises:
            BodyError: something else was asked under this id (409).
        """
        found = self._given.get(decision_id)
        if found is None:
            return None
        if found[0] != _digest(asked):
            raise BodyError(409, "another decision was asked for under this decision_id; give each its own.")
        return found[1]

    def give(self, decision_id: str, asked: Any, answer: bytes) -> bytes:
        """Remember an answer, and return the one that holds: the first that was given."""
        held = self._given.setdefault(decision_id, (_digest(asked), answer))
        while len(self._given) > _REMEMBERED:
            del self._given[next(iter(self._given))]
        return held[1]

    def close(self) -> None:
        """Take up no more."""
        self._worker.shutdown(wait=False, cancel_futures=True)


def _digest(asked: Any) -> bytes:
    return hashlib.sha256(msgspec.json.encode(asked)).digest()
