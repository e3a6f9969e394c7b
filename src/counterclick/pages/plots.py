"""The report's plots as SVG that stands in a page: its colours are the page's, in light and dark."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import altair as alt

from counterclick.audits import Claims, Drift, Line
from counterclick.audits.drift_plot import drift_chart
from counterclick.display import percent, signed_percent
from counterclick.errors import RefusedError
from counterclick.pages.wording import words

__all__ = ["Plot", "claims_plots", "drift_plots"]

_VARIABLES = {
    "#d55e00": "proxy",
    "#0072b2": "earned",
    "#777777": "muted",
    "#333333": "ink",
    "#000000": "ink",
    "#000": "ink",
    "black": "ink",
    "#555555": "muted",
    "#eeeeee": "grid",
    "#dddddd": "line",
    "#888": "muted",
    "#ddd": "grid",
    "#c9c3b8": "claimed",
    "#8a8377": "credited",
}
"""Colour of a drawing -> variable of the page that takes its place."""
_CLAIMED, _CREDITED, _EARNED, _INK, _MUTED = "#c9c3b8", "#8a8377", "#0072b2", "#333333", "#777777"
_LANES = ("claimed", "credited", "earned")
_FAR = 1.0
"""Share of revenue beyond which an interval is cut off in the drawing; its ends stand beside it."""
_FEWEST = 0.1
_IN_EXPERIMENTS = "Proxies beside revenue in experiments: an effect, with the interval of the verdict's look."
_BY_WEEK = "Proxies beside revenue by week: an observation, in which season, prices and campaigns are as well."


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing.

    Attributes:
        svg: it, without outer size, scripts or links.
        says: what it shows, in words, for those who do not see it.
        width: in pixels, as it was drawn.
    """

    svg: str
    says: str
    width: int


def claims_plots(claims: Claims, order: Sequence[str]) -> tuple[Plot, ...]:
    """Return what each surface claims, is credited with and earns: for wide pages, and for phones; none without surfaces.

    Args:
        claims: of all surfaces.
        order: of the surfaces, from top to bottom.
    """
    lines = [line for line in claims.lines if line.is_verdict and (line.base_revenue or line.incremental is not None)]
    lines.sort(key=lambda line: order.index(line.surface) if line.surface in order else len(order))
    if not lines:
        return ()
    names = [_label(line, lines) for line in lines]
    says = "; ".join(f"{name}: {_said(line)}" for name, line in zip(names, lines, strict=True))
    says = f"Shares of the revenue of the visitors who had the feature. {says}."
    return tuple(_drawn(_claims_chart(lines, names, width), says, f"claims-{width}") for width in (640, 215))


def drift_plots(drift: Drift) -> tuple[tuple[str, Plot], ...]:
    """Return proxies beside revenue with their captions, in experiments and by week; what cannot be drawn is left out."""
    told = "; ".join(f"{line.experiment or line.surface}: {line.status}" for line in drift.experiments)
    by_week = "; ".join(f"{line.proxy} of {line.surface or 'the whole shop'}: {line.because}" for line in drift.series)
    wanted = (
        ("experiments", _IN_EXPERIMENTS, told, replace(drift, series=())),
        ("weeks", _BY_WEEK, by_week, replace(drift, experiments=())),
    )
    found = []
    for name, caption, said, part in wanted:
        try:
            chart = drift_chart(part)
        except RefusedError:
            continue
        found.append((caption, _drawn(chart, f"{caption} {said}.", f"drift-{name}")))
    return tuple(found)


