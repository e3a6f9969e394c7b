"""A report as one HTML page: no script, no network, its own style and drawings."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from counterclick.audits.health import Health
from counterclick.audits.readiness import Readiness
from counterclick.audits.report import Report
from counterclick.display import Grid
from counterclick.pages.environment import environment
from counterclick.pages.plots import claims_plots, drift_plots
from counterclick.pages.reading import DEFINITIONS, SOURCES
from counterclick.pages.wording import words

__all__ = ["html"]

_HIDDEN = ("what", "detail")
"""Headings of columns that have none, for those who hear the page."""
_SHORT = 12
"""Rows up to which a table is kept on one page."""
_TIGHT = 14
"""Letters up to which a cell stays on one line: dates and amounts."""


def html(report: Report) -> str:
    """Return the page."""
    return _template().render(
        report=report,
        month=report.month,
        plots=claims_plots(report.audit.claims, [surface.name for surface in report.surfaces]),
        drifts=drift_plots(report.audit.drift),
        definitions=DEFINITIONS,
        sources=SOURCES,
        figures=report.figures_grid(),
        readiness=_readiness(report.audit.readiness),
        health=_health(report.audit.health),
        surfaces=[_advice_row(row) for row in report.advice().rows],
    )


@cache
def _template() -> jinja2.Template:
    made = environment("counterclick.pages")
    made.filters["words"] = words
    made.filters["is_tight"] = lambda cell: len(cell) <= _TIGHT
    made.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    made.filters["heads"] = _heads
    made.filters["is_short"] = lambda grid: len(grid.rows) <= _SHORT
    made.filters["drawn"] = Markup  # drawings are made by `plots`, which escapes their texts
    return made.get_template("report.html")


def _heads(grid: Grid) -> list[dict[str, Any]]:
    """Return a table's headings; those that it leaves empty are for those who hear it."""
    unnamed = iter([*_HIDDEN, *(f"detail {number}" for number in range(2, len(grid.columns) + 1))])
    return [{"text": name or next(unnamed), "is_hidden": not name} for name in grid.columns]


def _readiness(found: Readiness) -> list[Grid]:
    """Return stage, what to run, and of all gates those that are not met."""
    missing = [
        (each.name, gate.name, gate.shown, gate.needed, gate.when)
        for each in found.interventions
        for gate in each.gates
        if not gate.met
    ]
    heads = ("intervention", "gate", "now", "needed", "when")
    gates = [Grid("What is missing", heads, missing, left=5)] if missing else []
    return [*found.grids()[:2], *gates]


def _health(found: Health) -> list[Grid]:
    """Return what needs attention, then what the data does to the verdicts; counts by kind are left to the command."""
    wanted = [grid for grid in found.grids()[:-1] if grid.title != "Recorded events"]
    return [found.attention(), *wanted]


def _advice_row(row: Any) -> dict[str, str]:
    name, action, why = row
    return {"name": name, "action": action, "why": why}
