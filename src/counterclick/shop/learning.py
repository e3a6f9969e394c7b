"""Policies as they were last fitted, for whoever decides: nothing is learnt here.

What serves is the newest model of a policy, as long as it may; else bestsellers, and the reason says why. A model that
another process fits, and rules that a merchandiser changes, are taken up when the next one asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from counterclick.config import NOTHING, Config, Rules, boosts_beside, load_rules
from counterclick.errors import StoreError
from counterclick.shop.decided import policy_of
from counterclick.store import Store
from counterclick.store.models import MODELS, Manifest, Models

if TYPE_CHECKING:
    from counterclick.decisions import Bestsellers, Decides, Policy, Scores

__all__ = ["Learning"]


@dataclass(frozen=True, slots=True)
class _Held:
    """A policy as it was taken up.

    Attributes:
        serves: what decides.
        seen: stamps of the models, the rules and the boosts that it was taken up from.
        until: when it becomes too old, UTC.
    """

    serves: Decides
    seen: tuple[int, ...]
    until: datetime


class Learning:
    """Policies as they were last fitted; taken up anew where a model or the rules have changed.

    Args:
        store: of the shop.
        config: what ``shop.toml`` declares.
        folder: where it lies.
        clock: returns the present moment, UTC.
    """

    def __init__(
        self, store: Store, config: Config, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._models = Models(store.folder / MODELS)
        self._config = config
        self._rules = folder / config.bundles.rules
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._static: tuple[Bestsellers, Rules] | None = None
        self._scores: dict[str, Scores] = {}

    def known(self, name: str) -> Decides | None:
        """Return a policy as it was last taken up; None before it was."""
        found = self._held.get(name)
        return found.serves if found else None

    def is_due(self, name: str) -> bool:
        """Say whether a policy is to be taken up: for the first time, or since something has changed."""
        found = self._held.get(name)
        return found is None or found.seen != self._seen() or self._clock() > found.until

    def is_fitted(self, name: str) -> bool:
        """Say whether there is a model of a policy, whether it may serve or not."""
        return name == NOTHING or name in self._models.newest()

    def policy(self, name: str) -> Decides:
        """Return what decides for an arm: its policy, or bestsellers with the reason why.

        Raises:
            ConfigError: ``rules.toml`` says something that cannot be; what was taken up before serves on.
        """
        if not self.is_due(name):
            return self._held[name].serves
        seen = self._seen()
        before = self._held.get(name)
        if before is not None:  # where the rules are wrong now, they are told so once
            self._held[name] = _Held(before.serves, seen, before.until)
        self._held[name] = self._taken_up(name, load_rules(self._rules), seen)
        return self._held[name].serves

    def instead(self, name: str, lacks: str) -> Decides:
        """Return the static rule in a policy's place, with the reason why, as it is known now: nothing is read for it."""
        from counterclick.decisions import Bestsellers, Instead, Scores  # noqa: PLC0415 - they bring the tables with them

        static, rules = self._static or (Bestsellers(), Rules())
        policy = self._scores.get(name) or policy_of(name, self._config, rules)
        return policy.by_rule(lacks) if isinstance(policy, Scores) else Instead(name, lacks, static, rules)

    def _seen(self) -> tuple[int, ...]:
        return self._models.stamp, _changed_at(self._rules), _changed_at(boosts_beside(self._rules))

    def _taken_up(self, name: str, rules: Rules, seen: tuple[int, ...]) -> _Held:
        from counterclick.decisions import Bestsellers, Scores  # noqa: PLC0415 - they bring the tables with them

        now = self._clock()
        later = now + timedelta(days=self._config.models.oldest_days)
        if name == NOTHING:
            return _Held(policy_of(name, self._config, rules), seen, later)
        newest = self._models.newest()
        static = Bestsellers()
        self._take_up(static, newest.get(static.name), None)
        self._static = static, rules
        policy = policy_of(name, self._config, rules)
        lacks = self._take_up(policy, newest.get(name), now)
        if isinstance(policy, Scores):
            if lacks:  # the catalogue of a model that may not serve is as good as none, or better
                self._take_up(policy, newest.get(name), None)
            self._scores[name] = policy
        if not lacks:
            return _Held(policy, seen, newest[name].fitted_at + timedelta(days=self._config.models.oldest_days))
        return _Held(self.instead(name, f"{lacks}: `counterclick fit` fits it"), seen, later)

    def _take_up(self, policy: Policy, model: Manifest | None, now: datetime | None) -> str:
        """Let a policy take up a model, of any age unless it is said when; return why it could not."""
        if model is None:
            return f"no model of {policy.name} has been fitted"
        from counterclick.shop.models import refusal  # noqa: PLC0415 - as above

        refused = refusal(model, policy.form, self._config, now or model.fitted_at)
        if refused:
            return refused
        try:
            policy.from_plain(self._models.read(model))
        except (StoreError, LookupError, ValueError, TypeError):
            return f"model {model.version} of {policy.name} is damaged"
        return ""


def _changed_at(file: Path) -> int:
    """Return when a file was changed, in nanoseconds; 0 where it is not there."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
