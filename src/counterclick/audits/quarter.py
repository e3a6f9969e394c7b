"""What a quarter's verdicts were worth: every experiment that ended in it, won or not, by its own effect.

Nothing here is claimed or credited: the only figures are the verdicts' effects. They are added up with the method of
variance estimates recovery (Zou and Donner 2008, Statistics in Medicine 27), which takes intervals that need not be
symmetric, for estimates that are independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from counterclick.display import Grid, Shown, count, money
from counterclick.verdicts import Money, Verdict

__all__ = ["MONTHS", "Ended", "Quarter", "Sum", "Worth", "quarter_of"]

MONTHS = 3
_CURSE = (
    "Winners are chosen because they measured high, and a part of that is luck (the winner's curse): what the winners sum "
    "up to reads too high, even with median-unbiased effects. The sum over all tests chooses nothing."
)
_UNBIASED = (
    "Effects are those of the verdicts: median-unbiased where an experiment was looked at several times, since stopping "
    "early overstates. A quarter is three months of the effect, before the surface's cost."
)
_INDEPENDENT = (
    "Intervals of sums take experiments as independent. Visitors who are in two of them do not bias this: each experiment "
    "assigns anew, so that the other's effect is in both of its arms alike. Whether two features earn more together, or "
    "less, than each alone is not in the sum."
)


@dataclass(frozen=True, slots=True)
class Ended:
    """An experiment that ended in the quarter.

    Attributes:
        experiment: its name.
        surface: where it ran.
        ended_on: its last day.
        verdict: as it stands, or why there is none.
        monthly_cost: of the surface; None where not declared.
    """

    experiment: str
    surface: str
    ended_on: date
    verdict: Verdict | str
    monthly_cost: float | None


@dataclass(frozen=True, slots=True)
class Worth:
    """One experiment.

    Attributes:
        ended: what is known of it.
        quarter: what the feature earns over its control in a quarter, with its interval; None where not shown.
        refused: why it is in no sum; empty where it is in one.
    """

    ended: Ended
    quarter: Money | None
    refused: str

    @property
    def outcome(self) -> str:
        """Of the verdict; ``no verdict`` without one."""
        return "no verdict" if isinstance(self.ended.verdict, str) else self.ended.verdict.outcome

    @property
    def says(self) -> str:
        """What the verdict is worth, in one sentence."""
        if self.refused:
            return f"In no sum: {self.refused}."
        if self.quarter is None:
            return ""
        if self.outcome == "won":
            return f"Kept, it earns {_spoken(self.quarter)}."
        if self.outcome == "lost":
            return f"Switched off, {_spoken(_turned(self.quarter))} is saved."
        return f"Not decided: left on it earns {_spoken(self.quarter)}; switched off, that is forgone."


@dataclass(frozen=True, slots=True)
class Sum:
    """What several experiments add up to.

    Attributes:
        name: of what.
        n: experiments in it.
        quarter: their sum, with its interval.
    """

    name: str
    n: int
    quarter: Money


@dataclass(frozen=True, slots=True)
class Quarter(Shown):
    """What the verdicts of a quarter were worth.

    Attributes:
        name: such as 2026 Q1.
        first_on: its first day.
        last_on: its last day.
        verdicts_of: day as of which the verdicts stand.
        experiments: every one that ended in it, in the order of their end.
        sums: won, lost, undecided, and all of them; only where there are any.
        still: experiments that end in it later.
    """

    name: str
    first_on: date
    last_on: date
    verdicts_of: date
    experiments: tuple[Worth, ...]
    sums: tuple[Sum, ...]
    still: tuple[str, ...] = ()

    def grids(self) -> list[Grid]:
        """Return every experiment, then the sums."""
        title = f"What the verdicts of {self.name} were worth"
        notes = [f"Verdicts as of {self.verdicts_of}; returns that come later restate them."]
        if self.still:
            notes.append(f"Not ended by then: {', '.join(self.still)}.")
        if not self.experiments:
            return [Grid(title, (), (), ("No experiment ended in this quarter.", *notes))]
        rows = [
            (
                each.ended.experiment,
                f"{each.ended.ended_on}",
                each.outcome,
                "not known" if each.ended.monthly_cost is None else _cost(each),
                each.says,
            )
            for each in self.experiments
        ]
        heads = ("experiment", "ended", "verdict", "cost", "in a quarter, 95 % interval")
        grids = [Grid(title, heads, rows, (*notes, _UNBIASED), left=3)]
        if self.sums:
            summed = [
                (
                    each.name,
                    count(each.n),
                    money(each.quarter.value, each.quarter.currency),
                    f"{money(each.quarter.lower, each.quarter.currency)} to "
                    f"{money(each.quarter.upper, each.quarter.currency)}",
                )
                for each in self.sums
            ]
            heads = ("sum", "experiments", "a quarter", "95 % interval")
            grids.append(Grid(f"{self.name} added up", heads, summed, (_CURSE, _INDEPENDENT)))
        return grids


def quarter_of(
    name: str,
    first_on: date,
    last_on: date,
    verdicts_of: date,
    ended: Sequence[Ended],
    still: Sequence[str] = (),
) -> Quarter:
    """Add up what the verdicts of a quarter were worth.

    Args:
        name: of the quarter.
        first_on: its first day.
        last_on: its last day.
        verdicts_of: day as of which the verdicts stand.
        ended: every experiment that ended in it.
        still: experiments that end in it later.
    """
    ordered = sorted(ended, key=lambda each: (each.ended_on, each.experiment))
    newest = {each.surface: each.experiment for each in ordered if _effect(each) is not None}
    lines = []
    for each in ordered:
        effect = _effect(each)
        quarter = None if effect is None else _times(effect, MONTHS)
        lines.append(Worth(each, quarter, _refused(each, newest)))
    return Quarter(name, first_on, last_on, verdicts_of, tuple(lines), _sums(lines), tuple(still))


def _sums(lines: Sequence[Worth]) -> tuple[Sum, ...]:
    known = [(each.outcome, each.quarter) for each in lines if each.quarter is not None and not each.refused]
    wanted: tuple[tuple[str, str | None, Callable[[Money], Money]], ...] = (
        ("won: kept, they earn", "won", lambda found: found),
        ("lost: switched off, saved", "lost", _turned),
        ("undecided: left on, they earn", "inconclusive", lambda found: found),
        ("all of them, were they on", None, lambda found: found),
    )
    sums = []
    for name, outcome, sign in wanted:
        parts = [sign(found) for of, found in known if outcome in (None, of)]
        if parts:
            sums.append(Sum(name, len(parts), _added(parts)))
    return tuple(sums)


def _added(parts: Sequence[Money]) -> Money:
    """Return the sum of independent amounts with its interval."""
    value = sum(part.value for part in parts)
    below = math.hypot(*(part.value - part.lower for part in parts))
    above = math.hypot(*(part.upper - part.value for part in parts))
    return Money(value, value - below, value + above, parts[0].currency)


def _effect(ended: Ended) -> Money | None:
    """Return what a verdict shows a month; None where it shows nothing, or is not final."""
    if isinstance(ended.verdict, str) or ended.verdict.outcome == "invalid" or ended.verdict.next_look_on is not None:
        return None
    found = ended.verdict.incremental
    return found if found is not None and all(map(math.isfinite, (found.value, found.lower, found.upper))) else None


def _refused(ended: Ended, newest: dict[str, str]) -> str:
    """Say why an experiment is in no sum; empty where it is in one."""
    verdict = ended.verdict
    if isinstance(verdict, str):
        return f"it has no verdict ({verdict.rstrip('.')})"
    if verdict.outcome == "invalid":
        return f"it is invalid and shows nothing ({verdict.because.rstrip('.')})"
    if verdict.next_look_on is not None:
        return f"its last visitors are not finished; the next look is due on {verdict.next_look_on}"
    if _effect(ended) is None:
        return "its effect in money is not shown"
    if verdict.metric not in ("revenue_per_visitor", "net_revenue_per_visitor", "matured_net_revenue_per_visitor"):
        return f"it was decided on {verdict.metric}, which does not add up with revenue"
    if newest[ended.surface] != ended.experiment:
        return f"{newest[ended.surface]} tested the same surface after it, perhaps the same feature"
    return ""


def _times(found: Money, months: int) -> Money:
    return Money(found.value * months, found.lower * months, found.upper * months, found.currency)


def _turned(found: Money) -> Money:
    return Money(-found.value, -found.upper, -found.lower, found.currency)


def _spoken(found: Money) -> str:
    ends = f"[{money(found.lower, found.currency)}, {money(found.upper, found.currency)}]"
    return f"{money(found.value, found.currency)} {ends}"


def _cost(each: Worth) -> str:
    """Return what the surface costs in a quarter."""
    found = each.quarter
    currency = found.currency if found else ""
    return f"{money((each.ended.monthly_cost or 0.0) * MONTHS, currency)}".strip()
