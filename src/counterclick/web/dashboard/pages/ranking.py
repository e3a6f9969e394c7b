"""Ranking: the verdict first, what products earn each time they are shown, and what is clicked and not bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from counterclick.audits.boosts import THOUSAND, Boost, Boosts
from counterclick.errors import ConfigError, InputError
from counterclick.pages.wording import words
from counterclick.verdicts import Verdict
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import rows_at
from counterclick.web.dashboard.choosing import PERIOD, choosers, day
from counterclick.web.dashboard.columns import MONEY, number, numbers, ordinal
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.pages.interventions import conclusion_of, taken_of, verdicts_of
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Column, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["RANKING"]

_SOURCE = "counterclick boosts"
_MOST = 500
"""Products that the page has; the command has all."""
_NET = "Revenue of orders that were kept, for a thousand times shown, places counted as much as they are seen; shrunk."


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is known, or why not."""

    told: Boosts | None
    refusal: str = ""


def _ask(shop: Shop, asked: Mapping[str, str]) -> _Answer:
    try:
        since, until = (day(asked, name) for name in ("since", "until"))
        return _Answer(shop.boosts(asked.get("period"), since=since, until=until))
    except (ConfigError, InputError) as error:
        return _Answer(None, str(error))


def _view(answer: _Answer, context: Context) -> View:
    found, say = answer.told, context.say
    own = [*choosers("/ranking", context, found.served.period.last_on if found else None, {})]
    if found is None:
        says = answer.refusal[:1].upper() + answer.refusal[1:]
        return View(says, [Section("Choose another period", own)], mark="warning")
    served = found.served
    days = say.days(served.period.first_on, served.period.last_on)
    taken = taken_of(served, say, days) or [Text(["No decision of the ranking is recorded in this time."])]
    counted = "no lists yet"
    if found.first_at is not None and found.last_at is not None:
        counted = say.days(found.first_at.date(), found.last_at.date())
    about = About(
        "A product counts as shown once for each list that it is in, and as bought where the person to whom it was shown "
        "orders it within the window of [ranking]; net of what came back.",
        _SOURCE,
        "products shown",
        counted,
        rows={"products shown": rows_at("shown"), "order lines": rows_at("order_lines")},
    )
    sections = [
        Section("The verdict first", [verdicts_of(served, say)]),
        Section(f"Bought from lists in order, {days}", [*own, *taken]),
        Section("What products earn when they are shown", _boosts(found, say, about)),
        Section("Clicked, and not bought", _misleading(found, say, about)),
        Section("How much places are seen", _places(found, say, about)),
    ]
    broken = any(isinstance(each, Verdict) and each.outcome == "invalid" for each in served.verdicts.values())
    return View(conclusion_of(served), sections, period=days, mark="warning" if broken else "")


def _boosts(found: Boosts, say: Speech, about: About) -> list[Part]:
    notes: list[Part] = [Text([say.text(words(note)) for note in found.notes])] if found.notes else []
    rows = [_row(each, say) for each in found.boosts[:_MOST]]
    columns = [
        Column("product"),
        number("boost", say, says="What it earns over the mean product, within the limits of [ranking].", unit="a factor"),
        number("net of 1,000", say, says=_NET, unit=MONEY),
        *(number(name, say, unit=MONEY) for name in ("from", "to")),
        *numbers(("times shown", "orders", "units"), say),
        number("came back", say, says="Of its lines whose returns window has closed, those that came back."),
        Column("because", is_prose=True),
    ]
    n_more = len(found.boosts) - len(rows)
    more = [f"{say.count(n_more)} more products are in the command's list."] if n_more > 0 else []
    return [*notes, Table("Products, those that earn most first", columns, rows, about, more, most=25)] if rows else notes


def _row(each: Boost, say: Speech) -> list[Cell | str]:
    amounts = [value * THOUSAND for value in (each.net_value, each.low, each.high)]
    return [
        each.product_id,
        Cell(say.number(round(each.factor, 2)), each.factor),
        *(Cell(say.money(value), value) for value in amounts),
        Cell(say.count(each.n_shown), each.n_shown, href=rows_at("shown", product_id=each.product_id)),
        Cell(say.count(each.n_orders), each.n_orders, href=rows_at("order_lines", product_id=each.product_id)),
        Cell(say.count(each.n_units), each.n_units),
        Cell(say.number(round(each.n_returned, 1)), each.n_returned),
        say.text(words(each.because)),
    ]


def _misleading(found: Boosts, say: Speech, about: About) -> list[Part]:
    if not found.misleading:
        return [Text(["No product is clicked more than its share and bought less, by more than chance."])]
    rows: list[list[Cell | str]] = [
        [
            each.product_id,
            Cell(say.money(each.order_value), each.order_value),
            Cell(say.count(each.n_clicks), each.n_clicks, href=rows_at("events", kind="select_item")),
            *(Cell(say.number(round(value or 0, 1)), value or 0) for value in (each.clicked, each.bought)),
        ]
        for each in found.misleading
    ]
    share = "Over those that the mean product has, when it is shown as often; 1 is its share."
    columns = [
        Column("product"),
        number("an order of it", say, says="Revenue of one order of it that was kept, shrunk.", unit=MONEY),
        number("clicks", say, says="Clicks on it in lists: shown here, and never learnt from.", unit="clicks"),
        *(number(name, say, says=f"{what} {share}", unit="times") for name, what in _BESIDE),
    ]
    clicks = replace(about, rows={**about.rows, "clicks": rows_at("events", kind="select_item")})
    note = "Clicks stand here to be seen, and have no say in any boost."
    return [Table("Clicked more than their share, bought less", columns, rows, clicks, (note,))]


_BESIDE = (("clicked", "Its clicks."), ("bought", "Its orders that were kept."))


def _places(found: Boosts, say: Speech, about: About) -> list[Part]:
    if not found.seen:
        return [Text([say.text(f"{found.uncorrected[:1].upper()}{found.uncorrected[1:]}.")])]
    rows: list[list[Cell | str]] = [
        [Cell(say.count(n), n), Cell(say.percent(share), share)] for n, share in enumerate(found.seen, 1)
    ]
    columns = [
        ordinal("place", say),
        number("seen", say, says="Orders for each product that chance put there, beside the first place.", unit="a share"),
    ]
    own = replace(about, rows={"decisions": rows_at("events", kind="decision")})
    return [Table("Places whose order chance drew", columns, rows, own)]


RANKING = Page(
    places.RANKING,
    "What does each product earn when it is shown, and which are clicked and not bought?",
    _ask,
    _view,
    reads=PERIOD,
    is_stored=True,
    empty="Once lists and orders are recorded, this page says what each product earns each time it is shown.",
)
"""The page."""
