"""What to mind beside a verdict: warnings, and what the returns say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from counterclick.config import ExperimentConfig, duration
from counterclick.display import percent, signed_percent
from counterclick.errors import RefusedError
from counterclick.experiments.context import Context
from counterclick.experiments.hashing import config_hash
from counterclick.experiments.measured import MATURED, Measured
from counterclick.experiments.result import Row
from counterclick.experiments.stakes import costs_known
from counterclick.experiments.units import ends_at
from counterclick.metrics import metric_named
from counterclick.stats import FIXED_BOUND, Estimate, log_ratio_lift
from counterclick.verdicts import Look, ReturnsState

__all__ = ["TWYMAN_LIFT", "late", "returns", "too_good", "twyman", "warnings"]

TWYMAN_LIFT = 0.5
"""Lifts above this are usually mistakes in the data (Twyman's law)."""
TWYMAN_STATISTIC = 6.0
"""So are statistics above this at the first look."""
_SMALL_ARM = 0.1


def too_good(row: Row, look: Look, *, is_first: bool) -> bool:
    """Say whether a look shows more than features can do: half as much again, or six standard errors at once."""
    return bool(twyman(row)) or (is_first and look.statistic is not None and look.statistic > TWYMAN_STATISTIC)


def twyman(row: Row) -> tuple[str, ...]:
    """Return the warning of one contrast of the outcome that is too good to be true, or nothing."""
    if row.lift is None or row.lift.value <= TWYMAN_LIFT:
        return ()
    lift = f"{row.treatment} against {row.against}: a lift of {signed_percent(row.lift.value)}"
    return (f"{lift} is more than most features can do; check the data before believing it (Twyman's law).",)


def warnings(name: str, config: ExperimentConfig, context: Context, measured: Measured, row: Row) -> tuple[str, ...]:
    """Return what to mind about the verdict's own contrast."""
    found = list(twyman(row))
    own = [d for d in context.declarations if d.config_hash == config_hash(name, config)]
    if own and own[0].declared_at > ends_at(config, context.timezone):
        found.append(f"Declared on {own[0].declared_at:%Y-%m-%d}, after it had ended: not pre-registered.")
    if measured.unmatched and row.lift is not None:
        found.append(_worst_cases(config, measured, row.lift))
    last, reach = measured.last_order_at, measured.last_window_at
    if last is not None and reach is not None and reach - last > context.allowance:
        found.append(
            f"The last recorded order is of {last:%Y-%m-%d}; visitors' windows reach to {reach:%Y-%m-%d}. If orders in "
            "between are missing, revenue and its money a month are understated in every arm."
        )
    margins = [name for name in (config.outcome, *config.guardrails) if "margin" in metric_named(name).measures]
    if margins and not costs_known(config, measured):
        found.append(f"Costs are known for {percent(measured.costed_share)} of revenue; the rest has no margin here.")
    smaller = min(config.variants[config.control], config.variants[config.feature])
    if smaller < _SMALL_ARM:
        found.append(
            f"An arm with {percent(smaller, 0)} of visitors costs a store most of its power; 10 % or more is better."
        )
    return tuple(found)


def returns(config: ExperimentConfig, context: Context, measured: Measured) -> tuple[ReturnsState, str]:
    """Return whether returns can still change a win, and what net revenue says once they have matured.

    Args:
        config: the declaration.
        context: until when the log is known, and how long orders may come back.
        measured: all finished visitors.
    """
    closes = ends_at(config, context.timezone) + duration(config.window) + context.returns_window
    if context.as_of < closes:
        return "open", f"open until {closes.astimezone(ZoneInfo(context.timezone)):%Y-%m-%d}"
    try:
        found = log_ratio_lift(measured.arms[config.control], measured.arms[config.feature], MATURED)
    except RefusedError as error:
        return "not shown", f"matured; {error}"
    state: ReturnsState = "shown" if found.lower > 0 else "taken back" if found.upper < 0 else "not shown"
    return state, (
        f"matured: net revenue moved by {signed_percent(found.value)} "
        f"[{signed_percent(found.lower)}, {signed_percent(found.upper)}]"
    )


def late(config: ExperimentConfig, measured: Measured, looks: Sequence[Look]) -> tuple[str, ...]:
    """Return what has come in since a look was taken of the visitors that it counted; the look stays as it was."""
    if not looks:
        return ()
    look, name = looks[-1], metric_named(config.outcome).numerator
    now = measured.until(look.entered_until)
    gaps = [
        f"{arm} {look.total[arm]:,.2f}, now {now.arms[arm].sum_of(name):,.2f}"
        for arm in look.total
        if arm in now.arms and not math.isclose(look.total[arm], now.arms[arm].sum_of(name), rel_tol=1e-9, abs_tol=1e-6)
    ]
    if not gaps:
        return ()
    return (
        f"Since look {look.number}, events about its visitors came in or were erased ({'; '.join(gaps)}). The look stands.",
    )


def _worst_cases(config: ExperimentConfig, measured: Measured, lift: Estimate) -> str:
    """Say what the lift, and the test, would be if all unmatched revenue were one arm's."""
    control, feature = measured.arms[config.control], measured.arms[config.feature]
    finished = sum(moments.n for moments in measured.arms.values())
    metric, lost = metric_named(config.outcome), measured.unmatched * min(1.0, finished / max(1, measured.n_eligible))
    name = metric.numerator if metric.unit == "money" else "revenue"
    low = feature.mean_of(name) / (control.mean_of(name) + lost / control.n) - 1
    high = (feature.mean_of(name) + lost / feature.n) / control.mean_of(name) - 1
    cases = [_case(value, lift) if metric.unit == "money" else signed_percent(value) for value in (low, high)]
    return (
        f"Unmatched revenue could move the lift of {name}: {cases[0]} if all of it were {config.control}'s, "
        f"{cases[1]} if all were {config.feature}'s."
    )


def _case(value: float, lift: Estimate) -> str:
    """Return a lift, and whether it would be decided otherwise than the one that was found."""

    def side(log_ratio: float) -> int:
        far = abs(log_ratio) > FIXED_BOUND * lift.se
        return int(math.copysign(far, log_ratio))

    words = {-1: "a loss", 0: "undecided", 1: "a win"}
    found = side(math.log1p(lift.value)) if lift.value > -1 else -1
    then = side(math.log1p(value)) if value > -1 else -1
    return signed_percent(value) if found == then else f"{signed_percent(value)} ({words[then]})"
