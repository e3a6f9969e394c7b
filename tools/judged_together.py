"""Many simulated shops, measured at once by the product's own path, and each judged for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import duckdb
import ibis
import pyarrow as pa
from ibis.expr.types import Table

from counterclick.attribution import FirstTouch
from counterclick.config import ExperimentConfig
from counterclick.experiments import Context
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.judging import judge
from counterclick.experiments.measured import Measured, measure
from counterclick.facts import Facts
from counterclick.metrics import metric_named
from counterclick.verdicts import Verdict

__all__ = ["judged"]


def judged(
    events: Sequence[pa.Table],
    pairs: Sequence[tuple[str, str]],
    *,
    experiment: str,
    surface: str,
    starts_on: date,
    weeks: int,
    outcome: str = "revenue_per_visitor",
) -> list[Verdict]:
    """Return the verdict of each pair of arms, as if it were an experiment of its own.

    Args:
        events: of the shops; their visitors, orders and arms have names of their own.
        pairs: control and treatment of each.
        experiment: of all of them.
        surface: of it.
        starts_on: its first day.
        weeks: of entry.
        outcome: name of the metric.
    """
    connection = duckdb.connect()
    connection.register("log", pa.concat_tables(events))
    connection.execute("SET TimeZone = 'UTC'; CREATE TABLE events AS SELECT * FROM log")
    backend = ibis.duckdb.from_connection(connection)

    def keep(
        table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        del by, merges, per
        return backend.create_table(f"kept_{name}", table, temp=True, overwrite=True)

    context = Context(
        facts=Facts(backend.table("events"), "EUR", None, keep),
        as_of=datetime(2026, 6, 1, tzinfo=UTC),
        rule=FirstTouch(),
        currency="EUR",
        timezone="UTC",
        allowance=timedelta(days=2),
        returns_window=timedelta(days=30),
    )

    def declared(arms: Sequence[str]) -> ExperimentConfig:
        ends_on = starts_on + timedelta(days=7 * weeks - 1)
        shares = dict.fromkeys(arms, 1 / len(arms))
        return ExperimentConfig(surface=surface, control=arms[0], variants=shares, starts_on=starts_on, ends_on=ends_on)

    metrics = [metric_named(outcome)]
    every = [arm for pair in pairs for arm in pair]
    measured = measure(Cohort(experiment, declared(every), context), metrics)
    return [judge(experiment, declared(pair), context, _alone(measured, pair), metrics) for pair in pairs]


def _alone(measured: Measured, arms: Sequence[str]) -> Measured:
    """Return what was measured of one shop's arms."""
    return replace(
        measured,
        arms={arm: measured.arms[arm] for arm in arms},
        by_day={key: value for key, value in measured.by_day.items() if key[0] in arms},
        n_eligible=sum(measured.arms[arm].n for arm in arms),
        unmatched=0.0,
        n_unmatched=0,
    )
