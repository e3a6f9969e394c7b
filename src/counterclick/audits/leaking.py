"""Did those who are held out from a surface really see nothing of it? Counts by arm, and a conclusion for each test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from counterclick.display import Grid, Shown, count, percent

__all__ = ["ArmSeen", "HoldoutCheck", "HoldoutTest", "Holds", "Leak", "holdout_check", "holdout_test"]

Holds = Literal["holds", "leaks", "not known"]
"""What is concluded; of several tests the worst: a leak, else what cannot be known."""


@dataclass(frozen=True, slots=True)
class ArmSeen:
    """What the visitors of one arm had of a surface, while the test ran.

    Attributes:
        arm: which.
        is_held_out: whether it is to see nothing.
        n_visitors: who became eligible in it.
        n_seen: of these, with any of the following.
        n_shown: times that the surface was shown, or a message sent.
        n_clicked: clicks on it, and messages opened.
        n_answered: answers of it.
        n_bought: goods that it offered, laid into a cart or bought.
    """

    arm: str
    is_held_out: bool
    n_visitors: int
    n_seen: int
    n_shown: int
    n_clicked: int
    n_answered: int
    n_bought: int


@dataclass(frozen=True, slots=True)
class Leak:
    """An event of the surface, of a visitor who is held out from it.

    Attributes:
        occurred_at: UTC.
        kind: of the event.
        event_id: of the event.
        visitor_id: whose.
        source: who sent it.
        is_before: whether it lies before the visitor was first eligible, as when the server could not be reached then.
    """

    occurred_at: datetime
    kind: str
    event_id: str
    visitor_id: str
    source: str
    is_before: bool


@dataclass(frozen=True, slots=True)
class HoldoutTest:
    """One experiment's held-out visitors.

    Attributes:
        experiment: which; ``holdout`` is the one over every surface.
        outcome: what is concluded.
        because: why, with the numbers.
        arms: what each arm had.
        n_leaks: events of visitors who are held out.
        leaks: the first of them.
        n_unasked: visitors with events of the surface, in the time of the test, who were never eligible: a page or a sender
            that does not ask.
    """

    experiment: str
    outcome: Holds
    because: str
    arms: tuple[ArmSeen, ...]
    n_leaks: int
    leaks: tuple[Leak, ...]
    n_unasked: int


@dataclass(frozen=True, slots=True)
class HoldoutCheck(Shown):
    """Whether a surface is really held out.

    Attributes:
        surface: which.
        outcome: the worst of the tests'.
        tests: one for each experiment in which somebody is to see nothing of it.
        unread: experiments on the surface in which nobody is, and what their control shows instead.
    """

    surface: str
    outcome: Holds
    tests: tuple[HoldoutTest, ...]
    unread: tuple[str, ...]

    def grids(self) -> list[Grid]:
        """Return for each test what every arm had, the conclusion, and the first leaks."""
        grids = []
        for test in self.tests:
            heads = ("arm", "to see", "visitors", "with any", "shown", "clicked", "answered", "bought")
            rows = [
                (
                    each.arm,
                    "nothing" if each.is_held_out else "it",
                    *map(
                        count, (each.n_visitors, each.n_seen, each.n_shown, each.n_clicked, each.n_answered, each.n_bought)
                    ),
                )
                for each in test.arms
            ]
            notes = [f"{test.outcome}: {test.because}"]
            if test.n_unasked:
                notes.append(
                    f"Visitors with events of {self.surface} who were never eligible: {count(test.n_unasked)}. Somewhere it "
                    "shows without asking; they count in no arm."
                )
            grids.append(Grid(f"What the arms of {test.experiment} had of {self.surface}", heads, rows, notes, left=2))
            if test.leaks:
                shown = [
                    (f"{leak.occurred_at:%Y-%m-%d %H:%M:%S}", leak.kind, leak.event_id, leak.visitor_id, leak.source)
                    for leak in test.leaks
                ]
                title = f"The first {len(shown)} of {count(test.n_leaks)} events that should not be; times in UTC"
                grids.append(Grid(title, ("at", "kind", "event", "visitor", "sent by"), shown, left=5))
        if self.unread:
            notes = [f"{name}: its control is a static rule, whose events look like the feature's." for name in self.unread]
            grids.append(Grid("Not looked at", (), (), notes))
        return grids


def holdout_test(
    experiment: str, arms: Sequence[ArmSeen], n_leaks: int, leaks: Sequence[Leak], n_unasked: int
) -> HoldoutTest:
    """Return a test with its conclusion.

    Args:
        experiment: which.
        arms: what each arm had.
        n_leaks: events of visitors who are held out.
        leaks: the first of them.
        n_unasked: visitors with events who were never eligible.
    """
    outcome, because = _concluded(arms, n_leaks, leaks)
    return HoldoutTest(experiment, outcome, because, tuple(arms), n_leaks, tuple(leaks), n_unasked)


def holdout_check(surface: str, tests: Sequence[HoldoutTest], unread: Sequence[str]) -> HoldoutCheck:
    """Return the check of a surface: it leaks where one test does, and holds where all do."""
    found = {test.outcome for test in tests}
    order: tuple[Holds, ...] = ("leaks", "not known", "holds")
    return HoldoutCheck(surface, next((each for each in order if each in found), "not known"), tuple(tests), tuple(unread))


def _concluded(arms: Sequence[ArmSeen], n_leaks: int, leaks: Sequence[Leak]) -> tuple[Holds, str]:
    held, others = ([each for each in arms if each.is_held_out is side] for side in (True, False))
    n_held, n_reached = sum(each.n_visitors for each in held), sum(each.n_seen for each in held)
    n_others, n_seen = sum(each.n_visitors for each in others), sum(each.n_seen for each in others)
    if n_leaks:
        early = ", the first before its visitor was eligible" if leaks and leaks[0].is_before else ""
        return "leaks", (
            f"{count(n_reached)} of {count(n_held)} visitors who are held out ({percent(n_reached / n_held, 2)}) had "
            f"{count(n_leaks)} events of it{early}. They count as held out, so that the lift that is seen is smaller than "
            "the true one. Find who sent them, and gate it there."
        )
    if not n_held:
        return "not known", "nobody who is held out was ever eligible: no exposure of that arm is recorded."
    if not n_seen:
        return "not known", (
            f"nothing of it was recorded of anybody, neither of the {count(n_held)} held out nor of the {count(n_others)} "
            "others: whoever serves it tells nothing. Watch it with a gate of /cc.js, or send what it shows."
        )
    return "holds", (
        f"of {count(n_held)} visitors who are held out none had an event of it; of {count(n_others)} others "
        f"{count(n_seen)} had ({percent(n_seen / n_others)})."
    )
