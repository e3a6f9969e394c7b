"""The verdict of an on/off test: the whole shop's revenue on days with a surface against days without it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from counterclick.config import OnOffConfig
from counterclick.display import count, percent, signed_percent
from counterclick.errors import RefusedError
from counterclick.experiments.cautions import TWYMAN_LIFT
from counterclick.experiments.history import MOST_WEEKS
from counterclick.experiments.onoff_history import Daily, daily_revenue, decision_lag, margin_rate, surface_events
from counterclick.experiments.onoff_plan import OnOffContext
from counterclick.experiments.onoff_schedule import Schedule, schedule_hash, schedule_of
from counterclick.experiments.stakes import DAYS_A_MONTH
from counterclick.facts.local_time import day_begins
from counterclick.stats import FIXED_REACH, Estimate, exaggeration_ratio, power_at
from counterclick.stats.halves import WEEK, halves
from counterclick.stats.onoff import on_days, pair_differences, paired_lift, pairs_needed, with_effect
from counterclick.verdicts import Check, Inconclusive, Money, Outcome, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["METRIC", "judge_onoff", "onoff_name"]

METRIC = "revenue_per_day"
"""What an on/off test is decided on: net of discount, before returns, of the whole shop."""
ALPHA = 0.05
_MOST_ASTRAY = 0.05
"""Share of the surface's usual use that may fall on off days, of people who were there when it was switched."""
_FEW = 5
"""Fewer uses on off days are strays, and a surface used less often on a day may have days without any."""
_DILUTED = 0.95


@dataclass(frozen=True, slots=True)
class _Stakes:
    """What the surface would be worth: revenue a month without it, and the lifts that pay it and that matter."""

    revenue_a_month: float
    break_even_lift: float | None
    wanted: float | None


def onoff_name(surface: str) -> str:
    """Return under which name a schedule is declared in the log and its verdict is given."""
    return f"onoff:{surface}"


def judge_onoff(surface: str, config: OnOffConfig, context: OnOffContext) -> Verdict:
    """Return won, lost, inconclusive or invalid, for the surface on against off.

    Raises:
        EmptyStoreError: there are no orders.
        RefusedError: the schedule's block is not declared, or a block has no revenue.
    """
    schedule, daily = schedule_of(surface, config), daily_revenue(context.facts, context.timezone)
    finish = day_begins(config.ends_on + timedelta(days=1), context.timezone) + context.allowance
    is_over = context.as_of >= finish
    checks = (
        _enough_pairs(schedule),
        _complete(config, context, daily, is_over=is_over),
        *_switched(schedule, context),
        _unchanged(surface, config, context),
    )
    failed = [check for check in checks if check.passed is False]
    revenue = daily.between(config.starts_on, config.ends_on)
    lift, stakes = None, _stakes(config, context, schedule, revenue)
    if failed:
        outcome: Outcome = "invalid"
        kind: Inconclusive | None = None
        because = "; ".join(f"{check.name}: {check.says}" for check in failed)
    elif not is_over:
        outcome, kind, because = "inconclusive", "still running", _running(config, context, finish)
    else:
        lift = _lift(surface, schedule, revenue, config.washout_days)
        outcome, kind, because = _concluded(surface, schedule, stakes, lift)
    base = stakes.revenue_a_month
    ends = (lift.value, lift.lower, lift.upper) if lift is not None else None
    return Verdict(
        experiment=onoff_name(surface),
        treatment="on",
        control="off",
        outcome=outcome,
        because=because,
        metric=METRIC,
        kind=kind,
        lift=lift.value if lift is not None else None,
        lift_lower=lift.lower if lift is not None else None,
        lift_upper=lift.upper if lift is not None else None,
        p_value=lift.p_value if lift is not None else None,
        incremental=Money(ends[0] * base, ends[1] * base, ends[2] * base, context.currency) if ends is not None else None,
        break_even_lift=stakes.break_even_lift if lift is not None else None,
        returns="not netted: revenue is before returns" if lift is not None else "",
        checks=checks,
        warnings=_warnings(surface, config, context, schedule, revenue, lift),
        meanwhile=_meanwhile(surface, outcome, kind, lift, stakes),
        numbers=_numbers(schedule, stakes, lift),
        revenue_lift=ends,
    )


