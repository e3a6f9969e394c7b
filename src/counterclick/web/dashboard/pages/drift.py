"""Drift: clicks, time and messages beside revenue, in experiments and over months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from counterclick.audits import Drift
from counterclick.audits.drift_experiments import OUTCOME
from counterclick.audits.drift_weekly import WEEKLY_OUTCOME
from counterclick.errors import RefusedError
from counterclick.metrics import METRICS
from counterclick.pages.wording import words
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import of_experiments, of_metric
from counterclick.web.dashboard.columns import MONEY, number, numbers
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.showing import section_of, table_of
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Chart, Column, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["DRIFT"]

_REFERS = ("field", "as", "calculate", "expr", "filter", "test")
_MOST = 40
"""Experiments and series that are drawn."""
_STATUS = About(
    "An alarm stands where a proxy rises further than revenue on a surface that lost, or stays below what pays it. In "
    "experiments it is an effect; over weeks an observation.",
    "counterclick drift",
    period="each experiment's own time; at most the last 52 whole weeks",
)
_LIFTS = About(
    "Feature against control, of the same visitors: the proxy's lift, and how much further than revenue it went.",
    "counterclick drift",
    "percent, with the interval of the verdict's look",
    "each experiment's own time",
)
_SERIES = About(
    "Trend of a proxy, and how much faster than net revenue per visitor it grows. Season, prices and campaigns are in it.",
    "counterclick drift",
    "percent a week, 95 % intervals",
    "at most the last 52 whole weeks",
)
_AGREED = About(
    "In how many experiments a proxy moved in the direction in which revenue moved. A coin agrees in half.",
    "counterclick drift",
    "experiments",
    "each experiment's own time",
)
_MARKS = {"alarm": "bad", "no alarm: the surface has won": "good", "cannot tell yet": "missing"}


def _ask(shop: Shop, _asked: Mapping[str, str]) -> Drift:
    return shop.drift()


def _view(drift: Drift, context: Context) -> View:
    say = context.say
    summary, *lifts, series, agreement = drift.grids()
    n = len(drift.alarms)
    says = "No alarm stands." if not n else f"{n} alarm{'s' * (n != 1)}: a proxy rises where the money does not."
    pictures: list[Part] = [*_experiments(drift, say), *_weeks(drift, say)]
    nothing = "There is nothing to draw yet: no experiment has a lift of a proxy, and no weekly series is long enough."
    return View(
        says,
        [
            Section("Status", [table_of(summary, say, _STATUS, _MARKS)]),
            Section("Proxies beside revenue", pictures or [Text([nothing])]),
            section_of("In experiments", lifts, say, _tested(_LIFTS, drift)),
            section_of("Over months", [series], say, _over_weeks(drift)),
            section_of("Agreement", [agreement], say, _tested(_AGREED, drift)),
        ],
        mark="warning" if n else "",
    )


def _experiments(drift: Drift, say: Speech) -> list[Part]:
    """Return the drawing of proxies in experiments, with each lift and its interval."""
    lines = drift.experiments[:_MOST]
    spec = _spec(replace(drift, experiments=lines, series=()))
    rows: list[list[Cell | str]] = []
    for line in lines:
        for each in line.proxies:
            if each.lift is not None:
                ends = (each.lift.value, each.lift.lower, each.lift.upper)
                rows.append(
                    [line.experiment or line.surface, words(each.proxy), *(Cell(say.signed(end), end) for end in ends)]
                )
        if line.revenue is not None:
            rows.append(
                [line.experiment or line.surface, words(OUTCOME), *(Cell(say.signed(end), end) for end in line.revenue)]
            )
    told = "; ".join(f"{line.experiment or line.surface}: {line.status}" for line in lines)
    columns = [Column("experiment"), Column("of"), *numbers(("lift", "from", "to"), say)]
    about = _tested(_LIFTS, drift)
    return _chart("Proxies beside revenue in experiments", spec, told, columns, rows, about, len(drift.experiments))


def _tested(about: About, drift: Drift) -> About:
    """Return what numbers mean of which the visitors of the experiments are the rows."""
    return replace(about, rows=of_experiments(line.experiment for line in drift.experiments if line.experiment))


def _over_weeks(drift: Drift) -> About:
    """Return what the numbers of weekly series mean, with the rows of what each adds up."""
    parts = [of_metric(proxy) for proxy in dict.fromkeys([*(line.proxy for line in drift.series), WEEKLY_OUTCOME])]
    return replace(_SERIES, rows={name: address for part in parts for name, address in part.items()})


def _weeks(drift: Drift, say: Speech) -> list[Part]:
    """Return the drawing of proxies by week, with what is drawn."""
    lines = [line for line in drift.series if line.trend is not None][:_MOST]
    spec = _spec(replace(drift, experiments=(), series=tuple(lines)))
    rows: list[list[Cell | str]] = [
        [
            words(line.proxy),
            line.surface or "the whole shop",
            Cell(say.text(week), week),
            Cell(say.number(value), value),
            Cell(say.number(revenue), revenue),
        ]
        for line in lines
        for week, value, revenue in zip(line.weeks, line.values, line.revenue, strict=True)
    ]
    told = "; ".join(f"{words(line.proxy)} of {line.surface or 'the whole shop'}: {line.because}" for line in lines)
    columns = [Column("proxy"), Column("of"), Column("week")]
    columns.append(number("value", say, says="The proxy of that week, by its own definition.", unit="as the proxy's"))
    columns.append(number(words(WEEKLY_OUTCOME), say, says=METRICS[WEEKLY_OUTCOME].says, unit=MONEY))
    return _chart("Proxies beside revenue by week", spec, told, columns, rows, _over_weeks(drift), len(drift.series))


def _chart(
    title: str,
    spec: dict[str, Any] | None,
    told: str,
    columns: Sequence[Column],
    rows: list[list[Cell | str]],
    about: About,
    n: int,
) -> list[Part]:
    if spec is None:
        return []
    notes = [f"The first {_MOST} are drawn; the tables below have all."] if n > _MOST else []
    return [Chart(title, spec, f"{title}. {told}.", Table(title, columns, rows, about), about, notes)]


def _spec(drift: Drift) -> dict[str, Any] | None:
    from counterclick.audits.drift_plot import drift_chart  # noqa: PLC0415 - the library takes a second

    try:
        found: dict[str, Any] = drift_chart(drift).to_dict()
    except RefusedError:
        return None
    return {name: _worded(value) for name, value in found.items()}


def _worded(part: Any) -> Any:
    """Return a part of a drawing in which metrics are called in words, but for what refers to its data."""
    if isinstance(part, dict):
        return {name: value if name in _REFERS else _worded(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_worded(value) for value in part]
    return words(part) if isinstance(part, str) else part


DRIFT = Page(
    places.DRIFT,
    "Do clicks, time and messages rise without the money?",
    _ask,
    _view,
    is_stored=True,
    empty="Once clicks, answers and orders are recorded, this page lays what rises beside what is earned.",
)
"""The page."""
