"""What to do next: policies that learn from orders and returns, never from clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.decisions.bundles import Bundles
    from counterclick.decisions.made import POLICIES, Given, given_by
    from counterclick.decisions.policy import Ask, CartLine, Decision, Offered, Policy
    from counterclick.decisions.returns import Returns
    from counterclick.decisions.risk import Nudge, Risk
    from counterclick.decisions.rules import HandRules
    from counterclick.decisions.static import Bestsellers, CategoryBestsellers, NewArrivals, Nothing

__all__ = [
    "POLICIES",
    "Ask",
    "Bestsellers",
    "Bundles",
    "CartLine",
    "CategoryBestsellers",
    "Decision",
    "Given",
    "HandRules",
    "NewArrivals",
    "Nothing",
    "Nudge",
    "Offered",
    "Policy",
    "Returns",
    "Risk",
    "given_by",
]

__getattr__ = exports(
    __name__,
    {
        "Ask": "policy",
        "CartLine": "policy",
        "Nudge": "risk",
        "Risk": "risk",
        "Returns": "returns",
        "Decision": "policy",
        "Offered": "policy",
        "Policy": "policy",
        "Bundles": "bundles",
        "Given": "made",
        "HandRules": "rules",
        "POLICIES": "made",
        "Bestsellers": "static",
        "CategoryBestsellers": "static",
        "NewArrivals": "static",
        "Nothing": "static",
        "given_by": "made",
    },
)
