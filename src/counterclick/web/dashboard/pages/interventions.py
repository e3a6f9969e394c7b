"""Interventions: the holdout's verdict first, then what surfaces served by whose choice, and what was bought afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from counterclick.audits.served import Arm, Offer, Served
from counterclick.errors import ConfigError, InputError, UnknownNameError
from counterclick.pages.wording import words
from counterclick.verdicts import Verdict
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import of_experiments, rows_at
from counterclick.web.dashboard.choosing import PERIOD, choosers, day
from counterclick.web.dashboard.columns import MONEY, number, numbers
from counterclick.web.dashboard.naming import MARKS, address_of, experiment_address, in_words
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Column, Field, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["INTERVENTION", "INTERVENTIONS", "conclusion_of", "taken_of", "verdicts_of"]

_SOURCE = "counterclick served"
_NONE = "not told"
_VERDICTS = About(
    "What visitors with the feature spent beyond visitors without it, chosen by chance. Only this is an effect; all below "
    "says what followed.",
    _SOURCE,
    period="each experiment's own time",
)
_BOUGHT = "Bought: the product, by the person to whom it was shown, within {window}; net of what came back."


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was served, or why there is none of what was asked for."""

    served: Served | None
    refusal: str = ""


def _ask(shop: Shop, asked: Mapping[str, str]) -> _Answer:
    try:
        since, until = (day(asked, name) for name in ("since", "until"))
        return _Answer(shop.served(asked.get("policy"), asked.get("period"), since=since, until=until))
    except (ConfigError, InputError, UnknownNameError) as error:
        return _Answer(None, str(error))


def _address(name: str) -> str:
    return address_of("/interventions", "policy", name)


def _view(answer: _Answer, context: Context) -> View:
    found, say, policy = answer.served, context.say, context.asked.get("policy", "")
    address = _address(policy) if policy else "/interventions"
    kept = {"policy": Field("policy", value=policy, kind="hidden")} if "?" in address else {}
    own = [*choosers(address.partition("?")[0], context, found.period.last_on if found else None, kept)]
    title = f"What {policy} served" if policy else ""
    if found is None:
        says = answer.refusal[:1].upper() + answer.refusal[1:]
        onward = Text(["Everything that was served:"], links={"Interventions": "/interventions"})
        return View(says, [Section("Choose another period", [*own, onward])], title=title, mark="warning")
    days = say.days(found.period.first_on, found.period.last_on)
    bought = _BOUGHT.format(window=found.window)
    behind = {"products shown": rows_at("shown", period=found.period), "order lines": rows_at("order_lines")}
    about = About(f"{bought} It says what followed, never what the list did.", _SOURCE, period=days, rows=behind)
    sections = [
        Section("The verdict first", [verdicts_of(found, say)]),
        Section(f"What was served, {days}", [*own, *_shelves(found, say, about)]),
        Section("Bought through an offer", taken_of(found, say, days)),
        Section("What sold", _offers(found, say, about), bought),
        Section("Who became eligible", _arms(found, say, days)),
    ]
    broken = any(isinstance(each, Verdict) and each.outcome == "invalid" for each in found.verdicts.values())
    return View(
        conclusion_of(found), [each for each in sections if each.parts], title, days, mark="warning" if broken else ""
    )


def conclusion_of(found: Served) -> str:
    """Return the verdicts in one sentence."""
    told = [
        f"{name}: {in_words(each) if isinstance(each, Verdict) else 'no verdict yet'}"
        for name, each in found.verdicts.items()
    ]
    return f"{'; '.join(told)}." if told else "No holdout: what was served is known, what it earns is not."


def verdicts_of(found: Served, say: Speech) -> Part:
    """Return what the holdout says of what was served."""
    if not found.verdicts:
        says = "Nobody is held out, so that nobody can say what would have been bought anyway."
        return Text([says], links={"Plan an experiment": "/plan"})
    rows: list[list[Cell | str]] = []
    for name, each in found.verdicts.items():
        link = Cell(name, href=experiment_address(name))
        if not isinstance(each, Verdict):
            rows.append(
                [link, Cell("no verdict yet", mark="missing"), *_money((None, None, None), say), say.text(words(each))]
            )
            continue
        money = each.incremental
        amounts = (None, None, None) if money is None else (money.value, money.lower, money.upper)
        because = say.text(words(each.because))
        rows.append([link, Cell(in_words(each), mark=MARKS[each.outcome]), *_money(amounts, say), because])
    columns = [Column("experiment"), Column("verdict")]
    columns += [number("a month", say), *(number(name, say, unit=MONEY) for name in ("from", "to"))]
    about = replace(_VERDICTS, rows=of_experiments(found.verdicts))
    return Table("What the holdout says", [*columns, Column("why")], rows, about)


def _money(amounts: tuple[float | None, ...], say: Speech) -> list[Cell]:
    return [Cell("not known", "", mark="missing") if each is None else Cell(say.money(each), each) for each in amounts]


