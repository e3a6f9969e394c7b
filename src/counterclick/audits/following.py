"""What a policy follows, by the log: do the products that it shows more of have had more clicks, or more orders?

What is declared can be wrong. A policy that is tuned on clicks shows more, from one period to the next, of what was
clicked before, whether or not it sold; one that is tuned on orders shows more of what sold. The rank correlation with the
one is taken with the other held fixed, since what sells is clicked as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis
import numpy as np
from ibis import _
from ibis.expr.types import Column, Table
from numpy.typing import NDArray
from scipy import special

from counterclick.facts.parts import NESTED, Parts
from counterclick.stats import holm

__all__ = ["Following", "clicked_by_day", "followings", "moves", "shown_by_day"]

PERIODS = 4
"""Equal spans of whole days (UTC) into which a policy's lists are divided: three steps from one to the next."""
_FEWEST_SHOWN = 50
"""Times that a product must have been shown in a period to have a rate."""
_FEWEST_PRODUCTS = 30
"""Products with a rate, below which nothing is said."""
_HALF = 0.5
"""Times shown that stand for none, so that there is a logarithm."""
_ORDERS = 0.05
"""At or below this p-value a policy follows orders, too, and is not accused."""
_LEVEL = 0.01
"""Of a finding, Holm-adjusted over all policies."""


@dataclass(frozen=True, slots=True)
class Following:
    """What a policy follows on a surface.

    Attributes:
        surface: where it shows products.
        policy: what chose them; empty where the lists do not say.
        n_products: that had a rate in a period and the next.
        with_clicks: partial rank correlation of the change of a product's exposure with its clicks per exposure in the
            period before, orders per exposure held fixed; None where too little is recorded.
        with_orders: the same with orders per exposure, clicks held fixed.
        p_clicks: one-sided p-value of the first, Holm-adjusted over policies.
        p_orders: one-sided p-value of the second.
    """

    surface: str
    policy: str
    n_products: int
    with_clicks: float | None
    with_orders: float | None
    p_clicks: float | None
    p_orders: float | None = None

    @property
    def follows_clicks(self) -> bool:
        """Whether it shows more of what was clicked, and not of what was bought.

        Orders are rarer than clicks, so that clicks stand in for them: a policy that follows orders seems to follow clicks
        as well. One that follows orders at all is therefore not accused.
        """
        if self.p_clicks is None or self.p_orders is None:
            return False
        return self.p_clicks < _LEVEL and self.p_orders > _ORDERS


def shown_by_day(lists: Table, parts: Parts = NESTED) -> Table:
    """Return how often products were shown, day by day; the sum of any lots of lists is that of their sums.

    Grain: one product, policy, surface and day. Columns: surface, policy, product_id, on (UTC), n_shown.

    Args:
        lists: events of the kind view_item_list.
        parts: how their products are found.
    """
    named = lists.mutate(on=_on(lists), policy=ibis.coalesce(lists.policy, lists.variant, ""))
    flat = parts.flat(named, "view_item_list", "items", ("surface", "policy", "on"))
    return flat.group_by("surface", "policy", "on", product_id=flat.part_product_id).agg(n_shown=_.count())


def clicked_by_day(clicks: Table) -> Table:
    """Return how often products were clicked, day by day.

    Grain: one product, surface and day. Columns: surface, product_id, on (UTC), n_clicks.

    Args:
        clicks: events of the kind select_item.
    """
    return clicks.group_by("surface", "product_id", on=_on(clicks)).agg(n_clicks=_.count())


def moves(shown: Table, clicked: Table, lines: Table) -> Table:
    """Return how often products were shown, clicked and bought, period by period.

    Grain: one product, policy, surface and period. Columns: surface, policy, product_id, period (0 to 3), n_shown (by the
    policy), n_shown_here (on the surface), n_clicks (on the surface), n_orders (of the shop).

    Args:
        shown: `shown_by_day`.
        clicked: `clicked_by_day`.
        lines: `counterclick.facts.Facts.order_lines`.
    """
    span = shown.group_by("surface").agg(first=_.on.min(), last=_.on.max())
    limits = span.select(_surface="surface", begins=_.first.epoch_days(), lasts=_.last.epoch_days() + 1)
    keys = ["surface", "product_id", "period"]
    by_policy = _dated(shown, limits).group_by("policy", *keys).agg(n_shown=_.n_shown.sum())
    here = by_policy.group_by(*keys).agg(n_shown_here=_.n_shown.sum())
    in_periods = _dated(clicked, limits).group_by(*keys).agg(n_clicks=_.n_clicks.sum())
    sold = lines.select("order_id", "product_id", on=_on(lines, "ordered_at")).distinct()
    daily = sold.group_by("product_id", "on").agg(n=_.count()).cross_join(limits)
    bought = (
        _in_periods(daily).group_by(surface="_surface", product_id="product_id", period="period").agg(n_orders=_.n.sum())
    )
    joined = (
        by_policy.join(here, keys).left_join(in_periods, keys, rname="_{name}").left_join(bought, keys, rname="__{name}")
    )
    return joined.select(
        "policy", *keys, "n_shown", "n_shown_here", n_clicks=_.n_clicks.fill_null(0), n_orders=_.n_orders.fill_null(0)
    )


