"""Any result as sections of a page: its grids become tables, with what their terms mean beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from counterclick.display import Grid, Shown
from counterclick.metrics import METRICS
from counterclick.pages.reading import DEFINITIONS
from counterclick.pages.wording import words
from counterclick.web.dashboard.columns import Head, number
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Column, Part, Section, Table, Text

__all__ = ["section_of", "table_of", "terms_in"]

_NUMBER = re.compile(r"(|-|not known|[+-]?([A-Z]{3} )?[\d,.]+( %)?)( \[.*\])?")
_END = r"[+-]?([A-Z]{3} )?[\d,.]*\d( %)?|-?unlimited"
_INTERVAL = re.compile(rf"(?P<value>[^\[\]]*?) ?\[(?P<low>{_END}), (?P<high>{_END})\]")
_COUNT = re.compile(r"-?\d{1,3}(,\d{3})*(\.\d+)?")
_HIDDEN = ("what", "detail")
"""Headings of columns that have none, for those who hear the page and for files."""


def section_of(
    title: str,
    shown: Shown | Sequence[Grid],
    say: Speech,
    about: About,
    *,
    says: str = "",
    marks: Mapping[str, str] | None = None,
    heads: Mapping[str, Head] | None = None,
) -> Section:
    """Return a section that shows a result.

    Args:
        title: of the section.
        shown: the result, or some of its grids.
        say: how numbers are written.
        about: what its numbers mean; the terms that occur in a table are added.
        says: a sentence before it.
        marks: text of a cell -> how it is marked.
        heads: heading -> what it means, where that is of these tables alone.
    """
    grids = shown if isinstance(shown, Sequence) else shown.grids()
    return Section(title, [table_of(grid, say, about, marks, heads) for grid in grids], says)


def table_of(
    grid: Grid,
    say: Speech,
    about: About,
    marks: Mapping[str, str] | None = None,
    heads: Mapping[str, Head] | None = None,
) -> Part:
    """Return a grid as a table; as sentences where it has no columns or no rows.

    Args:
        grid: which.
        say: how numbers are written.
        about: what its numbers mean; the terms that occur are added.
        marks: text of a cell -> how it is marked.
        heads: heading -> what it means, where that is of this table alone.
    """
    title = say.text(words(grid.title))
    notes = [say.text(words(note)) for note in grid.notes]
    if not grid.columns or not grid.rows:
        return Text([title, *notes] if title else notes)
    unnamed = iter([*_HIDDEN, *(f"detail {number}" for number in range(2, len(grid.columns) + 1))])
    columns = [
        _column(
            name,
            say,
            heads or {},
            is_number=place > 0 and (place >= grid.left or all(_NUMBER.fullmatch(row[place]) for row in grid.rows)),
            has_some=any(_NUMBER.fullmatch(row[place]) for row in grid.rows),
        )
        for place, name in enumerate(grid.columns)
    ]
    columns = [each if each.name else replace(each, name=next(unnamed), is_hidden=True) for each in columns]
    rows = [[_cell(text, say, marks or {}) for text in row] for row in grid.rows]
    told = [title, *grid.columns, *(row[0] for row in grid.rows)]
    found = replace(about, terms={**about.terms, **terms_in(told)})
    return Table(title, columns, rows, found, notes)


def _column(name: str, say: Speech, heads: Mapping[str, Head], *, is_number: bool, has_some: bool) -> Column:
    """Return a column: where it holds numbers with what they mean, of texts with the term's definition where it is one."""
    own = heads.get(name)
    if not is_number and not has_some and own is None:
        return Column(words(name) if name else "", says=_definitions().get(_plain(name), ""))
    if own is not None:
        return replace(number(words(name), say, says=own.says, unit=own.unit), is_number=is_number)
    found = number(words(name) if name else _HIDDEN[1], say)
    says = found.says or _definitions().get(_plain(name), "")
    return replace(found, name=words(name) if name else "", says=says, is_number=is_number)


def terms_in(texts: Iterable[str]) -> dict[str, str]:
    """Return the terms of these texts that have a definition, with it."""
    known = _definitions()
    return {words(text): known[_plain(text)] for text in texts if _plain(text) in known}


def _cell(text: str, say: Speech, marks: Mapping[str, str]) -> Cell:
    shown = say.text(words(text))
    found = _INTERVAL.fullmatch(text)
    value = _plain_number(found["value"] if found else text)
    ends = (_plain_number(found["low"]), _plain_number(found["high"])) if found else None
    return Cell(shown, value=None if shown == value else value, mark=marks.get(text, ""), ends=ends)


def _plain_number(text: str) -> str:
    return text.replace(",", "") if _COUNT.fullmatch(text) else text


def _plain(text: str) -> str:
    return text.strip().lower().replace("_", " ")


@cache
def _definitions() -> dict[str, str]:
    """Return term -> meaning: metrics by their one definition, and the terms of the report."""
    metrics = {_plain(name): f"{metric.says} ({metric.role}; {metric.source})" for name, metric in METRICS.items()}
    terms = {_plain(part): says for term, says in DEFINITIONS for part in term.split(", ")}
    return {**terms, **metrics}
