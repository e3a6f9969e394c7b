"""The course of an experiment: its interval over time, the looks that were taken, those to come, and what would end it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from counterclick.config import ExperimentConfig
from counterclick.display import Grid, Shown, count, percent, signed_percent
from counterclick.errors import RefusedError
from counterclick.experiments.context import Context
from counterclick.experiments.estimating import ALPHA_SIDE
from counterclick.experiments.looks import FAR, TUNED_TO, Due, band, due_looks, level_of, planned_buyers
from counterclick.experiments.measured import BUYERS, Measured
from counterclick.metrics import metric_named
from counterclick.stats import Moments, anytime_reach, log_ratio_lift, obrien_fleming_spending, spending_bounds
from counterclick.stats.estimates import as_lift
from counterclick.verdicts import Look

__all__ = ["Coming", "Course", "Point", "Step", "Taken", "course_of"]

Step = Literal["day", "week"]
_WEEK = 7
_VALUE = "outcome"


@dataclass(frozen=True, slots=True)
class Point:
    """What was known of the visitors who had entered by a day.

    Attributes:
        entered_until: the day, in the shop's time zone.
        lift: of the outcome; None where there is none.
        lower: lower end of its anytime-valid 95 % interval.
        upper: upper end.
        buyers: of control and feature together.
        information: share of the planned buyers; None where none are planned.
    """

    entered_until: date
    lift: float | None
    lower: float | None
    upper: float | None
    buyers: int
    information: float | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A look as it stands in the log.

    Attributes:
        number: from 1.
        entered_until: last day of entry of the visitors it counts.
        taken_on: the shop's day on which it was taken.
        lift: from its frozen sums; None where an arm had nothing to be compared.
        lower: lower end of the interval that reaches to its bound.
        upper: upper end.
        information: share of the planned buyers; None where none were planned.
        spent: error rate of one side spent by it, of 0.025.
        bound: of the standardised statistic; None where nothing could be spent.
        statistic: None where the arms could not be compared.
        crossed: which bound, if any.
        is_last: whether it was the last one.
    """

    number: int
    entered_until: date
    taken_on: date
    lift: float | None
    lower: float | None
    upper: float | None
    information: float | None
    spent: float
    bound: float | None
    statistic: float | None
    crossed: str | None
    is_last: bool


@dataclass(frozen=True, slots=True)
class Coming:
    """A look that is still to be taken.

    Attributes:
        number: from 1.
        entered_until: last day of entry of the visitors it will count.
        due_on: the shop's day on which it is due; it may have passed.
        is_last: whether it is the one at the end.
        information: share of the planned buyers that is expected by then; None where none are planned.
        bound: of the standardised statistic, if as many buyers come as planned.
        needed: lift from which on it would be won, and its mirror lost, if the outcome goes on varying as it does; None
            where nothing is known yet.
    """

    number: int
    entered_until: date
    due_on: date
    is_last: bool
    information: float | None
    bound: float | None
    needed: float | None


@dataclass(frozen=True, slots=True)
class Course(Shown):
    """An experiment over time. It takes no look and decides nothing.

    Attributes:
        experiment: its name.
        metric: the outcome.
        starts_on: first day.
        ends_on: last day of entry.
        planned_buyers: by which looks share the error rate; None where no history told.
        points: the interval over time, one for each day or week.
        looks: that were taken.
        coming: that are still to be taken; empty where looking has ended.
        no_movement_on: from when on the first kill rule may switch it off.
        no_lift_on: from when on the second may.
        ends: what would end it, one sentence each.
    """

    experiment: str
    metric: str
    starts_on: date
    ends_on: date
    planned_buyers: float | None
    points: tuple[Point, ...]
    looks: tuple[Taken, ...]
    coming: tuple[Coming, ...]
    no_movement_on: date
    no_lift_on: date
    ends: tuple[str, ...]

    def grids(self) -> list[Grid]:
        """Return what would end it, the looks, and the interval over time."""
        grids = [Grid(f"{self.experiment}: {self.starts_on} to {self.ends_on}, on {self.metric}", (), (), self.ends)]
        if self.looks:
            rows = [
                (
                    f"{each.number}",
                    f"{each.entered_until}",
                    _share(each.information),
                    _interval(each.lift, each.lower, each.upper),
                    _number(each.statistic),
                    _number(each.bound),
                    each.crossed or "",
                )
                for each in self.looks
            ]
            heads = ("look", "entered until", "information", "lift", "statistic", "bound", "crossed")
            grids.append(Grid("Looks that were taken", heads, rows, left=2))
        if self.coming:
            due = [
                (
                    f"{each.number}",
                    f"{each.due_on}",
                    _share(each.information),
                    _number(each.bound),
                    "not known" if each.needed is None else f"+-{percent(each.needed)}",
                )
                for each in self.coming
            ]
            grids.append(Grid("Looks to come", ("look", "due on", "information", "bound", "lift needed"), due, left=2))
        shown = [
            (
                f"{each.entered_until}",
                count(each.buyers),
                _share(each.information),
                _interval(each.lift, each.lower, each.upper),
            )
            for each in self.points
        ]
        note = "Anytime-valid 95 % intervals: to look at between looks; they decide nothing."
        grids.append(Grid("The interval over time", ("entered until", "buyers", "information", "lift"), shown, (note,)))
        return grids


