"""How likely a basket has a return: rates of few cases, a logistic model on them, and trees where they win later on.

Each line is known by what was settled of its item, size, customer, category and payment as of the time that it is scored.
Lines give chances; the chance of a basket, one less the product of its lines' chances to stay, is set right by later
baskets: lines of one order come back together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from counterclick.config import ReturnsConfig
from counterclick.decisions.history import Codes, Counts, Known, counts_as_of
from counterclick.decisions.linear import Linear, fitted_logistic
from counterclick.decisions.rates import Prior, fitted_prior, fitted_weight
from counterclick.decisions.return_lines import KINDS, ReturnTable
from counterclick.decisions.trees import Trees, fitted_trees
from counterclick.errors import RefusedError

__all__ = ["FEATURES", "Priors", "ReturnModel", "features_of", "fitted_model", "fitted_priors"]

Numbers = NDArray[np.float64]
Bools = NDArray[np.bool_]
FEATURES = (*KINDS, "two_sizes", "customer_lines", "quantity", "price", "basket_lines")
"""What a model is told of a line: log odds of the rates; whether its item stands in the basket in two sizes; and logs of the
customer's settled lines, of the quantity, of the unit price and of the lines of the basket."""
_FEWEST = 30
"""Returned lines below which nothing is learned from them."""
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Priors:
    """What is thought of a group before any of its lines.

    Attributes:
        of: kind -> prior, of all but sizes.
        size_weight: how many cases the rate of its item is worth to a size.
    """

    of: Mapping[str, Prior]
    size_weight: float

    def rates(self, counts: Mapping[str, Counts]) -> dict[str, Numbers]:
        """Return the rate of every kind.

        Args:
            counts: kind -> settled lines and returned ones.
        """
        found = {kind: prior.rate(*counts[kind]) for kind, prior in self.of.items()}
        n, k = counts["size"]
        found["size"] = (k + self.size_weight * found["item"]) / (n + self.size_weight)
        return found


