"""Data health: what arrives, what is refused and why, and what that does to the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterclick.audits.health import Health, Refused
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import rows_at
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.showing import section_of, table_of
from counterclick.web.dashboard.views import About, Cell, Column, Figure, Figures, Section, Table, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["DATA"]

_MOST = 200
_FINDINGS = About(
    "What in the recorded data changes figures, and what would be right. Nothing is corrected silently.",
    source="counterclick check",
    unit="as the finding says",
    period="all that is recorded",
    rows={"events": rows_at("events")},
)
_COUNTS = About(
    "Events as they were recorded, each once.",
    "counterclick check",
    "events",
    "all that is recorded",
    rows={"events": rows_at("events")},
)
_EFFECTS = About(
    "A figure of the data, and by how much a verdict may be off because of it.",
    "counterclick check",
    "as its row says",
    "all that is recorded",
    rows={"events": rows_at("events")},
)
_REFUSED = About(
    "Events that were not taken, with the reason and what would be right. Personal data are hashed or left out before "
    "anything is kept.",
    "counterclick check --rejections",
    "events",
    f"the newest {_MOST}",
    rows={"refused events": "#refused-events"},
)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Two verbs."""

    health: Health
    refused: Refused


def _ask(shop: Shop, _asked: Mapping[str, str]) -> _Answer:
    return _Answer(shop.check(), shop.rejections(_MOST))


def _view(answer: _Answer, context: Context) -> View:
    health, say = answer.health, context.say
    n = len(health.findings)
    n_events, n_refused = sum(health.events.values()), sum(health.rejected.values())
    conclusion = (
        "Nothing in the data needs attention."
        if not n
        else f"{n} finding{'s' * (n != 1)} in the data need{'s' * (n == 1)} attention."
    )
    figures = Figures(
        [
            Figure("events recorded", say.count(n_events), _COUNTS, href="#recorded-events"),
            Figure("events refused", say.count(n_refused), _REFUSED, href="#refused-events"),
            Figure("findings", say.count(n), _FINDINGS, href="#what-needs-attention-in-the-data"),
        ]
    )
    volumes, *others, attention = health.grids()
    refused = [_refused(answer.refused)] if answer.refused.rows else []
    sections = [
        Section("", [figures]),
        Section("What needs attention", [table_of(attention, say, _FINDINGS)]),
        section_of("What the data does to the verdicts", others, say, _EFFECTS),
        section_of("What arrives", [volumes], say, _COUNTS),
        Section("Refused, one by one", refused),
    ]
    return View(conclusion, [each for each in sections if each.parts], mark="warning" if n else "")


def _refused(refused: Refused) -> Table:
    """Return the newest refused events, each as it was kept."""
    rows: list[list[Cell | str]] = [[reason, says, Cell(body, mark="code")] for reason, says, body in refused.rows]
    title = f"The newest {len(rows):,} of {refused.n_all:,} refused events"
    return Table(title, [Column("reason"), Column("what is wrong"), Column("what was sent, as it is kept")], rows, _REFUSED)


DATA = Page(
    places.DATA,
    "Is what arrives fit to be judged?",
    _ask,
    _view,
    empty="Once events arrive, this page says what is refused, what is missing, and what that does to the verdicts.",
)
"""The page."""
