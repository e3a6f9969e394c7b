"""What an on/off test of a surface could see, from the shop's own days on which nothing was switched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from counterclick.config import OnOffConfig
from counterclick.display import Grid, Shown, count, percent
from counterclick.errors import RefusedError
from counterclick.experiments.context import Declaration
from counterclick.experiments.onoff_history import Daily, Lag, daily_revenue, decision_lag, margin_rate
from counterclick.experiments.stakes import DAYS_A_MONTH
from counterclick.facts import Facts
from counterclick.stats.halves import WEEK, halves
from counterclick.stats.onoff import folk_alarm_rate, pairs_needed, smallest_visible_on_off

__all__ = ["Horizon", "OnOffContext", "OnOffPlan", "block_for", "plan_onoff"]

HORIZONS = (4, 8, 12, 16, 24)
"""Weeks for which the smallest visible lift is shown."""
LEAST_HISTORY_WEEKS, MOST_HISTORY_WEEKS = 8, 52
"""Weeks without switching that a plan needs, to know how these days vary, and the newest ones that it looks at."""
DAY_BLOCKS = (1, 2, 3)
_LARGEST_LIFT = 10


@dataclass(frozen=True, slots=True)
class OnOffContext:
    """What an on/off test depends on besides its own configuration.

    Attributes:
        facts: the shop's tables.
        as_of: the moment up to which the log is known, UTC.
        currency: of all amounts.
        timezone: in which days begin.
        allowance: how late events may arrive.
        monthly_cost: of the surface; None where not declared.
        margin_rate: share of revenue left after the cost of goods, where unit costs are not recorded.
        declarations: of this schedule, oldest first.
        experiments: on the same surface, with their first and last days.
        switched: first and last days of all schedules that were to be followed, of whatever surface.
    """

    facts: Facts
    as_of: datetime
    currency: str
    timezone: str
    allowance: timedelta
    monthly_cost: float | None = None
    margin_rate: float | None = None
    declarations: Sequence[Declaration] = ()
    experiments: Sequence[tuple[str, date, date]] = ()
    switched: Sequence[tuple[date, date]] = ()


@dataclass(frozen=True, slots=True)
class Horizon:
    """What a schedule of so many weeks shows with 80 % power.

    Attributes:
        weeks: its length.
        pairs: of blocks.
        plain: smallest visible lift without washout, were the whole effect on its own day; None with too few pairs.
        washed: with the washout; None without one.
        carried: without washout, with an effect that arrives by the shop's decision lag; None where that is not known.
        carried_washed: with both.
    """

    weeks: int
    pairs: int
    plain: float | None
    washed: float | None
    carried: float | None
    carried_washed: float | None

    def best_known(self, *, washout: bool) -> float | None:
        """Return the figure that is nearest to the truth: with carry-over, where it is known."""
        own = self.washed if washout else self.plain
        carried = self.carried_washed if washout else self.carried
        return carried if carried is not None else own


@dataclass(frozen=True, slots=True)
class OnOffPlan(Shown):
    """What an on/off test of a surface can see, and after how long.

    Attributes:
        surface: what would be switched.
        lift: the lift of the whole shop's revenue that should be seen; None where nothing says which would matter.
        lift_is: where that lift is from.
        lag_days: within which nine in ten first orders follow the first visit; None where not measured.
        block_days: least length of a block.
        washout_days: of the columns with a washout; 0: none.
        washout_is_declared: whether the schedule has it.
        horizons: what can be seen after how many weeks.
        planned_weeks: as declared; None where no schedule is.
        visible: smallest visible lift of the declared schedule; None where none is declared, or its pairs are too few.
        folk_rate: share of false alarms of the rule "off for two weeks; if revenue falls by more than 2 %, on again".
        folk_pairs: consecutive two-week periods that it was counted on.
        can_see: whether the declared schedule shows the lift; None where schedule or lift is not declared.
        says: the sentence.
        advice: what else to know.
        basis: what the figures rest on.
        declare: lines for shop.toml; none where a schedule is declared or none would do.
    """

    surface: str
    lift: float | None
    lift_is: str
    lag_days: float | None
    block_days: int
    washout_days: int
    washout_is_declared: bool
    horizons: tuple[Horizon, ...]
    planned_weeks: int | None
    visible: float | None
    folk_rate: float
    folk_pairs: int
    can_see: bool | None
    says: str
    advice: tuple[str, ...]
    basis: str
    declare: tuple[str, ...]

    def grids(self) -> list[Grid]:
        """Return the horizons, the folk rule beside them, and what to declare."""
        block = f"blocks of {_days(self.block_days)}"
        heads, picks = ["weeks", "pairs", "as is"], ["plain"]
        if self.washout_days:
            heads.append(f"washout {self.washout_days}d")
            picks.append("washed")
        if self.lag_days is not None:
            heads.append("carry-over")
            picks.append("carried")
            if self.washout_days:
                heads.append("both")
                picks.append("carried_washed")
        rows = [
            (str(found.weeks), str(found.pairs), *(_visible(getattr(found, pick)) for pick in picks))
            for found in self.horizons
        ]
        folk = (
            f"Beside it, the folk rule (off for two weeks; if revenue falls by more than 2 %, on again): on "
            f"{count(self.folk_pairs)} pairs of consecutive two-week periods of this shop in which nothing was switched, "
            f'it would have said "it matters" {percent(self.folk_rate, 0)} of the time.'
        )
        notes = [self.says, *self.advice, folk, f"Basis: {self.basis}."]
        title = f"On/off plan for {self.surface}, {block}: smallest visible lift of the shop's revenue (80 % power, 5 %)"
        grids = [Grid(title, heads, rows, notes)]
        if self.declare:
            grids.append(Grid("To start, declare in shop.toml:", (), (), self.declare))
        return grids


def plan_onoff(surface: str, config: OnOffConfig | None, context: OnOffContext, lift: float | None = None) -> OnOffPlan:
    """Return what an on/off test shows, from the days before it on which nothing was switched.

    Args:
        surface: what would be switched.
        config: the declared schedule; None where there is none yet.
        context: tables and values of the shop.
        lift: of the whole shop's revenue, to be seen; by default the declared one, else the break-even lift.

    Raises:
        EmptyStoreError: there are no orders.
        RefusedError: the history is too short, the decision lag is not known and no block is declared, or blocks of
            the history have no revenue.
    """
    if lift is not None and not 0 < lift <= _LARGEST_LIFT:
        raise RefusedError(f"a plan needs a lift above 0 and at most {_LARGEST_LIFT}, such as 0.05 for +5 %; it was {lift}.")
    daily, lag = daily_revenue(context.facts, context.timezone), decision_lag(context.facts, context.timezone)
    first, last = _placebo_days(daily, config, context.switched)
    history = daily.between(first, last)
    block = config.block_days if config is not None and config.block_days is not None else block_for(surface, lag)
    declared = config.washout_days if config is not None else 0
    washout = declared or (min(math.ceil(lag.days), block - 1) if lag is not None else 0)
    wanted, source = _wanted(config, context, lift, float(history.mean()) * DAYS_A_MONTH)
    cut = halves(block)
    cycle = 2 * cut.days // WEEK
    weeks = {most // cycle * cycle for most in HORIZONS} | ({config.weeks // cycle * cycle} if config else set())
    spill = lag.spill if lag is not None else None

    def visible(weeks: int, washed: int, arrives: tuple[float, ...]) -> float | None:
        if weeks // cycle * cut.pairs < pairs_needed():
            return None
        try:
            return smallest_visible_on_off(history, block, washed, weeks // cycle, spill=arrives)
        except RefusedError as error:
            raise RefusedError(
                f"the history of {first} to {last} is no basis for blocks of {_days(block)}: {error}"
            ) from error

    horizons = tuple(
        Horizon(
            weeks=long,
            pairs=long // cycle * cut.pairs,
            plain=visible(long, 0, (1.0,)),
            washed=visible(long, washout, (1.0,)) if washout else None,
            carried=visible(long, 0, spill) if spill else None,
            carried_washed=visible(long, washout, spill) if washout and spill else None,
        )
        for long in sorted(weeks - {0})
    )
    planned = next((found for found in horizons if config is not None and found.weeks == config.weeks), None)
    seen = planned.best_known(washout=declared > 0) if planned is not None else None
    can_see = None if planned is None or wanted is None else seen is not None and seen <= wanted
    enough = next(
        (h.weeks for h in horizons if wanted and (v := h.best_known(washout=declared > 0)) is not None and v <= wanted), None
    )
    rate, n_periods = folk_alarm_rate(history)
    return OnOffPlan(
        surface=surface,
        lift=wanted,
        lift_is=source,
        lag_days=lag.days if lag is not None else None,
        block_days=block,
        washout_days=washout,
        washout_is_declared=declared > 0,
        horizons=horizons,
        planned_weeks=config.weeks if config is not None else None,
        visible=seen,
        folk_rate=rate,
        folk_pairs=n_periods,
        can_see=can_see,
        says=_sentence(surface, wanted, source, planned, seen, enough, horizons, washout=declared > 0),
        advice=_advice(surface, lag, block, wanted, horizons, enough),
        basis=(
            f"{len(history)} whole days without switching, {first} to {last}"
            + (f"; decision lag from {count(lag.n_orders)} first orders" if lag is not None else "")
        ),
        declare=_declaration(surface, config, context, block, enough, lift),
    )


def block_for(surface: str, lag: Lag | None) -> int:
    """Return the least length of a block that is no shorter than the decision lag, in days.

    Raises:
        RefusedError: the lag is not known.
    """
    if lag is None:
        raise RefusedError(
            "the decision lag of this shop cannot be measured: too few orders are known to follow a visit (50 are needed, "
            "of visitors first seen 28 days or more before the last order). Record page views with visitor_id, or declare "
            f'how long a block should be: [onoff.{surface}] block = "7d" for whole weeks.'
        )
    return next((days for days in DAY_BLOCKS if days >= lag.days), math.ceil(lag.days / WEEK) * WEEK)


def _placebo_days(daily: Daily, config: OnOffConfig | None, switched: Sequence[tuple[date, date]]) -> tuple[date, date]:
    """Return the first and last day of the newest time that is long enough and in which nothing was switched.

    The first and the last day of the record may be parts of days; they are left out.
    """
    stop = daily.last_on if config is None else min(daily.last_on, config.starts_on)
    whole = [daily.first_on + timedelta(days=place) for place in range(1, (stop - daily.first_on).days)]
    stretches: list[list[date]] = [[]]
    for day in whole:
        if any(begin <= day <= end for begin, end in switched):
            stretches.append([])
        else:
            stretches[-1].append(day)
    enough = [stretch for stretch in stretches if len(stretch) >= LEAST_HISTORY_WEEKS * WEEK]
    if not enough:
        because = " Days of on/off schedules do not count." if switched else ""
        raise RefusedError(
            f"only {max(map(len, stretches))} whole days of orders are known in a row on which nothing was switched; a plan "
            f"needs {LEAST_HISTORY_WEEKS} weeks, to know how this shop's days vary by themselves. Record more history, or "
            f"start later.{because}"
        )
    newest = enough[-1][-MOST_HISTORY_WEEKS * WEEK :]
    return newest[0], newest[-1]


def _wanted(
    config: OnOffConfig | None, context: OnOffContext, lift: float | None, revenue_a_month: float
) -> tuple[float | None, str]:
    """Return the smallest lift that matters, and where it is from."""
    if lift is not None:
        return lift, "as asked for"
    if config is not None and config.lift is not None:
        return config.lift, "as declared"
    rate = margin_rate(context.facts, context.margin_rate)
    if context.monthly_cost and rate and rate > 0 and revenue_a_month > 0:
        return context.monthly_cost / (rate * revenue_a_month), "break-even"
    return None, "not known"


def _sentence(
    surface: str,
    wanted: float | None,
    source: str,
    planned: Horizon | None,
    seen: float | None,
    enough: int | None,
    horizons: Sequence[Horizon],
    *,
    washout: bool,
) -> str:
    if wanted is None:
        return (
            f"Nothing says which lift would matter. Declare lift in [onoff.{surface}], or the surface's monthly_cost and a "
            "margin (unit costs, or margin_rate)."
        )
    of = f"a lift of {percent(wanted)} of the whole shop's revenue ({source})"
    if planned is not None and seen is not None and seen <= wanted:
        return f"The declared {planned.weeks} weeks can show {of}: they show {percent(seen)} or more."
    if enough is not None:
        begin = ""
        if planned is not None:
            shows = f"they show {percent(seen)} or more" if seen is not None else f"{planned.pairs} pairs are too few"
            begin = f"The declared {planned.weeks} weeks are too few: {shows}. "
        return f"{begin}A{of[1:]} can be seen in {enough} weeks."
    longest = horizons[-1]
    most = longest.best_known(washout=washout)
    never = f"A{of[1:]} cannot be seen by switching on and off"
    return f"{never}." if most is None else f"{never}: {longest.weeks} weeks show {percent(most)} or more."


def _advice(
    surface: str, lag: Lag | None, block: int, wanted: float | None, horizons: Sequence[Horizon], enough: int | None
) -> tuple[str, ...]:
    found = []
    if lag is not None:
        said = f"Nine in ten first orders come within {lag.days:.1f} days of the first visit"
        if block < lag.days:
            least = block_for(surface, lag)
            found.append(f"{said}: blocks of {_days(block)} are shorter, {_days(least)} would not be.")
        else:
            found.append(f"{said}: blocks are no shorter.")
        found.append("Carry-over: with an effect that arrives as late after the visit as this shop's first orders do.")
    else:
        found.append("Carry-over is not reckoned: too few orders are known to follow a visit for a decision lag.")
    if any(horizon.plain is None for horizon in horizons):
        found.append(f"-: fewer than {pairs_needed()} pairs, with which no result could be told from chance.")
    if wanted is not None and enough is None:
        found.append(
            "An experiment that splits visitors compares within the same days and usually sees smaller lifts: see "
            "`counterclick experiment plan`."
        )
    return tuple(found)


def _declaration(
    surface: str,
    config: OnOffConfig | None,
    context: OnOffContext,
    block: int,
    enough: int | None,
    lift: float | None,
) -> tuple[str, ...]:
    if enough is None or (config is not None and config.block is not None):
        return ()
    if config is not None:
        return (f"[onoff.{surface}]", f'block = "{block}d"')
    today = context.as_of.astimezone(ZoneInfo(context.timezone)).date()
    monday = today + timedelta(days=WEEK - today.weekday())
    lines = (f"[onoff.{surface}]", f"starts_on = {monday}", f"weeks = {enough}", f'block = "{block}d"')
    return (*lines, f"lift = {lift:g}") if lift is not None else lines


def _visible(lift: float | None) -> str:
    return "-" if lift is None else percent(lift)


def _days(days: int) -> str:
    if days % WEEK == 0:
        return f"{days // WEEK} week{'s' * (days > WEEK)}"
    return f"{days} day{'s' * (days > 1)}"
