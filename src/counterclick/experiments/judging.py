"""From a result to a verdict: won, lost, inconclusive or invalid, why, and what it is worth a month."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from counterclick.config import ExperimentConfig, duration
from counterclick.display import percent, signed_percent
from counterclick.errors import RefusedError
from counterclick.experiments.context import Context, config_hash
from counterclick.experiments.measured import BUYERS, MATURED, Measured
from counterclick.experiments.result import FEW_BUYERS, LEAST_BUYERS, Result, Row
from counterclick.experiments.units import ends_at
from counterclick.metrics import metric_named
from counterclick.metrics.definitions import VISITORS
from counterclick.stats import (
    exaggeration_ratio,
    log_ratio_lift,
    non_inferiority,
    power_at,
    smallest_visible_lift,
    visitors_needed,
)
from counterclick.verdicts import Inconclusive, Money, Outcome, Verdict

__all__ = ["DAYS_A_MONTH", "judge"]

DAYS_A_MONTH = 365.25 / 12
ALPHA = 0.05
TWYMAN_LIFT = 0.5
"""Lifts above this are usually mistakes in the data (Twyman's law)."""
MOST_WEEKS = 26


@dataclass(frozen=True, slots=True)
class _Stakes:
    """What the feature would be worth: visitors and revenue a month, and the lift that pays its cost."""

    visitors_a_month: float
    revenue_a_month: float
    break_even_lift: float | None
    margin_rate: float | None


def judge(name: str, config: ExperimentConfig, context: Context, measured: Measured, result: Result) -> Verdict:
    """Return the verdict of a completed fixed-horizon experiment.

    Raises:
        RefusedError: the outcome is not one that can decide.
    """
    if not metric_named(config.outcome).decides:
        raise RefusedError(
            f"experiment {name!r} cannot be decided on {config.outcome!r}: it is not an outcome per visitor. "
            "Set outcome to revenue_per_visitor, net_revenue_per_visitor or margin_per_visitor."
        )
    row = result.row(config.outcome)
    stakes = _stakes(config, context, measured)
    guardrails = _guardrails(config, measured)
    outcome, kind, because = _concluded(config, context, measured, result, row, stakes, guardrails)
    lift = row.lift
    incremental = _incremental(row, stakes, measured, config, context.currency)
    return Verdict(
        experiment=name,
        treatment=config.feature,
        control=config.control,
        outcome=outcome,
        because=because,
        metric=config.outcome,
        kind=kind,
        lift=lift.value if lift else None,
        lift_lower=lift.lower if lift else None,
        lift_upper=lift.upper if lift else None,
        p_value=lift.p_value if lift else None,
        incremental=incremental,
        break_even_lift=stakes.break_even_lift,
        returns=_returns(config, context, measured),
        checks=result.checks,
        guardrails=guardrails,
        warnings=_warnings(name, config, context, measured, result, row),
        meanwhile=_meanwhile(outcome, config, row, stakes),
        numbers=_numbers(row, stakes),
    )


def _concluded(
    config: ExperimentConfig,
    context: Context,
    measured: Measured,
    result: Result,
    row: Row,
    stakes: _Stakes,
    guardrails: Mapping[str, str],
) -> tuple[Outcome, Inconclusive | None, str]:
    failed = [check for check in result.checks if check.passed is False]
    if failed:
        return "invalid", None, "; ".join(f"{check.name}: {check.says}" for check in failed)
    finish = ends_at(config, context.timezone) + duration(config.window) + context.allowance
    if context.as_of < finish:
        weeks = math.ceil((finish - context.as_of) / timedelta(weeks=1))
        return (
            "inconclusive",
            "still running",
            f"the last window closes on {finish:%Y-%m-%d}, in {weeks} weeks; a verdict before would be peeking",
        )
    fewest = min(measured.arms[arm].sum_of(BUYERS) for arm in (config.control, config.feature))
    if fewest < LEAST_BUYERS:
        return _too_small(
            config, measured, stakes, f"the smaller arm has {fewest:.0f} buyers, a verdict needs {LEAST_BUYERS}"
        )
    if row.lift is None:
        raise RefusedError(row.refused)
    shown = (
        f"{config.outcome} moved by {signed_percent(row.lift.value)} "
        f"[{signed_percent(row.lift.lower)}, {signed_percent(row.lift.upper)}]"
    )
    if row.lift.p_value <= ALPHA and row.lift.value < 0:
        return "lost", None, f"{shown}: {config.feature} earns less than {config.control}"
    if row.lift.p_value <= ALPHA:
        missing = [f"{guardrail} is {status}" for guardrail, status in guardrails.items() if status != "shown"]
        if missing:
            return "inconclusive", "guardrail not shown", f"{shown}, but {' and '.join(missing)}"
        return "won", None, f"{shown}: {config.feature} earns more than {config.control}"
    if stakes.break_even_lift is not None and row.lift.upper < stakes.break_even_lift:
        return (
            "inconclusive",
            "too small to matter",
            f"{shown}; all of it lies below the break-even lift of {percent(stakes.break_even_lift)}",
        )
    return _too_small(config, measured, stakes, shown)


def _too_small(
    config: ExperimentConfig, measured: Measured, stakes: _Stakes, shown: str
) -> tuple[Outcome, Inconclusive, str]:
    """Say how many more weeks the lift that matters would need, or that it cannot be seen here."""
    wanted = stakes.break_even_lift
    control = measured.arms[config.control]
    numerator = metric_named(config.outcome).numerator
    weeks = ((config.ends_on - config.starts_on).days + 1) / 7
    try:
        cv = math.sqrt(control.variance_of(numerator)) / control.mean_of(numerator)
    except (RefusedError, ZeroDivisionError):
        return "inconclusive", "cannot be detected at this traffic", f"{shown}; the control sold nothing"
    shares = config.variants[config.control], config.variants[config.feature]
    a_week = measured.n_eligible / weeks
    visible = smallest_visible_lift(cv, max(2, round(a_week * MOST_WEEKS)), shares)
    if wanted is not None and 0 < wanted < visible:
        says = f"{shown}; the break-even lift is {percent(wanted)}, the smallest visible effect in {MOST_WEEKS} weeks"
        return "inconclusive", "cannot be detected at this traffic", f"{says} {percent(visible)}"
    if wanted:
        more = max(1, math.ceil(visitors_needed(cv, wanted, shares) / a_week - weeks))
        says = f"{shown}; {more} more weeks would show the break-even lift of {percent(wanted)}"
        return "inconclusive", "needs more weeks", says
    now = smallest_visible_lift(cv, max(2, measured.n_eligible), shares)
    says = (
        f"{shown}; {weeks:.0f} weeks show {percent(now)} or more here, {MOST_WEEKS} weeks {percent(visible)}; declare "
        "the surface's monthly_cost to learn which lift would matter"
    )
    return "inconclusive", "needs more weeks", says


def _stakes(config: ExperimentConfig, context: Context, measured: Measured) -> _Stakes:
    days = (config.ends_on - config.starts_on).days + 1
    visitors = measured.n_eligible / days * DAYS_A_MONTH
    control = measured.arms.get(config.control)
    revenue = control.mean_of("revenue") * visitors if control is not None else 0.0
    rate = measured.margin_rate if measured.margin_rate is not None else context.margin_rate
    known = context.monthly_cost is not None and rate is not None and revenue * rate > 0
    lift = context.monthly_cost / (revenue * rate) if known else None  # type: ignore[operator]  # known says so
    return _Stakes(visitors, revenue, lift, rate)


def _incremental(
    row: Row, stakes: _Stakes, measured: Measured, config: ExperimentConfig, currency: str
) -> Money | None:
    """Money a month: Welch's difference, or the lift's interval on the control's mean where buyers are few."""
    if row.lift is None or row.difference is None or row.base is None:
        return None
    fewest = min(measured.arms[arm].sum_of(BUYERS) for arm in (config.control, config.feature))
    ends = row.difference.lower, row.difference.upper
    if fewest < FEW_BUYERS:
        ends = row.lift.lower * row.base, row.lift.upper * row.base
    month = stakes.visitors_a_month
    return Money(row.difference.value * month, ends[0] * month, ends[1] * month, currency)


def _guardrails(config: ExperimentConfig, measured: Measured) -> dict[str, str]:
    found = {}
    for guardrail, margin in config.guardrails.items():
        metric = metric_named(guardrail)
        denominator = None if metric.denominator in (VISITORS, None) else metric.denominator
        try:
            found[guardrail] = non_inferiority(
                measured.arms[config.control],
                measured.arms[config.feature],
                metric.numerator,
                denominator,
                margin,
                metric.worse,
            ).status
        except RefusedError:
            found[guardrail] = "unproven"
    return found


def _returns(config: ExperimentConfig, context: Context, measured: Measured) -> str:
    closes = ends_at(config, context.timezone) + duration(config.window) + context.returns_window
    if context.as_of < closes:
        return f"open until {closes:%Y-%m-%d}"
    try:
        found = log_ratio_lift(measured.arms[config.control], measured.arms[config.feature], MATURED)
    except RefusedError as error:
        return f"matured; {error}"
    return (
        f"matured: net revenue moved by {signed_percent(found.value)} "
        f"[{signed_percent(found.lower)}, {signed_percent(found.upper)}]"
    )


def _warnings(
    name: str, config: ExperimentConfig, context: Context, measured: Measured, result: Result, row: Row
) -> tuple[str, ...]:
    found = [
        f"{other.treatment} against {other.against}: a lift of {signed_percent(other.lift.value)} is more than most "
        "features can do; check the data before believing it (Twyman's law)."
        for other in result.rows
        if other.metric == config.outcome and other.lift is not None and other.lift.value > TWYMAN_LIFT
    ]
    own = [d for d in context.declarations if d.config_hash == config_hash(name, config)]
    if own and own[0].declared_at > ends_at(config, context.timezone):
        found.append(f"Declared on {own[0].declared_at:%Y-%m-%d}, after it had ended: not pre-registered.")
    if measured.unmatched and row.lift is not None:
        found.append(_worst_cases(config, measured))
    if config.outcome.startswith("margin") and measured.costed_share < 1:
        found.append(f"Costs are known for {percent(measured.costed_share)} of revenue; the rest has no margin here.")
    smaller = min(config.variants[config.control], config.variants[config.feature])
    if smaller < 0.1:  # noqa: PLR2004 - the design's own limit, named in the sentence
        found.append(f"An arm with {percent(smaller, 0)} of visitors costs a store most of its power; 10 % or more is better.")
    return tuple(found)


def _worst_cases(config: ExperimentConfig, measured: Measured) -> str:
    control, feature = measured.arms[config.control], measured.arms[config.feature]
    name = metric_named(config.outcome).numerator
    lost = measured.unmatched
    low = feature.sum_of(name) / feature.n / ((control.sum_of(name) + lost) / control.n) - 1
    high = (feature.sum_of(name) + lost) / feature.n / (control.sum_of(name) / control.n) - 1
    return (
        f"Unmatched revenue could move the lift: {signed_percent(low)} if all of it were {config.control}'s, "
        f"{signed_percent(high)} if all were {config.feature}'s."
    )


def _meanwhile(outcome: Outcome, config: ExperimentConfig, row: Row, stakes: _Stakes) -> str:
    lift = row.lift
    pays = stakes.break_even_lift is None or (lift is not None and lift.lower > stakes.break_even_lift)
    if outcome == "won" and pays:
        return f"Serve {config.feature}; keep a small holdout to see that it lasts."
    if outcome == "won":
        return (
            f"{config.feature} earns more than {config.control}, but is not shown to earn its cost: the lower end "
            f"{percent(lift.lower if lift else 0)} lies under break-even, {percent(stakes.break_even_lift or 0)}."
        )
    if outcome == "invalid":
        return "Mend what the failed check says, then run it again under a new name."
    return f"Serve {config.control} to everyone; {config.feature} is not shown to beat it."


def _numbers(row: Row, stakes: _Stakes) -> dict[str, float]:
    found = {"visitors_a_month": stakes.visitors_a_month, "control_revenue_a_month": stakes.revenue_a_month}
    if stakes.margin_rate is not None:
        found["margin_rate"] = stakes.margin_rate
    if row.lift is not None:
        found["se_log"] = row.lift.se
        smallest = stakes.break_even_lift or math.expm1(1.96 * row.lift.se)
        if row.lift.se > 0 and smallest > 0:
            found["power_at_smallest_meaningful"] = power_at(smallest, row.lift.se)
            found["exaggeration_at_smallest_meaningful"] = exaggeration_ratio(smallest, row.lift.se)
    if row.difference is not None:
        found["difference_per_1000_visitors"] = row.difference.value * 1000
    return found
