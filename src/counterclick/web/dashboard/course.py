"""Drawings of an experiment: its interval over time, and its looks beside their bounds."""

from __future__ import annotations

import math
from typing import Any

from counterclick.experiments.course import Course
from counterclick.web.dashboard.palette import CREDITED, EARNED, GRID, INK, MUTED, PAPER, PROXY
from counterclick.web.dashboard.speaking import Speech

__all__ = ["bounds", "over_time"]

_FAR = 1.0
"""Beyond a doubling or the loss of everything an interval is cut off; its ends stand in the table."""
_HEIGHT = 260
_FEWEST = 2


def over_time(course: Course, break_even: float | None, say: Speech) -> dict[str, Any]:
    """Return the interval by the day until which visitors had entered, with the looks that were taken.

    Args:
        course: with a point at least.
        break_even: lift that pays the feature's cost; None where it is not known.
        say: how numbers are written.
    """
    import altair as alt  # noqa: PLC0415 - it takes a second, which a page without a drawing need not

    points = [
        {
            "on": f"{each.entered_until}",
            "value": _within(each.lift),
            "lower": _within(each.lower),
            "upper": _within(each.upper),
            "text": f"{say.signed(each.lift)} [{say.signed(each.lower)}, {say.signed(each.upper)}]",
            "buyers": each.buyers,
        }
        for each in course.points
        if each.lift is not None and each.lower is not None and each.upper is not None
    ]
    looks = [
        {
            "on": f"{each.entered_until}",
            "value": _within(each.lift),
            "lower": _within(each.lower),
            "upper": _within(each.upper),
            "text": f"look {each.number}: {say.signed(each.lift)}",
            "crossed": each.crossed is not None,
        }
        for each in course.looks
        if each.lift is not None
    ]
    ends = [end for row in [*points, *looks] for end in (row["lower"], row["upper"]) if isinstance(end, float)]
    y = alt.Y(
        "lower:Q",
        title="lift",
        scale=alt.Scale(domain=[min([0.0, *ends]), max([break_even or 0.0, 0.05, *ends])], nice=True),
        axis=alt.Axis(format="+.0%", tickCount=6),
    )
    x = alt.X("on:T", title="entered until", axis=alt.Axis(format="%d %b", labelOverlap=True, tickCount=6))
    tooltip = [alt.Tooltip("on:T", title="entered until"), alt.Tooltip("text:N", title="lift"), alt.Tooltip("buyers:Q")]
    base = alt.Chart(alt.InlineData(values=points))
    layers: list[Any] = [
        base.mark_area(color=EARNED, opacity=0.18, clip=True).encode(x=x, y=y, y2="upper:Q"),
        alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=INK, strokeWidth=1).encode(y="at:Q"),
        base.mark_line(color=EARNED, strokeWidth=2, point={"color": EARNED}).encode(x=x, y="value:Q", tooltip=tooltip),
    ]
    if looks:
        taken = alt.Chart(alt.InlineData(values=looks))
        fill = alt.condition("datum.crossed", alt.value(PROXY), alt.value(PAPER))
        layers.append(taken.mark_rule(color=PROXY, strokeWidth=2.5, clip=True).encode(x=x, y=y, y2="upper:Q"))
        dot = taken.mark_point(shape="diamond", size=110, color=PROXY, strokeWidth=2, opacity=1)
        layers.append(dot.encode(x=x, y="value:Q", fill=fill, tooltip=["on:T", "text:N"]))
    if break_even is not None and break_even <= _FAR:
        pays = alt.Chart(alt.InlineData(values=[{"at": break_even, "says": "pays its cost"}]))
        layers.append(pays.mark_rule(color=MUTED, strokeDash=[5, 4], strokeWidth=1.5).encode(y="at:Q"))
        layers.append(
            pays.mark_text(align="left", dx=4, dy=-6, color=MUTED, fontSize=11, x=0).encode(y="at:Q", text="says:N")
        )
    return _made(alt.layer(*layers))


def bounds(course: Course) -> dict[str, Any] | None:
    """Return the looks' statistics beside the bounds that end it; None with fewer than two bounds."""
    import altair as alt  # noqa: PLC0415 - as above

    known = [
        *((each.number, each.bound, each.statistic, "taken") for each in course.looks),
        *((each.number, each.bound, None, "to come") for each in course.coming),
    ]
    rows = [
        {"look": number, "upper": bound, "lower": -bound, "statistic": statistic, "state": state}
        for number, bound, statistic, state in known
        if bound is not None and math.isfinite(bound)
    ]
    if len(rows) < _FEWEST:
        return None
    base = alt.Chart(alt.InlineData(values=rows))
    x = alt.X("look:O", title="look", axis=alt.Axis(labelAngle=0))
    layers: list[Any] = [alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=INK, strokeWidth=1).encode(y="at:Q")]
    for side in ("upper", "lower"):
        encoded = base.mark_tick(orient="horizontal", thickness=2.5, size=22, color=CREDITED).encode(
            x=x,
            y=alt.Y(f"{side}:Q", title="statistic", scale=alt.Scale(zero=True, nice=True)),
            opacity=alt.condition("datum.state == 'taken'", alt.value(1.0), alt.value(0.5)),
            tooltip=["look:O", alt.Tooltip(f"{side}:Q", title="bound", format=".2f"), "state:N"],
        )
        layers.append(encoded)
    if any(row["statistic"] is not None for row in rows):
        taken = base.transform_filter("isValid(datum.statistic)").mark_point(
            shape="diamond", size=110, filled=True, opacity=1
        )
        tooltip = ["look:O", alt.Tooltip("statistic:Q", format=".2f")]
        layers.append(taken.encode(x=x, y="statistic:Q", color=alt.value(PROXY), tooltip=tooltip))
    return _made(alt.layer(*layers))


def _made(chart: Any) -> dict[str, Any]:
    sized = chart.properties(width="container", height=_HEIGHT)
    made: dict[str, Any] = sized.configure_axis(gridColor=GRID, labelColor=MUTED).to_dict()
    return made


def _within(end: float | None) -> float | None:
    return None if end is None or math.isnan(end) else max(-_FAR, min(_FAR, end))
