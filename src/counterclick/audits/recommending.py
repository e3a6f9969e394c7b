"""Keep, switch off, test, or too early: a list of rules, of which the first that applies speaks.

A surface that has won on revenue per visitor is kept whatever its parts do; one that has lost is switched off. Between
them stand the two kill rules, which say for how long a surface may cost without showing anything. They ask for a
concurrent holdout: only against it are season and campaigns the same on both sides. Where there is none nothing can be
known, and the answer is a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from counterclick.config import KillConfig
from counterclick.display import money, percent, signed_percent
from counterclick.metrics import METRICS
from counterclick.verdicts import Verdict

__all__ = ["RULES", "Action", "Lift", "Recommendation", "Situation", "Trial", "recommend"]

Action = Literal["keep", "switch off", "test", "too early"]
Lift = tuple[float, float, float]
"""Value, lower and upper end of a 95 % interval; relative."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What an experiment on a surface has shown so far.

    Attributes:
        experiment: its name.
        verdict: its verdict; None where there is none.
        refused: why there is none.
        days: on which visitors were held out beside those who had the surface.
        ended: whether nobody becomes eligible any more.
        lifts: metric -> lift of the verdict's contrast, such as ``aov`` and ``units_per_order``.
        proxies: proxy -> its lift, such as ``ctr``.
        risen: those that the drift audit shows to be up, and further than revenue: Holm-adjusted over the proxies.
        begins_on: its first day, where the log has not come to it yet; None where it has begun.
    """

    experiment: str
    verdict: Verdict | None
    refused: str
    days: int
    ended: bool
    lifts: Mapping[str, Lift] = field(default_factory=dict)
    proxies: Mapping[str, Lift] = field(default_factory=dict)
    risen: tuple[str, ...] = ()
    begins_on: date | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What a recommendation rests on.

    Attributes:
        surface: which.
        days_live: since the surface was first seen in the log, or since it is declared to be live; None where it was
            never seen.
        tested: its newest test that has a verdict, else the newest that was entered, else one that begins later; None
            without one.
        proposal: how it could be tested, in words.
        kill: for how long it may cost without showing anything.
        monthly_cost: in ``currency``; None where not declared.
        currency: of the shop.
        held_together: whether a global holdout holds visitors out of all surfaces at once.
    """

    surface: str
    days_live: int | None
    tested: Trial | None
    proposal: str
    kill: KillConfig
    monthly_cost: float | None
    currency: str
    held_together: bool = False

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, where there is one."""
        return self.tested.verdict if self.tested else None

    @property
    def days(self) -> int:
        """Days with a concurrent holdout."""
        return self.tested.days if self.tested else 0


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to do with a surface.

    Attributes:
        action: keep, switch off, test, or too early.
        rule: the name of the rule that says so.
        because: in one or two sentences, with its numbers.
    """

    action: Action
    rule: str
    because: str


def recommend(situation: Situation) -> Recommendation:
    """Return what the first rule says that applies."""
    for rule in RULES:
        found = rule(situation)
        if found is not None:
            return found
    raise AssertionError("the last rule applies to everything")


def _never_seen(case: Situation) -> Recommendation | None:
    if case.tested is not None or case.days_live is not None:
        return None
    says = "Nothing of it is recorded, so that nothing can be said of it. Record what it shows, and test it."
    return Recommendation("test", "nothing recorded", says)


def _untested_and_new(case: Situation) -> Recommendation | None:
    if case.tested is not None or case.days_live is None or case.days_live >= case.kill.no_movement_days:
        return None
    says = (
        f"It has been live for {case.days_live} days and nobody is held out. Hold visitors out from now on. {case.proposal}"
    )
    return Recommendation("too early", "younger than the first kill rule", says.strip())


def _untested(case: Situation) -> Recommendation | None:
    if case.tested is not None:
        return None
    nobody = "visitors are held out of all surfaces together alone" if case.held_together else "nobody was ever held out"
    says = (
        f"It has been live for {case.days_live} days and {nobody}: what it earns cannot be known. Before "
        f"and after would mix it with season and campaigns. {case.proposal}"
    )
    return Recommendation("test", "no concurrent holdout", says.strip())


def _not_begun(case: Situation) -> Recommendation | None:
    tested = case.tested
    if tested is None or tested.begins_on is None:
        return None
    says = f"{tested.experiment} begins on {tested.begins_on}; the log has not come to that day. {tested.refused}"
    return Recommendation("test", "not begun", says.strip())


def _refused(case: Situation) -> Recommendation | None:
    if case.tested is None or case.verdict is not None:
        return None
    if case.days < case.kill.no_movement_days and not case.tested.ended:
        return Recommendation("too early", "no verdict yet", case.tested.refused)
    return Recommendation("test", "no verdict", f"{case.tested.refused} {case.proposal}".strip())


def _invalid(case: Situation) -> Recommendation | None:
    if case.verdict is None or case.verdict.outcome != "invalid":
        return None
    says = f"Its experiment is invalid and shows nothing: {case.verdict.because}. Mend it and test again."
    return Recommendation("test", "invalid", says)


def _contradicted(case: Situation) -> Recommendation | None:
    """A win or a loss of something that is no money, while revenue per visitor goes the other way or is not shown."""
    verdict = case.verdict
    if verdict is None or verdict.outcome not in ("won", "lost") or _is_money(verdict.metric):
        return None
    revenue = verdict.revenue_lift
    agrees = revenue is not None and (revenue[1] > 0 if verdict.outcome == "won" else revenue[2] < 0)
    if agrees:
        return None
    shown = "not measured" if revenue is None else spoken(revenue)
    says = f"{_sentence(verdict.because)} But it was decided on {verdict.metric}, and revenue_per_visitor stands at {shown}."
    return Recommendation("test", f"decided on {verdict.metric}", f"{says} Test it on revenue.")


