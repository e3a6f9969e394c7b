"""What to do next: policies that learn from orders and returns, never from clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.decisions.bundles import Bundles
    from counterclick.decisions.instead import Instead
    from counterclick.decisions.made import POLICIES, Given, given_by
    from counterclick.decisions.policy import Ask, Decides, Decision, Explores, Learnt, Offered, Plain, Policy
    from counterclick.decisions.rules import HandRules
    from counterclick.decisions.static import Bestsellers, CategoryBestsellers, NewArrivals, Nothing

__all__ = [
    "POLICIES",
    "Ask",
    "Bestsellers",
    "Bundles",
    "CategoryBestsellers",
    "Decides",
    "Decision",
    "Explores",
    "Given",
    "HandRules",
    "Instead",
    "Learnt",
    "NewArrivals",
    "Nothing",
    "Offered",
    "Plain",
    "Policy",
    "given_by",
]

__getattr__ = exports(
    __name__,
    {
        "Ask": "policy",
        "Decides": "policy",
        "Decision": "policy",
        "Explores": "policy",
        "Learnt": "policy",
        "Offered": "policy",
        "Plain": "policy",
        "Policy": "policy",
        "Bundles": "bundles",
        "Given": "made",
        "HandRules": "rules",
        "Instead": "instead",
        "POLICIES": "made",
        "Bestsellers": "static",
        "CategoryBestsellers": "static",
        "NewArrivals": "static",
        "Nothing": "static",
        "given_by": "made",
    },
)
