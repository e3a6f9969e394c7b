"""The boost list: what products earn each time they are shown, and those that are clicked and not bought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from counterclick.audits.served import Served
from counterclick.display import Grid, Shown, count, money

__all__ = ["THOUSAND", "Boost", "Boosts"]

THOUSAND = 1_000
"""Amounts are shown for a thousand times shown, since those for one are mostly below a cent."""
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Boost:
    """One product of the list.

    Attributes:
        product_id: which.
        title: as the catalogue calls it; None where it does not.
        factor: by which a search engine may weigh it: what it earns over what the mean product does, within limits; 1 where
            it was shown too seldom, or where too little is recorded to tell any from another.
        because: the reason, in a sentence.
        n_shown: how often it was in a list.
        n_seen: the same, each place counted as much as it is seen.
        n_orders: order lines that followed a list, whether they came back or not.
        n_units: units in these.
        n_settled: of these lines, those whose returns window is over.
        n_returned: of the settled ones, those that came back, or the part of them that did.
        net_value: what it earns each time it is shown: revenue that was kept, shrunk.
        low: lower end of its 95 % interval.
        high: upper end.
        order_value: revenue of one order of it that was kept, shrunk.
        margin: of what was kept, where unit costs are known; None where they are not. It has no say.
        n_clicks: clicks on it in lists: shown here, and never learnt from.
        clicked: clicks over those that the mean of all would have had as often shown; None where nothing was clicked.
        bought: orders that were kept over those that the mean would have had; None where nothing was bought.
        is_told: whether it was shown often enough to be told from the mean.
        misleads: whether it is clicked more than its share and bought less than its share, both by more than chance.
    """

    product_id: str
    title: str | None
    factor: float
    because: str
    n_shown: int
    n_seen: float
    n_orders: int
    n_units: int
    n_settled: int
    n_returned: float
    net_value: float
    low: float
    high: float
    order_value: float
    margin: float | None
    n_clicks: int
    clicked: float | None
    bought: float | None
    is_told: bool
    misleads: bool


@dataclass(frozen=True, slots=True)
class Boosts(Shown):
    """What products earn each time they are shown.

    Attributes:
        currency: of amounts.
        served: what the arm ``ranking`` served, with its verdicts first.
        boosts: products, those that earn most first; after them those that were shown too seldom.
        missing: what is missing before anything is reordered, each in one sentence.
        uncorrected: why places are not corrected; empty where they are.
        seen: how much each place is seen beside the first one, from the first; empty where that is not known.
        serves: why no model of it serves; empty where one does.
        mean: what the mean product earns each time it is shown.
        first_at: the first list that counts, UTC; None where none does.
        last_at: the last one.
    """

    currency: str
    served: Served
    boosts: tuple[Boost, ...]
    missing: tuple[str, ...]
    uncorrected: str
    seen: tuple[float, ...]
    serves: str
    mean: float
    first_at: datetime | None
    last_at: datetime | None

    @property
    def misleading(self) -> tuple[Boost, ...]:
        """Products that are clicked more than their share and bought less, those clicked most beyond it first."""
        found = [each for each in self.boosts if each.misleads]
        return tuple(sorted(found, key=lambda each: -(each.clicked or 0)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known to read the list, each in one sentence."""
        notes = [
            f"{each[:1].upper()}{each[1:]}: nothing is reordered until then, and every factor is 1." for each in self.missing
        ]
        if self.uncorrected:
            notes.append(f"{self.uncorrected[:1].upper()}{self.uncorrected[1:]}.")
        if self.serves:
            notes.append(f"{self.serves[:1].upper()}{self.serves[1:]}.")
        return tuple(notes)

    def grids(self) -> list[Grid]:
        """Return the verdicts, the boosts, and what is clicked and not bought."""
        return [*self.served.grids()[:1], self._list(), *([self._misleading()] if self.misleading else [])]

    def _list(self) -> Grid:
        rows = [
            (
                each.product_id,
                f"{each.factor:.2f}",
                count(each.n_shown),
                count(each.n_orders),
                f"{each.n_returned:,.0f} of {each.n_settled:,}",
                money(each.net_value * THOUSAND, self.currency),
                f"[{money(each.low * THOUSAND, self.currency)}, {money(each.high * THOUSAND, self.currency)}]",
                each.because,
            )
            for each in self.boosts[:_SHOWN]
        ]
        heads = ("product", "boost", "shown", "orders", "came back", "net of 1,000", "95 % interval", "because")
        n_more = len(self.boosts) - len(rows)
        more = [f"{count(n_more)} more products: --json, or --out FILE."] if n_more > 0 else []
        return Grid("What products earn when they are shown", heads if rows else (), rows, [*self.notes, *more])

    def _misleading(self) -> Grid:
        rows = [
            (
                each.product_id,
                money(each.order_value, self.currency),
                count(each.n_clicks),
                f"{each.clicked or 0:.1f}",
                f"{each.bought or 0:.1f}",
            )
            for each in self.misleading[:_SHOWN]
        ]
        note = (
            "Times as often as the mean product that is shown as often. Clicks are shown here, and have no say in any boost."
        )
        heads = ("product", "an order of it", "clicks", "clicked", "bought")
        return Grid("Clicked, and not bought", heads, rows, (note,))
