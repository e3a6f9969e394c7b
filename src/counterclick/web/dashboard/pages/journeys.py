"""Journeys: one order traced, from what its buyer did with surfaces to the experiments in which it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from counterclick.audits.trace import Touch, Trace
from counterclick.errors import UnknownNameError
from counterclick.shop.shown import OrderList
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import rows_at
from counterclick.web.dashboard.columns import MONEY, number
from counterclick.web.dashboard.naming import address_of, defined, experiment_address, unit
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.palette import CLAIMED, EARNED, INK, MUTED, PAPER
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import (
    About,
    Cell,
    Chart,
    Column,
    Field,
    Figure,
    Figures,
    Form,
    Part,
    Section,
    Table,
    Text,
    View,
)

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["JOURNEY", "JOURNEYS"]

_NEWEST = 50
_SOURCE = "counterclick trace ORDER"
_ORDERS = About(
    "Completed orders, the newest first.",
    "counterclick orders",
    period=f"the newest {_NEWEST}",
    rows={"orders": rows_at("orders"), "order lines": rows_at("order_lines"), "refunds": rows_at("refunds")},
)
_TOUCHES = About(
    "What the order's buyer did with surfaces before it. An order is credited once, to one touch, by the rule of "
    "shop.toml. Credit is a rule of counting, never an effect.",
    _SOURCE,
)
_COUNTS = About(
    "Whether the order is one of those by which an experiment is judged: it counts in the arm of its visitor, if it was "
    "placed within the window after the visitor became eligible.",
    _SOURCE,
)
_CLAIMS = About("What outside tools report of this order as their own. Several may claim the same order.", _SOURCE)
_BACK = About("Returns and cancellations of this order. Net revenue is what is left.", _SOURCE)
_CREDITED, _HELPFUL, _OTHER = "credited", "helpful, not credited", "not helpful"
_COLOURS = {_CREDITED: EARNED, _HELPFUL: MUTED, _OTHER: CLAIMED}
_SHAPES = {_CREDITED: "diamond", _HELPFUL: "circle", _OTHER: "cross"}
_FINAL = (
    "What an order earned is provisional until its goods have had their time to come back (`[shop] returns_window`), late "
    "events theirs (`allowance`), and something is recorded of the day after."
)
_OPEN = ("returned_value", "net_revenue")
"""Amounts that returns still change."""
_ROW = 34
"""Pixels of a surface."""


@dataclass(frozen=True, slots=True)
class _Unknown:
    """There is no such order."""

    says: str


def _newest(shop: Shop, asked: Mapping[str, str]) -> OrderList | Trace | _Unknown:
    if "order" not in asked:
        return shop.latest_orders(_NEWEST)
    try:
        return shop.trace(asked["order"])
    except UnknownNameError as error:
        return _Unknown(str(error))


def _traced(shop: Shop, asked: Mapping[str, str]) -> Trace:
    return shop.trace(asked["order"])


def _view(found: OrderList | Trace | _Unknown, context: Context) -> View:
    if isinstance(found, Trace):
        return _journey(found, context)
    form = Form("/journeys", "Trace it", [Field("order", "Order id", context.asked.get("order", ""))], "get", is_small=True)
    if isinstance(found, _Unknown):
        return View(found.says[:1].upper() + found.says[1:], [Section("Which order?", [form])], mark="warning")
    return View("Any order can be followed to its touches.", [Section("", [form, _orders(found, context.say)])])


def _orders(found: OrderList, say: Speech) -> Table:
    marks = ["provisional" if found.is_provisional(place) else "" for place in range(len(found.orders))]
    rows: list[list[Cell | str]] = [
        [
            Cell(row["order_id"], href=address_of("/journeys", "order", row["order_id"])),
            Cell(say.moment(row["ordered_at"]), row["ordered_at"].isoformat()),
            row["visitor_id"] or "not named",
            _counted(row["units"], say),
            Cell(say.money(row["revenue"]), float(row["revenue"])),
            Cell(say.money(row["returned_value"]), float(row["returned_value"]), mark=mark),
            Cell(f"until {say.day(final)}" if mark else "final", f"{final}" if mark else "final", mark=mark),
        ]
        for row, final, mark in zip(found.orders, found.final_on, marks, strict=True)
    ]
    columns = [Column("order"), Column("ordered"), Column("visitor")]
    columns += [
        number("units", say, says="Units of the order, where its lines are known.", unit="units"),
        number("revenue", say, says=defined("revenue")),
        number("returned", say, says=defined("returned_value"), unit=MONEY),
        Column("net revenue is", says=_FINAL),
    ]
    return Table("The newest orders", columns, rows, _ORDERS, [f"{say.count(found.n_all)} orders are recorded."])


def _counted(amount: float | None, say: Speech) -> Cell:
    return Cell("not known", "", mark="missing") if amount is None else Cell(say.count(amount), amount)


def _journey(found: Trace, context: Context) -> View:
    say, order = context.say, found.order
    n = sum(each.counts for each in found.experiments)
    to = f"credited to {found.credited_to}" if found.credited_to else "credited to nobody"
    counts = f"counts in {n} of {len(found.experiments)} experiments" if found.experiments else "no experiment is declared"
    sections = [
        Section("", [_money(found, say), Text([_whose(found, say)])]),
        Section("Who is credited, and why nobody else", _touches(found, say), f"The rule: {found.rule}."),
        Section("In which experiments does it count?", [_members(found, say)]),
        Section("What tools claim of it", [_claims(found, say)]),
        Section("What came back", [_refunds(found, say)]),
    ]
    return View(f"{to[:1].upper()}{to[1:]}; {counts}.", sections, title=f"Order {order['order_id']}")


def _whose(found: Trace, say: Speech) -> str:
    order = found.order
    return (
        f"Ordered {say.moment(order['ordered_at'])} by visitor {order['visitor_id'] or 'not named'}, "
        f"customer {order['customer_id'] or 'not known'}."
    )


def _money(found: Trace, say: Speech) -> Figures:
    when = say.moment(found.order["ordered_at"])
    shown = []
    for name in ("revenue", "returned_value", "net_revenue", "margin"):
        amount = found.order[name]
        text = "not known" if amount is None else say.money(amount)
        href = "#what-came-back" if name == "returned_value" else ""
        is_open = found.is_provisional and name in _OPEN
        about = About(defined(name), _SOURCE, unit(name, say), when, rows=_lines(found))
        note = f"until {say.day(found.final_on)}: goods may still come back" if is_open else ""
        shown.append(Figure(name.replace("_", " "), text, about, href=href, is_provisional=is_open, note=note))
    units = found.order["units"]
    about = About("Units of the order, where its lines are known.", _SOURCE, "units", when, rows=_lines(found))
    return Figures([*shown, Figure("units", "not known" if units is None else say.count(units), about)])


def _lines(found: Trace) -> dict[str, str]:
    """Return where the events of an order are listed."""
    order = found.order["order_id"]
    return {"its lines": rows_at("order_lines", order_id=order), "its events": rows_at("events", order_id=order)}


def _of(found: Trace, about: About) -> About:
    """Return what the numbers of an order's parts mean, with its time and its events."""
    return replace(about, period=f"the {found.looked_back_days} days before the order, and since", rows=_lines(found))


