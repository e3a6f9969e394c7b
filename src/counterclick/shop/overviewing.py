"""The overview of a shop: which parts are asked of which room, and no more than are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from counterclick.attribution import Rule
from counterclick.audits.beside import FIGURES, OF_SURFACE, figures_of
from counterclick.audits.next_step import Standing, Step, next_step
from counterclick.audits.overview import Earning, Overview, Together
from counterclick.audits.readiness import Readiness
from counterclick.config import Config, duration
from counterclick.errors import InputError, UnknownNameError
from counterclick.facts.local_time import day_begins
from counterclick.metrics import MEASURES, VISITORS, Metric, Period, Sources, metric_named, period_of, within_periods
from counterclick.shop.auditing import Auditing
from counterclick.shop.health.volumes import gaps_of, known_until, scan, volumes_of
from counterclick.shop.reading import BOOKKEEPING, Reading
from counterclick.verdicts import Verdict

__all__ = ["final_on", "latest_whole_day", "order_final_on", "overview_of", "told_until"]

_DAY = timedelta(days=1)
_ENGAGED = ("assistant_answer", "select_item", "message_clicked")
_TOLD_OF = (*BOOKKEEPING, "product", "refund", "message_sent")
"""Kinds that do not say that the shop's visitors were recorded when they occurred."""
_KINDS: Mapping[str, tuple[str, ...]] = {
    "orders": ("purchase",),
    "cart_adds": ("add_to_cart",),
    "carts": ("add_to_cart",),
    "interactions": _ENGAGED,
    "touches": _ENGAGED,
    "successes": _ENGAGED,
    "credits": _ENGAGED,
    "shown": ("view_item_list",),
    "shown_orders": ("view_item_list",),
}
"""Table that measures come from -> kinds of events without which nothing of it is recorded."""
_WITHIN = ("successes", "shown_orders")
"""Tables whose rows wait for an order within the rule's window."""
_UNDECLARED = (
    "It is not known: nobody is held out from all of them, and what each earns by itself does not add up. Write [holdout] "
    "with share = 0.1, starts_on and ends_on into shop.toml: a tenth of visitors then gets no AI surface."
)


def overview_of(
    reading: Reading,
    config: Config,
    rule: Rule,
    auditing: Auditing,
    readiness: Callable[[], Readiness],
    held_out: Callable[[], Verdict | str],
    asked: tuple[str | None, date | None, date | None],
    surface: str | None = None,
) -> Overview:
    """Return a period beside others, what the surfaces earn, and what to do next.

    Args:
        reading: of the store.
        config: of the shop.
        rule: of attribution.
        auditing: of the same reading: its verdicts, credits and recommendations are asked for, nothing else.
        readiness: computes what the store is ready for, where nothing else is to be done.
        held_out: the global holdout's verdict, or why there is none; asked for where one is declared.
        asked: the period's name, its first and its last day.
        surface: only what belongs to this surface.

    Raises:
        ConfigError: the period is written as none can be.
        EmptyStoreError: nothing is recorded.
        InputError: nothing of the period is known.
        UnknownNameError: there is no such surface.
    """
    if surface is not None and surface not in auditing.surfaces:
        raise UnknownNameError("surface", surface, auditing.surfaces)
    latest = latest_whole_day(reading, config, auditing.today)
    whole = period_of(*asked, latest)
    known = (latest - whole.first_on).days + 1
    if known < 1:
        raise InputError(f"nothing of {whole.name} is known: the last whole day that is recorded is {latest}.")
    period = whole.first_days(known)
    periods = (period, whole.before().first_days(known), whole.year_before().first_days(known))
    metrics = [metric_named(name) for name in (OF_SURFACE if surface else FIGURES)]
    sources = Sources(reading.facts, rule, surface=surface)
    figures = figures_of(
        metrics,
        periods,
        within_periods(sources, metrics, dict.fromkeys(periods), timezone=config.shop.timezone),
        {(each.name, one): _final_on(each, one, config, rule) for each in metrics for one in periods},
        _since(reading, metrics),
        told_until(reading, config),
    )
    return Overview(
        currency=config.shop.currency,
        surface=surface,
        asked=whole,
        period=period,
        known_on=latest,
        is_over=known >= whole.n_days,
        figures=figures,
        earnings=_earnings(auditing, surface),
        together=_together(held_out() if config.holdout is not None else _UNDECLARED),
        step=_step(reading, config, auditing, readiness),
    )


def latest_whole_day(reading: Reading, config: Config, today: date) -> date:
    """Return the last day that is wholly known: the last with events, unless it is not over yet."""
    return today if _ends(today, config) <= reading.as_of() else today - _DAY


def told_until(reading: Reading, config: Config) -> date:
    """Return the last day of which anything is recorded: what an imported history would tell later, nobody knows."""
    days, listed = reading.days.get_name(), ", ".join(f"'{kind}'" for kind in BOOKKEEPING)
    last: date = reading.one(f'SELECT max("on") FROM {days} WHERE kind NOT IN ({listed})')
    return min(last, reading.as_of().astimezone(ZoneInfo(config.shop.timezone)).date())