def course_of(name: str, config: ExperimentConfig, context: Context, measured: Measured, by: Step = "week") -> Course:
    """Return the course of an experiment.

    Args:
        name: the experiment.
        config: its declaration.
        context: looks taken before, and the moment up to which the log is known.
        measured: all finished visitors; there may be none yet.
        by: a point for each day or each week of entry.

    Raises:
        RefusedError: neither days nor weeks were asked for.
    """
    if by not in ("day", "week"):
        raise RefusedError(f"a course goes by day or week, not by {by!r}.")
    planned = planned_buyers(name, config, context)
    zone = ZoneInfo(context.timezone)
    coming = _coming(name, config, context, measured, planned)
    kill = context.kill
    return Course(
        experiment=name,
        metric=config.outcome,
        starts_on=config.starts_on,
        ends_on=config.ends_on,
        planned_buyers=planned,
        points=() if config.changes else _points(name, config, context, measured, planned, by),
        looks=tuple(_taken(look, config, zone) for look in context.looks),
        coming=coming,
        no_movement_on=config.starts_on + timedelta(days=kill.no_movement_days),
        no_lift_on=config.starts_on + timedelta(days=kill.no_lift_days),
        ends=_ends(config, context, coming),
    )


def _points(
    name: str, config: ExperimentConfig, context: Context, measured: Measured, planned: float | None, by: Step
) -> tuple[Point, ...]:
    entered = sorted({day for arm, day in measured.by_day if arm in (config.control, config.feature)})
    if not entered:
        return ()
    step = timedelta(days=1 if by == "day" else _WEEK)
    days = [config.starts_on + step - timedelta(days=1)]
    while days[-1] < entered[-1]:
        days.append(days[-1] + step)
    days[-1] = min(days[-1], entered[-1])
    found = []
    for day in days:
        until = measured.until(day)
        buyers = _buyers(config, until)
        lift, lower, upper = band(name, config, context, until) or (None, None, None)
        found.append(Point(day, lift, lower, upper, buyers, buyers / planned if planned else None))
    return tuple(found)


def _buyers(config: ExperimentConfig, measured: Measured) -> int:
    arms = (measured.arms[arm] for arm in (config.control, config.feature) if arm in measured.arms)
    return sum(round(moments.sum_of(BUYERS)) for moments in arms)


def _taken(look: Look, config: ExperimentConfig, zone: ZoneInfo) -> Taken:
    """Return a look with its lift: from what was frozen when it was taken."""
    lift = lower = upper = None
    if not config.changes:
        try:
            arms = _frozen(look, config.control), _frozen(look, config.feature)
            found = log_ratio_lift(*arms, _VALUE, level=level_of(look.bound))
            lift, lower, upper = found.value, found.lower, found.upper
        except (KeyError, RefusedError):
            lift = None
    return Taken(
        number=look.number,
        entered_until=look.entered_until,
        taken_on=look.taken_at.astimezone(zone).date(),
        lift=lift,
        lower=lower,
        upper=upper,
        information=look.information / look.planned if look.planned else None,
        spent=look.spent,
        bound=look.bound,
        statistic=look.statistic,
        crossed=look.crossed,
        is_last=look.is_last,
    )


def _frozen(look: Look, arm: str) -> Moments:
    return Moments.from_sums((_VALUE,), look.visitors[arm], [look.total[arm]], [[look.squares[arm]]])


