"""Customers of CDNOW: who ordered until a week, what the models expect of them, and what they did later."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from counterclick.decisions.order_values import OrderValues, fitted_order_values, related
from counterclick.decisions.repeat_buying import Histories, RepeatBuying, fitted_repeat_buying

__all__ = ["DATA", "HORIZON", "ROOT", "Cohort", "Decile", "Foretold", "cohort", "foretold"]

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("COUNTERCLICK_DATA", ROOT.parent / "shared" / "data"))
WEEKS = 39
"""That are learned from, as in the papers; as many later ones test."""
HORIZON = 39
BEGINS = date(1997, 1, 1)
TENTHS = 10

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers whose first order lies in the first quarter of 1997; times in weeks.

    Attributes:
        histories: until the end of the 39th week.
        mean: of the values of later orders in this time; 0 where there are none.
        first: value of the first order.
        orders: placed in the 39 weeks that follow.
        value: of these.
    """

    histories: Histories
    mean: Numbers
    first: Numbers
    orders: Numbers
    value: Numbers

    @property
    def mean_of_all(self) -> Numbers:
        """Mean value of all orders until then, the first one among them."""
        x = self.histories.later
        found: Numbers = (self.first + x * self.mean) / (x + 1)
        return found


@dataclass(frozen=True, slots=True)
class Decile:
    """A tenth of the customers, by what is expected of them.

    Attributes:
        n: customers.
        said: mean of what was expected.
        came: mean of what happened.
        lower: of the 95 % interval of that.
        upper: of the same.
    """

    n: int
    said: float
    came: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Foretold:
    """What one run found.

    Attributes:
        models: BG/NBD and MBG/NBD.
        values: Gamma-Gamma, of later orders, as in its paper.
        seconds: that each fit took, by name.
        totals: way -> orders that it expects of all customers in the later weeks.
        orders: which they placed.
        value_said: what was expected of their value.
        value: of these orders.
        related: correlation of how often with how much.
        deciles: of orders.
        value_deciles: of their value.
        ranks: way -> area under the curve of who orders again.
        gone: share of those who ordered once that order again, and the mean chance that each model says they are there.
    """

    models: tuple[RepeatBuying, RepeatBuying]
    values: OrderValues
    seconds: dict[str, float]
    totals: dict[str, float]
    orders: float
    value_said: float
    value: float
    related: float
    deciles: tuple[Decile, ...]
    value_deciles: tuple[Decile, ...]
    ranks: dict[str, float]
    gone: tuple[float, float]


def cohort(file: Path) -> Cohort:
    """Return the customers of a file of CDNOW; orders of one day are one.

    Args:
        file: ``CDNOW_sample.txt``, the published tenth, or ``CDNOW_master.txt``, all of them.
    """
    rows = [line.split() for line in file.read_text(encoding="ascii").splitlines()]
    told = [(row[0], row[-3], float(row[-1])) for row in rows if row and row[-1][0].isdigit()]
    days = [(date(int(day[:4]), int(day[4:6]), int(day[6:])) - BEGINS).days for _who, day, _value in told]
    customer = np.unique([who for who, _day, _value in told], return_inverse=True)[1]
    keys, of = np.unique(np.column_stack([customer, days]), axis=0, return_inverse=True)
    value = np.bincount(of, weights=[each for _who, _day, each in told])
    who, day = keys[:, 0], keys[:, 1]
    begins = np.flatnonzero(np.diff(who, prepend=-1))
    known = day < WEEKS * 7
    first = day[begins]
    last = np.maximum.reduceat(np.where(known, day, 0), begins)
    later = np.bincount(who[known], minlength=len(begins)).astype(np.float64) - 1
    again = known & (day > first[who])
    spent = np.bincount(who[again], value[again], len(begins)).astype(np.float64)
    return Cohort(
        Histories(later, (last - first) / 7, (WEEKS * 7 - 1 - first) / 7),
        spent / np.maximum(later, 1),
        value[begins].astype(np.float64),
        np.bincount(who[~known], minlength=len(begins)).astype(np.float64),
        np.bincount(who[~known], value[~known], len(begins)).astype(np.float64),
    )


def foretold(customers: Cohort) -> Foretold:
    """Return what is expected of customers, and what they did.

    Args:
        customers: until and after the 39th week.
    """
    seconds: dict[str, float] = {}
    histories, ordered = customers.histories, customers.orders > 0
    models = []
    for name, leaves_at_once in (("BG/NBD", False), ("MBG/NBD", True)):
        began = time.perf_counter()
        models.append(fitted_repeat_buying(histories, leaves_at_once=leaves_at_once))
        seconds[name] = time.perf_counter() - began
    bg, mbg = models
    began = time.perf_counter()
    values = fitted_order_values(histories.later, customers.mean)
    seconds["Gamma-Gamma"] = time.perf_counter() - began
    expected = mbg.expected_orders(histories, HORIZON)
    every = fitted_order_values(histories.later + 1, customers.mean_of_all)
    worth = expected * every.expected(histories.later + 1, customers.mean_of_all)
    once = histories.later == 0
    back = histories.later > 0
    return Foretold(
        (bg, mbg),
        values,
        seconds,
        {
            "MBG/NBD": float(expected.sum()),
            "BG/NBD": float(bg.expected_orders(histories, HORIZON).sum()),
            "as often as until now": float((histories.later / histories.age * HORIZON).sum()),
        },
        float(customers.orders.sum()),
        float(worth.sum()),
        float(customers.value.sum()),
        related(histories.later[back], customers.mean[back]),
        _deciles(expected, customers.orders),
        _deciles(worth, customers.value),
        {
            "expected orders, MBG/NBD": float(roc_auc_score(ordered, expected)),
            "chance to be there, MBG/NBD": float(roc_auc_score(ordered, mbg.alive(histories))),
            "chance to be there, BG/NBD": float(roc_auc_score(ordered, _there(bg, histories))),
            "orders until now": float(roc_auc_score(ordered, histories.later)),
            "days since the last order": float(roc_auc_score(ordered, histories.last - histories.age)),
        },
        (float(ordered[once].mean()), float(mbg.alive(histories)[once].mean())),
    )


def _there(model: RepeatBuying, histories: Histories) -> Numbers:
    """Return BG/NBD's chance to be there, which the product refuses, to show why."""
    x = histories.later
    idle = ((model.alpha + histories.age) / (model.alpha + histories.last)) ** (model.r + x)
    found: Numbers = 1 / (1 + np.where(x > 0, model.a / (model.b + np.maximum(x, 1) - 1) * idle, 0))
    return found


def _deciles(said: Numbers, came: Numbers) -> tuple[Decile, ...]:
    found = []
    for part in np.array_split(np.argsort(-said, kind="stable"), TENTHS):
        mean, half = float(came[part].mean()), 1.96 * float(came[part].std(ddof=1)) / len(part) ** 0.5
        found.append(Decile(len(part), float(said[part].mean()), mean, mean - half, mean + half))
    return tuple(found)
