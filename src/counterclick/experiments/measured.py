"""From tables to moments: one query for all metrics, arms and entry days, and beside it the buyers' amounts.

Everything after this is arithmetic on a few numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

from counterclick.config import duration
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.daily import Daily, daily, sums_of
from counterclick.experiments.traits import DIMENSIONS, TRAITS, Cells, labelled
from counterclick.facts.rows import floats, one_row
from counterclick.metrics import MEASURES, METRICS, Metric, Sources, Span, activity
from counterclick.stats import Moments

__all__ = [
    "BUYERS",
    "FIRST_DAY",
    "MATURED",
    "PRE",
    "Measured",
    "active_visitors",
    "grouped_moments",
    "measure",
    "moments_of",
]

PRE = "pre_revenue"
"""Revenue in the 28 days before a visitor became eligible: the outcome's twin, for the balance check."""
FIRST_DAY = "revenue_24h"
"""Revenue within 24 hours."""
MATURED = "matured_net_revenue"
"""Net revenue with all refunds within the returns window of each order."""
BUYERS = "buyers"
_BEFORE = timedelta(days=28)
_STEADY = 0.1
"""A standard deviation below this fraction of the mean: squares would lose more than two digits."""
_BY_DAY = ("variant", "entry_on")
_NOTHING = 1e-12
"""A value below this fraction of what was subtracted from it is rounding."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What an experiment amounted to.

    Attributes:
        arms: arm -> moments of its finished visitors.
        by_day: (arm, entry day) -> moments; `arms` are their sums.
        amounts: arm -> the outcome's amounts of the visitors for whom it is not zero, by entry day, then ascending, shape
            (buyers,).
        entered: arm -> the entry days of the same visitors, shape (buyers,), datetime64[D].
        n_eligible: eligible visitors, finished or not.
        n_several: of these, seen in several arms.
        n_undeclared: visitors who were exposed in an arm that is not declared; they are in no figure.
        matched: revenue in the experiment's time of eligible visitors, finished or not.
        unmatched: revenue in the same time whose visitor is not known.
        n_unmatched: its orders.
        margin_rate: margin over revenue of the lines whose cost is known; None where none is.
        costed_share: their share of revenue.
        last_order_at: the shop's last recorded order, whoever's, UTC; None without orders.
        last_window_at: when the last finished visitor's window closed; None without visitors.
        by_traits: (arm, new or returning, device, country) -> moments of outcome, revenue, buyers and revenue before.
    """

    arms: Mapping[str, Moments]
    by_day: Mapping[tuple[str, date], Moments]
    amounts: Mapping[str, NDArray[np.float64]] = field(repr=False)
    entered: Mapping[str, NDArray[np.datetime64]] = field(repr=False)
    n_eligible: int
    n_several: int
    n_undeclared: int
    matched: float
    unmatched: float
    n_unmatched: int
    margin_rate: float | None
    costed_share: float
    last_order_at: datetime | None = None
    last_window_at: datetime | None = None
    by_traits: Cells = field(default_factory=dict, repr=False)

    def until(self, day: date) -> Measured:
        """Return the same of the visitors who had entered by the end of a day; counts for the checks stay as they are."""
        return self.between(date.min, day)

    def between(self, first: date, last: date) -> Measured:
        """Return the same of the visitors who entered from one day to another, both included."""
        kept = {key: moments for key, moments in self.by_day.items() if first <= key[1] <= last}
        if len(kept) == len(self.by_day):
            return self
        low, high = np.datetime64(first), np.datetime64(last)
        masks = {arm: (days >= low) & (days <= high) for arm, days in self.entered.items()}
        return replace(
            self,
            arms=_arms(kept, self.arms),
            by_day=kept,
            amounts={arm: values[masks[arm]] for arm, values in self.amounts.items()},
            entered={arm: days[masks[arm]] for arm, days in self.entered.items()},
        )


def measure(cohort: Cohort, metrics: Sequence[Metric]) -> Measured:
    """Query the moments of an experiment.

    Args:
        cohort: its eligible visitors and their orders.
        metrics: which metrics are wanted besides those that every verdict shows.
    """
    config, window = cohort.config, duration(cohort.config.window)
    outcome = METRICS[config.outcome].numerator
    everyone, names = _activity(cohort, metrics)
    found = daily(cohort, everyone, names, (*_BY_DAY, *TRAITS), "daily")
    by_day = moments_of(cohort.sizes(*_BY_DAY), found, names, _BY_DAY)
    arms = _arms(by_day, config.variants)
    amounts, entered = _amounts(found.active, outcome)
    figures, assigned, last_exposed_at = _figures(cohort), cohort.assignment, cohort.last_exposed_at
    return Measured(
        arms=arms,
        by_day=by_day,
        amounts=amounts,
        entered=entered,
        n_eligible=assigned.n_eligible,
        n_several=assigned.n_several,
        n_undeclared=cohort.n_undeclared,
        matched=assigned.matched,
        unmatched=assigned.unmatched,
        n_unmatched=assigned.n_unmatched,
        margin_rate=figures["margin"] / figures["costed"] if figures["costed"] else None,
        costed_share=figures["costed"] / figures["sold"] if figures["sold"] else 0.0,
        last_order_at=figures["last_order_at"],
        last_window_at=last_exposed_at + window if last_exposed_at else None,
        by_traits=_by_traits(cohort, found, (outcome, "revenue", BUYERS, PRE)),
    )


