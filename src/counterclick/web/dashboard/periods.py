"""A period's figures beside the period before and the same one last year: as cards, drawn, and in a table."""

from __future__ import annotations

import math
from dataclasses import replace

from counterclick.audits.beside import Change, Figure
from counterclick.audits.overview import Overview
from counterclick.metrics import Period
from counterclick.pages.wording import words
from counterclick.web.dashboard.behind import of_metric
from counterclick.web.dashboard.charts import Estimated, forest
from counterclick.web.dashboard.columns import numbers
from counterclick.web.dashboard.naming import defined, label, unit, value
from counterclick.web.dashboard.palette import EARNED, MUTED
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Chart, Column, Figures, Part, Table
from counterclick.web.dashboard.views import Figure as Shown

__all__ = ["SOURCE", "cards", "changes", "in_currency", "table"]

SOURCE = "counterclick overview"
"""The command that answers the same."""
_LEADING = ("net_revenue", "orders", "aov", "conversion", "attributed_checkout_revenue", "order_success_rate")
_CHANGES = (
    "A change is what happened, never what a feature did: season and campaigns are in it. Its interval is of 95 %, over "
    "weeks. It is called more than chance only where that holds beside all other figures of the comparison (Holm)."
)

_MORE, _CHANCE = "more than chance", "may be chance"
_WHY_CHANCE = (
    "Among so many figures some move far by chance alone: a change is called more than chance only where that holds for all "
    "of them together, so that an interval beside zero may still be chance."
)


def in_currency(about: About, found: Overview, say: Speech) -> About:
    """Return what a number means with the rule by which its amounts came to another currency."""
    if found.exchange is None:
        return about
    return replace(about, terms={**about.terms, f"in {found.currency}": say.text(found.exchange.says)})


def cards(found: Overview, say: Speech) -> Figures:
    """Return the figures that lead, or all that belong to a surface where one is asked for."""
    wanted = [each for each in found.figures if found.surface or each.metric in _LEADING]
    return Figures([_card(each, found, say) for each in wanted])


def _card(figure: Figure, found: Overview, say: Speech) -> Shown:
    change = figure.before
    notes = [f"until {say.day(figure.final_on)}"] if figure.is_provisional else []
    if change.change is None:
        notes.append(f"no change is shown: {say.text(words(change.says))}")
    elif change.lower is not None:
        notes.append(_MORE if change.differs else _CHANCE)
    return Shown(
        label(figure.metric),
        value(figure.metric, figure.value, say),
        _about(figure, found, say),
        interval="" if change.change is None else f"{_changed(change, say)} on the period before",
        href=_by_day(figure.metric),
        is_provisional=figure.is_provisional,
        note="; ".join(notes),
    )


def _about(figure: Figure, found: Overview, say: Speech) -> About:
    period = say.days(found.period.first_on, found.period.last_on)
    behind = of_metric(figure.metric, period=found.period, surface=found.surface)
    about = About(defined(figure.metric), SOURCE, unit(figure.metric, say), period, {"change": _CHANGES}, behind)
    return in_currency(about, found, say) if figure.unit == "money" else about


def _by_day(metric: str) -> str:
    return f"/figures/{metric}?by=day"


def _changed(change: Change, say: Speech) -> str:
    """Return a change with its interval; why there is none."""
    if change.change is None:
        return "not known"
    if change.lower is None or change.upper is None:
        return f"{say.signed(change.change)}, no interval"
    return f"{say.signed(change.change)} [{say.signed(change.lower)}, {say.signed(change.upper)}]"


def changes(found: Overview, say: Speech) -> list[Part]:
    """Return the drawing of all changes that have an interval, on the period before."""
    drawn_of = [(each, each.before) for each in found.figures if each.before.lower is not None]
    estimates: list[Estimated] = []
    rows: list[list[Cell | str]] = []
    for figure, change in drawn_of:
        three = (change.change, change.lower, change.upper)
        value, lower, upper = (end if end is not None else math.nan for end in three)
        what = _MORE if change.differs else _CHANCE
        estimates.append(Estimated(label(figure.metric), what, value, lower, upper, is_final=not figure.is_provisional))
        rows.append([label(figure.metric), *(Cell(say.signed(end), end) for end in (value, lower, upper)), what])
    if not estimates:
        return []
    heads = [Column("figure"), *numbers(("change", "from", "to"), say), Column("is it chance?")]
    title = "Changes on the period before, with their intervals"
    says = "; ".join(
        f"{row.row}: {say.signed(row.value)} [{say.signed(row.lower)}, {say.signed(row.upper)}]" for row in estimates
    )
    days = say.days(found.period.first_on, found.period.last_on)
    about = About(_CHANGES, SOURCE, "relative change", days, rows=_behind(found))
    spec = forest(estimates, {_CHANCE: MUTED, _MORE: EARNED}, {_CHANCE: "circle", _MORE: "diamond"})
    return [Chart(title, spec, f"{title}. {says}.", Table(title, heads, rows, about), about, [_WHY_CHANCE])]


