"""Error rates and power of a verdict, by simulation: one cell is one design, tried thousands of times.

A trial is an experiment of eight weeks with looks after weeks 2 to 8. What buyers spend comes from a population; on which
day they come, and in which arm, is drawn. Given how many buyers come by each day (which says nothing of a lift), a trial's
looks are those of a verdict. Beside them the same trial is read as other systems would read it, every day.
"""

from __future__ import annotations

import csv
import math
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from counterclick.experiments.estimating import ALPHA_SIDE, FEW_BUYERS, LEAST_BUYERS
from counterclick.simulate import ShopTruth, simulate
from counterclick.stats import Trials, anytime_reach, design_bounds, run_trials
from counterclick.stats.relabelling import studentised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("COUNTERCLICK_DATA", ROOT.parent / "shared" / "data"))
ALPHA = ALPHA_SIDE
PLAIN = float(special.ndtri(1 - ALPHA))
WEEKS, DAYS, FIRST_LOOK = 8, 56, 14
LOOKS = 7
FIRST_DAILY = 2
"""Day from which those who look daily do."""
FEWEST = 2
"""Buyers in the smaller arm without whom there is no test at all."""
BAND_TUNED_TO = 5_000
"""Visitors to which the other systems' sequential band is tuned by default."""
CONVERTED = 1.5
"""Where conversion and basket move against each other: the one times, the other over this."""
LABELLINGS = 200
"""Trials that share one population of buyers, and labels behind p-values, at most."""
LABELS = 5_000_000
"""Labels of trials that are held at one time."""
COMMON_DRAWS, OWN_DRAWS = 20_000, 8_000
"""Random labels behind a p-value where trials share their amounts, and where each has its own.

A p-value from any number of labels is valid; a verdict's are sharper near a bound, and the difference averages out here."""


@dataclass(frozen=True, slots=True)
class Population:
    """Whose amounts are drawn.

    Attributes:
        amounts: revenue of single buyers.
        conversion: buyers among visitors.
    """

    amounts: Floats
    conversion: float

    @property
    def cv(self) -> float:
        """Standard deviation over mean of the amounts."""
        return float(self.amounts.std() / self.amounts.mean())

    @property
    def skew(self) -> float:
        """Third standardised moment of the amounts."""
        return float((((self.amounts - self.amounts.mean()) / self.amounts.std()) ** 3).mean())


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens besides the lot. Revenue per visitor is the same in both arms in each of them.

    Attributes:
        title: what a reader is told.
        conversion: the treatment's conversion, and the control's basket, over the other arm's.
        late: weight of a buyer's entry in each of the last two weeks, over an earlier week's.
        burst: visitors of the first week who never buy, over those who would come anyway.
    """

    title: str
    conversion: float = 1.0
    late: float = 1.0
    burst: float = 0.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One design.

    Attributes:
        scenario: of `SCENARIOS`.
        population: of `populations`.
        share: P(treatment).
        smaller: buyers expected in control, which is the smaller arm (or as large as the other).
        power: with which a fixed test sees the lift that is laid on baskets; 0 for none.
    """

    scenario: str
    population: str
    share: float
    smaller: int
    power: float = 0.0

    @property
    def seed(self) -> int:
        """Of its random numbers: the same whichever other cells are run."""
        return zlib.crc32(repr((self.scenario, self.population, self.share, self.smaller, self.power)).encode())

    @property
    def allowed(self) -> bool:
        """Whether a verdict is allowed with so many buyers."""
        return self.smaller >= LEAST_BUYERS


@dataclass(frozen=True, slots=True)
class Found:
    """What a cell's trials came to.

    Attributes:
        cell: the design.
        runs: its trials.
        lift: laid on the baskets.
        calls: by way of reading, trials called won and called lost.
        ready: trials with buyers enough for a verdict by the end.
        week: mean week of the deciding look; the end where none decided.
        only: trials won by the fixed reading alone, and by the weekly looks alone.
    """

    cell: Cell
    runs: int
    lift: float
    calls: Mapping[str, tuple[int, int]]
    ready: int
    week: float
    only: tuple[int, int]


