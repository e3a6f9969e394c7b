"""Time our moments and adjusted arithmetic against tea-tasting on the same table in one run, and print ratios.

Ten million visitors lie in a DuckDB table; four metrics (revenue, orders, units, order value) of two arms are adjusted for
their own past. Both go through Ibis: tea-tasting's ``Experiment.analyze``, and our grouped sums and cross products with
`adjusted_lift`. Two tables: of shoppers who all do something, and of a shop in which 3 % buy, where ours adds up only those
who did anything, as experiments do.

Absolute times depend on the machine; the ratio is what is promised: at least twice as fast, and arithmetic under 5 ms.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import duckdb
import ibis
import tea_tasting as tt  # type: ignore[import-untyped]  # ships no types
from ibis.expr.types import Table

from counterclick.experiments.measured import grouped_moments
from counterclick.stats import Moments, adjusted_difference, adjusted_lift

NAMES = ("revenue", "orders", "units")
COLUMNS = (*NAMES, *(f"{name}_before" for name in NAMES))
METRICS = (("revenue", None), ("orders", None), ("units", None), ("revenue", "orders"))
REPEATS = 5
TOLERANCE = 1e-2
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


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that a piece of work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    """Run both on both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=10_000_000)
    visitors = parser.parse_args().visitors
    for what, rate in (("everyone buys", 1.0), ("3 % buy", 0.03)):
        table = filled(visitors, rate)
        arms = queried(table)
        for mine, other in zip(concluded(arms), analysed(table), strict=True):  # and a warm-up
            if abs(mine - other) > TOLERANCE:
                sys.exit(f"DIFFERENT: a lift of {mine} by us, {other} by tea-tasting")
        ours, theirs, arithmetic = [], [], []
        for _ in range(REPEATS):
            ours.append(timed(lambda table=table: concluded(queried(table))))  # type: ignore[misc]
            theirs.append(timed(lambda table=table: analysed(table)))  # type: ignore[misc]
            arithmetic.append(timed(lambda arms=arms: concluded(arms)))  # type: ignore[misc]
        ratio = statistics.median(other / mine for mine, other in zip(ours, theirs, strict=True))
        print(
            f"{visitors:,} visitors, {what}: ours {statistics.median(ours):.3f} s, theirs {statistics.median(theirs):.3f} s"
        )
        print(f"ratio {ratio:.2f} (goal: at least 2), median of {REPEATS} pairs")
        print(f"our arithmetic {statistics.median(arithmetic) / MILLISECOND:.2f} ms (goal: under 5)")


if __name__ == "__main__":
    main()
