"""Surfaces: each one's engagement beside its money, what to do with it, and what it is tuned on."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from counterclick.audits import Audit
from counterclick.audits.recommending import Lift
from counterclick.audits.theatre import Surface
from counterclick.pages.wording import words
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import of_experiments, rows_at
from counterclick.web.dashboard.charts import Estimated, forest
from counterclick.web.dashboard.columns import numbers
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.palette import EARNED, PROXY
from counterclick.web.dashboard.showing import section_of, table_of
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Chart, Column, Field, Form, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["SURFACES"]

_REVENUE, _RISING = "revenue per visitor", "a proxy: clicks, time, messages"
_COLOURS = {_REVENUE: EARNED, _RISING: PROXY}
_SHAPES = {_REVENUE: "circle", _RISING: "triangle-up"}
_PERIOD = "each experiment's own time, until its last look"
_ADVICE = About(
    "What to do with each surface, by which rule, and why. It rests on a concurrent holdout where there is one.",
    "counterclick audit",
    period="all that is recorded",
)
_ENGAGED = About(
    "What the log says of a surface: what happened on it, and what the shop's rule credits to it. Credit is no effect.",
    "counterclick audit",
    period="a month, on average since the surface's first event",
    rows={each: rows_at(each) for each in ("interactions", "clicks", "impressions", "credits")},
)
_LIFTS = About(
    "Feature against control, visitors chosen by chance. An interval that holds zero shows neither gain nor loss.",
    "counterclick audit",
    "relative change",
    _PERIOD,
)
_ALIGNED = About(
    "What a surface is celebrated for, measured, tuned and tested on, as shop.toml declares and the log shows.",
    "counterclick alignment",
)
_DO = {"switch off": "bad", "keep": "good", "test": "missing", "too early": "missing"}
_STATES = {"misaligned": "bad", "not declared": "missing", "aligned": "good"}


def _ask(shop: Shop, _asked: Mapping[str, str]) -> Audit:
    return shop.audit()


def _view(audit: Audit, context: Context) -> View:
    say, only = context.say, context.asked.get("surface")
    theatre = audit.theatre
    names = [each.name for each in theatre.surfaces]
    if only is not None and only not in names:
        return View(f"No surface is called {only!r}.", [Section("Which one?", [_choice(names, "")])], mark="warning")
    surfaces = [each for each in theatre.surfaces if only in (None, each.name)]
    if not surfaces:
        says = "Declare each place where the shop speaks to a buyer as `[surfaces.NAME]` in `shop.toml`, and serve anew."
        return View("No surface is declared or was seen.", [Section("What to do", [Text([says])])])
    lifts: list[Part] = [_drawn(surfaces, context)] if any(_lifts(each) for each in surfaces) else []
    about = _lifted(surfaces, context.config.experiments)
    parts = [table_of(grid, say, about if "Lifts" in grid.title else _ENGAGED) for grid in theatre.figures()]
    sections = [
        Section("", [_choice(names, only or "")] if len(names) > 1 else []),
        Section("What to do", [_advice(surfaces, say)]),
        Section(
            "Green arrows and money", lifts, "What rises on a surface, beside revenue per visitor in the same experiment."
        ),
        Section("Engagement beside money", parts if only is None else []),
        section_of("What each is tuned on", audit.alignment.grids() if only is None else [], say, _ALIGNED, marks=_STATES),
    ]
    return View(_conclusion(surfaces), [each for each in sections if each.parts])


def _conclusion(surfaces: Sequence[Surface]) -> str:
    found: dict[str, list[str]] = {}
    for each in surfaces:
        found.setdefault(each.recommendation.action, []).append(each.name)
    told = [f"{action}: {_listed(names)}" for action, names in found.items()]
    theatre = [each.name for each in surfaces if each.is_theatre]
    told += [f"theatre on {_listed(theatre)}"] if theatre else []
    says = "; ".join(told)
    return f"{says[:1].upper()}{says[1:]}."


def _listed(names: Sequence[str], most: int = 6) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def _choice(names: Sequence[str], chosen: str) -> Form:
    choices = {"": "all surfaces", **{name: name for name in names}}
    return Form("", "Show", [Field("surface", "Surface", chosen, "select", choices)], method="get", is_small=True)


def _advice(surfaces: Sequence[Surface], say: Speech) -> Table:
    rows: list[list[Cell | str]] = [
        [
            Cell(each.name, href=f"/surfaces?{_query(each.name)}"),
            Cell(each.recommendation.action, mark=_DO[each.recommendation.action]),
            each.recommendation.rule,
            say.text(words(each.recommendation.because)),
        ]
        for each in surfaces
    ]
    return Table(
        "What to keep, what to switch off",
        [Column("surface"), Column("do"), Column("rule"), Column("because")],
        rows,
        _ADVICE,
    )


def _query(name: str) -> str:
    return urlencode({"surface": name})


def _lifts(surface: Surface) -> list[tuple[str, str, Lift]]:
    """Return what is drawn of a surface: whose, of which kind, the lift."""
    tested = surface.tested
    if tested is None or tested.verdict is None or tested.verdict.revenue_lift is None:
        return []
    found = [(surface.name, _REVENUE, tested.verdict.revenue_lift)]
    return found + [(f"{surface.name}: {words(name)}", _RISING, lift) for name, lift in tested.proxies.items()]


def _drawn(surfaces: Sequence[Surface], context: Context) -> Chart:
    say = context.say
    found = [(each, lift) for each in surfaces for lift in _lifts(each)]
    estimates = [
        Estimated(row, what, *lift, is_final=each.tested is not None and each.tested.ended)
        for each, (row, what, lift) in found
    ]
    rows: list[list[Cell | str]] = [
        [
            row,
            what,
            *(Cell(say.signed(end), end) for end in lift),
            "" if each.tested and each.tested.ended else "provisional",
        ]
        for each, (row, what, lift) in found
    ]
    heads = [
        Column("surface"),
        Column("what"),
        *numbers(("lift", "from", "to"), say),
        Column("state"),
    ]
    says = "; ".join(
        f"{row}: {say.signed(lift[0])} [{say.signed(lift[1])}, {say.signed(lift[2])}]" for _, (row, _what, lift) in found
    )
    title = "Lifts with their intervals"
    notes = ["A hollow point belongs to an experiment that has not ended: it is provisional."]
    about = _lifted(surfaces, context.config.experiments)
    spec = forest(estimates, _COLOURS, _SHAPES)
    return Chart(title, spec, f"{title}. {says}.", Table(title, heads, rows, about), about, notes)


def _lifted(surfaces: Sequence[Surface], declared: Container[str]) -> About:
    """Return what lifts mean, with the visitors of the declared experiments from which they come."""
    tested = [each.tested.experiment for each in surfaces if each.tested is not None]
    return replace(_LIFTS, rows=of_experiments(name for name in tested if name in declared))


SURFACES = Page(
    places.SURFACES,
    "Which surfaces earn, and which are theatre?",
    _ask,
    _view,
    reads=("surface",),
    shares="audit",
    is_stored=True,
    empty="Once orders and what surfaces show are recorded, this page says what to keep and what to switch off.",
)
"""The page."""
