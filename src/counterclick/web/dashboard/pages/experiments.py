"""Experiments: what each concludes in words, then its money; where it stands, and when it is looked at next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from counterclick.config import HOLDOUT
from counterclick.errors import CounterclickError
from counterclick.pages.wording import words
from counterclick.verdicts import Verdict
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import of_experiments
from counterclick.web.dashboard.charts import Estimated, forest
from counterclick.web.dashboard.columns import MONEY, number, numbers
from counterclick.web.dashboard.naming import MARKS, experiment_address, in_words
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.palette import EARNED, MUTED
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Chart, Column, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["EXPERIMENTS"]

_VERDICTS = About(
    "What an experiment concludes: visitors with the feature beside visitors without it, chosen by chance. Looks are "
    "planned before, so that looking often does not make a win. Money is what the feature earns a month over its control, "
    "with the interval that the data do not contradict.",
    "counterclick experiment verdict NAME",
    period="each experiment's own time, until its last look",
)
_CONCLUDED, _OPEN = "concluded: won or lost", "not concluded"
_COLOURS = {_CONCLUDED: EARNED, _OPEN: MUTED}
_SHAPES = {_CONCLUDED: "diamond", _OPEN: "circle"}


@dataclass(frozen=True, slots=True)
class _One:
    """A test, and what it concludes or why it concludes nothing."""

    name: str
    surface: str
    href: str
    verdict: Verdict | None
    refused: str = ""
    experiment: str = ""


def _ask(shop: Shop, _asked: Mapping[str, str]) -> list[_One]:
    config, found = shop.config, []
    if config.holdout is not None:
        found.append(_one("the holdout over all surfaces", "all", "", lambda: shop.holdout().verdict, HOLDOUT))
    for name, settings in config.experiments.items():
        experiment = shop.experiment(name)
        found.append(_one(name, settings.surface, experiment_address(name), experiment.verdict, name))
    return found + [_one(f"{each} on and off", each, "/plan", shop.onoff(each).verdict) for each in config.onoff]


def _one(name: str, surface: str, href: str, verdict: Callable[[], Verdict], experiment: str = "") -> _One:
    try:
        return _One(name, surface, href, verdict(), experiment=experiment)
    except CounterclickError as error:
        return _One(name, surface, href, None, str(error), experiment)


def _view(found: list[_One], context: Context) -> View:
    if not found:
        says = "Nothing is held against anything, so that nothing can be known of what the surfaces earn."
        return View(
            "No experiment is declared.",
            [
                Section(
                    "What to do",
                    [Text([says, "See what one could show, and declare it in shop.toml."], links={"Plan": "/plan"})],
                )
            ],
        )
    say = context.say
    invalid = any(each.verdict is not None and each.verdict.outcome == "invalid" for each in found)
    sections = [Section("", [_list(found, say)]), Section("Lifts", _drawn(found, say))]
    return View(_conclusion(found), [each for each in sections if each.parts], mark="warning" if invalid else "")


def _conclusion(found: list[_One]) -> str:
    told: dict[str, list[str]] = {}
    for each in found:
        told.setdefault(each.verdict.outcome if each.verdict else "no verdict yet", []).append(each.name)
    order = [name for name in ("invalid", "lost", "won", "inconclusive", "no verdict yet") if name in told]
    says = "; ".join(f"{name}: {_listed(told[name])}" for name in order)
    return f"{says[:1].upper()}{says[1:]}."


def _listed(names: list[str], most: int = 5) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def _list(found: list[_One], say: Speech) -> Table:
    columns = [Column("experiment"), Column("surface"), Column("verdict")]
    columns += [number("a month", say), *(number(name, say, unit=MONEY) for name in ("from", "to"))]
    columns += [Column("next look"), Column("why")]
    return Table("What each concludes", columns, [_row(each, say) for each in found], _about(found))


def _about(found: list[_One]) -> About:
    return replace(_VERDICTS, rows=of_experiments(each.experiment for each in found if each.experiment))


def _row(each: _One, say: Speech) -> list[Cell | str]:
    name, verdict = Cell(each.name, href=each.href), each.verdict
    if verdict is None:
        unknown = [Cell("not known", "", mark="missing")] * 3
        return [name, each.surface, Cell("no verdict yet", mark="missing"), *unknown, "", say.text(words(each.refused))]
    money = verdict.incremental
    amounts = (None, None, None) if money is None else (money.value, money.lower, money.upper)
    look = verdict.next_look_on
    is_open = look is not None
    return [
        name,
        each.surface,
        Cell(in_words(verdict), mark=MARKS[verdict.outcome]),
        *(
            Cell("not known", "", mark="missing")
            if amount is None
            else Cell(say.money(amount), amount, mark="provisional" if is_open else "")
            for amount in amounts
        ),
        "looking has ended" if look is None else Cell(say.day(look), f"{look}"),
        say.text(words(verdict.because)),
    ]


def _drawn(found: list[_One], say: Speech) -> list[Part]:
    rows: list[list[Cell | str]] = []
    estimates = []
    for each in found:
        verdict = each.verdict
        if verdict is None or verdict.lift is None or verdict.lift_lower is None or verdict.lift_upper is None:
            continue
        three = (verdict.lift, verdict.lift_lower, verdict.lift_upper)
        what = _CONCLUDED if verdict.outcome in ("won", "lost") else _OPEN
        estimates.append(Estimated(each.name, what, *three, is_final=verdict.next_look_on is None))
        rows.append([each.name, words(verdict.metric), *(Cell(say.signed(end), end) for end in three), what])
    if not estimates:
        return []
    columns = [
        Column("experiment"),
        Column("of"),
        *numbers(("lift", "from", "to"), say),
        Column("state"),
    ]
    title = "Lifts with their intervals"
    told = "; ".join(
        f"{each.row}: {say.signed(each.value)} [{say.signed(each.lower)}, {say.signed(each.upper)}]" for each in estimates
    )
    about = replace(_about(found), unit="relative change")
    notes = ["A hollow point is still being looked at. An interval that holds zero shows neither gain nor loss."]
    return [
        Chart(
            title,
            forest(estimates, _COLOURS, _SHAPES),
            f"{title}. {told}.",
            Table(title, columns, rows, about),
            about,
            notes,
        )
    ]


EXPERIMENTS = Page(
    places.EXPERIMENTS,
    "What is shown to earn, and what is not?",
    _ask,
    _view,
    is_stored=True,
    empty="Once visitors and orders of an experiment are recorded, this page says what it concludes.",
)
"""The page."""