def _touches(found: Trace, say: Speech) -> list[Part]:
    title = f"What its buyer did with surfaces in the {found.looked_back_days} days before"
    if not found.touches:
        says = f"Nothing is recorded that its buyer did with a surface in the {found.looked_back_days} days before it."
        if found.order["person_id"] is None:
            says = "The order names neither a visitor nor a customer, so that nothing can be credited."
        return [Text([says])]
    rows: list[list[Cell | str]] = [
        [
            Cell(say.moment(each.occurred_at), each.occurred_at.isoformat()),
            Cell(f"{say.number(round(each.hours_before, 1))} h", each.hours_before),
            each.surface,
            each.kind.replace("_", " "),
            "helpful" if each.is_touch else "no",
            Cell("credited" if each.is_credited else "no", mark="good" if each.is_credited else ""),
            each.says,
        ]
        for each in found.touches
    ]
    about = replace(_of(found, _TOUCHES), rows=_touched(found))
    columns = [Column("at"), number("before the order", say, says="How long before the order it was.", unit="hours")]
    columns += [Column(name) for name in ("surface", "what", "helpful?", "credited?", "why")]
    table = Table(title, columns, rows, about)
    told = "; ".join(
        f"{each.surface}, {say.number(round(each.hours_before, 1))} h before: {_state(each)}" for each in found.touches
    )
    return [Chart("Touches before the order", _drawn(found.touches), f"{title}. {told}.", table, about), table]


def _touched(found: Trace) -> dict[str, str]:
    """Return where what the order's visitor did is listed; what all did where it names nobody."""
    visitor = found.order["visitor_id"]
    return {"what its visitor did": rows_at("interactions", visitor_id=visitor)}


