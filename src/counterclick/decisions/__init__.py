"""What to do next: policies that learn from orders and returns, never from clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.decisions.made import POLICIES
    from counterclick.decisions.policy import Ask, Decision, Offered, Policy
    from counterclick.decisions.static import Bestsellers, CategoryBestsellers, NewArrivals, Nothing

__all__ = [
    "POLICIES",
    "Ask",
    "Bestsellers",
    "CategoryBestsellers",
    "Decision",
    "NewArrivals",
    "Nothing",
    "Offered",
    "Policy",
]

__getattr__ = exports(
    __name__,
    {
        "Ask": "policy",
        "Decision": "policy",
        "Offered": "policy",
        "Policy": "policy",
        "POLICIES": "made",
        "Bestsellers": "static",
        "CategoryBestsellers": "static",
        "NewArrivals": "static",
        "Nothing": "static",
    },
)
