"""From a result to a verdict: won, lost, inconclusive or invalid, why, and what it is worth a month."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from counterclick.config import ExperimentConfig, duration
from counterclick.display import percent, signed_percent
from counterclick.errors import RefusedError
from counterclick.experiments.advising import advice
from counterclick.experiments.cautions import late, returns, too_good, twyman, warnings
from counterclick.experiments.checks import preconditions
from counterclick.experiments.context import Context
from counterclick.experiments.estimating import LEAST_BUYERS
from counterclick.experiments.guarding import guardrails
from counterclick.experiments.looks import FAR, Due, band, band_level, due_looks, level_of, next_due, take_looks
from counterclick.experiments.measured import BUYERS, Measured
from counterclick.experiments.result import Result, Row, tabulate
from counterclick.experiments.stakes import Stakes, incremental, revenue_lift, stakes_of
from counterclick.experiments.undecided import undecided
from counterclick.experiments.units import ends_at
from counterclick.metrics import Metric, metric_named
from counterclick.stats import FIXED_REACH, Estimate, exaggeration_ratio, median_unbiased, power_at, stagewise_p_value
from counterclick.verdicts import Contrast, Inconclusive, Look, Money, Outcome, Verdict

__all__ = ["judge"]

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class _Case:
    """What a verdict is made from: everything about one experiment at one moment.

    Attributes:
        name: the experiment.
        config: its declaration.
        context: values of the shop.
        everything: all finished visitors.
        measured: those whom the deciding look counts; all where there is none.
        result: estimates of `measured`, at the confidence of the look's bound.
        looks: taken so far.
        due: the look that comes next.
        row: the outcome's contrast.
        stakes: what the feature would be worth.
        guardrails: of all finished visitors, at the confidence of the look's bound.
    """

    name: str
    config: ExperimentConfig
    context: Context
    everything: Measured
    measured: Measured
    result: Result
    looks: tuple[Look, ...]
    due: Due | None
    row: Row
    stakes: Stakes
    guardrails: Mapping[str, str]

    @property
    def look(self) -> Look | None:
        """The look that the verdict rests on."""
        return self.looks[-1] if self.looks else None

    @property
    def fewest(self) -> int:
        """Buyers in the smaller of the two arms."""
        return min(round(self.measured.arms[arm].sum_of(BUYERS)) for arm in (self.config.control, self.config.feature))


def judge(name: str, config: ExperimentConfig, context: Context, measured: Measured, metrics: Sequence[Metric]) -> Verdict:
    """Return the verdict of an experiment: looks that are due are taken, and the last one speaks.

    Args:
        name: the experiment.
        config: its declaration.
        context: values of the shop, and the looks taken before.
        measured: all finished visitors.
        metrics: rows of the table that it rests on, the outcome among them.

    Raises:
        RefusedError: the outcome is not one that can decide, or the data set no lift.
    """
    if not metric_named(config.outcome).decides:
        raise RefusedError(
            f"experiment {name!r} cannot be decided on {config.outcome!r}: it is not an outcome per visitor. "
            "Set outcome to revenue_per_visitor, net_revenue_per_visitor or margin_per_visitor."
        )
    case = _case(name, config, context, measured, metrics)
    outcome, kind, because = _concluded(case)
    state, matured = returns(config, context, measured)
    if outcome == "won" and state == "taken back" and metric_named(config.outcome).unit == "money":
        outcome, because = "lost", f"{because}; but net of returns it earns less: {matured}"
    speaks = outcome != "invalid" and case.fewest >= LEAST_BUYERS  # otherwise its numbers would mislead: none is shown
    row = case.row
    lift = row.lift if speaks else None
    return Verdict(
        experiment=name,
        treatment=config.feature,
        control=config.control,
        outcome=outcome,
        because=because,
        metric=config.outcome,
        kind=kind,
        lift=_lift(case, lift) if lift else None,
        lift_lower=lift.lower if lift else None,
        lift_upper=lift.upper if lift else None,
        p_value=_p_value(case, lift) if lift else None,
        incremental=_money(case) if speaks else None,
        break_even_lift=case.stakes.break_even_lift,
        returns=matured,
        returns_state=state,
        checks=case.result.checks,
        guardrails=case.guardrails,
        warnings=(*warnings(name, config, context, case.measured, row), *late(config, measured, case.looks)),
        meanwhile=advice(
            outcome, kind, config, case.result, row, case.stakes, _day(case, case.due.at) if case.due else None
        ),
        revenue_lift=revenue_lift(case.result, row) if speaks else None,
        numbers=_numbers(row, case.stakes),
        contrasts=_contrasts(config, context, case.measured, case.result, case.stakes) if speaks else (),
        interval=_interval(case),
        looks=case.looks,
        next_look_on=_day(case, case.due.at) if case.due else None,
        band=band(name, config, context, measured) if case.due and case.looks and speaks else None,
    )


def _case(name: str, config: ExperimentConfig, context: Context, measured: Measured, metrics: Sequence[Metric]) -> _Case:
    looks = take_looks(name, config, context, measured)
    counted, level = measured, LEVEL
    if looks:
        counted = measured.until(looks[-1].entered_until)
        level = level_of(looks[-1].bound)
    elif context.as_of < _finish(config, context):
        level = band_level(name, config, context, measured)
    checks = preconditions(name, config, context, counted)
    result = tabulate(name, config, context.currency, counted, metrics, checks, level)
    row = result.row(config.outcome, config.feature, config.control)
    stakes = stakes_of(config, context, measured)
    due = next_due(name, config, context, measured, looks)
    guarded = guardrails(config, counted, level)
    if any(status != "shown" for status in guarded.values()) and context.as_of >= _finish(config, context):
        guarded = guardrails(config, measured, level)  # once more, when all visitors are finished
    return _Case(name, config, context, measured, counted, result, looks, due, row, stakes, guarded)


def _finish(config: ExperimentConfig, context: Context) -> datetime:
    """Return when the last visitors who can enter are finished."""
    return ends_at(config, context.timezone) + duration(config.window) + context.allowance


def _concluded(case: _Case) -> tuple[Outcome, Inconclusive | None, str]:
    failed = [check for check in case.result.checks if check.passed is False]
    if failed:
        return "invalid", None, "; ".join(f"{check.name}: {check.says}" for check in failed)
    if case.look is None:
        return "inconclusive", "still running", _waiting(case)
    if case.fewest < LEAST_BUYERS:
        shown = f"the smaller arm has {case.fewest:.0f} buyers, a verdict needs {LEAST_BUYERS}"
        if not case.look.is_last:
            return "inconclusive", "still running", f"{shown}; {_next(case)}"
        return "inconclusive", *undecided(case.config, case.context, case.measured, _stakes(case), None, shown)
    return _decided(case, case.look)


def _decided(case: _Case, look: Look) -> tuple[Outcome, Inconclusive | None, str]:
    config, row = case.config, case.row
    if row.lift is None:
        raise RefusedError(row.refused)
    shown = (
        f"{config.outcome} moved by {signed_percent(_lift(case, row.lift))} "
        f"[{signed_percent(row.lift.lower)}, {signed_percent(row.lift.upper)}]"
    )
    if look.crossed is None:
        return "inconclusive", *_not_crossed(case, look, row.lift, shown)
    money = metric_named(config.outcome).unit == "money"
    if look.crossed == "lower":
        return "lost", None, f"{shown}: {config.feature} {'earns less' if money else 'does worse'} than {config.control}"
    if case.context.as_of < _finish(config, case.context) and too_good(row, look, is_first=len(case.looks) == 1):
        says = "more than most features can do so early; check the data before believing it (Twyman's law)"
        return "inconclusive", "held for a data check", f"{shown}: {says}"
    missing = [f"{guardrail} is {status}" for guardrail, status in case.guardrails.items() if status != "shown"]
    if missing:
        return "inconclusive", "guardrail not shown", f"{shown}, but {' and '.join(missing)}"
    return "won", None, f"{shown}: {config.feature} {'earns more' if money else 'does better'} than {config.control}"


def _not_crossed(case: _Case, look: Look, lift: Estimate, shown: str) -> tuple[Inconclusive, str]:
    if look.is_last:
        return undecided(case.config, case.context, case.measured, _stakes(case), lift, shown)
    wanted = case.stakes.break_even_lift if metric_named(case.config.outcome).unit == "money" else None
    if wanted is not None and lift.upper < wanted:
        says = f"{shown}; all of it lies below the break-even lift of {percent(wanted)}, so that it may end now"
        return "too small to matter", says
    return "still running", f"{shown}; no bound is crossed; {_next(case)}"


def _stakes(case: _Case) -> Stakes:
    """Return the stakes with the weeks that the look counts."""
    if case.look is None:
        return case.stakes
    days = (case.look.entered_until - case.config.starts_on).days + 1
    return replace(case.stakes, weeks=days / 7)


def _waiting(case: _Case) -> str:
    """Say what comes first where no look was taken yet."""
    design = due_looks(case.name, case.config, case.context)
    if case.due is None:
        return "no look could be taken: too few buyers so far"
    weeks = math.ceil((case.due.at - case.context.as_of) / timedelta(weeks=1))
    when = f"{_day(case, case.due.at)}, in {weeks} week{'s' * (weeks > 1)}"
    if case.due.at <= case.context.as_of:
        return _without_orders(case, case.due)
    if case.due.is_last:
        only = "the last window closes" if len(design) == 1 else "the last look is due"
        return f"{only} on {when}; a verdict before would be peeking"
    return f"the next of {len(design)} looks is due on {when}; a verdict before would be peeking"


def _next(case: _Case) -> str:
    if case.due is None:
        return "no look is left"
    if case.due.at <= case.context.as_of:
        return _without_orders(case, case.due)
    return f"the next look is due on {_day(case, case.due.at)}"


def _without_orders(case: _Case, due: Due) -> str:
    """Say that a look waits for orders: taken without them, it would be wrong for ever."""
    last = case.everything.last_order_at
    until = "not at all" if last is None else f"until {_day(case, last)} only"
    closes = _day(case, due.at - case.context.allowance)
    return f"look {due.number} is due, but orders are recorded {until}; record those up to {closes}"


def _day(case: _Case, moment: datetime) -> date:
    """Return the shop's day of a moment."""
    return moment.astimezone(ZoneInfo(case.context.timezone)).date()


