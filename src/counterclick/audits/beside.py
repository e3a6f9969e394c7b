"""A period's figures beside those of the period before and of last year: what changed, and whether by more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from counterclick import stats  # loaded where it is needed: see `counterclick.lazily`
from counterclick.errors import RefusedError
from counterclick.metrics import Measured, Metric, Period

__all__ = ["FIGURES", "LEVEL", "OF_SURFACE", "Change", "Figure", "figures_of"]

FIGURES = (
    "revenue",
    "returned_value",
    "net_revenue",
    "margin",
    "margin_rate",
    "orders",
    "aov",
    "units_per_order",
    "conversion",
    "add_to_cart_gmv",
    "average_cart_value",
    "attributed_checkout_revenue",
    "attributed_revenue_per_interaction",
    "order_success_rate",
    "order_submit_rate",
)
"""Metrics of a period, in their order."""
OF_SURFACE = FIGURES[-4:]
"""Those whose every part belongs to a surface."""
LEVEL = 0.95
_SHOWN = 0.05


@dataclass(frozen=True, slots=True)
class Change:
    """A figure beside that of another period.

    Attributes:
        period: the other one.
        value: of the figure then; None where it is not known.
        change: relative; of totals, that of a day's mean. None where it is not known.
        lower: lower end of its 95 % interval.
        upper: upper end.
        p_value: of "no difference", Holm-adjusted over the figures of this comparison; None where it cannot be tested.
        differs: whether it is more than chance: the adjusted p-value lies below 0.05.
        says: why there is no change or no interval; empty where there is.
    """

    period: Period
    value: float | None
    change: float | None = None
    lower: float | None = None
    upper: float | None = None
    p_value: float | None = None
    differs: bool = False
    says: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric of the period.

    Attributes:
        metric: its name.
        unit: money, count, rate or seconds.
        value: None where nothing is to be divided by, or not known.
        numerator: what was added up.
        denominator: what it was divided by; None for totals.
        final_on: from which day on it changes no more: late events have come, returns and windows have closed.
        is_provisional: whether that day lies after what the log knows.
        before: the period before.
        year_before: the same one last year.
    """

    metric: str
    unit: str
    value: float | None
    numerator: float | None
    denominator: float | None
    final_on: date
    is_provisional: bool
    before: Change
    year_before: Change


def figures_of(
    metrics: Sequence[Metric],
    periods: tuple[Period, Period, Period],
    measured: Mapping[tuple[str, Period], Measured],
    final_on: Mapping[tuple[str, Period], date],
    since: Mapping[str, date | None],
    today: date,
) -> tuple[Figure, ...]:
    """Return figures with their changes.

    Args:
        metrics: which ones.
        periods: the one asked for, the one before, the same one last year; each as far as they are compared.
        measured: (metric, period) -> its figure and days.
        final_on: (metric, period) -> from which day on it changes no more.
        since: metric -> first day of which all that it is made of is recorded; None where nothing is.
        today: the shop's day up to which the log is known.
    """
    own, before, year = periods
    beside = {
        other: _changes(metrics, own, other, measured, final_on, since, today) for other in dict.fromkeys((before, year))
    }
    found = []
    for metric in metrics:
        value = measured[metric.name, own].figure
        final = final_on[metric.name, own]
        found.append(
            Figure(
                metric=metric.name,
                unit=metric.unit,
                value=value.value if since[metric.name] is not None else None,
                numerator=value.numerator,
                denominator=value.denominator,
                final_on=final,
                is_provisional=final > today,
                before=beside[before][metric.name],
                year_before=beside[year][metric.name],
            )
        )
    return tuple(found)


def _changes(
    metrics: Sequence[Metric],
    own: Period,
    other: Period,
    measured: Mapping[tuple[str, Period], Measured],
    final_on: Mapping[tuple[str, Period], date],
    since: Mapping[str, date | None],
    today: date,
) -> dict[str, Change]:
    """Return every metric's change against another period, tested together."""
    found: dict[str, Change] = {}
    for metric in metrics:
        first = since[metric.name]
        if first is None or first > other.first_on:
            says = "nothing of it is recorded." if first is None else f"it is recorded since {first} only."
            found[metric.name] = Change(other, None, says=says)
            continue
        now, then = measured[metric.name, own], measured[metric.name, other]
        latest = max(final_on[metric.name, period] for period in (own, other))
        if _returns(metric) and latest > today:
            says = f"what can still come back would make it seem a change; to be compared from {latest} on."
            found[metric.name] = Change(other, then.figure.value, says=says)
            continue
        found[metric.name] = _change(metric, other, now, then, (own.n_days, other.n_days))
    tested = {name: change.p_value for name, change in found.items() if change.p_value is not None}
    adjusted = dict(zip(tested, stats.holm(list(tested.values())), strict=True))
    return {
        name: replace(change, p_value=adjusted[name], differs=adjusted[name] < _SHOWN) if name in adjusted else change
        for name, change in found.items()
    }


def _returns(metric: Metric) -> bool:
    return any("net_revenue" in name or name.startswith("returned") for name in metric.measures)


def _change(metric: Metric, other: Period, now: Measured, then: Measured, days: tuple[int, int]) -> Change:
    """Return a figure's change against another period's, where both are above zero; with an interval where weeks allow."""
    low, high, was = then.figure.value, now.figure.value, then.figure.value
    if low is None or high is None:
        return Change(other, was, says="one of the two figures is not known.")
    if metric.denominator is None:
        low, high = low / days[1], high / days[0]
    if low <= 0:
        return Change(other, was, says="then it was not above zero.")
    try:
        found = stats.weekly_change(then.days, now.days, (low, high), LEVEL)
    except RefusedError as error:
        return Change(other, was, high / low - 1, says=str(error))
    return Change(other, was, found.value, found.lower, found.upper, found.p_value)
