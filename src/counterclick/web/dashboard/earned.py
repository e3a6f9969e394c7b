"""The one drawing of what surfaces claim, are credited with, and earn: two bars, and a point with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from counterclick.audits.overview import Earning
from counterclick.web.dashboard.palette import CLAIMED, CREDITED, EARNED, GRID, INK, MUTED, PAPER
from counterclick.web.dashboard.speaking import Speech

__all__ = ["MOST", "drawn", "said"]

MOST = 30
"""Surfaces that are drawn."""
_LANES = ("claimed", "credited", "earned")
_FAR = 1.0
"""Share of revenue beyond which an interval is cut off in the drawing; its ends stand beside it."""
_ROOM = 0.55
"""Of the drawing's span, for the words beside its marks."""
_ROW = 66
"""Pixels of a surface."""
_NARROW = 420
"""Pixels of width below which the words beside the marks are short."""
_CONCLUDED = ("won", "lost")


def drawn(earnings: Sequence[Earning], say: Speech) -> dict[str, Any]:
    """Return the drawing as Vega-Lite reads it: where nothing is measured it says so, and draws no point.

    Args:
        earnings: from top to bottom; the first thirty are drawn.
        say: how numbers are written.
    """
    import altair as alt  # noqa: PLC0415 - it takes a second, which a page without a drawing need not

    shown = earnings[:MOST]
    rows = [row for each in shown for row in _rows(each, shown, say)]
    ends = [end for row in rows for end in (row["value"], row["lower"], row["upper"]) if end is not None]
    least, most = max(-_FAR, min(0.0, *ends)), min(_FAR, max(0.05, *ends))
    domain = [least, most + _ROOM * (most - least)]
    base = alt.Chart(alt.InlineData(values=rows))
    axis = alt.Axis(labelLimit=120, ticks=False, domain=False, labelPadding=8)
    y = alt.Y("surface:N", title=None, sort=None, axis=axis, scale=alt.Scale(paddingInner=0.25))
    lane = alt.YOffset("lane:N", sort=[*_LANES], scale=alt.Scale(domain=[*_LANES], paddingInner=0.15))
    ticks = [tick for tick in _ticks(least, most) if least <= tick <= most]
    x = alt.X("value:Q", title=None, scale=alt.Scale(domain=domain, nice=False), axis=alt.Axis(format="%", values=ticks))
    colour = alt.Color(
        "lane:N",
        scale=alt.Scale(domain=[*_LANES], range=[CLAIMED, CREDITED, EARNED]),
        legend=alt.Legend(title=None, orient="top", symbolType="square"),
    )
    says = ["surface:N", "lane:N", alt.Tooltip("text:N", title="share")]
    bars = base.transform_filter("datum.lane != 'earned'").mark_bar(clip=True)
    earned = base.transform_filter("datum.lane == 'earned' && isValid(datum.value)")
    line = earned.mark_rule(strokeWidth=2.5, clip=True, color=EARNED).encode(
        x=alt.X("lower:Q"), x2="upper:Q", y=y, yOffset=lane
    )
    fill = alt.condition("datum.is_concluded", alt.value(EARNED), alt.value(PAPER))
    point = earned.mark_point(size=65, opacity=1, clip=True, strokeWidth=2, color=EARNED)
    words = base.transform_calculate(shown=f"width < {_NARROW} ? datum.short : datum.text")
    text = words.mark_text(align="left", dx=7, fontSize=12, color=INK, limit=420)
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=INK, strokeWidth=1).encode(x="at:Q")
    whole = alt.layer(
        bars.encode(x=x, y=y, yOffset=lane, color=colour, tooltip=says),
        zero,
        line,
        point.encode(x=x, y=y, yOffset=lane, fill=fill, tooltip=says),
        text.encode(x=alt.X("end:Q"), y=y, yOffset=lane, text="shown:N"),
    ).properties(width="container", height=_ROW * len(shown))
    made: dict[str, Any] = whole.configure_axis(gridColor=GRID, labelColor=MUTED).to_dict()
    return made


def said(earning: Earning, say: Speech) -> str:
    """Return what a surface earns, with its interval; that it is not measured where it is not."""
    if earning.incremental is None:
        return "not measured"
    value, lower, upper = (say.signed(end) for end in earning.incremental)
    return f"{value} [{lower}, {upper}]"


def _rows(each: Earning, shown: Sequence[Earning], say: Speech) -> list[dict[str, Any]]:
    several = sum(other.surface == each.surface for other in shown) > 1
    name = f"{each.surface} ({each.experiment})" if several else each.surface
    rows: list[dict[str, Any]] = [
        {
            "surface": name,
            "lane": lane,
            "value": share,
            "lower": None,
            "upper": None,
            "end": min(share, _FAR),
            "text": say.percent(share, 0),
            "short": say.percent(share, 0),
        }
        for lane, share in (("claimed", each.claimed), ("credited", each.attributed))
    ]
    value, lower, upper = (_within(end) for end in each.incremental or (None, None, None))
    whole = said(each, say)
    rows.append(
        {
            "surface": name,
            "lane": "earned",
            "value": value,
            "lower": lower,
            "upper": upper,
            "end": max(0.0, upper or 0.0),
            "text": whole,
            "short": whole if each.incremental is None else _short(each.incremental, say),
            "is_concluded": each.outcome in _CONCLUDED,
        }
    )
    return rows


def _short(incremental: tuple[float, float, float], say: Speech) -> str:
    value, lower, upper = (say.signed(end, 0).removesuffix(" %") for end in incremental)
    return f"{value} [{lower}, {upper}]"


def _within(end: float | None) -> float | None:
    return None if end is None or math.isnan(end) else max(-_FAR, min(_FAR, end))


def _ticks(least: float, most: float) -> list[float]:
    """Return marks of the axis, zero among them, in steps that are read easily.

    >>> _ticks(-0.12, 0.31)
    [-0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4]
    """
    step = next(each for each in (0.02, 0.05, 0.1, 0.2, 0.25, 0.5) if (most - least) / each <= 6 or each == 0.5)  # noqa: PLR2004
    first, last = math.floor(least / step), math.ceil(most / step)
    return [round(step * number, 2) for number in range(first, last + 1)]
