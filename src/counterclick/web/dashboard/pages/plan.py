"""Plan: what an experiment could show before it begins, while sliders move; and the calendars of on/off tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from counterclick.errors import CounterclickError
from counterclick.experiments.onoff_schedule import Schedule
from counterclick.experiments.plan_curve import CurvePoint, PlanCurve
from counterclick.metrics import METRICS
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import rows_at
from counterclick.web.dashboard.columns import number, ordinal
from counterclick.web.dashboard.naming import label
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.palette import CLAIMED, EARNED, GRID, INK, MUTED, PROXY
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Chart, Column, Field, Form, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["PLAN"]

_SHARES = tuple(share / 100 for share in range(5, 55, 5))
_SHARE, _LIFT = 20, 5
"""Percent held out, and lift in percent, unless others are asked for."""
_METRIC = "revenue_per_visitor"
_NEAR = 1e-9
"""Shares that differ by less are the same."""
_FAR = 1.0
"""Lift beyond which the drawing is cut off; the table has all."""
_HEIGHT = 300
_DAY_HEIGHT = 26
_CURVE = About(
    "The smallest lift that an experiment shows with 80 % power, at 5 % over all of its looks, after so many weeks of "
    "entry: from this shop's own history, as if the coming weeks were like those before.",
    "counterclick experiment plan-curve --surface SURFACE",
    "relative change",
    "weeks to come, by what is recorded of those before",
    rows={"orders": rows_at("orders"), "visits": rows_at("sessions")},
)
_CALENDAR = About(
    "Days on which a surface is on for everyone, and off for everyone, as coins chose before. Days of washout, after a "
    "change, do not count.",
    "counterclick onoff calendar SURFACE",
    period="the days that shop.toml declares",
    rows={"shop.toml": "/settings"},
)
_ON, _OFF = "on", "off"
_PALE = ("Pale days come after a change and do not count.",)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A curve or why there is none, and each declared schedule or why it is none."""

    surface: str = ""
    metric: str = _METRIC
    curve: PlanCurve | None = None
    refused: str = ""
    schedules: Mapping[str, Schedule | str] = field(default_factory=dict)


def _ask(shop: Shop, asked: Mapping[str, str]) -> _Answer:
    known = [*shop.config.surfaces, *(each.surface for each in shop.config.experiments.values())]
    surface, metric = asked.get("surface", known[0] if known else ""), asked.get("metric", _METRIC)
    schedules: dict[str, Schedule | str] = {}
    for name in shop.config.onoff:
        try:
            schedules[name] = shop.onoff(name).calendar()
        except CounterclickError as error:
            schedules[name] = str(error)
    if not surface:
        return _Answer(schedules=schedules)
    try:
        return _Answer(surface, metric, shop.plan_curve(surface, metric, shares=_SHARES), schedules=schedules)
    except CounterclickError as error:
        return _Answer(surface, metric, refused=str(error), schedules=schedules)


def _view(found: _Answer, context: Context) -> View:
    say = context.say
    share, lift = _chosen(context.asked, "share", _SHARE, (5, 50)), _chosen(context.asked, "lift", _LIFT, (1, 50))
    share = 5 * round(share / 5)
    says, parts = _told(found, share / 100, lift / 100, say)
    sections = [
        Section("", [_form(found, context, share, lift)] if found.surface else []),
        Section("What it could show", parts),
        Section("On/off calendars", _calendars(found, say)),
    ]
    return View(says, [each for each in sections if each.parts])


def _chosen(asked: Mapping[str, str], name: str, usual: int, ends: tuple[int, int]) -> int:
    """Return a slider's value; what it cannot stand at is brought within its ends."""
    text = asked.get(name, "")
    return max(ends[0], min(ends[1], int(text[:4]))) if text.isdecimal() and text.isascii() else usual


def _form(found: _Answer, context: Context, share: int, lift: int) -> Form:
    config = context.config
    surfaces = [*config.surfaces, *(each.surface for each in config.experiments.values()), found.surface]
    metrics = [name for name, metric in METRICS.items() if metric.decides]
    return Form(
        "/plan",
        "Show",
        [
            Field("surface", "Surface", found.surface, "select", {name: name for name in dict.fromkeys(surfaces)}),
            Field(
                "metric",
                "Decided on",
                found.metric,
                "select",
                {name: label(name) for name in dict.fromkeys([*metrics, found.metric])},
            ),
            Field(
                "share",
                "Held out, in percent of its visitors",
                f"{share}",
                "range",
                limits={"min": "5", "max": "50", "step": "5"},
                hint="Who is held out does not see the feature. Half shows most; less costs less if the feature earns.",
            ),
            Field(
                "lift",
                "Lift to be seen, in percent",
                f"{lift}",
                "range",
                limits={"min": "1", "max": "50", "step": "1"},
                hint="How much more a visitor with the feature would be worth, if it is worth anything.",
            ),
        ],
        "get",
        is_live=True,
    )


