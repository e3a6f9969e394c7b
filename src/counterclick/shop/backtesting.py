"""The backtest of bundles on a store's own orders: learned from the earlier ones, tried on the later ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from counterclick.config import Config, Rules
from counterclick.decisions.backtest import COMPARED, Backtest, backtest
from counterclick.decisions.selling import completed_lines
from counterclick.errors import RefusedError
from counterclick.facts import Outcomes
from counterclick.facts.rows import all_rows
from counterclick.shop.decided import policy_of
from counterclick.shop.reading import Reading

__all__ = ["backtest_of"]


def backtest_of(outcomes: Outcomes, past: Callable[[datetime], Reading], config: Config, rules: Rules) -> Backtest:
    """Return what learned bundles, hand rules and bestsellers foresee of a store's later orders.

    Args:
        outcomes: of the store.
        past: returns the store as it stood before a moment.
        config: what ``shop.toml`` declares.
        rules: what ``rules.toml`` declares.

    Raises:
        RefusedError: there are too few orders.
    """
    limits = config.bundles
    lines = completed_lines(outcomes)
    placed = sorted(row["ordered_at"] for row in all_rows(lines.select("order_id", "ordered_at").distinct()))
    n_earlier = int(len(placed) * (1 - limits.tested_share))
    if not 0 < n_earlier < len(placed):
        raise RefusedError(f"{len(placed)} orders with lines cannot be divided into earlier and later ones; record more.")
    begins = placed[n_earlier]
    later: dict[str, list[str]] = {}
    for row in all_rows(lines.filter(lines.ordered_at >= begins).select("order_id", "product_id")):
        later.setdefault(row["order_id"], []).append(row["product_id"])
    reading = past(begins)
    try:
        policies = {name: policy_of(name, config, rules) for name in COMPARED}
        for policy in policies.values():
            policy.fit(reading.facts.outcomes())
    finally:
        reading.close()
    return backtest(policies, dict(sorted(later.items())), n_earlier, limits.offers, limits.tested_orders)
