"""What a page shows, as values: figures, tables and charts with what they mean. Each kind has a template of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

__all__ = [
    "About",
    "Cell",
    "Chart",
    "Column",
    "Field",
    "Figure",
    "Figures",
    "Form",
    "Part",
    "Section",
    "Table",
    "Text",
    "View",
    "is_tight",
]

_NO_NAME = "part"
_TIGHT = 18
_MANY = 9
"""Columns that a screen has room for."""
_PHONE = 46
"""Letters that stand beside each other on a phone."""


@dataclass(frozen=True, slots=True)
class About:
    """What a number means and where it comes from: what a tooltip says.

    Attributes:
        definition: in one sentence or two.
        source: the command that prints the same, such as ``counterclick check``.
        unit: what it is counted in.
        period: what time it is about.
        terms: term that occurs -> what it means.
        rows: what stands behind it, such as orders -> the address at which these rows are listed.
    """

    definition: str
    source: str = ""
    unit: str = ""
    period: str = ""
    terms: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number.

    Attributes:
        label: what it is called.
        shown: the number as text.
        about: what it means.
        interval: how far it may be off, as text; empty only for what is counted and not estimated.
        href: where the rows behind it are.
        is_provisional: whether it will still change.
        note: what to mind.
    """

    label: str
    shown: str
    about: About
    interval: str = ""
    href: str = ""
    is_provisional: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Several figures in a row.

    Attributes:
        figures: in their order.
    """

    template: ClassVar[str] = "parts/figures.html"
    title: ClassVar[str] = ""
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: as it is shown.
        value: the same for a file, where that is another: a number without its unit, a day as ISO 8601.
        href: where it leads.
        mark: how it is marked: a word of the stylesheet, such as ``provisional`` or ``bad``.
        ends: lower and upper end of its interval, where the text holds one: columns of their own in a file.
    """

    text: str
    value: str | float | None = None
    href: str = ""
    mark: str = ""
    ends: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: its heading; empty where it needs none.
        is_number: whether it is aligned right.
        says: what it means.
        is_hidden: whether the heading is only for those who hear the page.
        unit: what it is counted in, where that is another than its table's.
        rows: what stands behind its numbers, where that is something else than behind the table's: see `About`.
        is_prose: whether its cells are sentences, which need room where there are many columns.
    """

    name: str
    is_number: bool = False
    says: str = ""
    is_hidden: bool = False
    unit: str = ""
    rows: Mapping[str, str] = field(default_factory=dict)
    is_prose: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table, which is a file as well.

    Attributes:
        title: what it shows.
        columns: headings.
        rows: cells; a text is a cell.
        about: what its numbers mean.
        notes: sentences below it.
        most: rows that are shown; the file holds all.
        is_provisional: whether its numbers will still change.
        is_rows: whether it is what other numbers are made of: behind it stands nothing else.
        folded: what is pressed to see its rows; they are seen at once where it is empty.
    """

    template: ClassVar[str] = "parts/table.html"
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell | str]]
    about: About | None = None
    notes: Sequence[str] = ()
    most: int = 200
    is_provisional: bool = False
    is_rows: bool = False
    folded: str = ""

    def about_of(self, column: Column) -> About:
        """Return what a column's numbers mean: what it does not say itself, its table says of all."""
        own = self.about or About("")
        return About(column.says, own.source, column.unit or own.unit, own.period, rows=column.rows or own.rows)

    @property
    def explained(self) -> About | None:
        """What it means, with what each of its columns does: where there is no room for headings, it is all there is."""
        own = self.about or About("")
        columns = {
            each.name: f"{each.says}{f' Unit: {each.unit}.' if each.unit else ''}" for each in self.columns if each.says
        }
        rows = {says: address for each in self.columns for says, address in each.rows.items()}
        whole = replace(own, terms={**own.terms, **columns}, rows={**own.rows, **rows})
        return whole if whole != About("") else None

    @property
    def shown(self) -> list[list[Cell]]:
        """The rows that the page shows."""
        return [[_cell(each) for each in row] for row in self.rows[: self.most]]

    @property
    def is_compact(self) -> bool:
        """Whether every cell is so short that the table need not be as wide as the page."""
        return all(is_tight(cell.text) for row in self.shown for cell in row[1:])

    @property
    def is_narrow(self) -> bool:
        """Whether it stays a table on a phone, where others become blocks, a row each."""
        texts = [[each.name for each in self.columns], *([cell.text for cell in row] for row in self.shown)]
        widths = [
            max(
                max(map(len, text.split()), default=0) if place == 0 or not nth else len(text)
                for nth, text in enumerate(column)
            )
            for place, column in enumerate(zip(*texts, strict=True))
        ]
        return self.is_compact and sum(widths) + 2 * len(widths) <= _PHONE

    @property
    def is_wide(self) -> bool:
        """Whether it has so many columns that no screen may have room for them."""
        return len(self.columns) > _MANY

    @property
    def heads(self) -> list[str]:
        """The headings of a file."""
        wide = self._with_ends
        return [
            name
            for place, column in enumerate(self.columns)
            for name in ([column.name, f"{column.name}, low", f"{column.name}, high"] if place in wide else [column.name])
        ]

    @property
    def values(self) -> list[list[str | float]]:
        """The rows as a file holds them, all of them."""
        wide = self._with_ends
        return [
            [value for place, one in enumerate(row) for value in _filed(_cell(one), has_ends=place in wide)]
            for row in self.rows
        ]

    @property
    def _with_ends(self) -> set[int]:
        """The columns in which intervals stand."""
        return {place for row in self.rows for place, one in enumerate(row) if _cell(one).ends is not None}


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its numbers.

    Attributes:
        title: what it shows.
        spec: as Vega-Lite reads it (``chart.to_dict()`` of Altair).
        says: the same in words, for those who do not see it.
        table: the numbers that are drawn.
        about: what they mean.
        notes: sentences below it.
    """

    template: ClassVar[str] = "parts/chart.html"
    title: str
    spec: Mapping[str, Any]
    says: str
    table: Table
    about: About | None = None
    notes: Sequence[str] = ()

    @property
    def values(self) -> list[list[str | float]]:
        """The numbers as a file holds them."""
        return self.table.values


@dataclass(frozen=True, slots=True)
class Text:
    """Sentences.

    Attributes:
        paragraphs: each a paragraph.
        steps: what to do, one after the other.
        code: to be copied as it is.
        kind: how it is marked: empty, ``warning`` or ``done``.
        links: what a link says -> where it leads.
    """

    template: ClassVar[str] = "parts/text.html"
    title: ClassVar[str] = ""
    paragraphs: Sequence[str] = ()
    steps: Sequence[str] = ()
    code: str = ""
    kind: str = ""
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """What can be done: left out of pages that were opened by a link.

    Attributes:
        action: address that takes it.
        button: what the button says.
        fields: name, label, kind of input (or the choices), value, hint of each.
        method: ``post`` where something is changed, ``get`` where another view is asked for.
        is_small: whether it stands in a line.
        is_live: whether the page is shown anew while its fields change; without scripts its button does it.
    """

    template: ClassVar[str] = "parts/form.html"
    title: ClassVar[str] = ""
    action: str
    button: str
    fields: Sequence[Field] = ()
    method: str = "post"
    is_small: bool = False
    is_live: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form.

    Attributes:
        name: as it is sent.
        label: as it is shown; empty where it is hidden.
        value: what it holds at first.
        kind: of input, such as ``text``, ``number``, ``date``, ``range``, ``hidden`` or ``select``.
        choices: value -> text, of a ``select``.
        hint: what it means.
        limits: attributes such as ``min`` and ``max``.
    """

    name: str
    label: str = ""
    value: str = ""
    kind: str = "text"
    choices: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    limits: Mapping[str, str] = field(default_factory=dict)


