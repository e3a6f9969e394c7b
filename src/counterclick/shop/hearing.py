"""Which queries a verb asks: expressions are heard on their way to the engine, whichever it is."""

from __future__ import annotations

import contextlib
import sys
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ibis.expr.types import Expr, Table

__all__ = ["Heard", "Hearing", "hear_asked", "hear_kept", "hear_through", "hearing"]

_THROUGH = (
    "counterclick.facts.rows",
    "counterclick.shop.dialect",
    "counterclick.shop.engines.",
    "counterclick.shop.hearing",
)
"""Modules through which every question goes: who asks it stands above them."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One query.

    Attributes:
        name: of the table that it makes; of an answer, who asks for it.
        is_kept: whether it makes a table that others are asked of.
        expr: what is asked.
    """

    name: str
    is_kept: bool
    expr: Table


@dataclass(slots=True)
class Hearing:
    """What was heard so far.

    Attributes:
        queries: each once, in the order in which they were asked.
        places: name of a kept table in the engine -> what it is called.
        subject: what the next questions are about, where their asker does not say it.
    """

    queries: dict[object, Heard] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    subject: str = ""

    def kept(self, name: str, table: Table, made: Table) -> None:
        """Hear that a table is kept."""
        place = made.op().name
        if place in self.places:
            return
        self.places[place] = self._free(name)
        self.queries[place] = Heard(self.places[place], True, table)

    def asked(self, expr: Expr, name: str = "") -> None:
        """Hear that a question is asked."""
        table = expr.as_table()
        if table.op() not in self.queries:
            self.queries[table.op()] = Heard(self._free(name or self.subject or _asker()), False, table)

    def _free(self, name: str) -> str:
        known = {heard.name for heard in self.queries.values()}
        others = (f"{name}_{number}" for number in range(2, len(known) + 3))
        return name if name not in known else next(other for other in others if other not in known)


_hearing: ContextVar[Hearing | None] = ContextVar("hearing", default=None)


@contextlib.contextmanager
def hearing() -> Iterator[Hearing]:
    """Hear what is asked in this context."""
    found = Hearing()
    token = _hearing.set(found)
    try:
        yield found
    finally:
        _hearing.reset(token)


def hear_kept(name: str, table: Table, made: Table) -> None:
    """Say that an expression is kept as a table, if anybody listens."""
    found = _hearing.get()
    if found is not None:
        found.kept(name, table, made)


def hear_asked(expr: Expr) -> None:
    """Say that an expression is asked, if anybody listens."""
    found = _hearing.get()
    if found is not None:
        found.asked(expr)


def hear_through(backend: Any) -> None:
    """Let what is asked of one of Ibis's own backends be heard."""
    backend.to_pyarrow = partial(_heard, weakref.ref(backend))


def _heard(backend: Callable[[], Any], expr: Expr, /, **more: Any) -> Any:
    hear_asked(expr)
    own = backend()
    return type(own).to_pyarrow(own, expr, **more)


def _asker() -> str:
    """Return the function of this package that asks, such as ``experiments.measured.grouped_moments``."""
    frame = sys._getframe(1)  # noqa: SLF001 - the standard library's own way to it
    while frame.f_back is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("counterclick.") and not module.startswith(_THROUGH):
            return f"{module.removeprefix('counterclick.')}.{frame.f_code.co_name.lstrip('_')}"
        frame = frame.f_back
    return "asked"
