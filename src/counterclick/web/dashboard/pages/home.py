"""Home: the one thing to do next, what surfaces claim and earn, and a period beside the one before and last year."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from counterclick.audits.beside import Change, Figure
from counterclick.audits.overview import Earning, Overview
from counterclick.config import HOLDOUT
from counterclick.errors import ConfigError, CurrencyError, InputError, UnknownNameError
from counterclick.metrics import Period
from counterclick.pages.wording import words
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import of_experiments, of_metric, rows_at
from counterclick.web.dashboard.charts import Estimated, forest
from counterclick.web.dashboard.choosing import PERIOD, choosers, day
from counterclick.web.dashboard.columns import number, numbers
from counterclick.web.dashboard.earned import MOST, drawn, said
from counterclick.web.dashboard.naming import defined, experiment_address, label, unit, value
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.palette import EARNED, MUTED
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

_LEADING = ("net_revenue", "orders", "aov", "conversion", "attributed_checkout_revenue", "order_success_rate")
_BROKEN = ("nothing comes in", "orders are refused", "an experiment is invalid")
_SOURCE = "counterclick overview"
_EARNED = About(
    "Claimed: what a surface's own tool reports, or would. Credited: what the shop's rule gives to it, an order once. "
    "Earned: what visitors with the feature spent beyond visitors without it, chosen by chance. Only that is an effect.",
    _SOURCE,
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
_CHANGES = (
    "A change is what happened, never what a feature did: season and campaigns are in it. Its interval is of 95 %, over "
    "weeks. It is called more than chance only where that holds beside all other figures of the comparison (Holm)."
)

_MORE, _CHANCE = "more than chance", "may be chance"
_WHY_CHANCE = (
    "Among so many figures some move far by chance alone: a change is called more than chance only where that holds for all "
    "of them together, so that an interval beside zero may still be chance."
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
            [*_choosers(found, context), _cards(found, say), *_changes(found, say), _table(found, say)],
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


def _in_currency(about: About, found: Overview, say: Speech) -> About:
    """Return what a number means with the rule by which its amounts came to another currency."""
    if found.exchange is None:
        return about
    return replace(about, terms={**about.terms, f"in {found.currency}": say.text(found.exchange.says)})


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
    about = _in_currency(all_of_them, whole, say)
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
    about = _in_currency(_EARNED, found, say)
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


def _cards(found: Overview, say: Speech) -> Figures:
    wanted = [each for each in found.figures if found.surface or each.metric in _LEADING]
    return Figures([_card(each, found, say) for each in wanted])


def _card(figure: Figure, found: Overview, say: Speech) -> Shown:
    change = figure.before
    notes = [f"until {say.day(figure.final_on)}"] if figure.is_provisional else []
    if change.change is None:
        notes.append(f"no change is shown: {say.text(words(change.says))}")
    elif change.lower is not None:
        notes.append(_MORE if change.differs else _CHANCE)
    return Shown(
        label(figure.metric),
        value(figure.metric, figure.value, say),
        _about(figure, found, say),
        interval="" if change.change is None else f"{_changed(change, say)} on the period before",
        href=_by_day(figure.metric),
        is_provisional=figure.is_provisional,
        note="; ".join(notes),
    )


def _about(figure: Figure, found: Overview, say: Speech) -> About:
    period = say.days(found.period.first_on, found.period.last_on)
    behind = of_metric(figure.metric, period=found.period, surface=found.surface)
    about = About(defined(figure.metric), _SOURCE, unit(figure.metric, say), period, {"change": _CHANGES}, behind)
    return _in_currency(about, found, say) if figure.unit == "money" else about


def _by_day(metric: str) -> str:
    return f"/figures/{metric}?by=day"


def _changed(change: Change, say: Speech) -> str:
    """Return a change with its interval; why there is none."""
    if change.change is None:
        return "not known"
    if change.lower is None or change.upper is None:
        return f"{say.signed(change.change)}, no interval"
    return f"{say.signed(change.change)} [{say.signed(change.lower)}, {say.signed(change.upper)}]"


def _changes(found: Overview, say: Speech) -> list[Part]:
    """Return the drawing of all changes that have an interval, on the period before."""
    drawn_of = [(each, each.before) for each in found.figures if each.before.lower is not None]
    estimates: list[Estimated] = []
    rows: list[list[Cell | str]] = []
    for figure, change in drawn_of:
        three = (change.change, change.lower, change.upper)
        value, lower, upper = (end if end is not None else math.nan for end in three)
        what = _MORE if change.differs else _CHANCE
        estimates.append(Estimated(label(figure.metric), what, value, lower, upper, is_final=not figure.is_provisional))
        rows.append([label(figure.metric), *(Cell(say.signed(end), end) for end in (value, lower, upper)), what])
    if not estimates:
        return []
    heads = [Column("figure"), *numbers(("change", "from", "to"), say), Column("is it chance?")]
    title = "Changes on the period before, with their intervals"
    says = "; ".join(
        f"{row.row}: {say.signed(row.value)} [{say.signed(row.lower)}, {say.signed(row.upper)}]" for row in estimates
    )
    days = say.days(found.period.first_on, found.period.last_on)
    about = About(_CHANGES, _SOURCE, "relative change", days, rows=_behind(found))
    spec = forest(estimates, {_CHANCE: MUTED, _MORE: EARNED}, {_CHANCE: "circle", _MORE: "diamond"})
    return [Chart(title, spec, f"{title}. {says}.", Table(title, heads, rows, about), about, [_WHY_CHANCE])]


def _table(found: Overview, say: Speech) -> Table:
    has_year = any(figure.year_before.value is not None for figure in found.figures)
    columns = [Column("figure"), *numbers(("this period", "before", "change"), say), Column("is it chance?")]
    if has_year:
        columns += [*numbers(("last year", "change on it"), say), Column("is that chance?")]
    columns.append(Column("final on"))
    rows: list[list[Cell | str]] = []
    for figure in found.figures:
        mark = "provisional" if figure.is_provisional else ""
        row: list[Cell | str] = [
            Cell(label(figure.metric), figure.metric, href=_by_day(figure.metric)),
            Cell(
                value(figure.metric, figure.value, say),
                _plain(figure.value),
                href=_added(figure.metric, found.period, found.surface),
                mark=mark,
            ),
            *_beside(figure.metric, figure.before, found.surface, say),
        ]
        if has_year:
            row += _beside(figure.metric, figure.year_before, found.surface, say)
        row.append(Cell(say.day(figure.final_on), f"{figure.final_on}", mark=mark) if figure.is_provisional else "final")
        rows.append(row)
    about = About(
        "Each figure by its one definition, beside the period before and the same one last year. Changes of totals are "
        f"those of a day's mean. {_CHANGES}",
        _SOURCE,
        period=say.days(found.period.first_on, found.period.last_on),
        terms={label(figure.metric): defined(figure.metric) for figure in found.figures},
        rows=_behind(found),
    )
    return Table(
        "All figures of the period", columns, rows, _in_currency(about, found, say), _why_not(found, say, has_year=has_year)
    )


def _behind(found: Overview) -> dict[str, str]:
    """Return where the rows of all measures of these figures are listed."""
    parts = [of_metric(each.metric, period=found.period, surface=found.surface) for each in found.figures]
    return {name: address for part in parts for name, address in part.items()}


def _added(metric: str, period: Period, surface: str | None) -> str:
    """Return where the rows are listed that a figure adds up."""
    return next(iter(of_metric(metric, period=period, surface=surface).values()))


def _beside(metric: str, change: Change, surface: str | None, say: Speech) -> list[Cell | str]:
    then = "not known" if change.value is None else value(metric, change.value, say)
    told = "" if change.lower is None else (_MORE if change.differs else _CHANCE)
    return [
        Cell(
            then,
            _plain(change.value),
            href="" if change.value is None else _added(metric, change.period, surface),
            mark="missing" if change.value is None else "",
        ),
        Cell(_changed(change, say), _plain(change.change), mark="missing" if change.change is None else ""),
        told,
    ]


def _plain(amount: float | None) -> float | str:
    return "" if amount is None else amount


def _why_not(found: Overview, say: Speech, *, has_year: bool) -> list[str]:
    """Return why changes are not known, each reason once."""
    said: dict[tuple[str, str], list[str]] = {}
    for figure in found.figures:
        for which, change in (("the period before", figure.before), ("last year", figure.year_before)):
            if change.says and (has_year or which != "last year"):
                said.setdefault((which, change.says), []).append(label(figure.metric))
    notes = [
        f"Beside {which}{'' if len(names) == len(found.figures) else ': ' + ', '.join(names)}: {say.text(words(says))}"
        for (which, says), names in said.items()
    ]
    if not has_year:
        reasons = dict.fromkeys(figure.year_before.says for figure in found.figures if figure.year_before.says)
        notes += [f"Beside last year nothing is shown: {say.text(words(says))}" for says in reasons]
    return notes


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
