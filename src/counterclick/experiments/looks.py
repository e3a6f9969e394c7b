"""When an experiment is looked at, by which bound, and what was seen: looks are taken in order and never rewritten.

The verdict is the same however often it is asked for: looks are due at whole weeks, and whoever asks takes all that are
due, in order, each from the visitors who had entered by then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from scipy import special

from counterclick.config import ExperimentConfig, duration
from counterclick.errors import RefusedError
from counterclick.experiments.context import Context
from counterclick.experiments.estimating import ALPHA_SIDE, LEAST_BUYERS, outcome_statistic
from counterclick.experiments.hashing import config_hash
from counterclick.experiments.measured import BUYERS, Measured
from counterclick.facts.local_time import day_begins
from counterclick.metrics import metric_named
from counterclick.stats import anytime_reach, log_ratio_lift, obrien_fleming_spending, spending_bounds
from counterclick.stats.estimates import as_lift
from counterclick.verdicts import Look

__all__ = [
    "FAR",
    "Due",
    "band",
    "band_level",
    "due_looks",
    "level_of",
    "next_due",
    "orders_known",
    "planned_buyers",
    "take_looks",
]

FAR = 7.0
"""No interval reaches more standard errors; where nothing could be spent there is no bound, and this is taken."""
TUNED_TO = 1_000.0
"""Buyers that an anytime-valid band is tuned to where none are planned."""
FIRST_WEEK = 2
"""No look before two whole weeks: weekdays differ, and so do first days."""
_WEEK = timedelta(weeks=1)
_ORDERS_MAY_LAG = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """A look that is to be taken.

    Attributes:
        number: from 1.
        entered_until: last day of entry of the visitors it counts.
        at: when they are all finished, UTC.
        is_last: whether it is the one at the end.
    """

    number: int
    entered_until: date
    at: datetime
    is_last: bool


def due_looks(name: str, config: ExperimentConfig, context: Context) -> tuple[Due, ...]:
    """Return every look of the design: weekly from the second week on, and the last one after the end.

    Without planned buyers nothing says how much of the error rate a look may spend; then there is only the last one.
    """
    closing = duration(config.window) + context.allowance
    days = [config.ends_on]
    if config.looks == "anytime" or (config.looks == "weekly" and planned_buyers(name, config, context) is not None):
        first = config.starts_on + FIRST_WEEK * _WEEK - timedelta(days=1)
        weeks = max(0, math.ceil((config.ends_on - first) / _WEEK))
        days = [*(first + number * _WEEK for number in range(weeks)), config.ends_on]
    return tuple(
        Due(number, day, day_begins(day + timedelta(days=1), context.timezone) + closing, day == config.ends_on)
        for number, day in enumerate(days, 1)
    )


def planned_buyers(name: str, config: ExperimentConfig, context: Context) -> float | None:
    """Return the buyers that the looks are reckoned by: as configured, else as the first declaration that knew a history."""
    if config.planned_buyers is not None:
        return float(config.planned_buyers)
    own = [found for found in context.declarations if found.config_hash == config_hash(name, config)]
    return next((found.planned_buyers for found in own if found.planned_buyers is not None), None)


def take_looks(name: str, config: ExperimentConfig, context: Context, measured: Measured) -> tuple[Look, ...]:
    """Return all looks that are due by now: those taken before as they were, the others as they are taken now.

    The new ones are handed to `Context.remember`. Looking ends with the look that crosses a bound, and with the last.

    Args:
        name: the experiment.
        config: its declaration.
        context: looks taken before, and the moment up to which the log is known.
        measured: all finished visitors.
    """
    looks = list(context.looks)
    for due in due_looks(name, config, context):
        if due.at > context.as_of or (looks and (looks[-1].crossed or looks[-1].is_last)):
            break
        if looks and due.number <= looks[-1].number:
            continue
        if not orders_known(config, context, measured, due):
            break
        look = _taken(name, config, context, measured.until(due.entered_until), due, looks)
        if look is not None:
            looks.append(look)
    new = looks[len(context.looks) :]
    if new:
        context.remember(new)
    return tuple(looks)


def orders_known(config: ExperimentConfig, context: Context, measured: Measured, due: Due) -> bool:
    """Say whether orders are recorded up to the end of a look's windows.

    A look that is taken cannot be taken again: exposures may come by the minute and orders by the month. Orders of the
    last look may end with its visitors, where nothing was recorded after them.
    """
    last = measured.last_order_at
    if last is None or measured.last_window_at is None:
        return True
    if due.is_last:
        return last >= measured.last_window_at - duration(config.window)
    return last >= due.at - context.allowance - _ORDERS_MAY_LAG


def next_due(name: str, config: ExperimentConfig, context: Context, measured: Measured, looks: Sequence[Look]) -> Due | None:
    """Return the look that is due next; None where looking has ended."""
    if looks and (looks[-1].crossed or looks[-1].is_last):
        return None
    taken = looks[-1].number if looks else 0
    left = [due for due in due_looks(name, config, context) if due.number > taken]
    waiting = [due for due in left if due.at > context.as_of or not orders_known(config, context, measured, due)]
    return waiting[0] if waiting else None


def level_of(bound: float | None) -> float:
    """Return the confidence of an interval that reaches to a bound; far bounds count as that of 1 - 1e-12."""
    return 1 - 2 * float(special.ndtr(-min(FAR if bound is None else bound, FAR)))


def band_level(name: str, config: ExperimentConfig, context: Context, measured: Measured) -> float:
    """Return the confidence of single intervals that makes them anytime-valid ones of 95 %."""
    return level_of(_band_reach(name, config, context, measured))


def band(name: str, config: ExperimentConfig, context: Context, measured: Measured) -> tuple[float, float, float] | None:
    """Return the lift of all finished visitors with its anytime-valid 95 % interval; None where there is no lift."""
    reach = _band_reach(name, config, context, measured)
    try:
        control, feature = measured.arms[config.control], measured.arms[config.feature]
        found = log_ratio_lift(control, feature, metric_named(config.outcome).numerator)
    except (KeyError, RefusedError):
        return None
    centre = math.log1p(found.value)
    return found.value, as_lift(centre - reach * found.se), as_lift(centre + reach * found.se)


def _band_reach(name: str, config: ExperimentConfig, context: Context, measured: Measured) -> float:
    """Return the band's reach in standard errors, tuned to the planned buyers, else to those expected by the end."""
    arms = [measured.arms[arm] for arm in (config.control, config.feature) if arm in measured.arms]
    buyers = max(1.0, sum(moments.sum_of(BUYERS) for moments in arms))
    planned = planned_buyers(name, config, context)
    if planned is None and config.looks == "anytime":
        planned = TUNED_TO
    if planned is None:
        days = {day for _, day in measured.by_day}
        whole = (config.ends_on - config.starts_on).days + 1
        planned = buyers * max(1.0, whole / max(1, len(days)))
    return anytime_reach(buyers, max(1.0, planned))


