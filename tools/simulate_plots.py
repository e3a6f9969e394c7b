"""The plots of the page on error rates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import altair as alt
from simulate_errors import POWERS, READINGS, SCENARIOS, SHARES, SIZES, Found

__all__ = ["split", "write_plots"]

SHOWN = ("weekly", "peeking", "delta")
COLOURS = ("#0072b2", "#d55e00", "#777777")
ORDER = [f"{round(100 * share)}/{round(100 - 100 * share)}, {size:,}" for share in SHARES for size in SIZES]


def split(share: float) -> str:
    """Write a split as 90/10, the treatment first."""
    return f"{round(100 * share)}/{round(100 - 100 * share)}"


def write_plots(idle: Sequence[Found], moved: Sequence[Found], band: tuple[float, float], folder: Path) -> list[str]:
    """Write false wins, false losses and power as SVG; return the files' names."""
    charts = {
        "false-wins.svg": _errors(idle, 0, "false wins, %", band),
        "false-losses.svg": _errors(idle, 1, "false losses, %", band),
        "power.svg": _power(moved),
    }
    for name, chart in charts.items():
        chart.save(folder / name)
    return list(charts)


def _errors(found: Sequence[Found], side: int, title: str, band: tuple[float, float]) -> alt.FacetChart:
    rows = [
        {
            "design": f"{split(one.cell.share)}, {one.cell.smaller:,}",
            "scenario": SCENARIOS[one.cell.scenario].title,
            "population": one.cell.population,
            "reading": READINGS[reading],
            "rate": 100 * one.calls[reading][side] / one.runs,
            "low": 100 * band[0],
            "high": 100 * band[1],
        }
        for one in found
        for reading in reversed(SHOWN)  # ours is drawn last, on top
    ]
    scale = alt.Scale(type="sqrt", domain=[0, 100])
    ticks = alt.Axis(values=[0, 1, 2.5, 5, 10, 20, 40, 60, 80], labelExpr="datum.value", labelOverlap=False, labelFontSize=9)
    x = alt.X("rate:Q", title=title, scale=scale, axis=ticks)
    colours = alt.Scale(domain=[READINGS[reading] for reading in SHOWN], range=list(COLOURS))
    base = alt.Chart(alt.InlineData(values=rows))
    strip = base.mark_rect(color="#0072b2", opacity=0.2).encode(
        x=alt.X("min(low):Q", title=title, scale=scale, axis=ticks), x2="max(high):Q"
    )
    points = base.mark_point(filled=True, size=38, opacity=0.9).encode(
        x=x,
        y=alt.Y("design:N", sort=ORDER, title="split, buyers in control"),
        color=alt.Color("reading:N", scale=colours, sort=None, legend=_legend()),
        shape=alt.Shape("reading:N", scale=alt.Scale(domain=[READINGS[reading] for reading in SHOWN]), legend=_legend()),
    )
    whole: alt.FacetChart = (
        alt.layer(strip, points)
        .properties(width=230, height=225)
        .facet(
            row=alt.Row("population:N", title=None),
            column=alt.Column("scenario:N", title=None, sort=[s.title for s in SCENARIOS.values()]),
        )
        .configure_view(stroke="#dddddd")
        .configure(background="white")
    )
    return whole


def _legend() -> alt.Legend:
    return alt.Legend(title=None, orient="top", labelLimit=500, symbolSize=60)


def _power(found: Sequence[Found]) -> alt.FacetChart:
    names = {"fixed_all": "one look at the end", "weekly_all": "weekly looks"}
    rows = [
        {
            "design": f"{split(one.cell.share)}, {one.cell.smaller:,}",
            "lift": f"a lift that a fixed test sees with {100 * one.cell.power:g} %",
            "population": one.cell.population,
            "reading": names[reading],
            "power": 100 * one.calls[reading][0] / one.runs,
        }
        for one in found
        for reading in names
    ]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_point(filled=True, size=45, opacity=0.8)
        .encode(
            x=alt.X("power:Q", title="won, %", scale=alt.Scale(zero=False, domain=[60, 100], clamp=True)),
            y=alt.Y("design:N", sort=ORDER, title="split, buyers in control"),
            color=alt.Color(
                "reading:N", scale=alt.Scale(domain=list(names.values()), range=list(COLOURS[:2])), legend=_legend()
            ),
            shape=alt.Shape("reading:N", scale=alt.Scale(domain=list(names.values())), legend=_legend()),
        )
        .properties(width=380, height=190)
    )
    lifts = [f"a lift that a fixed test sees with {100 * power:g} %" for power in POWERS]
    whole: alt.FacetChart = (
        chart.facet(row=alt.Row("population:N", title=None), column=alt.Column("lift:N", title=None, sort=lifts))
        .configure_view(stroke="#dddddd")
        .configure(background="white")
    )
    return whole
