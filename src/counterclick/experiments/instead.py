"""What a shop can measure where it cannot measure the lift that it asked for."""

from __future__ import annotations

import math

from counterclick.config import EVERYWHERE, ExperimentConfig
from counterclick.display import count, percent
from counterclick.errors import RefusedError
from counterclick.experiments.history import MOST_WEEKS, History
from counterclick.stats import FIXED_REACH, smallest_visible_lift_from_orders

__all__ = ["instead"]

_FLAGGED = 0.3
"""Share of orders that return prevention may flag."""
_FEWER = 0.2
"""A fifth fewer returns is what a nudge may be hoped to do."""
_MORE_UNITS = 0.2
"""Units per order more that a bundle may be hoped to sell."""
_POOLED = 0.2
"""Share of visitors held out from all surfaces together."""


def instead(config: ExperimentConfig, history: History, planned: float) -> tuple[str, ...]:
    """Return what can be measured, each with what it needs of this shop's orders.

    Args:
        config: the experiment that cannot be measured.
        history: its orders.
        planned: weeks.
    """
    found = ["What can be measured instead:"]
    if history.units is not None:
        mean, sd = history.units
        an_arm = math.ceil(2 * FIXED_REACH**2 * (sd / _MORE_UNITS) ** 2)
        found.append(
            f"- units per order, {mean:.2f} to {mean + _MORE_UNITS:.2f}: {count(an_arm)} orders an arm, "
            f"{_weeks(2 * an_arm / history.orders_a_week)} if every order has the feature's offer before it."
        )
    if 0 < history.return_rate < 1:
        rate, fewer = history.return_rate, history.return_rate * (1 - _FEWER)
        spread = rate * (1 - rate) + fewer * (1 - fewer)
        an_arm = math.ceil(FIXED_REACH**2 * spread / (rate - fewer) ** 2)
        found.append(
            f"- returns among flagged orders, {percent(rate)} to {percent(fewer)}: {count(an_arm)} flagged orders an arm, "
            f"{_weeks(2 * an_arm / (history.orders_a_week * _FLAGGED))} if {percent(_FLAGGED, 0)} of orders are flagged."
        )
    try:
        pooled = smallest_visible_lift_from_orders(history.orders_a_week * MOST_WEEKS, history.basket_cv, 1 - _POOLED)
        found.append(
            f"- one holdout of {percent(_POOLED, 0)} over all surfaces: {percent(pooled)} or more in {MOST_WEEKS} weeks."
        )
    except RefusedError:  # no orders a week: nothing to pool
        found.append("- nothing yet: there are no orders to measure.")
    if config.surface == EVERYWHERE:
        return tuple(found)
    found.append(
        f"- {config.surface} on and off for everyone by a random schedule: `counterclick onoff plan {config.surface}` says "
        f"what {max(planned, 4):.0f} weeks can see."
    )
    return tuple(found)


def _weeks(weeks: float) -> str:
    whole = max(1, math.ceil(weeks))
    return f"{whole} week{'s' * (whole > 1)}"