def _claims_chart(lines: Sequence[Line], names: Sequence[str], width: int) -> Any:
    """Return two bars and a point with its interval for each surface."""
    rows: list[dict[str, Any]] = []
    for name, line in zip(names, lines, strict=True):
        rows += [
            {"surface": name, "lane": lane, "value": share, "text": percent(share, 0)}
            for lane, share in (("claimed", line.claimed), ("credited", line.attributed))
        ]
        rows.append({"surface": name, "lane": "earned", **_earned(line, is_short=width < 300)})  # noqa: PLR2004 - a phone
    most = max([_FEWEST, *(each for row in rows for each in (row.get("value"), row.get("upper")) if each is not None)])
    least = min([0.0, *(each for row in rows for each in (row.get("value"), row.get("lower")) if each is not None)])
    domain = [max(least, -_FAR), min(most, _FAR)]
    base = alt.Chart(alt.InlineData(values=rows))
    y = alt.Y(
        "surface:N",
        title=None,
        sort=None,
        axis=alt.Axis(labelLimit=130, ticks=False, domain=False, labelPadding=8, labelFontSize=12),
        scale=alt.Scale(paddingInner=0.22),
    )
    lane = alt.YOffset("lane:N", sort=list(_LANES), scale=alt.Scale(paddingInner=0.15))
    x = alt.X(
        "value:Q",
        title=None,
        scale=alt.Scale(domain=domain, nice=True, zero=True),
        axis=alt.Axis(format="%", tickCount=5 if width > 300 else 3, grid=True),  # noqa: PLR2004 - a phone
    )
    colour = alt.Color(
        "lane:N",
        scale=alt.Scale(domain=list(_LANES), range=[_CLAIMED, _CREDITED, _EARNED]),
        legend=alt.Legend(title=None, orient="top", labelFontSize=12, symbolType="square"),
    )
    bars = base.transform_filter("datum.lane != 'earned'").mark_bar(clip=True).encode(x=x, y=y, yOffset=lane, color=colour)
    earned = base.transform_filter("datum.lane == 'earned' && isValid(datum.value)")
    rule = earned.mark_rule(strokeWidth=2.5, clip=True, color=_EARNED).encode(
        x=alt.X("lower:Q"), x2="upper:Q", y=y, yOffset=lane
    )
    points = earned.mark_point(size=60, opacity=1, clip=True, strokeWidth=2, color=_EARNED).encode(
        x=alt.X("value:Q"),
        y=y,
        yOffset=lane,
        fill=alt.condition("datum.is_final", alt.value(_EARNED), alt.value("white")),
    )
    texts = base.mark_text(align="left", dx=6, fontSize=11, color=_INK).encode(
        x=alt.X("end:Q"), y=y, yOffset=lane, text="text:N"
    )
    texts = texts.transform_calculate(
        end=f"min({domain[1]}, datum.lane == 'earned' ? max(0, isValid(datum.upper) ? datum.upper : 0) : datum.value)"
    )
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=_INK, strokeWidth=1).encode(x="at:Q")
    whole = alt.LayerChart(layer=[bars, zero, rule, points, texts])
    whole.width, whole.height = width, 58 * len(lines)
    return (
        whole.configure(background="transparent", padding={"left": 2, "top": 2, "bottom": 2, "right": 4})
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=11, labelColor=_INK, gridColor="#eeeeee", domainColor="#dddddd", tickColor="#dddddd")
    )


def _earned(line: Line, *, is_short: bool) -> dict[str, Any]:
    """Return what a surface earns with its interval; words alone where it is not measured."""
    ends = (line.incremental, line.incremental_lower, line.incremental_upper)
    known = [each for each in ends if each is not None and math.isfinite(each)]
    if len(known) < len(ends):
        return {"value": None, "lower": None, "upper": None, "text": "not measured", "is_final": False}
    value, lower, upper = known
    text = signed_percent(value) if is_short else f"{signed_percent(value)} [{lower * 100:+.1f}, {upper * 100:+.1f}]"
    return {"value": value, "lower": lower, "upper": upper, "text": text, "is_final": _is_final(line)}


def _is_final(line: Line) -> bool:
    return line.verdict is not None and line.verdict.kind not in ("still running", "held for a data check")


def _said(line: Line) -> str:
    earned = _earned(line, is_short=False)["text"]
    return f"claimed {percent(line.claimed, 0)}, credited {percent(line.attributed, 0)}, earned {earned}"


def _label(line: Line, lines: Sequence[Line]) -> str:
    several = sum(other.surface == line.surface for other in lines) > 1
    return f"{line.surface} ({line.experiment})" if several else line.surface


def _drawn(chart: Any, says: str, name: str) -> Plot:
    """Return a chart as SVG for a page: sized by the page, coloured by its variables, ids of its own."""
    file = io.StringIO()
    chart.save(file, format="svg")
    svg = file.getvalue()
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    width = math.ceil(float(size.group(1))) if size else 600
    _head, body = svg.split(">", 1)
    view = size.group(0) if size else ""
    body = re.sub(r'\b(fill|stroke)="([^"]*)"', _variable, body)
    ids = {old: f"{name}-{number}" for number, old in enumerate(dict.fromkeys(re.findall(r'\bid="([^"]+)"', body)))}
    body = re.sub(r'\bid="([^"]+)"', lambda found: f'id="{ids[found.group(1)]}"', body)
    body = re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{ids.get(found.group(1), '')})", body)
    body = re.sub(r'\s(?:xmlns(?::\w+)?|aria-[\w-]+|role)="[^"]*"', "", body)
    body = re.sub(r">([^<>]+)<", lambda found: words(found.group(0)), body)
    return Plot(f'<svg {view} width="{width}" aria-hidden="true" focusable="false">{body}', says, width)


def _variable(found: re.Match[str]) -> str:
    name = _VARIABLES.get(found.group(2).lower())
    if found.group(2).lower() == "white":
        return f'{found.group(1)}="var(--paper)"'
    return found.group(0) if name is None else f'{found.group(1)}="var(--{name})"'
