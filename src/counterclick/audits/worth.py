"""What a lift would be worth against its cost, and which lift could be seen at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from counterclick import stats  # loaded where it is needed: see `counterclick.lazily`
from counterclick.audits.figures import Figures
from counterclick.display import Grid, money, percent

__all__ = ["LIFTS", "SurfaceWorth", "Worth", "visible_in", "worth_of"]

LIFTS = (0.005, 0.01, 0.02, 0.05)
_HORIZONS = (8, 26)
_DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class SurfaceWorth:
    """What a surface costs, and the lift that pays for it.

    Attributes:
        surface: which.
        cost: a year; None where its monthly cost is not declared.
        break_even: lift of the whole store's revenue whose margin pays the cost; None where cost or margin is not known.
        at_least: the same if every unit of revenue were margin; None where the cost is not known.
    """

    surface: str
    cost: float | None
    break_even: float | None
    at_least: float | None


@dataclass(frozen=True, slots=True)
class Worth:
    """What lifts are worth a year.

    Attributes:
        revenue: of a lift: revenue a year.
        margin: of a lift: margin a year; empty where no margin is known.
        surfaces: cost and break-even lift of each.
    """

    revenue: Mapping[float, float]
    margin: Mapping[float, float]
    surfaces: tuple[SurfaceWorth, ...]

    def grids(self, currency: str, visible: Mapping[int, float]) -> list[Grid]:
        """Return the lifts with their worth, and the surfaces with their cost."""
        rows = [
            (percent(lift), money(each, currency), money(self.margin[lift], currency) if self.margin else "not known")
            for lift, each in self.revenue.items()
        ]
        notes = (
            ()
            if self.margin
            else ("No unit costs are sent and no margin_rate is declared: what is left of it is not known.",)
        )
        grids = [
            Grid("What a lift of the whole store's revenue is worth a year", ("lift", "revenue", "margin"), rows, notes)
        ]
        longest = max(visible, default=0)
        costs = [
            (
                each.surface,
                "not declared" if each.cost is None else money(each.cost, currency),
                _break_even(each),
                _seen(each, visible.get(longest)),
            )
            for each in self.surfaces
        ]
        if costs:
            heads = ("surface", "cost a year", "break-even lift", f"seen in {longest} weeks" if visible else "seen")
            grids.append(Grid("What the surfaces cost, and the lift that pays for them", heads, costs))
        return grids


def worth_of(revenue: float, margin_rate: float | None, costs: Mapping[str, float | None]) -> Worth:
    """Return what lifts are worth a year: 0.5 % of 5 M is 25 K.

    Args:
        revenue: a year.
        margin_rate: share of revenue left after the cost of goods; None where not known.
        costs: surface -> monthly cost; None where not declared.

    >>> worth_of(5_000_000, None, {}).revenue[0.005]
    25000.0
    """
    surfaces = []
    for surface, monthly in costs.items():
        cost = None if monthly is None else monthly * 12
        least = cost / revenue if cost is not None and revenue > 0 else None
        surfaces.append(
            SurfaceWorth(surface, cost, least / margin_rate if least is not None and margin_rate else None, least)
        )
    margin = {} if margin_rate is None else {lift: lift * revenue * margin_rate for lift in LIFTS}
    return Worth({lift: lift * revenue for lift in LIFTS}, margin, tuple(surfaces))


def visible_in(figures: Figures) -> dict[int, float]:
    """Return the smallest lift that an experiment on all orders at 50/50 shows after 8 and after 26 weeks."""
    if not figures.n_orders:
        return {}
    a_week = figures.n_orders / figures.covered * _DAYS_A_WEEK
    return {weeks: stats.smallest_visible_lift_from_orders(a_week * weeks, figures.basket_cv) for weeks in _HORIZONS}


def _break_even(each: SurfaceWorth) -> str:
    if each.break_even is not None:
        return percent(each.break_even, 2)
    return "not known" if each.at_least is None else f"above {percent(each.at_least, 2)}: margin not known"


def _seen(each: SurfaceWorth, visible: float | None) -> str:
    if each.break_even is None or visible is None:
        return "not known"
    return "yes" if visible <= each.break_even else f"no, only {percent(visible)} or more"
