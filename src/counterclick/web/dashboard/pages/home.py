"""Home: the one thing to do next, what surfaces claim and earn, and a period beside the one before and last year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from counterclick.audits.overview import Earning, Overview
from counterclick.config import HOLDOUT
from counterclick.errors import ConfigError, CurrencyError, InputError, UnknownNameError
from counterclick.pages.wording import words
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import of_experiments, rows_at
from counterclick.web.dashboard.choosing import PERIOD, choosers, day
from counterclick.web.dashboard.columns import number
from counterclick.web.dashboard.earned import MOST, drawn, said
from counterclick.web.dashboard.naming import experiment_address, label
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.periods import SOURCE, cards, changes, in_currency, table
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import (
    About,
    Cell,
    Chart,
    Column,
    Field,
    Figures,
    Part,
    Section,
    Table,
    Text,
    View,
)
from counterclick.web.dashboard.views import Figure as Shown

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["HOME"]

_BROKEN = ("nothing comes in", "orders are refused", "an experiment is invalid")
_EARNED = About(
    "Claimed: what a surface's own tool reports, or would. Credited: what the shop's rule gives to it, an order once. "
    "Earned: what visitors with the feature spent beyond visitors without it, chosen by chance. Only that is an effect.",
    SOURCE,
    "share of the revenue of visitors who had the feature; without an experiment, of all revenue",
    "each experiment's own time",
)
_ALL = About(
    "What visitors who get any AI feature spend beyond the global holdout, who get none: the total of all of them. What "
    "each earns by itself does not add up to it.",
    "counterclick experiment holdout",
    "money a month of 30.44 days",
    "the holdout's own time, until its last look",
)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The overview, or why there is none of what was asked for."""

    overview: Overview | None
    refusal: str = ""


def _ask(shop: Shop, asked: Mapping[str, str]) -> _Answer:
    try:
        since, until = (day(asked, name) for name in ("since", "until"))
        given = (asked.get("period"), asked.get("surface"))
        return _Answer(shop.overview(*given, since=since, until=until, currency=asked.get("currency")))
    except (ConfigError, CurrencyError, InputError, UnknownNameError) as error:
        return _Answer(None, str(error))


def _view(answer: _Answer, context: Context) -> View:
    found = answer.overview
    if found is None:
        says = answer.refusal[:1].upper() + answer.refusal[1:]
        return View(says, [Section("Choose another period", _choosers(None, context))], mark="warning")
    context = replace(context, say=context.say.of(found.currency))
    say, step = context.say, found.step
    because = [f"Why: {say.text(words(step.because))}", f"Rule: {step.rule}."]
    sections = [
        Section("", [Text(because, links=_onward(found))]),
        Section("All AI features together", _together(found, context)),
        Section("What the AI features earn", _earnings(found, say)),
        Section(
            "The period",
            [*_choosers(found, context), cards(found, say), *changes(found, say), table(found, say)],
            _about_period(found, say),
        ),
    ]
    return View(
        f"Next: {say.text(words(step.says))}",
        sections,
        period=say.days(found.period.first_on, found.period.last_on),
        mark="warning" if step.rule in _BROKEN else "",
        currency=found.currency,
    )


def _onward(found: Overview) -> dict[str, str]:
    """Return where more is told of the step."""
    own = [each for each in found.earnings if each.surface == found.step.surface]
    links = {f"The experiment {each.experiment}": experiment_address(each.experiment) for each in own if each.experiment}
    if found.step.surface is not None:
        links[f"All about {found.step.surface}"] = f"/surfaces?{urlencode({'surface': found.step.surface})}"
    if found.step.rule in _BROKEN[:2]:
        links["Data health"] = "/data"
    return links


def _about_period(found: Overview, say: Speech) -> str:
    own = say.days(found.period.first_on, found.period.last_on)
    first = found.figures[0]
    before, year = (say.days(each.period.first_on, each.period.last_on) for each in (first.before, first.year_before))
    so_far = "" if found.is_over else " It is not over: this is what is known so far."
    of = f" Only what belongs to {found.surface}." if found.surface else ""
    rate = f" {say.text(found.exchange.says)}" if found.exchange else ""
    return f"{own}, beside the period before ({before}) and the same one last year ({year}).{so_far}{of}{rate}"


def _choosers(found: Overview | None, context: Context) -> list[Part]:
    surface = context.asked.get("surface", "")
    seen = [each.surface for each in found.earnings] if found else []
    names = {name: name for name in (*context.config.surfaces, *seen, *filter(None, [surface]))}
    field = Field("surface", "Surface", surface, "select", {"": "the whole shop", **names})
    others = {"surface": field}
    if context.config.shop.rates is not None or "currency" in context.asked:
        limits = {"maxlength": "3", "size": "4", "placeholder": context.config.shop.currency}
        others["currency"] = Field("currency", "Currency", context.asked.get("currency", ""), limits=limits)
    return [*choosers("/", context, found.known_on if found else None, others)]


