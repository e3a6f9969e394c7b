"""Which policies this product has, and what each is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from counterclick.config import BundlesConfig, Config, Rules
from counterclick.decisions.bundles import Bundles
from counterclick.decisions.policy import Policy
from counterclick.decisions.rules import HandRules
from counterclick.decisions.static import Bestsellers, CategoryBestsellers, NewArrivals, Nothing

__all__ = ["POLICIES", "Given", "given_by"]


@dataclass(frozen=True, slots=True)
class Given:
    """What policies are made from.

    Attributes:
        bundles: how learned bundles are made.
        bundle_products: products sold from which on they have something to choose from.
        rules: what ``rules.toml`` declares.
    """

    bundles: BundlesConfig
    bundle_products: int
    rules: Rules


def given_by(config: Config, rules: Rules) -> Given:
    """Return what a shop's configuration and rules give to policies."""
    return Given(config.bundles, config.readiness.bundle_products, rules)


POLICIES: dict[str, Callable[[Given], Policy]] = {
    Nothing.name: lambda _given: Nothing(),
    Bestsellers.name: lambda _given: Bestsellers(),
    NewArrivals.name: lambda _given: NewArrivals(),
    CategoryBestsellers.name: lambda _given: CategoryBestsellers(),
    Bundles.name: lambda given: Bundles(given.bundles, given.bundle_products, given.rules),
    HandRules.name: lambda given: HandRules(given.rules),
}
"""name -> policy, for variants that are served here."""
