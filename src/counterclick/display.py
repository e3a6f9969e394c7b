"""How results show: as text of at most 80 columns, as a table in a notebook, as plain values for JSON."""

from __future__ import annotations

import dataclasses
import html
import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

__all__ = ["WIDTH", "Grid", "Shown", "as_json", "count", "money", "percent", "plain", "printable", "signed_percent"]

WIDTH = 80
_NARROW = 8


class Shown:
    """Mixin: what a notebook, `print` and JSON make of a result, from its one `grids` method."""

    __slots__ = ()

    def grids(self) -> list[Grid]:
        """Return the tables that show this result."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n\n".join(str(grid) for grid in self.grids())

    def _repr_html_(self) -> str:
        return "\n".join(grid._repr_html_() for grid in self.grids())


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """A small table of text.

    Attributes:
        title: what it shows.
        columns: headings; the first column is aligned left, all others right.
        rows: cells as text.
        notes: sentences below it.
        left: number of leading columns that are aligned left.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    left: int = 1

    def __str__(self) -> str:
        shown = dataclasses.replace(
            self,
            title=printable(self.title),
            rows=[[printable(cell) for cell in row] for row in self.rows],
            notes=[printable(note) for note in self.notes],
        )
        return shown._text()  # noqa: SLF001 - of the same class

    def _text(self) -> str:
        parts = textwrap.wrap(self.title, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        if self.columns:
            parts.extend(self._lines())
        for note in self.notes:
            parts.extend(textwrap.wrap(note, WIDTH, subsequent_indent="  ", break_on_hyphens=False))
        return "\n".join(parts)

    def _lines(self) -> list[str]:
        table = [list(self.columns), *[list(row) for row in self.rows]] if any(self.columns) else list(self.rows)
        widths = self._fitted([max(1, *(len(row[i]) for row in table)) for i in range(len(self.columns))])
        lines = []
        for number, row in enumerate(table):
            cells = [
                textwrap.wrap(cell, width, break_on_hyphens=False) or [""] for cell, width in zip(row, widths, strict=True)
            ]
            for depth in range(max(len(cell) for cell in cells)):
                texts = [cell[depth] if depth < len(cell) else "" for cell in cells]
                lines.append(
                    "  ".join(
                        text.ljust(width) if i < self.left else text.rjust(width)
                        for i, (text, width) in enumerate(zip(texts, widths, strict=True))
                    ).rstrip()
                )
            if number == 0 and any(self.columns):
                lines.append("  ".join("-" * width for width in widths))
        return lines

    def _fitted(self, widths: list[int]) -> list[int]:
        """Narrow the widest column until the line fits: those aligned left first, to 8 at least, then any."""
        fitted = list(widths)
        while sum(fitted) + 2 * (len(fitted) - 1) > WIDTH and max(fitted) > 1:
            left = max(range(self.left), key=fitted.__getitem__, default=0)
            if self.left == 0 or fitted[left] <= _NARROW:
                left = max(range(len(fitted)), key=fitted.__getitem__)
            fitted[left] -= 1
        return fitted

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns) if any(self.columns) else ""
        body = "".join(
            "<tr>"
            + "".join(
                f'<td style="text-align:{"left" if i < self.left else "right"}">{html.escape(cell)}</td>'
                for i, cell in enumerate(row)
            )
            + "</tr>"
            for row in self.rows
        )
        head = f"<thead><tr>{head}</tr></thead>" if head else ""
        table = f"<table>{head}<tbody>{body}</tbody></table>" if self.columns else ""
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        title = f"<h4>{html.escape(self.title)}</h4>" if self.title else ""
        return f"{title}{table}{notes}"


def printable(text: str) -> str:
    r"""Return text whose control characters cannot reach a terminal: each becomes a question mark.

    >>> printable("a\x1b[2Jb")
    'a?[2Jb'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def money(value: float | Decimal, currency: str) -> str:
    """Return an amount with thousands separated; cents only below 1,000.

    >>> money(12345.6, "EUR"), money(2.5, "EUR"), money(-3, "EUR")
    ('EUR 12,346', 'EUR 2.50', '-EUR 3.00')
    """
    size = abs(float(value))
    if math.isinf(size):
        return "unlimited"
    digits = 0 if size >= 1000 else 2  # noqa: PLR2004 - where cents stop to matter
    return f"{'-' if value < 0 else ''}{currency} {size:,.{digits}f}"


def percent(value: float, digits: int = 1) -> str:
    """Return a fraction as a percentage.

    >>> percent(0.1234), percent(math.inf)
    ('12.3 %', 'unlimited')
    """
    return "unlimited" if math.isinf(value) else f"{value * 100:.{digits}f} %"


def signed_percent(value: float, digits: int = 1) -> str:
    """Return a relative change with its sign.

    >>> signed_percent(0.02), signed_percent(-0.5)
    ('+2.0 %', '-50.0 %')
    """
    return "unlimited" if math.isinf(value) else f"{value * 100:+.{digits}f} %"


def count(value: float) -> str:
    """Return a number with thousands separated, without decimals.

    >>> count(12345)
    '12,345'
    """
    return f"{value:,.0f}"


def as_json(value: Any) -> str:
    """Return a result as the JSON text that commands print and HTTP answers.

    Args:
        value: the result.
    """
    return json.dumps(plain(value), indent=2, ensure_ascii=False)


def plain(value: Any) -> Any:
    """Return a result as what JSON knows; infinite ends of intervals become null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "__struct_fields__"):  # a setting of shop.toml
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if hasattr(value, "to_pylist"):  # Arrow's tables
        value = value.to_pylist()
    return _plain_list(value) if isinstance(value, list | tuple) else _plain_scalar(value)


def _plain_list(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    kinds = {*map(type, value)}
    if kinds <= {str, int} or (kinds == {float} and all(map(math.isfinite, value))):
        return [*value]  # hundreds of products and their scores are read off at once
    return [plain(inner) for inner in value]


def _plain_scalar(value: Any) -> Any:
    if hasattr(value, "item"):  # NumPy's scalars
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