def _lift(surface: str, schedule: Schedule, revenue: Floats, washout_days: int) -> Estimate:
    cut = halves(_least_block(schedule), washout_days)
    signs = np.where(schedule.second_on, 1.0, -1.0)
    try:
        return paired_lift(signs * pair_differences(revenue, cut))
    except RefusedError as error:
        raise RefusedError(f"the on/off test of {surface!r} has no lift: {error}") from error


def _least_block(schedule: Schedule) -> int:
    """Return the declared length of a block: the shortest one of a half."""
    return min(schedule.cut.block_of_day.count(number) for number in range(schedule.cut.pairs))


def _concluded(
    surface: str, schedule: Schedule, stakes: _Stakes, lift: Estimate
) -> tuple[Outcome, Inconclusive | None, str]:
    shown = (
        f"the shop's revenue a day moved by {signed_percent(lift.value)} "
        f"[{signed_percent(lift.lower)}, {signed_percent(lift.upper)}] with {surface} on"
    )
    if lift.p_value <= ALPHA:
        return ("won" if lift.value > 0 else "lost"), None, shown
    weeks, wanted = ((schedule.ends_on - schedule.starts_on).days + 1) / WEEK, stakes.wanted
    visible = math.expm1(FIXED_REACH * lift.se)
    if wanted is None:
        says = f"{weeks:.0f} weeks show {percent(visible)} or more here, and nothing says which lift would matter"
        return "inconclusive", "cannot be detected at this traffic", f"{shown}; {says}"
    if lift.upper < wanted:
        return "inconclusive", "too small to matter", f"{shown}; all of it lies below {percent(wanted)}, which would matter"
    needed = weeks * (FIXED_REACH * lift.se / math.log1p(wanted)) ** 2
    if needed > MOST_WEEKS:
        says = f"{percent(wanted)} would matter, and showing it would take about {count(needed)} weeks of switching"
        return "inconclusive", "cannot be detected at this traffic", f"{shown}; {says}"
    cycle = 2 * schedule.cut.days // WEEK
    more = max(math.ceil(needed / cycle), math.ceil(weeks / cycle)) * cycle
    says = f"a new schedule of {more} weeks would show {percent(wanted)}, which would matter"
    return "inconclusive", "needs more weeks", f"{shown}; {says}"


def _running(config: OnOffConfig, context: OnOffContext, finish: datetime) -> str:
    if context.as_of < day_begins(config.starts_on, context.timezone):
        return f"the schedule starts on {config.starts_on}"
    known = finish.astimezone(ZoneInfo(context.timezone))
    return f"the last day is {config.ends_on}, and is known from {known:%Y-%m-%d} on; a verdict before would be peeking"


def _stakes(config: OnOffConfig, context: OnOffContext, schedule: Schedule, revenue: Floats) -> _Stakes:
    off = revenue[~on_days(schedule.second_on, schedule.cut)]
    base = float(off.mean()) * DAYS_A_MONTH
    rate = margin_rate(context.facts, context.margin_rate)
    pays = None
    if context.monthly_cost is not None and rate is not None and rate * base > 0:
        pays = context.monthly_cost / (rate * base)
    return _Stakes(base, pays, config.lift if config.lift is not None else pays)


def _enough_pairs(schedule: Schedule) -> Check:
    n, least = len(schedule.second_on), pairs_needed(ALPHA)
    says = f"{n} pairs" if n >= least else f"{n} pairs, whose least p-value is {2 / 2**n:.2g}; {least} are needed"
    return Check("enough pairs", n >= least, float(n), float(least), says)


