"""What a surface shows a visitor: the arm, the exposure that says so in the log, and the arm's policy."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from counterclick.config import Config
from counterclick.decisions import Ask, Bestsellers, Decides, Decision
from counterclick.errors import EmptyStoreError, InputError
from counterclick.events.redaction import hashed
from counterclick.shop.decided import Decided, decided, policy_asked
from counterclick.shop.deciding import Assigned, assigned
from counterclick.shop.learning import Learning
from counterclick.shop.reading import Reading
from counterclick.shop.recording import record_bodies
from counterclick.shop.registry import Registry
from counterclick.shop.remembering import answer_kept, answer_known
from counterclick.store import Store

__all__ = ["Serving"]


class Serving:
    """Decides what surfaces show, with policies as they were last fitted.

    Args:
        config: what ``shop.toml`` declares.
        learning: the policies.
        store: where exposures are recorded.
        registry: of the shop's experiments.
        reading: returns the present reading of the store.
        forget: lets the next question see the exposures.
        fit: fits what is named, where there is no model of it at all.
    """

    def __init__(
        self,
        config: Config,
        learning: Learning,
        store: Store,
        registry: Registry,
        reading: Callable[[], Reading],
        forget: Callable[[], None],
        fit: Callable[[Collection[str]], object],
    ) -> None:
        self._config = config
        self._learning = learning
        self._store = store
        self._registry = registry
        self._reading = reading
        self._forget = forget
        self._fit = fit

    def decide(self, ask: Ask, today: date | None, decision_id: str | None) -> Decision:
        """Return what a surface shows a visitor: see `counterclick.Shop.decide`."""
        day = today or datetime.now(ZoneInfo(self._config.shop.timezone)).date()
        who = hashed(ask.visitor, self._store.key)
        customer = None if ask.customer is None else hashed(ask.customer, self._store.key)
        found = assigned(self._config, ask.surface, who, day, self._first_arm)
        known = replace(ask, visitor=who, customer=customer)
        given = answer_known(self._store.answered, decision_id, known) if decision_id else None
        if given is not None:
            return given
        told = self._decided(found, known, decision_id or f"d_{secrets.token_hex(16)}")
        events = [*told.exposures, *told.made]
        if events:
            self._registry.declare(*(exposure.experiment for exposure in told.exposures))
            recorded = record_bodies(self._store, self._config, events, source="decide")
            self._forget()
            if recorded.rejected:
                says = "a visitor id, and a decision's, has 1 to 200 characters"
                raise InputError(f"visitor {ask.visitor[:60]!r} cannot be exposed: {says}.")
        return answer_kept(self._store.answered, decision_id, known, told.decision) if decision_id else told.decision

    def _decided(self, found: Assigned, ask: Ask, decision_id: str) -> Decided:
        """Return the decision, by the static rule where the policy takes longer than it may."""
        name = policy_asked(found, self._config)
        policy = self.policy(name) if name else None
        limit = self._config.serve.decide_milliseconds
        future = Future[Decided]()
        given = (found, ask, policy, self._config, decision_id)
        threading.Thread(target=_decide, args=(future, *given), daemon=True).start()
        try:
            return future.result(limit / 1_000)
        except TimeoutError:
            if policy is None:
                return future.result()
            static = self._learning.instead(policy.name, f"it took longer than {limit:g} ms")
            return decided(found, ask, static, self._config, decision_id, in_time=False)

    def _first_arm(self, name: str, who: str) -> tuple[str, float | None] | None:
        """Return arm and propensity of a visitor's first exposure, if any."""
        rows = self._reading().rows(
            "SELECT variant, propensity FROM events WHERE kind = 'exposure' AND experiment = ? AND visitor_id = ? "
            "ORDER BY occurred_at, event_id LIMIT 1",
            [name, who],
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def policy(self, name: str) -> Decides:
        """Return what decides for an arm; one that was never fitted is fitted now."""
        if not self._learning.is_fitted(name):
            with contextlib.suppress(EmptyStoreError):  # then the static rule says that nothing has been fitted
                self._fit({name, Bestsellers.name})
        return self._learning.policy(name)


def _decide(
    future: Future[Decided], found: Assigned, ask: Ask, policy: Decides | None, config: Config, decision_id: str
) -> None:
    """Decide, for somebody who may no longer wait for it."""
    try:
        future.set_result(decided(found, ask, policy, config, decision_id))
    except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
        future.set_exception(error)
