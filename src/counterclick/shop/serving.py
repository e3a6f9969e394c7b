"""What a surface shows a visitor: the arm, the exposure that says so in the log, and the arm's policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from counterclick.config import Config, Rules
from counterclick.decisions import Ask, Decision, Policy
from counterclick.errors import InputError
from counterclick.events.redaction import hashed
from counterclick.shop.decided import decided, policy_asked, policy_of, scores_baskets
from counterclick.shop.deciding import assigned
from counterclick.shop.reading import Reading
from counterclick.shop.recording import record_bodies
from counterclick.shop.registry import Registry
from counterclick.store import Store

__all__ = ["Serving"]


class Serving:
    """Decides what surfaces show, with policies that learn once from what a store holds.

    Args:
        config: what ``shop.toml`` declares.
        rules: what ``rules.toml`` declares.
        store: where exposures are recorded.
        registry: of the shop's experiments.
        reading: returns the present reading of the store.
        forget: lets the next question see the exposures; what policies have learnt stays.
    """

    def __init__(
        self,
        config: Config,
        rules: Rules,
        store: Store,
        registry: Registry,
        reading: Callable[[], Reading],
        forget: Callable[[], None],
    ) -> None:
        self._config = config
        self._rules = rules
        self._store = store
        self._registry = registry
        self._reading = reading
        self._forget = forget
        self._policies: dict[str, Policy] = {}

    def refresh(self) -> None:
        """Let policies learn anew."""
        self._policies = {}

    def decide(self, ask: Ask, today: date | None) -> Decision:
        """Return what a surface shows a visitor: see `counterclick.Shop.decide`."""
        day = today or datetime.now(ZoneInfo(self._config.shop.timezone)).date()
        who = hashed(ask.visitor, self._store.key)
        found = assigned(self._config, ask.surface, who, day, self._first_arm)
        name = policy_asked(found, self._config)
        scores = scores_baskets(found, self._config)
        policy = self._policy(name) if name else None
        customer = None if ask.customer is None else hashed(ask.customer, self._store.key)
        decision, exposures = decided(found, replace(ask, visitor=who, customer=customer), policy, scores=scores)
        if exposures:
            self._registry.declare(*(exposure.experiment for exposure in exposures))
            recorded = record_bodies(self._store, self._config, exposures, source="decide")
            self._forget()
            if recorded.rejected:
                raise InputError(f"visitor {ask.visitor[:60]!r} cannot be exposed: a visitor id has 1 to 200 characters.")
        return decision

    def _first_arm(self, name: str, who: str) -> tuple[str, float | None] | None:
        """Return arm and propensity of a visitor's first exposure, if any."""
        rows = self._reading().rows(
            "SELECT variant, propensity FROM events WHERE kind = 'exposure' AND experiment = ? AND visitor_id = ? "
            "ORDER BY occurred_at, event_id LIMIT 1",
            [name, who],
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def _policy(self, name: str) -> Policy:
        if name not in self._policies:
            policy = policy_of(name, self._config, self._rules)
            policy.fit(self._reading().facts.outcomes())
            self._policies[name] = policy
        return self._policies[name]