def _told(found: _Answer, share: float, lift: float, say: Speech) -> tuple[str, list[Part]]:
    """Return what the chosen point says in a sentence, and the drawing."""
    if found.curve is None:
        if not found.surface:
            says = "Declare each place where the shop speaks to a buyer as `[surfaces.NAME]` in `shop.toml`, and serve anew."
            return "There is no surface to plan for.", [Text([says])]
        says = found.refused[:1].upper() + found.refused[1:]
        return "Nothing can be planned here yet.", [Text([says])]
    curve = found.curve
    own = [each for each in curve.points if abs(each.share - share) < _NEAR]
    seen = [each for each in own if each.visible <= lift]
    wanted = f"A lift of {say.percent(lift, 0)} on {found.surface}, with {say.percent(share, 0)} held out,"
    says = (
        f"{wanted} can be seen after {seen[0].weeks} weeks."
        if seen
        else f"{wanted} cannot be seen within {own[-1].weeks} weeks: they show lifts from {say.percent(own[-1].visible)} on."
    )
    pays = curve.break_even_lift
    notes = ["Each thin line is another share held out.", f"Basis: {say.text(curve.basis)}. Looks: {curve.looks}."]
    notes.append(
        "From which lift on the feature pays is not known: declare monthly_cost of the surface, and record unit costs."
        if pays is None
        else f"The feature pays its cost from a lift of {say.percent(pays, 2)} on."
    )
    title = "Smallest visible lift, by weeks"
    told = "; ".join(f"{each.weeks} weeks: {say.percent(each.visible)}" for each in own)
    return says, [Chart(title, _drawn(curve, share, lift), f"{title}. {told}.", _table(curve, say), _CURVE, notes)]


def _table(curve: PlanCurve, say: Speech) -> Table:
    shares = [*dict.fromkeys(each.share for each in curve.points)]
    by: dict[tuple[int, float], CurvePoint] = {(each.weeks, each.share): each for each in curve.points}
    weeks = [*dict.fromkeys(each.weeks for each in curve.points)]
    rows: list[list[Cell | str]] = [
        [
            Cell(f"{week}", week),
            Cell(say.count(by[week, shares[0]].buyers), by[week, shares[0]].buyers),
            *(Cell(say.percent(by[week, share].visible), by[week, share].visible) for share in shares),
        ]
        for week in weeks
    ]
    heads = [ordinal("weeks", say), number("buyers", say, says="Buyers by then, if the coming weeks are like those before.")]
    heads += [
        number(f"{held} held out", say, says=f"The smallest lift that is seen by then, with {held} held out.")
        for held in (say.percent(share, 0) for share in shares)
    ]
    return Table("Smallest visible lift, by weeks and share held out", heads, rows, _CURVE)


def _drawn(curve: PlanCurve, share: float, lift: float) -> dict[str, Any]:
    import altair as alt  # noqa: PLC0415 - it takes a second, which a page without a drawing need not

    rows = [
        {"weeks": each.weeks, "visible": each.visible, "share": f"{each.share:.0%}", "own": abs(each.share - share) < _NEAR}
        for each in curve.points
        if each.visible <= _FAR
    ]
    base = alt.Chart(alt.InlineData(values=rows))
    x = alt.X("weeks:Q", title="weeks", scale=alt.Scale(zero=True, nice=False), axis=alt.Axis(tickCount=8))
    most = min(_FAR, max([lift * 1.5, *(each.visible for each in curve.points if abs(each.share - share) < _NEAR)]))
    y = alt.Y("visible:Q", title="lift that is seen", scale=alt.Scale(domain=[0, most]), axis=alt.Axis(format=".0%"))
    says = ["weeks:Q", alt.Tooltip("share:N", title="held out"), alt.Tooltip("visible:Q", format=".1%")]
    others = base.transform_filter("!datum.own").mark_line(color=CLAIMED, strokeWidth=1, opacity=0.7, clip=True)
    own = base.transform_filter("datum.own").mark_line(color=EARNED, strokeWidth=2.5, point={"color": EARNED}, clip=True)
    layers: list[Any] = [others.encode(x=x, y=y, detail="share:N"), own.encode(x=x, y=y, tooltip=says)]
    right = {"align": "right", "dx": -4, "x": "width"}
    levels: list[tuple[float, str, str, list[int], dict[str, Any]]] = [(lift, "the lift to be seen", PROXY, [6, 3], right)]
    if curve.break_even_lift is not None and curve.break_even_lift <= most:
        levels.append((curve.break_even_lift, "pays its cost", MUTED, [2, 3], {"align": "left", "dx": 4, "x": 0}))
    for at, told, colour, dash, side in levels:
        level = alt.Chart(alt.InlineData(values=[{"at": at, "says": told}]))
        layers.append(level.mark_rule(color=colour, strokeWidth=1.5, strokeDash=dash).encode(y="at:Q"))
        layers.append(level.mark_text(dy=-6, fontSize=11, color=INK, **side).encode(y="at:Q", text="says:N"))
    sized = alt.layer(*layers).properties(width="container", height=_HEIGHT)
    made: dict[str, Any] = sized.configure_axis(gridColor=GRID, labelColor=MUTED).to_dict()
    return made


