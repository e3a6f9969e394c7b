"""Bundles: the holdout's verdict first, then what was bought through them, rules, learned pairs, and the backtest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterclick.decisions.backtest import COMPARED
from counterclick.errors import ConfigError, InputError
from counterclick.pages.wording import words
from counterclick.shop.bundling import BundlesTold
from counterclick.verdicts import Verdict
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import rows_at
from counterclick.web.dashboard.choosing import PERIOD, choosers, day
from counterclick.web.dashboard.columns import Head, numbers
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.pages.interventions import conclusion_of, taken_of, verdicts_of
from counterclick.web.dashboard.showing import table_of
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Column, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["BUNDLES"]

_SOURCE = "counterclick bundles"
_ANYWAY = (
    "Would be bought anyway: what a list foresees of orders that never saw it. It says which list knows the customers, and "
    "nothing of what showing it adds."
)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is known, or why not."""

    told: BundlesTold | None
    refusal: str = ""


def _ask(shop: Shop, asked: Mapping[str, str]) -> _Answer:
    try:
        since, until = (day(asked, name) for name in ("since", "until"))
        return _Answer(shop.bundles(asked.get("period"), since=since, until=until))
    except (ConfigError, InputError) as error:
        return _Answer(None, str(error))


def _view(answer: _Answer, context: Context) -> View:
    found, say = answer.told, context.say
    last = found.served.period.last_on if found else None
    own = [*choosers("/bundles", context, last, {})]
    if found is None:
        says = answer.refusal[:1].upper() + answer.refusal[1:]
        return View(says, [Section("Choose another period", own)], mark="warning")
    served = found.served
    days = say.days(served.period.first_on, served.period.last_on)
    taken = taken_of(served, say, days) or [Text(["No decision of bundles is recorded in this time."])]
    more = Text(["All that was shown, and bought afterwards:"], links={"What bundles served": "/interventions/bundles"})
    sections = [
        Section("The verdict first", [verdicts_of(served, say)]),
        Section(f"Bought through an offer, {days}", [*own, *taken, more]),
        Section("A merchandiser's rules", _rules(found)),
        Section("What is learned", _pairs(found, say)),
        Section("The backtest", _tried(found, say), _ANYWAY),
    ]
    broken = any(isinstance(each, Verdict) and each.outcome == "invalid" for each in served.verdicts.values())
    return View(conclusion_of(served), sections, period=days, mark="warning" if broken else "")


def _rules(found: BundlesTold) -> list[Part]:
    if not found.rules:
        return [Text(["rules.toml has no rules: bestsellers serve where nothing learned does."])]
    rows: list[list[Cell | str]] = [
        [each.name, each.when, ", ".join(each.offer), each.limits or "none"] for each in found.rules
    ]
    about = About("What is offered when something is in the cart, in the order of the file.", _SOURCE)
    columns = [Column(name) for name in ("rule", "when in the cart", "offers", "limits")]
    return [Table("Hand rules", columns, rows, about)]


def _pairs(found: BundlesTold, say: Speech) -> list[Part]:
    model = found.model.model if found.model else None
    lines = [say.text(f"{words(found.missing)[:1].upper()}{words(found.missing)[1:]}.")] if found.missing else []
    if model is not None and not model.is_damaged:
        lines.append(f"Model {model.version}, fitted {say.day(model.fitted_at.date())}.")
    rows: list[list[Cell | str]] = [
        [
            each.product,
            each.partner,
            Cell(say.count(each.joint), each.joint, href=rows_at("order_lines", product_id=each.product)),
            Cell(say.number(round(each.lift, 1)), each.lift),
            Cell(say.percent(each.confidence), each.confidence),
            Cell("serves", mark="good") if each.serves else Cell("the rules serve", mark="missing"),
        ]
        for each in found.pairs
    ]
    about = About(
        "Orders that held both, how many times as often as by chance, and the share of orders with the first that held the "
        "second, in which large orders weigh less. Learned pairs serve where the backtest says so.",
        _SOURCE,
        period="the orders that the model was learnt from",
        rows={"order lines": rows_at("order_lines")},
    )
    columns = [Column("in the cart"), Column("offered")]
    columns += numbers(("orders with both", "times chance", "of its orders"), say)
    told: list[Part] = [Text(lines)] if lines else []
    return [*told, Table("Pairs of most orders", [*columns, Column("now")], rows, about, most=25)] if rows else told


def _tried(found: BundlesTold, say: Speech) -> list[Part]:
    if found.backtest is None:
        return [Text([say.text(found.no_backtest[:1].upper() + found.no_backtest[1:])])]
    behind = {"order lines": rows_at("order_lines")}
    about = About(_ANYWAY, "counterclick backtest bundles", "a share", "the latest fifth of the orders", rows=behind)
    heads = {policy: Head(f"Share of hidden products that {policy} would have offered.", "a share") for policy in COMPARED}
    return [table_of(grid, say, about, heads=heads) for grid in found.backtest.grids()]


BUNDLES = Page(
    places.BUNDLES,
    "What do bundles offer, who decided it, and what came of it?",
    _ask,
    _view,
    reads=PERIOD,
    is_stored=True,
    empty="Once orders are recorded, this page says what is bought together, what the rules offer, and what it earned.",
)
"""The page."""
