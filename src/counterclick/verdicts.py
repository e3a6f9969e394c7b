"""The only thing ever concluded: won, lost, inconclusive or invalid, why, and with which numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from counterclick.display import Grid, Shown, money, percent, signed_percent

__all__ = ["STATE", "Check", "Contrast", "Inconclusive", "Look", "Money", "Outcome", "ReturnsState", "Verdict"]

Outcome = Literal["won", "lost", "inconclusive", "invalid"]
Inconclusive = Literal[
    "too small to matter",
    "needs more weeks",
    "cannot be detected at this traffic",
    "guardrail not shown",
    "held for a data check",
    "still running",
]


ReturnsState = Literal["open", "shown", "not shown", "taken back"]
"""Whether a lift of matured net revenue is shown, not shown, or a loss; open until orders can no longer come back."""

STATE = {True: "holds", False: "FAILS", None: "cannot tell"}
"""How a check's state reads."""


@dataclass(frozen=True, slots=True)
class Check:
    """A precondition with its number.

    Attributes:
        name: what is checked.
        passed: whether it holds; None where this shop's data cannot say.
        value: the number; None where there is none.
        limit: what it is held against.
        says: in one sentence.
    """

    name: str
    passed: bool | None
    value: float | None
    limit: float | None
    says: str


@dataclass(frozen=True, slots=True)
class Money:
    """An amount a month with its interval.

    Attributes:
        value: point estimate, in ``currency`` a month of 30.44 days.
        lower: lower end of the 95 % interval.
        upper: upper end.
        currency: ISO 4217.
    """

    value: float
    lower: float
    upper: float
    currency: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """A comparison beside the verdict: another arm against the control, or the feature against ``nothing``.

    Attributes:
        treatment: the arm.
        against: the arm that it is compared with.
        lift: relative change of the verdict's metric, with ``lift_lower`` and ``lift_upper`` at 95 %; None where
            refused.
        lift_lower: lower end.
        lift_upper: upper end.
        p_adjusted: of "no difference", Holm-adjusted over these contrasts; None where refused.
        incremental: money a month that the arm earns over ``against``, for all eligible visitors.
        warnings: what to mind, or why it was refused.
        revenue_lift: of revenue per visitor, whatever the verdict's metric: value, lower and upper end; None where refused.
    """

    treatment: str
    against: str
    lift: float | None
    lift_lower: float | None
    lift_upper: float | None
    p_adjusted: float | None
    incremental: Money | None
    warnings: tuple[str, ...] = ()
    revenue_lift: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an experiment, as it was when it was taken; it is kept in the log and never rewritten.

    Attributes:
        number: from 1.
        entered_until: last day of entry of the visitors it counts, who are all finished.
        due_at: from when on it could be taken, UTC.
        taken_at: when it was, UTC.
        is_last: whether it spent all of the error rate.
        visitors: arm -> visitors.
        buyers: arm -> buyers.
        total: arm -> sum of the outcome.
        squares: arm -> sum of its squares.
        information: buyers of control and feature together.
        planned: buyers that were planned; None where this is the only look.
        spent: error rate of one side spent by this look, of 0.025.
        bound: of the standardised statistic; None where nothing could be spent.
        statistic: normal score of the test's p-value; None where an arm had no buyers to be compared.
        crossed: the bound that was crossed, "upper" or "lower".
    """

    number: int
    entered_until: date
    due_at: datetime
    taken_at: datetime
    is_last: bool
    visitors: Mapping[str, int]
    buyers: Mapping[str, int]
    total: Mapping[str, float]
    squares: Mapping[str, float]
    information: float
    planned: float | None
    spent: float
    bound: float | None
    statistic: float | None
    crossed: Literal["upper", "lower"] | None = None


@dataclass(frozen=True, slots=True)
class Verdict(Shown):
    """What an experiment concludes about a feature.

    Attributes:
        experiment: its name.
        treatment: the feature's arm.
        control: the arm it is compared with.
        outcome: won, lost, inconclusive or invalid.
        because: the reason, in one sentence.
        kind: of inconclusive verdicts, which.
        metric: what it was decided on.
        lift: relative change of the metric, with ``lift_lower`` and ``lift_upper`` at 95 %; None where refused. After
            several looks it is the median-unbiased one, and the interval the repeated one, dual to the bounds.
        interval: what the interval is: for one look, repeated over looks, or anytime-valid.
        p_value: of "no difference", stage-wise after several looks; None where refused, or nothing was decided yet.
        incremental: money a month that the feature earns over the control, for all eligible visitors.
        break_even_lift: lift at which the feature pays its cost; None where cost or margin is not known.
        returns: until when orders may come back, then what matured net revenue says.
        returns_state: whether it is shown to be up; a win that returns take back is none.
        checks: the preconditions.
        guardrails: guardrail -> shown, unproven or worse.
        warnings: what to mind.
        meanwhile: what to do until more is known.
        numbers: everything else that the sentence rests on.
        contrasts: the other comparisons, which conclude nothing.
        revenue_lift: of revenue per visitor, whatever the metric: value, lower and upper end; None where refused.
        looks: taken so far, oldest first; the verdict rests on the last.
        next_look_on: day on which the next look is due; None where looking has ended.
        band: lift of all finished visitors with its anytime-valid 95 % interval, to look at between looks.
    """

    experiment: str
    treatment: str
    control: str
    outcome: Outcome
    because: str
    metric: str
    kind: Inconclusive | None = None
    lift: float | None = None
    lift_lower: float | None = None
    lift_upper: float | None = None
    p_value: float | None = None
    incremental: Money | None = None
    break_even_lift: float | None = None
    returns: str = ""
    returns_state: ReturnsState | None = None
    checks: tuple[Check, ...] = ()
    guardrails: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    meanwhile: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    contrasts: tuple[Contrast, ...] = ()
    revenue_lift: tuple[float, float, float] | None = None
    interval: str = "95 %"
    looks: tuple[Look, ...] = ()
    next_look_on: date | None = None
    band: tuple[float, float, float] | None = None

    def grids(self) -> list[Grid]:
        """Return the verdict as a table of what it rests on, and the other contrasts below it."""
        still = {"open": ", returns open", "not shown": ", net of returns not shown"}.get(self.returns_state or "", "")
        title = f"{self.experiment}: {self.outcome.upper()}" + (still if self.outcome == "won" else "")
        title += f" ({self.kind})" if self.kind else ""
        rows = [("contrast", f"{self.treatment} against {self.control}"), ("because", self.because)]
        if self.lift is not None and self.lift_lower is not None and self.lift_upper is not None:
            ends = f"[{signed_percent(self.lift_lower)}, {signed_percent(self.lift_upper)}]"
            p_value = "" if self.p_value is None else f", p = {self.p_value:.2g}"
            rows.append((f"lift of {self.metric}", f"{signed_percent(self.lift)} {ends} ({self.interval}){p_value}"))
        if self.band is not None:
            value, lower, upper = self.band
            ends = f"[{signed_percent(lower)}, {signed_percent(upper)}]"
            rows.append(("between looks", f"{signed_percent(value)} {ends} anytime-valid; to look at, decides nothing"))
        if self.next_look_on is not None:
            rows.append(("next look", f"due on {self.next_look_on:%Y-%m-%d}"))
        if self.incremental is not None:
            found = self.incremental
            ends = f"[{money(found.lower, found.currency)}, {money(found.upper, found.currency)}]"
            rows.append(("incremental, a month", f"{money(found.value, found.currency)} {ends}"))
        if self.break_even_lift is not None:
            rows.append(("break-even lift", percent(self.break_even_lift, 2)))
        if "exaggeration_at_smallest_meaningful" in self.numbers and self.outcome == "won":
            power = percent(self.numbers["power_at_smallest_meaningful"], 0)
            factor = self.numbers["exaggeration_at_smallest_meaningful"]
            least = "break-even" if self.break_even_lift else "the smallest visible lift"
            says = f"if the truth were only {least}: {power} power, and a win would overstate it {factor:.1f} times"
            rows.append(("exaggeration risk", says))
        if self.returns:
            rows.append(("returns", self.returns))
        rows += [(f"guardrail {name}", status) for name, status in self.guardrails.items()]
        rows += [(check.name, f"{STATE[check.passed]}: {check.says}") for check in self.checks]
        rows.append(("meanwhile", self.meanwhile))
        grids = [Grid(title, ("", ""), rows, self.warnings, left=2)]
        if self.looks:
            grids.append(Grid("Looks", _LOOKS, [_look_cells(look) for look in self.looks], [_TAKEN]))
        if self.contrasts:
            notes = [warning for contrast in self.contrasts for warning in contrast.warnings]
            beside = [_cells(contrast) for contrast in self.contrasts]
            heads = ("contrast", "lift", "95 % interval", "p", "a month")
            grids.append(Grid("Beside the verdict (Holm-adjusted)", heads, beside, notes))
        return grids


_LOOKS = ("look", "entered until", "buyers", "of planned", "statistic", "bound", "")
_TAKEN = "A look is taken from all who entered by that day, when all of them are finished; it stays as it was."


def _look_cells(look: Look) -> tuple[str, ...]:
    share = "" if look.planned is None else percent(look.information / look.planned, 0)
    statistic = "none" if look.statistic is None else f"{look.statistic:+.2f}"
    bound = "none" if look.bound is None else f"{look.bound:.2f}"
    says = {"upper": "crossed", "lower": "crossed below"}.get(look.crossed or "", "last" if look.is_last else "")
    return (f"{look.number}", f"{look.entered_until}", f"{look.information:,.0f}", share, statistic, bound, says)


def _cells(contrast: Contrast) -> tuple[str, ...]:
    name = f"{contrast.treatment} against {contrast.against}"
    if contrast.lift is None or contrast.lift_lower is None or contrast.lift_upper is None:
        return (name, "refused", "", "", "")
    ends = f"[{signed_percent(contrast.lift_lower)}, {signed_percent(contrast.lift_upper)}]"
    p_value = "" if contrast.p_adjusted is None else f"{contrast.p_adjusted:.2g}"
    month = "" if contrast.incremental is None else money(contrast.incremental.value, contrast.incremental.currency)
    return (name, signed_percent(contrast.lift), ends, p_value, month)