def _calendars(found: _Answer, say: Speech) -> list[Part]:
    if not found.schedules:
        says = (
            "None is declared. Where visitors cannot be told apart, a surface can be switched on and off for everyone by a "
            "schedule: `counterclick onoff plan SURFACE` says what that would show."
        )
        return [Text([says])]
    parts: list[Part] = []
    for surface, schedule in found.schedules.items():
        if isinstance(schedule, str):
            parts.append(Text([f"On/off schedule of {surface}: {schedule}"], kind="warning"))
        else:
            parts.append(_calendar(schedule, say))
    return parts


def _calendar(schedule: Schedule, say: Speech) -> Chart:
    title = f"{schedule.surface}: on and off"
    rows: list[list[Cell | str]] = [
        [
            Cell(f"{block.pair}", block.pair),
            Cell(say.day(block.starts_on), f"{block.starts_on}"),
            Cell(say.day(block.ends_on), f"{block.ends_on}"),
            Cell(say.day(block.counts_from), f"{block.counts_from}"),
            _ON if block.is_on else _OFF,
        ]
        for block in schedule.blocks
    ]
    heads = [ordinal("pair", say), Column("from"), Column("to"), Column("counts from"), Column("surface")]
    told = "; ".join(
        f"{say.days(block.starts_on, block.ends_on)} {_ON if block.is_on else _OFF}" for block in schedule.blocks
    )
    return Chart(
        title, _days_drawn(schedule, say), f"{title}. {told}.", Table(title, heads, rows, _CALENDAR), _CALENDAR, _PALE
    )


def _days(schedule: Schedule) -> Iterator[tuple[date, str, bool]]:
    """Yield each day with its state, and whether it counts."""
    for block in schedule.blocks:
        day = block.starts_on
        while day <= block.ends_on:
            yield day, _ON if block.is_on else _OFF, day >= block.counts_from
            day += timedelta(days=1)


def _days_drawn(schedule: Schedule, say: Speech) -> dict[str, Any]:
    """Return a calendar: a week a row, a day a field with its number, its state told by colour and by word."""
    import altair as alt  # noqa: PLC0415 - as above

    rows = [
        {
            "week": say.day(day - timedelta(days=day.weekday())),
            "weekday": f"{day:%a}",
            "state": state,
            "counts": counts,
            "text": f"{day.day} {state}",
            "day": say.day(day),
        }
        for day, state, counts in _days(schedule)
    ]
    base = alt.Chart(alt.InlineData(values=rows))
    weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    x = alt.X("weekday:O", title=None, sort=weekdays, axis=alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False))
    y = alt.Y("week:O", title=None, sort=None, axis=alt.Axis(domain=False, ticks=False))
    colour = alt.Color(
        "state:N",
        scale=alt.Scale(domain=[_ON, _OFF], range=[EARNED, CLAIMED]),
        legend=alt.Legend(title=None, orient="bottom"),
    )
    fields = base.mark_rect(cornerRadius=2).encode(
        x=x,
        y=y,
        color=colour,
        opacity=alt.condition("datum.counts", alt.value(0.45), alt.value(0.15)),
        tooltip=["day:N", "state:N", alt.Tooltip("counts:N", title="counts")],
    )
    texts = base.mark_text(fontSize=11, color=INK).encode(x=x, y=y, text="text:N")
    height = _DAY_HEIGHT * len({row["week"] for row in rows})
    made: dict[str, Any] = alt.layer(fields, texts).properties(width="container", height=height).to_dict()
    return made


PLAN = Page(
    places.PLAN,
    "What could an experiment show, and how long would it take?",
    _ask,
    _view,
    reads=("surface", "metric", "share", "lift"),
    draws=("share", "lift"),
    is_stored=True,
    empty="Once orders and visitors are recorded, this page says which lift can be seen after how many weeks.",
)
"""The page."""
