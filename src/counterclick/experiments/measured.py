"""From tables to moments: one query for all metrics, arms and entry days, and beside it the buyers' amounts.

Everything after this is arithmetic on a few numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import ibis
import numpy as np
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

from counterclick.config import duration
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.units import ends_at
from counterclick.facts.local_time import day_begins
from counterclick.metrics import METRICS, Metric, Sources, Span, activity
from counterclick.stats import Moments

__all__ = ["BUYERS", "FIRST_DAY", "MATURED", "PRE", "Measured", "measure"]

PRE = "pre_revenue"
"""Revenue in the 28 days before a visitor became eligible: the outcome's twin, for the balance check."""
FIRST_DAY = "revenue_24h"
"""Revenue within 24 hours."""
MATURED = "matured_net_revenue"
"""Net revenue with all refunds within the returns window of each order."""
BUYERS = "buyers"
_BEFORE = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Measured:
    """What an experiment amounted to.

    Attributes:
        arms: arm -> moments of its finished visitors.
        by_day: (arm, entry day) -> moments; `arms` are their sums.
        amounts: arm -> the outcome's amounts of the visitors for whom it is not zero, ascending, shape (buyers,).
        n_eligible: eligible visitors, finished or not.
        n_several: of these, seen in several arms.
        n_undeclared: visitors who were exposed in an arm that is not declared; they are in no figure.
        matched: revenue in the experiment's time of eligible visitors, finished or not.
        unmatched: revenue in the same time whose visitor is not known.
        n_unmatched: its orders.
        margin_rate: margin over revenue of the lines whose cost is known; None where none is.
        costed_share: their share of revenue.
        last_order_at: the shop's last recorded order, whoever's, UTC; None without orders.
        last_window_at: when the last finished visitor's window closed; None without visitors.
    """

    arms: Mapping[str, Moments]
    by_day: Mapping[tuple[str, date], Moments]
    amounts: Mapping[str, NDArray[np.float64]] = field(repr=False)
    n_eligible: int
    n_several: int
    n_undeclared: int
    matched: float
    unmatched: float
    n_unmatched: int
    margin_rate: float | None
    costed_share: float
    last_order_at: datetime | None = None
    last_window_at: datetime | None = None


def measure(cohort: Cohort, metrics: Sequence[Metric]) -> Measured:
    """Query the moments of an experiment.

    Args:
        cohort: its eligible visitors and their orders.
        metrics: which metrics are wanted besides those that every verdict shows.
    """
    config, context = cohort.config, cohort.context
    sources = Sources(context.facts, context.rule, orders=cohort.orders)
    outcome = METRICS[config.outcome].numerator
    needed = dict.fromkeys(
        [outcome, "revenue", BUYERS, "orders", "costed_revenue", *(part for metric in metrics for part in metric.measures)]
    )
    window, none = duration(config.window), timedelta(0)
    spans = {name: Span(name, none, window) for name in needed}
    spans[FIRST_DAY] = Span("revenue", none, timedelta(hours=24))
    spans[PRE] = Span("revenue", -_BEFORE, none)
    spans[MATURED] = Span("matured_net_revenue", none, window)
    units = cohort.units.select("visitor_id", "variant", "entry_on", "exposed_at")
    active = context.facts.kept(activity(sources, units, spans), f"activity {cohort.name}")
    by_day = _moments(units, active, tuple(spans))
    arms = {
        arm: Moments.total(part for (owner, _day), part in by_day.items() if owner == arm)
        for arm in config.variants
        if any(owner == arm for owner, _day in by_day)
    }
    figures = _figures(cohort)
    return Measured(
        arms=arms,
        by_day=by_day,
        amounts=_amounts(active, outcome),
        n_eligible=int(figures["n_eligible"]),
        n_several=int(figures["n_several"]),
        n_undeclared=int(figures["n_undeclared"]),
        matched=figures["matched"],
        unmatched=figures["unmatched"],
        n_unmatched=int(figures["n_unmatched"]),
        margin_rate=figures["margin"] / figures["costed"] if figures["costed"] else None,
        costed_share=figures["costed"] / figures["sold"] if figures["sold"] else 0.0,
        last_order_at=figures["last_order_at"],
        last_window_at=figures["last_exposed_at"] + window if figures["last_exposed_at"] else None,
    )


