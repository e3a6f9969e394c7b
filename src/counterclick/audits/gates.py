"""The gates before each intervention: the number, the limit, its source, and when it will be there at today's pace."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta

from counterclick import stats  # loaded where it is needed: see `counterclick.lazily`
from counterclick.audits.figures import A_MONTH, A_YEAR, Figures
from counterclick.config import ReadinessConfig, source_of
from counterclick.display import Grid, count, money, percent

__all__ = ["Gate", "Intervention", "interventions_of"]

_LONGEST = 10
"""Years beyond which no date is told."""
_HALF_A_YEAR = 26
_STATE = {True: "met", False: "MISSING", None: "not known"}


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition with its number.

    Attributes:
        name: what is counted.
        value: the store's; None where it is not known.
        limit: what is needed.
        shown: the value as text.
        needed: the limit as text.
        met: whether it is reached; None where that is not known.
        due_on: when it will be, at today's pace; None where it is, or will not.
        when: the same in words; empty where it is met.
        source: where the limit comes from.
    """

    name: str
    value: float | None
    limit: float
    shown: str
    needed: str
    met: bool | None
    due_on: date | None
    when: str
    source: str


@dataclass(frozen=True, slots=True)
class Intervention:
    """Something a store may run.

    Attributes:
        name: what.
        gates: before it.
        ready: whether all are met; None where one is not known and none is missing.
        says: what to do: how to begin where it is ready, and what to do instead where it is not.
    """

    name: str
    gates: tuple[Gate, ...]
    ready: bool | None
    says: str

    @property
    def state(self) -> str:
        """What to do with it, in a word."""
        return {True: "run", False: "leave off", None: "cannot tell"}[self.ready]

    def gate(self, name: str) -> Gate:
        """Return a gate by its name.

        Raises:
            KeyError: there is none of that name.
        """
        return {each.name: each for each in self.gates}[name]

    def grid(self) -> Grid:
        """Return the gates, with what is missing below."""
        rows = [(each.name, each.shown, each.needed, _STATE[each.met], each.source) for each in self.gates]
        notes = [f"{each.name}: {each.when}" for each in self.gates if each.when]
        return Grid(f"{self.name}: {self.state}", ("gate", "now", "needed", "", "source of the limit"), rows, notes, left=5)


@dataclass(frozen=True, slots=True)
class _Store:
    """What gates are made from."""

    figures: Figures
    limits: ReadinessConfig
    revenue: float | None
    growth: float | None

    def least(self, setting: str, name: str, value: float | None, shown: str, when: tuple[date | None, str]) -> Gate:
        """Return a gate of a least value; ``when`` is told only where it is not met."""
        limit = float(getattr(self.limits, setting))
        met = None if value is None else value >= limit
        due_on, says = (None, "") if met else when
        return Gate(
            name, value, limit, shown, f"{_number(limit)} or more", met, due_on, says, source_of(setting, self.limits)
        )

    def counted(self, setting: str, name: str, value: int, pace: float, unit: str) -> Gate:
        """Return a gate of something that adds up, at so many a month."""
        when = self.by_pace(float(getattr(self.limits, setting)) - value, pace, unit)
        return self.least(setting, name, value, count(value), when)

    def by_pace(self, missing: float, pace: float, unit: str) -> tuple[date | None, str]:
        """Return when so many more will be there."""
        last = self.figures.last_order_on
        if last is None or pace <= 0:
            return None, f"never at today's pace: no new {unit} in the last 90 days"
        return self.told(
            missing / pace * A_MONTH, f"at {pace:,.0f} {unit} a month" if pace >= 1 else f"at {pace:,.2f} {unit} a month"
        )

    def by_growth(self, value: float | None, limit: float, growth: float | None, what: str) -> tuple[date | None, str]:
        """Return when a rate will be there at its present yearly growth."""
        if value is None or value <= 0:
            return None, f"not known: {what} is not known yet"
        if value >= limit:
            return None, ""
        if growth is None:
            return None, "never at today's pace; whether it grows is not known: under two years of orders"
        if growth <= 0:
            return None, f"never at today's pace: {what} changed by {percent(growth)} within a year"
        return self.told(math.log(limit / value) / math.log1p(growth) * A_YEAR, f"at {percent(growth)} of growth a year")

    def told(self, days: float, pace: str) -> tuple[date | None, str]:
        """Return a day so many days after the last order, and the month in words."""
        last = self.figures.last_order_on
        if last is None or days > _LONGEST * A_YEAR:
            return None, f"not within {_LONGEST} years, {pace}"
        due_on = last + timedelta(days=math.ceil(days))
        verb = "would have been there about" if due_on <= self.figures.known_on else "about"
        return due_on, f"{verb} {due_on:%Y-%m}, {pace}"


