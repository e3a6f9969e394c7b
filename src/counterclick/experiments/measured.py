"""From tables to moments: one query for all metrics, arms and entry days, and beside it the buyers' amounts.

Everything after this is arithmetic on a few numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import ibis
import numpy as np
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

from counterclick.config import ExperimentConfig, duration
from counterclick.experiments.context import Context
from counterclick.experiments.units import assigned_orders, eligible, ends_at, finished, unmatched_orders
from counterclick.facts.local_time import day_begins
from counterclick.metrics import METRICS, Metric, Sources, per_visitor
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
        matched: revenue in the experiment's time of eligible visitors, finished or not.
        unmatched: revenue in the same time whose visitor is not known.
        n_unmatched: its orders.
        margin_rate: margin over revenue of the lines whose cost is known; None where none is.
        costed_share: their share of revenue.
    """

    arms: Mapping[str, Moments]
    by_day: Mapping[tuple[str, date], Moments]
    amounts: Mapping[str, NDArray[np.float64]] = field(repr=False)
    n_eligible: int
    n_several: int
    matched: float
    unmatched: float
    n_unmatched: int
    margin_rate: float | None
    costed_share: float


def measure(name: str, config: ExperimentConfig, context: Context, metrics: Sequence[Metric]) -> Measured:
    """Query the moments of an experiment.

    Args:
        name: the experiment.
        config: its declaration.
        context: tables and values of the shop.
        metrics: which metrics are wanted besides those that every verdict shows.
    """
    facts, zone = context.facts, context.timezone
    everyone = eligible(facts.exposures(name), config, zone)
    units = finished(everyone, config, context.as_of, context.allowance)
    orders = assigned_orders(facts.orders, everyone, facts.identities)
    sources = Sources(facts, context.rule, orders=orders)
    outcome = METRICS[config.outcome].numerator
    needed = dict.fromkeys(
        [outcome, "revenue", BUYERS, "orders", *(part for metric in metrics for part in metric.measures)]
    )
    window = duration(config.window)
    values = per_visitor(sources, units, needed, window)
    values = _beside(values, orders, context, window)
    names = (*needed, FIRST_DAY, PRE, MATURED)
    by_day = _moments(values, names)
    arms = {
        arm: Moments.total(part for (owner, _day), part in by_day.items() if owner == arm)
        for arm in config.variants
        if any(owner == arm for owner, _day in by_day)
    }
    first, last = day_begins(config.starts_on, zone), ends_at(config, zone) + window
    lost = unmatched_orders(facts.orders, everyone, facts.identities, first, last)
    during = (orders.ordered_at >= ibis.literal(first)) & (orders.ordered_at < ibis.literal(last))
    figures = _one_row(
        everyone.agg(n_eligible=_.count(), n_several=ibis.coalesce((_.n_variants > 1).cast("int64").sum(), 0))
        .cross_join(lost.agg(unmatched=ibis.coalesce(_.revenue.sum().cast("float64"), 0.0), n_unmatched=_.count()))
        .cross_join(
            orders.agg(
                margin=ibis.coalesce(_.margin.sum().cast("float64"), 0.0),
                costed=ibis.coalesce(_.costed_revenue.sum().cast("float64"), 0.0),
                sold=ibis.coalesce(_.revenue.sum().cast("float64"), 0.0),
                matched=ibis.coalesce(orders.revenue.sum(where=during).cast("float64"), 0.0),
            )
        )
    )
    return Measured(
        arms=arms,
        by_day=by_day,
        amounts=_amounts(values, outcome),
        n_eligible=int(figures["n_eligible"]),
        n_several=int(figures["n_several"]),
        matched=figures["matched"],
        unmatched=figures["unmatched"],
        n_unmatched=int(figures["n_unmatched"]),
        margin_rate=figures["margin"] / figures["costed"] if figures["costed"] else None,
        costed_share=figures["costed"] / figures["sold"] if figures["sold"] else 0.0,
    )