def _figures(cohort: Cohort) -> dict[str, Any]:
    """Count visitors and sum revenue for the checks, in one row."""
    zone = cohort.context.timezone
    first = day_begins(cohort.config.starts_on, zone)
    last = ends_at(cohort.config, zone) + duration(cohort.config.window)
    orders = cohort.orders
    during = (orders.ordered_at >= ibis.literal(first)) & (orders.ordered_at < ibis.literal(last))
    sums = orders.agg(
        margin=_.margin.sum().cast("float64"),
        costed=_.costed_revenue.sum().cast("float64"),
        sold=_.revenue.sum().cast("float64"),
        matched=orders.revenue.sum(where=during).cast("float64"),
    )
    everyone = cohort.everyone.agg(n_eligible=_.count(), n_several=(_.n_variants > 1).cast("int64").sum())
    lost = cohort.unmatched.agg(unmatched=_.revenue.sum().cast("float64"), n_unmatched=_.count())
    ever = cohort.context.facts.orders.agg(last_order_at=_.ordered_at.max())
    entered = cohort.units.agg(last_exposed_at=_.exposed_at.max())
    undeclared = cohort.undeclared.agg(n_undeclared=_.count())
    row = (
        everyone.cross_join(undeclared)
        .cross_join(lost)
        .cross_join(sums)
        .cross_join(ever)
        .cross_join(entered)
        .to_pyarrow()
        .to_pylist()[0]
    )
    return {name: value if name.endswith("_at") else value or 0.0 for name, value in row.items()}


def _moments(units: Table, active: Table, names: Sequence[str]) -> dict[tuple[str, date], Moments]:
    """Return the moments of each arm and entry day.

    Most visitors do nothing that is measured. Sums and cross products are those of the others, about their common
    mean, in one query; the rest are so many zeros, and moments merge (Chan et al. 1979). A value that is zero for
    all of a row stays zero exactly; centring would leave 1e-17 of it, and of that a lift could be made.
    """
    k = len(names)
    means = active.agg(**{f"m_{i}": active[name].mean() for i, name in enumerate(names)})
    both = active.cross_join(means)
    flat = both.select(
        "variant",
        "entry_on",
        *(f"m_{i}" for i in range(k)),
        **{f"v_{i}": both[name] for i, name in enumerate(names)},
        **{f"x_{i}": both[name] - both[f"m_{i}"] for i, name in enumerate(names)},
    )
    sums = {f"s_{i}": flat[f"x_{i}"].sum() for i in range(k)}
    products = {f"p_{i}_{j}": (flat[f"x_{i}"] * flat[f"x_{j}"]).sum() for i in range(k) for j in range(i + 1)}
    shift = {f"m_{i}": flat[f"m_{i}"].max() for i in range(k)}
    size = {f"z_{i}": flat[f"v_{i}"].abs().max() for i in range(k)}
    summed = flat.group_by("variant", "entry_on").agg(n_active=flat.count(), **sums, **products, **shift, **size)
    moved = {(row["variant"], row["entry_on"]): row for row in summed.to_pyarrow().to_pylist()}
    sizes = units.group_by("variant", "entry_on").agg(n=units.count()).order_by("entry_on", "variant")
    found = {}
    for row in sizes.to_pyarrow().to_pylist():
        key = row["variant"], row["entry_on"]
        moments = _zeros(names, row["n"] - moved[key]["n_active"] if key in moved else row["n"])
        found[key] = moments + _of_row(names, moved[key]) if key in moved else moments
    return found


def _zeros(names: Sequence[str], n: int) -> Moments:
    k = len(names)
    return Moments.from_sums(names, n, np.zeros(k), np.zeros((k, k)))


def _of_row(names: Sequence[str], row: Mapping[str, float]) -> Moments:
    k = len(names)
    some = np.array([row[f"z_{i}"] > 0 for i in range(k)])
    matrix = np.array([[row[f"p_{max(i, j)}_{min(i, j)}"] for j in range(k)] for i in range(k)])
    return Moments.from_sums(
        names,
        int(row["n_active"]),
        np.where(some, [row[f"s_{i}"] for i in range(k)], 0.0),
        np.where(np.outer(some, some), matrix, 0.0),
        shift=np.where(some, [row[f"m_{i}"] for i in range(k)], 0.0),
    )


def _amounts(values: Table, outcome: str) -> dict[str, NDArray[np.float64]]:
    buyers = values.filter(values[outcome] != 0).select("variant", amount=values[outcome]).to_pyarrow()
    arms = np.asarray(buyers["variant"].to_numpy(zero_copy_only=False))
    amounts = np.asarray(buyers["amount"].to_numpy(zero_copy_only=False), dtype=np.float64)
    return {str(arm): np.sort(amounts[arms == arm]) for arm in np.unique(arms)}
