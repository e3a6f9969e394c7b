"""What to do next: policies that learn from orders and returns, never from clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.decisions.bundles import Bundles
    from counterclick.decisions.instead import Instead
    from counterclick.decisions.made import POLICIES, Given, given_by
    from counterclick.decisions.policy import (
        Ask,
        CartLine,
        Decides,
        Decision,
        Draws,
        Explores,
        Learnt,
        Lots,
        Offered,
        Orders,
        Plain,
        Policy,
        Scores,
        as_they_came,
    )
    from counterclick.decisions.ranking import Ranking
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
    "Decides",
    "Decision",
    "Draws",
    "Explores",
    "Given",
    "HandRules",
    "Instead",
    "Learnt",
    "Lots",
    "NewArrivals",
    "Nothing",
    "Nudge",
    "Offered",
    "Orders",
    "Plain",
    "Policy",
    "Ranking",
    "Returns",
    "Risk",
    "Scores",
    "as_they_came",
    "given_by",
]

__getattr__ = exports(
    __name__,
    {
        "Ask": "policy",
        "CartLine": "policy",
        "Decides": "policy",
        "Decision": "policy",
        "Draws": "policy",
        "Explores": "policy",
        "Learnt": "policy",
        "Lots": "policy",
        "Offered": "policy",
        "Orders": "policy",
        "Plain": "policy",
        "Policy": "policy",
        "Scores": "policy",
        "as_they_came": "policy",
        "Bundles": "bundles",
        "Given": "made",
        "HandRules": "rules",
        "Instead": "instead",
        "Nudge": "risk",
        "Ranking": "ranking",
        "Returns": "returns",
        "Risk": "risk",
        "POLICIES": "made",
        "Bestsellers": "static",
        "CategoryBestsellers": "static",
        "NewArrivals": "static",
        "Nothing": "static",
        "given_by": "made",
    },
)
