"""The one thing to do next: rules in a fixed order, of which the first that applies speaks.

First what makes every figure wrong (nothing comes in, orders are refused, an experiment is broken), then what loses money,
what costs without earning, and what is not known; then what there is to wait for, or could be begun. Of surfaces that have
lost, the one that loses most speaks; else the dearest, and of equally dear ones the first by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from counterclick.audits.gaps import Gap
from counterclick.audits.readiness import Readiness
from counterclick.audits.recommending import Recommendation, Situation
from counterclick.display import count, percent

__all__ = ["NEXT", "Standing", "Step", "next_step"]

REFUSED_SHARE = 0.01
"""Share of orders refused from which on the figures are wrong by more than a reader would think."""
_VITAL = ("purchase", "exposure", "page_view")
"""Kinds without which nothing can be judged, in the order in which they are asked for."""
_Advised = tuple[Situation, Recommendation]


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next.

    Attributes:
        says: what, in one sentence.
        because: why, with its numbers.
        rule: the name of the rule that says so.
        surface: which it concerns; None where it concerns none alone.
    """

    says: str
    because: str
    rule: str
    surface: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the step is chosen from.

    Attributes:
        gaps: kinds of which usual events are missing.
        orders_sent: orders that were sent, refused ones among them.
        orders_refused: of these, refused.
        advised: each surface with its recommendation, as `counterclick audit` gives it.
        next_looks: experiment -> the day on which its next look is due.
        readiness: computes what the store is ready for; asked for only where nothing before it speaks.
    """

    gaps: Sequence[Gap]
    orders_sent: int
    orders_refused: int
    advised: Sequence[_Advised]
    next_looks: Mapping[str, date]
    readiness: Callable[[], Readiness]

    def dearest(self, wanted: Callable[[Recommendation], bool]) -> _Advised | None:
        """Return the dearest of the surfaces whose recommendation is wanted."""
        own = [each for each in self.advised if wanted(each[1])]
        return min(own, key=lambda each: (-(each[0].monthly_cost or 0.0), each[0].surface), default=None)


def next_step(standing: Standing) -> Step:
    """Return what the first rule says that applies."""
    for rule in NEXT:
        found = rule(standing)
        if found is not None:
            return found
    raise AssertionError("the last rule applies to everything")


def _nothing_comes(case: Standing) -> Step | None:
    still = {gap.kind: gap for gap in case.gaps if gap.is_open and gap.kind in _VITAL}
    kind = next((each for each in _VITAL if each in still), None)
    if kind is None:
        return None
    gap = still[kind]
    says = f"Mend recording: no {kind} has come since {gap.first_on}."
    because = f"About {count(gap.usual)} would be usual in those {gap.n_days} days; every figure since then is wrong."
    return Step(says, because, "nothing comes in")


def _orders_refused(case: Standing) -> Step | None:
    share = case.orders_refused / case.orders_sent if case.orders_sent else 0.0
    if share < REFUSED_SHARE:
        return None
    because = (
        f"{percent(share)} of all orders sent ({count(case.orders_refused)}) are in no figure. "
        "`counterclick check --rejections` lists them with what would be right."
    )
    return Step("Mend the orders that are refused, and send them again.", because, "orders are refused")


def _broken(case: Standing) -> Step | None:
    found = case.dearest(lambda advice: advice.rule == "invalid")
    if found is None:
        return None
    return _about(found, f"Mend the experiment on {found[0].surface}.", "an experiment is invalid")


def _loses(case: Standing) -> Step | None:
    lost = [each for each in case.advised if each[1].rule == "lost"]
    found = min(lost, key=lambda each: (_a_month(each[0]), each[0].surface), default=None)
    return None if found is None else _about(found, f"Switch {found[0].surface} off: it loses money.", "switch off: lost")


def _a_month(situation: Situation) -> float:
    """Return what a surface earns a month, which is below 0 where it loses; 0 where that is not known."""
    found = situation.verdict.incremental if situation.verdict else None
    return found.value if found else 0.0


def _to_stop(case: Standing) -> Step | None:
    found = case.dearest(lambda advice: advice.action == "switch off")
    return None if found is None else _about(found, f"Switch {found[0].surface} off.", f"switch off: {found[1].rule}")


def _held_back(case: Standing) -> Step | None:
    found = case.dearest(lambda advice: advice.rule in ("held for a data check", "guardrail not shown"))
    if found is None:
        return None
    says = f"Look after the experiment on {found[0].surface} before it is believed."
    return _about(found, says, found[1].rule)


def _to_test(case: Standing) -> Step | None:
    found = case.dearest(lambda advice: advice.action == "test" and advice.rule != "not begun")
    if found is None:
        return None
    return _about(found, f"Test {found[0].surface} against a holdout.", f"test: {found[1].rule}")


def _to_wait(case: Standing) -> Step | None:
    if not case.next_looks:
        return None
    name, day = min(case.next_looks.items(), key=lambda item: (item[1], item[0]))
    says = f"Wait until {day}: the next look at {name} is due then."
    return Step(says, "Nothing is broken, and a verdict before a look would be peeking.", "a look is due")


def _to_begin(case: Standing) -> Step | None:
    ready = [each for each in case.readiness().interventions if each.ready]
    if case.advised or not ready:
        return None
    return Step(f"Begin with {ready[0].name}.", ready[0].says, "the store is ready, and nothing runs")


def _to_gather(case: Standing) -> Step | None:
    if case.advised:
        return None
    missing = [gate for each in case.readiness().interventions for gate in each.gates if gate.met is not True]
    because = "; ".join(dict.fromkeys(f"{gate.name}: {gate.shown}, needed {gate.needed}" for gate in missing))
    return Step("Go on recording; nothing more is to be begun yet.", f"{because}.", "the store is not ready")


def _to_keep(case: Standing) -> Step | None:
    kept = ", ".join(situation.surface for situation, advice in case.advised if advice.action == "keep")
    because = f"These have won: {kept}." if kept else "No surface asks for anything before its test has gone on."
    return Step("Keep everything as it is.", because, "nothing is to be done")


NEXT: tuple[Callable[[Standing], Step | None], ...] = (
    _nothing_comes,
    _orders_refused,
    _broken,
    _loses,
    _to_stop,
    _held_back,
    _to_test,
    _to_wait,
    _to_begin,
    _to_gather,
    _to_keep,
)
"""In the order in which they are asked."""


def _about(found: _Advised, says: str, rule: str) -> Step:
    situation, advice = found
    cost = f" It costs {situation.monthly_cost:,.0f} {situation.currency} a month." if situation.monthly_cost else ""
    return Step(says, f"{advice.because}{cost}", rule, situation.surface)