SCENARIOS = {
    "idle": Scenario("Nothing happens"),
    "mixed": Scenario("Conversion x 1.5 and basket / 1.5", conversion=CONVERTED),
    "late": Scenario("Conversion triples in the last two weeks", late=3.0),
    "burst": Scenario("A burst of idle traffic in the first week", burst=1.0),
}
SHARES = (0.5, 0.8, 0.9)
SIZES = (10, 50, 100, 250, 2_500)
POWERS = (0.8, 0.935)
READINGS = {
    "fixed": "ours, one look at the end",
    "weekly": "ours, weekly looks (asked daily: the same)",
    "fixed_all": "the same without the rule of 50 buyers, one look",
    "weekly_all": "the same without the rule of 50 buyers, weekly looks",
    "band": "ours without a plan: anytime-valid band, daily from day 14",
    "welch": "plain Welch, once at the end",
    "peeking": "plain Welch, daily",
    "delta": "symmetric relative interval, sequential band, daily",
}


def populations(data: Path = DATA) -> dict[str, Population]:
    """Return Hillstrom's spenders and the buyers of a simulated shop without any effect."""
    with (data / "hillstrom" / "hillstrom.csv").open(encoding="utf-8", newline="") as file:
        spend = np.array([float(row["spend"]) for row in csv.DictReader(file)])
    truth = ShopTruth(visitors=200_000, conversion=0.02, surfaces=())
    events = simulate(truth, seed=1).events.select(["kind", "visitor_id", "value"])
    rows = events.filter(np.array(events["kind"].to_pylist()) == "purchase")
    orders = rows.group_by("visitor_id").aggregate([("value", "sum")]).sort_by("visitor_id")
    amounts = np.array([float(value) for value in orders["value_sum"].to_pylist()])
    amounts = amounts[amounts > 0]
    return {
        "Hillstrom": Population(spend[spend > 0], float((spend > 0).mean())),
        "simulated shop": Population(amounts, len(amounts) / truth.visitors),
    }


def visible_lift(population: Population, share: float, smaller: float, power: float) -> float:
    """Return the lift that a fixed test sees with a given chance (normal theory, from the baskets' CV)."""
    buyers = 1 / smaller + (1 - share) / (smaller * share)
    se = math.sqrt((1 + population.cv**2) * buyers)
    return math.expm1((PLAIN + float(special.ndtri(power))) * se)


