"""How likely a customer buys a type of product again within the next days, and when to remind of it.

A logistic model on what is known of the pair: its modified Poisson-gamma rate, the log-normal odds that its gap ends, its
recency and frequency, and those of the customer as a household. It is learned as of earlier days, from what was bought
within the horizon after each of them, and judged as of a later one, whose following days it had not seen.

The day to send is the one for which it is likeliest, as seen today, that the next rebuy falls into the shorter horizon from
that day on: no earlier, where no reminder is needed, and no later. The pair's own clock goes on until then, and what is
known of the household stays as it is known today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from counterclick.decisions.linear import Linear, fitted_logistic
from counterclick.decisions.rebuy_rates import RebuyRates, fitted_rates
from counterclick.decisions.rebuys import BuyingDays, Pairs, as_of, bought_within
from counterclick.errors import RefusedError

__all__ = ["FEATURES", "HORIZONS", "RebuyModel", "features_of", "fitted_rebuys", "scored_pairs"]

Numbers = NDArray[np.float64]
HORIZONS = (14, 30)
"""Days within which a rebuy is foreseen; the first one says when to send."""
FEATURES = ("rate", "gap_ends", "recency", "frequency", "usual_gap", "household_recency", "household_frequency")
"""What the model is told of a pair: logs of its modified rate, of the days since it was bought and of the days on which it
was; the log odds that its gap ends within the horizon; the log gap that is usual for it; and the logs of the days since the
customer ordered anything, and of the days on which it did."""
_CLOCK = 3
"""Features, the first ones, that change while nothing happens."""
_ENOUGH = 2_000
"""Pairs that were bought again, from which on no earlier days are learned from: the newest are nearest to what comes."""
_MOST_CUTS = 6


@dataclass(frozen=True, slots=True)
class RebuyModel:
    """What was learned, as numbers.

    Attributes:
        bought: days on which a pair must have been bought to be scored.
        rates: of types.
        linear: horizon -> log odds by `FEATURES`.
        n_pairs: horizon -> pairs, each as of one day, that were learned from.
        n_rebought: of these, those that were bought again within it.
        last: last day that was learned from.
    """

    bought: int
    rates: RebuyRates
    linear: Mapping[int, Linear]
    n_pairs: Mapping[int, int]
    n_rebought: Mapping[int, int]
    last: int

    def chances(self, pairs: Pairs, types: tuple[str, ...], horizon: int) -> Numbers:
        """Return the chance of each pair to be bought again within a horizon of `HORIZONS`.

        Args:
            pairs: as they are known as of a day.
            types: names of their types.
            horizon: days from that day on.
        """
        found: Numbers = expit(self.linear[horizon](features_of(pairs, self.rates, types, horizon)))
        return found

    def best_days(self, pairs: Pairs, types: tuple[str, ...], ahead: int) -> tuple[NDArray[np.int64], Numbers]:
        """Return how many days from now each pair is best reminded, 0 for today, and the chance that goes with it.

        It is the chance that the next rebuy falls into the first of `HORIZONS` from that day on: that there is none before,
        times that there is one then. Chances within a horizon are spread evenly over its days.

        Args:
            pairs: as they are known as of a day.
            types: names of their types.
            ahead: days that are looked at, today among them; 1 or more.
        """
        horizon = HORIZONS[0]
        linear = self.linear[horizon]
        known = _Known.of(pairs, self.rates, types)
        still = np.column_stack([known.gap, *_household(pairs)]) @ np.array(linear.weights[_CLOCK + 1 :])
        still += linear.constant + linear.weights[_CLOCK] * np.log(pairs.n)
        best, day, none_yet = np.full(len(pairs), -1.0), np.zeros(len(pairs), np.int64), np.ones(len(pairs))
        for later in range(ahead):
            clock = np.column_stack(known.clock(pairs, self.rates, horizon, later)) @ np.array(linear.weights[:_CLOCK])
            then = expit(clock + still)
            chance = none_yet * then
            better = chance > best + 1e-9  # of days that are alike, the first
            best[better] = chance[better]
            day[better] = later
            none_yet *= (1 - then) ** (1 / horizon)
        return day, best

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers, texts, lists and names for these, such as JSON can hold."""
        by_horizon = ("n_pairs", "n_rebought")
        return {
            "bought": self.bought,
            "last": self.last,
            "rates": self.rates.to_plain(),
            "linear": {str(horizon): asdict(each) for horizon, each in self.linear.items()},
            **{name: {str(horizon): n for horizon, n in getattr(self, name).items()} for name in by_horizon},
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RebuyModel:
        """Return what `to_plain` wrote, also after it was JSON."""
        return cls(
            bought=int(plain["bought"]),
            rates=RebuyRates.from_plain(plain["rates"]),
            linear={int(horizon): Linear.from_plain(each) for horizon, each in plain["linear"].items()},
            n_pairs={int(horizon): int(n) for horizon, n in plain["n_pairs"].items()},
            n_rebought={int(horizon): int(n) for horizon, n in plain["n_rebought"].items()},
            last=int(plain["last"]),
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """What is expected of pairs by their types and themselves: rate of the type, log gap, and the same as days."""

    rate: Numbers
    gap: Numbers
    days: Numbers

    @classmethod
    def of(cls, pairs: Pairs, rates: RebuyRates, types: tuple[str, ...]) -> _Known:
        rate, log_gap = (each[pairs.type] for each in rates.of(types))
        gap = rates.own_gap(pairs, log_gap)
        return cls(rate, gap, np.exp(gap))

    def clock(self, pairs: Pairs, rates: RebuyRates, horizon: int, later: int) -> tuple[Numbers, Numbers, Numbers]:
        """Return the features that change while nothing happens, so many days later."""
        since = (pairs.day + later - pairs.last).astype(np.float64)
        rate = np.log(rates.modified_rate(pairs, self.rate, self.days, since))
        return rate, rates.log_odds(self.gap, pairs.n - 1, since, horizon), np.log1p(since)


def features_of(pairs: Pairs, rates: RebuyRates, types: tuple[str, ...], horizon: int) -> Numbers:
    """Return what the model is told of pairs; shape (pairs, `FEATURES`).

    Args:
        pairs: as they are known as of a day.
        rates: of types.
        types: names of their types.
        horizon: days.
    """
    known = _Known.of(pairs, rates, types)
    return np.column_stack([*known.clock(pairs, rates, horizon, 0), np.log(pairs.n), known.gap, *_household(pairs)])


def _household(pairs: Pairs) -> tuple[Numbers, Numbers]:
    return np.log1p(pairs.day - pairs.last_order), np.log(pairs.n_orders)


def scored_pairs(pairs: Pairs, bought: int) -> Pairs:
    """Return the pairs whose rhythm is known: those that were bought on so many days."""
    return pairs.some(pairs.n >= bought)


def fitted_rebuys(days: BuyingDays, end: int, bought: int, needed: int) -> RebuyModel:
    """Return what is learned from the days before one.

    For each horizon pairs are taken as of the newest day that is followed by the whole horizon; earlier ones, a horizon
    apart, are added until enough pairs were bought again.

    Args:
        days: of all.
        end: nothing of this day, or of a later one, counts.
        bought: days on which a pair must have been bought to be learned from.
        needed: pairs that must have been bought again, and that must not.

    Raises:
        RefusedError: too few were.
    """
    linear, n_pairs, n_rebought = {}, {}, {}
    for horizon in HORIZONS:
        columns, came = _examples(days, end, horizon, bought)
        n, k = len(came), int(came.sum())
        if min(k, n - k) < needed:
            raise RefusedError(
                f"of {n:,} pairs of a customer and a type of product that it had bought on {bought} days or more, {k:,} "
                f"were bought again within {horizon} days; {needed:,} that were and {needed:,} that were not are needed "
                "to learn from."
            )
        linear[horizon] = fitted_logistic(columns, came)
        n_pairs[horizon], n_rebought[horizon] = n, k
    return RebuyModel(bought, _rates(as_of(days, end), days.types), linear, n_pairs, n_rebought, end - 1)


def _examples(days: BuyingDays, end: int, horizon: int, bought: int) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return features and labels as of earlier days, the newest first; each with rates that were known by then."""
    columns, came = [np.zeros((0, len(FEATURES)))], [np.zeros(0, np.bool_)]
    for number in range(1, _MOST_CUTS + 1):
        day = end - number * horizon
        if day <= days.first:
            break
        pairs = as_of(days, day)
        scored = scored_pairs(pairs, bought)
        if not len(scored) or pairs.n.max() < 2:  # noqa: PLR2004 - no gap is known
            break
        columns.append(features_of(scored, _rates(pairs, days.types), days.types, horizon))
        came.append(bought_within(days, scored, horizon))
        if sum(int(each.sum()) for each in came) >= _ENOUGH:
            break
    return np.vstack(columns), np.concatenate(came)


def _rates(pairs: Pairs, types: tuple[str, ...]) -> RebuyRates:
    return fitted_rates(pairs, types)