def active_visitors(cohort: Cohort, metrics: Sequence[Metric]) -> tuple[Table, tuple[str, ...]]:
    """Return the finished visitors who did anything that is measured, with what it amounts to, and the names of these sums.

    Grain: one visitor. Columns: visitor_id, exposed_at, variant, entry_on, the traits, and one for each name.

    Args:
        cohort: its eligible visitors and their orders.
        metrics: whose measures are summed, besides those that every verdict shows.
    """
    everyone, names = _activity(cohort, metrics)
    return cohort.finished(everyone), names


def _activity(cohort: Cohort, metrics: Sequence[Metric]) -> tuple[Table, tuple[str, ...]]:
    """Return the same of everyone, finished or not, so that what is kept holds on any day."""
    config, context = cohort.config, cohort.context
    sources = Sources(context.facts, context.rule, orders=cohort.orders)
    outcome = METRICS[config.outcome].numerator
    needed = dict.fromkeys(
        [outcome, "revenue", BUYERS, "orders", "costed_revenue", *(part for metric in metrics for part in metric.measures)]
    )
    window, none = duration(config.window), timedelta(0)
    spans = {name: Span(name, none, window) for name in needed}
    spans[FIRST_DAY] = Span("revenue", none, timedelta(hours=24))
    spans[PRE] = Span("revenue", -_BEFORE, none)
    spans[MATURED] = Span("matured_net_revenue", none, window)
    columns = ("visitor_id", "exposed_at", *_BY_DAY, *TRAITS)
    sums = activity(sources, cohort.everyone.select(*columns), spans)
    return context.facts.kept(sums, f"activity {cohort.name}", cohort.keys), tuple(spans)


def _by_traits(cohort: Cohort, found: Daily, names: Sequence[str]) -> Cells:
    counted = cohort.sizes("variant", *TRAITS)
    (sizes, active), (_same, sums) = labelled(counted, found.active), labelled(counted, found.sums)
    tagged = replace(found, active=active, sums=sums)
    return moments_of(sizes, tagged, tuple(dict.fromkeys(names)), ("variant", *DIMENSIONS))


def _arms(by_day: Mapping[tuple[str, date], Moments], arms: Iterable[str]) -> dict[str, Moments]:
    """Return the moments of each arm that has visitors."""
    owned = {arm: [part for (owner, _day), part in by_day.items() if owner == arm] for arm in arms}
    return {arm: Moments.total(parts) for arm, parts in owned.items() if parts}


def _figures(cohort: Cohort) -> dict[str, Any]:
    """Sum revenue for the checks, in one row."""
    sums = cohort.orders.agg(
        margin=_.margin.sum().cast("float64"),
        costed=_.costed_revenue.sum().cast("float64"),
        sold=_.revenue.sum().cast("float64"),
    )
    ever = cohort.context.facts.orders.agg(last_order_at=_.ordered_at.max())
    row = one_row(sums.cross_join(ever))
    return {name: value if name.endswith("_at") else value or 0.0 for name, value in row.items()}


def grouped_moments(
    sizes: Mapping[tuple[Any, ...], int], active: Table, names: Sequence[str], keys: Sequence[str]
) -> dict[tuple[Any, ...], Moments]:
    """Return the moments of each combination of keys, such as arm and entry day.

    Args:
        sizes: keys -> visitors; no others count.
        active: those who did anything, with keys and values. Grain: one visitor.
        names: of the values.
        keys: names of the keys.
    """
    return _moments(sizes, active, sums_of(active, names, keys), names, keys)


def moments_of(
    sizes: Mapping[tuple[Any, ...], int], found: Daily, names: Sequence[str], keys: Sequence[str]
) -> dict[tuple[Any, ...], Moments]:
    """Return the moments of each combination of keys from sums by more of them.

    Args:
        sizes: keys -> visitors; no others count.
        found: those who did anything, and their sums.
        names: of the values; some of its.
        keys: names of the keys; some of those of its sums.
    """
    return _moments(sizes, found.active, found.merged(keys, names), names, keys)


