"""Proxy drift as a picture: experiments with their intervals, and weekly series as an index. SVG or PNG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

import altair as alt

from counterclick.audits.drift import Drift
from counterclick.audits.drift_experiments import ALARM, PROXIES, WON, ExperimentDrift
from counterclick.audits.drift_weekly import LEAST_WEEKS, SeriesDrift
from counterclick.display import signed_percent
from counterclick.errors import InputError, RefusedError
from counterclick.stats.estimates import as_lift

__all__ = ["drift_chart", "format_of", "save_chart", "write_plot"]

_PROXY, _REVENUE, _CARTS = "proxy", "revenue", "carts"
_NAMES = {_PROXY: "the proxy", _REVENUE: "revenue per visitor", _CARTS: "cart value per visitor"}
_COLOURS = {_PROXY: "#d55e00", _REVENUE: "#0072b2", _CARTS: "#777777"}
"""Told apart with any colour vision (Okabe and Ito 2008); shapes and dashes differ as well."""
_SHAPES = {_PROXY: "triangle-up", _REVENUE: "circle", _CARTS: "square"}
_DASHES = {_PROXY: [1, 0], _REVENUE: [7, 2], _CARTS: [2, 2]}
_WIDTH = 300
_ROW = 46
_TICKS = 5
"""Weeks named on an axis at most."""
_SCALE = 2.0
"""Pixels of a PNG for each of the chart's."""


def format_of(path: Path) -> Literal["svg", "png"]:
    """Return the format that a file's name asks for.

    Raises:
        InputError: neither .svg nor .png.
    """
    suffix = path.suffix.lower()
    if suffix == ".svg":
        return "svg"
    if suffix == ".png":
        return "png"
    raise InputError(f"{path} cannot be drawn: a plot is written as .svg or .png, not as {suffix or 'a file without one'}.")


def write_plot(drift: Drift, path: Path) -> None:
    """Draw an audit into a file.

    Raises:
        InputError: the name ends neither in .svg nor in .png, or the file cannot be written.
        RefusedError: there is nothing to draw yet.
    """
    format_of(path)
    save_chart(drift_chart(drift), path)


def save_chart(chart: alt.TopLevelMixin, path: Path) -> None:
    """Draw a chart into a file.

    Raises:
        InputError: the name ends neither in .svg nor in .png, or the file cannot be written.
    """
    kind = format_of(path)
    try:
        chart.save(path, format=kind, scale_factor=_SCALE if kind == "png" else 1.0)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def drift_chart(drift: Drift) -> alt.VConcatChart:
    """Return the chart: experiments above, weekly series below.

    Raises:
        RefusedError: no experiment has a lift of a proxy, and no series is long enough.
    """
    panels: list[Any] = []
    lines = [line for line in drift.experiments if any(each.lift for each in line.proxies)]
    if lines:
        panels.append(_experiments(lines))
    series = [line for line in drift.series if line.trend is not None]
    if series:
        panels.append(_weeks(series))
    if not panels:
        raise RefusedError(
            "there is nothing to draw yet: no experiment has a lift of a proxy, and no weekly series is long enough."
        )
    whole: alt.VConcatChart = (
        alt.vconcat(*panels, spacing=30)
        .resolve_scale(color="independent", shape="independent", strokeDash="independent")
        .configure(background="white", padding=12)
        .configure_view(stroke="#dddddd")
        .configure_axis(labelFontSize=11, titleFontSize=11, titleFontWeight="normal", gridColor="#eeeeee")
        .configure_title(fontSize=12, anchor="start", subtitleFontSize=11, subtitleColor="#555555")
    )
    return whole


def _experiments(lines: Sequence[ExperimentDrift]) -> alt.ConcatChart:
    """Return a panel for each proxy: in every experiment its lift and revenue's, with intervals."""
    panels = [_forest(proxy, lines) for proxy in PROXIES if any(_lift_of(line, proxy) for line in lines)]
    title = alt.TitleParams(
        "In experiments: the proxy's lift beside revenue's",
        subtitle="Feature against control, intervals of the verdict's confidence. Drift: triangle right of circle.",
        fontSize=14,
    )
    whole: alt.ConcatChart = alt.concat(*panels, columns=2, title=title).resolve_scale(color="shared", shape="shared")
    return whole