def table(found: Overview, say: Speech) -> Table:
    """Return every figure of the period; where there is one of last year, beside that as well."""
    has_year = any(figure.year_before.value is not None for figure in found.figures)
    columns = [Column("figure"), *numbers(("this period", "before", "change"), say), Column("is it chance?")]
    if has_year:
        columns += [*numbers(("last year", "change on it"), say), Column("is that chance?")]
    columns.append(Column("final on"))
    rows: list[list[Cell | str]] = []
    for figure in found.figures:
        mark = "provisional" if figure.is_provisional else ""
        row: list[Cell | str] = [
            Cell(label(figure.metric), figure.metric, href=_by_day(figure.metric)),
            Cell(
                value(figure.metric, figure.value, say),
                _plain(figure.value),
                href=_added(figure.metric, found.period, found.surface),
                mark=mark,
            ),
            *_beside(figure.metric, figure.before, found.surface, say),
        ]
        if has_year:
            row += _beside(figure.metric, figure.year_before, found.surface, say)
        row.append(Cell(say.day(figure.final_on), f"{figure.final_on}", mark=mark) if figure.is_provisional else "final")
        rows.append(row)
    about = About(
        "Each figure by its one definition, beside the period before and the same one last year. Changes of totals are "
        f"those of a day's mean. {_CHANGES}",
        SOURCE,
        period=say.days(found.period.first_on, found.period.last_on),
        terms={label(figure.metric): defined(figure.metric) for figure in found.figures},
        rows=_behind(found),
    )
    return Table(
        "All figures of the period", columns, rows, in_currency(about, found, say), _why_not(found, say, has_year=has_year)
    )


def _behind(found: Overview) -> dict[str, str]:
    """Return where the rows of all measures of these figures are listed."""
    parts = [of_metric(each.metric, period=found.period, surface=found.surface) for each in found.figures]
    return {name: address for part in parts for name, address in part.items()}


def _added(metric: str, period: Period, surface: str | None) -> str:
    """Return where the rows are listed that a figure adds up."""
    return next(iter(of_metric(metric, period=period, surface=surface).values()))


def _beside(metric: str, change: Change, surface: str | None, say: Speech) -> list[Cell | str]:
    then = "not known" if change.value is None else value(metric, change.value, say)
    told = "" if change.lower is None else (_MORE if change.differs else _CHANCE)
    return [
        Cell(
            then,
            _plain(change.value),
            href="" if change.value is None else _added(metric, change.period, surface),
            mark="missing" if change.value is None else "",
        ),
        Cell(_changed(change, say), _plain(change.change), mark="missing" if change.change is None else ""),
        told,
    ]


def _plain(amount: float | None) -> float | str:
    return "" if amount is None else amount


def _why_not(found: Overview, say: Speech, *, has_year: bool) -> list[str]:
    """Return why changes are not known, each reason once."""
    said: dict[tuple[str, str], list[str]] = {}
    for figure in found.figures:
        for which, change in (("the period before", figure.before), ("last year", figure.year_before)):
            if change.says and (has_year or which != "last year"):
                said.setdefault((which, change.says), []).append(label(figure.metric))
    notes = [
        f"Beside {which}{'' if len(names) == len(found.figures) else ': ' + ', '.join(names)}: {say.text(words(says))}"
        for (which, says), names in said.items()
    ]
    if not has_year:
        reasons = dict.fromkeys(figure.year_before.says for figure in found.figures if figure.year_before.says)
        notes += [f"Beside last year nothing is shown: {say.text(words(says))}" for says in reasons]
    return notes
