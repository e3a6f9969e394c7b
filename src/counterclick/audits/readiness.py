"""Readiness: a store's stage from its own figures, what to run and what to leave off, what is missing and until when."""

from __future__ import annotations

from dataclasses import dataclass

from counterclick.audits.figures import A_YEAR, Figures
from counterclick.audits.gates import Intervention, interventions_of
from counterclick.audits.worth import Worth, visible_in, worth_of
from counterclick.config import ReadinessConfig, source_of
from counterclick.display import Grid, Shown, count, money, percent

__all__ = ["Readiness", "readiness_of"]

_USUAL = ("EUR", "USD", "GBP", "CHF")
_OLD = 30


@dataclass(frozen=True, slots=True)
class Readiness(Shown):
    """What a store is ready for.

    Attributes:
        figures: what it rests on.
        stage: in one sentence.
        revenue_a_year: of the last 365 days, or reckoned from fewer; None where these are too few.
        orders_a_month: in a month of 30.44 days.
        growth: of revenue against the year before; None where that is not known.
        interventions: each with its gates.
        worth: what lifts would be worth a year; None where no revenue a year is known.
        visible: weeks -> smallest lift that an experiment on all orders at 50/50 shows; empty where nobody orders.
        warnings: what to mind.
    """

    figures: Figures
    stage: str
    revenue_a_year: float | None
    orders_a_month: float
    growth: float | None
    interventions: tuple[Intervention, ...]
    worth: Worth | None
    visible: dict[int, float]
    warnings: tuple[str, ...]

    def intervention(self, name: str) -> Intervention:
        """Return an intervention by its name.

        Raises:
            KeyError: there is none of that name.
        """
        return {each.name: each for each in self.interventions}[name]

    def grids(self) -> list[Grid]:
        """Return the stage, what to run, every gate with its source, and what a lift would be worth."""
        figures, currency = self.figures, self.figures.currency
        margin = "not known" if figures.margin_rate is None else percent(figures.margin_rate)
        rows = [
            ("revenue a year", "not known" if self.revenue_a_year is None else money(self.revenue_a_year, currency)),
            ("yearly growth", "not known: under two years of orders" if self.growth is None else percent(self.growth)),
            ("orders a month", count(self.orders_a_month)),
            ("products sold", _known(figures.products, "orders have no lines")),
            ("returns observed", count(figures.n_returns)),
            ("visitors in the last 30 days", _known(figures.visitors_a_month, "no event names a visitor")),
            ("customers with an order", count(figures.customers)),
            ("customers with 3 orders or more", count(figures.loyal)),
            ("orders recorded", _recorded(figures)),
            ("margin", margin),
        ]
        grids = [Grid(f"Stage: {self.stage}", ("", ""), rows, self.warnings)]
        runs = [(each.name, each.state, each.says) for each in self.interventions]
        grids.append(Grid("What to run, and what to leave off", ("intervention", "", "how, or what instead"), runs, left=3))
        grids.extend(each.grid() for each in self.interventions)
        if self.worth is not None:
            grids.extend(self.worth.grids(currency, self.visible))
        if self.visible:
            seen = [(f"{weeks} weeks", percent(lift)) for weeks, lift in self.visible.items()]
            note = (
                "80 % power, one look at 5 %, all buyers at 50/50, reckoned from orders alone; `counterclick experiment "
                "plan` reckons with an experiment's own visitors and looks."
            )
            grids.append(
                Grid("Smallest lift of revenue per visitor that this store could see", ("after", "lift"), seen, (note,))
            )
        return grids


def readiness_of(figures: Figures, limits: ReadinessConfig) -> Readiness:
    """Return what a store is ready for.

    Args:
        figures: the store's.
        limits: of ``[readiness]``.
    """
    known = figures.covered >= max(1, limits.extrapolated_days)
    revenue = figures.revenue * A_YEAR / figures.covered if known else None
    growth = figures.revenue / figures.revenue_before - 1 if figures.revenue_before else None
    interventions = interventions_of(figures, limits, revenue, growth)
    return Readiness(
        figures=figures,
        stage=_stage(figures, limits, revenue),
        revenue_a_year=revenue,
        orders_a_month=figures.orders_a_month,
        growth=growth,
        interventions=interventions,
        worth=None if revenue is None else worth_of(revenue, figures.margin_rate, figures.costs),
        visible=visible_in(figures),
        warnings=tuple(_warnings(figures, limits, revenue)),
    )


def _stage(figures: Figures, limits: ReadinessConfig, revenue: float | None) -> str:
    """Say at which of the three stages a store is."""
    if revenue is None:
        return (
            f"not known; {limits.extrapolated_days} days of orders tell the revenue of a year, {figures.span} are recorded"
        )
    low, high = (money(each, figures.currency) for each in (limits.personalisation_revenue, limits.learning_revenue))
    if revenue < limits.personalisation_revenue:
        return f"under {low} a year: no personalisation at all"
    if revenue < limits.learning_revenue:
        return f"{low} to {high} a year: cart bundles and return prevention only"
    return f"{high} a year or more: learned ranking and the rest, with experiments running"


def _recorded(figures: Figures) -> str:
    return f"{figures.first_order_on} to {figures.last_order_on}, {figures.span:,} days" if figures.span else "none"


def _known(value: int | None, because: str) -> str:
    return f"not known: {because}" if value is None else count(value)


def _warnings(figures: Figures, limits: ReadinessConfig, revenue: float | None) -> list[str]:
    sources = dict.fromkeys(source_of(name, limits) for name in ("personalisation_revenue", "learning_revenue"))
    found = [f"Limits of the stages: {', '.join(sources)}. Revenue is net of tax, shipping and discount, before returns."]
    if revenue is not None and figures.span < A_YEAR:
        found.append(
            f"Revenue a year is reckoned from {figures.span} days (revenue / days x {A_YEAR}): the season of the rest of "
            "the year is not in it."
        )
    if figures.last_order_on is not None and (figures.known_on - figures.last_order_on).days > _OLD:
        found.append(
            f"The last recorded order is of {figures.last_order_on}, the last event arrived on {figures.known_on}: all "
            "figures and dates are reckoned from the last order, not from today."
        )
    if figures.currency not in _USUAL:
        found.append(
            f"The limits are amounts in {figures.currency}; the mission's were meant in a currency near the euro. Set them "
            "under [readiness]."
        )
    return found
