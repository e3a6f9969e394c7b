"""The static rule in the place of a policy that may not serve now, with the reason why."""

from __future__ import annotations

from counterclick.config import Rules
from counterclick.decisions.allowed import static_instead
from counterclick.decisions.policy import Ask, Offered, as_they_came
from counterclick.decisions.static import Bestsellers

__all__ = ["Instead"]


class Instead:
    """Bestsellers that may be offered, for a policy that does not serve.

    Args:
        name: of that policy.
        lacks: why it does not serve.
        static: which serves.
        rules: whose stock and ``never_together`` hold.
    """

    def __init__(self, name: str, lacks: str, static: Bestsellers, rules: Rules) -> None:
        self.name = name
        self._lacks = lacks
        self._static = static
        self._rules = rules

    def decide(self, ask: Ask) -> Offered:
        """Return bestsellers, or candidates in the order in which they came, and why."""
        if ask.candidates:
            return as_they_came(ask, self._lacks)
        return static_instead(self._static, ask, self._lacks, self._rules)

    def n_drawn(self, ask: Ask) -> int:  # noqa: ARG002 - the protocol's shape
        """Return that chance draws nothing."""
        return 0