def interventions_of(
    figures: Figures, limits: ReadinessConfig, revenue: float | None, growth: float | None
) -> tuple[Intervention, ...]:
    """Return every intervention with its gates.

    Args:
        figures: the store's.
        limits: of ``[readiness]``.
        revenue: a year; None where not known.
        growth: of revenue against the year before; None where not known.
    """
    store = _Store(figures, limits, revenue, growth)
    middle, late = _revenue(store, "personalisation_revenue"), _revenue(store, "learning_revenue")
    gates = {
        "personalisation at all": (middle,),
        "cart bundles": (middle, _products(store)),
        "return prevention": (middle, *_returns(store)),
        "predictions per customer": (late, *_predictions(store)),
        "learned ranking": (late, _running(store)),
        "experiments on visitors": (_visible(store), _carried(store)),
        "on/off test": (_history(store, "onoff_days"),),
    }
    found = []
    for name, own in gates.items():
        states = {gate.met for gate in own}
        ready = False if False in states else None if None in states else True
        found.append(Intervention(name, own, ready, _BEGIN[name] if ready else _INSTEAD[name]))
    return tuple(found)


_BEGIN = {
    "personalisation at all": "Begin with cart bundles, behind a holdout.",
    "cart bundles": "Hand rules first, against bestsellers; learn them where the store's own orders show that it wins.",
    "return prevention": "Hold out a share of the flagged baskets at random; judge by kept margin.",
    "predictions per customer": "Offer them to the e-mail tool, and hold out a share of the customers.",
    "learned ranking": "Rank by orders per view with a floor, never by clicks; judge by an experiment.",
    "experiments on visitors": "Declare one at 50/50 and ask `counterclick experiment plan` first.",
    "on/off test": "Ask `counterclick onoff plan SURFACE` what a schedule could show.",
}
_INSTEAD = {
    "personalisation at all": "The same static rules for everyone: bestsellers, pairs chosen by hand. They cost nothing.",
    "cart bundles": "One offer by hand for each of the products that sell most, or bestsellers.",
    "return prevention": "Size and compatibility notes on what comes back most; send refunds with order_id and lines.",
    "predictions per customer": "One reminder after a fixed time for what is used up; no scores.",
    "learned ranking": "Bestsellers and a list by hand, and experiments on these.",
    "experiments on visitors": "Units per order or returns, which need fewer orders; one holdout over all; an on/off test.",
    "on/off test": "Record daily orders until it can begin; what is credited meanwhile is credit, not effect.",
}


def _revenue(store: _Store, setting: str) -> Gate:
    limit = float(getattr(store.limits, setting))
    shown = "not known" if store.revenue is None else money(store.revenue, store.figures.currency)
    when = store.by_growth(store.revenue, limit, store.growth, "revenue")
    gate = store.least(setting, "revenue a year", store.revenue, shown, when)
    return replace(gate, needed=f"{money(limit, store.figures.currency)} or more")


def _products(store: _Store) -> Gate:
    sold = store.figures.products
    if sold is None:
        return store.least("bundle_products", "products sold", None, "not known", (None, "not known: orders have no lines"))
    return store.least(
        "bundle_products", "products sold", sold, count(sold), (None, "not by waiting: it grows with the catalogue")
    )


