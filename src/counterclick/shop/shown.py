"""How a metric of the shop and its orders show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from counterclick.display import Grid, Shown, money, percent
from counterclick.metrics import MEASURES, Metric, MetricValue
from counterclick.metrics.computing import By

__all__ = ["MetricTable", "OrderList"]

_LONGEST_NAME = 18


@dataclass(frozen=True, slots=True)
class MetricTable(Shown):
    """A metric of the shop.

    Attributes:
        metric: its definition.
        by: day, week, month, surface, or None for the whole.
        currency: of money.
        values: one figure for each key.
    """

    metric: Metric
    by: By | None
    currency: str
    values: tuple[MetricValue, ...]

    @property
    def value(self) -> float | None:
        """The figure of the whole shop, or of the only key."""
        return self.values[0].value if len(self.values) == 1 else None

    def grids(self) -> list[Grid]:
        """Return the figures with the definition below."""
        columns = [self.by or "", self.metric.name, self.metric.numerator]
        if self.metric.denominator is not None:
            columns.append(self.metric.denominator)
        rows = []
        for found in self.values:
            row = [found.key or "all", self._figure(found.value), self._amount(found.numerator)]
            if self.metric.denominator is not None:
                row.append(f"{found.denominator or 0:,.0f}")
            rows.append(row)
        notes = [f"{self.metric.says} Role: {self.metric.role}. Source: {self.metric.source}."]
        if self.by == "surface":
            notes.append("By surface this describes who met it; it is not an effect. Only an experiment shows one.")
        return [Grid("", columns, rows, notes)]

    def _amount(self, value: float | None) -> str:
        if value is None:
            return "not known"
        return f"{value:,.2f}" if MEASURES[self.metric.numerator].is_money else f"{value:,.0f}"

    def _figure(self, value: float | None) -> str:
        if value is None:
            return "not known"
        if self.metric.unit == "money":
            return money(value, self.currency)
        return percent(value, 2) if self.metric.unit == "rate" else f"{value:,.3f}"


@dataclass(frozen=True, slots=True)
class OrderList(Shown):
    """Orders, newest first.

    Attributes:
        currency: of amounts.
        orders: rows of the orders table.
        n_all: how many there are in all.
        final_on: of each, the day from which on what it earned changes no more.
        told_until: the last day of which anything is recorded: an order is provisional until that reaches its day.
    """

    currency: str
    orders: tuple[Mapping[str, Any], ...]
    n_all: int
    final_on: tuple[date, ...]
    told_until: date

    def is_provisional(self, place: int) -> bool:
        """Return whether what an order earned may still come back."""
        return self.final_on[place] > self.told_until

    def grids(self) -> list[Grid]:
        """Return them as a table."""
        rows = [
            (
                _short(row["order_id"]),
                f"{row['ordered_at']:%Y-%m-%d %H:%M}",
                _short(row["visitor_id"] or "-"),
                "-" if row["units"] is None else f"{row['units']:,}",
                f"{row['revenue']:,.2f}",
                f"{row['returned_value']:,.2f}",
                f"until {self.final_on[place]}" if self.is_provisional(place) else "final",
            )
            for place, row in enumerate(self.orders)
        ]
        title = f"{len(rows):,} of {self.n_all:,} orders; times in UTC, amounts in {self.currency}"
        return [Grid(title, ("order", "ordered", "visitor", "units", "revenue", "returned", "provisional"), rows, left=3)]


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
