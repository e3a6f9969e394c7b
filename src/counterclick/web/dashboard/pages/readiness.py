"""Readiness: what this store is ready for, what is missing and until when, what a lift would be worth."""

from __future__ import annotations

from collections.abc import Mapping

from counterclick.audits.readiness import Readiness
from counterclick.shop import Shop
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.showing import section_of, table_of
from counterclick.web.dashboard.views import About, Section, View

__all__ = ["READINESS"]

_PERIOD = "all that is recorded; a year is the last 365 days, or reckoned from fewer"
_STAGE = About("The store's own figures, which decide what it is ready for.", "counterclick readiness", period=_PERIOD)
_RUN = About(
    "Each intervention with its gates: it is to be run where all of them are met.", "counterclick readiness", period=_PERIOD
)
_GATES = About(
    "A number of the store's, the limit, and where the limit comes from.", "counterclick readiness", period=_PERIOD
)
_WORTH = About(
    "What a lift of the whole store's revenue would bring a year, beside what the surfaces cost, and the smallest lift that "
    "an experiment on all orders could show.",
    "counterclick readiness",
    period=_PERIOD,
)
_MARKS = {"run": "good", "leave off": "missing", "MISSING": "missing", "met": "good"}


def _ask(shop: Shop, _asked: Mapping[str, str]) -> Readiness:
    return shop.readiness()


def _view(found: Readiness, context: Context) -> View:
    say = context.say
    stage, runs, *others = found.grids()
    gates, rest = others[: len(found.interventions)], others[len(found.interventions) :]
    ready = [each.name for each in found.interventions if each.ready]
    missing = f"Ready for: {', '.join(ready)}." if ready else "Nothing is ready to be run yet."
    return View(
        say.text(f"{found.stage}. {missing}".replace("..", ".")),
        [
            Section("What to run, and what to leave off", [table_of(runs, say, _RUN, _MARKS)]),
            Section("Where the store stands", [table_of(stage, say, _STAGE)]),
            section_of("What a lift is worth, and what could be seen", rest, say, _WORTH),
            Section("The gates, one by one", [table_of(each, say, _GATES, _MARKS) for each in gates]),
        ],
    )


READINESS = Page(
    "/readiness",
    "Readiness",
    "What is this store ready for?",
    _ask,
    _view,
    is_stored=True,
    empty="Once orders are recorded, this page says what the store is ready for and what is missing until when.",
)
"""The page."""
