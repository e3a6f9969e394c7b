"""Time our moments and adjusted arithmetic against tea-tasting on the same table in one run, and print ratios.

Ten million visitors lie in a DuckDB table; four metrics (revenue, orders, units, order value) of two arms are adjusted for
their own past. Both go through Ibis: tea-tasting's ``Experiment.analyze``, and our grouped sums and cross products with
`adjusted_lift`. Two tables: of shoppers who all do something, and of a shop in which 3 % buy, where ours adds up only those
who did anything, as experiments do.

Beside them the same sums by hand in pandas and in Polars, of frames that lie in memory already: reading the table is not
counted for these. What follows from the sums is the same arithmetic.

Absolute times depend on the machine; the ratio is what is promised: at least twice as fast, and arithmetic under 5 ms.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import duckdb
import ibis
import numpy as np
import pandas as pd
import polars as pl
import tea_tasting as tt  # type: ignore[import-untyped]  # ships no types
from bench_figures import timed
from ibis.expr.types import Table

from counterclick.experiments.measured import grouped_moments
from counterclick.stats import Moments, adjusted_difference, adjusted_lift

NAMES = ("revenue", "orders", "units")
COLUMNS = (*NAMES, *(f"{name}_before" for name in NAMES))
METRICS = (("revenue", None), ("orders", None), ("units", None), ("revenue", "orders"))
REPEATS = 5
TOLERANCE = 1e-2
EXACT = 1e-9
MILLISECOND = 1e-3


def filled(visitors: int, rate: float) -> Table:
    """Return a table of visitors, of whom a fraction buys, now and before; half of them in each arm."""
    connection = duckdb.connect()
    connection.execute("SELECT setseed(0.5)")
    connection.execute(f"""
        CREATE TABLE visitors AS
        WITH drawn AS (
            SELECT random() < 0.5 AS treated, random() AS taste,
                (random() < {rate})::INT * (1 + (random() * 2)::INT) AS orders,
                (random() < {rate})::INT * (1 + (random() * 2)::INT) AS orders_before
            FROM range({visitors})
        )
        SELECT if(treated, 'b', 'a') AS variant,
            orders * (20 + 80 * taste) * if(treated, 1.02, 1) AS revenue, orders::DOUBLE AS orders,
            orders * (1 + (3 * taste)::INT)::DOUBLE AS units,
            orders_before * (20 + 80 * taste) AS revenue_before, orders_before::DOUBLE AS orders_before,
            orders_before * (1 + (3 * taste)::INT)::DOUBLE AS units_before
        FROM drawn
    """)  # noqa: S608 - numbers of our own
    return ibis.duckdb.from_connection(connection).table("visitors")


def past_of(metric: tuple[str, str | None]) -> list[str]:
    """Return the covariates of a metric."""
    return [f"{name}_before" for name in metric if name is not None]


def queried(table: Table) -> dict[str, Moments]:
    """Return our moments of each arm."""
    active = table.filter((table.orders > 0) | (table.orders_before > 0))
    counted = table.group_by("variant").agg(n=table.count()).to_pyarrow().to_pylist()
    sizes = {(row["variant"],): row["n"] for row in counted}
    return {arm: moments for (arm,), moments in grouped_moments(sizes, active, COLUMNS, ("variant",)).items()}


def concluded(arms: dict[str, Moments]) -> list[float]:
    """Return our four adjusted lifts; differences and intervals are computed with them."""
    for metric in METRICS:
        adjusted_difference(arms["a"], arms["b"], metric[0], past_of(metric), metric[1])
    return [adjusted_lift(arms["a"], arms["b"], metric[0], past_of(metric), metric[1]).estimate.value for metric in METRICS]


def analysed(table: Table) -> list[float]:
    """Return tea-tasting's four adjusted lifts."""
    experiment = tt.Experiment(
        revenue=tt.Mean("revenue", "revenue_before"),
        orders=tt.Mean("orders", "orders_before"),
        units=tt.Mean("units", "units_before"),
        aov=tt.RatioOfMeans("revenue", "orders", "revenue_before", "orders_before"),
    )
    found = experiment.analyze(table, control="a")
    return [float(found[name].rel_effect_size) for name in ("revenue", "orders", "units", "aov")]


