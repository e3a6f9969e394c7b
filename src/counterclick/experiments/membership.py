"""Whether one order counts in an experiment, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ibis.expr.types import Table

from counterclick.config import duration
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.units import ends_at
from counterclick.facts.local_time import day_begins
from counterclick.facts.rows import all_rows

__all__ = ["Membership", "membership"]


@dataclass(frozen=True, slots=True)
class Membership:
    """An order in one experiment.

    Attributes:
        experiment: which.
        variant: the arm of its visitor; None where it is in none.
        exposed_at: since when, UTC; None where it is in none.
        counts: whether the order counts in that arm now.
        says: why, or why not, in one sentence.
    """

    experiment: str
    variant: str | None
    exposed_at: datetime | None
    counts: bool
    says: str


def membership(cohort: Cohort, order_id: str, ordered_at: datetime, visitor_id: str | None) -> Membership:
    """Return whether an order counts in an experiment: by the same tables from which result and verdict are made.

    Args:
        cohort: of the experiment.
        order_id: of an order of the shop.
        ordered_at: when it was placed, UTC.
        visitor_id: whom it names; None where it names none.
    """
    owned = _first(cohort.orders.filter(cohort.orders.order_id == order_id))
    if owned is None:
        return Membership(cohort.name, None, None, counts=False, says=_of_nobody(cohort, order_id, ordered_at, visitor_id))
    unit = _first(cohort.everyone.filter(cohort.everyone.visitor_id == owned["visitor_id"]))
    assert unit is not None  # noqa: S101 - an order is assigned to an eligible visitor alone
    counts, says = _in_window(cohort, ordered_at, unit["exposed_at"])
    if owned["visitor_id"] != visitor_id:
        says += f" It is the customer's, whose one visitor in this experiment is {owned['visitor_id']}."
    if unit["n_variants"] > 1:
        says += f" Its visitor was seen in {unit['n_variants']} arms, and keeps the first."
    return Membership(cohort.name, unit["variant"], unit["exposed_at"], counts, says)


def _in_window(cohort: Cohort, ordered_at: datetime, exposed_at: datetime) -> tuple[bool, str]:
    config, context = cohort.config, cohort.context
    window = duration(config.window)
    finished_at = exposed_at + window + context.allowance
    if ordered_at < exposed_at:
        return False, "Not: it was placed before its visitor became eligible."
    if ordered_at >= exposed_at + window:
        return False, f"Not: it was placed after its visitor's window of {config.window} had closed."
    if finished_at > context.as_of:
        return (
            False,
            f"Not yet: its visitor's window, and the time for late events, closes on {finished_at:%Y-%m-%d %H:%M} UTC.",
        )
    return True, f"Counts: it was placed within {config.window} after its visitor became eligible."


def _of_nobody(cohort: Cohort, order_id: str, ordered_at: datetime, visitor_id: str | None) -> str:
    """Say why an order is no eligible visitor's."""
    config, zone = cohort.config, cohort.context.timezone
    begins, ends = day_begins(config.starts_on, zone), ends_at(config, zone) + duration(config.window)
    if not begins <= ordered_at < ends:
        last = f"{ends - timedelta(seconds=1):%Y-%m-%d}"
        return f"Not: the experiment, with its last windows, is from {config.starts_on} to {last}."
    undeclared = _first(cohort.exposed.filter(cohort.exposed.visitor_id == visitor_id)) if visitor_id else None
    if undeclared is not None:
        return f"Not: its visitor was exposed in the arm {undeclared['variant']!r}, which is not declared."
    if _first(cohort.unmatched.filter(cohort.unmatched.order_id == order_id)) is not None:
        return "Not: whose it is cannot be told: it names nobody who is known, or its customer has several visitors here."
    return "Not: its visitor never became eligible here."


def _first(rows: Table) -> dict[str, Any] | None:
    found = all_rows(rows.head(1))
    return found[0] if found else None
