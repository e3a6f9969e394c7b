"""Experiments made of arrays: what `measure` would return, without a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from builders import config, context, facts
from counterclick.experiments.checks import preconditions
from counterclick.experiments.judging import judge
from counterclick.experiments.measured import FIRST_DAY, MATURED, PRE, Measured
from counterclick.experiments.result import ALWAYS, Result, tabulate
from counterclick.metrics import metric_named
from counterclick.stats import Moments
from counterclick.verdicts import Verdict

NOTHING = facts()
"""The tables of a shop to which nothing happened: what is measured does not come from them."""
NAMES = (
    *(
        "revenue",
        "net_revenue",
        "margin",
        "orders",
        "buyers",
        "units",
        "itemised_orders",
        "returned_value",
        "costed_revenue",
    ),
    *(FIRST_DAY, PRE, MATURED),
)


def arm(revenue: ArrayLike, returned: float = 0.1, margin: float = 0.5, costed: float = 1.0) -> Moments:
    """Return the moments of an arm from each visitor's revenue; everything else follows from it."""
    spent = np.asarray(revenue, dtype=float)
    bought = (spent > 0).astype(float)
    before = np.arange(len(spent)) % 7.0
    columns = {
        "revenue": spent,
        "net_revenue": spent * (1 - returned),
        "margin": spent * margin,
        "orders": bought,
        "buyers": bought,
        "units": 2 * bought,
        "itemised_orders": bought,
        "returned_value": spent * returned,
        "costed_revenue": spent * costed,
        FIRST_DAY: spent / 2,
        PRE: before,
        MATURED: spent * (1 - returned),
    }
    return Moments.from_values(NAMES, np.column_stack([columns[name] for name in NAMES]))


def spend(n: int, buyers: int, amount: float = 100.0, spread: float = 0.5, seed: int = 1) -> np.ndarray[Any, Any]:
    """Return the revenue of n visitors of whom the first few buy, amounts spread about a mean that is met exactly."""
    drawn = np.random.default_rng(seed).uniform(1 - spread, 1 + spread, buyers)
    values = np.zeros(n)
    values[:buyers] = drawn / drawn.mean() * amount if buyers else drawn
    return values


def measured(arms: dict[str, ArrayLike], returned: dict[str, float] | None = None, **more: Any) -> Measured:
    """Return what was measured of these arms' visitors, who all entered on one day."""
    moments = {name: arm(values, (returned or {}).get(name, 0.1)) for name, values in arms.items()}
    amounts = {name: np.sort(np.asarray(values)[np.asarray(values) > 0]) for name, values in arms.items()}
    usual: dict[str, Any] = {
        "arms": moments,
        "by_day": {(name, date(2026, 1, 5)): found for name, found in moments.items()},
        "amounts": amounts,
        "entered": {name: np.full(len(found), "2026-01-05", dtype="datetime64[D]") for name, found in amounts.items()},
        "n_eligible": sum(found.n for found in moments.values()),
        "n_several": 0,
        "n_undeclared": 0,
        "matched": sum(found.sum_of("revenue") for found in moments.values()),
        "unmatched": 0.0,
        "n_unmatched": 0,
        "margin_rate": 0.5,
        "costed_share": 1.0,
    }
    return Measured(**usual | more)


def weekly(arms: dict[str, list[ArrayLike]], **more: Any) -> Measured:
    """Return what was measured of visitors who entered week after week, those of a week all on its Monday."""
    together = measured({name: np.concatenate([np.asarray(week) for week in weeks]) for name, weeks in arms.items()}, **more)
    by_day, amounts, entered = {}, {}, {}
    for name, weeks in arms.items():
        days = [date(2026, 1, 5) + timedelta(weeks=number) for number in range(len(weeks))]
        by_day |= {(name, day): arm(week) for day, week in zip(days, weeks, strict=True)}
        spent = [np.sort(np.asarray(week)[np.asarray(week) > 0]) for week in weeks]
        amounts[name] = np.concatenate(spent)
        entered[name] = np.concatenate(
            [np.full(len(own), day, dtype="datetime64[D]") for own, day in zip(spent, days, strict=True)]
        )
    return replace(together, by_day=by_day, amounts=amounts, entered=entered)


def table(found: Measured, told: Any = None, **settings: Any) -> Result:
    """Return the table of estimates."""
    own = config(**settings)
    metrics = [metric_named(name) for name in dict.fromkeys([own.outcome, *ALWAYS, *own.guardrails])]
    checks = preconditions("test", own, context(of=NOTHING, **(told or {})), found)
    return tabulate("test", own, "EUR", found, metrics, checks)


def verdict(found: Measured, told: Any = None, **settings: Any) -> Verdict:
    """Return the verdict."""
    own = context(of=NOTHING, **(told or {}))
    settled = config(**settings)
    wanted = dict.fromkeys([settled.outcome, *ALWAYS, *settled.guardrails])
    return judge("test", settled, own, found, [metric_named(name) for name in wanted])
