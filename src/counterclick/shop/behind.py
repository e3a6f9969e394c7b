"""The rows behind a figure: what a measure adds up, as the shop's facts have it, and what these rows add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.attribution import claims
from counterclick.audits import CLAIM_RULE, claimed_by_surface
from counterclick.config import Config
from counterclick.display import Grid, Shown
from counterclick.errors import ConfigError, UnknownNameError
from counterclick.events.schema import FIELDS_OF
from counterclick.experiments import Experiment
from counterclick.facts.local_time import day_begins
from counterclick.facts.rows import all_rows, one_row
from counterclick.metrics import MEASURES, Sources, added_up, rows_of_surface

__all__ = ["LISTED", "MOST_ROWS", "RowList", "Which", "rows_behind", "where_of"]

MOST_ROWS = 10_000
"""Rows that are listed at once."""
_WIDEST = 18
_FIRST = 6
"""Columns that a shell has room for; JSON and pages have all."""
_EVENT = ("occurred_at", "kind", "event_id", "received_at", "source", "visitor_id", "customer_id", "surface", "order_id")


@dataclass(frozen=True, slots=True)
class Which:
    """Which rows are meant.

    Attributes:
        since: of this day of the shop and later.
        until: of this day and earlier.
        surface: what belongs to it; of rows that name none, those of visitors who met it.
        experiment: whose visitors, of ``visitors``; which events name, of ``events``.
        where: column -> the text that it holds.
        is_known: only rows whose visitor is known, as figures per visitor count.
    """

    since: date | None = None
    until: date | None = None
    surface: str | None = None
    experiment: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class RowList(Shown):
    """Rows, the newest first.

    Attributes:
        of: what was asked for: a measure, or a table.
        grain: what a row is.
        adds_up: what a measure adds up, in a sentence; empty for a table.
        total: what all of these rows add up to by the measure, not the listed ones alone; None for a table.
        is_money: whether that is in the shop's currency.
        currency: of amounts.
        columns: names.
        rows: values, in the order of the columns.
        n_all: how many rows there are in all.
        which: what they were limited to.
    """

    of: str
    grain: str
    adds_up: str
    total: float | None
    is_money: bool
    currency: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    n_all: int
    which: Which

    def grids(self) -> list[Grid]:
        """Return them as a table: as many columns as a shell has room for."""
        shown = self.columns[:_FIRST]
        rows = [[_short(_written(value)) for value in row[:_FIRST]] for row in self.rows]
        notes = [f"{len(rows):,} of {self.n_all:,} rows; a row is {self.grain}. Times in UTC, amounts in {self.currency}."]
        if self.total is not None:
            amount = f"{self.total:,.2f}" if self.is_money else f"{self.total:,.0f}"
            notes.append(f"All of them add up to {amount}: {self.adds_up}")
        if len(self.columns) > _FIRST:
            notes.append(f"JSON has also: {', '.join(self.columns[_FIRST:])}.")
        return [Grid(f"Rows of {self.of}", shown, rows, notes, left=len(shown))]


@dataclass(frozen=True, slots=True)
class _Listed:
    """A table of which rows are listed: what a row is, when it was, and its columns."""

    grain: str
    at: str
    columns: tuple[str, ...]


_DONE = ("measured_at", "surface", "kind", "visitor_id", "product_id", "channel", "is_touch", "interaction_id")
_ORDER = ("ordered_at", "order_id", "visitor_id", "revenue", "returned_value", "net_revenue", "units", "customer_id")
LISTED: Mapping[str, _Listed] = {
    "orders": _Listed(
        "a completed order",
        "ordered_at",
        (*_ORDER, "channel", "matured_net_revenue", "margin", "kept_margin", "costed_revenue", "returned_units"),
    ),
    "order_lines": _Listed(
        "a line of an order",
        "ordered_at",
        ("ordered_at", "order_id", "product_id", "quantity", "revenue", "list_value", "cost", "visitor_id", "decision_id"),
    ),
    "refunds": _Listed(
        "a return or a cancellation",
        "refunded_at",
        ("refunded_at", "order_id", "is_return", "is_matched", "returned_value", "returned_units", "ordered_at"),
    ),
    "line_returns": _Listed(
        "a line of an order that was not cancelled, with when it came back",
        "ordered_at",
        ("ordered_at", "order_id", "product_id", "quantity", "unit_price", "returned_at"),
    ),
    "cart_adds": _Listed(
        "a product laid into a cart", "measured_at", ("measured_at", "visitor_id", "quantity", "amount", "event_id")
    ),
    "carts": _Listed(
        "a cart, placed where it was last touched", "measured_at", ("measured_at", "visitor_id", "added_value", "cart_value")
    ),
    "sessions": _Listed(
        "a visit, placed at its end", "measured_at", ("measured_at", "visitor_id", "session_seconds", "n_events")
    ),
    "impressions": _Listed(
        "a list shown or a message sent", "measured_at", ("measured_at", "surface", "visitor_id", "customer_id")
    ),
    "clicks": _Listed("a click", "measured_at", _DONE),
    "answers": _Listed("an answer of an assistant", "measured_at", _DONE),
    "interactions": _Listed("an answer or a click", "measured_at", _DONE),
    "touches": _Listed("a helpful answer or a click", "measured_at", _DONE),
    "successes": _Listed(
        "a touch that an order of the same person followed",
        "measured_at",
        ("measured_at", "surface", "kind", "order_id", "visitor_id", "interaction_id"),
    ),
    "shown": _Listed(
        "a product in a list that was shown", "measured_at", ("measured_at", "surface", "product_id", "visitor_id")
    ),
    "shown_orders": _Listed(
        "a product of an order that had been shown before",
        "measured_at",
        ("measured_at", "surface", "product_id", "order_id", "visitor_id"),
    ),
    "credits": _Listed(
        "an order that the shop's rule credits",
        "measured_at",
        ("measured_at", "order_id", "surface", "attributed_revenue", "kind", "touched_at", "visitor_id"),
    ),
    "claims": _Listed(
        "an order that a surface or its tool claims",
        "ordered_at",
        ("ordered_at", "order_id", "surface", "claimant", "claimed_revenue"),
    ),
    "tool_claims": _Listed(
        "a claim as a tool reported it",
        "",
        ("claimant", "claim_window", "order_id", "period_starts_at", "period_ends_at", "currency", "claimed_amount", "nth"),
    ),
    "visitors": _Listed(
        "an eligible visitor of the experiment whose window has closed, with what was bought within it",
        "exposed_at",
        ("exposed_at", "visitor_id", "variant", "device", "country", "is_returning", "revenue", "orders"),
    ),
    "events": _Listed("an event as it was recorded", "occurred_at", _EVENT),
}
"""Table -> how its rows are listed. Measures are listed by the table that they add up."""


def where_of(told: Iterable[str]) -> dict[str, str]:
    """Return what columns are to hold, as it was written: ``variant=bundles``.

    Raises:
        ConfigError: it is written otherwise.
    """
    found = {}
    for each in told:
        column, sign, text = each.partition("=")
        if not column or not sign:
            raise ConfigError(f"what a column holds is written as variant=bundles; it was {each[:60]!r}.")
        found[column] = text
    return found


def rows_behind(
    sources: Sources, config: Config, of: str, which: Which, most: int, experiment: Callable[[str], Experiment]
) -> RowList:
    """Return the rows that a figure is made of.

    Args:
        sources: the shop's tables.
        config: of the shop.
        of: a measure, such as ``net_revenue``, or one of `LISTED`.
        which: which of them.
        most: how many are listed, the newest.
        experiment: returns a declared one.

    Raises:
        ConfigError: the rows have no such column, or so many are not listed.
        UnknownNameError: there is no such measure or table, experiment, or kind of event.
    """
    if not 1 <= most <= MOST_ROWS:
        raise ConfigError(f"from 1 to {MOST_ROWS:,} rows are listed at once; {most:,} were asked for.")
    measure = MEASURES.get(of)
    name = measure.source if measure else of
    if name not in LISTED:
        raise UnknownNameError("measure or table", of, [*MEASURES, *LISTED])
    listed = LISTED[name]
    table, columns = _table(sources, config, name, which, experiment)
    for column, text in which.where.items():
        if column not in table.columns or not table[column].type().is_string():
            texts = [each for each in table.columns if table[each].type().is_string() and not each.startswith("_")]
            raise ConfigError(f"rows of {of} have no column {column!r} that holds a text; they have: {', '.join(texts)}.")
        table = table.filter(table[column] == text)
    if which.is_known and "visitor_id" in table.columns:
        table = table.filter(table.visitor_id.notnull())
    table = _during(table, listed, of, which, config.shop.timezone)
    total = {"total": added_up(table, measure)} if measure else {}
    summed = one_row(table.agg(n_all=_.count(), **total))
    newest = [_[listed.at].desc()] if listed.at else []
    then = [name for name in columns if name != listed.at]
    found = all_rows(table.select(*columns).order_by([*newest, *then[:3]]).head(most))
    return RowList(
        of=of,
        grain=listed.grain,
        adds_up=measure.says if measure else "",
        total=summed["total"] or 0.0 if measure else None,
        is_money=measure is not None and measure.is_money,
        currency=config.shop.currency,
        columns=columns,
        rows=tuple(tuple(row[column] for column in columns) for row in found),
        n_all=int(summed["n_all"]),
        which=which,
    )


def _table(
    sources: Sources, config: Config, name: str, which: Which, experiment: Callable[[str], Experiment]
) -> tuple[Table, tuple[str, ...]]:
    """Return the table of that name with the columns that are listed of it."""
    facts, columns = sources.facts, LISTED[name].columns
    if name == "visitors":
        return _visitors(experiment, which)
    if which.experiment is not None and name != "events":
        raise ConfigError(f"an experiment has rows of visitors and of events; rows of {name} belong to none.")
    if name == "events":
        return _events(facts.events, which)
    if name == "claims":
        ruled = claims(facts.orders, facts.interactions, CLAIM_RULE)
        by = claimed_by_surface(ruled, facts.tool_claims, facts.orders, config.claimed_by)
        table = by.join(facts.orders.select("order_id", "ordered_at", "visitor_id"), "order_id")
    elif name in ("order_lines", "line_returns", "tool_claims"):
        table = getattr(facts, name)
    elif name == "refunds":
        table = facts.returns
    else:
        table = rows_of_surface(sources, name, which.surface, own=not which.is_known)
        return table, columns
    if which.surface is not None:
        table = table.filter(table.surface == which.surface) if "surface" in table.columns else _refuse_surface(name)
    return table, columns


def _refuse_surface(name: str) -> Table:
    raise ConfigError(f"rows of {name} belong to no surface.")


def _visitors(experiment: Callable[[str], Experiment], which: Which) -> tuple[Table, tuple[str, ...]]:
    """Return the finished visitors of an experiment with what they did: the rows of its verdict."""
    if which.experiment is None:
        raise ConfigError("rows of visitors are those of an experiment: name it.")
    found = experiment(which.experiment)
    units, active = found.finished_visitors(), found.active_visitors()
    sums = [name for name in active.columns if name not in units.columns]
    told = active.select(_visitor="visitor_id", **{f"_{name}": name for name in sums})
    joined = units.left_join(told, units.visitor_id == told["_visitor"])
    table = joined.select(*units.columns, **{name: ibis.coalesce(joined[f"_{name}"], 0.0) for name in sums})
    return table, tuple(dict.fromkeys([*LISTED["visitors"].columns, *sums]))


def _events(events: Table, which: Which) -> tuple[Table, tuple[str, ...]]:
    """Return events: of one kind with all that it says, of all with what every kind has."""
    kind = which.where.get("kind")
    columns = list(_EVENT)
    if kind is not None:
        if kind not in FIELDS_OF:
            raise UnknownNameError("kind of event", kind, FIELDS_OF)
        own = [name for name in FIELDS_OF[kind] if name in events.columns]
        columns = [*dict.fromkeys(["occurred_at", "kind", *own, "event_id", "received_at", "source"])]
    for column, text in (("surface", which.surface), ("experiment", which.experiment)):
        events = events if text is None else events.filter(events[column] == text)
    nested = {name: events[name].cast("json").cast("string") for name in columns if events[name].type().is_nested()}
    return events.mutate(**nested) if nested else events, tuple(columns)


def _during(table: Table, listed: _Listed, of: str, which: Which, timezone: str) -> Table:
    """Return the rows of the days that are meant."""
    if which.since is None and which.until is None:
        return table
    if not listed.at:
        raise ConfigError(f"rows of {of} are of no day.")
    at = table[listed.at]
    if which.since is not None:
        table = table.filter(at >= ibis.literal(day_begins(which.since, timezone)))
    if which.until is not None:
        table = table.filter(table[listed.at] < ibis.literal(day_begins(which.until + timedelta(days=1), timezone)))
    return table


def _written(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:,.2f}" if isinstance(value, float | Decimal) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
