"""Readiness: what this store is ready for, what is missing and until when, what a lift would be worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from counterclick.audits.readiness import Readiness
from counterclick.display import Grid
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import rows_at
from counterclick.web.dashboard.columns import HEADS, MONEY, Head
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.showing import table_of
from counterclick.web.dashboard.views import About, Section, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["READINESS"]

_PERIOD = "all that is recorded; a year is the last 365 days, or reckoned from fewer"
_SOURCE, _AS = "counterclick readiness", "as its row says: money, a share or a number"
_BEHIND = {of: rows_at(of) for of in ("orders", "order_lines", "refunds", "sessions")}
_STAGE = About("The store's own figures, which decide what it is ready for.", _SOURCE, _AS, _PERIOD, rows=_BEHIND)
_RUN = About(
    "Each intervention with its gates: it is to be run where all of them are met.", _SOURCE, _AS, _PERIOD, rows=_BEHIND
)
_GATES = About("A number of the store's, the limit, and where the limit comes from.", _SOURCE, _AS, _PERIOD, rows=_BEHIND)
_WORTH = About(
    "What a lift of the whole store's revenue would bring a year, beside what the surfaces cost, and the smallest lift that "
    "an experiment on all orders could show.",
    _SOURCE,
    "a year",
    _PERIOD,
    rows={"orders": rows_at("orders"), "costs": "/settings"},
)
_WORTH_OF = {
    "lift": Head("A lift of the whole store's revenue.", "relative change"),
    "revenue": Head("What such a lift of the whole store's revenue brings in a year.", MONEY),
    "margin": Head("What is left of it by the store's margin.", MONEY),
}
_SEEN = {"after": HEADS["after"], "lift": Head("The smallest lift that such an experiment would show.", "relative change")}
_MARKS = {"run": "good", "leave off": "missing", "MISSING": "missing", "met": "good"}


def _ask(shop: Shop, _asked: Mapping[str, str]) -> Readiness:
    return shop.readiness()


def _view(found: Readiness, context: Context) -> View:
    say = context.say
    stage, runs, *others = found.grids()
    gates, rest = others[: len(found.interventions)], others[len(found.interventions) :]
    ready = [each.name for each in found.interventions if each.ready]
    missing = f"Ready for: {', '.join(ready)}." if ready else "Nothing is ready to be run yet."
    says = f"{found.stage[:1].upper()}{found.stage[1:]}"
    return View(
        say.text(f"{says}. {missing}".replace("..", ".")),
        [
            Section("What to run, and what to leave off", [table_of(runs, say, _RUN, _MARKS)]),
            Section("Where the store stands", [table_of(stage, say, _STAGE)]),
            Section(
                "What a lift is worth, and what could be seen",
                [table_of(each, say, _WORTH, heads=_heads(each)) for each in rest],
            ),
            Section("The gates, one by one", [table_of(each, say, _GATES, _MARKS) for each in gates]),
        ],
    )


def _heads(grid: Grid) -> dict[str, Head]:
    """Return what columns mean here; one of them is called after the weeks of the longest experiment."""
    says = "Whether an experiment of so many weeks would show the break-even lift."
    seen = {name: Head(says, "yes or no") for name in grid.columns if name.startswith("seen")}
    return {**(_SEEN if grid.columns[0] == "after" else _WORTH_OF), **seen}


READINESS = Page(
    places.READINESS,
    "What is this store ready for?",
    _ask,
    _view,
    is_stored=True,
    empty="Once orders are recorded, this page says what the store is ready for and what is missing until when.",
)
"""The page."""
