"""Whether assignment is clean: visitors in several arms, and orders whose arm is known, for each experiment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.audits.health import Carried
from counterclick.config import ExperimentConfig, duration
from counterclick.events.bulk import quoted
from counterclick.experiments.units import assigned_orders, ends_at, unmatched_orders
from counterclick.facts.local_time import day_begins
from counterclick.shop.health.joining import one_row
from counterclick.shop.reading import Reading

__all__ = ["carried_of"]


def carried_of(reading: Reading, experiments: Mapping[str, ExperimentConfig], timezone: str) -> tuple[Carried, ...]:
    """Return for each experiment with visitors: who is in several arms, and how many orders and revenue have an arm.

    The same visitors and orders count as in the verdict's checks.
    """
    if not experiments:
        return ()
    names = list(experiments)
    spans = [_span(own, timezone) for own in experiments.values()]
    runs = ", ".join(
        f"({quoted(name)}, {place}, {_micro(first)}, {_micro(last)})"
        for place, (name, (first, last)) in enumerate(zip(names, spans, strict=True))
    )
    pairs = [(name, arm) for name, own in experiments.items() for arm in own.variants]
    declared = ", ".join(f"({quoted(name)}, {quoted(arm)}, {place})" for place, (name, arm) in enumerate(pairs))
    # One number for time since the start and whether the arm is declared: its minimum is the first exposure's of both.
    exposed = f"""
        SELECT e, visitor_id, coalesce(v, -1) AS v, (o - begun) * 2 + (v IS NULL)::INT AS mark
        FROM (SELECT experiment, variant, visitor_id, epoch_us(occurred_at) AS o FROM events WHERE kind = 'exposure')
        JOIN (VALUES {runs}) AS runs(experiment, e, begun, ended) USING (experiment)
        LEFT JOIN (VALUES {declared}) AS arms(experiment, variant, v) USING (experiment, variant)
        WHERE o < ended"""
    counts = {
        names[place]: (n, several)
        for place, n, several in reading.rows(
            f"SELECT e, count(*), count(*) FILTER (several) FROM ({_eligible('hash(visitor_id)', exposed)}) GROUP BY e"
        )
    }
    facts = reading.facts
    known = facts.identities.semi_join(facts.orders.filter(_.customer_id.notnull()), "customer_id")
    known = reading.keep(known, "health_known")  # of nobody else is it asked whose visitor a customer is
    buyers = facts.orders.select("visitor_id").filter(_.visitor_id.notnull()).union(known.select("visitor_id"))
    buying = reading.keep(buyers.distinct(), "health_buyers")
    theirs = f"{exposed} AND visitor_id IN ({ibis.to_sql(buying, dialect='duckdb')})"
    reading.connection.execute(
        "CREATE OR REPLACE TEMP TABLE health_assigned AS SELECT e, who AS visitor_id FROM "
        f"({_eligible('visitor_id', theirs)})"
    )
    assigned = reading.backend.table("health_assigned")
    found = []
    for place, (name, config) in enumerate(experiments.items()):
        if name in counts:
            units = assigned.filter(assigned.e == place).select("visitor_id")
            orders = _orders(facts.orders, units, known, config, timezone)
            found.append(Carried(name, config.variants[config.feature], *counts[name], *orders))
    return tuple(found)


def _eligible(who: str, exposed: str) -> str:
    """SQL for eligible visitors of each experiment: first exposed after its start, in a declared arm."""
    return f"""
        SELECT e, who, several FROM (
            SELECT e, {who} AS who, min(v) <> max(v) AS several, min(mark) AS mark FROM ({exposed}) GROUP BY ALL)
        WHERE mark >= 0 AND mark % 2 = 0"""


def _orders(
    sold: Table, units: Table, known: Table, config: ExperimentConfig, timezone: str
) -> tuple[int, float, int, float]:
    """Return number and revenue of the orders in an experiment's time whose arm is known, and of those where it is not."""
    begin, until = _span(config, timezone)
    end = until + duration(config.window)
    sold = sold.select("visitor_id", "customer_id", "ordered_at", "revenue")
    inside = sold.filter((sold.ordered_at >= ibis.literal(begin)) & (sold.ordered_at < ibis.literal(end)))
    sums = {"n": _.count(), "revenue": _.revenue.sum().cast("float64")}
    own = one_row(assigned_orders(inside, units, known).agg(**sums))
    lost = one_row(unmatched_orders(inside, units, known, begin, end).agg(**sums))
    return own["n"], own["revenue"] or 0.0, lost["n"], lost["revenue"] or 0.0


def _span(config: ExperimentConfig, timezone: str) -> tuple[datetime, datetime]:
    return day_begins(config.starts_on, timezone), ends_at(config, timezone)


def _micro(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000
