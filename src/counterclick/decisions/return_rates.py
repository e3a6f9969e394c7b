"""How often what comes back: rates of items, sizes, customers and categories, shrunk, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from scipy.special import betaincinv

from counterclick.config import ReturnsConfig
from counterclick.decisions.return_lines import KINDS, ReturnTable, goods_of, return_table
from counterclick.decisions.return_model import fitted_priors, totals_as_of
from counterclick.display import Grid, Shown, count, percent
from counterclick.facts import Outcomes

__all__ = ["GroupRate", "ReturnRates", "return_rates", "return_rates_of"]

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class GroupRate:
    """How often one group's lines come back.

    Attributes:
        name: of the item, size, customer, category or way of payment.
        n_lines: lines whose return is settled.
        n_returned: of these, those that came back.
        rate: shrunk towards what the others do: the posterior mean.
        lower: of its 95 % interval.
        upper: of its 95 % interval.
    """

    name: str
    n_lines: int
    n_returned: int
    rate: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class ReturnRates(Shown):
    """How often what comes back.

    Attributes:
        as_of: what was known by then counts, UTC.
        n_lines: order lines whose return is settled.
        n_returned: of these, those that came back.
        n_unsettled: lines that are too young to tell.
        rates: kind -> its groups, those whose interval begins highest first; none of a kind that nothing names.
    """

    as_of: datetime
    n_lines: int
    n_returned: int
    n_unsettled: int
    rates: Mapping[str, tuple[GroupRate, ...]]

    def grids(self) -> list[Grid]:
        """Return a table of each kind, with what comes back most."""
        share = percent(self.n_returned / self.n_lines) if self.n_lines else "none"
        told = (
            f"{count(self.n_returned)} of {count(self.n_lines)} order lines came back ({share}), as of "
            f"{self.as_of:%Y-%m-%d}; {count(self.n_unsettled)} are too young to tell.",
            "Rates are shrunk towards what the others do (beta-binomial); intervals of 95 %. Orders that were cancelled are "
            "left out, and those of which an amount was given back without naming products.",
        )
        found = [Grid("How often what comes back", (), (), told)]
        for kind, groups in self.rates.items():
            rows = [
                (each.name, count(each.n_lines), count(each.n_returned), percent(each.rate), _interval(each))
                for each in groups[:_SHOWN]
            ]
            more = f"The first {_SHOWN} of {count(len(groups))}; --json has all." if len(groups) > _SHOWN else ""
            columns = (kind, "lines", "came back", "rate", "interval")
            found.append(Grid(f"By {kind}", columns, rows, (more,) if more else ()))
        return found


def return_rates(outcomes: Outcomes, limits: ReturnsConfig, delay: int, as_of: datetime) -> ReturnRates:
    """Return how often what comes back, as of a time.

    Args:
        outcomes: of the shop.
        limits: what ``[returns]`` declares.
        delay: seconds until a return is settled.
        as_of: what was known by then counts, and nothing else.
    """
    return return_rates_of(return_table(outcomes, goods_of(outcomes), limits.days), delay, as_of)


def return_rates_of(table: ReturnTable, delay: int, as_of: datetime) -> ReturnRates:
    """Return the rates of order lines, as of a time.

    Args:
        table: order lines.
        delay: seconds until a return is settled.
        as_of: what was known by then counts.
    """
    moment = int(as_of.astimezone(UTC).timestamp())
    priors = fitted_priors(table, delay, moment)
    counts = {kind: totals_as_of(table, kind, delay, moment) for kind in KINDS}
    settled = table.settled(delay, moment)
    items = priors.of["item"].rate(*counts["item"])
    rates = {}
    for kind in KINDS:
        n, k = counts[kind]
        mean = items[table.item_of_size] if kind == "size" else np.full(len(n), priors.of[kind].mean)
        weight = priors.size_weight if kind == "size" else priors.of[kind].weight
        a, b = weight * mean + k, weight * (1 - mean) + n - k
        rate, lower, upper = a / (a + b), betaincinv(a, b, 0.025), betaincinv(a, b, 0.975)
        order = [int(g) for g in np.lexsort((np.arange(len(n)), -lower)) if n[g] > 0]
        rates[kind] = tuple(
            GroupRate(table.names[kind][g], int(n[g]), int(k[g]), float(rate[g]), float(lower[g]), float(upper[g]))
            for g in order
        )
    if len(table.names["size"]) == len(table.names["item"]):
        del rates["size"]  # no item has more than one
    return ReturnRates(
        as_of=as_of,
        n_lines=int(settled.sum()),
        n_returned=int((table.lines.returned_at[settled] <= moment).sum()),
        n_unsettled=int(((table.lines.ordered_at <= moment) & ~settled).sum()),
        rates={kind: groups for kind, groups in rates.items() if groups},
    )


def _interval(each: GroupRate) -> str:
    return f"{percent(each.lower)} to {percent(each.upper)}"
