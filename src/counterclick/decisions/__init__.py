"""What to do next: policies that learn from orders and returns, never from clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.decisions.policy import Ask, Decision, Policy
    from counterclick.decisions.static import POLICIES, Bestsellers, Nothing

__all__ = ["POLICIES", "Ask", "Bestsellers", "Decision", "Nothing", "Policy"]

__getattr__ = exports(
    __name__,
    {
        "Ask": "policy",
        "Decision": "policy",
        "Policy": "policy",
        "POLICIES": "static",
        "Bestsellers": "static",
        "Nothing": "static",
    },
)