def _taken(
    name: str, config: ExperimentConfig, context: Context, measured: Measured, due: Due, before: Sequence[Look]
) -> Look | None:
    """Take one look; None where it is too early for one: too few buyers, and not the last."""
    arms = config.control, config.feature
    found = {arm: measured.arms[arm] for arm in arms if arm in measured.arms}
    buyers = {arm: round(moments.sum_of(BUYERS)) for arm, moments in found.items()}
    together = float(sum(buyers.values()))
    smaller = min(config.variants[arm] for arm in arms) / sum(config.variants[arm] for arm in arms)
    if together * smaller < LEAST_BUYERS and not due.is_last:
        return None
    information = max(together, before[-1].information + 1 if before else 1.0)
    planned = planned_buyers(name, config, context)
    is_last, spent, bound = _bound(config, information, planned, before, is_last=due.is_last)
    statistic = None if bound is None else _statistic(config, measured, bound)
    crossed: Literal["upper", "lower"] | None = None
    if statistic is not None and bound is not None and min(buyers.values()) >= LEAST_BUYERS and abs(statistic) >= bound:
        crossed = "upper" if statistic > 0 else "lower"
    outcome = metric_named(config.outcome).numerator
    return Look(
        number=due.number,
        entered_until=due.entered_until,
        due_at=due.at,
        taken_at=context.now or datetime.now(UTC),
        is_last=is_last,
        visitors={arm: moments.n for arm, moments in found.items()},
        buyers=buyers,
        total={arm: moments.sum_of(outcome) for arm, moments in found.items()},
        squares={
            arm: _squares(moments.sum_of(outcome), moments.n, moments.m2_of(outcome)) for arm, moments in found.items()
        },
        information=information,
        planned=planned,
        spent=spent,
        bound=bound,
        statistic=statistic,
        crossed=crossed,
    )


def _bound(
    config: ExperimentConfig, information: float, planned: float | None, before: Sequence[Look], *, is_last: bool
) -> tuple[bool, float, float | None]:
    """Return whether this is the last look, the error rate of one side spent by it, and the bound."""
    if config.looks == "anytime":
        return is_last, ALPHA_SIDE, anytime_reach(information, planned or TUNED_TO)
    is_last = is_last or planned is None or information >= planned
    spent = ALPHA_SIDE
    if planned is not None and not is_last:
        spent = obrien_fleming_spending(information / planned, ALPHA_SIDE)
    spent = max(spent, before[-1].spent if before else 0.0)
    bounds = spending_bounds(
        [*(look.information for look in before), information], [*(look.spent for look in before), spent]
    )
    return is_last, spent, bounds[-1] if math.isfinite(bounds[-1]) else None


def _statistic(config: ExperimentConfig, measured: Measured, bound: float) -> float | None:
    """Return the standardised statistic; None where the arms cannot be compared."""
    try:
        return outcome_statistic(config, measured, float(special.ndtr(-bound)))
    except RefusedError:
        return None


def _squares(total: float, n: int, centred: float) -> float:
    return centred + total * total / n if n else 0.0
