"""One experiment: its verdict in words, its money, its interval over time, and what would end it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from counterclick.display import Grid
from counterclick.errors import CounterclickError
from counterclick.experiments.calling import units_of
from counterclick.experiments.course import Course
from counterclick.experiments.result import Result
from counterclick.experiments.slices import Slices
from counterclick.pages.wording import words
from counterclick.verdicts import STATE, Check, Verdict
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import rows_at
from counterclick.web.dashboard.columns import MONEY, Head, numbers, ordinal
from counterclick.web.dashboard.course import bounds, over_time
from counterclick.web.dashboard.naming import in_words, label
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.showing import section_of, table_of
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Chart, Column, Figure, Figures, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["EXPERIMENT", "NAMED_EXPERIMENT"]

Answer = TypeVar("Answer")
_VERDICT = "counterclick experiment verdict NAME"
_COURSE = About(
    "Lift of the outcome, of all visitors who had entered by a day, with its anytime-valid 95 % interval: one may look at "
    "it every day. It decides nothing; looks do, at their bounds.",
    "counterclick experiment course NAME",
    "relative change",
)
_LOOKS = About(
    "A look ends the experiment where its statistic passes a bound. Looks share the error rate, so that early bounds lie "
    "far out. A look stays as it was taken.",
    "counterclick experiment course NAME",
)
_AS = "as the metric's: money, a share or a number"
_OWN = "the experiment's own time; visitors whose window has closed"
_METRICS = About(
    "Feature against control, of the same visitors.", "counterclick experiment result NAME", "relative change", _OWN
)
_SLICES = About(
    "The outcome by slices: exploratory, never a verdict.", "counterclick experiment slices NAME", "relative change", _OWN
)
_CHECKS = About("What must hold for the comparison to be one of like with like.", _VERDICT)
_GUARDS = About("What must not suffer: shown not to be worse than what would be borne, unproven, or worse.", _VERDICT)
_PASSED = {True: "good", False: "bad", None: "missing"}
_GUARD_MARKS = {"shown": "good", "unproven": "missing", "worse": "bad"}


@dataclass(frozen=True, slots=True)
class _Answer:
    """Four verbs, each of which may refuse."""

    name: str
    verdict: Verdict | str
    course: Course | str
    result: Result | str
    slices: Slices | str


def _ask(shop: Shop, asked: Mapping[str, str]) -> _Answer:
    name = asked.get("name", "")
    experiment = shop.experiment(name)
    verbs = (experiment.verdict, experiment.course, experiment.result, experiment.slices)
    verdict, course, result, slices = (_or_why(verb) for verb in verbs)
    return _Answer(name, verdict, course, result, slices)  # type: ignore[arg-type]  # each is its verb's


def _or_why(verb: Callable[[], Answer]) -> Answer | str:
    try:
        return verb()
    except CounterclickError as error:
        return str(error)


def _view(found: _Answer, context: Context) -> View:
    say, verdict, course = context.say, found.verdict, found.course
    grids = [] if isinstance(found.result, str) else [each for each in found.result.grids() if each.title != "Preconditions"]
    behind = {f"its {_whom(context, found.name)}": rows_at("visitors", experiment=found.name)}
    metrics, sliced = replace(_METRICS, rows=behind), replace(_SLICES, rows=behind)
    sections = [
        *(_refused(verdict) if isinstance(verdict, str) else _concluded(verdict, say)),
        Section("The interval over time", [] if isinstance(course, str) else _course(course, verdict, say)),
        Section("What would end it, and when", [] if isinstance(course, str) else _ends(course, say)),
        Section("Arms and metrics", [table_of(each, say, metrics, heads=_arms(each)) for each in grids]),
        Section("What must hold", _checks(found, say)),
        section_of("Slices", [] if isinstance(found.slices, str) else found.slices.grids(), say, sliced),
    ]
    is_broken = isinstance(verdict, Verdict) and verdict.outcome == "invalid"
    says = "There is no verdict yet." if isinstance(verdict, str) else f"{_upper(in_words(verdict))}."
    period = "" if isinstance(course, str) else say.days(course.starts_on, course.ends_on)
    return View(
        says,
        [each for each in sections if each.parts],
        title=f"Experiment {found.name}",
        period=period,
        mark="warning" if is_broken else "",
    )


def _whom(context: Context, name: str) -> str:
    """Return what those are whom an experiment assigns."""
    declared = context.config.experiments.get(name)
    return "visitors" if declared is None else units_of(declared)


def _arms(grid: Grid) -> dict[str, Head]:
    """Return what the columns of arms mean, which are called as the arms are."""
    if grid.columns[:1] != ("metric",):
        return {"revenue": Head("Revenue of the arm within the windows of those in it.", MONEY)}
    return {
        arm: Head(f"The metric in the arm {arm}, over all in it whose window has closed.", _AS) for arm in grid.columns[1:3]
    }


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _refused(why: str) -> list[Section]:
    return [Section("Why", [Text([_upper(why)], links={"What it could show": "/plan"})])]


def _concluded(verdict: Verdict, say: Speech) -> list[Section]:
    says = [f"{verdict.treatment} against {verdict.control}: {say.text(words(verdict.because))}"]
    says += [f"Meanwhile: {say.text(words(verdict.meanwhile))}"] if verdict.meanwhile else []
    says += [f"Orders that come back: {say.text(words(verdict.returns))}"] if verdict.returns else []
    notes = [say.text(words(each)) for each in verdict.warnings]
    parts: list[Part] = [Text(says), Figures(_figures(verdict, say))]
    return [Section("", [*parts, *([Text(notes, kind="warning")] if notes else [])])]


def _figures(verdict: Verdict, say: Speech) -> list[Figure]:
    """Return the money first, then the lift, what would pay, and the next look."""
    source, is_open = _VERDICT.replace("NAME", verdict.experiment), verdict.next_look_on is not None
    money, found = verdict.incremental, []
    behind = {"its visitors": rows_at("visitors", experiment=verdict.experiment)}
    about = About(
        "Money that the feature earns over its control, for all eligible visitors.",
        source,
        f"{say.currency} a month of 30.44 days",
        "until the last look",
        rows=behind,
    )
    if money is None:
        found.append(Figure("earned a month", "not known", about, note="there is no lift to tell it from"))
    else:
        ends = f"[{say.money(money.lower)}, {say.money(money.upper)}]"
        found.append(Figure("earned a month", say.money(money.value), about, ends, "#arms-and-metrics", is_open))
    about = About(
        f"Relative change of {label(verdict.metric)}, feature against control.",
        source,
        "relative change",
        "until the last look",
        rows=behind,
    )
    if verdict.lift is None or verdict.lift_lower is None or verdict.lift_upper is None:
        found.append(Figure(f"lift of {label(verdict.metric)}", "not known", about))
    else:
        ends = f"[{say.signed(verdict.lift_lower)}, {say.signed(verdict.lift_upper)}]"
        shown = say.signed(verdict.lift)
        found.append(
            Figure(
                f"lift of {label(verdict.metric)}",
                shown,
                about,
                ends,
                is_provisional=is_open,
                note=f"interval: {verdict.interval}",
            )
        )
    paying = {**behind, "its cost": "/settings"}
    about = About("The lift at which the feature pays what it costs.", source, "relative change", "a month", rows=paying)
    pays = verdict.break_even_lift
    note = "" if pays is not None else "declare monthly_cost of the surface, and record unit costs"
    found.append(Figure("pays its cost from", "not known" if pays is None else say.percent(pays, 2), about, note=note))
    says = "The day on which it is looked at next; verdicts change at looks alone."
    about = About(says, source, "a day", "the experiment's own time", rows=behind)
    look = verdict.next_look_on
    found.append(Figure("next look", "none: looking has ended" if look is None else say.day(look), about))
    return found


def _course(course: Course, verdict: Verdict | str, say: Speech) -> list[Part]:
    points = [each for each in course.points if each.lift is not None]
    if not points:
        return [Text(["Nothing can be drawn yet: no visitor's window has closed, or no arm has buyers to be compared."])]
    rows: list[list[Cell | str]] = [
        [
            Cell(say.day(each.entered_until), f"{each.entered_until}"),
            *(_lift(end, say) for end in (each.lift, each.lower, each.upper)),
            Cell(say.count(each.buyers), each.buyers),
        ]
        for each in course.points
    ]
    columns = [Column("entered until"), *numbers(("lift", "from", "to", "buyers"), say)]
    about = _of_visitors(_COURSE, course)
    title = f"Lift of {label(course.metric)} over time"
    last = points[-1]
    told = f"until {say.day(last.entered_until)}: " + ", ".join(
        _lift(end, say).text for end in (last.lift, last.lower, last.upper)
    )
    notes = [
        "The band is to look at between looks. Diamonds are the looks that were taken, with the interval to their bound."
    ]
    if isinstance(verdict, Verdict) and verdict.outcome == "invalid":
        notes.insert(0, "This experiment is invalid: what must hold does not, and what is drawn shows nothing.")
    pays = None if isinstance(verdict, str) else verdict.break_even_lift
    spec = over_time(course, pays, say)
    return [Chart(title, spec, f"{title}, {told}.", Table(title, columns, rows, about), about, notes)]


def _of_visitors(about: About, course: Course) -> About:
    """Return what numbers over time mean, with the time, and the visitors who are their rows."""
    behind = {"its visitors": rows_at("visitors", experiment=course.experiment)}
    return replace(about, period=f"from {course.starts_on} on, until the day of the row", rows=behind)


def _lift(end: float | None, say: Speech) -> Cell:
    return Cell("none", "", mark="missing") if end is None else Cell(say.signed(end), end)


def _ends(course: Course, say: Speech) -> list[Part]:
    parts: list[Part] = [Text(steps=[say.text(words(each)) for each in course.ends])]
    spec = bounds(course)
    rows: list[list[Cell | str]] = []
    for taken in course.looks:
        crossed = f"crossed the {taken.crossed} bound" if taken.crossed else "crossed none"
        rows.append(
            _look(taken.number, f"{taken.entered_until}", f"{taken.taken_on}", taken.statistic, taken.bound, crossed, say)
        )
    for coming in course.coming:
        needed = "" if coming.needed is None else f", from a lift of {say.percent(coming.needed)} on"
        rows.append(
            _look(coming.number, f"{coming.entered_until}", f"{coming.due_on}", None, coming.bound, f"to come{needed}", say)
        )
    columns = [ordinal("look", say), Column("entered until"), Column("on"), *numbers(("statistic", "bound"), say)]
    about = _of_visitors(_LOOKS, course)
    table = Table("Looks and bounds", [*columns, Column("what came of it")], rows, about)
    if spec is None or not rows:
        return [*parts, *([table] if rows else [])]
    told = "; ".join(f"look {row[0].text if isinstance(row[0], Cell) else row[0]}: {row[5]}" for row in rows)
    return [*parts, Chart("Looks and bounds", spec, f"Looks and bounds. {told}.", table, about)]


def _look(
    number: int, entered: str, on: str, statistic: float | None, bound: float | None, came: str, say: Speech
) -> list[Cell | str]:
    return [
        Cell(f"{number}", number),
        Cell(say.text(entered), entered),
        Cell(say.text(on), on),
        Cell("none", "") if statistic is None else Cell(say.number(round(statistic, 2)), statistic),
        Cell("none", "") if bound is None else Cell(say.number(round(bound, 2)), bound),
        came,
    ]


def _checks(found: _Answer, say: Speech) -> list[Part]:
    checks: Sequence[Check] = ()
    guardrails: Mapping[str, str] = {}
    if isinstance(found.verdict, Verdict):
        checks, guardrails = found.verdict.checks, found.verdict.guardrails
    elif isinstance(found.result, Result):
        checks = found.result.checks
    parts: list[Part] = []
    if guardrails:
        guarded: list[list[Cell | str]] = [
            [label(name), Cell(state, mark=_GUARD_MARKS.get(state, ""))] for name, state in guardrails.items()
        ]
        parts.append(Table("Guardrails", [Column("guardrail"), Column("state")], guarded, _GUARDS))
    if checks:
        held: list[list[Cell | str]] = [
            [each.name, Cell(STATE[each.passed], mark=_PASSED[each.passed]), say.text(words(each.says))] for each in checks
        ]
        parts.append(Table("Preconditions", [Column("what"), Column("state"), Column("its number")], held, _CHECKS))
    return parts


EXPERIMENT = Page(
    places.EXPERIMENT,
    "What does it show, and what would end it?",
    _ask,
    _view,
    is_stored=True,
    empty="Once its visitors and their orders are recorded, this page says what it concludes.",
)
"""The page."""
NAMED_EXPERIMENT = replace(EXPERIMENT, place=places.NAMED_EXPERIMENT, reads=("name",))
"""The same, of an experiment whose name would be taken for parts of a path: see `address_of`."""