def _count(amount: float, say: Speech) -> Cell:
    return Cell(say.count(amount), amount)


def _policy(name: str | None) -> Cell:
    return Cell(name, href=_address(name)) if name else Cell(_NONE)


def _shelves(found: Served, say: Speech, about: About) -> list[Part]:
    if not found.shelves:
        return [Text(["No list was shown in this time."])]
    rows: list[list[Cell | str]] = [
        [
            Cell(each.surface, href=_address(each.surface)),
            _policy(each.policy),
            each.variant or _NONE,
            *(
                replace(_count(n, say), href=rows_at(of, period=found.period, surface=each.surface))
                for of, n in (("impressions", each.n_lists), ("shown", each.n_shown), ("shown", each.n_visitors))
            ),
            _count(each.units, say),
            Cell(say.money(each.net_revenue), each.net_revenue),
        ]
        for each in found.shelves
    ]
    columns = [Column("surface"), Column("policy"), Column("arm")]
    names = ("lists", "products in them", "visitors", "units bought", "net revenue of these")
    return [Table("Lists that were shown", [*columns, *numbers(names, say)], rows, about)]


def _offers(found: Served, say: Speech, about: About) -> list[Part]:
    if not found.offers:
        return []
    rows: list[list[Cell | str]] = [
        [
            each.product_id,
            each.surface,
            each.policy or _NONE,
            each.variant or _NONE,
            *(
                replace(_count(n, say), href=address)
                for n, address in zip((each.n_shown, each.units), _of_product(each, found), strict=True)
            ),
            Cell(say.money(each.net_revenue), each.net_revenue, href=_of_product(each, found)[1]),
        ]
        for each in found.offers
    ]
    columns = [Column("product"), Column("surface"), Column("policy"), Column("arm")]
    columns += numbers(("times shown", "units bought", "net revenue of these"), say)
    return [Table("Products, those shown most first", columns, rows, about, most=25)]


def _of_product(each: Offer, found: Served) -> tuple[str, str]:
    """Return where it is listed when a product was shown, and which lines of orders hold it."""
    shown = rows_at("shown", period=found.period, surface=each.surface, product_id=each.product_id)
    return shown, rows_at("order_lines", since=found.period.first_on, product_id=each.product_id)


def taken_of(found: Served, say: Speech, days: str) -> list[Part]:
    """Return what was bought through offers; nothing where no decision is recorded."""
    rows: list[list[Cell | str]] = [
        [
            Cell(each.surface, href=_address(each.surface)),
            _policy(each.policy),
            each.variant or _NONE,
            *(_count(n, say) for n in (each.n_decisions, each.n_empty, each.n_lines, each.units)),
            Cell(say.money(each.net_revenue), each.net_revenue),
        ]
        for each in found.sold
    ]
    about = About(
        "Lines of orders that carry the decision which offered them. What was taken from the list, not what the list added.",
        _SOURCE,
        period=days,
        rows={
            "decisions": rows_at("events", period=found.period, kind="decision"),
            "order lines": rows_at("order_lines", since=found.period.first_on),
        },
    )
    columns = [Column("surface"), Column("policy"), Column("arm")]
    columns += numbers(("decisions", "without offers", "lines bought", "units", "net revenue of these"), say)
    return [Table("What was taken from lists", columns, rows, about)] if rows else []


def _arms(found: Served, say: Speech, days: str) -> list[Part]:
    rows: list[list[Cell | str]] = [
        [
            Cell(each.experiment, href=experiment_address(each.experiment)),
            each.surface or _NONE,
            each.variant,
            _policy(each.policy),
            replace(_count(each.n_visitors, say), href=_exposed(each, found)),
            Cell(say.percent(each.without_list_share), each.without_list_share),
        ]
        for each in found.arms
    ]
    about = About(
        "Visitors who could have been served, in every arm alike, and those of them who saw no list.",
        _SOURCE,
        "visitors",
        days,
        rows={"exposures": rows_at("events", period=found.period, kind="exposure")},
    )
    columns = [Column("experiment"), Column("surface"), Column("arm"), Column("policy")]
    columns += numbers(("visitors", "without a list"), say)
    return [Table("Visitors by arm", columns, rows, about)] if rows else []


def _exposed(each: Arm, found: Served) -> str:
    """Return where the exposures of an arm are listed."""
    return rows_at("events", period=found.period, kind="exposure", experiment=each.experiment, variant=each.variant)


_EMPTY = "Once lists that surfaces show are recorded, this page says what was served by whose choice, and what was bought."
_QUESTION = "What did it serve, and what came of it?"
INTERVENTIONS = Page(places.INTERVENTIONS, _QUESTION, _ask, _view, reads=("policy", *PERIOD), is_stored=True, empty=_EMPTY)
"""All surfaces and policies."""
INTERVENTION = Page(
    places.INTERVENTION,
    _QUESTION,
    _ask,
    _view,
    reads=PERIOD,
    is_stored=True,
    empty=_EMPTY,
)
"""One surface or policy."""
