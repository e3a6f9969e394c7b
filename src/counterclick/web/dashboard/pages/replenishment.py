"""Replenishment: the left-out share's verdict first, then what it needs, how far chances hold, who is next, unnamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from counterclick.decisions.rebuy_test import OVERDUE, Held, RebuyTest
from counterclick.decisions.rebuys import day_of
from counterclick.experiments.calling import of_customers
from counterclick.pages.wording import words
from counterclick.shop.replenish_report import ReplenishReport
from counterclick.verdicts import Verdict
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import of_experiments, rows_at
from counterclick.web.dashboard.choosing import day
from counterclick.web.dashboard.columns import Head, number, numbers, ordinal
from counterclick.web.dashboard.naming import MARKS, experiment_address, in_words
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.showing import table_of
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Column, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["REPLENISHMENT"]

_SOURCE = "counterclick replenishment"
_BEHIND = {"order lines": rows_at("order_lines")}
_VERDICTS = About(
    "Customers who were reminded, beside those who were left out by lot. Only this is an effect.",
    _SOURCE,
    period="each experiment's own time",
)
_AREAS = About(
    "The chance that a pair of customer and type that was bought again scores higher than one that was not; .5 is luck. "
    "Intervals by drawing customers anew. Overdue is how many days a pair is past its own median gap: it mostly means gone.",
    _SOURCE,
    "area under the curve",
    rows=_BEHIND,
)
_HELD = About(
    "Tenths of the pairs by the chance that was said, the highest first, and the share that was bought again on days that "
    "were not learned from.",
    _SOURCE,
    "a share",
    rows=_BEHIND,
)
_CUSTOMERS = About(
    "Tenths of the customers by what was expected of each, the highest first, and what they did on days that were not "
    "learned from; means of a customer.",
    _SOURCE,
    "as its column says",
    rows={"orders": rows_at("orders")},
)
_NEXT = About(
    "Of whom the next rebuy is likeliest to fall into the 14 days from the day to send on. Nobody is named: the page may be "
    "shared.",
    _SOURCE,
    "as its column says",
    rows=_BEHIND,
)
_GATES = About(
    "What must be recorded before customers' orders can be foreseen, and where the limit comes from.",
    _SOURCE,
    "as its row says",
    "all that is recorded",
    rows={"orders": rows_at("orders")},
)
_MARKED = {"MISSING": "missing", "met": "good"}
_CAME = Head("Share that was bought again within the horizon.", "a share")


def _ask(shop: Shop, asked: Mapping[str, str]) -> ReplenishReport:
    return shop.replenishment(day(asked, "today"))


def _view(found: ReplenishReport, context: Context) -> View:
    say = context.say
    instead = [] if found.gates.ready else [Text([f"Until then: {found.gates.says}"])]
    missing = [Text([say.text(f"Missing: {words(each)}.") for each in found.missing])] if found.missing else []
    return View(
        _conclusion(found),
        [
            Section("The verdict first", [_verdicts(found, say)]),
            Section("What replenishment needs", [*missing, table_of(found.gates.grid(), say, _GATES, _MARKED), *instead]),
            Section("How far chances hold", _judged(found, say)),
            Section("Orders and value to come", _customers(found, say)),
            Section("Who is next", _next(found, say)),
        ],
    )


def _conclusion(found: ReplenishReport) -> str:
    told = [
        f"{test.experiment}: {in_words(test.verdict) if isinstance(test.verdict, Verdict) else 'no verdict yet'}"
        for test in found.tests
    ]
    return f"{'; '.join(told)}." if told else "Nobody is left out by lot: what reminders earn is not known."


def _verdicts(found: ReplenishReport, say: Speech) -> Part:
    if not found.tests:
        return Text(["No experiment has the arm replenish: nobody is left out."])
    rows: list[list[Cell | str]] = []
    for test in found.tests:
        told = test.verdict
        if isinstance(told, Verdict):
            verdict, because = Cell(in_words(told), mark=MARKS[told.outcome]), words(told.because)
        else:
            verdict, because = Cell("no verdict yet", mark="missing"), words(told)
        counts = [Cell(say.count(n), n) for n in (test.n_reminded, test.n_left_out)]
        rows.append(
            [
                Cell(test.experiment, href=experiment_address(test.experiment)),
                verdict,
                *counts,
                say.text(of_customers(because)),
            ]
        )
    columns = [Column("experiment"), Column("verdict"), *numbers(("reminded", "left out"), say), Column("why")]
    about = replace(_VERDICTS, rows=of_experiments((test.experiment for test in found.tests), "customers"))
    return Table("What the left-out share says", columns, rows, about)


def _judged(found: ReplenishReport, say: Speech) -> list[Part]:
    if not found.rebuys:
        return [Text(["Nothing was learned, so that there is nothing to judge."])]
    return [part for test in found.rebuys for part in _of_horizon(test, say)]


def _of_horizon(test: RebuyTest, say: Speech) -> list[Part]:
    days = f"{test.horizon} days from {say.day(day_of(test.day))} on"
    whom = (
        f"Judged on {say.count(test.n_pairs)} pairs of {say.count(test.n_customers)} customers and the types that they had "
        f"bought on two days or more, by the {days}: {say.percent(test.rate)} were bought again."
    )
    areas: list[list[Cell | str]] = [
        [
            Cell(each.name, mark="bad" if each.name == OVERDUE and each.upper < 0.5 else ""),  # noqa: PLR2004 - luck
            *(Cell(say.number(round(end, 3)), end) for end in (each.value, each.lower, each.upper)),
        ]
        for each in test.areas
    ]
    own = numbers(("area", "from", "to"), say)
    tenths: list[list[Cell | str]] = [[f"{n}", *_cells(part, say)] for n, part in enumerate(test.tenths, 1)]
    columns = [ordinal("tenth", say), number("said", say), number("came", say, says=_CAME.says, unit=_CAME.unit)]
    columns += [number(name, say, unit="a share") for name in ("from", "to")]
    return [
        Text([whom]),
        Table(f"Told apart within {test.horizon} days", [Column("score"), *own], areas, replace(_AREAS, period=days)),
        Table(f"Chances within {test.horizon} days", columns, tenths, replace(_HELD, period=days)),
    ]


def _cells(part: Held, say: Speech) -> list[Cell]:
    return [Cell(say.percent(share), share) for share in (part.said, part.came, part.lower, part.upper)]


def _customers(found: ReplenishReport, say: Speech) -> list[Part]:
    test = found.customers
    if test is None or found.levels is None:
        return [Text(["Nothing was learned, so that nothing is expected."])]
    days = f"{say.count(test.days)} days from {say.day(day_of(test.day))} on"
    orders, value, of = found.levels
    told = [
        f"Judged on all {say.count(test.n)} customers with an order until then, by the {days}: {say.count(test.orders)} "
        f"orders were placed, {say.count(test.expected_orders)} expected; worth {say.money(test.value)}, "
        f"{say.money(test.expected_value)} expected.",
        f"Expected orders are multiplied by {say.number(round(orders, 2))} and their value by "
        f"{say.number(round(value, 2))}: the level of the newest {say.count(of)} days. It comes late where a season turns.",
    ]
    rows: list[list[Cell | str]] = []
    for n, (one, two) in enumerate(zip(test.tenths, test.value_tenths, strict=True), 1):
        cells = [Cell(say.number(round(end, 2)), end) for end in (one.said, one.came)]
        rows.append([f"{n}", *cells, *(Cell(say.money(end), end) for end in (two.said, two.came))])
    columns = [ordinal("tenth", say), *numbers(("orders said", "orders came", "value said", "value came"), say)]
    return [Text(told), Table("Orders and value of customers", columns, rows, replace(_CUSTOMERS, period=days))]


def _next(found: ReplenishReport, say: Speech) -> list[Part]:
    if not found.next:
        return [Text(["Nobody is to be reminded."])]
    rows: list[list[Cell | str]] = [
        [
            f"{row['type']}",
            *(Cell(say.percent(row[name]), row[name]) for name in ("probability_then", "probability_30_days")),
            Cell(say.day(row["send_on"]), f"{row['send_on']}"),
            Cell(say.number(round(row["expected_orders"], 1)), row["expected_orders"]),
            Cell(say.money(row["expected_value"]), row["expected_value"]),
            say.text(row["because"]),
        ]
        for row in found.next
    ]
    columns = [Column("type of product"), *numbers(("chance", "chance of 30 days"), say), Column("send on")]
    columns += [*numbers(("orders a year", "value a year"), say), Column("because")]
    about = replace(_NEXT, period=f"as of {say.day(found.today)}")
    more = f"{say.count(found.n_next)} customers in all; counterclick replenish writes them, and leaves a share out by lot."
    return [Table("Likeliest first", columns, rows, about, most=25), Text([more])]


REPLENISHMENT = Page(
    places.REPLENISHMENT,
    "Who buys what again, and do reminders earn anything?",
    _ask,
    _view,
    reads=("today",),
    empty="Once orders of known customers are recorded, this page says who buys what again, and what reminders earned.",
)
"""Replenishment and churn."""
