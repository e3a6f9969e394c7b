"""Which policies this product has, and what each is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from counterclick.config import BundlesConfig, Config
from counterclick.decisions.bundles import Bundles
from counterclick.decisions.policy import Policy
from counterclick.decisions.static import Bestsellers, CategoryBestsellers, NewArrivals, Nothing

__all__ = ["POLICIES", "Given", "given_by"]


@dataclass(frozen=True, slots=True)
class Given:
    """What policies are made from.

    Attributes:
        bundles: how learned bundles are made.
        bundle_products: products sold from which on they have something to choose from.
    """

    bundles: BundlesConfig
    bundle_products: int


def given_by(config: Config) -> Given:
    """Return what a shop's configuration gives to policies."""
    return Given(config.bundles, config.readiness.bundle_products)


POLICIES: dict[str, Callable[[Given], Policy]] = {
    Nothing.name: lambda _given: Nothing(),
    Bestsellers.name: lambda _given: Bestsellers(),
    NewArrivals.name: lambda _given: NewArrivals(),
    CategoryBestsellers.name: lambda _given: CategoryBestsellers(),
    Bundles.name: lambda given: Bundles(given.bundles, given.bundle_products),
}
"""name -> policy, for variants that are served here."""
