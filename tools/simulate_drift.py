"""Proxy drift: how often each interval of a trend is wrong on short series, and how often two of ASOS's metrics agreed.

``python tools/simulate_drift.py`` prints the tables of docs/drift.md, in half a minute.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
from scipy import special
from simulate_asos import DATA, FILE

from counterclick.audits import Agreement
from counterclick.audits.drift_experiments import agreement_of
from counterclick.errors import RefusedError
from counterclick.stats import Estimate, Moments, log_ratio_lift
from counterclick.stats.drift import critical_value, trend_forms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LENGTHS = (4, 6, 8, 13, 26, 52)
AUTOCORRELATIONS = (0.0, 0.3, 0.6, 0.8)
SERIES = 20_000
LEVEL = 0.95
WEEKLY_NOISE = 0.05
"""Standard deviation of a week's logarithm about its trend, for the reach."""
METHODS = ("least squares, t", "Newey-West, normal", "ours")


def series(n: int, rho: float, how_many: int, rng: np.random.Generator) -> Floats:
    """Return stationary Gaussian AR(1) series without a trend, shape (how_many, n), of variance 1."""
    found = np.empty((how_many, n))
    found[:, 0] = rng.standard_normal(how_many)
    for t in range(1, n):
        found[:, t] = rho * found[:, t - 1] + math.sqrt(1 - rho**2) * rng.standard_normal(how_many)
    return found


def half_widths(logs: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Return method -> slopes and half-widths of their 95 % intervals, each shape (how_many,).

    Args:
        logs: (how_many, n) series.
    """
    n = logs.shape[1]
    weights, spread = trend_forms(n)
    slopes = logs @ weights
    times = np.arange(n) - (n - 1) / 2
    left = logs - logs.mean(axis=1, keepdims=True) - slopes[:, np.newaxis] * times
    scale = np.sqrt((left**2).sum(axis=1) / (n - 2) * (weights @ weights))
    lags = int(4 * (n / 100) ** (2 / 9))  # the usual default
    kernel = np.maximum(0.0, 1 - np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / (lags + 1))
    scored = left * weights
    usual = np.sqrt(np.einsum("ij,jk,ik->i", scored, kernel, scored))
    ours = np.sqrt(np.einsum("ij,jk,ik->i", logs, spread, logs))
    tail = 0.5 + LEVEL / 2
    return {
        METHODS[0]: (slopes, float(special.stdtrit(n - 2, tail)) * scale),
        METHODS[1]: (slopes, float(special.ndtri(tail)) * usual),
        METHODS[2]: (slopes, critical_value(n, LEVEL) * ours),
    }


def false_alarms(how_many: int = SERIES, seed: int = 1) -> dict[tuple[str, int, float], float]:
    """Return (method, weeks, autocorrelation) -> share of series without a trend that are called one, of both sides."""
    rng = np.random.default_rng(seed)
    found = {}
    for n in LENGTHS:
        for rho in AUTOCORRELATIONS:
            for method, (slopes, reach) in half_widths(series(n, rho, how_many, rng)).items():
                found[method, n, rho] = float((np.abs(slopes) > reach).mean())
    return found


def reaches(how_many: int = SERIES, seed: int = 2) -> dict[int, float]:
    """Return weeks -> median half-width of our interval, a week, where neighbours correlate by 0.3."""
    rng = np.random.default_rng(seed)
    return {n: WEEKLY_NOISE * float(np.median(half_widths(series(n, 0.3, how_many, rng))["ours"][1])) for n in LENGTHS}


def asos_pairs(data: Path = DATA, proxy: int = 1, outcome: int = 4) -> list[tuple[Estimate, Estimate]]:
    """Return the lifts of two of ASOS's metrics at the last checkpoint of each variant that has both."""
    last: dict[tuple[str, int, int], dict[str, float]] = {}
    for row in sorted(pq.read_table(data / FILE).to_pylist(), key=lambda row: row["time_since_start"]):
        if row["variance_c"] is not None and row["variance_t"] is not None:
            last[row["experiment_id"], row["variant_id"], row["metric_id"]] = row
    found = []
    for experiment, variant, metric in last:
        if metric == proxy and (experiment, variant, outcome) in last:
            try:
                found.append((_lift(last[experiment, variant, proxy]), _lift(last[experiment, variant, outcome])))
            except RefusedError as error:
                print(f"{experiment} {variant}: left out, {error}", file=sys.stderr)
    return found


def asos_agreement(data: Path = DATA) -> Agreement:
    """Return how often ASOS's metric 1 agreed with metric 4."""
    return agreement_of("metric 1", asos_pairs(data))


def _lift(row: dict[str, float]) -> Estimate:
    return log_ratio_lift(_arm(row, "c"), _arm(row, "t"), "value")


def _arm(row: dict[str, float], arm: str) -> Moments:
    n = round(row[f"count_{arm}"])
    squares = row[f"variance_{arm}"] * (n - 1)
    return Moments(("value",), n, np.array([row[f"mean_{arm}"]]), np.array([[squares]]))


def main() -> None:
    """Print the tables."""
    found, reach = false_alarms(), reaches()
    print("| weeks | method | " + " | ".join(f"{rho:g}" for rho in AUTOCORRELATIONS) + " |")
    print("|---|---|" + "---|" * len(AUTOCORRELATIONS))
    for n in LENGTHS:
        for method in METHODS:
            cells = " | ".join(f"{100 * found[method, n, rho]:.1f}" for rho in AUTOCORRELATIONS)
            print(f"| {n} | {method} | {cells} |")
    print("\n| weeks | critical value | half-width, % a week |\n|---|---|---|")
    for n in LENGTHS:
        print(f"| {n} | {critical_value(n, LEVEL):.2f} | {100 * reach[n]:.2f} |")
    told = asos_agreement()
    print(f"\n{told}")


if __name__ == "__main__":
    main()
