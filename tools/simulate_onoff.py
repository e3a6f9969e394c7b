"""The on/off test on real revenue of which it is known that nothing was switched: how often it errs, and what it sees.

eBay's experiment on paid search (Blake, Nosko and Tadelis 2015, *Econometrica* 83) left the search advertising of 142
regions as it was, for 113 days from 2012-04-01. Each region is a store; schedules are laid over its days, and coins are
thrown.
``section()`` returns the tables as Markdown; run as a script, it prints them.
"""

from __future__ import annotations

import csv
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from counterclick.stats.halves import halves
from counterclick.stats.onoff import (
    PLANNING_PATTERNS,
    folk_alarm_rate,
    on_days,
    pair_differences,
    pairs_needed,
    rise_rate,
    sign_patterns,
    smallest_visible_on_off,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("COUNTERCLICK_DATA", ROOT.parent / "shared" / "data")) / "paidsearch" / "paidsearch.csv"
WEEKS = (4, 8, 12, 16)
DESIGNS = ((1, 0), (7, 0), (7, 2))
"""Days of a block, and of its washout."""
ALPHA = 0.05
SCHEDULES = 200
"""Random schedules for each region and cell."""
TESTS = 200
"""Simulated tests behind each region's smallest visible lift."""
LAG = 3
"""Days over which the injected carry-over works."""
SPILL = (0.5, 0.2, 0.2, 0.1)
"""Injected carry-over of an effect: half of it on its own day, the rest on the three days after."""
MOVED = 0.05
"""Share of an on day's revenue that is taken from the three days after it, where purchases are only moved."""
PERSISTENCE, SHOCK = 0.8, 0.1
"""Injected shocks that last: 10 % of revenue, of which four fifths are left on the next day."""

Change = Callable[["Floats", "Bools"], "Floats"]
"""What happens to revenue (schedules, days) when days are on."""


@dataclass(frozen=True, slots=True)
class Errors:
    """How often a test without an effect found one.

    Attributes:
        tests: number of tests.
        wins: share with a significant rise.
        losses: share with a significant fall.
    """

    tests: int
    wins: float
    losses: float