@dataclass(frozen=True, slots=True)
class ReturnModel:
    """What was learned, as numbers.

    Attributes:
        as_of: seconds; what was known by then was learned from.
        priors: of rates.
        linear: of `FEATURES`.
        trees: beside it, where they won; None where not.
        line: sets a line's log odds right.
        basket: sets a basket's log odds right, by these and the log of its lines.
        n_lines: settled lines that were learned from.
        n_returned: of these, those that came back.
        n_late: later ones, by which chances were set right.
        late_loss: model -> mean log loss over the later ones: the smaller is the better.
    """

    as_of: int
    priors: Priors
    linear: Linear
    trees: Trees | None
    line: Linear
    basket: Linear
    n_lines: int
    n_returned: int
    n_late: int
    late_loss: Mapping[str, float]

    def lines(self, features: Numbers) -> Numbers:
        """Return the chance of each line to come back.

        Args:
            features: shape (lines, `FEATURES`).
        """
        odds = self.linear(features)
        if self.trees is not None:
            odds = (odds + self.trees.log_odds(features)) / 2
        found: Numbers = expit(self.line(odds[:, None]))
        return found

    def baskets(self, lines: Numbers, order: Codes) -> Numbers:
        """Return the chance of each basket to have a return.

        Args:
            lines: chances of lines.
            order: number of each line's basket, from 0.
        """
        found: Numbers = expit(self.basket(_together(lines, order)))
        return found

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers, texts, lists and objects, such as JSON can hold."""
        plain = {name: getattr(self, name) for name in ("as_of", "n_lines", "n_returned", "n_late")}
        linears = {name: asdict(getattr(self, name)) for name in ("linear", "line", "basket")}
        priors = {"of": {kind: asdict(prior) for kind, prior in self.priors.of.items()}, "size": self.priors.size_weight}
        trees = None if self.trees is None else self.trees.to_plain()
        return {**plain, **linears, "priors": priors, "trees": trees, "late_loss": dict(self.late_loss)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ReturnModel:
        """Return what `to_plain` wrote, also after it was JSON."""
        linear, line, basket = (Linear.from_plain(plain[name]) for name in ("linear", "line", "basket"))
        priors = Priors({kind: Prior(**each) for kind, each in plain["priors"]["of"].items()}, plain["priors"]["size"])
        return cls(
            as_of=int(plain["as_of"]),
            priors=priors,
            linear=linear,
            trees=None if plain["trees"] is None else Trees.from_plain(plain["trees"]),
            line=line,
            basket=basket,
            n_lines=int(plain["n_lines"]),
            n_returned=int(plain["n_returned"]),
            n_late=int(plain["n_late"]),
            late_loss=dict(plain["late_loss"]),
        )


def fitted_priors(table: ReturnTable, delay: int, as_of: int) -> Priors:
    """Return what settled lines say of groups in general.

    Args:
        table: order lines.
        delay: seconds until a return is settled.
        as_of: what was known by then counts.
    """
    totals = {kind: totals_as_of(table, kind, delay, as_of) for kind in KINDS}
    of = {kind: fitted_prior(*totals[kind]) for kind in KINDS if kind != "size"}
    item = of["item"].rate(*totals["item"])
    return Priors(of, fitted_weight(*totals["size"], item[table.item_of_size]) if len(item) else 2.0)


def totals_as_of(table: ReturnTable, kind: str, delay: int, as_of: int) -> Counts:
    """Return for each group of a kind its settled lines and those that came back, as of a time."""
    every = np.arange(len(table.names[kind]))
    asks = Known(np.full(len(every), -1, np.int64), np.full(len(every), as_of, np.int64))
    return counts_as_of(table.lines, delay, table.groups[kind], asks, every)


def features_of(table: ReturnTable, priors: Priors, delay: int, rows: NDArray[np.intp], as_of: Codes) -> Numbers:
    """Return what was known of some lines, each as of a time of its own; shape (rows, `FEATURES`).

    Args:
        table: order lines.
        priors: of rates.
        delay: seconds until a return is settled.
        rows: which lines; whole orders, so that a basket is known.
        as_of: what was known by then counts; one for each row.
    """
    asks = Known(table.lines.order[rows], as_of)
    counts = {kind: counts_as_of(table.lines, delay, table.groups[kind], asks, table.groups[kind][rows]) for kind in KINDS}
    basket = np.unique(table.lines.order[rows], return_inverse=True)[1]
    sizes = _two_sizes(basket, table.groups["item"][rows], table.groups["size"][rows])
    return columns_of(priors.rates(counts), counts["customer"][0], sizes, table.quantity[rows], table.price[rows], basket)


def columns_of(
    rates: Mapping[str, Numbers], customer_lines: Numbers, two_sizes: Bools, quantity: Numbers, price: Numbers, basket: Codes
) -> Numbers:
    """Return `FEATURES` as columns.

    Args:
        rates: kind -> rate of each line.
        customer_lines: settled lines of its customer.
        two_sizes: whether its item stands in the basket in another size too.
        quantity: units.
        price: of one.
        basket: number of each line's basket, from 0.
    """
    size_of = np.bincount(basket)[basket] if len(basket) else np.zeros(0)
    odds = [logit(np.clip(rates[kind], _EDGE, 1 - _EDGE)) for kind in KINDS]
    logs = [np.log1p(np.maximum(each, 0)) for each in (customer_lines, quantity, price, size_of)]
    return np.column_stack([*odds, two_sizes.astype(np.float64), *logs])


def _two_sizes(basket: Codes, item: Codes, size: Codes) -> Bools:
    """Say of each line whether its item stands in its basket in another size too."""
    pairs = np.unique(np.column_stack([basket, item, size]), axis=0)
    together, n_sizes = np.unique(pairs[:, :2], axis=0, return_counts=True)
    span = int(item.max(initial=0)) + 1
    several = together[n_sizes > 1]
    return np.isin(basket * span + item, several[:, 0] * span + several[:, 1])


def fitted_model(table: ReturnTable, delay: int, as_of: int, limits: ReturnsConfig) -> ReturnModel:
    """Return what is learned from lines whose return is settled, each as it was known when it was ordered.

    Args:
        table: order lines.
        delay: seconds until a return is settled.
        as_of: what was known by then counts, and nothing else.
        limits: what ``[returns]`` declares.

    Raises:
        RefusedError: too few lines came back.
    """
    priors = fitted_priors(table, delay, as_of)
    rows = np.flatnonzero(table.settled(delay, as_of))
    returned = table.lines.returned_at[rows] <= as_of
    order = table.lines.order[rows]
    placed = table.lines.ordered_at[rows]
    begin = np.quantile(placed, 1 - limits.late_share) if len(rows) else 0
    late = placed >= begin
    for part, says in ((~late, "earlier"), (late, "later")):
        n, back = int(part.sum()), int(returned[part].sum())
        if not _FEWEST <= back <= n - _FEWEST:
            raise RefusedError(
                f"of {n:,} {says} order lines whose return is settled {back:,} came back; {_FEWEST} that did and {_FEWEST} "
                "that did not are needed to learn from. Record refunds with order_id and lines."
            )
    features = features_of(table, priors, delay, rows, placed)
    linear = fitted_logistic(features[~late], returned[~late])
    odds = {"rates": linear(features[late])}
    trees = None
    if int((~late).sum()) >= limits.blend_lines and int(returned[~late].sum()) >= limits.blend_returns:
        trees = fitted_trees(features[~late], returned[~late])
        odds["blend"] = (odds["rates"] + trees.log_odds(features[late])) / 2
    set_right = {name: fitted_logistic(each[:, None], returned[late]) for name, each in odds.items()}
    loss = {name: _loss(set_right[name](each[:, None]), returned[late]) for name, each in odds.items()}
    best = min(loss, key=loss.__getitem__)
    chances = expit(set_right[best](odds[best][:, None]))
    baskets, basket = np.unique(order[late], return_inverse=True)
    has_return = np.bincount(basket, weights=returned[late], minlength=len(baskets)) > 0
    together = _together(chances, basket)
    return ReturnModel(
        as_of=as_of,
        priors=priors,
        linear=linear,
        trees=trees if best == "blend" else None,
        line=set_right[best],
        basket=fitted_logistic(together, has_return) if 0 < has_return.sum() < len(baskets) else Linear(0.0, (1.0, 0.0)),
        n_lines=len(rows),
        n_returned=int(returned.sum()),
        n_late=int(late.sum()),
        late_loss=loss,
    )


def _together(lines: Numbers, order: Codes) -> Numbers:
    """Return for each basket the log odds that not all of its lines stay, as if each were for itself; and log lines."""
    stays = np.bincount(order, weights=np.log1p(-np.clip(lines, _EDGE, 1 - _EDGE)))
    chance = np.clip(-np.expm1(stays), _EDGE, 1 - _EDGE)
    return np.column_stack([logit(chance), np.log(np.maximum(np.bincount(order), 1))])


def _loss(odds: Numbers, returned: Bools) -> float:
    """Return the mean log loss."""
    return float(np.mean(np.logaddexp(0, np.where(returned, -odds, odds))))