def _lift(case: _Case, lift: Estimate) -> float:
    """Return the lift: median-unbiased after several looks, since a test that stops early overstates."""
    bounds = [look.bound for look in case.looks]
    look = case.look
    if look is None or look.statistic is None or len(case.looks) == 1 or case.config.looks == "anytime":
        return lift.value
    information = [each.information for each in case.looks]
    drift = median_unbiased(information, [bound or FAR for bound in bounds], look.statistic)
    return math.expm1(math.log1p(lift.value) - (look.statistic - drift * math.sqrt(look.information)) * lift.se)


def _money(case: _Case) -> Money | None:
    """Return money a month, its value scaled as the lift is after several looks."""
    found = incremental(
        case.row, case.result, case.stakes, case.measured, case.context.currency, stratified=bool(case.config.changes)
    )
    lift = case.row.lift
    if found is None or lift is None or not lift.value:
        return found
    return replace(found, value=found.value * _lift(case, lift) / lift.value)


def _p_value(case: _Case, lift: Estimate) -> float | None:
    look = case.look
    if look is None or case.config.looks == "anytime" or not (look.crossed or look.is_last):
        return None
    if len(case.looks) == 1 or look.statistic is None:
        return lift.p_value
    information = [each.information for each in case.looks]
    return stagewise_p_value(information, [each.bound or FAR for each in case.looks], look.statistic)