def _ends(day: date, config: Config) -> datetime:
    return day_begins(day + _DAY, config.shop.timezone)


def _final_on(metric: Metric, period: Period, config: Config, rule: Rule) -> date:
    """Return the day from which on a figure of a period changes no more."""
    waits = [timedelta(0), duration(config.shop.allowance)]
    if any(name.startswith(("net_revenue", "returned")) for name in metric.measures):
        waits.append(duration(config.shop.returns_window))
    if any(MEASURES[name].source in _WITHIN for name in metric.measures):
        waits.append(rule.window + duration(config.shop.allowance))
    return final_on(_ends(period.last_on, config), waits, config)


def final_on(ends_at: datetime, waits: Sequence[timedelta], config: Config) -> date:
    """Return the day from which on what ended at a moment changes no more.

    Args:
        ends_at: the end of a period, or when an order was placed.
        waits: for what may still come; the longest counts.
        config: of the shop.
    """
    final = ends_at + max(waits) - timedelta(microseconds=1)
    return final.astimezone(ZoneInfo(config.shop.timezone)).date() + _DAY


def order_final_on(ordered_at: datetime, config: Config) -> date:
    """Return the day from which on what an order earned changes no more: it has come, and so has what comes back of it.

    Args:
        ordered_at: when it was placed; for several orders, the end of the time in which they were.
        config: of the shop.
    """
    return final_on(ordered_at, [duration(config.shop.allowance), duration(config.shop.returns_window)], config)


def _since(reading: Reading, metrics: list[Metric]) -> dict[str, date | None]:
    """Return the first day of which all that a metric is made of is recorded; None where nothing is."""
    days = reading.days.get_name()
    first: dict[str, date] = dict(reading.rows(f'SELECT kind, min("on") FROM {days} GROUP BY kind'))
    seen = min((day for kind, day in first.items() if kind not in _TOLD_OF), default=None)
    found: dict[str, date | None] = {}
    for metric in metrics:
        parts = [
            min((first[kind] for kind in _KINDS.get(MEASURES[name].source, ()) if kind in first), default=None)
            for name in metric.measures
        ]
        parts += [seen] * (metric.denominator == VISITORS)
        found[metric.name] = None if None in parts else max(day for day in parts if day is not None)
    return found


def _earnings(auditing: Auditing, surface: str | None) -> tuple[Earning, ...]:
    return tuple(
        Earning(
            surface=line.surface,
            experiment=line.experiment,
            base_revenue=line.base_revenue,
            claimed=line.claimed,
            attributed=line.attributed,
            incremental=None
            if line.incremental is None or line.incremental_lower is None or line.incremental_upper is None
            else (line.incremental, line.incremental_lower, line.incremental_upper),
            outcome=line.verdict.outcome if line.verdict else None,
            a_month=_a_month(line.verdict),
            monthly_cost=line.monthly_cost,
            says="" if line.incremental is not None else _unmeasured(line.experiment, line.verdict, line.refused),
        )
        for line in auditing.lines
        if line.is_verdict and surface in (None, line.surface)
    )


def _together(verdict: Verdict | str) -> Together:
    if isinstance(verdict, str):
        return Together(None, None, None, None, None, verdict)
    has_lift = verdict.lift is not None and verdict.lift_lower is not None and verdict.lift_upper is not None
    return Together(
        outcome=verdict.outcome,
        a_month=_a_month(verdict),
        lift=(verdict.lift, verdict.lift_lower, verdict.lift_upper) if has_lift else None,  # type: ignore[arg-type]  # as said
        metric=verdict.metric,
        next_look_on=verdict.next_look_on,
        says=verdict.because,
    )


def _a_month(verdict: Verdict | None) -> tuple[float, float, float] | None:
    found = verdict.incremental if verdict else None
    return None if found is None else (found.value, found.lower, found.upper)


def _unmeasured(experiment: str | None, verdict: Verdict | None, refused: str) -> str:
    if experiment is None:
        return "no experiment holds visitors out from it, so that what it earns is not known."
    return refused or (verdict.because if verdict else "")


def _step(reading: Reading, config: Config, auditing: Auditing, readiness: Callable[[], Readiness]) -> Step:
    """Return what to do next, from events by day, refused orders, verdicts, and readiness where nothing else speaks."""
    scanned = scan(reading)
    volumes = volumes_of(scanned)
    taken = sum(volume.n for volume in volumes if volume.kind == "purchase")
    refused = int(
        reading.one(
            "SELECT count(*) FROM events WHERE kind = 'rejection' AND json_valid(json_extract_string(details, '$.body')) "
            "AND json_extract_string(json_extract_string(details, '$.body'), '$.kind') = 'purchase'"
        )
    )
    verdicts = {name: found for name, found in auditing.verdicts.items() if isinstance(found, Verdict)}
    return next_step(
        Standing(
            gaps=gaps_of(volumes, config, known_until(reading, scanned, config.shop.timezone)),
            orders_sent=taken + refused,
            orders_refused=refused,
            advised=auditing.advised,
            next_looks={name: found.next_look_on for name, found in verdicts.items() if found.next_look_on is not None},
            readiness=readiness,
        )
    )