def _forest(proxy: str, lines: Sequence[ExperimentDrift]) -> alt.LayerChart:
    rows = []
    for line in lines:
        lift = _lift_of(line, proxy)
        if lift is None:
            continue
        ends = {_PROXY: lift, _REVENUE: line.revenue or _three(line.moved)}
        for what, three in ends.items():
            if three is not None and all(math.isfinite(end) for end in three):
                value, lower, upper = (100 * end for end in three)
                rows.append({"line": _row(line), "what": _NAMES[what], "value": value, "lower": lower, "upper": upper})
    base = alt.Chart(alt.InlineData(values=rows))
    y = alt.Y("line:N", title=None, sort=None, axis=alt.Axis(labelLimit=220, ticks=False, domain=False, labelPadding=8))
    offset = alt.YOffset("what:N", sort=[_NAMES[_PROXY], _NAMES[_REVENUE]], scale=alt.Scale(paddingOuter=0.6))
    colour, shape = _coloured((_PROXY, _REVENUE)), _shaped((_PROXY, _REVENUE))
    x = alt.X("lower:Q", title="lift, %", scale=alt.Scale(zero=True, nice=True), axis=alt.Axis(labelFlush=False))
    rule = base.mark_rule(strokeWidth=2, opacity=0.8).encode(x=x, x2="upper:Q", y=y, yOffset=offset, color=colour)
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("value:Q"), y=y, yOffset=offset, color=colour, shape=shape
    )
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color="#333333", strokeWidth=1).encode(x="at:Q")
    n = len({row["line"] for row in rows})
    whole = alt.LayerChart(layer=[zero, rule, points])
    whole.width, whole.height, whole.title = _WIDTH, _ROW * n, proxy
    return whole


def _weeks(series: Sequence[SeriesDrift]) -> alt.ConcatChart:
    """Return a panel for each series: proxy, revenue and carts, the first weeks being 100."""
    title = alt.TitleParams(
        "Over months (observational: season, prices and campaigns move both)",
        subtitle=f"Weekly index: the mean of the first {LEAST_WEEKS} weeks is 100. Revenue (net) and carts: whole shop.",
        fontSize=14,
    )
    panels = [_index(line) for line in series]
    whole: alt.ConcatChart = alt.concat(*panels, columns=2, title=title).resolve_scale(
        color="shared", shape="shared", strokeDash="shared"
    )
    return whole


def _index(line: SeriesDrift) -> alt.Chart:
    rows = []
    for what, values in ((_CARTS, line.carts), (_REVENUE, line.revenue), (_PROXY, line.values)):
        if not values:
            continue
        base = sum(values[:LEAST_WEEKS]) / LEAST_WEEKS
        rows += [
            {"week": week, "index": 100 * value / base, "what": _NAMES[what]}
            for week, value in zip(line.weeks, values, strict=True)
        ]
    shown = (_PROXY, _REVENUE, _CARTS)
    mark = " (alarm)" if line.status == ALARM else ""
    title = alt.TitleParams(f"{line.proxy}, {line.surface or 'whole shop'}{mark}", subtitle=_faster(line))
    names = [_NAMES[what] for what in shown]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point=alt.OverlayMarkDef(size=28, filled=True), strokeWidth=1.8)
        .encode(
            x=alt.X("week:T", title=None, scale=alt.Scale(type="utc"), axis=_mondays(line.weeks)),
            y=alt.Y("index:Q", title="index, first weeks = 100", scale=alt.Scale(zero=False, nice=True)),
            color=_coloured(shown),
            shape=_shaped(shown),
            strokeDash=alt.StrokeDash(
                "what:N", scale=alt.Scale(domain=names, range=[_DASHES[what] for what in shown]), legend=_legend()
            ),
        )
        .properties(width=_WIDTH, height=130, title=title)
    )
    return chart


def _mondays(weeks: Sequence[str]) -> alt.Axis:
    """Return an axis that names some of the weeks, by their Mondays."""
    ticks = [
        {"year": monday.year, "month": monday.month, "date": monday.day, "utc": True}
        for monday in map(date.fromisoformat, weeks[:: math.ceil(len(weeks) / _TICKS)])
    ]
    return alt.Axis(values=ticks, format="%-d %b %y", labelFlush=False)


def _faster(line: SeriesDrift) -> str:
    if line.gap is None:
        return ""
    value, lower, upper = (signed_percent(as_lift(end)) for end in (line.gap.value, line.gap.lower, line.gap.upper))
    return f"faster than revenue by {value} a week [{lower}, {upper}]"


def _coloured(shown: Sequence[str]) -> alt.Color:
    scale = alt.Scale(domain=[_NAMES[what] for what in shown], range=[_COLOURS[what] for what in shown])
    return alt.Color("what:N", scale=scale, legend=_legend())


def _shaped(shown: Sequence[str]) -> alt.Shape:
    scale = alt.Scale(domain=[_NAMES[what] for what in shown], range=[_SHAPES[what] for what in shown])
    return alt.Shape("what:N", scale=scale, legend=_legend())


def _legend() -> alt.Legend:
    return alt.Legend(title=None, orient="top", labelLimit=300, labelFontSize=11, symbolSize=80, symbolStrokeWidth=0)


def _row(line: ExperimentDrift) -> str:
    name = line.surface if line.experiment in (None, line.surface) else f"{line.experiment}"
    state = {ALARM: "alarm", WON: "won"}.get(line.status, "cannot tell")
    return f"{name}: {state}"


def _lift_of(line: ExperimentDrift, proxy: str) -> tuple[float, float, float] | None:
    return next((_three(each.lift) for each in line.proxies if each.proxy == proxy and each.lift is not None), None)


def _three(lift: Any) -> tuple[float, float, float] | None:
    return None if lift is None else (lift.value, lift.lower, lift.upper)