def run(cell: Cell, population: Population, runs: int, again: int = 0) -> Found:
    """Try a design so many times; again with other random numbers."""
    lift = visible_lift(population, cell.share, cell.smaller, cell.power) if cell.power else 0.0
    calls = {name: np.zeros(2, dtype=np.int64) for name in READINGS}
    week, only, rng = 0.0, np.zeros(2, dtype=np.int64), np.random.default_rng([cell.seed, again])
    done = ready = 0
    while done < runs:
        trials = drawn(cell, population, min(LABELLINGS, runs - done), lift, rng)
        scored = trials.scored()
        signs = trials.daily() | trials.looks(scored)
        for name, (sign, _when) in signs.items():
            calls[name] += [(sign > 0).sum(), (sign < 0).sum()]
        fixed, (weekly, when) = signs["fixed"][0] > 0, signs["weekly"]
        only += [(fixed & (weekly <= 0)).sum(), (~fixed & (weekly > 0)).sum()]
        week += float((when + 2).sum())
        ready += int((scored.fewest[-1] >= LEAST_BUYERS).sum())
        done += trials.treated.shape[1]
    counted = {name: (int(found[0]), int(found[1])) for name, found in calls.items()}
    return Found(cell, runs, lift, counted, ready, week / runs, (int(only[0]), int(only[1])))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Trials of a cell.

    Attributes:
        cell: the design.
        amounts: (b,) revenue of buyers, the same in every trial, or (b, r).
        day: (b,) of entry, ascending.
        treated: (b, r) labels.
        others: (56,) visitors without an order, by day.
        others_treated: (56, r) those in treatment.
        seed: of the labels behind p-values.
    """

    cell: Cell
    amounts: Floats
    day: Ints
    treated: Bools
    others: Ints
    others_treated: Ints
    seed: int

    @property
    def look(self) -> Ints:
        """Index of the look that first counts each buyer."""
        return np.maximum(self.day // 7 - 1, 0)

    @property
    def information(self) -> list[float]:
        """Buyers by each look."""
        return [float(n) for n in np.bincount(self.look, minlength=LOOKS).cumsum()]

    def by_look(self) -> tuple[Ints, Ints]:
        """Return (7,) others and (7, r) of them in treatment, anew at each look."""
        starts = [0, *range(FIRST_LOOK, DAYS, 7)]
        return np.add.reduceat(self.others, starts), np.add.reduceat(self.others_treated, starts, axis=0)

    def scored(self) -> Trials:
        """Return the verdict's statistics at all looks, each look being taken."""
        others, others_treated = self.by_look()
        bounds = design_bounds(self.information, float(len(self.day)), 0.0, ALPHA)
        return run_trials(
            self.amounts, self.look, self.treated, others, others_treated, self.cell.share, bounds, FEW_BUYERS, self.seed,
            most_draws=COMMON_DRAWS, refine=False, shared_draws=OWN_DRAWS,
        )  # fmt: skip

    def looks(self, every: Trials) -> dict[str, tuple[Ints, Ints]]:
        """Return, by our readings of the scores, what the trials are called and the look that said so."""
        planned, least = float(len(self.day)), LEAST_BUYERS / min(self.cell.share, 1 - self.cell.share)
        served = replace(every, bounds=design_bounds(self.information, planned, least, ALPHA))
        once = replace(every, bounds=np.array([*np.full(LOOKS - 1, np.inf), PLAIN]))
        return {
            "fixed": once.decided(LEAST_BUYERS),
            "weekly": served.decided(LEAST_BUYERS),
            "fixed_all": once.decided(FEWEST),
            "weekly_all": every.decided(FEWEST),
        }

    def daily(self) -> dict[str, tuple[Ints, Ints]]:
        """Return what those say who look every day."""
        top, base = self._until_each_day()
        days = np.arange(1, DAYS + 1)
        difference, relative = welch(top, base), relative_delta(top, base)
        visitors, buyers = top[2] + base[2], np.maximum(top[3] + base[3], 1.0)
        reach = np.vectorize(anytime_reach)(visitors[:, :1], BAND_TUNED_TO)
        ours = np.array([anytime_reach(float(n), float(len(self.day))) for n in buyers[:, 0]])[:, np.newaxis]
        log_ratio = studentised_log_ratio(top, base)
        log_ratio[np.minimum(top[3], base[3]) < LEAST_BUYERS] = 0.0
        return {
            "band": first_crossing(log_ratio[FIRST_LOOK - 1 :], ours[FIRST_LOOK - 1 :]),
            "welch": first_crossing(difference[-1:], np.array([[PLAIN]])),
            "peeking": first_crossing(difference[days >= FIRST_DAILY], np.array([[PLAIN]])),
            "delta": first_crossing(relative[days >= FIRST_DAILY], reach[days >= FIRST_DAILY]),
        }

    def _until_each_day(self) -> tuple[list[Floats], list[Floats]]:
        """Return sum, sum of squares, visitors and buyers of treatment and control, (56, r) each."""
        ends = np.searchsorted(self.day, np.arange(DAYS), side="right")
        scaled = self.amounts / self.amounts.mean()
        values = scaled if scaled.ndim > 1 else scaled[:, np.newaxis]
        labels = self.treated.astype(np.float64)
        treated = [_until(values * labels, ends), _until(values**2 * labels, ends), _until(labels, ends)]
        whole = [_until(values, ends), _until(values**2, ends), ends[:, np.newaxis].astype(np.float64)]
        control = [np.maximum(every - part, 0.0) for every, part in zip(whole, treated, strict=True)]
        idle = self.others_treated.cumsum(axis=0)
        n_top, n_base = treated[2] + idle, control[2] + self.others.cumsum()[:, np.newaxis] - idle
        return [*treated[:2], n_top, treated[2]], [*control[:2], n_base, control[2]]

    def plain(self) -> Floats:
        """Return (7, r) studentised log ratios at the looks, without re-randomisation."""
        ends = np.arange(FIRST_LOOK - 1, DAYS, 7)
        top, base = ([part[ends] for part in arm] for arm in self._until_each_day())
        return studentised_log_ratio(top, base)


