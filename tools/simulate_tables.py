"""The tables of the page on error rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from scipy import stats
from simulate_errors import ALPHA, LOOKS, PLAIN, POWERS, SCENARIOS, WEEKS, Cell, Found, Population
from simulate_joint import WAYS
from simulate_plots import split

from counterclick.stats import crossing, drift_for_power, obrien_fleming_spending, spending_bounds

__all__ = [
    "above",
    "bands",
    "chance",
    "error_tables",
    "joint_table",
    "looking_costs",
    "population_lines",
    "power_tables",
    "summary",
    "tried_again",
    "withheld",
]

High = tuple[Found, str, int]
"""A cell, the reading and the side (0: false wins, 1: false losses) whose rate is above the band."""
OURS = ("fixed", "weekly")
SIDES = ("false wins", "false losses")
READ = {"fixed": "one look", "weekly": "weekly"}
ONE_POINT = 1.0
EVEN = 0.5
PARTLY = 0.95
"""Share of runs that pass the rule of 50 buyers below which what passes is no longer nearly everything."""


def bands(runs: int) -> tuple[int, int]:
    """Return least and most errors within the two-sided 95 % band of the nominal rate."""
    law = stats.binom(runs, ALPHA)
    return int(law.ppf(0.025)), int(law.ppf(0.975))


def above(found: Sequence[Found]) -> list[High]:
    """Return every rate of ours above its band, where a verdict is allowed."""
    return [
        (one, reading, side)
        for one in found
        if one.cell.allowed
        for reading in OURS
        for side in (0, 1)
        if one.calls[reading][side] > bands(one.runs)[1]
    ]


def population_lines(known: Mapping[str, Population]) -> str:
    """Describe whose amounts are drawn."""
    lines = [
        "| population | buyers whose amounts are drawn | conversion | CV of a basket | skew |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {len(one.amounts):,} | {100 * one.conversion:.2f} % | {one.cv:.2f} | {one.skew:.2f} |"
        for name, one in known.items()
    ]
    return "\n".join(lines)


def error_tables(found: Sequence[Found]) -> list[str]:
    """Return a table for each scenario and population."""
    parts = []
    for name, scenario in SCENARIOS.items():
        for population in dict.fromkeys(one.cell.population for one in found):
            rows = [one for one in found if (one.cell.scenario, one.cell.population) == (name, population)]
            parts.append(f"### {scenario.title}: {population}\n\n" + _error_table(rows))
    return parts


def _error_table(rows: Sequence[Found]) -> str:
    lines = [
        "| split | buyers | one look | weekly, or asked daily | ready | one look, without the rule | weekly, without the "
        "rule | coverage, final | repeated | band, daily | Welch, once | Welch, daily | delta, daily |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in rows:
        ours = [_bold(one, reading) if one.cell.allowed else "no verdict" for reading in OURS]
        ready = f"{100 * one.ready / one.runs:.0f} %"
        free = [_pair(one, reading) for reading in ("fixed_all", "weekly_all")]
        held = [f"{100 * (1 - sum(one.calls[reading]) / one.runs):.1f}" for reading in ("fixed_all", "weekly_all")]
        others = [_pair(one, reading) for reading in ("band", "welch", "peeking", "delta")]
        cells = [split(one.cell.share), f"{one.cell.smaller:,}", *ours, ready, *free, *held, *others]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _rates(one: Found, reading: str) -> list[str]:
    return [f"{100 * n / one.runs:.2f}" for n in one.calls[reading]]


def _pair(one: Found, reading: str) -> str:
    return " / ".join(_rates(one, reading))


def _bold(one: Found, reading: str) -> str:
    most = bands(one.runs)[1]
    return " / ".join(
        f"**{rate}**" if n > most else rate for rate, n in zip(_rates(one, reading), one.calls[reading], strict=True)
    )


def chance(found: Sequence[Found]) -> str:
    """Say how many rates of ours lie above the band, and how many would by chance."""
    allowed = [one for one in found if one.cell.allowed]
    rates = [(one, reading, side) for one in allowed for reading in OURS for side in (0, 1)]
    runs = allowed[0].runs
    low, most = bands(runs)
    law = stats.binom(runs, ALPHA)
    strict = int(law.ppf(1 - ALPHA / len(rates)))
    high, beyond = above(found), [one.calls[r][side] for one, r, side in rates if one.calls[r][side] > strict]
    largest = max(rates, key=lambda rate: rate[0].calls[rate[1]][rate[2]])
    worst = largest[0].calls[largest[1]][largest[2]]
    under = [one for one, reading, side in rates if one.calls[reading][side] < low]
    passed = sum(one.ready < PARTLY * one.runs for one in under)
    return (
        f"{len(allowed)} cells allow a verdict; each has two readings of ours with two sides, {len(rates)} rates "
        f"together. Were each exactly 2.5 %, {len(rates) * law.sf(most):.0f} of them would lie above the band by chance "
        f"(one look and weekly looks share their runs, so that they do so in pairs). **{len(high)} do**, and {len(under)} "
        f"lie below it, {passed} of them where the rule of 50 withholds verdicts. With Bonferroni over all of them the "
        f"band ends at {100 * strict / runs:.2f} %: {len(beyond)} lie above that. The largest is {100 * worst / runs:.2f} "
        f"% ({_named(largest[0].cell)}; {READ[largest[1]]}, {SIDES[largest[2]]})."
    )


def withheld(found: Sequence[Found]) -> str:
    """Say what the errors are among the runs that the rule of 50 lets pass, where it lets only some."""
    some = [one for one in found if one.cell.allowed and 0 < one.ready < PARTLY * one.runs]
    if not some:
        return "In every cell that allows a verdict the rule of 50 buyers lets nearly all runs pass."
    worst = max(some, key=lambda one: max(one.calls["weekly"]) / one.ready)
    wins, losses = (100 * n / worst.ready for n in worst.calls["weekly"])
    most = [100 * max(one.calls["weekly"][side] / one.ready for one in some) for side in (0, 1)]
    return (
        f"**What these rates hide.** They are shares of all runs. In {len(some)} cells, those with 50 buyers expected, "
        "the rule of 50 lets only some runs pass, and it counts the buyers of the smaller arm as they fell, which is not "
        "independent of the lift that is seen: at unequal splits, few buyers in control are a win, many are a loss, and "
        f"only the latter pass. Among the runs that pass, up to {most[0]:.1f} % are false wins and up to {most[1]:.1f} % "
        f"false losses (weekly looks; the worst: {_named(worst.cell)}, {100 * worst.ready / worst.runs:.0f} % pass, "
        f"{wins:.1f} / {losses:.1f} %). *Without the rule* one look errs at most {_worst(some, 'fixed_all'):.2f} % on "
        "either side in these cells. In all others nearly every run passes, and the rule makes no difference."
    )


def _named(cell: Cell) -> str:
    title = SCENARIOS[cell.scenario].title
    return f"{title[0].lower()}{title[1:]}, {cell.population}, {split(cell.share)}, {cell.smaller:,} buyers"


def tried_again(high: Sequence[High], again: Mapping[Cell, Found]) -> str:
    """List every rate above its band, with the same rate of more runs with other random numbers."""
    if not high:
        return "None to list."
    runs = next(iter(again.values())).runs
    most = bands(runs)[1]
    kept = 0
    lines = ["| cell | reading | side | rate, % | tried again, % | |", "|---|---|---|---|---|---|"]
    for one, reading, side in high:
        second = again[one.cell].calls[reading][side]
        kept += second > most
        verdict = "misses 2.5 %" if second > most else "within the band"
        lines.append(
            f"| {_named(one.cell)} | {READ[reading]} | {SIDES[side]} | {100 * one.calls[reading][side] / one.runs:.2f} "
            f"| {100 * second / runs:.2f} | {verdict} |"
        )
    intro = (
        f"Each cell above the band, and the same with {runs:,} other runs, whose band ends at {100 * most / runs:.2f} %. "
        f"**{kept} of {len(high)} rates are above that again**"
        + (": there the goal is missed, by as much as the table says." if kept else ": the goal is missed in none of them.")
    )
    return intro + "\n\n" + "\n".join(lines)


def looking_costs(power: float) -> tuple[float, float]:
    """Return, by theory, the power of the weekly looks where one look has a given power, and the mean week of the end."""
    information = [float(week) / WEEKS for week in range(WEEKS - LOOKS + 1, WEEKS + 1)]
    bounds = spending_bounds(information, [obrien_fleming_spending(now, ALPHA) for now in information])
    found = crossing(information, bounds, drift_for_power([1.0], [PLAIN], power))
    stopped = [up + down for up, down in zip(found.upper, found.lower, strict=True)]
    weeks = [WEEKS * now for now in information]
    mean = sum(week * chance for week, chance in zip(weeks, stopped, strict=True)) + WEEKS * (1 - sum(stopped))
    return sum(found.upper), mean


def power_tables(found: Sequence[Found]) -> list[str]:
    """Return what looking costs by theory, and a table for each population and lift."""
    theory = []
    for power in POWERS:
        weekly, week = looking_costs(power)
        theory.append(
            f"where one look wins {100 * power:g} %, weekly looks win {100 * weekly:.1f} % "
            f"(**{100 * (power - weekly):.1f} points** less), and end in week {week:.1f} of {WEEKS} on average"
        )
    parts = [
        "By theory (normal statistics, seven looks at equal steps): "
        + "; ".join(theory)
        + ". The goal, within one point at "
        "50/50, holds where power is high, not at 80 %.",
        "The lift is laid on the baskets of the treated, such that a fixed test sees it with the given chance (normal "
        "theory, from the baskets' CV). *Difference*: points that weekly looks win less, with its standard error (both "
        "are read from the same runs); **bold** is more than one. *Week*: of the verdict, on average. At 50 buyers the "
        "rule withholds most verdicts, as *ready* says; *without the rule* shows the tests alone.",
    ]
    for population in dict.fromkeys(one.cell.population for one in found):
        for power in POWERS:
            rows = [one for one in found if (one.cell.population, one.cell.power) == (population, power)]
            title = f"### Power: {population}, a lift that a fixed test sees with {100 * power:g} %"
            parts.append(f"{title}\n\n{_power_table(rows)}")
    even = [one for one in found if one.cell.share == EVEN]
    costs = [(_difference(one)[0], one) for one in even]
    over = [f"{_named(one.cell)} at {100 * one.cell.power:g} % ({cost:.2f})" for cost, one in costs if cost > ONE_POINT]
    said = "; ".join(over) if over else "none"
    parts.append(f"At 50/50, weekly looks cost more than one point in {len(over)} of {len(even)} cells: {said}.")
    return parts


def _difference(one: Found) -> tuple[float, float]:
    """Return points that weekly looks win less, and their standard error."""
    fixed, weekly = one.only
    gap = (fixed - weekly) / one.runs
    return 100 * gap, 100 * math.sqrt(max((fixed + weekly) / one.runs - gap**2, 0.0) / one.runs)


def _power_table(rows: Sequence[Found]) -> str:
    lines = [
        "| split | buyers | lift | one look | weekly | difference | week | ready | one look, without the rule "
        "| weekly, without the rule | lost, weekly | band, daily |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in rows:
        won = {reading: f"{100 * calls[0] / one.runs:.1f}" for reading, calls in one.calls.items()}
        gap, se = _difference(one)
        cost = f"{gap:.2f}"
        cells = [
            split(one.cell.share), f"{one.cell.smaller:,}", f"+{100 * one.lift:.1f} %", won["fixed"], won["weekly"],
            f"{f'**{cost}**' if gap > ONE_POINT else cost} +- {se:.2f}", f"{one.week:.1f}",
            f"{100 * one.ready / one.runs:.0f} %", won["fixed_all"], won["weekly_all"],
            f"{100 * one.calls['weekly'][1] / one.runs:.2f}", won["band"],
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _worst(found: Sequence[Found], reading: str, side: int | None = None) -> float:
    """Return the largest rate of a reading, of one side or of both, in %."""
    sides = (0, 1) if side is None else (side,)
    return max(100 * one.calls[reading][k] / one.runs for one in found for k in sides)


def summary(idle: Sequence[Found], moved: Sequence[Found], again: Mapping[Cell, Found]) -> str:
    """Say in a few lines what the page comes to."""
    allowed = [one for one in idle if one.cell.allowed]
    high = above(idle)
    kept = sum(again[one.cell].calls[reading][side] > bands(again[one.cell].runs)[1] for one, reading, side in high)
    costs = [_difference(one)[0] for one in moved if one.cell.share == EVEN]
    free = [_difference(one)[0] for one in moved]
    return "\n".join(
        [
            f"- **Ours**, where a verdict is allowed: at most {_worst(allowed, 'weekly', 0):.2f} % false wins and "
            f"{_worst(allowed, 'weekly', 1):.2f} % false losses with weekly looks, {_worst(allowed, 'fixed'):.2f} % of "
            f"either with one look. {len(high)} of {4 * len(allowed)} rates lie above the band of 2.5 %; tried again, "
            f"{kept} do.",
            f"- **A plain Welch test, looked at daily**, in the same cells: up to {_worst(allowed, 'peeking', 0):.0f} % "
            f"false wins and {_worst(allowed, 'peeking', 1):.0f} % false losses; looked at once, up to "
            f"{_worst(allowed, 'welch', 0):.1f} % and {_worst(allowed, 'welch', 1):.1f} %.",
            "- **The symmetric relative interval with its sequential band**, looked at daily: up to "
            f"{_worst(allowed, 'delta', 0):.1f} % false wins and {_worst(allowed, 'delta', 1):.0f} % false losses.",
            f"- **Looking weekly** costs up to {max(costs):.1f} points of power at 50/50, up to {max(free):.1f} at any "
            "split.",
        ]
    )


def joint_table(found: Sequence[Found]) -> str:
    """Compare the two ways of re-randomising inside sequential looks, and the normal law."""
    runs = found[0].runs
    se = 100 * math.sqrt(ALPHA * (1 - ALPHA) / runs)
    lines = [
        "Few buyers are tested by re-randomisation, and looked at weekly. Two ways to put these together: *ours* "
        "re-randomises each look for itself, takes the normal score of its p-value and compares it with a Lan-DeMets "
        "bound, buyers being the information; *whole path* spends the error rate in the distribution of all looks "
        "together under random labels: at each look, among the labellings that have not crossed, those with the largest "
        "statistics cross, so many that the share of all that have crossed, the observed one counted, is what may have "
        "been spent. *Normal law alone* compares the log ratio over its standard error with the same bounds.",
        "",
        f"{runs:,} runs a cell, seven looks, without the rule of 50 buyers; false wins / false losses in %, Monte Carlo "
        f"standard error {se:.2f}:",
        "",
        f"| cell | {' | '.join(WAYS.values())} |",
        "|---|---|---|---|",
    ]
    lines += [f"| {_named(one.cell)} | {' | '.join(_pair(one, way) for way in WAYS)} |" for one in found]
    gaps = [
        100 * abs(ours - path) / one.runs
        for one in found
        for ours, path in zip(one.calls["marginal"], one.calls["joint"], strict=True)
    ]
    lines += [
        "",
        f"**Settled**: the two ways differ by {max(gaps):.2f} points at most, {sum(gaps) / len(gaps):.2f} on average; the "
        f"largest error is {', '.join(f'{_worst(found, way):.2f} % ({name})' for way, name in WAYS.items())}. Ours is "
        "kept: of the past it needs only each look's information and bound, where a whole path needs every past look's "
        "buyers as they were then; and the same bounds serve below and above 400 buyers.",
    ]
    return "\n".join(lines)
