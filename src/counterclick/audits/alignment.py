"""Alignment: which metric would make you celebrate if it doubled, and is that what the surface is tuned on?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from counterclick.audits.following import Following
from counterclick.display import Grid, Shown
from counterclick.metrics import METRICS

__all__ = ["OUTSIDE", "Aims", "Alignment", "Finding", "alignment_audit", "role_of"]

OUTSIDE = {
    "click_rate": "clicks over what was shown",
    "click_through_rate": "clicks over what was shown",
    "clicks": "clicks",
    "conversations": "conversations begun",
    "csat": "answers to a questionnaire",
    "deflection_rate": "questions that no person had to answer",
    "dwell_time": "time spent",
    "engagement": "anything that is not an order",
    "engagement_rate": "anything that is not an order",
    "impressions": "times shown",
    "influenced_revenue": "revenue that would mostly have come anyway",
    "messages": "messages exchanged",
    "nps": "answers to a questionnaire",
    "open_rate": "messages opened",
    "opens": "messages opened",
    "page_views": "pages seen",
    "resolution_rate": "conversations that were closed",
    "time_on_site": "time spent",
}
"""Names that vendors use for what is no metric of this product -> what they count. All of them are proxies."""
_QUESTIONS = {"celebrates": "celebrated", "measured_on": "measured on", "tuned_on": "tuned on", "tested_on": "tested on"}


@dataclass(frozen=True, slots=True)
class Aims:
    """What a surface is said to be for.

    Attributes:
        surface: which.
        celebrates: the metric that would make its owner celebrate if it doubled; None where not declared.
        measured_on: it is reported by; None where not declared.
        tuned_on: it is optimised for; None where not declared.
        tested_on: declared for tests outside; None where not declared.
        outcomes: experiment -> the outcome of its verdict.
        settings: file of settings by which it decides -> the metric that these say they were made from.
    """

    surface: str
    celebrates: str | None
    measured_on: str | None
    tuned_on: str | None
    tested_on: str | None
    outcomes: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a surface's aims.

    Attributes:
        kind: ``misaligned`` (it is pulled elsewhere), ``not declared``, or ``mind`` (worth knowing).
        says: in one sentence.
    """

    kind: Literal["misaligned", "not declared", "mind"]
    says: str


@dataclass(frozen=True, slots=True)
class Aligned:
    """One surface.

    Attributes:
        aims: what it is said to be for.
        findings: what is wrong with that, or missing.
        follows: what its policies follow, by the log.
    """

    aims: Aims
    findings: tuple[Finding, ...]
    follows: tuple[Following, ...]

    @property
    def state(self) -> str:
        """Misaligned, not declared, or aligned."""
        kinds = {found.kind for found in self.findings}
        return next((kind for kind in ("misaligned", "not declared") if kind in kinds), "aligned")


@dataclass(frozen=True, slots=True)
class Alignment(Shown):
    """The one question, for each surface.

    Attributes:
        surfaces: in their order in ``shop.toml``.
    """

    surfaces: tuple[Aligned, ...]

    def grids(self) -> list[Grid]:
        """Return what each surface is for, and everything there is to say about it."""
        return [self.table("misaligned", "not declared", "mind")]

    def table(self, *kinds: str) -> Grid:
        """Return what each surface is for, with the findings of some kinds."""
        rows = [
            (
                found.aims.surface,
                found.state,
                *(_spoken(getattr(found.aims, name)) for name in ("celebrates", "measured_on", "tuned_on")),
                ", ".join(_spoken(name) for name in dict.fromkeys(found.aims.outcomes.values()))
                or _spoken(found.aims.tested_on),
            )
            for found in self.surfaces
        ]
        heads = ("surface", "state", "celebrated", "measured on", "tuned on", "tested on")
        question = (
            "Which metric would make you celebrate if it doubled, and is that what it is measured, tuned and tested on?"
        )
        notes = [
            f"{found.aims.surface}: {each.says}" for found in self.surfaces for each in found.findings if each.kind in kinds
        ]
        return Grid("Alignment", heads, rows, (question, *notes), left=6)