def _complete(config: OnOffConfig, context: OnOffContext, daily: Daily, *, is_over: bool) -> Check:
    """Check that orders are recorded up to the schedule's end: a day without its orders is not a bad day."""
    name, days = "days complete", (config.ends_on - config.starts_on).days + 1
    if not is_over:
        return Check(name, None, None, float(days), "the schedule is not over")
    missing = max(0, (config.ends_on - max(daily.last_on, config.starts_on - timedelta(days=1))).days)
    early = max(0, (min(daily.first_on, config.ends_on + timedelta(days=1)) - config.starts_on).days)
    known = float(days - min(days, missing + early))
    if not missing + early:
        return Check(name, True, known, float(days), f"orders are recorded on or after each of its {days} days")
    known_days, wanted_days = f"{daily.first_on} to {daily.last_on}", f"{config.starts_on} to {config.ends_on}"
    says = f"orders are recorded from {known_days}; the schedule is {wanted_days}"
    within = not early and timedelta(days=missing) <= context.allowance
    return Check(name, None if within else False, known, float(days), says)


def _switched(schedule: Schedule, context: OnOffContext) -> tuple[Check, Check]:
    """Check that the surface was used on its on days, and not on its off days, as far as the days are over."""
    used = surface_events(context.facts, schedule.surface, context.timezone)
    on = on_days(schedule.second_on, schedule.cut)
    days = [schedule.starts_on + timedelta(days=place) for place in range(on.size)]
    past = [day_begins(day + timedelta(days=1), context.timezone) <= context.as_of for day in days]
    counts: dict[bool, list[int]] = {True: [], False: []}
    for day, is_on, is_past in zip(days, on, past, strict=True):
        if is_past:
            counts[bool(is_on)].append(used.get(day, 0))
    names = "off days were off", "on days were on"
    if not used or not (counts[True] and counts[False]):
        says = "nothing of the surface is recorded" if not used else "no day of each kind is over"
        return Check(names[0], None, None, _MOST_ASTRAY, says), Check(names[1], None, None, _MOST_ASTRAY, says)
    n_off, n_on = sum(counts[False]), sum(counts[True])
    a_day = n_on / len(counts[True])
    share = n_off / len(counts[False]) / a_day if n_on else math.inf
    says = (
        f"{count(n_off)} impressions, answers and clicks on {len(counts[False])} off days, "
        f"{count(n_on)} on {len(counts[True])} on days"
    )
    was_off = Check(names[0], share < _MOST_ASTRAY or n_off < _FEW, share, _MOST_ASTRAY, says)
    empty = sum(not found for found in counts[True])
    idle = empty / len(counts[True])
    if 0 < a_day < _FEW:
        return was_off, Check(names[1], None, idle, _MOST_ASTRAY, f"used {a_day:.1f} times on an on day, too rarely to tell")
    says = f"{empty} of {len(counts[True])} on days without any impression, answer or click"
    return was_off, Check(names[1], idle < _MOST_ASTRAY, idle, _MOST_ASTRAY, says)


def _unchanged(surface: str, config: OnOffConfig, context: OnOffContext) -> Check:
    """Check that the schedule is the one that was declared; before its start it may change."""
    now, start = schedule_hash(surface, config), day_begins(config.starts_on, context.timezone)
    before = [found for found in context.declarations if found.declared_at < start]
    chosen = [found for found in before if found.config_hash == now] or before[-1:]
    counted = [*chosen, *(found for found in context.declarations if found.declared_at >= start)]
    others = {found.config_hash for found in counted} - {now}
    if others:
        says = f"{len(others) + 1} different schedules were declared; a new one needs a start after the old one's end"
        return Check("schedule unchanged", False, float(len(others) + 1), 1.0, says)
    own = [found for found in counted if found.config_hash == now]
    if not own:
        return Check("schedule unchanged", None, None, 1.0, "not declared in the log before this look")
    return Check("schedule unchanged", True, 1.0, 1.0, f"declared on {own[0].declared_at:%Y-%m-%d}")