def _state(touch: Touch) -> str:
    return _CREDITED if touch.is_credited else _HELPFUL if touch.is_touch else _OTHER


def _drawn(touches: tuple[Touch, ...]) -> dict[str, object]:
    """Return touches on the line of time: the order stands at its right end."""
    import altair as alt  # noqa: PLC0415 - it takes a second, which a page without a drawing need not

    rows = [
        {"surface": each.surface, "hours": -each.hours_before, "state": _state(each), "why": each.says} for each in touches
    ]
    states = [state for state in _COLOURS if any(row["state"] == state for row in rows)]
    legend = alt.Legend(title=None, orient="top")
    colour = alt.Color("state:N", scale=alt.Scale(domain=states, range=[_COLOURS[each] for each in states]), legend=legend)
    shape = alt.Shape("state:N", scale=alt.Scale(domain=states, range=[_SHAPES[each] for each in states]), legend=legend)
    base = alt.Chart(alt.InlineData(values=rows))
    y = alt.Y("surface:N", title=None, sort=None, axis=alt.Axis(labelLimit=130, ticks=False, domain=False))
    x = alt.X("hours:Q", title="hours before the order", scale=alt.Scale(nice=True, zero=True))
    points = base.mark_point(size=110, filled=True, opacity=1, stroke=PAPER, strokeWidth=1).encode(
        x=x, y=y, color=colour, shape=shape, tooltip=["surface:N", "hours:Q", "state:N", "why:N"]
    )
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=INK, strokeWidth=2).encode(x="at:Q")
    height = _ROW * len({each.surface for each in touches})
    made: dict[str, object] = alt.layer(zero, points).properties(width="container", height=height).to_dict()
    return made


def _members(found: Trace, say: Speech) -> Part:
    if not found.experiments:
        says = "No experiment is declared. The plan says what one could show."
        return Text([says], links={"Plan": "/plan"})
    rows: list[list[Cell | str]] = [
        [
            Cell(each.experiment, href=experiment_address(each.experiment)),
            Cell("counts" if each.counts else "no", mark="good" if each.counts else ""),
            each.variant or "none",
            "" if each.exposed_at is None else Cell(say.moment(each.exposed_at), each.exposed_at.isoformat()),
            say.text(each.says),
        ]
        for each in found.experiments
    ]
    columns = [Column(name) for name in ("experiment", "does it count?", "arm", "eligible since", "why")]
    return Table("In which experiments it counts", columns, rows, _COUNTS)


def _claims(found: Trace, say: Speech) -> Part:
    if not found.claims:
        return Text(["No outside tool has reported it as its own."])
    rows: list[list[Cell | str]] = [
        [
            each.claimant,
            each.window or "not told",
            Cell(f"{each.currency} {say.number(each.amount)}", each.amount),
            "" if each.counts else "told before: it does not count again",
        ]
        for each in found.claims
    ]
    says = "What the tool reports of this order as its own, in the currency of its report."
    columns = [Column("tool"), Column("its window"), number("claimed", say, says=says, unit="as reported"), Column("note")]
    claims = {"claims": rows_at("tool_claims", order_id=found.order["order_id"])}
    return Table("Claims", columns, rows, replace(_of(found, _CLAIMS), rows=claims))


def _refunds(found: Trace, say: Speech) -> Part:
    if not found.refunds:
        return Text(["Nothing has come back so far."])
    rows: list[list[Cell | str]] = [
        [
            Cell(say.moment(each.refunded_at), each.refunded_at.isoformat()),
            "return" if each.is_return else "cancellation",
            _counted(each.units, say),
            Cell(say.money(each.amount), each.amount),
            "" if each.is_matched else "earlier than the order: it does not count",
        ]
        for each in found.refunds
    ]
    units = number("units", say, says="Units that came back.")
    columns = [Column("at"), Column("what"), units, number("amount", say), Column("note")]
    refunds = {"refunds": rows_at("refunds", order_id=found.order["order_id"])}
    return Table("Returns and cancellations", columns, rows, replace(_of(found, _BACK), rows=refunds))


_EMPTY = "Once orders are recorded, this page follows each one to what led to it, and says where it counts."
JOURNEYS = Page(places.JOURNEYS, "Why does an order count?", _newest, _view, reads=("order",), empty=_EMPTY)
"""The newest orders, and one that is asked for."""
JOURNEY = Page(places.JOURNEY, "Why does this order count?", _traced, _view, empty=_EMPTY)
"""One order."""
