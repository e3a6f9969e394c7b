"""Write docs/proof/error-rates.md: error rates, coverage and power of verdicts, by simulation and on real experiments.

``python tools/simulate.py`` takes about half an hour on two cores; ``--runs 500 --out /tmp/proof`` a few minutes. Every
number on the page is computed in the run, and the same on every run: each cell's random numbers follow from its name.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import simulate_asos
import simulate_joint
import simulate_onoff
from simulate_errors import LABELLINGS, POWERS, ROOT, SCENARIOS, SHARES, SIZES, Cell, Found, Population, populations, run
from simulate_plots import write_plots
from simulate_tables import (
    above,
    bands,
    chance,
    error_tables,
    joint_table,
    population_lines,
    power_tables,
    summary,
    tried_again,
    withheld,
)

PROCESSES = 2
RUNS = 5_000
AGAIN = 4
"""Times as many runs for cells that lie above their band."""
OUT = ROOT / "docs" / "proof"
NAMES = ("Hillstrom", "simulated shop")
IDLE = [Cell(s, p, share, size) for s in SCENARIOS for p in NAMES for share in SHARES for size in SIZES]
MOVED = [
    Cell("idle", p, share, size, power)
    for power in POWERS
    for p in NAMES
    for share in SHARES
    for size in SIZES
    if Cell("idle", p, share, size).allowed
]

_READING = (
    "Each pair is false wins / false losses in %; **bold** is above the band where a verdict is allowed. *One look*: "
    "at the end. *Weekly*: at bounds that spend 2.5 % a side; asking every day is the same, since a look is taken "
    "once a week whoever asks. Both with the rule that fewer than 50 buyers in the smaller arm give no verdict; "
    "*ready* is the share of runs that have them by the end. *Without the rule* is for information.\n\n"
    "*Coverage* is without the rule: an interval inverts its test, so that it holds the true lift exactly where the "
    "test of that lift does not reject. With a true lift, treated amounts divided by 1 + lift are the case of no "
    "lift again, so that coverage is the same at every lift. *Final*: the interval of one look. *Repeated*: of all "
    "weekly looks together.\n\n"
    "Others: *band* is what we go by without a plan, the anytime-valid band on the log ratio, tuned to the planned "
    "buyers and looked at daily from day 14. *Welch* is the plain test at 1.96, once at the end, and daily from day "
    "2 until it is significant. *Delta, daily* is the symmetric delta-method interval of the relative lift with the "
    "sequential band that goes with it in common systems, tuned to 5,000 visitors, from day 2. None of these knows "
    "the rule of 50 but the band."
)

Task = tuple[str, Cell, int]
"""What to do with a cell: run, again or joint; and how often."""


@cache
def known_populations() -> dict[str, Population]:
    """Return the populations; read once in each process."""
    return populations()


def tried(task: Task) -> Found:
    """Do one task."""
    what, cell, runs = task
    population = known_populations()[cell.population]
    if what == "joint":
        return simulate_joint.compared(cell, population, runs)
    return run(cell, population, runs, int(what == "again"))


def all_of(tasks: Sequence[Task], processes: int, say: Callable[[str], None]) -> dict[tuple[str, Cell], Found]:
    """Do all tasks in processes of their own, the longest first."""
    ordered = sorted(tasks, key=_cost, reverse=True)
    found = {}
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done, (task, one) in enumerate(zip(ordered, pool.imap(tried, ordered), strict=True), 1):
            found[task[:2]] = one
            say(f"{done} of {len(ordered)}: {task[0]} {task[1]}")
    return found


def _cost(task: Task) -> float:
    what, cell, runs = task
    own = cell.power > 0 or cell.scenario == "mixed"
    few = cell.smaller < 1_000  # noqa: PLR2004 - re-randomised, which takes long
    return runs * cell.smaller / (1 - cell.share) * (1 + 20 * (own and few)) * (10 if what == "joint" else 1)


@dataclass(frozen=True, slots=True)
class Results:
    """What all cells came to.

    Attributes:
        runs: of each cell.
        idle: cells without a lift.
        moved: cells with one.
        joint: cells in which whole paths are compared.
        again: by cell, those above their band once more.
    """

    runs: int
    idle: list[Found]
    moved: list[Found]
    joint: list[Found]
    again: dict[Cell, Found]


def results(runs: int, processes: int, say: Callable[[str], None]) -> Results:
    """Run all cells, and those above their band once more."""
    tasks: list[Task] = [("run", cell, runs) for cell in IDLE + MOVED]
    tasks += [("joint", cell, runs) for cell in simulate_joint.CELLS]
    found = all_of(tasks, processes, say)
    idle = [found["run", cell] for cell in IDLE]
    high = dict.fromkeys(one.cell for one, _, _ in above(idle))
    again = all_of([("again", cell, AGAIN * runs) for cell in high], processes, say)
    return Results(
        runs,
        idle,
        [found["run", cell] for cell in MOVED],
        [found["joint", cell] for cell in simulate_joint.CELLS],
        {cell: again["again", cell] for cell in high},
    )


def page(found: Results, out: Path) -> str:
    """Write the plots and return the page."""
    low, top = bands(found.runs)
    out.mkdir(parents=True, exist_ok=True)
    wins, losses, power = write_plots(found.idle, found.moved, (low / found.runs, top / found.runs), out)
    parts = [
        "# Error rates, coverage and power",
        _intro(found.runs),
        summary(found.idle, found.moved, found.again),
        "## What is tried",
        _method(found.runs),
        population_lines(known_populations()),
        "## False wins, false losses, coverage",
        _READING,
        f"![False wins of ours and of two other ways of reading, by design]({wins})",
        f"![False losses, likewise]({losses})",
        *error_tables(found.idle),
        "## Cells above the band",
        chance(found.idle),
        tried_again(above(found.idle), found.again),
        withheld(found.idle),
        "## Power, and what looking costs",
        f"![Power of one look and of weekly looks, by design]({power})",
        *power_tables(found.moved),
        "## Each look for itself, or the whole path",
        joint_table(found.joint),
        simulate_asos.section(),
        simulate_onoff.section(),
    ]
    return "\n\n".join(parts) + "\n"


def _intro(runs: int) -> str:
    packages = ("numpy", "scipy", "pyarrow", "counterclick")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    return (
        f"Made by `make simulate` ({runs:,} runs a cell; every number below is computed in the run, and the random "
        f"numbers of a cell follow from its name). Python {platform.python_version()}, {versions}. Why the statistics are "
        "as they are: [log ratio](../why/log-ratio.md), [written here](../why/statistics-here.md)."
    )


def _method(runs: int) -> str:
    low, top = bands(runs)
    return (
        "A run is an experiment of eight weeks, with looks after weeks 2 to 8 (seven looks), tested and bounded by the "
        "code that gives a verdict. The planned buyers are those who come. Amounts of buyers are drawn from a "
        "population, their days and arms by the design. Everything is conditional on the number of buyers, both arms "
        "pooled, by each look, which says nothing of a lift. *Buyers* are those expected in control, which is the "
        "smaller arm (at 50/50 either is). Splits name the treatment first: at 90/10 one visitor in ten is control, so "
        "that a skewed amount in control makes a false loss, and its absence a false win.\n\n"
        f"Of {runs:,} runs at 2.5 %, {low} to {top} ({100 * low / runs:.2f} to {100 * top / runs:.2f} %) lie within the "
        f"two-sided 95 % binomial band. Where nothing differs between the arms but the lot, {LABELLINGS} runs at most "
        "share one draw of buyers, which the re-randomisation test does not mind; the spread of the other readings is a "
        "little wider than binomial."
    )


def main() -> None:
    """Write the page where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="runs a cell")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the page and its plots")
    arguments = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # for the processes that are started: one core each
    begin = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - begin:6.0f} s  {what}", file=sys.stderr, flush=True)

    found = results(arguments.runs, arguments.processes, say)
    say("real experiments and regions")
    text = page(found, arguments.out)
    (arguments.out / "error-rates.md").write_text(text, encoding="utf-8")
    say(f"wrote {arguments.out / 'error-rates.md'}")


if __name__ == "__main__":
    main()
