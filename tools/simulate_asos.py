"""ASOS's 78 real experiments, replayed checkpoint by checkpoint: what peeking would have declared, and what our looks.

Liu, Cardoso, Couturier and McCoy (2021), *Datasets for Online Controlled Experiments*, NeurIPS, CC BY 4.0: arms' numbers,
means and variances of four metrics, every half day or day. What the metrics mean was not published; the first is binary,
the second and third are counts, the fourth is not negative.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
from scipy import special

from counterclick.stats import obrien_fleming_spending, spending_bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("COUNTERCLICK_DATA", ROOT.parent / "shared" / "data")) / "asos"
FILE = "asos_digital_experiments_dataset.parquet"
ALPHA = 0.025
PLAIN = float(special.ndtri(1 - ALPHA))
FIRST_LOOK = 14.0
WEEK = 7.0
NEARLY = 1e-6
"""Times are sums of half days, with their rounding."""
COLUMNS = ("time_since_start", "count_c", "mean_c", "variance_c", "count_t", "mean_t", "variance_t")


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one variant against its control.

    Attributes:
        experiment: its id.
        variant: its number.
        metric: 1 to 4.
        time: (n,) days since the start, rising.
        difference: (n,) Welch's statistic at each checkpoint.
        log_ratio: (n,) log ratio over its standard error; NaN where a mean is not above 0.
        visitors: (n,) in both arms.
        successes: (n,) of metric 1, in both arms.
    """

    experiment: str
    variant: int
    metric: int
    time: Floats
    difference: Floats
    log_ratio: Floats
    visitors: Floats
    successes: Floats

    @property
    def final(self) -> int:
        """Sign of the final read where it is significant (Welch); else 0."""
        return _sign(float(self.difference[-1]), PLAIN)

    def peeked(self) -> int:
        """Return the sign that the first significant whole day declares; 0 where none is."""
        whole = np.abs(self.time - np.round(self.time)) < NEARLY
        whole[-1] = True
        return next((sign for z in self.difference[whole] if (sign := _sign(float(z), PLAIN))), 0)

    def looks(self) -> list[int]:
        """Return the checkpoints of our looks: whole weeks from the second on, and the last."""
        ends = np.arange(FIRST_LOOK, float(self.time[-1]) - NEARLY, WEEK)
        found = np.searchsorted(self.time, ends + NEARLY, side="right") - 1
        found = found[(found >= 0) & (self.time[np.maximum(found, 0)] > ends - 1)]
        return [*(int(k) for k in found), len(self.time) - 1]

    def ours(self, clock: Floats) -> int:
        """Return the sign that the first look beyond its O'Brien-Fleming bound declares; 0 where none is.

        Args:
            clock: (n,) information at each checkpoint.
        """
        looks: list[int] = []
        for k in self.looks():
            if clock[k] > (clock[looks[-1]] if looks else 0.0):
                looks.append(k)
        information = [float(clock[k]) for k in looks]
        spent = [obrien_fleming_spending(now / information[-1], ALPHA) for now in information]
        bounds = spending_bounds(information, spent)
        pairs = zip(self.log_ratio[looks], bounds, strict=True)
        return next((sign for z, bound in pairs if (sign := _sign(float(z), bound))), 0)


def replayed(data: Path = DATA) -> list[Series]:
    """Return every metric of every variant, checkpoints without a variance left out."""
    rows = pq.read_table(data / FILE).to_pylist()

    def key(row: dict[str, float | str]) -> tuple[str, int, int, float]:
        return str(row["experiment_id"]), int(row["variant_id"]), int(row["metric_id"]), float(row["time_since_start"])

    kept = [row for row in rows if row["variance_c"] is not None and row["variance_t"] is not None]
    kept = sorted((row for row in kept if row["variance_c"] + row["variance_t"] > 0), key=key)
    successes = {
        (*key(row)[:2], _half_days(row)): row["count_c"] * row["mean_c"] + row["count_t"] * row["mean_t"]
        for row in rows
        if row["metric_id"] == 1
    }
    return [_series(name, list(group), successes) for name, group in groupby(kept, lambda row: key(row)[:3])]


def _half_days(row: Mapping[str, float]) -> int:
    return round(2 * row["time_since_start"])


def _series(
    name: tuple[str, int, int], rows: Sequence[Mapping[str, float]], successes: Mapping[tuple[str, int, int], float]
) -> Series:
    time, n_c, mean_c, var_c, n_t, mean_t, var_t = (np.array([float(row[column]) for row in rows]) for column in COLUMNS)
    difference = (mean_t - mean_c) / np.sqrt(var_c / n_c + var_t / n_t)
    log_ratio = np.full(len(rows), np.nan)
    positive = (mean_c > 0) & (mean_t > 0)
    relative = (
        var_c[positive] / n_c[positive] / mean_c[positive] ** 2 + var_t[positive] / n_t[positive] / mean_t[positive] ** 2
    )
    log_ratio[positive] = np.log(mean_t[positive] / mean_c[positive]) / np.sqrt(relative)
    won = np.array([successes[name[0], name[1], _half_days(row)] for row in rows])
    return Series(*name, time, difference, log_ratio, n_c + n_t, won)


def _sign(statistic: float, bound: float) -> int:
    return int(np.sign(statistic)) if abs(statistic) >= bound else 0


