"""Policies that have learnt from what a store holds, for a process that lives for long."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from counterclick.shop.decided import policy_of
from counterclick.shop.premises import Premises

if TYPE_CHECKING:
    from counterclick.decisions import Policy

__all__ = ["LEARN_SECONDS", "Learning"]

LEARN_SECONDS = 3_600.0
"""Seconds after which a policy learns anew."""


class Learning:
    """Keeps policies, each of which learns when it is first asked for, and anew from time to time.

    Args:
        shop: from whose store they learn; read apart from whoever else reads it.
    """

    def __init__(self, shop: Premises) -> None:
        self._shop = shop
        self._learnt: dict[str, tuple[Policy, float]] = {}
        self._one_at_a_time = threading.Lock()

    def known(self, name: str) -> Policy | None:
        """Return a policy as it last learnt; None before it has."""
        found = self._learnt.get(name)
        return found[0] if found else None

    def is_due(self, name: str) -> bool:
        """Say whether a policy has not learnt for so long that it should."""
        found = self._learnt.get(name)
        return found is None or time.monotonic() - found[1] > LEARN_SECONDS

    def learn(self, name: str) -> Policy:
        """Let a policy learn, unless another thread just did; this reads the store and takes its time."""
        with self._one_at_a_time:
            if self.is_due(name):
                reader = self._shop.shop()
                policy = policy_of(name, reader.config, reader.rules)
                policy.fit(reader.facts.outcomes())
                reader.refresh()
                self._learnt[name] = (policy, time.monotonic())
            return self._learnt[name][0]
