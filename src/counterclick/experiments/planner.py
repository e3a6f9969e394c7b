"""How long until a lift can be seen, from this shop's own history, before anything is started."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from counterclick.config import ExperimentConfig
from counterclick.display import Grid, Shown, count, money, percent
from counterclick.errors import CounterclickError, RefusedError
from counterclick.experiments.context import Context
from counterclick.experiments.history import HORIZONS, MOST_WEEKS, History, history_of
from counterclick.experiments.instead import instead
from counterclick.experiments.looks import planned_buyers
from counterclick.experiments.stakes import DAYS_A_MONTH
from counterclick.facts.local_time import day_begins
from counterclick.metrics import metric_named
from counterclick.stats import (
    FIXED_REACH,
    drift_for_power,
    obrien_fleming_spending,
    smallest_visible_lift,
    smallest_visible_lift_from_orders,
    spending_bounds,
)
from counterclick.stats.estimates import as_lift

__all__ = [
    "HORIZONS",
    "Plan",
    "Plans",
    "Split",
    "break_even_of",
    "expected_buyers",
    "part_of",
    "plan_experiment",
    "visible_in",
]

_LARGEST_LIFT = 10
_TEN_YEARS = 10 * 365.25 / 7
_FEWEST_WEEKS = 2
_SPLITS = {"50/50": (0.5, 0.5), "80/20": (0.2, 0.8), "90/10": (0.1, 0.9), "three arms": (1 / 3, 1 / 3)}
"""Shares of control and feature."""


@dataclass(frozen=True, slots=True)
class Split:
    """What one split of the visitors can see.

    Attributes:
        name: such as 80/20: feature and control.
        visitors: eligible visitors, all arms, that show the lift; None from an orders export alone.
        weeks: until then; None where it exceeds ten years.
        visible: smallest lift that the planned weeks show.
        forgone: revenue in the planned weeks that the control does without if the lift is real.
    """

    name: str
    visitors: float | None
    weeks: float | None
    visible: float
    forgone: float


@dataclass(frozen=True, slots=True)
class Plan(Shown):
    """What an experiment of this shop can see, and when: with 80 % power, at 5 % over all looks.

    Attributes:
        experiment: its name.
        metric: the outcome.
        currency: of amounts.
        lift: the lift asked for.
        basis: what the figures rest on.
        history: the figures themselves.
        planned_weeks: from the declared first to the declared last day.
        planned_buyers: of control and feature: those that the looks are reckoned by, else those expected by the end.
        smallest_visible: weeks -> smallest lift that the declared split shows.
        by_end: smallest lift that it shows in the planned weeks.
        weeks_needed: for the lift, with the declared split; None where it exceeds ten years.
        visitors_needed: eligible visitors, all arms; None from an orders export alone.
        splits: the usual splits.
        break_even_lift: at which the feature pays its cost; None where cost or margin is not known.
        refusal: why the experiment should not be started as declared, and which could; empty where it may.
        says: the sentence.
        instead: what can be measured where the lift cannot.
    """

    experiment: str
    metric: str
    currency: str
    lift: float
    basis: str
    history: History
    planned_weeks: float
    planned_buyers: float
    smallest_visible: dict[int, float]
    by_end: float
    weeks_needed: float | None
    visitors_needed: float | None
    splits: tuple[Split, ...]
    break_even_lift: float | None
    refusal: str
    says: str
    instead: tuple[str, ...]

    @property
    def can_see(self) -> bool:
        """Whether the planned weeks suffice for the lift."""
        return self.by_end <= self.lift

    def grids(self) -> list[Grid]:
        """Return the horizons, the splits, and the sentences below."""
        rows = [(f"{weeks} weeks", percent(lift)) for weeks, lift in self.smallest_visible.items()]
        notes = [f"REFUSED: {self.refusal}"] * bool(self.refusal) + [self.says]
        if self.break_even_lift is not None:
            notes.append(f"The break-even lift is {percent(self.break_even_lift, 2)}.")
        title = f"Plan for {self.experiment}: smallest visible lift of {self.metric} (80 % power, 5 % over all looks)"
        usual = [
            (
                split.name,
                "" if split.visitors is None else count(math.ceil(split.visitors)),
                _spoken(split.weeks),
                percent(split.visible),
                money(split.forgone, self.currency),
            )
            for split in self.splits
        ]
        heads = ("split", f"visitors for {percent(self.lift)}", "until then", "visible by the end", "control forgoes")
        below = [
            f"Control forgoes: revenue in {self.planned_weeks:.0f} weeks if the lift of {percent(self.lift)} is real.",
            *self.instead,
            f"Basis: {self.basis}. planned_buyers = {self.planned_buyers:.0f}",
        ]
        return [Grid(title, ("after", "smallest visible"), rows, notes), Grid("Splits", heads, usual, below)]


@dataclass(frozen=True, slots=True)
class Plans(Shown):
    """Every declared experiment: can it see the lift by which its feature would pay?

    Attributes:
        plans: experiment -> its plan, or the reason why there is none.
    """

    plans: Mapping[str, Plan | str]

    @property
    def refused(self) -> tuple[str, ...]:
        """Experiments that should not be started as declared."""
        return tuple(name for name, plan in self.plans.items() if isinstance(plan, Plan) and plan.refusal)

    def grids(self) -> list[Grid]:
        """Return a row for each experiment, with the refusals below."""
        rows, notes = [], []
        for name, plan in self.plans.items():
            if isinstance(plan, str):
                rows.append((name, "", "", "cannot tell"))
                notes.append(f"{name}: {plan}")
                continue
            pays = "not known" if plan.break_even_lift is None else percent(plan.break_even_lift, 2)
            rows.append((name, percent(plan.by_end), pays, "REFUSED" if plan.refusal else "may start"))
            if plan.refusal:
                notes.append(f"{name}: {plan.refusal}")
        heads = ("experiment", "visible by its end", "break-even lift", "")
        return [Grid("Can the declared experiments see what they are for?", heads, rows, notes)]


def plan_experiment(name: str, config: ExperimentConfig, context: Context, lift: float) -> Plan:
    """Return what the declared split can see, from the history in the log.

    Args:
        name: the experiment.
        config: its declaration.
        context: tables and values of the shop.
        lift: relative lift to be seen, such as 0.02.

    Raises:
        RefusedError: the lift is not above zero, the outcome cannot decide, or the history is shorter than a week.
        EmptyStoreError: there are no orders to plan from.
    """
    if not 0 < lift <= _LARGEST_LIFT:
        raise RefusedError(f"a plan needs a lift above 0 and at most {_LARGEST_LIFT}, such as 0.02 for +2 %; it was {lift}.")
    if not metric_named(config.outcome).decides:
        raise RefusedError(f"{config.outcome!r} is not an outcome per visitor; nothing can be planned on it.")
    history = history_of(name, config, context)
    shares = config.variants[config.control], config.variants[config.feature]
    planned = ((config.ends_on - config.starts_on).days + 1) / 7
    by_end = visible_in(history, planned, shares, config)
    weeks_needed = _weeks_needed(history, lift, shares, config)
    break_even = break_even_of(history, context, planned)
    revenue = history.revenue_a_week * planned
    near = history.nearest(planned)
    if near is not None:
        revenue = near.revenue * history.visitors_in(planned)
    revenue *= part_of(config)
    splits = tuple(
        Split(
            label,
            _visitors(history, weeks, config),
            weeks,
            visible_in(history, planned, each, config),
            each[0] * revenue * lift,
        )
        for label, each in _SPLITS.items()
        for weeks in [_weeks_needed(history, lift, each, config)]
    )
    refusal = _refusal(config, history, planned, by_end, break_even)
    hopeless = weeks_needed is None or weeks_needed > MOST_WEEKS
    return Plan(
        experiment=name,
        metric=config.outcome,
        currency=context.currency,
        lift=lift,
        basis=history.basis + (_OF_CUSTOMERS if config.unit == "customer" else ""),
        history=history,
        planned_weeks=planned,
        planned_buyers=planned_buyers(name, config, context) or history.buyers_in(planned) * sum(shares) * part_of(config),
        smallest_visible={weeks: visible_in(history, weeks, shares, config) for weeks in HORIZONS},
        by_end=by_end,
        weeks_needed=weeks_needed,
        visitors_needed=_visitors(history, weeks_needed, config),
        splits=splits,
        break_even_lift=break_even,
        refusal=refusal,
        says=_sentence(lift, planned, by_end, weeks_needed),
        instead=instead(config, history, planned) if (hopeless and by_end > lift) or refusal else (),
    )


def expected_buyers(name: str, config: ExperimentConfig, context: Context) -> float | None:
    """Return the buyers of control and feature that the history before the start lets expect; None without one.

    By them the weekly looks are reckoned. Nothing after the start is used: a plan is not made from its own data.
    """
    try:
        history = history_of(name, config, context, day_begins(config.starts_on, context.timezone))
    except CounterclickError:  # no orders before the start, or less than a week of them: nothing is known
        return None
    weeks = ((config.ends_on - config.starts_on).days + 1) / 7
    shares = config.variants[config.control] + config.variants[config.feature]
    return max(1.0, round(history.buyers_in(weeks) * shares * part_of(config))) if history.weeks >= _FEWEST_WEEKS else None


_OF_CUSTOMERS = "; it assigns customers, of whom visits do not tell how many there will be: they are reckoned as visitors"


@cache
def _reach(weeks: int) -> float:
    """Return the standard errors that weekly looks over so many weeks see with 80 % power, at 5 % over all of them."""
    if weeks <= _FEWEST_WEEKS:
        return FIXED_REACH
    times = [week / weeks for week in range(_FEWEST_WEEKS, weeks + 1)]
    bounds = spending_bounds(times, [obrien_fleming_spending(time) for time in times])
    return drift_for_power(times, bounds, 0.8)


def visible_in(history: History, weeks: float, shares: tuple[float, float], config: ExperimentConfig) -> float:
    """Return the smallest lift that so many weeks show."""
    near = history.nearest(weeks)
    if near is not None:
        visitors = max(2, round(history.visitors_in(weeks) * part_of(config)))
        fixed = smallest_visible_lift(near.coefficient_of_variation, visitors, shares)
    else:
        buyers = history.orders_a_week * weeks * sum(shares) * part_of(config)
        fixed = smallest_visible_lift_from_orders(buyers, history.basket_cv, shares[1] / sum(shares))
    looks = next((known for known in HORIZONS if weeks <= known), MOST_WEEKS)
    factor = _reach(looks) / FIXED_REACH if config.looks == "weekly" else 1.0
    return as_lift(math.log1p(fixed) * factor)


def _weeks_needed(history: History, lift: float, shares: tuple[float, float], config: ExperimentConfig) -> float | None:
    """Return after how many weeks the lift is visible; None beyond ten years."""
    low, high = 0.0, _TEN_YEARS
    if visible_in(history, high, shares, config) > lift:
        return None
    while high - low > 0.01:  # noqa: PLR2004 - weeks: a few hours
        middle = (low + high) / 2
        low, high = (middle, high) if visible_in(history, middle, shares, config) > lift else (low, middle)
    return high


def _visitors(history: History, weeks: float | None, config: ExperimentConfig) -> float | None:
    return history.visitors_in(weeks) * part_of(config) if weeks is not None and history.spans else None


def part_of(config: ExperimentConfig) -> float:
    """Return the part of the surface's visitors that takes part."""
    return config.traffic[1] - config.traffic[0]