def _beside(values: Table, orders: Table, context: Context, window: timedelta) -> Table:
    """Add revenue of the first day, of the 28 days before, and matured net revenue, to each visitor."""
    matured = context.facts.orders_refunded_within(int(context.returns_window.total_seconds()))
    net = matured.select(_order="order_id", matured_net=matured.net_revenue)
    owned = orders.join(net, orders.order_id == net["_order"])
    entry = values.select(_visitor="visitor_id", _from="exposed_at")
    inside = owned.join(entry, owned.visitor_id == entry["_visitor"])
    begin, seconds = inside["_from"], int(window.total_seconds())
    since = inside.ordered_at
    day = (since >= begin) & (since < begin + ibis.interval(hours=24))
    within = (since >= begin) & (since < begin + ibis.interval(seconds=seconds))
    before = (since < begin) & (since >= begin - ibis.interval(seconds=int(_BEFORE.total_seconds())))
    summed = inside.group_by(_unit="_visitor").agg(
        **{
            FIRST_DAY: inside.revenue.sum(where=day).cast("float64"),
            PRE: inside.revenue.sum(where=before).cast("float64"),
            MATURED: inside.matured_net.sum(where=within).cast("float64"),
        }
    )
    joined = values.left_join(summed, values.visitor_id == summed["_unit"])
    return joined.select(*values.columns, **{key: ibis.coalesce(joined[key], 0.0) for key in (FIRST_DAY, PRE, MATURED)})


def _moments(values: Table, names: Sequence[str]) -> dict[tuple[str, date], Moments]:
    """One row an arm and entry day: n, sums and cross products about the common mean.

    A value that is zero for every visitor of a row stays zero exactly; centring would leave 1e-17 of it, and of that
    a lift could be made.
    """
    k = len(names)
    means = values.agg(**{f"mean_{i}": values[name].mean() for i, name in enumerate(names)})
    both = values.cross_join(means)
    centred = {f"x_{i}": both[name] - both[f"mean_{i}"] for i, name in enumerate(names)}
    plain = {f"v_{i}": both[name] for i, name in enumerate(names)}
    flat = both.select("variant", "entry_on", *(f"mean_{i}" for i in range(k)), **centred, **plain)
    sums = {f"s_{i}": flat[f"x_{i}"].sum() for i in range(k)}
    products = {f"p_{i}_{j}": (flat[f"x_{i}"] * flat[f"x_{j}"]).sum() for i in range(k) for j in range(i + 1)}
    shift = {f"m_{i}": flat[f"mean_{i}"].max() for i in range(k)}
    size = {f"z_{i}": flat[f"v_{i}"].abs().max() for i in range(k)}
    rows = flat.group_by("variant", "entry_on").agg(n=flat.count(), **sums, **products, **shift, **size)
    found = {}
    for row in rows.order_by("entry_on", "variant").to_pyarrow().to_pylist():
        some = np.array([row[f"z_{i}"] > 0 for i in range(k)])
        matrix = np.array([[row[f"p_{max(i, j)}_{min(i, j)}"] for j in range(k)] for i in range(k)])
        found[row["variant"], row["entry_on"]] = Moments.from_sums(
            tuple(names),
            row["n"],
            np.where(some, [row[f"s_{i}"] for i in range(k)], 0.0),
            np.where(np.outer(some, some), matrix, 0.0),
            shift=np.where(some, [row[f"m_{i}"] for i in range(k)], 0.0),
        )
    return found


def _amounts(values: Table, outcome: str) -> dict[str, NDArray[np.float64]]:
    buyers = values.filter(values[outcome] != 0).select("variant", amount=values[outcome]).to_pyarrow()
    arms = np.asarray(buyers["variant"].to_numpy(zero_copy_only=False))
    amounts = np.asarray(buyers["amount"].to_numpy(zero_copy_only=False), dtype=np.float64)
    return {str(arm): np.sort(amounts[arms == arm]) for arm in np.unique(arms)}


def _one_row(table: Table) -> dict[str, float]:
    row: dict[str, float] = table.to_pyarrow().to_pylist()[0]
    return row
