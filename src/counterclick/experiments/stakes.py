"""What is at stake: visitors and revenue a month, the lift that pays the feature's cost, money a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from counterclick.config import ExperimentConfig
from counterclick.experiments.context import Context
from counterclick.experiments.estimating import are_few
from counterclick.experiments.measured import Measured
from counterclick.experiments.result import Result, Row
from counterclick.facts.local_time import day_begins
from counterclick.metrics import metric_named
from counterclick.verdicts import Money

__all__ = ["COSTS_KNOWN", "DAYS_A_MONTH", "Stakes", "costs_known", "incremental", "revenue_lift", "stakes_of"]

DAYS_A_MONTH = 365.25 / 12
COSTS_KNOWN = 0.98
"""Share of an arm's revenue whose unit costs must be known for its margin to be compared."""


@dataclass(frozen=True, slots=True)
class Stakes:
    """What the feature would be worth.

    Attributes:
        visitors_a_month: eligible visitors, all arms together.
        revenue_a_month: what they would spend, were all of them in the control.
        break_even_lift: of revenue, at which the feature pays its cost; None where cost or margin is not known.
        margin_rate: share of revenue left after the cost of goods; None where not known.
        weeks: during which visitors became eligible so far.
    """

    visitors_a_month: float
    revenue_a_month: float
    break_even_lift: float | None
    margin_rate: float | None
    weeks: float


def stakes_of(config: ExperimentConfig, context: Context, measured: Measured) -> Stakes:
    """Return what is at stake, from the visitors of the days that have passed."""
    first = day_begins(config.starts_on, context.timezone)
    planned = (config.ends_on - config.starts_on).days + 1
    days = min(planned, max((context.as_of - first) / timedelta(days=1), 1))
    part = config.traffic[1] - config.traffic[0]  # the rest of the surface's visitors would get the feature too
    visitors = measured.n_eligible / days * DAYS_A_MONTH / part
    control = measured.arms.get(config.control)
    revenue = control.mean_of("revenue") * visitors if control is not None else 0.0
    rate = measured.margin_rate if measured.margin_rate is not None else context.margin_rate
    lift = None
    if context.monthly_cost is not None and rate is not None and revenue * rate > 0:
        lift = context.monthly_cost / (revenue * rate)
    return Stakes(visitors, revenue, lift, rate, days / 7)


def revenue_lift(result: Result, row: Row) -> tuple[float, float, float] | None:
    """Return the lift of revenue per visitor of a row's contrast with its interval: what a share of revenue is made of."""
    lift = result.row("revenue_per_visitor", row.treatment, row.against).lift
    return (lift.value, lift.lower, lift.upper) if lift else None


def costs_known(config: ExperimentConfig, measured: Measured) -> bool:
    """Say whether unit costs are known for nearly all revenue of both arms, so that margins can be compared."""
    for arm in (config.control, config.feature):
        revenue = measured.arms[arm].sum_of("revenue")
        if revenue and measured.arms[arm].sum_of("costed_revenue") < COSTS_KNOWN * revenue:
            return False
    return True


def incremental(
    row: Row, result: Result, stakes: Stakes, measured: Measured, currency: str, *, stratified: bool = False
) -> Money | None:
    """Return money a month: Welch's difference, or the lift's interval on the base where buyers are few.

    Where shares were changed on the way it is the lift on the base as well: laid together, visitors of different times
    would be compared with each other.

    Where the row's metric is no money (orders, units, conversion), it is the revenue of the same contrast.

    Args:
        row: the outcome of one contrast.
        result: all rows.
        stakes: visitors a month.
        measured: moments of the arms.
        currency: of the amount.
        stratified: whether the lift is combined from periods with shares of their own.
    """
    if metric_named(row.metric).unit != "money":
        row = result.row("revenue_per_visitor", row.treatment, row.against)
    if row.lift is None or row.difference is None or row.base is None:
        return None
    month = stakes.visitors_a_month * row.base
    if stratified:
        return Money(row.lift.value * month, row.lift.lower * month, row.lift.upper * month, currency)
    ends = row.difference.lower, row.difference.upper
    if are_few(measured, metric_named(row.metric).numerator, (row.against, row.treatment)):
        ends = row.lift.lower * row.base, row.lift.upper * row.base
    month = stakes.visitors_a_month
    return Money(row.difference.value * month, ends[0] * month, ends[1] * month, currency)