def untouched_regions(path: Path = DATA) -> Floats:
    """Return (142, 113) daily revenue of the regions whose search advertising stayed on."""
    regions: dict[str, list[float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["search stays on"] == "1":
                regions.setdefault(row["dma"], []).append(float(row["revenue"]))
    return np.array(list(regions.values()))


def nothing_happens(revenue: Floats, on: Bools) -> Floats:
    """Leave revenue as it was."""
    del on
    return revenue


def purchases_are_moved(revenue: Floats, on: Bools) -> Floats:
    """Let on days take purchases from the days after them: nothing is earned in all."""
    taken = MOVED * revenue * on
    found = revenue + taken
    for days in range(1, LAG + 1):
        found[:, days:] -= taken[:, :-days] / LAG
    return found


def lasting_shocks(days: int, rng: np.random.Generator) -> Floats:
    """Return factors of revenue that wander: shocks which the next days keep for a while."""
    log = np.zeros(days)
    for day in range(1, days):
        log[day] = PERSISTENCE * log[day - 1] + SHOCK * math.sqrt(1 - PERSISTENCE**2) * rng.normal()
    return np.exp(log)


def errors(
    regions: Floats,
    weeks: int,
    block: int,
    washout: int,
    change: Change = nothing_happens,
    *,
    shocks: bool = False,
    schedules: int = SCHEDULES,
    seed: int = 1,
) -> Errors:
    """Return how often the test errs over all regions and random schedules; each region has coins of its own."""
    cut = halves(block, washout)
    pairs = weeks * 7 // (2 * cut.days) * cut.pairs
    wins, losses = [], []
    for number, region in enumerate(regions):
        rng = np.random.default_rng([seed, number])
        days = region * lasting_shocks(region.size, rng) if shocks else region
        windows = np.lib.stride_tricks.sliding_window_view(days, weeks * 7)
        coins = rng.integers(0, 2, size=(schedules, pairs)) == 1
        revenue = change(windows[rng.integers(0, len(windows), size=schedules)].copy(), on_days(coins, cut))
        differences = np.where(coins, 1.0, -1.0) * pair_differences(revenue, cut)
        patterns = sign_patterns(pairs, PLANNING_PATTERNS, seed=1_000 * seed + number)
        wins.append(rise_rate(differences, patterns, ALPHA))
        losses.append(rise_rate(-differences, patterns, ALPHA))
    return Errors(len(regions) * schedules, float(np.mean(wins)), float(np.mean(losses)))


def nominal(pairs: int) -> float:
    """Return the two-sided error rate that so many coins can have: the multiple of 2 / patterns that is 5 % or less."""
    patterns = float(min(2**pairs, PLANNING_PATTERNS + 1))
    return 2 * math.floor(ALPHA / 2 * patterns + 1e-9) / patterns


def band(pairs: int, tests: int, regions: int) -> float:
    """Return 1.96 standard errors of a measured error rate.

    Given the days, all chance is in the coins, and these are independent over schedules and regions: shocks that all
    regions share do not matter. Where patterns are random, each region's own set adds to it.
    """
    rate = nominal(pairs)
    variance = rate * (1 - rate) / tests
    if 2**pairs - 1 > PLANNING_PATTERNS:
        variance += rate * (1 - rate) / PLANNING_PATTERNS / regions
    return 1.96 * math.sqrt(variance)


@dataclass(frozen=True, slots=True)
class SwitchedDays:
    """One-day blocks of which the day after each real switch is left out.

    Attributes:
        weights: (schedules, pairs) sign over the number of pairs that are left; 0 for a pair of which a day is left out.
    """

    weights: Floats

    @classmethod
    def of(cls, coins: Bools) -> SwitchedDays:
        """Return it for coins (schedules, pairs)."""
        cut = halves(1)
        on = on_days(coins, cut)
        stays = np.concatenate((np.ones((len(on), 1), dtype=bool), on[:, 1:] == on[:, :-1]), axis=1)
        by_half = stays.reshape(len(on), -1, 2, cut.days)
        left = (by_half[:, :, 0] & by_half[:, :, 1]).reshape(len(on), -1)
        signs = np.where(coins, 1.0, -1.0) * left
        return cls(signs / np.maximum(left.sum(axis=1, keepdims=True), 1))


def switched_days(regions: Floats, weeks: int, *, schedules: int = SCHEDULES, draws: int = 1_999) -> tuple[Errors, float]:
    """Return errors and the pairs left of one-day blocks without the days after a switch, tested by re-randomisation.

    Which days are left depends on the coins; so the whole schedule is drawn anew for the reference, signs alone will not do.
    """
    wins, losses, left = [], [], []
    for number, region in enumerate(regions):
        rng = np.random.default_rng([2, number])
        windows = np.lib.stride_tricks.sliding_window_view(region, weeks * 7)
        revenue = windows[rng.integers(0, len(windows), size=schedules)]
        observed = SwitchedDays.of(rng.integers(0, 2, size=(schedules, weeks * 7 // 2)) == 1)
        reference = SwitchedDays.of(rng.integers(0, 2, size=(draws, weeks * 7 // 2)) == 1)
        differences = pair_differences(revenue, halves(1))
        found = (observed.weights * differences).sum(axis=1, keepdims=True)
        drawn = differences @ reference.weights.T
        most = ALPHA / 2 * (draws + 1)
        wins.append((1 + (drawn >= found).sum(axis=1) <= most).mean())
        losses.append((1 + (drawn <= found).sum(axis=1) <= most).mean())
        left.append((observed.weights != 0).sum(axis=1).mean())
    return Errors(len(regions) * schedules, float(np.mean(wins)), float(np.mean(losses))), float(np.mean(left))


def median_visible(regions: Floats, weeks: int, block: int, washout: int, spill: Sequence[float] = (1.0,)) -> float:
    """Return the median over the regions of the smallest lift that is seen with 80 % power."""
    cycles = weeks * 7 // (2 * max(7, block))
    found = [smallest_visible_on_off(region, block, washout, cycles, spill=spill, tests=TESTS) for region in regions]
    return float(np.median(found))


def section() -> str:
    """Return the tables as Markdown."""
    regions = untouched_regions()
    folk = float(np.mean([folk_alarm_rate(region)[0] for region in regions]))
    lines = [
        "## On/off tests",
        "",
        f"{len(regions)} regions in which nothing was switched, {regions.shape[1]} days each (eBay, April to July 2012), "
        f"are placebo stores. In every cell {SCHEDULES} random schedules are laid over each region, beginning on any day "
        f"that leaves room ({regions.shape[1] - 7 * WEEKS[-1] + 1} for {WEEKS[-1]} weeks); each has coins of its own. "
        "Given the days, all chance is in the coins, so that the binomial band holds although the regions share their "
        "shocks. The nominal rate is the largest multiple of 2 / patterns up to 5 %. Made by `tools/simulate_onoff.py`.",
        "",
        'The folk rule (off for two weeks; if revenue falls by more than 2 %, on again) says "it matters" on '
        f"**{folk:.1%}** of these regions' pairs of consecutive two-week periods.",
        "",
        "| weeks | blocks | washout | pairs | nominal | false wins + losses | band | lasting shocks | purchases moved |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    visible = [
        "| weeks | blocks | washout | smallest visible lift | with carry-over |",
        "|---|---|---|---|---|",
    ]
    for weeks in WEEKS:
        for block, washout in DESIGNS:
            cut = halves(block, washout)
            pairs = weeks * 7 // (2 * cut.days) * cut.pairs
            name = f"| {weeks} | {block} d | {f'{washout} d' if washout else 'none'} |"
            if pairs < pairs_needed(ALPHA):
                lines.append(f"{name} {pairs} | refused: too few pairs | | | | |")
                visible.append(f"{name} refused | refused |")
                continue
            plain = errors(regions, weeks, block, washout)
            shocks = errors(regions, weeks, block, washout, shocks=True)
            moved = errors(regions, weeks, block, washout, purchases_are_moved)
            reach = band(pairs, plain.tests, len(regions))
            lines.append(
                f"{name} {pairs} | {nominal(pairs):.2%} | {plain.wins:.2%} + {plain.losses:.2%} = "
                f"{plain.wins + plain.losses:.2%} | ±{reach:.2%} | {shocks.wins + shocks.losses:.2%} | "
                f"{moved.wins:.1%} wins, {moved.losses:.1%} losses |"
            )
            alone, carried = (median_visible(regions, weeks, block, washout, spill) for spill in ((1.0,), SPILL))
            visible.append(f"{name} {alone:.1%} | {carried:.1%} |")
        found, left = switched_days(regions, weeks)
        of = weeks * 7 // 2
        lines.append(
            f"| {weeks} | 1 d | day after a switch | {left:.0f} of {of} | 5.00% | {found.wins:.2%} + {found.losses:.2%} = "
            f"{found.wins + found.losses:.2%} | ±{band(of, found.tests, len(regions)):.2%} | | |"
        )
    lines += [
        "",
        "*Lasting shocks*: revenue wanders by 10 %, each day keeping four fifths of the day before. The test stays exact, "
        "whatever is carried from day to day, as long as the switch does nothing. *Purchases moved*: what on days sell more "
        f"({MOVED:.0%}) the {LAG} days after them sell less, so that nothing is earned. That is no effect, but it is a "
        "difference between on and off days, and no test can tell the two apart: only blocks longer than the lag, with a "
        "washout, keep it small. *Day after a switch*: one-day blocks without the days that follow a real switch keep half "
        "of the pairs, and need the whole schedule drawn anew for the reference; the product does not offer it.",
        "",
        f"Smallest visible lift: 80 % power, median of the {len(regions)} regions. Carry-over: {SPILL[0]:.0%} of an effect "
        f"on its own day, {', '.join(f'{share:.0%}' for share in SPILL[1:])} on the days after.",
        "",
        *visible,
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(section())