def alignment_audit(aims: Sequence[Aims], follows: Sequence[Following]) -> Alignment:
    """Return what each surface is for, beside what its metrics can say and its policies do.

    Args:
        aims: of every surface.
        follows: what the policies follow, by the log.
    """
    surfaces = []
    for each in aims:
        own = tuple(found for found in follows if found.surface == each.surface)
        findings = (*_celebrated(each), *_declared(each), *_set(each), *_tested(each), *_seen(each, own))
        surfaces.append(Aligned(each, findings, own))
    return Alignment(tuple(surfaces))


def role_of(name: str) -> str | None:
    """Return a metric's role: outcome, guardrail or proxy; None where nothing is known by that name."""
    if name in METRICS:
        return METRICS[name].role
    return "proxy" if name in OUTSIDE else None


def _celebrated(aims: Aims) -> list[Finding]:
    if aims.celebrates is None:
        asked = "Which metric would make you celebrate if it doubled?"
        return [Finding("not declared", f'celebrates: not declared. {asked} Write celebrates = "net_revenue_per_visitor".')]
    return _judged("celebrates", aims.celebrates, "could double without one more order")


def _declared(aims: Aims) -> list[Finding]:
    found = []
    for question, verb in (("measured_on", "look good in"), ("tuned_on", "become better at")):
        name = getattr(aims, question)
        if name is None:
            who = "Ask its maker what it is optimised for" if question == "tuned_on" else "Say what its report shows"
            found.append(Finding("not declared", f"{question}: not declared. {who}."))
            continue
        judged = _judged(question, name, f"is what it will {verb}, orders or not")
        found += judged
        if not judged and aims.celebrates is not None and name != aims.celebrates:
            says = f"it is {_QUESTIONS[question]} {name} while {aims.celebrates} is celebrated: related, and not the same."
            found.append(Finding("mind", says))
    return found


def _set(aims: Aims) -> list[Finding]:
    """Return what is wrong with settings that another tool made."""
    return [
        finding
        for file, name in aims.settings.items()
        for finding in _judged(f"{file}: tuned_on", name, "is what these settings make it better at, orders or not")
    ]


def _tested(aims: Aims) -> list[Finding]:
    found = []
    for experiment, outcome in aims.outcomes.items():
        if aims.tested_on is not None and aims.tested_on != outcome:
            says = f"tested_on says {aims.tested_on}, and experiment {experiment} is decided on {outcome}."
            found.append(Finding("misaligned", says))
        elif aims.celebrates is not None and role_of(aims.celebrates) == "outcome" and outcome != aims.celebrates:
            says = f"experiment {experiment} is decided on {outcome} while {aims.celebrates} is celebrated."
            found.append(Finding("mind", says))
    if not aims.outcomes and aims.tested_on is None:
        found.append(Finding("not declared", "it is tested on nothing."))
    if not aims.outcomes and aims.tested_on is not None:
        found += _judged("tested_on", aims.tested_on, "can be won without one more order")
    return found


def _seen(aims: Aims, follows: Sequence[Following]) -> list[Finding]:
    found = []
    for line in follows:
        if not line.follows_clicks or line.with_clicks is None or line.with_orders is None:
            continue
        whose = f"policy {line.policy}" if line.policy else "its policy"
        said = f" It is said to be tuned on {aims.tuned_on}." if aims.tuned_on else ""
        says = (
            f"by the log {whose} follows clicks: over {line.n_products} products, what it shows more of was clicked more "
            f"(rank correlation {line.with_clicks:+.2f}, orders held fixed), not bought more ({line.with_orders:+.2f})."
        )
        found.append(Finding("misaligned", says + said))
    return found


def _judged(question: str, name: str, pull: str) -> list[Finding]:
    role = role_of(name)
    if role is None:
        says = f"{question}: {name!r} is no metric that is known here, so that its role cannot be told. `metric` lists them."
        return [Finding("not declared", says)]
    if role == "proxy":
        what = f" ({OUTSIDE[name]})" if name in OUTSIDE else ""
        return [Finding("misaligned", f"{question}: {name}{what} is a proxy: it {pull}.")]
    if role == "guardrail":
        says = f"{question}: {name} is a guardrail, which must not suffer; it is not what is wanted."
        return [Finding("mind", says)]
    if not METRICS[name].decides and question == "celebrates":
        says = f"{question}: {name} says nothing without conversion; revenue_per_visitor holds both."
        return [Finding("mind", says)]
    return []


def _spoken(name: str | None) -> str:
    return name.replace("_", " ") if name else "not declared"
