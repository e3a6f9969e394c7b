"""What chances of a rebuy are worth, on later days that they were not learned from: told apart, and how far they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterclick.decisions.rebuy_model import HORIZONS, RebuyModel, fitted_rebuys, scored_pairs
from counterclick.decisions.rebuys import BuyingDays, Pairs, as_of, bought_within
from counterclick.errors import RefusedError
from counterclick.stats import Area, clustered_areas

__all__ = ["COMBINED", "FREQUENCY", "OVERDUE", "RECENCY", "Held", "RebuyTest", "judged_rebuys", "parts_of"]

Numbers = NDArray[np.float64]
COMBINED, FREQUENCY, RECENCY, OVERDUE = "the model", "frequency", "recency", "overdue"
_TENTHS = 10
_TOP = 0.05
_MOST = 200_000
"""Pairs that a test looks at at most: of whole customers, by lot."""


@dataclass(frozen=True, slots=True)
class Held:
    """A part of the cases, by what was said of each.

    Attributes:
        n: cases.
        said: mean of what was said.
        came: mean of what came.
        lower: of the 95 % interval of that.
        upper: of the same.
    """

    n: int
    said: float
    came: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class RebuyTest:
    """How the chances for one horizon did on days that they were not learned from.

    Attributes:
        horizon: days.
        day: the day, by its number, as of which they were said.
        n_pairs: pairs that were bought on days enough by then.
        n_customers: their customers.
        n_rebought: pairs that were bought within the horizon.
        areas: of the model, frequency, recency and the rule "overdue", under the curve.
        tenths: pairs by chance, the highest first.
        top: share that was bought again of the twentieth with the highest chances.
        apart: whether the model's interval lies above those of frequency and recency.
    """

    horizon: int
    day: int
    n_pairs: int
    n_customers: int
    n_rebought: int
    areas: tuple[Area, ...]
    tenths: tuple[Held, ...]
    top: float

    @property
    def rate(self) -> float:
        """Share that was bought again."""
        return self.n_rebought / self.n_pairs

    def area(self, name: str) -> Area:
        """Return the area of a score by its name."""
        return {each.name: each for each in self.areas}[name]

    @property
    def apart(self) -> bool:
        """Whether the model's interval lies above those of frequency and of recency."""
        return self.area(COMBINED).lower > max(self.area(name).upper for name in (FREQUENCY, RECENCY))

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers and names for these, such as JSON can hold."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RebuyTest:
        """Return what `to_plain` wrote, also after it was JSON."""
        parts = {"areas": tuple(Area(**each) for each in plain["areas"])}
        return cls(**{**plain, **parts, "tenths": tuple(Held(**each) for each in plain["tenths"])})


def judged_rebuys(days: BuyingDays, end: int, bought: int, needed: int) -> tuple[RebuyTest, ...]:
    """Return for each horizon how a model did that was learned before the last so many days, on these days.

    Args:
        days: of all.
        end: the day after the last one that is known.
        bought: days on which a pair must have been bought.
        needed: pairs that must have been bought again, and that must not.

    Raises:
        RefusedError: too few were, to learn from or to judge by.
    """
    found = []
    for horizon in HORIZONS:
        day = end - horizon
        model = fitted_rebuys(days, day, bought, needed)
        pairs = _drawn(scored_pairs(as_of(days, day), bought))
        came = bought_within(days, pairs, horizon)
        n, k = len(came), int(came.sum())
        if min(k, n - k) < needed:
            raise RefusedError(
                f"of {n:,} pairs of a customer and a type of product {k:,} were bought again in the last {horizon} days; "
                f"{needed:,} that were and {needed:,} that were not are needed to judge by."
            )
        found.append(_tested(model, days, pairs, came, horizon))
    return tuple(found)


def _tested(model: RebuyModel, days: BuyingDays, pairs: Pairs, came: NDArray[np.bool_], horizon: int) -> RebuyTest:
    chances = model.chances(pairs, days.types, horizon)
    since = (pairs.day - pairs.last).astype(np.float64)
    scores = {
        COMBINED: chances,
        FREQUENCY: pairs.n.astype(np.float64),
        RECENCY: -since,
        OVERDUE: since - _median_gaps(days, pairs),
    }
    top = np.argsort(-chances, kind="stable")[: max(1, round(len(pairs) * _TOP))]
    return RebuyTest(
        horizon=horizon,
        day=pairs.day,
        n_pairs=len(pairs),
        n_customers=len(np.unique(pairs.customer)),
        n_rebought=int(came.sum()),
        areas=clustered_areas(scores, came, pairs.customer),
        tenths=parts_of(chances, came.astype(np.float64), _TENTHS),
        top=float(came[top].mean()),
    )


def parts_of(said: Numbers, came: Numbers, parts: int) -> tuple[Held, ...]:
    """Return equal parts of cases by what was said of each, the highest first.

    Args:
        said: of each case.
        came: of each case.
        parts: how many.
    """
    found = []
    for part in np.array_split(np.argsort(-said, kind="stable"), parts):
        mean, half = float(came[part].mean()), 1.96 * float(came[part].std()) / len(part) ** 0.5
        found.append(Held(len(part), float(said[part].mean()), mean, mean - half, mean + half))
    return tuple(found)


def _drawn(pairs: Pairs) -> Pairs:
    """Return the pairs of as many customers, by lot, as may be looked at."""
    if len(pairs) <= _MOST:
        return pairs
    lots = np.random.default_rng(1).random(int(pairs.customer.max()) + 1)
    return pairs.some(lots[pairs.customer] < _MOST / len(pairs))


def _median_gaps(days: BuyingDays, pairs: Pairs) -> Numbers:
    """Return the median of the days from one buying of each pair to the next; it must have been bought twice."""
    span = len(days.types) + 1
    wanted = pairs.customer * span + pairs.type
    key = days.customer * span + days.type
    known = np.flatnonzero((days.day < pairs.day) & np.isin(key, wanted))
    key, day = key[known], days.day[known]
    same = key[1:] == key[:-1]
    of, gaps = key[1:][same], np.diff(day)[same]
    order = np.lexsort((gaps, of))
    of, gaps = of[order], gaps[order]
    first, last = (np.searchsorted(of, wanted, side=side) for side in ("left", "right"))
    some = last > first
    low = np.where(some, (first + last - 1) // 2, 0)
    high = np.where(some, (first + last) // 2, 0)
    found: Numbers = np.where(some, (gaps[low] + gaps[high]) / 2, np.nan_to_num(gaps.mean() if len(gaps) else 0.0))
    return found
