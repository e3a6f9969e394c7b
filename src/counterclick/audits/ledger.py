"""The ledger: what tools report and surfaces would claim, beside the shop's revenue and its own credits.

A claim is laid beside the truth and changes nothing of it. What cannot be joined to an order, or is more than the order,
or stands in a currency without a rate, is counted under its own name and listed row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from counterclick.attribution import LastTouch
from counterclick.display import Grid, Shown, count, money, percent

__all__ = [
    "CLAIM_RULE",
    "PROBLEMS",
    "WIDEST",
    "WINDOWS",
    "Claimant",
    "Inflation",
    "Ledger",
    "Period",
    "Problem",
]

CLAIM_RULE = LastTouch(timedelta(days=7), helpful_only=False)
"""How vendors count: any interaction within seven days. Each surface for itself."""
WINDOWS = {"1 h": timedelta(hours=1), "24 h": timedelta(hours=24), "7 d": timedelta(days=7), "30 d": timedelta(days=30)}
"""Windows under which inflation is shown."""
WIDEST = max(WINDOWS.values())
PROBLEMS = {
    "unknown order": "The order is not in the log. It counts as claimed, and nothing can be laid beside it.",
    "more than the order": "It claims more than the order with tax, shipping and discount. It counts as it was claimed.",
    "no exchange rate": "It stands in another currency and no rate converts it. It is in no sum.",
    "reported before": "The same tool, window and order stand in another row that came later or with it. That one counts.",
}
"""problem -> what it does to the figures."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """What one tool reports under one window.

    Attributes:
        claimant: the tool.
        window: its own words for how it counts; empty where it says nothing.
        surface: of the shop, by ``claimed_by``; None where it is tied to none.
        n_claims: rows, those that were reported before left out.
        n_orders: of these, claims on known orders.
        claimed: sum of all claims in the shop's currency, orders and periods.
        of_orders: of this, on known orders.
        of_periods: of this, on periods.
        order_revenue: revenue of these orders.
        returned: of this, what has come back or was cancelled since.
        n_untouched: known orders without a click or helpful answer on its surface in 30 days before; None without surface.
        n_unseen: of these, orders without anything at all on its surface, not even an opened message.
    """

    claimant: str
    window: str
    surface: str | None
    n_claims: int
    n_orders: int
    claimed: float
    of_orders: float
    of_periods: float
    order_revenue: float
    returned: float
    n_untouched: int | None = None
    n_unseen: int | None = None

    @property
    def n_opened(self) -> int:
        """Known orders after something on its surface that was no touch: an opened message, an unhelpful answer."""
        return (self.n_untouched or 0) - (self.n_unseen or 0)

    @property
    def counts_opens(self) -> bool:
        """Whether most of what it claims had no click or helpful answer, but something of it was opened or said."""
        return self.n_opened > self.n_orders / 2


@dataclass(frozen=True, slots=True)
class Period:
    """A claim on a period beside what the shop knows of it.

    Attributes:
        claimant: the tool.
        window: its own words.
        surface: of the shop, or None.
        starts_on: first day, in the shop's time zone.
        ends_on: last day.
        claimed: in the shop's currency; None where no rate is known.
        adds: to the sum of all claims: what it exceeds the surface's claims on orders of its time by; 0 where it overlaps.
        overlaps: whether a larger claim of the same tool is on some of its days.
        revenue: of the whole shop in the period.
        attributed: of this, what the shop's rule credits to the surface; None where it is tied to none.
    """

    claimant: str
    window: str
    surface: str | None
    starts_on: date
    ends_on: date
    claimed: float | None
    adds: float
    overlaps: bool
    revenue: float
    attributed: float | None


@dataclass(frozen=True, slots=True)
class Inflation:
    """What one way of counting gives a surface.

    Attributes:
        surface: which.
        way: of counting.
        shares: window -> share of the shop's revenue.
    """

    surface: str
    way: str
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Problem:
    """A claim that something is wrong with.

    Attributes:
        problem: one of `PROBLEMS`.
        claimant: the tool.
        order_id: the order; None for a period.
        amount: as it was reported.
        currency: of the amount.
        order_value: of the order with tax, shipping and discount; None where it is not known.
    """

    problem: str
    claimant: str
    order_id: str | None
    amount: float
    currency: str
    order_value: float | None


@dataclass(frozen=True, slots=True)
class Ledger(Shown):
    """Claims beside credits beside revenue.

    Attributes:
        currency: of all amounts but those of problems.
        n_orders: of the shop.
        revenue: of the shop, before returns.
        net_revenue: after returns.
        claimed: sum of all claims: what tools report, and what the other surfaces would.
        n_claimed: orders claimed by anyone.
        n_twice: orders claimed by two or more.
        attributed: sum of all credits, each order once.
        attributed_net: the same after returns.
        claimants: one for each tool and window.
        periods: claims on periods.
        inflation: one for each surface and way of counting.
        problems: claims that something is wrong with, all of them.
        rule: the shop's rule in words.
    """

    currency: str
    n_orders: int
    revenue: float
    net_revenue: float
    claimed: float
    n_claimed: int
    n_twice: int
    attributed: float
    attributed_net: float
    claimants: tuple[Claimant, ...]
    periods: tuple[Period, ...]
    inflation: tuple[Inflation, ...]
    problems: tuple[Problem, ...]
    rule: str

    def grids(self) -> list[Grid]:
        """Return the sums, each tool, each way of counting, and what is wrong with claims."""
        return [
            self._sums(),
            *([self._tools()] if self.claimants else []),
            *([self._of_periods()] if self.periods else []),
            self._ways(),
            *([self._wrong()] if self.problems else []),
        ]

    def listed(self) -> Grid:
        """Return every claim that something is wrong with, row by row."""
        rows = [
            (
                found.problem,
                found.claimant,
                found.order_id or "(a period)",
                money(found.amount, found.currency),
                "not known" if found.order_value is None else money(found.order_value, self.currency),
            )
            for found in self.problems
        ]
        return Grid(
            f"{count(len(rows))} claims to mend", ("problem", "tool", "order", "claimed", "order's value"), rows, left=3
        )

    def _share(self, amount: float) -> str:
        return percent(amount / self.revenue, 0) if self.revenue else "-"

    def _sums(self) -> Grid:
        amounts = [
            ("revenue", f"{count(self.n_orders)} orders", self.revenue),
            ("net of returns", "", self.net_revenue),
            ("claimed together", self._twice(), self.claimed),
            ("credited", f"{self.rule}; an order once", self.attributed),
            ("credited, net", "after returns", self.attributed_net),
        ]
        rows = [(name, how, money(amount, self.currency), self._share(amount)) for name, how, amount in amounts]
        note = "Claimed and credited are ways of counting. Neither says what would have been bought anyway."
        return Grid("Claims and credits", ("", "", "amount", "of revenue"), rows, (note,), left=2)

    def _twice(self) -> str:
        share = percent(self.n_twice / self.n_claimed, 0) if self.n_claimed else "0 %"
        return f"{count(self.n_claimed)} orders, {share} of them by two or more"

    def _tools(self) -> Grid:
        rows = [
            (
                line.claimant,
                line.window or "not said",
                line.surface or "none",
                count(line.n_claims),
                self._share(line.claimed),
                percent(line.returned / line.order_revenue, 0) if line.order_revenue else "-",
                "-" if line.n_untouched is None or not line.n_orders else percent(line.n_untouched / line.n_orders, 0),
            )
            for line in self.claimants
        ]
        notes = [
            "Came back: share of the revenue of its known orders. No touch: known orders without a click or helpful answer "
            "on its surface in the 30 days before."
        ]
        notes += [
            f"{line.claimant} counts opens: of {count(line.n_orders)} orders that it claims, {count(line.n_opened)} "
            "followed an opened message or an unhelpful answer, and no click."
            for line in self.claimants
            if line.counts_opens
        ]
        notes += [
            f"{line.claimant}: of {count(line.n_orders)} orders that it claims, {count(line.n_unseen)} followed nothing on "
            f"{line.surface} that is recorded."
            for line in self.claimants
            if line.n_unseen
        ]
        untied = sorted({line.claimant for line in self.claimants if line.surface is None})
        if untied:
            notes.append(
                f"Tied to no surface: {', '.join(untied)}. Their orders are not among those claimed twice. Write "
                f'claimed_by = ["{untied[0]}"] under [surfaces.NAME] in shop.toml.'
            )
        heads = ("tool", "counts", "surface", "claims", "of revenue", "came back", "no touch")
        return Grid("What tools report", heads, rows, notes, left=3)

    def _of_periods(self) -> Grid:
        rows = [
            (
                line.claimant,
                f"{line.starts_on}",
                f"{line.ends_on}",
                "no rate" if line.claimed is None else money(line.claimed, self.currency),
                "overlaps" if line.overlaps else money(line.adds, self.currency),
                "-" if line.attributed is None else money(line.attributed, self.currency),
                money(line.revenue, self.currency),
            )
            for line in self.periods
        ]
        notes = (
            "Sums of a period cannot be joined to orders: no order of them is checked, and no ratio to an effect is given.",
            "Adds: to the sum of all claims, beyond what its surface claims on orders of the same days; of claims that "
            "overlap, the largest.",
        )
        heads = ("tool", "first day", "last day", "claimed", "adds", "credited", "revenue")
        return Grid("What tools report for periods", heads, rows, notes, left=1)

    def _ways(self) -> Grid:
        labels = tuple(WINDOWS)
        rows = [(line.surface, line.way, *(percent(line.shares[label], 0) for label in labels)) for line in self.inflation]
        note = "The same orders, counted in other ways. Nothing of it is an effect."
        return Grid("Share of revenue by way of counting and window", ("surface", "way", *labels), rows, (note,), left=2)

    def _wrong(self) -> Grid:
        counts = Counter(found.problem for found in self.problems)
        rows = [(name, count(counts[name]), says) for name, says in PROBLEMS.items() if counts[name]]
        notes = ("`counterclick claims --problems` lists each row.",)
        return Grid("Claims to mend", ("problem", "claims", "what it means"), rows, notes, left=3)
