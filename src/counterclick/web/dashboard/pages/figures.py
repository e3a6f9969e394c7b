"""A figure by day, week, month or surface: the rows behind a number of the home page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, cast

from counterclick.metrics import MEASURES, METRICS
from counterclick.metrics.computing import By
from counterclick.metrics.periods import month_of
from counterclick.shop.shown import MetricTable
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import of_metric
from counterclick.web.dashboard.columns import number, numbers
from counterclick.web.dashboard.naming import defined, label, unit, value
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Column, Field, Form, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["FIGURES"]

_DAYS = {"day": 1, "week": 7}
_WAYS = {"day": "by day", "week": "by week", "month": "by month", "surface": "by surface"}
_DESCRIBES = "By surface this describes who met it; it is no effect. Only an experiment shows one."


def _ask(shop: Shop, asked: Mapping[str, str]) -> MetricTable:
    return shop.metric(asked["metric"], by=cast("By", asked.get("by", "week")))  # what is none of them, the verb refuses


def _view(found: MetricTable, context: Context) -> View:
    say, metric, by = context.say, found.metric, found.by or "week"
    choices = {name: label(name) for name in METRICS}
    fields = [Field("by", "Show it", by, "select", _WAYS)]
    source = f"counterclick metric {metric.name} --by {by}"
    about = About(
        defined(metric.name), source, unit(metric.name, say), f"all days, {_WAYS[by]}", rows=of_metric(metric.name)
    )
    columns = [Column(by), number(label(metric.name), say, says=metric.says, unit=unit(metric.name, say))]
    columns += numbers([_said(part) for part in (metric.numerator, metric.denominator) if part is not None], say)
    rows = [_row(found, place, say) for place in reversed(range(len(found.values)))]
    notes = (
        [_DESCRIBES] if by == "surface" else ["The newest first. The first and the last may hold fewer days than others."]
    )
    others = Text(["Other figures:"], links={text: f"/figures/{name}?by={by}" for name, text in choices.items()})
    return View(
        metric.says,
        [
            Section("", [Form(f"/figures/{metric.name}", "Show", fields, "get", is_small=True)]),
            Section("", [Table(f"{label(metric.name)} {_WAYS[by]}".capitalize(), columns, rows, about, notes)]),
            Section("More", [others]),
        ],
        title=label(metric.name).capitalize(),
    )


def _row(found: MetricTable, place: int, say: Speech) -> list[Cell | str]:
    each, metric = found.values[place], found.metric
    key = each.key or "all"
    is_day = found.by in ("day", "week", "month")
    behind = [*_behind(found, key).values()]
    row: list[Cell | str] = [
        Cell(say.day(date.fromisoformat(key)), key) if is_day else key,
        Cell(value(metric.name, each.value, say), "" if each.value is None else each.value, href=behind[0]),
        _amount(metric.numerator, each.numerator, behind[0], say),
    ]
    if metric.denominator is not None:
        row.append(_amount(metric.denominator, each.denominator, behind[-1], say))
    return row


def _behind(found: MetricTable, key: str) -> dict[str, str]:
    """Return where the rows of one day, week, month or surface are listed."""
    if found.by == "surface":
        return of_metric(found.metric.name, surface=key)
    if found.by is None:
        return of_metric(found.metric.name)
    first = date.fromisoformat(key)
    last = first + timedelta(days=_DAYS[found.by] - 1) if found.by != "month" else month_of(first).last_on
    return of_metric(found.metric.name, since=first, until=last)


def _amount(measure: str, amount: float | None, href: str, say: Speech) -> Cell:
    if amount is None:
        return Cell("not known", "", mark="missing")
    is_money = measure in MEASURES and MEASURES[measure].is_money
    return Cell(say.money(amount) if is_money else say.number(amount), amount, href=href)


def _said(measure: str) -> str:
    return measure.replace("_", " ")


FIGURES = Page(
    places.FIGURES,
    "How does a figure come about?",
    _ask,
    _view,
    reads=("by",),
    empty="Once orders are recorded, this page shows each figure by day, week, month and surface.",
)
"""The page."""
