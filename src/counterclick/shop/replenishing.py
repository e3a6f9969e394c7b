"""Replenishment of a shop: whom to remind of what, with a share left out by lot, whose exposures an experiment judges by."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from counterclick.config import REPLENISH, Config, ExperimentConfig
from counterclick.decisions.rebuys import buying_days, day_of
from counterclick.decisions.replenishment import Replenishment, stale
from counterclick.decisions.segments import SEGMENTS, segments_of
from counterclick.display import Grid, Shown, count, percent
from counterclick.errors import ConfigError, InputError
from counterclick.shop.customer_lots import arms_of
from counterclick.shop.learnt import taken_up
from counterclick.shop.reading import Reading
from counterclick.store import Store

__all__ = ["Segments", "learnt_now", "lots", "running", "segments", "write_segments"]

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Segments(Shown):
    """Whom to remind of what.

    Attributes:
        today: first day that may be sent on.
        rows: one for each customer and type of product, in the columns of `counterclick.decisions.segments.SEGMENTS`.
        missing: what is missing, each in one sentence; then there are no rows.
        experiment: that leaves a share out; None where none runs.
        n_reminded: customers in the rows.
        n_left_out: customers who would be in it, and are left out by lot.
        share: of customers who are left out; 0 without an experiment.
        n_scored: customers who had ordered by then: the population.
    """

    today: date
    rows: pa.Table = field(repr=False)
    missing: tuple[str, ...] = ()
    experiment: str | None = None
    n_reminded: int = 0
    n_left_out: int = 0
    share: float = 0.0
    n_scored: int = 0

    def grids(self) -> list[Grid]:
        """Return the first rows, and what the rest is."""
        rows = [
            (
                row["customer_id"],
                row["type"],
                percent(row["probability_14_days"]),
                percent(row["probability_30_days"]),
                f"{row['send_on']}",
                f"{row['expected_orders']:,.1f}",
                f"{row['expected_value']:,.2f}",
            )
            for row in self.rows.slice(0, _SHOWN).to_pylist()
        ]
        heads = ("customer", "type", "14 days", "30 days", "send on", "orders a year", "value a year")
        notes = [f"Missing: {each}." for each in self.missing]
        if self.rows.num_rows > _SHOWN:
            notes.append(f"{count(_SHOWN)} of {count(self.rows.num_rows)} rows; `--out segments.csv` writes all of them.")
        if self.missing:
            return [Grid("Nobody to remind", (), (), notes)]
        whom = f"{count(self.n_reminded)} of {count(self.n_scored)} customers"
        if self.experiment is None:
            notes.append(
                "Nobody is left out: whether reminders earn anything will not be known. Declare an experiment with "
                f'unit = "customer" and the arm {REPLENISH}.'
            )
        else:
            notes.append(
                f"{count(self.n_left_out)} customers ({percent(self.share)} by lot) are left out: do not write to them. "
                f"`counterclick experiment verdict {self.experiment}` judges by orders."
            )
        return [Grid(f"{whom} to remind, as of {self.today}", heads if rows else (), rows, notes, left=2)]


def write_segments(found: Segments, path: Path) -> None:
    """Write all rows as CSV.

    Args:
        found: whom to remind.
        path: of the file, written anew.

    Raises:
        InputError: it cannot be written.
    """
    try:
        with path.open("wb") as file:
            csv.write_csv(found.rows, file)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def learnt_now(store: Store, config: Config, fit: Callable[[Collection[str]], object]) -> tuple[Replenishment | None, str]:
    """Return what is known of who buys again, fitted now where it never was; else None, and why it may not serve.

    Args:
        store: of the shop.
        config: what ``shop.toml`` declares.
        fit: lets models of these names be fitted.
    """
    found = taken_up(store, config, datetime.now(UTC))
    if found == "":
        fit((REPLENISH,))
        found = taken_up(store, config, datetime.now(UTC))
    if isinstance(found, str):
        return None, f"{found}: `counterclick fit` fits it"
    return found, ""


def running(config: Config, today: date) -> tuple[str, ExperimentConfig] | None:
    """Return the experiment that leaves customers out on a day; None where none runs.

    Raises:
        ConfigError: several do.
    """
    own = [
        (name, each)
        for name, each in config.experiments.items()
        if REPLENISH in each.variants and each.starts_on <= today <= each.ends_on
    ]
    if len(own) > 1:
        listed = ", ".join(name for name, _each in own)
        raise ConfigError(f"{len(own)} experiments with the arm {REPLENISH!r} run on {today}: {listed}. Let one end first.")
    return own[0] if own else None


def segments(
    reading: Reading, config: Config, learnt: Replenishment | None, lacks: str, today: date | None, least: float, most: int
) -> Segments:
    """Return whom to remind of what, nobody left out yet.

    Args:
        reading: the store.
        config: what ``shop.toml`` declares.
        learnt: what is known of who buys again; None where it may not serve.
        lacks: why not.
        today: first day that may be sent on; the shop's present day unless given.
        least: chance below which a pair is left out.
        most: types of one customer at most.

    Raises:
        ConfigError: ``least`` is no chance, or ``most`` is below 1.
        RefusedError: what was learned is of days that were not over by then.
    """
    if not 0 <= least < 1:
        raise ConfigError(f"least is a chance from 0 to below 1, such as 0.1; it was {least:g}.")
    if most < 1:
        raise ConfigError(f"most is 1 or more types of a customer; it was {most}.")
    reading.as_of()
    day = today or datetime.now(ZoneInfo(config.shop.timezone)).date()
    empty = Segments(day, SEGMENTS.empty_table(), (lacks,))
    if learnt is None:
        return empty
    missing, knows = learnt.learnt().missing, learnt.knows
    if knows is None:
        return Segments(day, empty.rows, missing)
    days = buying_days(reading.facts.outcomes(), config.shop.timezone)
    old = stale(day_of(days.last), day, config.readiness)
    if old:
        return Segments(day, empty.rows, (old,))
    table = segments_of(days, knows, day, config.replenishment.ahead_days, least, most)
    n = _different(table["customer_id"])
    return Segments(day, table, n_reminded=n, n_scored=len(days.customers))


def lots(found: Segments, name: str, settings: ExperimentConfig, kept: dict[str, str]) -> tuple[Segments, pa.Table]:
    """Return whom to remind once a share is left out by lot, and the exposures of all of them, in both arms alike.

    Args:
        found: whom to remind, nobody left out.
        name: the experiment.
        settings: what it declares.
        kept: customer -> arm that it keeps, where shares have changed on the way.
    """
    customers = pc.unique(found.rows["customer_id"].combine_chunks())
    variant = arms_of(customers, name, settings, found.today, kept)
    chosen = customers.filter(pc.equal(variant, REPLENISH))
    rows = found.rows.filter(pc.is_in(found.rows["customer_id"], value_set=chosen))
    exposed = pa.table({"customer_id": customers, "variant": variant})
    n_out = len(customers) - len(chosen)
    share = 1 - settings.shares_on(found.today)[REPLENISH]
    own = Segments(found.today, rows, (), name, len(chosen), n_out, share, found.n_scored)
    return own, exposed


def _different(column: pa.ChunkedArray) -> int:
    return len(pc.unique(column))
