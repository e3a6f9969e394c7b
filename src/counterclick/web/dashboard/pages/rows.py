"""The rows behind a number: orders, credits, visitors of an experiment, events, as the shop's facts have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from counterclick.errors import ConfigError, InputError, UnknownNameError
from counterclick.shop.behind import RowList
from counterclick.web.dashboard import places
from counterclick.web.dashboard.choosing import day
from counterclick.web.dashboard.columns import MONEY, Head, head_of, number
from counterclick.web.dashboard.naming import address_of, experiment_address, label
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Column, Field, Figure, Figures, Form, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["ROWS"]

_LISTED = 1_000
_LIMITS = ("surface", "experiment")
_WHERE = ("variant", "policy", "product_id", "order_id", "visitor_id", "kind")
"""Columns that the address may limit: so many as links of other pages need."""
_KNOWN = "known"
_SINCE_UNTIL = ("since", "until")
_YES = {True: "yes", False: "no"}


@dataclass(frozen=True, slots=True)
class _Answer:
    """The rows, or why there are none of what was asked for."""

    rows: RowList | None
    refusal: str = ""


def _ask(shop: Shop, asked: Mapping[str, str]) -> _Answer:
    try:
        since, until = (day(asked, name) for name in _SINCE_UNTIL)
        limits = {name: asked.get(name) for name in _LIMITS}
        where = {name: asked[name] for name in _WHERE if name in asked}
        of, known = asked["of"], _KNOWN in asked
        return _Answer(shop.rows(of, since=since, until=until, **limits, where=where, known=known, most=_LISTED))
    except (ConfigError, InputError, UnknownNameError) as error:
        return _Answer(None, str(error))


def _view(answer: _Answer, context: Context) -> View:
    found, say, asked = answer.rows, context.say, context.asked
    title = f"Rows of {label(asked['of'])}"
    own = _chooser(context)
    if found is None:
        return View(f"{answer.refusal[:1].upper()}{answer.refusal[1:]}", [Section("", [own])], title=title, mark="warning")
    limited = {name: asked[name] for name in (*_LIMITS, *_WHERE) if name in asked}
    limits = [f"{name.removesuffix('_id')} {text}" for name, text in limited.items()]
    limits += ["visitor known"] if found.which.is_known else []
    says = f"{say.count(found.n_all)} rows, each {found.grain}"
    period = _days(found, say)
    sections = [Section("", [own, _summed(found, period, say)]), Section("", [_table(found, period, context)])]
    return View(f"{says}{': ' if limits else ''}{'; '.join(limits)}.", sections, title=title, period=period)


def _days(found: RowList, say: Speech) -> str:
    since, until = found.which.since, found.which.until
    if since is not None and until is not None:
        return say.days(since, until)
    if since is not None:
        return f"from {say.day(since)} on"
    return "all days" if until is None else f"until {say.day(until)}"


def _source(found: RowList) -> str:
    """Return the command that lists the same."""
    which = found.which
    told = {"since": which.since, "until": which.until, "surface": which.surface, "experiment": which.experiment}
    words = [f"--{name} {_quoted(f'{value}')}" for name, value in told.items() if value is not None]
    words += [f"--where {_quoted(f'{column}={text}')}" for column, text in which.where.items()]
    words += ["--known"] if which.is_known else []
    return " ".join(["counterclick rows", found.of, *words])


def _quoted(text: str) -> str:
    return text if text.replace("=", "").replace("-", "").replace("_", "").isalnum() else f'"{text}"'


def _summed(found: RowList, period: str, say: Speech) -> Figures:
    """Return how many rows there are, and what they add up to by the measure."""
    behind = {"the rows below": "#rows"}
    about = About(f"Rows, each {found.grain}.", _source(found), "rows", period, rows=behind)
    figures = [Figure("rows", say.count(found.n_all), about, href="#rows")]
    if found.total is not None:
        unit = found.currency if found.is_money else "a number"
        shown = say.money(found.total) if found.is_money else say.number(found.total)
        about = About(f"{found.adds_up} All rows are added up, listed or not.", _source(found), unit, period, rows=behind)
        figures.append(Figure("they add up to", shown, about, href="#rows"))
    return Figures(figures)


def _chooser(context: Context) -> Form:
    asked = context.asked
    kept = [name for name in (*_LIMITS, *_WHERE, _KNOWN) if name in asked]
    fields = [
        Field("since", "From", asked.get("since", ""), "date"),
        Field("until", "to", asked.get("until", ""), "date"),
        *(Field(name, value=asked[name], kind="hidden") for name in kept),
    ]
    return Form(f"/rows/{quote(asked['of'], safe='')}", "Show these days", fields, "get", is_small=True)


def _table(found: RowList, period: str, context: Context) -> Table | Text:
    if not found.rows:
        return Text(["There is no such row. Other days may have some."])
    say = context.say
    places = [place for place in range(len(found.columns)) if any(row[place] is not None for row in found.rows)]
    columns = [_column(found.columns[place], found, place, say) for place in places]
    rows = [[_cell(found.columns[place], row[place], context) for place in places] for row in found.rows]
    about = About(
        f"Rows, each {found.grain}, as the shop's facts have them. Personal data were hashed or left out before anything "
        "was kept.",
        _source(found),
        found.currency,
        period,
    )
    left = found.n_all - len(found.rows)
    empty = [name.replace("_", " ") for place, name in enumerate(found.columns) if place not in places]
    notes = [f"Without a value in any of them: {', '.join(empty)}."] if empty else []
    notes += [f"The newest {say.count(len(found.rows))}; {say.count(left)} more are listed by the command."] if left else []
    return Table("Rows", columns, rows, about, notes, most=25, is_rows=True)


def _column(name: str, found: RowList, place: int, say: Speech) -> Column:
    values = [row[place] for row in found.rows if row[place] is not None]
    if values and all(_is_number(value) for value in values):
        known = _meaning(name) or Head("")
        return number(name.replace("_", " "), say, says=known.says, unit=known.unit)
    return Column(name.replace("_", " "))


def _meaning(name: str) -> Head | None:
    """Return what a column of the facts means, where it holds numbers."""
    return head_of(name) or head_of(name.replace("_", " "))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _cell(name: str, value: Any, context: Context) -> Cell:
    say = context.say
    if value is None:
        return Cell("", "")
    if isinstance(value, bool):
        return Cell(_YES[value])
    if isinstance(value, datetime):
        return Cell(say.moment(value), value.isoformat())
    if isinstance(value, date):
        return Cell(say.day(value), value.isoformat())
    if _is_number(value):
        known = _meaning(name)
        shown = say.money(value) if known is not None and known.unit == MONEY else say.number(value)
        return Cell(shown, float(value) if isinstance(value, Decimal) else value)
    is_nested = f"{value}".startswith(("[", "{"))
    return Cell(f"{value}", href=_leads(name, f"{value}", context), mark="code" if is_nested else "")


def _leads(name: str, text: str, context: Context) -> str:
    """Return where more is told of what a cell names."""
    if name == "order_id":
        return address_of("/journeys", "order", text)
    return experiment_address(text) if name == "experiment" and text in context.config.experiments else ""


ROWS = Page(
    places.ROWS,
    "What is a number made of?",
    _ask,
    _view,
    reads=(*_SINCE_UNTIL, *_LIMITS, *_WHERE, _KNOWN),
    empty="Once something is recorded, this page lists the rows that each number is made of.",
    is_private=True,
)
"""The page: only for those who know the password, since it names visitors and orders one by one."""
