"""Drawings that several pages share: points with their intervals, never without."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from counterclick.web.dashboard.palette import GRID, INK, MUTED, PAPER

__all__ = ["Estimated", "forest"]

_FAR = 1.0
"""Beyond a doubling or the loss of everything an interval is cut off; its ends stand in the table."""
_ROW = 26
"""Pixels of a line of the drawing."""
_MOST = 40


@dataclass(frozen=True, slots=True)
class Estimated:
    """An estimate to be drawn.

    Attributes:
        row: whose it is.
        what: what it is of, one of those that the drawing tells apart.
        value: a relative change.
        lower: lower end of its interval.
        upper: upper end.
        is_final: whether it will not change; a point that may is hollow.
    """

    row: str
    what: str
    value: float
    lower: float
    upper: float
    is_final: bool = True


def forest(estimates: Sequence[Estimated], colours: Mapping[str, str], shapes: Mapping[str, str]) -> dict[str, Any]:
    """Return relative changes with their intervals, a line each, as Vega-Lite reads it.

    Args:
        estimates: from top to bottom; those of the first forty rows are drawn.
        colours: what is told apart -> its colour, of the palette.
        shapes: what is told apart -> its shape.
    """
    import altair as alt  # noqa: PLC0415 - it takes a second, which a page without a drawing need not

    rows = [*dict.fromkeys(each.row for each in estimates)][:_MOST]
    shown = [each for each in estimates if each.row in rows]
    kinds = [what for what in colours if any(each.what == what for each in shown)]
    data = alt.InlineData(values=[_datum(each) for each in shown])
    ends = [end for each in shown for end in (each.lower, each.value, each.upper) if math.isfinite(end)]
    reach = [max(-_FAR, min([0.0, *ends])), min(_FAR, max([0.0, *ends]))]
    scale = alt.Scale(domain=reach if reach[0] < reach[1] else [-_FAR, _FAR], nice=True)
    x = alt.X("value:Q", title=None, scale=scale, axis=alt.Axis(format="+.0%", grid=True, tickCount=6))
    y = alt.Y("row:N", title=None, sort=None, axis=alt.Axis(labelLimit=150, ticks=False, domain=False, labelPadding=8))
    legend = alt.Legend(title=None, orient="top", labelLimit=260, symbolStrokeWidth=0, columns=2)
    colour = alt.Color("what:N", scale=alt.Scale(domain=kinds, range=[colours[what] for what in kinds]), legend=legend)
    shape = alt.Shape("what:N", scale=alt.Scale(domain=kinds, range=[shapes[what] for what in kinds]), legend=legend)
    base = alt.Chart(data)
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=INK, strokeWidth=1).encode(x="at:Q")
    says = ["row:N", "what:N", alt.Tooltip("value:Q", format="+.1%"), "interval:N"]
    lines = base.mark_rule(strokeWidth=2, clip=True).encode(x=alt.X("lower:Q"), x2="upper:Q", y=y, color=colour)
    points = base.transform_filter("datum.is_final").mark_point(size=70, opacity=1, clip=True, filled=True)
    hollow = base.transform_filter("!datum.is_final").mark_point(size=70, opacity=1, clip=True, fill=PAPER, strokeWidth=2)
    dots = [each.encode(x=x, y=y, color=colour, shape=shape, tooltip=says) for each in (points, hollow)]
    whole = alt.layer(zero, lines, *dots).properties(width="container", height=_ROW * len(rows))
    made: dict[str, Any] = whole.configure_axis(gridColor=GRID, labelColor=MUTED).to_dict()
    return made


def _datum(each: Estimated) -> dict[str, Any]:
    lower, upper = (end if math.isfinite(end) else math.copysign(10 * _FAR, end) for end in (each.lower, each.upper))
    ends = [f"{end * 100:+.1f} %" if math.isfinite(end) else "unlimited" for end in (each.lower, each.upper)]
    return {
        "row": each.row,
        "what": each.what,
        "value": each.value if math.isfinite(each.value) else None,
        "lower": lower,
        "upper": upper,
        "interval": f"[{ends[0]}, {ends[1]}]",
        "is_final": each.is_final,
    }
