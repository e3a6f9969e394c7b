"""How long until a lift can be seen, from this shop's own history, before anything is started."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.config import ExperimentConfig, duration
from counterclick.display import Grid, Shown, count, percent
from counterclick.errors import EmptyStoreError, RefusedError
from counterclick.experiments.context import Context
from counterclick.experiments.undecided import MOST_WEEKS
from counterclick.facts.people import first_rows
from counterclick.metrics import Sources, metric_named, per_visitor
from counterclick.stats import smallest_visible_lift, smallest_visible_lift_from_orders, visitors_needed

__all__ = ["HORIZONS", "Plan", "plan_experiment"]

HORIZONS = (2, 4, 8, 12, MOST_WEEKS)
"""Weeks for which the smallest visible effect is shown."""
_LARGEST_LIFT = 10
_TEN_YEARS = 10 * 365.25 / 7


@dataclass(frozen=True, slots=True)
class Plan(Shown):
    """What an experiment of this shop can see, and when.

    Attributes:
        experiment: its name.
        metric: the outcome.
        lift: the lift asked for.
        basis: what the figures rest on.
        visitors_a_week: eligible visitors, new ones, in an ordinary week; None from an orders export alone.
        orders_a_week: orders.
        coefficient_of_variation: of the outcome over visitors; None from an orders export alone.
        visitors_needed: eligible visitors, all arms, for 80 % power at 5 %; None from an orders export alone.
        weeks_needed: for that; None where it exceeds ten years.
        planned_weeks: from the declared first to the declared last day.
        smallest_visible: weeks -> smallest lift with 80 % power.
        can_see: whether the planned weeks suffice for the lift.
        says: the sentence.
        instead: what can be measured where the lift cannot.
    """

    experiment: str
    metric: str
    lift: float
    basis: str
    visitors_a_week: float | None
    orders_a_week: float
    coefficient_of_variation: float | None
    visitors_needed: int | None
    weeks_needed: float | None
    planned_weeks: float
    smallest_visible: dict[int, float]
    can_see: bool
    says: str
    instead: tuple[str, ...]

    def grids(self) -> list[Grid]:
        """Return the plan as a table of horizons with the sentence below."""
        rows = [(f"{weeks} weeks", percent(lift)) for weeks, lift in self.smallest_visible.items()]
        notes = [self.says, *self.instead, f"Basis: {self.basis}."]
        if self.visitors_needed is not None:
            weeks = "more than ten years" if self.weeks_needed is None else f"{self.weeks_needed:,.1f} weeks"
            needed = f"{count(self.visitors_needed)} eligible visitors over all arms"
            notes.insert(1, f"{percent(self.lift)} needs {needed}: {weeks}.")
        title = f"Plan for {self.experiment}: smallest visible lift of {self.metric} (80 % power, 5 %)"
        return [Grid(title, ("after", "smallest visible"), rows, notes)]


def plan_experiment(name: str, config: ExperimentConfig, context: Context, lift: float) -> Plan:
    """Return what the declared split can see, from the history in the log.

    The history is every visitor's window after it was first seen on the experiment's surface (anywhere, where the
    surface has no history), or, without visitors, the orders alone.

    Args:
        name: the experiment.
        config: its declaration.
        context: tables and values of the shop.
        lift: relative lift to be seen, such as 0.02.

    Raises:
        RefusedError: the lift is not above zero, the outcome cannot decide, or the history is shorter than a week.
        EmptyStoreError: there are no orders to plan from.
    """
    metric = metric_named(config.outcome)
    if not 0 < lift <= _LARGEST_LIFT:
        raise RefusedError(f"a plan needs a lift above 0 and at most {_LARGEST_LIFT}, such as 0.02 for +2 %; it was {lift}.")
    if not metric.decides:
        raise RefusedError(f"{config.outcome!r} is not an outcome per visitor; nothing can be planned on it.")
    facts = context.facts
    sold = _one_row(facts.orders.agg(n=_.count(), first=_.ordered_at.min(), last=_.ordered_at.max()))
    if not sold["n"]:
        raise EmptyStoreError(
            f"experiment {name!r} cannot be planned: no orders are recorded yet. Record an orders export with "
            "`counterclick record FILE`."
        )
    order_weeks = _weeks(sold["first"], sold["last"], "orders")
    orders_a_week = sold["n"] / order_weeks
    shares = config.variants[config.control], config.variants[config.feature]
    planned = ((config.ends_on - config.starts_on).days + 1) / 7
    entries, basis = _entries(facts.events, config)
    window = duration(config.window)
    closed = entries.filter(entries.exposed_at <= ibis.literal(context.as_of - window))
    values = per_visitor(Sources(facts, context.rule), closed, metric.measures, window)
    column = values[metric.numerator]
    seen = _one_row(
        values.agg(
            n=_.count(),
            mean=column.mean(),
            sd=column.std(),
            first=_.exposed_at.min(),
            last=_.exposed_at.max(),
        )
    )
    if seen["mean"] and seen["sd"]:
        weeks = _weeks(seen["first"], seen["last"], "visitors")
        a_week = seen["n"] / weeks
        cv = seen["sd"] / seen["mean"]
        needed = visitors_needed(cv, lift, shares)
        weeks_needed: float | None = needed / a_week
        visible = {w: smallest_visible_lift(cv, max(2, round(a_week * w)), shares) for w in HORIZONS}
        by_end = smallest_visible_lift(cv, max(2, round(a_week * planned)), shares)
        basis += f", {seen['n']:,} visitors in {weeks:.1f} weeks"
    else:
        a_week = cv = needed = None
        share = shares[1] / sum(shares)
        basket = _basket_cv(facts.orders)
        orders_seen = orders_a_week * sum(shares)
        visible = {w: smallest_visible_lift_from_orders(orders_seen * w, basket, share) for w in HORIZONS}
        by_end = smallest_visible_lift_from_orders(orders_seen * planned, basket, share)
        weeks_needed = planned * (math.log1p(by_end) / math.log1p(lift)) ** 2
        nobody = (
            "no visitor whose window has closed" if not seen["n"] else "too few of them by visitors to tell how these vary"
        )
        basis = f"{sold['n']:,} orders in {order_weeks:.1f} weeks, {nobody}"
    can_see = by_end <= lift
    if weeks_needed is not None and weeks_needed > _TEN_YEARS:
        weeks_needed = None
    return Plan(
        experiment=name,
        metric=config.outcome,
        lift=lift,
        basis=basis,
        visitors_a_week=a_week,
        orders_a_week=orders_a_week,
        coefficient_of_variation=cv,
        visitors_needed=needed,
        weeks_needed=weeks_needed,
        planned_weeks=planned,
        smallest_visible=visible,
        can_see=can_see,
        says=_sentence(lift, planned, by_end, weeks_needed, can_see=can_see),
        instead=() if can_see else _instead(weeks_needed),
    )


def _weeks(first: datetime, last: datetime, what: str) -> float:
    """Return the weeks between the first and the last of a history; a weekly rate needs every day of one."""
    weeks = (last - first) / timedelta(weeks=1)
    if weeks < 6 / 7:
        raise RefusedError(
            f"the recorded {what} cover {(last - first) / timedelta(days=1):.1f} days, from {first:%Y-%m-%d} to "
            f"{last:%Y-%m-%d}; a plan needs a week at least to know how many come in one. Record more history."
        )
    return weeks


def _entries(events: Table, config: ExperimentConfig) -> tuple[Table, str]:
    """First time each visitor was seen on the surface, or anywhere if the surface has no history."""
    known = events.filter(events.visitor_id.notnull())
    there = known.filter(known.surface == config.surface) if config.surface else known
    basis = f"visitors seen on surface {config.surface!r}" if config.surface else "all visitors"
    if config.surface and not int(there.count().to_pyarrow().as_py()):
        there, basis = known, f"all visitors (surface {config.surface!r} has no history)"
    first = first_rows(there.select("visitor_id", "occurred_at", "event_id"), "visitor_id", [_.occurred_at, _.event_id])
    return first.select("visitor_id", exposed_at=first.occurred_at), basis


def _basket_cv(orders: Table) -> float:
    found = _one_row(orders.agg(mean=_.revenue.cast("float64").mean(), sd=_.revenue.cast("float64").std()))
    return float(found["sd"] / found["mean"]) if found["mean"] and found["sd"] else 1.0


def _sentence(lift: float, planned: float, by_end: float, needed: float | None, *, can_see: bool) -> str:
    if can_see:
        return f"In the planned {planned:.0f} weeks a lift of {percent(lift)} can be seen."
    if needed is None or needed > MOST_WEEKS:
        so_many = "more than ten years" if needed is None else f"{needed:,.1f} weeks"
        return (
            f"A lift of {percent(lift)} cannot be detected at this traffic: it would need {so_many}. "
            f"The planned {planned:.0f} weeks show {percent(by_end)} or more."
        )
    return (
        f"The planned {planned:.0f} weeks are too few: they show {percent(by_end)} or more; "
        f"a lift of {percent(lift)} needs {needed:.1f}."
    )


def _instead(needed: float | None) -> tuple[str, ...]:
    if needed is not None and needed <= MOST_WEEKS:
        return ()
    ideas = "units per order among those exposed, returned value among flagged orders, or one holdout over all surfaces"
    return (f"What can be measured instead: {ideas}.",)


def _one_row(table: Table) -> dict[str, Any]:
    row: dict[str, Any] = table.to_pyarrow().to_pylist()[0]
    return row