def _coming(
    name: str, config: ExperimentConfig, context: Context, measured: Measured, planned: float | None
) -> tuple[Coming, ...]:
    """Return the looks that are not taken yet, with the bounds that they would have if as many buyers come as planned."""
    looks = context.looks
    if looks and (looks[-1].crossed or looks[-1].is_last):
        return ()
    left = [due for due in due_looks(name, config, context) if not looks or due.number > looks[-1].number]
    expected = _expected(config, left, looks, planned)
    bounds = _bounds(config, left, looks, expected, planned)
    now, se = _buyers(config, measured), _spread(config, measured)
    found = []
    for due, information, bound in zip(left, expected, bounds, strict=True):
        needed = None
        if se is not None and bound is not None and information is not None:
            needed = as_lift(bound * se * math.sqrt(now / information))
        share = information / planned if planned and information is not None else None
        due_on = due.at.astimezone(ZoneInfo(context.timezone)).date()
        found.append(Coming(due.number, due.entered_until, due_on, due.is_last, share, bound, needed))
    return tuple(found)


def _expected(
    config: ExperimentConfig, left: Sequence[Due], looks: Sequence[Look], planned: float | None
) -> list[float | None]:
    """Return the buyers expected by each look: the planned ones, spread evenly over the days of entry."""
    if planned is None:
        return [None] * len(left)
    whole, least, found = (config.ends_on - config.starts_on).days + 1, looks[-1].information if looks else 0.0, []
    for due in left:
        least = max(planned * ((due.entered_until - config.starts_on).days + 1) / whole, least + 1)
        found.append(least)
    return list(found)


def _bounds(
    config: ExperimentConfig,
    left: Sequence[Due],
    looks: Sequence[Look],
    expected: Sequence[float | None],
    planned: float | None,
) -> list[float | None]:
    if config.looks == "anytime":
        return [anytime_reach(each, planned or TUNED_TO) if each else None for each in expected]
    if planned is None:
        return [None if not due.is_last or looks else spending_bounds([1.0], [ALPHA_SIDE])[0] for due in left]
    known = [each for each in expected if each is not None]
    spent = looks[-1].spent if looks else 0.0
    spendings = []
    for due, information in zip(left, known, strict=True):
        own = ALPHA_SIDE if due.is_last or information >= planned else obrien_fleming_spending(information / planned)
        spent = max(spent, own)
        spendings.append(spent)
    times = [*(look.information for look in looks), *known]
    found = spending_bounds(times, [*(look.spent for look in looks), *spendings])[len(looks) :]
    return [bound if math.isfinite(bound) and bound < FAR else None for bound in found]


def _spread(config: ExperimentConfig, measured: Measured) -> float | None:
    """Return the standard error of the lift of all finished visitors, on the log scale."""
    try:
        arms = measured.arms[config.control], measured.arms[config.feature]
        return log_ratio_lift(*arms, metric_named(config.outcome).numerator).se
    except (KeyError, RefusedError):
        return None


def _ends(config: ExperimentConfig, context: Context, coming: Sequence[Coming]) -> tuple[str, ...]:
    """Say what would end it, or what has."""
    if not coming:
        last = context.looks[-1] if context.looks else None
        crossed = f"it crossed the {last.crossed} bound" if last and last.crossed else "it was the last one"
        return (f"Looking has ended with look {last.number}: {crossed}." if last else "There is no look to take.",)
    first, last_due = coming[0], coming[-1]
    sides = f"a lift of {percent(first.needed)} or more, won; of as much less, lost" if first.needed is not None else ""
    bound = f"a statistic beyond {first.bound:.2f}" if first.bound is not None else "nothing: no bound can be crossed yet"
    says = [f"Look {first.number}, due on {first.due_on}, ends it with {bound}{f' ({sides})' if sides else ''}."]
    if config.guardrails:
        says.append(f"Won needs its guardrails shown besides: {', '.join(config.guardrails)}.")
    says.append("It may end sooner where the whole interval lies below the lift that would pay its cost.")
    says.append(f"The last day of entry is {config.ends_on}; the last look is due on {last_due.due_on}.")
    kill = context.kill
    for n, what in ((kill.no_movement_days, "units per order have not moved up"), (kill.no_lift_days, "no lift is shown")):
        day = config.starts_on + timedelta(days=n)
        says.append(f"From {day} on, after {n} days with both arms, a kill rule switches it off where {what}.")
    return tuple(says)


def _share(value: float | None) -> str:
    return "not known" if value is None else percent(value, 0)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _interval(lift: float | None, lower: float | None, upper: float | None) -> str:
    if lift is None or lower is None or upper is None:
        return "none"
    return f"{signed_percent(lift)} [{signed_percent(lower)}, {signed_percent(upper)}]"
