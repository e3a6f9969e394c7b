"""From a result to a verdict: won, lost, inconclusive or invalid, why, and what it is worth a month."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from counterclick.config import ExperimentConfig, duration
from counterclick.display import percent, signed_percent
from counterclick.errors import RefusedError
from counterclick.experiments.cautions import returns, twyman, warnings
from counterclick.experiments.context import Context
from counterclick.experiments.measured import BUYERS, Measured
from counterclick.experiments.result import LEAST_BUYERS, Result, Row
from counterclick.experiments.stakes import Stakes, costs_known, incremental, revenue_lift, stakes_of
from counterclick.experiments.undecided import undecided
from counterclick.experiments.units import ends_at
from counterclick.metrics import Metric, metric_named
from counterclick.metrics.definitions import VISITORS
from counterclick.stats import Moments, exaggeration_ratio, non_inferiority, power_at, welch_difference
from counterclick.verdicts import Contrast, Inconclusive, Outcome, Verdict

__all__ = ["judge"]

ALPHA = 0.05
_BOUND, _POWER = 1.96, 0.84
"""Normal quantiles of the 5 % bound and of 80 % power: together the smallest visible lift, in standard errors."""


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
    row = result.row(config.outcome, config.feature, config.control)
    stakes = stakes_of(config, context, measured)
    guardrails = _guardrails(config, measured)
    outcome, kind, because = _concluded(config, context, measured, result, row, stakes, guardrails)
    fewest = min(round(measured.arms[arm].sum_of(BUYERS)) for arm in (config.control, config.feature))
    speaks = outcome != "invalid" and fewest >= LEAST_BUYERS  # otherwise its numbers would mislead, and are not shown
    lift = row.lift if speaks else None
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
        incremental=incremental(row, result, stakes, measured, context.currency) if speaks else None,
        break_even_lift=stakes.break_even_lift,
        returns=returns(config, context, measured),
        checks=result.checks,
        guardrails=guardrails,
        warnings=warnings(name, config, context, measured, row),
        meanwhile=_meanwhile(outcome, config, result, row, stakes),
        revenue_lift=revenue_lift(result, row) if speaks else None,
        numbers=_numbers(row, stakes),
        contrasts=_contrasts(config, context, measured, result, stakes) if speaks else (),
    )


def _concluded(
    config: ExperimentConfig,
    context: Context,
    measured: Measured,
    result: Result,
    row: Row,
    stakes: Stakes,
    guardrails: Mapping[str, str],
) -> tuple[Outcome, Inconclusive | None, str]:
    failed = [check for check in result.checks if check.passed is False]
    if failed:
        return "invalid", None, "; ".join(f"{check.name}: {check.says}" for check in failed)
    finish = ends_at(config, context.timezone) + duration(config.window) + context.allowance
    if context.as_of < finish:
        return "inconclusive", "still running", _running(finish, finish - context.as_of)
    fewest = min(measured.arms[arm].sum_of(BUYERS) for arm in (config.control, config.feature))
    if round(fewest) < LEAST_BUYERS:
        shown = f"the smaller arm has {fewest:.0f} buyers, a verdict needs {LEAST_BUYERS}"
        return "inconclusive", *undecided(config, context, measured, stakes, None, shown)
    return _decided(config, context, measured, row, stakes, guardrails)


def _decided(
    config: ExperimentConfig,
    context: Context,
    measured: Measured,
    row: Row,
    stakes: Stakes,
    guardrails: Mapping[str, str],
) -> tuple[Outcome, Inconclusive | None, str]:
    if row.lift is None:
        raise RefusedError(row.refused)
    shown = (
        f"{config.outcome} moved by {signed_percent(row.lift.value)} "
        f"[{signed_percent(row.lift.lower)}, {signed_percent(row.lift.upper)}]"
    )
    if row.lift.p_value > ALPHA:
        return "inconclusive", *undecided(config, context, measured, stakes, row.lift, shown)
    money = metric_named(config.outcome).unit == "money"
    if row.lift.value < 0:
        return "lost", None, f"{shown}: {config.feature} {'earns less' if money else 'does worse'} than {config.control}"
    missing = [f"{guardrail} is {status}" for guardrail, status in guardrails.items() if status != "shown"]
    if missing:
        return "inconclusive", "guardrail not shown", f"{shown}, but {' and '.join(missing)}"
    return "won", None, f"{shown}: {config.feature} {'earns more' if money else 'does better'} than {config.control}"


def _running(finish: datetime, left: timedelta) -> str:
    weeks = math.ceil(left / timedelta(weeks=1))
    when = f"{finish:%Y-%m-%d}, in {weeks} week{'s' * (weeks > 1)}"
    return f"the last window closes on {when}; a verdict before would be peeking"


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
                incremental=incremental(row, result, stakes, measured, context.currency),
                revenue_lift=revenue_lift(result, row),
                warnings=(row.refused,) if row.refused else twyman(row),
            )
        )
    return tuple(found)


def _guardrails(config: ExperimentConfig, measured: Measured) -> dict[str, str]:
    found: dict[str, str] = {}
    for guardrail, margin in config.guardrails.items():
        metric = metric_named(guardrail)
        if "margin" in metric.measures and not costs_known(config, measured):
            found[guardrail] = "unproven"
            continue
        denominator = None if metric.denominator in (VISITORS, None) else metric.denominator
        control, feature = measured.arms[config.control], measured.arms[config.feature]
        try:
            found[guardrail] = non_inferiority(control, feature, metric.numerator, denominator, margin, metric.worse).status
        except RefusedError:
            found[guardrail] = _nothing_of_it(control, feature, metric, margin)
    return found


def _nothing_of_it(control: Moments, feature: Moments, metric: Metric, margin: float) -> str:
    """Judge a guardrail without a lift: nothing returned in the feature's arm is good news, if the difference says so."""
    if metric.worse == "lower" or metric.denominator != VISITORS or not control.mean_of(metric.numerator):
        return "unproven"
    difference = welch_difference(control, feature, metric.numerator)
    return "shown" if difference.upper < margin * control.mean_of(metric.numerator) else "unproven"


