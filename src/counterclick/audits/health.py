"""Data health as values: what is recorded, what needs attention, and what the data does to the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from counterclick.audits.effects import EXAMPLE, blurred, hidden
from counterclick.audits.gaps import Gap
from counterclick.display import Grid, Shown, count, money, percent

__all__ = ["Carried", "Erasures", "Finding", "Health", "Refusal", "Refused", "Sign", "Volume"]

_LONGEST_BODY = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that needs attention.

    Attributes:
        name: in snake case, for ``--fail-on``.
        n: how many events or orders it concerns.
        amount: their revenue, in the shop's currency; None where that has no meaning.
        says: what it does to the figures, and what would be right.
    """

    name: str
    n: int
    amount: float | None
    says: str


@dataclass(frozen=True, slots=True)
class Sign:
    """A figure of the data, and what it does to the verdicts.

    Attributes:
        name: what is looked at.
        value: the figure; None where the data cannot say.
        shown: the same as text.
        effect: what it does to the verdicts, in one sentence.
    """

    name: str
    value: float | None
    shown: str
    effect: str


@dataclass(frozen=True, slots=True)
class Volume:
    """Events of one kind.

    Attributes:
        kind: which.
        n: how many.
        first_on: first day with some, in the shop's time zone.
        last_on: last day with some.
        by_day: day -> events, of days that have some.
    """

    kind: str
    n: int
    first_on: date
    last_on: date
    by_day: Mapping[date, int] = field(repr=False)

    @property
    def n_days(self) -> int:
        """Days with some."""
        return len(self.by_day)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Events refused for one reason.

    Attributes:
        reason: one of the door's.
        n: how many.
        kinds: kind -> how many of them said that they are one; the kind of the others cannot be read.
        effect: what their absence does to the verdicts.
    """

    reason: str
    n: int
    kinds: Mapping[str, int]
    effect: str


@dataclass(frozen=True, slots=True)
class Carried:
    """How far assignment is carried to orders in one experiment.

    Attributes:
        experiment: which.
        feature_share: share of visitors that the feature has.
        n_eligible: visitors in declared arms.
        n_several: of these, seen in several arms; each keeps its first.
        n_matched: orders in the experiment's time whose assigned visitor is known.
        matched: their revenue.
        n_unmatched: orders in that time which may be an assigned visitor's, but nobody can say whose.
        unmatched: their revenue.
    """

    experiment: str
    feature_share: float
    n_eligible: int
    n_several: int
    n_matched: int
    matched: float
    n_unmatched: int
    unmatched: float

    @property
    def several_share(self) -> float:
        """Share of visitors seen in several arms."""
        return self.n_several / self.n_eligible if self.n_eligible else 0.0

    @property
    def unmatched_share(self) -> float:
        """Share of revenue without a known arm."""
        whole = self.matched + self.unmatched
        return self.unmatched / whole if whole else 0.0

    @property
    def effect(self) -> str:
        """What it does to the verdict."""
        says = []
        if self.n_several:
            seen = percent(blurred(EXAMPLE, self.several_share), 2)
            says.append(
                f"{percent(self.several_share, 2)} of visitors met several arms: if they spend as others do, a true lift of "
                f"{percent(EXAMPLE)} is seen as {seen} at the worst."
            )
        if self.n_unmatched:
            most = percent(hidden(self.unmatched_share, self.feature_share))
            says.append(
                f"{percent(self.unmatched_share, 2)} of revenue has no known arm: lost from all arms alike it leaves the "
                f"lift as it is; were all of it the feature's, a true lift of {most} would be seen as none."
            )
        return " ".join(says) or "Every visitor met one arm, and every order's arm is known: 0.0 % of a lift is lost by it."


@dataclass(frozen=True, slots=True)
class Erasures:
    """What was erased on one day for one reason.

    Attributes:
        erased_on: day, in the shop's time zone.
        why: ``person`` (somebody asked for it), ``shopify`` (the app was taken off), or ``retention`` (their time was over).
        n: how many erasures.
        events: kind -> events erased.
    """

    erased_on: date
    why: str
    n: int
    events: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Health(Shown):
    """The state of the recorded data.

    Attributes:
        currency: of amounts.
        events: kind -> events recorded.
        rejected: reason -> events refused.
        skipped: name -> rows of files that are no events, by the mapping's own account.
        findings: what needs attention; empty ones are left out.
        fails: whether one stands that the caller asked to fail on.
        volumes: each kind's events by day.
        gaps: days without events of a kind that usually has some.
        refusals: what was refused, by reason, and what that does.
        signs: figures of the data, and what they do to the verdicts.
        carried: each experiment's assignment, carried to orders.
        erased: what was erased, by day and reason.
        complete_from: kind -> first day, in the shop's time zone, of which no event was erased because its time was over.
    """

    currency: str
    events: Mapping[str, int]
    rejected: Mapping[str, int]
    skipped: Mapping[str, int]
    findings: tuple[Finding, ...]
    fails: bool = False
    volumes: tuple[Volume, ...] = ()
    gaps: tuple[Gap, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    signs: tuple[Sign, ...] = ()
    carried: tuple[Carried, ...] = ()
    erased: tuple[Erasures, ...] = ()
    complete_from: Mapping[str, date] = field(default_factory=dict)

    def sign(self, name: str) -> Sign:
        """Return a figure by its name.

        Raises:
            KeyError: there is none of that name.
        """
        return {sign.name: sign for sign in self.signs}[name]

    def grids(self) -> list[Grid]:
        """Return counts by kind, what was refused, what the data does to the verdicts, and the findings."""
        grids = [self._volumes()]
        if self.gaps:
            heads = ("kind", "none from", "until", "days", "usual on them")
            stretches = [
                (gap.kind, f"{gap.first_on}", _until(gap), f"{gap.n_days:,}", count(gap.usual)) for gap in self.gaps
            ]
            grids.append(Grid("Days without events of a kind that usually has some", heads, stretches))
        if self.skipped:
            skipped = [(name, count(n)) for name, n in self.skipped.items()]
            grids.append(Grid("Rows that are no events, by their mapping", ("name", "rows"), skipped))
        if self.refusals:
            refused = [(each.reason, count(each.n), each.effect) for each in self.refusals]
            grids.append(Grid("Refused events", ("reason", "events", "what it does to the verdicts"), refused, left=3))
        if self.signs:
            shown = [(sign.name, sign.shown, sign.effect) for sign in self.signs]
            grids.append(Grid("What the data does to the verdicts", ("figure", "", "effect"), shown, left=3))
        if self.carried:
            arms = [
                (
                    each.experiment,
                    count(each.n_eligible),
                    percent(each.several_share, 2),
                    percent(each.unmatched_share, 2),
                    each.effect,
                )
                for each in self.carried
            ]
            heads = ("experiment", "visitors", "in two arms", "revenue without arm", "effect")
            grids.append(Grid("Assignment, carried to orders", heads, arms, left=5))
        if self.erased:
            grids.append(self._erased())
        return [*grids, self.attention()]

    def _erased(self) -> Grid:
        rows = [
            (
                f"{each.erased_on}",
                each.why,
                count(each.n),
                ", ".join(f"{kind} {count(n)}" for kind, n in each.events.items()),
            )
            for each in self.erased
        ]
        notes = ["Figures of earlier days are lower by them from then on. Looks that were taken stay as they were."]
        if self.complete_from:
            listed = ", ".join(f"{kind} from {day}" for kind, day in self.complete_from.items())
            notes.append(f"By age, complete are {listed} on: figures of days before that lack them.")
        return Grid("Erased", ("on", "because of", "times", "events"), rows, notes, left=4)

    def attention(self) -> Grid:
        """Return the findings."""
        rows = [
            (found.name, count(found.n), "" if found.amount is None else money(found.amount, self.currency), found.says)
            for found in self.findings
        ]
        if not rows:
            return Grid("What needs attention in the data", (), (), ("Nothing.",))
        return Grid("What needs attention in the data", ("finding", "n", "revenue", "what it means"), rows, left=4)

    def _volumes(self) -> Grid:
        days = {volume.kind: volume for volume in self.volumes}
        rows = []
        for kind, n in self.events.items():
            volume = days.get(kind)
            said = ("", "", "") if volume is None else (f"{volume.first_on}", f"{volume.last_on}", f"{volume.n_days:,}")
            rows.append((kind, count(n), *said))
        return Grid("Recorded events", ("kind", "events", "first day", "last day", "days with some"), rows)


@dataclass(frozen=True, slots=True)
class Refused(Shown):
    """Refused events, newest first.

    Attributes:
        rows: (reason, what would be right, what was sent, redacted).
        n_all: how many there are in all.
    """

    rows: tuple[tuple[str, str, str], ...]
    n_all: int

    def grids(self) -> list[Grid]:
        """Return them as a table."""
        shown = [(reason, says, body[:_LONGEST_BODY]) for reason, says, body in self.rows]
        title = f"Refused events: {len(shown):,} of {self.n_all:,}"
        return [Grid(title, ("reason", "what is wrong", "what was sent"), shown, left=3)]


def _until(gap: Gap) -> str:
    return f"{gap.last_on}, still" if gap.is_open else f"{gap.last_on}"
