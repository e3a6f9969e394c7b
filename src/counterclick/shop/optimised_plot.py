"""What became of a page tuned on clicks and of one tuned on orders, as a picture: lifts, their intervals, and the truth."""

from __future__ import annotations

from pathlib import Path

import altair as alt

from counterclick.audits.drift_plot import save_chart
from counterclick.errors import RefusedError
from counterclick.shop.optimising import SAYS, Optimised

__all__ = ["optimised_chart", "write_plot"]

_COLOURS = {"clicks": "#d55e00", "orders": "#0072b2"}
"""Told apart with any colour vision (Okabe and Ito 2008)."""
_LEGEND = alt.Legend(orient="top")
_WIDTH = 520
_ROW = 24


def write_plot(found: Optimised, path: Path) -> None:
    """Draw it into a file.

    Raises:
        InputError: the name ends neither in .svg nor in .png, or the file cannot be written.
        RefusedError: no lift could be measured.
    """
    save_chart(optimised_chart(found), path)


def optimised_chart(found: Optimised) -> alt.LayerChart | alt.FacetChart:
    """Return the chart: rows for each metric, one for each ranker; marks with intervals are measured, ticks are true.

    Raises:
        RefusedError: no lift could be measured.
    """
    rows = [
        {
            "metric": SAYS[each.metric],
            "tuned on": each.tuned_on,
            "lift": each.lift,
            "low": each.low,
            "high": each.high,
            "true": each.true_lift,
        }
        for each in found.lines
        if each.lift is not None
    ]
    if not rows:
        raise RefusedError("there is nothing to draw: no lift could be measured. Simulate more visitors.")
    names = [each for each in SAYS.values() if any(row["metric"] == each for row in rows)]
    y = alt.Y("metric:N", title=None, sort=names, axis=alt.Axis(labelLimit=200))
    colour = alt.Color(
        "tuned on:N", title="tuned on", scale=alt.Scale(domain=[*_COLOURS], range=[*_COLOURS.values()]), legend=_LEGEND
    )
    shape = alt.Shape("tuned on:N", scale=alt.Scale(domain=[*_COLOURS], range=["triangle-up", "circle"]), legend=_LEGEND)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=y, yOffset=alt.YOffset("tuned on:N", sort=[*_COLOURS]), color=colour
    )
    x = alt.X(
        "low:Q",
        title="change against bestsellers, 95 % interval; the tick is the truth",
        axis=alt.Axis(format="+.0%"),
    )
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color="#333333", strokeWidth=1).encode(x="at:Q")
    return alt.layer(
        zero,
        base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q"),
        base.mark_point(filled=True, size=80, opacity=1).encode(x="lift:Q", shape=shape),
        base.mark_tick(thickness=2, size=18, color="#111111").encode(x="true:Q", color=alt.value("#111111")),
    ).properties(width=_WIDTH, height=alt.Step(_ROW))
