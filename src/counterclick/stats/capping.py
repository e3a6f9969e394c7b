"""The lift with amounts capped: a line beside the verdict, never the verdict.

A cap tames a few large baskets, and hides them: they may be the very ones that a feature sells to. It is fixed from
what buyers spent before the experiment, never from its own amounts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from counterclick.errors import RefusedError, TooFewBuyersError
from counterclick.stats.estimates import check_fraction
from counterclick.stats.intervals import log_ratio_lift
from counterclick.stats.sufficient import Moments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from counterclick.stats.estimates import Estimate

    Floats = NDArray[np.float64]

__all__ = ["Capped", "cap_of", "capped_lift"]

AMOUNT = "capped amount"


@dataclass(frozen=True, slots=True)
class Capped:
    """A lift of capped amounts; its method says "sensitivity".

    Attributes:
        estimate: the lift.
        cap: the cap, in the amounts' unit.
        n_capped: buyers of both arms whose amount was cut.
        cut: share of all amounts that was cut off.
    """

    estimate: Estimate
    cap: float
    n_capped: int
    cut: float


def cap_of(history: ArrayLike, quantile: float = 0.999) -> float:
    """Return the cap that a quantile of earlier amounts gives.

    Args:
        history: (n,) amounts of buyers before the experiment, above zero.
        quantile: between 0 and 1.

    Raises:
        TooFewBuyersError: if the quantile lies beyond all amounts: fewer than 1 / (1 - quantile) of them.
        RefusedError: if the quantile or an amount cannot be.
    """
    check_fraction("the quantile", quantile)
    amounts = _amounts(history, "the history")
    needed = round(1 / (1 - quantile))
    if len(amounts) < needed:
        raise TooFewBuyersError(
            f"a cap at the {100 * quantile:g} % quantile needs {needed:,} earlier amounts; there are {len(amounts):,}."
        )
    return float(np.quantile(amounts, quantile))


def capped_lift(base: ArrayLike, top: ArrayLike, n_base: int, n_top: int, cap: float, level: float = 0.95) -> Capped:
    """Return the lift of the mean per visitor with every buyer's amount capped.

    Args:
        base: amounts of the control's buyers, shape (buyers,), above zero.
        top: amounts of the treatment's buyers.
        n_base: visitors of the control, buyers among them.
        n_top: visitors of the treatment.
        cap: the largest amount that counts in full, fixed beforehand.
        level: confidence of the interval.

    Raises:
        TooFewBuyersError: if an arm has fewer than two visitors.
        RefusedError: if the cap, an amount or a number of visitors cannot be, an arm has no buyers, or nothing varies.

    Source: Tukey (1962), Annals of Mathematical Statistics 33, section 14, for winsorising.
    """
    if not (np.isfinite(cap) and cap > 0):
        raise RefusedError(f"a cap is an amount above zero; it is {cap!r}.")
    arms = [_amounts(base, "the control"), _amounts(top, "the treatment")]
    for amounts, n in zip(arms, (n_base, n_top), strict=True):
        if n < len(amounts):
            raise RefusedError(f"{len(amounts)} buyers cannot be among {n} visitors.")
    control, treatment = (
        Moments.from_values([AMOUNT], np.minimum(amounts, cap))
        + Moments.from_sums([AMOUNT], n - len(amounts), [0.0], [[0.0]])
        for amounts, n in zip(arms, (n_base, n_top), strict=True)
    )
    lift = log_ratio_lift(control, treatment, AMOUNT, level=level)
    method = f"sensitivity, not the verdict: amounts capped at {cap:,.2f}, log ratio, delta method"
    together = np.concatenate(arms)
    cut = float(np.maximum(together - cap, 0).sum() / together.sum())
    return Capped(replace(lift, method=method), float(cap), int(np.count_nonzero(together > cap)), cut)


def _amounts(values: ArrayLike, whose: str) -> Floats:
    amounts = np.asarray(values, dtype=np.float64)
    if amounts.ndim != 1 or not (np.isfinite(amounts) & (amounts > 0)).all():
        raise RefusedError(f"amounts of {whose} are a list of numbers above zero, one for each buyer.")
    return amounts