def _moments(
    sizes: Mapping[tuple[Any, ...], int], active: Table, asked: Table, names: Sequence[str], keys: Sequence[str]
) -> dict[tuple[Any, ...], Moments]:
    """Return the moments of each combination of keys from the sums of those who did anything, in the form of `sums_of`.

    Most visitors do nothing that is measured. Sums and cross products are those of the others, in one query; the rest are
    so many zeros. Squares of a value that hardly varies would cancel: where one is found, the visitors are added up again
    with its mean subtracted. Others are better left as they are: what is zero for all of a row stays zero exactly, while
    centring would leave 1e-17 of it, and of that a lift could be made.
    """
    summed = _summed(asked, names, keys, {})
    shifts = _shifts(summed, names)
    if shifts:
        summed = _summed(sums_of(active, names, keys, shifts), names, keys, shifts)
    k, places = len(names), {key: place for place, key in enumerate(summed.keys)}
    nothing, moments = (np.zeros(k), np.zeros((k, k))), {}
    for key, n in sizes.items():
        place = places.get(key)
        if place is None:
            moments[key] = Moments.from_sums(names, n, *nothing)
            continue
        sums, products, shift = (each[place] for each in (summed.sums, summed.products, summed.shift))
        if shifts:
            idle = n - int(summed.n_active[place])
            sums, products = sums - idle * shift, products + idle * np.outer(shift, shift)
        moments[key] = Moments.from_sums(names, n, sums, products, shift=shift)
    return moments


@dataclass(frozen=True, slots=True)
class _Summed:
    """Sums over active visitors, g rows of keys and k values.

    Attributes:
        keys: of each row.
        n_active: shape (g,).
        sums: of the values, what was subtracted from them left out, shape (g, k).
        products: of two values each, shape (g, k, k).
        shift: what was subtracted, shape (g, k).
    """

    keys: list[tuple[Any, ...]]
    n_active: NDArray[np.float64]
    sums: NDArray[np.float64]
    products: NDArray[np.float64]
    shift: NDArray[np.float64]


def _summed(asked: Table, names: Sequence[str], keys: Sequence[str], shifts: Mapping[int, float]) -> _Summed:
    """Ask for sums by keys, in the form of `sums_of`, some of the values (by their place) with something subtracted."""
    k = len(names)
    rows = asked.to_pyarrow()
    column = {name: floats(rows[name]) for name in rows.column_names if name not in keys}
    shift = np.zeros((len(rows), k))
    some = np.ones((len(rows), k), dtype=bool)
    for i, subtracted in shifts.items():
        some[:, i] = column[f"z_{i}"] > _NOTHING * abs(subtracted)
        shift[:, i] = np.where(some[:, i], subtracted, 0.0)
    matrix = np.stack([np.stack([column[f"p_{max(i, j)}_{min(i, j)}"] for j in range(k)], axis=1) for i in range(k)], axis=1)
    return _Summed(
        list(zip(*(rows[key].to_pylist() for key in keys), strict=True)),
        column["n_active"],
        np.where(some, np.stack([column[f"s_{i}"] for i in range(k)], axis=1), 0.0),
        np.where(some[:, :, None] & some[:, None, :], matrix, 0.0),
        shift,
    )


def _shifts(summed: _Summed, names: Sequence[str]) -> dict[int, float]:
    """Return the means of those values whose standard deviation is less than a tenth of it, by their place.

    Sums of counts are exact, whatever their mean.
    """
    n = max(summed.n_active.sum(), 1)
    found = {}
    for i, name in enumerate(names):
        if name in MEASURES and MEASURES[name].is_exact:
            continue
        mean, square = float(summed.sums[:, i].sum() / n), float(summed.products[:, i, i].sum() / n)
        if mean and square - mean**2 < (_STEADY * mean) ** 2:
            found[i] = mean
    return found


def _amounts(values: Table, outcome: str) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.datetime64]]]:
    """Return amounts and entry days of the visitors for whom the outcome is not zero, in an order of their own."""
    buyers = values.filter(values[outcome] != 0).select("variant", "entry_on", amount=values[outcome]).to_pyarrow()
    arms = buyers["variant"].combine_chunks().dictionary_encode()
    amounts = floats(buyers["amount"])
    days = np.from_dlpack(buyers["entry_on"].cast(pa.int32()).combine_chunks()).astype("datetime64[D]")
    order = np.lexsort((amounts, days))
    places, amounts, days = np.from_dlpack(arms.indices)[order], amounts[order], days[order]
    named = sorted((str(arm), place) for place, arm in enumerate(arms.dictionary.to_pylist()))
    masks = {arm: places == place for arm, place in named}
    return {arm: amounts[mask] for arm, mask in masks.items()}, {arm: days[mask] for arm, mask in masks.items()}