def _meanwhile(outcome: Outcome, config: ExperimentConfig, result: Result, row: Row, stakes: Stakes) -> str:
    if outcome == "invalid":
        return "Mend what the failed check says, then run it again under a new name."
    if outcome != "won":
        return f"Serve {config.control} to everyone; {config.feature} is not shown to beat it."
    if stakes.margin_rate is not None and stakes.margin_rate <= 0:
        return f"{row.metric} is up, but the margin is not above 0: more revenue earns nothing. Check the unit costs."
    lift = row.lift
    if metric_named(row.metric).unit != "money":
        lift = result.row("revenue_per_visitor", row.treatment, row.against).lift
    needed = stakes.break_even_lift or 0.0
    if lift is not None and lift.lower > needed:
        return f"Serve {config.feature}; keep a small holdout to see that it lasts."
    if stakes.break_even_lift is None:
        return f"{config.feature} wins on {row.metric}, but is not shown to earn more revenue than {config.control}."
    ends = "no lift of revenue" if lift is None else f"the lower end {percent(lift.lower)}"
    return (
        f"{config.feature} wins on {row.metric}, but is not shown to earn its cost: {ends} is not above break-even, "
        f"{percent(needed, 2)}."
    )


def _numbers(row: Row, stakes: Stakes) -> dict[str, float]:
    found = {"visitors_a_month": stakes.visitors_a_month, "control_revenue_a_month": stakes.revenue_a_month}
    if stakes.margin_rate is not None:
        found["margin_rate"] = stakes.margin_rate
    if row.lift is not None:
        found["se_log"] = row.lift.se
        smallest = stakes.break_even_lift or math.expm1((_BOUND + _POWER) * row.lift.se)
        try:
            found["power_at_smallest_meaningful"] = power_at(smallest, row.lift.se)
            found["exaggeration_at_smallest_meaningful"] = exaggeration_ratio(smallest, row.lift.se)
        except RefusedError:  # the smallest meaningful lift is nothing against the standard error
            found.pop("power_at_smallest_meaningful", None)
    if row.difference is not None:
        found["difference_per_1000_visitors"] = row.difference.value * 1000
    return found