def _is_money(metric: str) -> bool:
    return metric not in METRICS or METRICS[metric].unit == "money"


def _lost(case: Situation) -> Recommendation | None:
    if case.verdict is None or case.verdict.outcome != "lost":
        return None
    return Recommendation("switch off", "lost", f"{_sentence(case.verdict.because)}")


def _won_but_too_dear(case: Situation) -> Recommendation | None:
    verdict = case.verdict
    if verdict is None or verdict.outcome != "won" or verdict.break_even_lift is None or verdict.revenue_lift is None:
        return None
    if verdict.revenue_lift[2] >= verdict.break_even_lift:
        return None
    cost = "its cost" if case.monthly_cost is None else f"{money(case.monthly_cost, case.currency)} a month"
    says = f"{_sentence(verdict.because)} But all of it lies below {percent(verdict.break_even_lift)}, which pays {cost}."
    return Recommendation("switch off", "earns less than it costs", says)


def _won(case: Situation) -> Recommendation | None:
    verdict = case.verdict
    if verdict is None or verdict.outcome != "won":
        return None
    says = _sentence(verdict.because)
    if verdict.break_even_lift is None:
        says += " Whether it pays its cost cannot be said: cost or margin is not known."
    elif verdict.revenue_lift is not None and verdict.revenue_lift[1] < verdict.break_even_lift:
        says += f" That it pays its cost, from {percent(verdict.break_even_lift)} on, is not shown yet."
    return Recommendation("keep", "won", says)


def _too_small(case: Situation) -> Recommendation | None:
    if case.verdict is None or case.verdict.kind != "too small to matter":
        return None
    return Recommendation("switch off", "too small to matter", _sentence(case.verdict.because))


def _held(case: Situation) -> Recommendation | None:
    if case.verdict is None or case.verdict.kind != "held for a data check":
        return None
    return Recommendation("too early", "held for a data check", _sentence(case.verdict.because))


def _guarded(case: Situation) -> Recommendation | None:
    if case.verdict is None or case.verdict.kind != "guardrail not shown":
        return None
    return Recommendation(
        "test", "guardrail not shown", f"{_sentence(case.verdict.because)} Test on until it is shown or hurt."
    )


def _young(case: Situation) -> Recommendation | None:
    if case.verdict is None or case.tested is None or case.tested.ended or case.days >= case.kill.no_movement_days:
        return None
    return Recommendation("too early", "younger than the first kill rule", _sentence(case.verdict.because))


def _no_lift(case: Situation) -> Recommendation | None:
    """90 days without a lift of order value or units per order that is not noise."""
    if case.tested is None or case.days < case.kill.no_lift_days:
        return None
    known = {name: case.tested.lifts[name] for name in ("aov", "units_per_order") if name in case.tested.lifts}
    if _points_upwards(case):
        return None
    if not known or any(lower > 0 for _, lower, _ in known.values()):
        return None
    shown = ", ".join(f"{name} {spoken(lift)}" for name, lift in known.items())
    says = f"After {case.days} days with a concurrent holdout: {shown}. {_not_shown(case)}"
    return Recommendation("switch off", f"{case.kill.no_lift_days} days without a lift", says)


def _no_movement(case: Situation) -> Recommendation | None:
    """60 days without movement in units per order."""
    lift = case.tested.lifts.get("units_per_order") if case.tested else None
    if lift is None or case.days < case.kill.no_movement_days or lift[0] > 0:
        return None
    if _points_upwards(case):
        return None
    says = f"After {case.days} days with a concurrent holdout units_per_order stands at {spoken(lift)}. {_not_shown(case)}"
    return Recommendation("switch off", f"{case.kill.no_movement_days} days without movement", says)


def _undecided(case: Situation) -> Recommendation | None:
    verdict = case.verdict
    if verdict is None:
        return None
    says = _sentence(verdict.because)
    if case.tested is not None and case.tested.ended:
        says += f" {case.proposal}"
    return Recommendation("test", "undecided", says.strip())


RULES: tuple[Callable[[Situation], Recommendation | None], ...] = (
    _never_seen,
    _untested_and_new,
    _untested,
    _not_begun,
    _refused,
    _invalid,
    _contradicted,
    _lost,
    _won_but_too_dear,
    _won,
    _too_small,
    _held,
    _guarded,
    _young,
    _no_lift,
    _no_movement,
    _undecided,
)
"""In the order in which they are asked."""


def spoken(lift: Lift) -> str:
    """Return a lift with its interval."""
    return f"{signed_percent(lift[0])} [{signed_percent(lift[1])}, {signed_percent(lift[2])}]"


def _points_upwards(case: Situation) -> bool:
    """Say whether looks are left and revenue per visitor stands above break-even: units are blind to conversion."""
    revenue = case.tested.lifts.get("revenue_per_visitor") if case.tested else None
    wanted = (case.verdict.break_even_lift if case.verdict else None) or 0.0
    return case.tested is not None and not case.tested.ended and revenue is not None and revenue[0] > wanted


def _not_shown(case: Situation) -> str:
    """Say what a kill rule does not: that the surface earns nothing."""
    revenue = case.tested.lifts.get("revenue_per_visitor") if case.tested else None
    if revenue is None:
        return "It has not shown that it pays."
    return (
        f"It has not shown that it pays; that it earns nothing is not shown either: revenue_per_visitor {spoken(revenue)}."
    )


def _sentence(text: str) -> str:
    """Return a text as a sentence."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