def in_pandas(frame: pd.DataFrame) -> dict[str, Moments]:
    """Return the moments of each arm, by hand, of a frame in memory."""
    found = {}
    for arm, own in frame.groupby("variant", observed=True):
        values = own[[*COLUMNS]].to_numpy()
        found[str(arm)] = Moments.from_sums(COLUMNS, len(values), values.sum(axis=0), values.T @ values)
    return found


def in_polars(frame: pl.DataFrame) -> dict[str, Moments]:
    """Return the moments of each arm, by hand, of a frame in memory."""
    k = len(COLUMNS)
    sums = [pl.col(name).sum().alias(f"s_{name}") for name in COLUMNS]
    products = [(pl.col(COLUMNS[i]) * pl.col(COLUMNS[j])).sum().alias(f"p_{i}_{j}") for i in range(k) for j in range(i + 1)]
    rows = frame.lazy().group_by("variant").agg(pl.len().alias("n"), *sums, *products).collect().to_dicts()
    found = {}
    for row in rows:
        cross = np.array([[row[f"p_{max(i, j)}_{min(i, j)}"] for j in range(k)] for i in range(k)])
        found[row["variant"]] = Moments.from_sums(COLUMNS, row["n"], np.array([row[f"s_{name}"] for name in COLUMNS]), cross)
    return found


@dataclass(frozen=True, slots=True)
class Compared:
    """What the analysis of one table took.

    Attributes:
        visitors: of it.
        what: which table.
        seconds: who -> median.
        ratios: who -> median of its seconds by ours, in pairs.
        arithmetic: milliseconds of what follows from the sums.
    """

    visitors: int
    what: str
    seconds: Mapping[str, float]
    ratios: Mapping[str, float]
    arithmetic: float


def compared(visitors: int, repeats: int = REPEATS) -> list[Compared]:
    """Return how long each takes for both tables, in turn; stop where they disagree."""
    return [_compared(visitors, what, rate, repeats) for what, rate in (("everyone buys", 1.0), ("3 % buy", 0.03))]


def _compared(visitors: int, what: str, rate: float, repeats: int) -> Compared:
    table = filled(visitors, rate)
    arrow = table.to_pyarrow()
    polars = pl.DataFrame(arrow)
    pandas = arrow.to_pandas(strings_to_categorical=True)
    del arrow
    ways: dict[str, Callable[[], list[float]]] = {
        "counterclick": lambda: concluded(queried(table)),
        "tea-tasting": lambda: analysed(table),
        "pandas by hand": lambda: concluded(in_pandas(pandas)),
        "Polars by hand": lambda: concluded(in_polars(polars)),
    }
    expected = ways["counterclick"]()
    for who, way in ways.items():  # and a warm-up
        if not np.allclose(way(), expected, atol=TOLERANCE if who == "tea-tasting" else EXACT, rtol=0):
            sys.exit(f"DIFFERENT: lifts of {expected} by us, of {way()} by {who}")
    taken: dict[str, list[float]] = {who: [] for who in ways}
    for _ in range(repeats):
        for who, way in ways.items():
            taken[who].append(timed(way))
    arms = queried(table)
    arithmetic = statistics.median(timed(partial(concluded, arms)) for _ in range(repeats))
    ratios = {
        who: statistics.median(other / mine for mine, other in zip(taken["counterclick"], own, strict=True))
        for who, own in taken.items()
        if who != "counterclick"
    }
    medians = {who: statistics.median(own) for who, own in taken.items()}
    return Compared(visitors, what, medians, ratios, arithmetic / MILLISECOND)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=10_000_000)
    for found in compared(parser.parse_args().visitors):
        print(f"{found.visitors:,} visitors, {found.what}")
        for who, seconds in found.seconds.items():
            print(f"  {who}: {seconds:.3f} s, ratio {found.ratios.get(who, 1.0):.2f}")
        print(f"  our arithmetic {found.arithmetic:.2f} ms")


if __name__ == "__main__":
    main()
