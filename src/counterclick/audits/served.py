"""What was served: who became eligible, what was shown by whose choice, and what of it was bought afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from counterclick.display import Grid, Shown, count, money, percent
from counterclick.metrics import Period
from counterclick.verdicts import Verdict

__all__ = ["Arm", "Offer", "Served", "Shelf", "Sold"]

_MOST = 20
"""Products that a page shows of each policy; JSON has all."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Exposures: what was asked for, as far as the log keeps it.

    Attributes:
        surface: where; None where the exposure does not say it.
        experiment: which.
        variant: the arm.
        policy: what served it; None where the exposure does not say it.
        n_exposures: exposures recorded.
        n_visitors: different visitors.
        n_without_list: of these, visitors to whom no list was shown on the surface in the period.
    """

    surface: str | None
    experiment: str
    variant: str
    policy: str | None
    n_exposures: int
    n_visitors: int
    n_without_list: int

    @property
    def without_list_share(self) -> float:
        """Share of its visitors to whom no list was shown."""
        return self.n_without_list / self.n_visitors if self.n_visitors else 0.0


@dataclass(frozen=True, slots=True)
class Shelf:
    """Lists of one surface, policy and arm.

    Attributes:
        surface: where.
        policy: what chose the products; None where the lists do not say it.
        variant: the arm; None where they do not say it.
        n_lists: lists shown.
        n_shown: products in them.
        n_visitors: different visitors.
        n_lines: lines of orders of a product by the person to whom it was shown, within the window.
        units: in these lines.
        net_revenue: of these lines, their share of what was returned taken off.
    """

    surface: str
    policy: str | None
    variant: str | None
    n_lists: int
    n_shown: int
    n_visitors: int
    n_lines: int
    units: int
    net_revenue: float


@dataclass(frozen=True, slots=True)
class Offer:
    """One product of a surface, policy and arm.

    Attributes:
        surface: where.
        policy: what chose it; None where the lists do not say it.
        variant: the arm; None where they do not say it.
        product_id: which.
        n_shown: how often.
        n_lines: lines of orders of it afterwards, as `Shelf` counts them.
        units: in these lines.
        net_revenue: of these lines.
    """

    surface: str
    policy: str | None
    variant: str | None
    product_id: str
    n_shown: int
    n_lines: int
    units: int
    net_revenue: float


@dataclass(frozen=True, slots=True)
class Sold:
    """What was bought through offers of one surface, policy and arm: lines of orders that carry the mark of the decision.

    Attributes:
        surface: where.
        policy: what decided.
        variant: the arm; None where the decision does not say it.
        n_decisions: decisions of the period.
        n_empty: of these, such that had nothing to offer.
        n_lines: lines of orders, of a product that the decision had offered, whenever they were bought.
        units: in these lines.
        net_revenue: of these lines, their share of what was returned taken off.
    """

    surface: str
    policy: str
    variant: str | None
    n_decisions: int
    n_empty: int
    n_lines: int
    units: int
    net_revenue: float


@dataclass(frozen=True, slots=True)
class Served(Shown):
    """What surfaces showed in a period, with the verdicts first.

    Attributes:
        currency: of amounts.
        period: its days.
        window: within which a product counts as bought after it was shown, in words.
        verdicts: experiment on these surfaces -> its verdict, or why there is none.
        arms: exposures.
        shelves: lists.
        offers: products, the most shown first.
        sold: what was bought through offers, by the marks that carts carry.
    """

    currency: str
    period: Period
    window: str
    verdicts: Mapping[str, Verdict | str]
    arms: tuple[Arm, ...]
    shelves: tuple[Shelf, ...]
    offers: tuple[Offer, ...]
    sold: tuple[Sold, ...] = ()

    def grids(self) -> list[Grid]:
        """Return the verdicts, the arms, the lists, what was bought through offers, and the products shown most."""
        through = [self._sold()] if self.sold else []
        return [self._verdicts(), self._arms(), self._shelves(), *through, self._offers()]

    def _verdicts(self) -> Grid:
        rows = [
            (name, found.outcome, found.because) if isinstance(found, Verdict) else (name, "none", found)
            for name, found in self.verdicts.items()
        ]
        title = "What the holdout says"
        if not rows:
            return Grid(title, (), (), ("No experiment is declared here: what it earns is not known.",))
        return Grid(title, ("experiment", "verdict", "because"), rows, left=3)

    def _arms(self) -> Grid:
        rows = [
            (
                each.surface or "-",
                each.experiment,
                each.variant,
                each.policy or "-",
                count(each.n_visitors),
                percent(each.without_list_share),
            )
            for each in self.arms
        ]
        note = (
            "The log keeps that a visitor became eligible, not each decision: a policy that had nothing to offer is seen by "
            "visitors without a list alone."
        )
        heads = ("surface", "experiment", "arm", "policy", "visitors", "without a list")
        return Grid(f"Who became eligible, {self.period.first_on} to {self.period.last_on}", heads, rows, (note,), left=4)

    def _shelves(self) -> Grid:
        rows = [(each, (each.n_lists, each.n_shown, each.n_visitors, each.units)) for each in self.shelves]
        note = (
            f"Bought: a product, by the person to whom it was shown, within {self.window}; net of its order's returns. It "
            "says what followed, never what the list did: many would have bought it anyway."
        )
        heads = ("lists", "products", "visitors", "units bought")
        return self._by_policy("What was shown, and bought afterwards", heads, rows, note)

    def _sold(self) -> Grid:
        rows = [(each, (each.n_decisions, each.n_empty, each.n_lines, each.units)) for each in self.sold]
        note = (
            "The order's line carries the mark of the decision that offered it. That is what was taken from the list, not "
            "what the list added."
        )
        heads = ("decisions", "without offers", "lines", "units")
        return self._by_policy("What was bought through an offer", heads, rows, note)

    def _by_policy(
        self, title: str, heads: Sequence[str], rows: Sequence[tuple[Shelf | Sold, Sequence[int]]], note: str
    ) -> Grid:
        """Return a table of surfaces, policies and arms with what is counted of each, and its net revenue."""
        shown = [
            (
                each.surface,
                each.policy or "-",
                each.variant or "-",
                *(count(n) for n in counted),
                money(each.net_revenue, self.currency),
            )
            for each, counted in rows
        ]
        return Grid(title, ("surface", "policy", "arm", *heads, "net revenue"), shown, (note,), left=3)

    def _offers(self) -> Grid:
        rows = [
            (
                each.surface,
                each.policy or "-",
                each.product_id,
                count(each.n_shown),
                count(each.units),
                money(each.net_revenue, self.currency),
            )
            for each in self.offers[:_MOST]
        ]
        title = f"Products shown most: {len(rows):,} of {len(self.offers):,}"
        return Grid(title, ("surface", "policy", "product", "shown", "units bought", "net revenue"), rows, left=3)
