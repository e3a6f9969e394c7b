"""One order's journey: what its buyer did with surfaces, who is credited and why nobody else, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from counterclick.attribution import Rule
from counterclick.display import Grid, Shown, money

__all__ = ["Claimed", "Member", "Refunded", "Touch", "Trace", "touches_of"]

_HOUR = timedelta(hours=1)


class Member(Protocol):
    """Whether the order counts in an experiment: see `counterclick.experiments.membership.Membership`."""

    @property
    def experiment(self) -> str:
        """Which."""
        ...

    @property
    def variant(self) -> str | None:
        """The arm of its visitor."""
        ...

    @property
    def exposed_at(self) -> datetime | None:
        """Since when, UTC."""
        ...

    @property
    def counts(self) -> bool:
        """Whether it counts now."""
        ...

    @property
    def says(self) -> str:
        """Why, or why not."""
        ...


@dataclass(frozen=True, slots=True)
class Touch:
    """What the buyer did with a surface before the order.

    Attributes:
        occurred_at: when, UTC.
        hours_before: the order.
        surface: where.
        kind: of event: an answer, a click, an opened message.
        interaction_id: the event's id.
        visitor_id: who did it; None where a customer is named alone.
        is_touch: whether it is a helpful answer or a click: what may be credited.
        in_window: whether it lies within the rule's window.
        is_credited: whether the order is credited to it.
        says: why, or why not.
    """

    occurred_at: datetime
    hours_before: float
    surface: str
    kind: str
    interaction_id: str
    visitor_id: str | None
    is_touch: bool
    in_window: bool
    is_credited: bool
    says: str


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money that went back.

    Attributes:
        refunded_at: when, UTC.
        amount: in the shop's currency.
        units: that came back; None where not told.
        is_return: false for a cancellation.
        is_matched: whether it counts: it is not earlier than the order.
    """

    refunded_at: datetime
    amount: float
    units: int | None
    is_return: bool
    is_matched: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a tool claims of the order.

    Attributes:
        claimant: the tool.
        window: its own words for how it counts; empty where it says nothing.
        amount: as it was reported.
        currency: of the amount.
        counts: whether it is the latest report of that tool and window.
    """

    claimant: str
    window: str
    amount: float
    currency: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Trace(Shown):
    """One order's journey.

    Attributes:
        currency: of amounts.
        order: the row of the orders table.
        final_on: from which day on its net revenue is final: late events have come, its returns have had their time.
        is_provisional: whether that day lies after what the log knows.
        rule: of attribution, in words.
        credited_to: surface; None where nobody is credited.
        touches: oldest first.
        looked_back_days: how far back touches are shown.
        experiments: whether it counts in each.
        refunds: oldest first.
        claims: of outside tools.
    """

    currency: str
    order: Mapping[str, Any]
    final_on: date
    is_provisional: bool
    rule: str
    credited_to: str | None
    touches: tuple[Touch, ...]
    looked_back_days: int
    experiments: tuple[Member, ...]
    refunds: tuple[Refunded, ...]
    claims: tuple[Claimed, ...]

    def grids(self) -> list[Grid]:
        """Return the order, its touches, its arms, what came back and what is claimed of it."""
        grids = [self._order(), self._touches()]
        if self.experiments:
            grids.append(self._arms())
        if self.refunds:
            rows = [
                (
                    f"{each.refunded_at:%Y-%m-%d %H:%M}",
                    "return" if each.is_return else "cancellation",
                    "" if each.units is None else f"{each.units:,}",
                    money(each.amount, self.currency),
                    "" if each.is_matched else "earlier than the order: it does not count",
                )
                for each in self.refunds
            ]
            grids.append(Grid("What came back", ("at", "", "units", "amount", ""), rows, left=2))
        if self.claims:
            told = [
                (each.claimant, each.window or "-", money(each.amount, each.currency), "" if each.counts else "told before")
                for each in self.claims
            ]
            grids.append(Grid("What outside tools claim of it", ("claimant", "window", "claimed", ""), told, left=2))
        return grids

    def _order(self) -> Grid:
        order = self.order
        mark = " *" if self.is_provisional else ""
        shown = [
            ("ordered", f"{order['ordered_at']:%Y-%m-%d %H:%M:%S} UTC"),
            ("visitor", order["visitor_id"] or "not named"),
            ("customer", order["customer_id"] or "not known"),
            ("units", "not known" if order["units"] is None else f"{order['units']:,}"),
            ("revenue", money(order["revenue"], self.currency)),
            ("returned", money(order["returned_value"], self.currency) + mark),
            ("net revenue", money(order["net_revenue"], self.currency) + mark),
            ("margin", "not known" if order["margin"] is None else money(order["margin"], self.currency)),
        ]
        notes = [f"* provisional until {self.final_on}: goods may still come back."] if self.is_provisional else []
        return Grid(f"Order {order['order_id']}", ("", ""), shown, notes, left=2)

    def _touches(self) -> Grid:
        rows = [
            (
                f"{each.occurred_at:%Y-%m-%d %H:%M}",
                f"{each.hours_before:,.1f} h",
                each.surface,
                each.kind,
                "CREDITED" if each.is_credited else "",
                each.says,
            )
            for each in self.touches
        ]
        to = f"credited to {self.credited_to}" if self.credited_to else "credited to nobody"
        title = f"What its buyer did with surfaces in the {self.looked_back_days} days before; {to} ({self.rule})"
        if not rows:
            nobody = self.order["person_id"] is None
            says = "The order names neither a visitor nor a customer." if nobody else "Nothing is recorded."
            return Grid(title, (), (), (says,))
        note = "An order is credited once, to one touch. Times in UTC. Credit, not effect."
        return Grid(title, ("at", "before", "surface", "kind", "", "why"), rows, (note,), left=6)

    def _arms(self) -> Grid:
        rows = [
            (
                each.experiment,
                each.variant or "-",
                "-" if each.exposed_at is None else f"{each.exposed_at:%Y-%m-%d %H:%M}",
                each.says,
            )
            for each in self.experiments
        ]
        return Grid("Experiments", ("experiment", "arm", "since", "does the order count?"), rows, left=4)


def touches_of(
    rows: Sequence[Mapping[str, Any]],
    answers: Mapping[str, Mapping[str, Any]],
    credited: Collection[tuple[str, str]],
    rule: Rule,
) -> tuple[Touch, ...]:
    """Return an order's touches, each with the reason why it is credited or not.

    Args:
        rows: `counterclick.attribution.pairs` of the one order, with ``visitor_id``.
        answers: id -> answer of an assistant: escalated, could_not_answer, n_matched (products that it matched).
        credited: kind and id of what the rule credits.
        rule: of attribution.
    """
    found = []
    for row in sorted(rows, key=lambda each: (each["touched_at"], each["interaction_id"], each["kind"])):
        before = row["ordered_at"] - row["touched_at"]
        is_credited = (row["kind"], row["interaction_id"]) in credited
        in_window = before <= rule.window
        found.append(
            Touch(
                occurred_at=row["touched_at"],
                hours_before=before / _HOUR,
                surface=row["surface"],
                kind=row["kind"],
                interaction_id=row["interaction_id"],
                visitor_id=row["visitor_id"],
                is_touch=row["is_touch"],
                in_window=in_window,
                is_credited=is_credited,
                says=_why(row, answers.get(row["interaction_id"], {}), rule, in_window=in_window, is_credited=is_credited),
            )
        )
    return tuple(found)


def _why(row: Mapping[str, Any], answer: Mapping[str, Any], rule: Rule, *, in_window: bool, is_credited: bool) -> str:
    helpful = " helpful" if rule.helpful_only else ""
    if is_credited:
        return f"It is the {rule.touch}{helpful} touch within {rule.window / _HOUR:g} h."
    said = [] if row["is_touch"] or not rule.helpful_only else [_unhelpful(row["kind"], answer)]
    if not in_window:
        said.append(f"It lies more than {rule.window / _HOUR:g} h before the order.")
    if not said:
        said.append(f"It is not the {rule.touch}{helpful} touch: an order is credited once.")
    return " ".join(said)


def _unhelpful(kind: str, answer: Mapping[str, Any]) -> str:
    if kind != "assistant_answer":
        return "A message that is opened, and not clicked, is no touch."
    if answer.get("escalated"):
        return "Not helpful: it was handed over to a person."
    if answer.get("could_not_answer"):
        return "Not helpful: it could not answer."
    if not answer.get("n_matched"):
        return "Not helpful: it matched no product."
    return "Not helpful: none of the products it matched is in the catalogue."
