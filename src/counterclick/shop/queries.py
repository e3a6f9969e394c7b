"""The SQL of a verb: it is asked, and every table that it keeps and every answer that it needs is told as a query."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ibis.expr.types import Table

from counterclick.display import Grid, Shown, count
from counterclick.errors import ConfigError, EngineError, UnknownNameError
from counterclick.experiments import Experiment
from counterclick.facts import Facts
from counterclick.metrics import METRICS
from counterclick.shop.engines.dialects import ENGINES, compiled
from counterclick.shop.hearing import Hearing, hearing

__all__ = ["EXPLAINED", "FACTS", "Queries", "Query", "heard_of", "queries_of", "told"]

FACTS = tuple(
    name
    for name in sorted({name for room in Facts.__mro__ for name in vars(room)})
    if not name.startswith("_") and isinstance(getattr(Facts, name), property | cached_property)
)
"""The fact tables that have no parameters."""
_OF_SHOP = ("alignment", "audit", "check", "claims", "drift", "holdout", "overview", "plans", "readiness", "returns")
_OF_EXPERIMENT = ("course", "experiment", "plan", "result", "slices", "verdict")
EXPLAINED = tuple(sorted((*_OF_SHOP, *_OF_EXPERIMENT, "facts", "metrics")))
"""Verbs whose queries can be told; ``experiment`` asks for its result with all metrics."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query.

    Attributes:
        name: of the table that it makes, by which later queries name it; of an answer, the function that asks for it.
        is_kept: whether it makes a table.
        sql: in the engine's words; empty where the engine cannot express it.
        refused: why it cannot.
    """

    name: str
    is_kept: bool
    sql: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Queries(Shown):
    """The queries of a verb.

    Attributes:
        verb: that was asked.
        engine: in whose words.
        queries: in the order in which they are asked; tables stand before what is asked of them.
    """

    verb: str
    engine: str
    queries: tuple[Query, ...]

    def grids(self) -> list[Grid]:
        """Return what each query is, without its text."""
        rows = [
            (query.name, "a table" if query.is_kept else "an answer", query.refused or count(len(query.sql)))
            for query in self.queries
        ]
        note = (
            "Tables are computed once and named in later queries. What arrives and when, declarations and looks are asked "
            "of the embedded DuckDB, on the same files, whatever the engine."
        )
        return [Grid(f"Queries of {self.verb} on {self.engine}", ("query", "makes", "letters"), rows, (note,))]

    def __str__(self) -> str:
        texts = [
            f"-- {query.name}: {'a table' if query.is_kept else 'an answer'}\n"
            + (f"-- {query.refused}" if query.refused else f"{query.sql};")
            for query in self.queries
        ]
        return "\n\n".join([*(str(grid) for grid in self.grids()), *texts])


def queries_of(shop: Any, verb: str, name: str | None, engine: str) -> Queries:
    """Return the queries of a verb, which is asked anew.

    Args:
        shop: whose verb it is.
        verb: one of `EXPLAINED`.
        name: the experiment, where the verb is of one.
        engine: one of `ENGINES`.

    Raises:
        ConfigError: an experiment is named for a verb of the shop, or none for a verb of an experiment.
        UnknownNameError: there is no such verb, experiment or engine.
        EmptyStoreError: nothing is recorded.
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    return Queries(verb if name is None else f"{verb} {name}", engine, told(heard_of(shop, verb, name), engine))


def heard_of(shop: Any, verb: str, name: str | None = None) -> Hearing:
    """Return what a verb asks: see `queries_of`."""
    if verb not in EXPLAINED:
        raise UnknownNameError("verb whose queries can be told", verb, EXPLAINED)
    if (name is not None) != (verb in _OF_EXPERIMENT):
        wanted = f"`counterclick explain {verb}" + (" EXPERIMENT`" if verb in _OF_EXPERIMENT else "`")
        raise ConfigError(f"{'name the experiment' if verb in _OF_EXPERIMENT else 'no experiment is named here'}: {wanted}.")
    shop.refresh()  # a table that is there already would not be heard of
    with hearing() as heard:
        _asked(shop, verb, name)(heard)
    return heard


def _asked(shop: Any, verb: str, name: str | None) -> Callable[[Hearing], object]:
    if verb == "facts":
        return lambda heard: _facts(shop, heard)
    if verb == "metrics":
        return lambda heard: _metrics(shop, heard)
    if name is None:
        return lambda _heard: getattr(shop, verb)()
    experiment: Experiment = shop.experiment(name)
    if verb == "experiment":
        return lambda _heard: experiment.result(tuple(METRICS))
    return lambda _heard: getattr(experiment, verb)()


def _facts(shop: Any, heard: Hearing) -> None:
    shop.reading.as_of()
    for name in FACTS:
        table: Table = getattr(shop.facts, name)
        if table.op().name not in heard.places if hasattr(table.op(), "name") else True:
            heard.asked(table, name)


def _metrics(shop: Any, heard: Hearing) -> None:
    for name in METRICS:
        heard.subject = name
        shop.metric(name)


def told(heard: Hearing, engine: str) -> tuple[Query, ...]:
    """Return what was heard in an engine's words."""
    found = []
    for query in heard.queries.values():
        try:
            sql = _named(compiled(query.expr, engine, is_kept=query.is_kept), heard.places)
        except EngineError as error:
            found.append(Query(query.name, query.is_kept, "", str(error)))
        else:
            found.append(Query(query.name, query.is_kept, sql))
    return tuple(found)


def _named(sql: str, places: Mapping[str, str]) -> str:
    """Call tables what they are called, wherever the engine put them."""
    bare = re.sub(r'(["`]?\w+["`]?\.)?["`]?main["`]?\.(?=["`]?\w)', "", sql)
    return re.sub(r"\bkept_\w+\b", lambda found: places.get(found.group(), found.group()), bare)
