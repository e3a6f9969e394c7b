"""E-mail blocks: each campaign's verdict first, then what each arm was sent, and what was bought of the products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from counterclick.experiments.calling import of_customers
from counterclick.pages.wording import words
from counterclick.shop.mailed import MailedArm, MailedProduct, Mailing, Mailings
from counterclick.verdicts import Verdict
from counterclick.web.dashboard import places
from counterclick.web.dashboard.behind import rows_at
from counterclick.web.dashboard.columns import MONEY, number, numbers
from counterclick.web.dashboard.naming import MARKS, experiment_address, in_words
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import About, Cell, Column, Part, Section, Table, Text, View

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["MAILINGS"]

_SOURCE = "counterclick mailings"
_VERDICTS = About(
    "Recipients whose block was made for them, beside those who were given the same as all others, by lot. Only this is an "
    "effect.",
    _SOURCE,
    period="each experiment's own time",
)
_SENT = About(
    "All recipients sent count, opened or not: who opens a message is chosen by what its subject promises, and no longer by "
    "chance.",
    _SOURCE,
    "recipients",
)
_PRODUCTS = About(
    "Bought: the product, by the recipient in whose block it stands, within the experiment's window; net of what came back. "
    "It says what followed, and no effect.",
    _SOURCE,
    "as its column says",
)
_BLOCKS = {"same": "the same for all", "own": "for each recipient", "elsewhere": "the e-mail tool's own"}
_EACH = "Of a recipient sent whose window has closed, opened or not: {what}."


def _ask(shop: Shop, _asked: Mapping[str, str]) -> Mailings:
    return shop.mailings()


def _view(found: Mailings, context: Context) -> View:
    say = context.say
    if not found.mailings:
        says = (
            'Declare an experiment with unit = "customer" in shop.toml, with a surface for the campaign, then let '
            "counterclick blocks draw the lot for all who will be sent to: it writes which products each is shown."
        )
        return View("No campaign's blocks are tested: what they earn is not known.", [Section("What to do", [Text([says])])])
    sections = [
        Section("The verdict first", [_verdicts(found, say)]),
        *(Section(f"What {each.experiment} sent", _sent(each, say)) for each in found.mailings),
    ]
    broken = any(isinstance(each.verdict, Verdict) and each.verdict.outcome == "invalid" for each in found.mailings)
    return View(_conclusion(found), sections, mark="warning" if broken else "")


def _conclusion(found: Mailings) -> str:
    told = [
        f"{each.experiment}: {in_words(each.verdict) if isinstance(each.verdict, Verdict) else 'no verdict yet'}"
        for each in found.mailings
    ]
    return f"{'; '.join(told)}."


def _verdicts(found: Mailings, say: Speech) -> Part:
    rows: list[list[Cell | str]] = []
    for each in found.mailings:
        told = each.verdict
        if isinstance(told, Verdict):
            verdict, because = Cell(in_words(told), mark=MARKS[told.outcome]), words(told.because)
        else:
            verdict, because = Cell("no verdict yet", mark="missing"), words(told)
        name = Cell(each.experiment, href=experiment_address(each.experiment))
        rows.append([name, verdict, Cell(say.count(each.n_sent), each.n_sent), say.text(of_customers(because))])
    columns = [Column("campaign"), Column("verdict"), *numbers(("recipients",), say), Column("why")]
    behind = {f"recipients of {each.experiment}": _exposures(each) for each in found.mailings}
    return Table("What the lot says", columns, rows, replace(_VERDICTS, rows=behind))


def _sent(each: Mailing, say: Speech) -> list[Part]:
    days = say.days(each.starts_on, each.ends_on)
    if not each.n_sent:
        return [Text([f"Nobody was assigned yet: counterclick blocks {each.experiment} recipients.csv draws the lot."])]
    parts: list[Part] = [_arms(each, days, say)]
    if each.products:
        parts.append(_products(each, days, say))
    else:
        parts.append(Text(["No block was made here: all arms are the e-mail tool's own, or had nothing to offer."]))
    return parts


def _arms(each: Mailing, days: str, say: Speech) -> Part:
    columns = [
        Column("arm"),
        Column("block", says="The same products for all, made for each recipient, or made by the e-mail tool itself."),
        *numbers(("recipients", "given products", "window over"), say),
        number("orders each", say, says=_EACH.format(what="its orders"), unit="orders"),
        number("bought", say, says=_EACH.format(what="whether it ordered"), unit="a share"),
        number("net revenue each", say, says=_EACH.format(what="revenue of its orders, less what came back"), unit=MONEY),
    ]
    about = replace(_SENT, period=days, rows={"recipients": _exposures(each), "orders": rows_at("orders")})
    return Table(f"Recipients of {each.experiment} by arm", columns, [_arm(each, arm, say) for arm in each.arms], about)


def _arm(each: Mailing, arm: MailedArm, say: Speech) -> list[Cell | str]:
    none = Cell("not yet", "", mark="missing")
    return [
        arm.arm,
        _BLOCKS[arm.block],
        Cell(say.count(arm.n_sent), arm.n_sent, href=_exposures(each, arm.arm)),
        Cell(say.count(arm.n_given), arm.n_given, href=_decisions(each, arm.arm)),
        Cell(say.count(arm.n_finished), arm.n_finished),
        none if arm.orders is None else Cell(say.number(round(arm.orders, 4)), arm.orders),
        none if arm.buyers is None else Cell(say.percent(arm.buyers), arm.buyers),
        none if arm.net_revenue is None else Cell(say.money(arm.net_revenue), arm.net_revenue),
    ]


def _products(each: Mailing, days: str, say: Speech) -> Part:
    rows = [_product(one, say) for one in each.products]
    columns = [Column("product"), Column("arm"), *numbers(("given to", "bought it"), say)]
    columns += [
        number("units", say, says="Units of it that these bought within the window.", unit="units"),
        number("net revenue of these", say),
    ]
    n_more = each.n_products - len(rows)
    more = [f"{say.count(n_more)} more are in fewer blocks."] if n_more > 0 else []
    behind = {"blocks": _decisions(each), "order lines": rows_at("order_lines", since=each.starts_on)}
    about = replace(_PRODUCTS, period=days, rows=behind)
    return Table(f"Products in the blocks of {each.experiment}", columns, rows, about, more, most=25)


def _product(one: MailedProduct, say: Speech) -> list[Cell | str]:
    return [
        one.product_id,
        one.arm,
        Cell(say.count(one.n_given), one.n_given),
        Cell(say.count(one.n_buyers), one.n_buyers),
        Cell(say.count(one.units), one.units, href=rows_at("order_lines", product_id=one.product_id)),
        Cell(say.money(one.net_revenue), one.net_revenue),
    ]


def _exposures(each: Mailing, arm: str | None = None) -> str:
    """Return where it is listed who was assigned."""
    return rows_at("events", kind="exposure", experiment=each.experiment, variant=arm)


def _decisions(each: Mailing, arm: str | None = None) -> str:
    """Return where blocks that were made are listed."""
    return rows_at("events", kind="decision", experiment=each.experiment, variant=arm)


MAILINGS = Page(
    places.MAILINGS,
    "Do blocks that are made for each recipient earn more than the same for all?",
    _ask,
    _view,
    empty="Once orders are recorded and an experiment on customers is declared, this page says what blocks earned.",
)
"""The page."""