def _warnings(
    surface: str,
    config: OnOffConfig,
    context: OnOffContext,
    schedule: Schedule,
    revenue: Floats,
    lift: Estimate | None,
) -> tuple[str, ...]:
    found = []
    own = [d for d in context.declarations if d.config_hash == schedule_hash(surface, config)]
    if own and own[0].declared_at > day_begins(config.starts_on, context.timezone):
        found.append(
            f"Declared on {own[0].declared_at:%Y-%m-%d}, after it had started: the log cannot show that the coins came "
            "first."
        )
    overlapping = [name for name, first, last in context.experiments if first <= config.ends_on and last >= config.starts_on]
    if overlapping:
        found.append(f"On the same surface and at the same time ran {', '.join(overlapping)}: each disturbs the other.")
    if lift is None:
        return tuple(found)
    found.append(_other_washout(surface, config, schedule, revenue))
    lag = decision_lag(context.facts, context.timezone)
    if lag is not None:
        share = _arrives(schedule, lag.spill)
        if share < _DILUTED:
            found.append(
                f"Carry-over: by this shop's decision lag only about {percent(share, 0)} of an effect shows between on and "
                "off blocks: lift and interval lie as much too near to zero. Longer blocks or a washout show more."
            )
    if lift.value > TWYMAN_LIFT:
        found.append(
            f"A lift of {signed_percent(lift.value)} is more than most features can do; check the data before believing it "
            "(Twyman's law)."
        )
    return tuple(line for line in found if line)


def _other_washout(surface: str, config: OnOffConfig, schedule: Schedule, revenue: Floats) -> str:
    """Say what the test gives without the washout, or with one of a day where none is declared."""
    other = 0 if config.washout_days else 1
    if other >= _least_block(schedule):
        return ""
    begin = f"With a washout of {other} day" if other else "Without the washout"
    try:
        found = _lift(surface, schedule, revenue, other)
    except RefusedError as error:
        return f"{begin}: {error}"
    ends = f"[{signed_percent(found.lower)}, {signed_percent(found.upper)}]"
    return f"{begin}: {signed_percent(found.value)} {ends}, p = {found.p_value:.2g}. The verdict rests on what was declared."


def _arrives(schedule: Schedule, spill: tuple[float, ...]) -> float:
    """Return the share of an effect that shows as difference between on and off, by the days of this very schedule."""
    on = on_days(schedule.second_on, schedule.cut)
    exposed = with_effect(np.ones(on.size), on, 1.0, spill) - 1
    counts = np.tile(schedule.cut.counts, on.size // schedule.cut.days)
    return float(exposed[on & counts].mean() - exposed[~on & counts].mean())


def _meanwhile(surface: str, outcome: Outcome, kind: Inconclusive | None, lift: Estimate | None, stakes: _Stakes) -> str:
    if outcome == "invalid":
        return "Mend what the failed check says, then declare a new schedule with a later start."
    if kind == "still running":
        return f"Switch as `counterclick onoff schedule {surface}` says, whatever the days bring."
    if outcome != "won" or lift is None:
        return f"Leave {surface} off; it is not shown to earn."
    if stakes.break_even_lift is None:
        return f"Leave {surface} on. What it costs, or the margin, is not known: whether it pays is not shown."
    if lift.lower > stakes.break_even_lift:
        return f"Leave {surface} on; switch it by a schedule again to see that it lasts."
    return (
        f"{surface} raises revenue, but is not shown to earn its cost: the lower end {percent(lift.lower)} is not above "
        f"break-even, {percent(stakes.break_even_lift, 2)}."
    )


def _numbers(schedule: Schedule, stakes: _Stakes, lift: Estimate | None) -> dict[str, float]:
    found = {"pairs": float(len(schedule.second_on)), "off_revenue_a_month": stakes.revenue_a_month}
    if lift is None:
        return found
    found["se_log"] = lift.se
    smallest = stakes.break_even_lift or math.expm1(FIXED_REACH * lift.se)
    try:
        power, factor = power_at(smallest, lift.se), exaggeration_ratio(smallest, lift.se)
    except RefusedError:  # the smallest meaningful lift is nothing against the standard error
        return found
    return found | {"power_at_smallest_meaningful": power, "exaggeration_at_smallest_meaningful": factor}