def followings(rows: Sequence[Mapping[str, int | str]]) -> tuple[Following, ...]:
    """Return what each policy follows.

    Args:
        rows: of `moves`.
    """
    by_policy: dict[tuple[str, str], dict[tuple[str, int], Mapping[str, int | str]]] = {}
    for row in rows:
        place = by_policy.setdefault((str(row["surface"]), str(row["policy"])), {})
        place[str(row["product_id"]), int(row["period"])] = row
    found = [_following(surface, policy, cells) for (surface, policy), cells in sorted(by_policy.items())]
    known = [i for i, line in enumerate(found) if line.p_clicks is not None]
    adjusted = holm([line.p_clicks for line in found if line.p_clicks is not None]) if known else []
    for i, p_value in zip(known, adjusted, strict=True):
        line = found[i]
        found[i] = replace(line, p_clicks=float(p_value))
    return tuple(found)


def _following(surface: str, policy: str, cells: Mapping[tuple[str, int], Mapping[str, int | str]]) -> Following:
    """Stack the steps from each period to the next; products, not steps, are the independent observations."""
    totals = [0] * PERIODS
    for (_product, period), row in cells.items():
        totals[period] += int(row["n_shown"])
    steps: dict[int, list[tuple[float, float, float]]] = {}
    products = set()
    for (product, period), row in cells.items():
        later = cells.get((product, period + 1))
        shown, here = int(row["n_shown"]), int(row["n_shown_here"])
        if period + 1 == PERIODS or shown < _FEWEST_SHOWN or not totals[period + 1]:
            continue
        again = max(int(later["n_shown"]), _HALF) if later else _HALF  # what is no longer shown has fallen, too
        change = np.log(again / totals[period + 1]) - np.log(shown / totals[period])
        steps.setdefault(period, []).append((change, int(row["n_clicks"]) / here, int(row["n_orders"]) / here))
        products.add(product)
    if len(products) < _FEWEST_PRODUCTS:
        return Following(surface, policy, len(products), None, None, None)
    ranks = np.concatenate([_ranked(np.array(rows)) for rows in steps.values()])
    with_clicks, with_orders = _partial(ranks, 1, 2), _partial(ranks, 2, 1)
    if with_clicks is None or with_orders is None:
        return Following(surface, policy, len(products), None, None, None)
    p_clicks, p_orders = (_p_value(r, len(products)) for r in (with_clicks, with_orders))
    return Following(surface, policy, len(products), with_clicks, with_orders, p_clicks, p_orders)


def _ranked(step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks within one step, (n, 3), around 0: what changes for all products alike is no following."""
    n = len(step)
    return np.column_stack([(_ranks(column) - (n + 1) / 2) / n for column in step.T])


def _p_value(r: float, n: int) -> float:
    """Return the one-sided p-value of a partial correlation of n products, one variable held fixed."""
    df = n - 3
    return float(special.stdtr(df, -r * np.sqrt(df / max(1 - r**2, 1e-12))))


def _partial(ranks: NDArray[np.float64], of: int, given: int) -> float | None:
    """Return the correlation of the first column with one, a second held fixed; None where one does not vary."""
    if (ranks.std(axis=0) == 0).any():
        return None
    r = np.asarray(np.corrcoef(ranks.T), dtype=np.float64)
    rest = (1 - r[0, given] ** 2) * (1 - r[of, given] ** 2)
    return float((r[0, of] - r[0, given] * r[of, given]) / np.sqrt(rest)) if rest > 0 else None


def _ranks(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each value, from 1; equal ones share the mean of theirs.

    SciPy's own stands in ``scipy.stats``, whose import takes longer than many a question.
    """
    _values, places, counts = np.unique(column, return_inverse=True, return_counts=True)
    return np.asarray((counts.cumsum() - (counts - 1) / 2)[places], dtype=np.float64)


def _on(rows: Table, column: str = "occurred_at") -> Column:
    """Return the day (UTC) of each row."""
    return rows[column].cast("timestamp").date()


def _dated(rows: Table, limits: Table) -> Table:
    return _in_periods(rows.join(limits, rows.surface == limits["_surface"]))


def _in_periods(rows: Table) -> Table:
    """Add the period of each row within its surface's span of days; rows outside of it are left out."""
    day = rows.on.epoch_days()
    inside = rows.filter((day >= rows.begins) & (day < rows.lasts))
    part = (inside.on.epoch_days() - inside.begins) * PERIODS / (inside.lasts - inside.begins)
    return inside.mutate(period=part.floor().cast("int64"))
