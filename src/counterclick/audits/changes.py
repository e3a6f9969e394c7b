"""What changed between two audits: new, gone or changed, each in one sentence with both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from counterclick.audits.ledger import Ledger
from counterclick.audits.page import Audit
from counterclick.display import Grid, Shown, count, percent, signed_percent
from counterclick.verdicts import Verdict

__all__ = ["Change", "Changes", "changes_between"]

Kind = Literal["new", "gone", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not as it was.

    Attributes:
        part: of the audit.
        subject: surface, experiment, gate or finding.
        kind: new, gone or changed.
        says: in one sentence, with what it was and what it is.
    """

    part: str
    subject: str
    kind: Kind
    says: str


@dataclass(frozen=True, slots=True)
class Changes(Shown):
    """What changed from one month's end to the next.

    Attributes:
        before: day as of which the earlier audit stands.
        after: that of the later one.
        parts: the parts that were compared.
        found: what changed, in their order.
    """

    before: date
    after: date
    parts: tuple[str, ...]
    found: tuple[Change, ...]

    def grids(self) -> list[Grid]:
        """Return the changes, and the parts in which nothing changed."""
        title = f"What changed from {self.before} to {self.after}"
        same = [part for part in self.parts if part not in {each.part for each in self.found}]
        notes = [f"Nothing changed in: {', '.join(same)}."] if same and self.found else []
        if not self.found:
            return [Grid(title, (), (), ("Nothing changed.",))]
        rows = [(each.part, each.subject, each.kind, each.says) for each in self.found]
        return [Grid(title, ("part", "of", "", "what it was, what it is"), rows, notes, left=4)]


def changes_between(
    before: Audit, after: Audit, days: tuple[date, date], months: tuple[tuple[str, Ledger], tuple[str, Ledger]]
) -> Changes:
    """Return what changed between two audits.

    Args:
        before: the earlier audit.
        after: the later one.
        days: as of which they stand.
        months: name and ledger of each one's month.
    """
    states = {
        "recommendations": (_advice(before), _advice(after)),
        "verdicts": (_verdicts(before), _verdicts(after)),
        "drift alarms": (_alarms(before), _alarms(after)),
        "alignment": (_aims(before), _aims(after)),
        "readiness": (_gates(before), _gates(after)),
        "data": (_findings(before), _findings(after)),
    }
    found = [change for part, pair in states.items() for change in _compared(part, *pair)]
    shares = _shares(*months)
    return Changes(*days, (*states, "shares of revenue"), (*found, *shares))


def _compared(part: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Return what differs between two states: subject -> what is said of it."""
    found = []
    for subject in dict.fromkeys([*before, *after]):
        was, now = before.get(subject), after.get(subject)
        if was == now:
            continue
        if was is None:
            found.append(Change(part, subject, "new", f"New: {now}."))
        elif now is None:
            found.append(Change(part, subject, "gone", f"Gone; it was: {was}."))
        else:
            found.append(Change(part, subject, "changed", f"It was {was}; it is {now}."))
    return found


def _advice(audit: Audit) -> dict[str, str]:
    return {each.name: f"{each.recommendation.action} ({each.recommendation.rule})" for each in audit.theatre.surfaces}


def _verdicts(audit: Audit) -> dict[str, str]:
    lines = [line for line in audit.claims.lines if line.experiment is not None and line.is_verdict]
    return {str(line.experiment): _verdict(line.verdict) for line in lines}


def _verdict(verdict: Verdict | None) -> str:
    if verdict is None:
        return "no verdict"
    said = verdict.outcome + (f" ({verdict.kind})" if verdict.kind else "")
    if verdict.lift is None or verdict.lift_lower is None or verdict.lift_upper is None:
        return f"{said}, no lift shown"
    ends = f"[{signed_percent(verdict.lift_lower)}, {signed_percent(verdict.lift_upper)}]"
    return f"{said}, lift {signed_percent(verdict.lift)} {ends}"


def _alarms(audit: Audit) -> dict[str, str]:
    found: dict[str, str] = {}
    for alarm in audit.drift.alarms:
        place = f"{alarm.surface or 'whole shop'}, {alarm.source}"
        said = f"an alarm on {', '.join(alarm.proxies)}: {alarm.because}"
        found[place] = f"{found[place]}; {said}" if place in found else said
    return found


def _aims(audit: Audit) -> dict[str, str]:
    found = {}
    for each in audit.alignment.surfaces:
        wrong = sum(finding.kind == "misaligned" for finding in each.findings)
        open_ = sum(finding.kind == "not declared" for finding in each.findings)
        found[each.aims.surface] = f"{each.state} ({wrong} misaligned, {open_} not declared)"
    return found


def _gates(audit: Audit) -> dict[str, str]:
    """Return each intervention with the gates that are not met; what a met gate's number does is no change."""
    found = {}
    for each in audit.readiness.interventions:
        missing = [f"{gate.name} {gate.shown} of {gate.needed}" for gate in each.gates if not gate.met]
        found[each.name] = each.state + (f", missing {', '.join(missing)}" if missing else "")
    return found


def _findings(audit: Audit) -> dict[str, str]:
    return {finding.name: f"{count(finding.n)} found" for finding in audit.health.findings}


def _shares(before: tuple[str, Ledger], after: tuple[str, Ledger]) -> list[Change]:
    """Return the shares of each month's revenue that were claimed and credited, where they read differently."""
    (was_of, was), (is_of, now) = before, after
    if not was.revenue or not now.revenue:
        return []
    pairs = {
        "claimed together": (was.claimed / was.revenue, now.claimed / now.revenue),
        "credited": (was.attributed / was.revenue, now.attributed / now.revenue),
    }
    return [
        Change(
            "shares of revenue",
            name,
            "changed",
            f"It was {percent(first)} of the revenue of {was_of}; it is {percent(second)} of that of {is_of}.",
        )
        for name, (first, second) in pairs.items()
        if percent(first) != percent(second)
    ]
