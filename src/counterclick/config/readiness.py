"""``[readiness]``: from when on a shop is ready for what; every limit with its source."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["MISSION", "OURS", "SOURCES", "ReadinessConfig", "source_of"]

MISSION = "the mission's gates"
OURS = "Counterclick"

Amount = Annotated[float, Meta(ge=0, le=1e15)]
Number = Annotated[int, Meta(ge=0, le=10**9)]
Share = Annotated[float, Meta(gt=0, le=1)]


class ReadinessConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[readiness]``: limits of the readiness page, in the shop's currency where they are amounts.

    Attributes:
        personalisation_revenue: revenue a year below which nothing is personalised.
        learning_revenue: revenue a year from which ranking and predictions may be learned.
        bundle_products: products sold from which bundles have something to choose from.
        return_months: months of observed returns that return prevention needs.
        return_orders: orders a month that it needs.
        returns: observed returns that it needs.
        prediction_customers: customers with an order that predictions per customer need.
        prediction_days: days of history that they need.
        prediction_recency: the last order may be so many days old.
        prediction_loyal: customers with three orders or more that they need.
        running_experiments: experiments that learned ranking needs to be running.
        visible_lift: a test must be able to see a lift of this size within half a year.
        carried_share: share of orders whose visitor must be known for an experiment on visitors.
        onoff_days: days of orders that an on/off test needs.
        extrapolated_days: days of orders below which no revenue a year is reckoned.
    """

    personalisation_revenue: Amount = 2_000_000
    learning_revenue: Amount = 10_000_000
    bundle_products: Number = 50
    return_months: Amount = 6
    return_orders: Amount = 500
    returns: Number = 200
    prediction_customers: Number = 500
    prediction_days: Number = 180
    prediction_recency: Number = 30
    prediction_loyal: Number = 1
    running_experiments: Number = 1
    visible_lift: Share = 0.1
    carried_share: Share = 0.95
    onoff_days: Number = 56
    extrapolated_days: Number = 28


SOURCES: dict[str, str] = {
    "personalisation_revenue": MISSION,
    "learning_revenue": MISSION,
    "bundle_products": MISSION,
    "return_months": MISSION,
    "return_orders": MISSION,
    "returns": f"{OURS}: 500 orders x 6 months at 2 % are only 60 returns",
    "prediction_customers": MISSION,
    "prediction_days": MISSION,
    "prediction_recency": MISSION,
    "prediction_loyal": f"{MISSION} (some)",
    "running_experiments": MISSION,
    "visible_lift": f"{OURS}: half a year is the longest test worth waiting for, and larger lifts are rare",
    "carried_share": f"{OURS}: a verdict is invalid where 5 % of revenue has no known arm",
    "onoff_days": f"{OURS}: eight weeks show how days vary by themselves",
    "extrapolated_days": f"{OURS}: four whole weeks, since weekdays differ",
}
"""limit -> where its default comes from."""


def source_of(name: str, config: ReadinessConfig) -> str:
    """Return where a limit comes from: the source of the default, or shop.toml where it was changed.

    >>> source_of("returns", ReadinessConfig(returns=100))
    'shop.toml'
    """
    return SOURCES[name] if getattr(config, name) == getattr(ReadinessConfig(), name) else "shop.toml"