def _interval(case: _Case) -> str:
    if case.look is None:
        return "95 %" if case.due is None else "anytime-valid 95 %"
    if case.config.looks == "anytime":
        return "anytime-valid 95 %"
    return "95 %" if case.look.is_last and len(case.looks) == 1 else "repeated 95 %"


def _contrasts(
    config: ExperimentConfig, context: Context, measured: Measured, result: Result, stakes: Stakes
) -> tuple[Contrast, ...]:
    found = []
    for row in result.rows:
        if row.metric != config.outcome or row.is_verdict:
            continue
        lift = row.lift
        found.append(
            Contrast(
                treatment=row.treatment,
                against=row.against,
                lift=lift.value if lift else None,
                lift_lower=lift.lower if lift else None,
                lift_upper=lift.upper if lift else None,
                p_adjusted=row.p_adjusted,
                incremental=incremental(row, result, stakes, measured, context.currency, stratified=bool(config.changes)),
                revenue_lift=revenue_lift(result, row),
                warnings=(row.refused,) if row.refused else twyman(row),
            )
        )
    return tuple(found)


def _numbers(row: Row, stakes: Stakes) -> dict[str, float]:
    found = {"visitors_a_month": stakes.visitors_a_month, "control_revenue_a_month": stakes.revenue_a_month}
    if stakes.margin_rate is not None:
        found["margin_rate"] = stakes.margin_rate
    if row.lift is not None:
        found["se_log"] = row.lift.se
        smallest = stakes.break_even_lift or math.expm1(FIXED_REACH * row.lift.se)
        try:
            found["power_at_smallest_meaningful"] = power_at(smallest, row.lift.se)
            found["exaggeration_at_smallest_meaningful"] = exaggeration_ratio(smallest, row.lift.se)
        except RefusedError:  # the smallest meaningful lift is nothing against the standard error
            found.pop("power_at_smallest_meaningful", None)
    if row.difference is not None:
        found["difference_per_1000_visitors"] = row.difference.value * 1000
    return found