def drawn(cell: Cell, population: Population, trials: int, lift: float, rng: np.random.Generator) -> Drawn:
    """Draw trials of a cell: those of one population of buyers, or, where treatment changes amounts, each with its own."""
    scenario = SCENARIOS[cell.scenario]
    among_buyers = scenario.conversion * cell.share / (scenario.conversion * cell.share + 1 - cell.share)
    buyers = round(cell.smaller / (1 - among_buyers))
    trials = min(trials, max(1, LABELS // buyers))
    week = np.ones(WEEKS)
    week[-2:] = scenario.late
    day = np.sort(rng.choice(WEEKS, buyers, p=week / week.sum()) * 7 + rng.integers(0, 7, buyers))
    treated = rng.random((buyers, trials), dtype=np.float32) < among_buyers
    own = scenario.conversion != 1 or lift != 0
    amounts = rng.choice(population.amounts, (buyers, trials) if own else buyers)
    if own:
        amounts = amounts * np.where(treated, (1 + lift) / scenario.conversion, 1.0)
    visitors = buyers / (population.conversion * (scenario.conversion * cell.share + 1 - cell.share)) / DAYS
    others = np.maximum(0, round(visitors) - np.bincount(day, minlength=DAYS))
    others[:7] += round(visitors * scenario.burst)
    bought = population.conversion * np.array([scenario.conversion, 1.0])
    silent = (1 - bought) * [cell.share, 1 - cell.share]
    others_treated = rng.binomial(others[:, np.newaxis], silent[0] / silent.sum(), (DAYS, trials))
    return Drawn(cell, amounts, day, treated, others, others_treated, int(rng.integers(2**31)))


def welch(top: list[Floats], base: list[Floats]) -> Floats:
    """Return the difference of means over its standard error."""
    (mean, variance), (base_mean, base_variance) = _mean(top), _mean(base)
    return _over(mean - base_mean, np.sqrt(variance + base_variance))


def relative_delta(top: list[Floats], base: list[Floats]) -> Floats:
    """Return the relative lift over its symmetric delta-method standard error, which the product refuses to use."""
    (mean, variance), (base_mean, base_variance) = _mean(top), _mean(base)
    ratio = _over(mean, base_mean)
    se = np.sqrt(_over(variance, base_mean**2) + _over(base_variance * ratio**2, base_mean**2))
    return np.where(base_mean > 0, _over(ratio - 1, se), 0.0)


def studentised_log_ratio(top: list[Floats], base: list[Floats]) -> Floats:
    """Return the log ratio of means over its standard error, the product's statistic."""
    sums = [np.stack([arm[0].ravel(), arm[1].ravel()], axis=1) for arm in (top, base)]
    return studentised(sums[0], top[2].ravel(), sums[1], base[2].ravel()).reshape(top[2].shape)


def first_crossing(statistic: Floats, bound: Floats) -> tuple[Ints, Ints]:
    """Return the sign with which each trial first crosses, 0 where none does, and when; rows are moments."""
    out = np.abs(statistic) >= bound
    first = out.argmax(axis=0)
    sign = np.sign(statistic[first, np.arange(statistic.shape[1])]).astype(np.int64)
    return np.where(out.any(axis=0), sign, 0), first


def _mean(arm: list[Floats]) -> tuple[Floats, Floats]:
    """Return the mean of each visitor, and the mean's variance."""
    total, squares, n = arm[0], arm[1], np.maximum(arm[2], 2.0)
    return total / n, np.maximum(squares - total**2 / n, 0.0) / (n - 1) / n


def _over(top: Floats, below: Floats) -> Floats:
    return np.divide(top, below, out=np.zeros(np.broadcast_shapes(top.shape, below.shape)), where=below > 0)


def _until(rows: Floats, ends: Ints) -> Floats:
    """Return sums of the first rows, up to each end."""
    return np.concatenate([np.zeros((1, rows.shape[1])), rows.cumsum(axis=0)])[ends]