def _returns(store: _Store) -> tuple[Gate, ...]:
    figures, limits = store.figures, store.limits
    months = 0.0
    when: tuple[date | None, str] = (None, "never at today's pace: no return of a known order is recorded")
    if figures.first_return_on is not None and figures.last_order_on is not None:
        months = max(0.0, (figures.last_order_on - figures.first_return_on).days / A_MONTH)
        when = store.told((limits.return_months - months) * A_MONTH, "a month each month")
    rate = figures.orders_a_month
    growing = store.by_growth(rate, limits.return_orders, figures.order_growth, "the number of orders")
    return (
        store.least("return_months", "months of returns", months, f"{months:.1f}", when),
        store.least("return_orders", "orders a month", rate, count(rate), growing),
        store.counted(
            "returns", "returns observed", figures.n_returns, figures.a_month(figures.n_recent_returns), "returns"
        ),
    )


def _predictions(store: _Store) -> tuple[Gate, ...]:
    figures, limits = store.figures, store.limits
    new, loyal = figures.a_month(figures.new_customers), figures.a_month(figures.new_loyal)
    return (
        store.counted("prediction_customers", "customers with an order", figures.customers, new, "new customers"),
        _history(store, "prediction_days"),
        _recency(figures, limits),
        store.counted("prediction_loyal", "customers with 3 orders or more", figures.loyal, loyal, "such customers"),
    )


def _recency(figures: Figures, limits: ReadinessConfig) -> Gate:
    limit = float(limits.prediction_recency)
    source, needed = source_of("prediction_recency", limits), f"{_number(limit)} or fewer"
    if figures.last_order_on is None:
        return Gate("days since the last order", None, limit, "no order", needed, False, None, "with the next order", source)
    days = max(0, (figures.known_on - figures.last_order_on).days)
    met = days <= limit
    when = "" if met else "with the next order that is recorded"
    return Gate("days since the last order", days, limit, count(days), needed, met, None, when, source)


def _history(store: _Store, setting: str) -> Gate:
    span, limit = store.figures.span, float(getattr(store.limits, setting))
    when = store.told(limit - span, "a day each day") if span else (None, "never at today's pace: no order is recorded")
    return store.least(setting, "days of orders", span, count(span), when)


def _running(store: _Store) -> Gate:
    running = store.figures.running
    when = (None, "as soon as a declared experiment runs")
    return store.least("running_experiments", "experiments running", running, count(running), when)


def _visible(store: _Store) -> Gate:
    """Return the gate of the smallest lift that half a year shows: of at most so much."""
    figures, limit, source = store.figures, store.limits.visible_lift, source_of("visible_lift", store.limits)
    name, needed = "lift visible in 26 weeks", f"{percent(limit)} or less"
    if not figures.n_orders:
        return Gate(name, None, limit, "not known", needed, None, None, "not known: no order is recorded", source)
    buyers = figures.orders_a_month / A_MONTH * 7 * _HALF_A_YEAR
    value = stats.smallest_visible_lift_from_orders(buyers, figures.basket_cv)
    if value <= limit:
        return Gate(name, value, limit, percent(value), needed, True, None, "", source)
    one = math.log1p(stats.smallest_visible_lift_from_orders(1.0, figures.basket_cv))
    rate = (one / math.log1p(limit)) ** 2 / _HALF_A_YEAR / 7 * A_MONTH
    due_on, when = store.by_growth(figures.orders_a_month, rate, figures.order_growth, "the number of orders")
    says = f"{when}; it needs {count(rate)} orders a month, there are {count(figures.orders_a_month)}"
    return Gate(name, value, limit, percent(value), needed, False, due_on, says, source)


def _carried(store: _Store) -> Gate:
    figures, limit = store.figures, store.limits.carried_share
    source, needed = source_of("carried_share", store.limits), f"{percent(limit)} or more"
    if not figures.n_orders:
        return Gate(
            "orders with a known visitor", None, limit, "not known", needed, None, None, "no order is recorded", source
        )
    share = figures.n_carried / figures.n_orders
    when = "" if share >= limit else "not by waiting: send visitor_id with purchases"
    return Gate("orders with a known visitor", share, limit, percent(share), needed, share >= limit, None, when, source)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,g}"
