"""What the columns of tables mean, once for all pages: a heading means the same wherever it stands.

A table that means something else by a word says so itself (`number`, and `heads` of `table_of`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from counterclick.metrics import MEASURES
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.views import Column

__all__ = ["HEADS", "MONEY", "SAME", "Head", "head_of", "number", "numbers", "ordinal"]

MONEY = "money"
"""Unit of amounts: on a page it is the currency in which they stand there."""
SAME = ""
"""The unit that the table has as a whole."""
_SHARE, _LIFT = "a share", "relative change"


@dataclass(frozen=True, slots=True)
class Head:
    """What a column means.

    Attributes:
        says: in a sentence or two.
        unit: what it is counted in; `MONEY`, or `SAME`.
    """

    says: str
    unit: str = SAME


_LOW = "The lower end of the interval: the data do not contradict what lies between both ends."
_HIGH = "The upper end of the interval: the data do not contradict what lies between both ends."
_P = "How often chance alone would show so much, or more, if nothing were there"
_LISTED = "Lists that were shown"

HEADS: Mapping[str, Head] = {
    # estimates
    "from": Head(_LOW),
    "to": Head(_HIGH),
    "interval": Head("The values that the data do not contradict."),
    "95 % interval": Head("The values that the data do not contradict; with 95 % of such intervals it holds the truth."),
    "lift": Head("How much more the arm with the feature has than the arm without it, relative to that.", _LIFT),
    "lift, %": Head("How much more the arm with the feature has than the arm without it, relative to that.", "percent"),
    "further than revenue, %": Head("By how much the proxy's lift goes beyond the lift of revenue per visitor.", "percent"),
    "p": Head(f"{_P}. Adjusted where several are looked at.", "a probability"),
    "p (Holm)": Head(f"{_P}; adjusted over all slices by Holm's method.", "a probability"),
    "variance": Head("By how much this way of reckoning narrows or widens the variance.", "percent"),
    "% a week": Head("How much it grows from one week to the next, with its interval.", "percent a week"),
    "faster by, %": Head("By how much it grows faster than net revenue per visitor, with its interval.", "percent a week"),
    "agreed": Head(
        "Experiments in which the proxy moved in the direction of revenue, of all that have both.", "experiments"
    ),
    "share": Head("The same as a share, with its exact 95 % interval. A coin agrees in half.", _SHARE),
    "either significant": Head("The same, of experiments in which either moved by more than chance at 5 %.", "experiments"),
    "change": Head("How much more it is than in the period before; of totals, by a day's mean.", _LIFT),
    "change on it": Head("How much more it is than in the same period last year; of totals, by a day's mean.", _LIFT),
    "this period": Head("The figure of the period that is asked for.", "as its row says: money, a share or a number"),
    "before": Head("The same figure of the period before.", "as its row says: money, a share or a number"),
    "last year": Head("The same figure of the same period last year.", "as its row says: money, a share or a number"),
    "look": Head("Which look it is, in the order of the days that were planned for looking.", "looks"),
    "pair": Head("Two blocks of days, of which a coin chose the one that is on.", "pairs"),
    "weeks": Head("Weeks in which visitors become eligible.", "weeks"),
    "statistic": Head("What is laid beside the bound: how many standard errors the lift is from zero.", "standard errors"),
    "bound": Head(
        "Where the statistic must get, in either direction, for the look to end the experiment.", "standard errors"
    ),
    # what surfaces claim and earn
    "claimed": Head("What a surface's own tool reports as its own; without one, orders within seven days after it.", _SHARE),
    "credited": Head("What the shop's rule gives to it, an order once. A rule of counting, never an effect.", _SHARE),
    "earned": Head("What visitors with the feature spent beyond visitors without it, chosen by chance.", _SHARE),
    "earned a month": Head("What the feature earns over its control for all eligible visitors, in 30.44 days.", MONEY),
    "a month, from": Head(_LOW, MONEY),
    "a month, to": Head(_HIGH, MONEY),
    "a month": Head("What the feature earns over its control for all eligible visitors, in 30.44 days.", MONEY),
    "cost a month": Head("What the surface costs, as shop.toml declares it.", MONEY),
    "cost a year": Head("What the surface costs in a year, as shop.toml declares it.", MONEY),
    "break-even lift": Head("The lift of the whole store's revenue at which the surface pays what it costs.", _LIFT),
    "months": Head("Since its first event in the log, or since the declared day.", "months"),
    "interactions": Head("Answers and clicks on it in a month.", "a month"),
    "ctr": Head("Clicks over lists shown and messages sent.", _SHARE),
    "credited a month": Head("Revenue that the shop's rule credits to it in a month. A rule of counting.", MONEY),
    "of revenue": Head("What is credited to it, as a share of the whole shop's revenue.", _SHARE),
    "revenue per visitor": Head("Lift of revenue per visitor, with its interval. It decides.", _LIFT),
    "units per order": Head("Lift of units per order, with its interval. Says nothing without conversion.", _LIFT),
    "order value": Head("Lift of the average order's value, with its interval. Says nothing without conversion.", _LIFT),
    # people, orders, lists
    "visitors": Head("Different visitors.", "visitors"),
    "customers": Head("Different customers.", "customers"),
    "buyers": Head("Visitors with an order within their window.", "visitors"),
    "orders": Head("Completed orders.", "orders"),
    "revenue": Head("Revenue of orders, net of tax, shipping and discount.", MONEY),
    "margin": Head("Revenue less unit costs, of the lines whose cost is known.", MONEY),
    "lists": Head(f"{_LISTED} in the period.", "lists"),
    "products in them": Head("Products in these lists, each as often as it was shown.", "products shown"),
    "times shown": Head("How often the product was in a list.", "times"),
    "units bought": Head("Units of a shown product that the same person bought within the window.", "units"),
    "net revenue of these": Head("Revenue of these units, less what came back of them.", MONEY),
    "decisions": Head("Decisions of the period, with offers and without.", "decisions"),
    "without offers": Head("Of these, such that had nothing to offer.", "decisions"),
    "lines bought": Head("Lines of orders that carry the mark of such a decision.", "order lines"),
    "units": Head("Units in them.", "units"),
    "without a list": Head("Share of these visitors to whom no list was shown.", _SHARE),
    "orders with both": Head("Orders that held both products.", "orders"),
    "times chance": Head("How many times as often as by chance both were in one order.", "times"),
    "of its orders": Head("Of the orders with the first, how many held the second; large orders weigh less.", _SHARE),
    "foreseen": Head("Share of hidden products of later orders that were among the offers.", _SHARE),
    # what comes back
    "flagged and nudged": Head("Visitors with a flagged basket who were shown what prevents returns.", "visitors"),
    "flagged and held out": Head("Visitors with a flagged basket who were not, by lot.", "visitors"),
    "scored": Head("Baskets of which the chance to come back was told.", "baskets"),
    "of them by the static rule": Head("Baskets that the static rule judged, since no model may serve.", "baskets"),
    "flagged": Head("Baskets whose chance to come back is high enough for a nudge.", "baskets"),
    "nudged": Head("Flagged baskets that were shown what prevents returns.", "baskets"),
    "held out": Head("Flagged baskets that were not, by lot.", "baskets"),
    "over all": Head("What was saved over all visitors who were nudged, beside those who were held out."),
    "lines": Head("Order lines whose returns window has closed.", "order lines"),
    "came back": Head("Order lines that came back within it.", "order lines"),
    "rate": Head("Share that comes back, shrunk towards what the others do.", _SHARE),
    "amount": Head("What was given back.", MONEY),
    # what is bought again
    "reminded": Head("Customers who were reminded, and whose window has closed.", "customers"),
    "left out": Head("Customers who would have been, and were left out by lot; likewise.", "customers"),
    "area": Head("How often what was bought again scores higher than what was not.", "area under the curve"),
    "tenth": Head("Which tenth of all cases, by what was said of each; the first has the highest.", "tenths"),
    "said": Head("Mean of the chances that were said.", _SHARE),
    "orders said": Head("Mean of the orders that were expected of a customer.", "orders"),
    "orders came": Head("Mean of the orders that a customer placed.", "orders"),
    "value said": Head("Mean of the net revenue that was expected of a customer.", MONEY),
    "value came": Head("Mean of the net revenue of what a customer ordered.", MONEY),
    "chance": Head("That the next rebuy falls into the 14 days from the day to send on.", "a probability"),
    "chance of 30 days": Head("That there is a rebuy within 30 days from now.", "a probability"),
    "orders a year": Head("Orders expected of the customer within 365 days, of whatever type.", "orders"),
    "value a year": Head("Net revenue expected of the customer within 365 days.", MONEY),
    # e-mails
    "recipients": Head("Customers who were assigned by lot, to be sent to; each once.", "recipients"),
    "given products": Head("Recipients for whom a block with products was made here.", "recipients"),
    "window over": Head("Recipients whose window after the day of sending has closed.", "recipients"),
    "given to": Head("Recipients in whose block the product stands.", "recipients"),
    "bought it": Head("Of these, those who bought the product within the window.", "recipients"),
    # data
    "events": Head("Events, each once.", "events"),
    "first day": Head("The first day with some.", "a day"),
    "last day": Head("The last day with some.", "a day"),
    "days with some": Head("Days on which some occurred.", "days"),
    "none from": Head("The first day without any.", "a day"),
    "until": Head("The last day without any.", "a day"),
    "days": Head("How many days.", "days"),
    "usual on them": Head("How many there would be on such days by what was usual before.", "events"),
    "rows": Head("Rows of files that are no events.", "rows"),
    "times": Head("How often something was erased then.", "times"),
    "n": Head("How many stand behind the finding.", "as the finding says"),
    "in two arms": Head("Share of the visitors who were seen in two arms.", _SHARE),
    "revenue without arm": Head("Share of revenue whose visitor, and so its arm, is not known.", _SHARE),
    "in the cart": Head("The product that is in the cart."),
    # readiness
    "after": Head("How long it would run.", "weeks"),
    "now": Head("What the store has."),
    "needed": Head("What it must have."),
    "what": Head("What is found.", "as its row says"),
    "detail": Head("What is found.", "as its row says"),
    # rows of facts
    "session_seconds": Head("From a visit's first to its last event.", "seconds"),
    "n_events": Head("Events of the visit.", "events"),
    "quantity": Head("How many.", "units"),
    "position": Head("Its place in the list.", "from 0"),
    "list_value": Head("Quantity times the listed price.", MONEY),
    "unit_price": Head("What one of it cost the buyer.", MONEY),
    "unit_cost": Head("What one of it cost the shop.", MONEY),
    "cost": Head("What the line cost the shop, where that is known.", MONEY),
    "added_value": Head("Value of all that was laid in.", MONEY),
    "claimed_revenue": Head("What is claimed, in the shop's currency.", MONEY),
    "claimed_amount": Head("What the tool reports, in its own currency.", "as reported"),
    "nth": Head("0 for the latest report; above 0 it was reported again since, and counts no more.", "reports since"),
    "propensity": Head("The chance with which the arm or the offer was drawn.", "a probability"),
    "value": Head("The order's value, as sent.", "as sent"),
    "tax": Head("Tax of the order, as sent.", "as sent"),
    "shipping": Head("Shipping of the order, as sent.", "as sent"),
    "discount": Head("Discount of the order, as sent.", "as sent"),
    "revenue_24h": Head("Revenue within 24 hours after the visitor became eligible.", MONEY),
    "pre_revenue": Head("Revenue in the 28 days before the visitor became eligible.", MONEY),
}
"""Heading -> what it means. Measures and metrics have their own definition."""


def head_of(name: str) -> Head | None:
    """Return what a heading means; None where nothing is said of it.

    Args:
        name: the heading, with blanks or as the fact's column is called.
    """
    if name in HEADS:
        return HEADS[name]
    measure = MEASURES.get(name.replace(" ", "_"))
    return None if measure is None else Head(measure.says, MONEY if measure.is_money else "a number")


def number(
    name: str, say: Speech, rows: Mapping[str, str] | None = None, *, says: str = "", unit: str | None = None
) -> Column:
    """Return a column of numbers with what it means.

    Args:
        name: its heading.
        say: how numbers are written.
        rows: what stands behind them, where that is something else than behind the table.
        says: what it means, where its heading means something else here, or is of this table alone.
        unit: likewise.
    """
    known = head_of(name) or Head("")
    counted = known.unit if unit is None else unit
    return Column(
        name,
        is_number=True,
        says=says or known.says,
        unit=say.currency if counted == MONEY else counted,
        rows=rows or {},
    )


def ordinal(name: str, say: Speech) -> Column:
    """Return a column of numbers by which rows are called: they are aligned as names are."""
    return replace(number(name, say), is_number=False)


def numbers(names: Iterable[str], say: Speech, rows: Mapping[str, str] | None = None) -> list[Column]:
    """Return columns of numbers that stand behind each other."""
    return [number(name, say, rows) for name in names]
