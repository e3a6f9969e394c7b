"""Returns: the holdout's verdict first, what nudges saved and who was flagged, then what comes back, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from counterclick.audits.return_report import NudgeTest, ReturnReport
from counterclick.decisions.return_rates import GroupRate, ReturnRates
from counterclick.pages.wording import words
from counterclick.verdicts import Verdict
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import of_experiments, rows_at
from counterclick.web.dashboard.columns import number, numbers
from counterclick.web.dashboard.naming import MARKS, experiment_address, in_words
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.showing import table_of
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Column, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["RETURNS"]

_SOURCE = "counterclick returns"
_PERSONS = "customer"
"""Kind of rates that the page leaves out: it may be shared by a link."""
_VERDICTS = About(
    "Visitors with a flagged basket who were nudged, beside those who were held out by lot. Only this is an effect.",
    _SOURCE,
    period="each experiment's own time",
)
_BASKETS = About(
    "Baskets at checkout, each as often as it was asked about. Of flagged ones a share is held out by lot; visitors stay in "
    "their arm.",
    _SOURCE,
    "baskets",
    "all days",
)
_SAVED = About(
    "Over all visitors who were nudged, against those who were held out; net is kept margin, lost orders and all, plus the "
    "handling that was saved.",
    _SOURCE,
    "as its row says: money, or orders",
    "each experiment's own time",
)
_RATES = About(
    "Share of order lines that came back, of those whose returns window has closed, shrunk towards what the others do.",
    _SOURCE,
    "order lines",
    "the days of [returns]",
    rows={"order lines": rows_at("line_returns"), "refunds": rows_at("refunds")},
)
_GATES = About(
    "What must be recorded before returns can be foreseen, and where the limit comes from.",
    _SOURCE,
    "as its row says",
    "all that is recorded",
    rows={"refunds": rows_at("refunds"), "order lines": rows_at("order_lines")},
)
_MARKED = {"MISSING": "missing", "met": "good"}


def _ask(shop: Shop, _asked: Mapping[str, str]) -> ReturnReport[ReturnRates]:
    return shop.returns()


def _view(found: ReturnReport[ReturnRates], context: Context) -> View:
    say = context.say
    rates = {kind: groups for kind, groups in found.rates.rates.items() if kind != _PERSONS}
    tables = [_rates(kind, groups, say) for kind, groups in rates.items()]
    nothing = Text(["No order line is old enough to tell whether it comes back."])
    instead = [] if found.gates.ready else [Text([f"Until then: {found.gates.says}"])]
    return View(
        _conclusion(found),
        [
            Section("The verdict first", [_verdicts(found, say), *_baskets(found, say)]),
            *[Section(f"What nudges saved: {test.experiment}", _saved(test, say)) for test in found.tests],
            Section("Rates of returns", [*tables] if tables else [nothing]),
            Section("What return prevention needs", [table_of(found.gates.grid(), say, _GATES, _MARKED), *instead]),
        ],
    )


def _conclusion(found: ReturnReport[ReturnRates]) -> str:
    told = [
        f"{test.experiment}: {in_words(test.verdict) if isinstance(test.verdict, Verdict) else 'no verdict yet'}"
        for test in found.tests
    ]
    return f"{'; '.join(told)}." if told else "No holdout of flagged baskets: what nudges would save is not known."


def _verdicts(found: ReturnReport[ReturnRates], say: Speech) -> Part:
    if not found.tests:
        return Text(["No experiment has the arm returns: nobody is nudged, and nobody held out."])
    rows: list[list[Cell | str]] = []
    for test in found.tests:
        told = test.verdict
        if isinstance(told, Verdict):
            verdict, because = Cell(in_words(told), mark=MARKS[told.outcome]), say.text(words(told.because))
        else:
            verdict, because = Cell("no verdict yet", mark="missing"), say.text(words(told))
        counts = [Cell(say.count(n), n) for n in (test.n_nudged, test.n_held_out)]
        rows.append([Cell(test.experiment, href=experiment_address(test.experiment)), verdict, *counts, because])
    columns = [Column("experiment"), Column("verdict")]
    columns += numbers(("flagged and nudged", "flagged and held out"), say)
    about = replace(_VERDICTS, rows=of_experiments(test.experiment for test in found.tests))
    return Table("What the holdout says", [*columns, Column("why")], rows, about)


def _baskets(found: ReturnReport[ReturnRates], say: Speech) -> list[Part]:
    rows: list[list[Cell | str]] = []
    for test in found.tests:
        own = test.baskets
        counts = (own.n_scored, own.n_by_rule, own.n_flagged, own.n_nudged, own.n_held_out)
        rows.append([test.experiment, *(Cell(say.count(n), n) for n in counts)])
    names = ("scored", "of them by the static rule", "flagged", "nudged", "held out")
    about = replace(_BASKETS, rows={"decisions": rows_at("events", kind="decision")})
    return [Table("Baskets", [Column("experiment"), *numbers(names, say)], rows, about)] if rows else []


def _saved(test: NudgeTest, say: Speech) -> list[Part]:
    if not test.saved:
        return [Text([test.says])]
    rows: list[list[Cell | str]] = []
    for each in test.saved:
        ends = (each.value, each.lower, each.upper)
        cells = [Cell(say.money(end) if each.is_money else say.count(round(end)), end) for end in ends]
        rows.append([each.name, *cells])
    columns = [Column("saved"), *numbers(("over all", "from", "to"), say)]
    about = replace(_SAVED, rows=of_experiments([test.experiment]))
    table = Table(f"Saved by {test.experiment}", columns, rows, about)
    return [table, *(Text([each]) for each in (test.found, test.says) if each)]


def _rates(kind: str, groups: tuple[GroupRate, ...], say: Speech) -> Table:
    rows: list[list[Cell | str]] = [
        [
            each.name,
            *(Cell(say.count(n), n) for n in (each.n_lines, each.n_returned)),
            *(Cell(say.percent(share), share) for share in (each.rate, each.lower, each.upper)),
        ]
        for each in groups
    ]
    columns = [Column(kind), *numbers(("lines", "came back", "rate"), say)]
    columns += [number(name, say, unit="a share") for name in ("from", "to")]
    return Table(f"By {kind}, what comes back most first", columns, rows, _RATES, most=25)


RETURNS = Page(
    places.RETURNS,
    "What comes back, and do nudges prevent it?",
    _ask,
    _view,
    empty="Once orders and refunds are recorded, this page says what comes back, and what nudges against it saved.",
)
"""Return prevention."""