@dataclass(frozen=True, slots=True)
class Tally:
    """What a way of looking declared, and how much of it the final read confirms.

    Attributes:
        higher: variants declared higher than control.
        lower: declared lower.
        higher_unconfirmed: of those declared higher, not significantly higher at the final read.
        lower_unconfirmed: of those declared lower, not significantly lower at the final read.
        missed: not declared, although the final read is significant.
    """

    higher: int
    lower: int
    higher_unconfirmed: int
    lower_unconfirmed: int
    missed: int

    @classmethod
    def of(cls, declared: Sequence[int], final: Sequence[int]) -> Tally:
        """Count declarations against final reads."""
        pairs = list(zip(declared, final, strict=True))
        return cls(
            sum(d > 0 for d, _ in pairs),
            sum(d < 0 for d, _ in pairs),
            sum(d > 0 and f <= 0 for d, f in pairs),
            sum(d < 0 and f >= 0 for d, f in pairs),
            sum(d == 0 and f != 0 for d, f in pairs),
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """How metrics 1 and 4 of the same variant compare at the final read.

    Attributes:
        pairs: variants with both.
        opposite: whose differences have opposite signs.
        either: of which one at least is significant.
        both: of which both are, in the same direction.
        against: of which both are, in opposite directions.
        opposite_of_either: of which one at least is significant, with opposite signs.
    """

    pairs: int
    opposite: int
    either: int
    both: int
    against: int
    opposite_of_either: int


def agreement(series: Sequence[Series]) -> Agreement:
    """Compare metrics 1 and 4 at the final read."""
    last = {(s.experiment, s.variant, s.metric): s for s in series}
    pairs = [(s, last[s.experiment, s.variant, 4]) for s in series if s.metric == 1 and (s.experiment, s.variant, 4) in last]
    signs = [(a.final, b.final, bool(a.difference[-1] * b.difference[-1] < 0)) for a, b in pairs]
    return Agreement(
        len(signs),
        sum(opposite for _, _, opposite in signs),
        sum(bool(a or b) for a, b, _ in signs),
        sum(a * b > 0 for a, b, _ in signs),
        sum(a * b < 0 for a, b, _ in signs),
        sum(bool(a or b) and opposite for a, b, opposite in signs),
    )


def section() -> str:
    """Return the page's part about ASOS's experiments, as Markdown."""
    series = replayed()
    experiments, variants = {s.experiment for s in series}, {(s.experiment, s.variant) for s in series}
    lines = [
        "## Peeking at 78 real experiments",
        "",
        f"ASOS's published experiments (Liu et al. 2021): {len(experiments)} experiments, {len(variants)} pairs of a "
        f"variant and its control, {len(series)} series of a metric with variances, replayed checkpoint by checkpoint. "
        "*Peeking* is a plain Welch test at 1.96 at the end of every day; the first significant day declares. *Ours* are "
        "weekly looks from the second week on and one at the end, Lan-DeMets O'Brien-Fleming bounds on the log ratio; "
        "asking daily changes nothing. No buyers are published, so that visitors of both arms are the clock, over those "
        "of the last checkpoint. *Not confirmed*: the plain Welch test at the last checkpoint is not significant in that "
        "direction. What the metrics mean was not published; "
        '"higher" is not "better".',
        "",
        "| metric | series | significant at the end | peeking: higher, lower | not confirmed | ours: higher, lower | not "
        "confirmed | significant at the end, ours silent |",
        "|---|---|---|---|---|---|---|---|",
    ]
    every: list[tuple[Tally, Tally]] = []
    for metric in (1, 2, 3, 4, 0):
        own = [s for s in series if metric in (s.metric, 0)]
        final = [s.final for s in own]
        plain, ours = Tally.of([s.peeked() for s in own], final), Tally.of([s.ours(s.visitors) for s in own], final)
        every.append((plain, ours))
        lines.append(
            f"| {metric or 'all'} | {len(own)} | {sum(map(bool, final))} | {plain.higher}, {plain.lower} "
            f"| {plain.higher_unconfirmed}, {plain.lower_unconfirmed} | {ours.higher}, {ours.lower} "
            f"| {ours.higher_unconfirmed}, {ours.lower_unconfirmed} | {ours.missed} |"
        )
    plain, ours = every[-1]
    other = Tally.of([s.ours(s.successes) for s in series], [s.final for s in series])
    found = agreement(series)
    lines += [
        "",
        f"Peeking declares {plain.higher + plain.lower} differences, of which the final read does not confirm "
        f"**{plain.higher_unconfirmed + plain.lower_unconfirmed}**; ours declare {ours.higher + ours.lower}, of which it "
        f"does not confirm **{ours.higher_unconfirmed + ours.lower_unconfirmed}** (with the successes of metric 1 as the "
        f"clock: {other.higher + other.lower}, and {other.higher_unconfirmed + other.lower_unconfirmed}). A final read is "
        "no truth either: it errs once in twenty where nothing differs. It is what an experimenter who had waited would "
        "have seen.",
        "",
        f"Metric 1 and metric 4 of the same variant, at the final read ({found.pairs} pairs): their differences have "
        f"opposite signs in {found.opposite}. One at least is significant in {found.either}; of these both are, in the "
        f"same direction, in {found.both}, both in opposite directions in {found.against}, and the signs are opposite in "
        f"{found.opposite_of_either}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(section())
