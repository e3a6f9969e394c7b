"""Which policies this product has, and what each is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from counterclick.config import BundlesConfig, Config, RankingConfig, ReadinessConfig, ReturnsConfig, Rules, duration
from counterclick.decisions.bundles import Bundles
from counterclick.decisions.policy import Policy
from counterclick.decisions.ranking import Ranking
from counterclick.decisions.returns import Returns
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
        returns: how baskets are scored for returns.
        readiness: from when on they are.
        margin_rate: where unit costs are not recorded; None where that is not declared.
        returns_window: after which an order's returns are settled.
        ranking: how candidates are put in order.
    """

    bundles: BundlesConfig
    bundle_products: int
    rules: Rules
    returns: ReturnsConfig
    readiness: ReadinessConfig
    margin_rate: float | None
    returns_window: timedelta
    ranking: RankingConfig


def given_by(config: Config, rules: Rules) -> Given:
    """Return what a shop's configuration and rules give to policies."""
    return Given(
        bundles=config.bundles,
        bundle_products=config.readiness.bundle_products,
        rules=rules,
        returns=config.returns,
        readiness=config.readiness,
        margin_rate=config.shop.margin_rate,
        returns_window=duration(config.shop.returns_window),
        ranking=config.ranking,
    )


POLICIES: dict[str, Callable[[Given], Policy]] = {
    Nothing.name: lambda _given: Nothing(),
    Bestsellers.name: lambda _given: Bestsellers(),
    NewArrivals.name: lambda _given: NewArrivals(),
    CategoryBestsellers.name: lambda _given: CategoryBestsellers(),
    Bundles.name: lambda given: Bundles(given.bundles, given.bundle_products, given.rules),
    HandRules.name: lambda given: HandRules(given.rules),
    Returns.name: lambda given: Returns(
        given.returns, given.readiness, given.margin_rate, given.rules, given.returns_window
    ),
    Ranking.name: lambda given: Ranking(given.ranking, given.returns_window, given.rules),
}
"""name -> policy, for variants that are served here."""