def break_even_of(history: History, context: Context, planned: float) -> float | None:
    """Return the lift of revenue that pays the surface's cost: monthly cost over the margin revenue it touches."""
    rate = history.margin_rate if history.margin_rate is not None else context.margin_rate
    if context.monthly_cost is None or rate is None or rate <= 0:
        return None
    near = history.nearest(planned)
    a_week = near.revenue * history.visitors_in(planned) / planned if near else history.revenue_a_week
    touched = a_week * DAYS_A_MONTH / 7 * rate
    return context.monthly_cost / touched if touched > 0 else None


def _refusal(config: ExperimentConfig, history: History, planned: float, by_end: float, break_even: float | None) -> str:
    """Say why it should not start: it is too short, or cannot see the lift by which it would pay; and what could."""
    if planned < _FEWEST_WEEKS:
        return f"it runs {planned:.1f} weeks; two whole weeks are the least, since weekdays differ."
    if break_even is None or break_even <= 0 or by_end <= break_even or metric_named(config.outcome).unit != "money":
        return ""
    says = (
        f"by {config.ends_on} it shows a lift of {percent(by_end)} or more; one of {percent(break_even, 2)} would pay "
        f"for {config.feature} already, and would most likely go unseen. "
    )
    could = []
    for label, shares in _SPLITS.items():
        weeks = _weeks_needed(history, break_even, shares, config)
        if weeks is not None and weeks <= MOST_WEEKS:
            could.append(f"{label} until {_last_day(config.starts_on, weeks)}")
    return says + (f"These could: {', '.join(could)}." if could else f"No split could within {MOST_WEEKS} weeks.")


def _last_day(starts_on: date, weeks: float) -> date:
    return starts_on + timedelta(weeks=max(_FEWEST_WEEKS, math.ceil(weeks)), days=-1)


def _sentence(lift: float, planned: float, by_end: float, needed: float | None) -> str:
    if by_end <= lift:
        return f"In the planned {planned:.0f} weeks a lift of {percent(lift)} can be seen."
    if needed is None or needed > MOST_WEEKS:
        return (
            f"A lift of {percent(lift)} cannot be detected at this traffic: it would need {_spoken(needed)}. "
            f"The planned {planned:.0f} weeks show {percent(by_end)} or more."
        )
    return (
        f"The planned {planned:.0f} weeks are too few: they show {percent(by_end)} or more; "
        f"a lift of {percent(lift)} needs {_spoken(needed)}."
    )


def _spoken(weeks: float | None) -> str:
    return "more than ten years" if weeks is None else f"{weeks:,.1f} weeks"
