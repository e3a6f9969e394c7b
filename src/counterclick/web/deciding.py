"""Decisions of a process that lives for long: policies as they were last fitted, and answers that are given again."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from counterclick.config import Config
from counterclick.decisions import Ask, Decides, Decision
from counterclick.errors import ConflictError, CounterclickError
from counterclick.lazily import keep_loaded
from counterclick.shop.decided import Decided, decided, policies_of, policy_asked
from counterclick.shop.deciding import Assigned
from counterclick.shop.learning import Learning
from counterclick.shop.remembering import answer_json, answer_kept, answer_known, asked_digest
from counterclick.store.answered import Answered
from counterclick.web.logs import say
from counterclick.web.urgent import work_as_usual

__all__ = ["Deciding"]

_REMEMBERED = 50_000
_REMEMBERED_BYTES = 64 * 1024**2
"""Decisions that are remembered at most, the newest ones, and how much of their answers: hundreds of offers are long."""
_AT_ONCE_SECONDS = 0.002
"""A policy that took less the last time is asked without a thread: to hand a question over takes as long as it does."""


class Deciding:
    """What decisions need besides the request.

    Args:
        learning: the policies.
        config: the shop's.
        answered: answers that outlive the process.
    """

    def __init__(self, learning: Learning, config: Config, answered: Answered) -> None:
        self._learning = learning
        self._config = config
        self._answered = answered
        self._milliseconds = config.serve.decide_milliseconds
        tested = config.experiments.values()
        self._arms = {arm for experiment in tested for arm in (*experiment.variants, experiment.control)}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="policies", initializer=work_as_usual)
        self._again: dict[str, asyncio.Future[Decides]] = {}
        self._is_loaded = False
        self._quick: set[str] = set()
        self._given: dict[str, tuple[bytes, bytes]] = {}
        self._n_bytes = 0

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
        keep_loaded()
        error = None if done.cancelled() else done.exception()
        if error is not None:
            say(logging.ERROR, "a policy could not be taken up anew", error=error, policy=name)

    def take_up(self) -> None:
        """Begin to take up what experiments ask for, so that who asks first does not wait for it."""
        if self._arms:
            self._worker.submit(self._take_up)

    def _take_up(self) -> None:
        try:
            for name in policies_of(self._config):
                if name in self._arms:
                    self._learning.policy(name)
        except CounterclickError as error:
            say(logging.ERROR, "a policy could not be taken up", error=error)
        keep_loaded()

    async def decided(self, found: Assigned, ask: Ask, decision_id: str) -> Decided:
        """Return the decision for a visitor, by the static rule where the policy takes longer than it may, and its records.

        Args:
            found: what the visitor gets.
            ask: what the surface asks.
            decision_id: by which it is known.
        """
        if not self._is_loaded:  # the first who asks loads the policies
            await asyncio.to_thread(policies_of, self._config)
            self._is_loaded = True
        name = policy_asked(found, self._config)
        if name is None:
            return decided(found, ask, None, self._config, decision_id)
        try:
            async with asyncio.timeout(self._milliseconds / 1_000):
                policy = await self.policy(name)
                return await self._asked(name, found, ask, policy, decision_id)
        except TimeoutError:
            static = self._learning.instead(name, f"it took longer than {self._milliseconds:g} ms")
            return decided(found, ask, static, self._config, decision_id, in_time=False)

    async def _asked(self, name: str, found: Assigned, ask: Ask, policy: Decides, decision_id: str) -> Decided:
        """Return a policy's decision: made in a thread, or at once where the policy's last one was made in no time.

        Raises:
            TimeoutError: it took longer than it may.
        """
        given = (found, ask, policy, self._config, decision_id)
        made, seconds = _timed(*given) if name in self._quick else await asyncio.to_thread(_timed, *given)
        (self._quick.add if seconds < _AT_ONCE_SECONDS else self._quick.discard)(name)
        if seconds > self._milliseconds / 1_000:
            raise TimeoutError
        return made

    async def given(self, decision_id: str | None, ask: Ask) -> bytes | None:
        """Return the answer that was given under an id; None where none is remembered, or kept beside the log.

        Raises:
            ConflictError: something else was asked under this id.
            StoreError: what is kept cannot be read.
        """
        if decision_id is None:
            return None
        found = self._given.get(decision_id)
        if found is None:
            known = await asyncio.to_thread(answer_known, self._answered, decision_id, ask)
            return None if known is None else answer_json(known)
        if found[0] != asked_digest(ask):
            raise ConflictError("another decision was asked for under this decision_id; give each its own.")
        return found[1]

    async def give(self, decision_id: str | None, ask: Ask, decision: Decision) -> bytes:
        """Remember an answer, and return the one that holds: the first that was given.

        Raises:
            ConflictError: something else was asked under this id meanwhile.
            StoreError: it cannot be kept.
        """
        if decision_id is not None:
            decision = await asyncio.to_thread(answer_kept, self._answered, decision_id, ask, decision)
        new = (asked_digest(ask), answer_json(decision))
        held = self._given.setdefault(decision.decision_id, new)
        self._n_bytes += len(held[1]) if held is new else 0
        while len(self._given) > _REMEMBERED or self._n_bytes > _REMEMBERED_BYTES:
            self._n_bytes -= len(self._given.pop(next(iter(self._given)))[1])
        return held[1]

    def close(self) -> None:
        """Take up no more."""
        self._worker.shutdown(wait=False, cancel_futures=True)


def _timed(found: Assigned, ask: Ask, policy: Decides, config: Config, decision_id: str) -> tuple[Decided, float]:
    """Return a decision, and how many seconds it took."""
    began = time.perf_counter()
    made = decided(found, ask, policy, config, decision_id)
    return made, time.perf_counter() - began