def _together(whole: Overview, context: Context) -> list[Part]:
    found = whole.together
    if context.config.holdout is None:
        return [Text([found.says], kind="warning")]  # as it is: it says what to write into a file
    say = context.say
    says = say.text(words(found.says))
    if found.outcome is None:
        return [Text([says[:1].upper() + says[1:]])]
    is_open, amount, ends = found.next_look_on is not None, "not known", ""
    if found.a_month is not None:
        amount, lower, upper = (say.money(end) for end in found.a_month)
        ends = f"[{lower}, {upper}]"
    all_of_them = replace(_ALL, rows={"visitors of the holdout": rows_at("visitors", experiment=HOLDOUT)})
    about = in_currency(all_of_them, whole, say)
    note = f"{found.outcome}, until the look of {say.day(found.next_look_on)}" if found.next_look_on else found.outcome
    shown = [Shown("all of them earn a month", amount, about, ends, "/experiments", is_open, note)]
    if found.lift is not None and found.metric is not None:
        change, lower, upper = (say.signed(end) for end in found.lift)
        about = About(
            f"Relative change of {label(found.metric)}. {_ALL.definition}",
            _ALL.source,
            "relative change",
            _ALL.period,
            rows=all_of_them.rows,
        )
        shown.append(Shown(f"lift of {label(found.metric)}", change, about, f"[{lower}, {upper}]", "/experiments", is_open))
    return [Figures(shown), Text([says[:1].upper() + says[1:]])]


def _earnings(found: Overview, say: Speech) -> list[Part]:
    earnings = found.earnings
    if not earnings:
        says = "Declare each place where the shop speaks to a buyer as `[surfaces.NAME]` in `shop.toml`, and serve anew."
        return [Text(["No surface is declared or was seen, so that nothing is claimed, credited or earned.", says])]
    told = "; ".join(
        f"{each.surface}: claimed {say.percent(each.claimed, 0)}, credited {say.percent(each.attributed, 0)}, "
        f"earned {said(each, say)}"
        for each in earnings[:MOST]
    )
    notes = [
        "A line is an interval: the data do not contradict what lies on it. A hollow point has not concluded. Where nothing "
        "is measured there is no point: to be not measured is not to earn nothing.",
        *(f"{each.surface}: {say.text(words(each.says))}" for each in earnings[:MOST] if each.says),
    ]
    if len(earnings) > MOST:
        notes.append(f"The first {MOST} of {say.count(len(earnings))} are drawn; the table has all.")
    title = "Of every 100 that visitors with the feature spent: claimed, credited, earned"
    about = in_currency(_EARNED, found, say)
    return [Chart(title, drawn(earnings, say), f"{title}. {told}.", _of_surfaces(earnings, say, about), about, notes)]


def _of_surfaces(earnings: Sequence[Earning], say: Speech, about: About) -> Table:
    names = ("claimed", "credited", "earned", "from", "to")
    money = ("earned a month", "a month, from", "a month, to", "cost a month")
    shown = earnings[:MOST]
    tested = of_experiments(each.experiment for each in shown if each.experiment)
    behind = {"claimed": {"claims": rows_at("claims")}, "credited": {"credits": rows_at("credits")}}
    columns = [Column("surface"), Column("experiment")]
    columns += [*(number(name, say, behind.get(name, tested)) for name in names), Column("verdict")]
    rows: list[list[Cell | str]] = []
    for each in earnings:
        shares = (each.claimed, each.attributed, *(each.incremental or (None, None, None)))
        amounts = (*(each.a_month or (None, None, None)), each.monthly_cost)
        rows.append(
            [
                each.surface,
                Cell(each.experiment, href=experiment_address(each.experiment)) if each.experiment else "none",
                *(
                    replace(_cell(share, "not measured" if share is None else say.percent(share)), href=address)
                    for share, address in zip(shares, _of_surface(each), strict=True)
                ),
                each.outcome or "none",
                *(_cell(amount, "not known" if amount is None else say.money(amount)) for amount in amounts),
            ]
        )
    columns += [number(name, say, tested if name != "cost a month" else {"shop.toml": "/settings"}) for name in money]
    return Table("Claimed, credited, earned", columns, rows, about)


def _of_surface(each: Earning) -> list[str]:
    """Return where the rows behind a surface's shares are listed: claims, credits, and the visitors of its experiment."""
    own = [rows_at(of, surface=each.surface) for of in ("claims", "credits")]
    tested = rows_at("visitors", experiment=each.experiment) if each.experiment and each.incremental else ""
    return [*own, *[tested] * 3]


def _cell(amount: float | None, text: str) -> Cell:
    return Cell(text, "" if amount is None else amount, mark="missing" if amount is None else "")


HOME = Page(
    places.HOME,
    "What is to be done next, and what do the AI features earn?",
    _ask,
    _view,
    reads=(*PERIOD, "surface", "currency"),
    is_stored=True,
    empty="Once orders and what surfaces show are recorded, this page says what to do next and what each surface earns.",
)
"""The page."""
