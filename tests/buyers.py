"""Customers whose rhythm is known, as days on which they bought."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from counterclick.decisions.rebuys import BuyingDays

__all__ = ["bought", "rhythmic"]


def bought(*rows: tuple[str, str, int], value: float = 10.0) -> BuyingDays:
    """Return days on which customers bought: customer, type and day of each; an order is worth ``value``.

    Args:
        rows: in any order.
        value: of each day with an order.
    """
    customers = sorted({who for who, _what, _day in rows})
    types = sorted({what for _who, what, _day in rows})
    each = sorted({(customers.index(who), types.index(what), day) for who, what, day in rows})
    orders = sorted({(who, day) for who, _what, day in each})
    columns = [np.array(column, np.int64) for column in zip(*each, strict=True)]
    of, on = (np.array(column, np.int64) for column in zip(*orders, strict=True))
    return BuyingDays(*columns, of, on, np.full(len(of), value), pa.array(customers), tuple(types))


def rhythmic(
    n: int,
    days: int = 400,
    *,
    gaps: Sequence[float] = (20.0, 45.0),
    spread: float = 0.25,
    leaving: float = 0.15,
    seed: int = 1,
) -> BuyingDays:
    """Return customers who buy each of some types about every so many days, until they leave.

    Args:
        n: customers.
        days: that are known.
        gaps: usual days of each type from one buying to the next.
        spread: of the logs of these, from one gap to the next.
        leaving: chance to leave after each buying.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    rows: set[tuple[str, str, int]] = set()
    for who in range(n):
        for place, gap in enumerate(gaps):
            own = gap * np.exp(rng.normal(0, 0.3))
            day = rng.uniform(0, days)
            while day < days:
                rows.add((f"c{who:05}", f"t{place}", int(day)))
                if rng.random() < leaving:
                    break
                day += max(1.0, own * np.exp(rng.normal(0, spread)))
    return bought(*rows)