Part = Figures | Table | Chart | Text | Form


@dataclass(frozen=True, slots=True)
class Section:
    """What belongs together.

    Attributes:
        title: what it is about; empty where it needs none.
        parts: in their order.
        says: a sentence before them.
    """

    title: str
    parts: Sequence[Part]
    says: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A page.

    Attributes:
        conclusion: what it says, in a sentence, before anything else.
        sections: in their order.
        title: of the page, where it is not the usual one.
        period: what time it is about.
        mark: how the conclusion is marked: empty, ``warning``.
        currency: of its amounts, where that is another than the shop's.
    """

    conclusion: str
    sections: Sequence[Section] = ()
    title: str = ""
    period: str = ""
    mark: str = ""
    currency: str = ""

    def named(self) -> Iterator[tuple[Section, list[tuple[str, Part]]]]:
        """Yield each section with its parts, each of which has a name of its own on the page."""
        taken: dict[str, int] = {}
        for section in self.sections:
            parts = []
            for part in section.parts:
                name = _slug(part.title or section.title)
                taken[name] = taken.get(name, 0) + 1
                parts.append((name if taken[name] == 1 else f"{name}-{taken[name]}", part))
            yield section, parts

    def part(self, name: str) -> Part | None:
        """Return a part by its name; None where there is none."""
        return next((part for _section, parts in self.named() for own, part in parts if own == name), None)

    @property
    def has_charts(self) -> bool:
        """Whether anything is drawn."""
        return any(isinstance(part, Chart) for section in self.sections for part in section.parts)


def is_tight(text: str) -> bool:
    """Return whether a cell is so short that it stays on one line: a day, an amount, an interval."""
    return len(text) <= _TIGHT


def _cell(cell: Cell | str) -> Cell:
    return Cell(cell) if isinstance(cell, str) else cell


def _filed(cell: Cell, *, has_ends: bool) -> list[str | float]:
    """Return a cell as a file holds it, with the ends of its interval where its column has any."""
    return [cell.text if cell.value is None else cell.value, *((cell.ends or ("", "")) if has_ends else ())]


def _slug(text: str) -> str:
    """Return a name for an address, of at most sixty letters.

    >>> _slug("Proxy drift: 1 alarm")
    'proxy-drift-1-alarm'
    """
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-") or _NO_NAME
