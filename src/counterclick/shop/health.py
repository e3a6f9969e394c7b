"""Is the data fit to be judged? What was refused, what does not join, what contradicts itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ibis import _
from ibis.expr.types import Table

from counterclick.attribution import Rule
from counterclick.display import Grid, Shown, count, money
from counterclick.errors import UnknownNameError
from counterclick.events.schema import REJECTION
from counterclick.shop.reading import Reading

__all__ = ["Finding", "Health", "Refused", "health_of", "refused_events"]

_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that needs attention.

    Attributes:
        name: in snake case, for ``--fail-on``.
        n: how many events or orders it concerns.
        amount: their revenue, in the shop's currency; None where that has no meaning.
        says: what it does to the figures, and what would be right.
    """

    name: str
    n: int
    amount: float | None
    says: str


@dataclass(frozen=True, slots=True)
class Health(Shown):
    """The state of the recorded data.

    Attributes:
        currency: of amounts.
        events: kind -> events recorded.
        rejected: reason -> events refused.
        skipped: name -> rows of files that are no events, by the mapping's own account.
        findings: what needs attention; empty ones are left out.
        fails: whether one stands that the caller asked to fail on.
    """

    currency: str
    events: Mapping[str, int]
    rejected: Mapping[str, int]
    skipped: Mapping[str, int]
    findings: tuple[Finding, ...]
    fails: bool = False

    def grids(self) -> list[Grid]:
        """Return counts by kind, what was refused, and the findings."""
        kinds = [(kind, count(n)) for kind, n in self.events.items()]
        grids = [Grid("Recorded events", ("kind", "events"), kinds)]
        if self.skipped:
            skipped = [(name, count(n)) for name, n in self.skipped.items()]
            grids.append(Grid("Rows that are no events, by their mapping", ("name", "rows"), skipped))
        if self.rejected:
            refused = [(reason, count(n)) for reason, n in self.rejected.items()]
            grids.append(Grid("Refused events", ("reason", "events"), refused))
        rows = [
            (
                finding.name,
                count(finding.n),
                "" if finding.amount is None else money(finding.amount, self.currency),
                finding.says,
            )
            for finding in self.findings
        ]
        if rows:
            grids.append(Grid("What needs attention", ("finding", "n", "revenue", "what it means"), rows, left=4))
        else:
            grids.append(Grid("What needs attention", (), (), ("Nothing.",)))
        return grids


@dataclass(frozen=True, slots=True)
class Refused(Shown):
    """Refused events, newest first.

    Attributes:
        rows: (reason, what would be right, what was sent, redacted).
        n_all: how many there are in all.
    """

    rows: tuple[tuple[str, str, str], ...]
    n_all: int

    def grids(self) -> list[Grid]:
        """Return them as a table."""
        shown = [(reason, says, body[:120]) for reason, says, body in self.rows]
        title = f"Refused events: {len(shown):,} of {self.n_all:,}"
        return [Grid(title, ("reason", "what is wrong", "what was sent"), shown, left=3)]


def refused_events(reading: Reading, most: int) -> Refused:
    """Return the newest refused events with their reasons."""
    rows = reading.rows(
        f"SELECT reason, details FROM events WHERE kind = '{REJECTION}' ORDER BY received_at DESC, event_id LIMIT {most}"
    )
    n_all = int(reading.one(f"SELECT count(*) FROM events WHERE kind = '{REJECTION}'"))
    parsed = [(reason, json.loads(details)) for reason, details in rows]
    return Refused(tuple((reason, found["details"], found["body"]) for reason, found in parsed), n_all)


def health_of(
    reading: Reading,
    rule: Rule,
    currency: str,
    skipped: Mapping[str, int],
    experiments: Sequence[str] = (),
    fail_on: Sequence[str] = (),
) -> Health:
    """Return the state of the recorded data.

    Raises:
        UnknownNameError: ``fail_on`` names no finding.
    """
    kinds = dict(reading.rows("SELECT kind, count(*) FROM events GROUP BY kind ORDER BY count(*) DESC, kind"))
    rejected = dict(
        reading.rows(
            f"SELECT reason, count(*) FROM events WHERE kind = '{REJECTION}' GROUP BY reason ORDER BY count(*) DESC, reason"
        )
    )
    kinds.pop(REJECTION, None)
    findings = [
        *_refused(rejected),
        *_orders(reading),
        *_refunds(reading),
        *_touches(reading, rule),
        _exposures(reading, experiments),
    ]
    names = [found.name for found in findings]
    for wanted in fail_on:
        if wanted != "any" and wanted not in names:
            raise UnknownNameError("finding", wanted, [*names, "any"])
    standing = tuple(found for found in findings if found.n)
    fails = any(wanted in ("any", found.name) for wanted in fail_on for found in standing)
    return Health(currency, kinds, rejected, skipped, standing, fails)


def _refused(rejected: Mapping[str, int]) -> list[Finding]:
    says = "They are in no figure. `counterclick check --rejections` lists them; mend and record them again."
    return [Finding("rejected_events", sum(rejected.values()), None, says)]


def _orders(reading: Reading) -> list[Finding]:
    orders = reading.facts.orders
    nobody = orders.filter(orders.visitor_id.isnull())
    found = _one(nobody.agg(n=_.count(), amount=_.revenue.sum().cast("float64")))
    lines = reading.facts.order_lines.group_by(_order="order_id").agg(listed=_.list_value.sum())
    joined = orders.join(lines, orders.order_id == lines["_order"])
    known = joined.filter(joined.listed > 0)
    off_gmv = (known.listed - known.gmv).abs() > _TOLERANCE * known.n_lines
    off_net = (known.listed - known.revenue).abs() > _TOLERANCE * known.n_lines
    odd = _one(known.filter(off_gmv & off_net).agg(n=_.count(), amount=_.revenue.sum().cast("float64")))
    repeats = reading.one(
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM events WHERE kind = 'purchase' GROUP BY order_id)"
    )
    return [
        Finding(
            "orders_without_visitor",
            found["n"],
            found["amount"],
            "They count for the shop, and for an experiment only through their customer. Send visitor_id with purchases.",
        ),
        Finding(
            "orders_unlike_their_lines",
            odd["n"],
            odd["amount"],
            "Their value equals neither the sum of their lines nor that sum less discount; value counts. Send value net "
            "of tax, shipping and discount.",
        ),
        Finding("repeated_orders", int(repeats), None, "Purchase events of an order already known: the earliest counts."),
    ]


def _refunds(reading: Reading) -> list[Finding]:
    refunds = reading.facts.returns
    unknown = refunds.filter(refunds.ordered_at.isnull())
    lost = _one(unknown.agg(n=_.count(), amount=_.returned_value.sum().cast("float64")))
    by_order = refunds.filter(refunds.is_matched).group_by(_order="order_id").agg(back=_.returned_value.sum())
    orders = reading.facts.orders
    joined = orders.join(by_order, orders.order_id == by_order["_order"])
    over = joined.filter(joined.back > joined.revenue + _TOLERANCE)
    excess = _one(over.agg(n=_.count(), amount=(over.back - over.revenue).sum().cast("float64")))
    early = _one(refunds.filter(refunds.refunded_at < refunds.ordered_at).agg(n=_.count()))
    return [
        Finding(
            "refunds_without_order",
            lost["n"],
            lost["amount"],
            "They lower no order's net revenue. Record the orders that they name, or send order_id with refunds.",
        ),
        Finding(
            "refunds_above_their_order",
            excess["n"],
            excess["amount"],
            "More went back than was paid; an order's net revenue stops at 0. Check for refunds sent twice.",
        ),
        Finding("refunds_before_their_order", early["n"], None, "Refunded before it was ordered: check the clocks."),
    ]


def _touches(reading: Reading, rule: Rule) -> list[Finding]:
    orders, touches = reading.facts.orders, reading.facts.touches
    seconds = int(rule.window.total_seconds())
    who = touches.select(_person="person_id", touched_second=touches.occurred_at.epoch_seconds())
    sold = orders.filter(orders.person_id.notnull()).select(
        "order_id", "person_id", "revenue", ordered_second=orders.ordered_at.epoch_seconds()
    )
    pairs = sold.join(who, sold.person_id == who["_person"])
    gap = pairs.ordered_second - pairs.touched_second
    each = pairs.group_by("order_id").agg(
        revenue=pairs.revenue.max(),
        before=((gap > 0) & (gap <= seconds)).any(),
        after=((gap <= 0) & (gap > -seconds)).any(),
    )
    only = each.filter(each.after & ~each.before)
    found = _one(only.agg(n=_.count(), amount=_.revenue.sum().cast("float64")))
    return [
        Finding(
            "orders_before_their_touch",
            found["n"],
            found["amount"],
            "A touch followed within the window, none came before: not credited. If many, check the clocks.",
        )
    ]


def _exposures(reading: Reading, experiments: Sequence[str]) -> Finding:
    rows = reading.rows(
        "SELECT experiment, count(*) FROM events WHERE kind = 'exposure' GROUP BY experiment ORDER BY experiment"
    )
    lost = {name: n for name, n in rows if name not in experiments}
    named = ", ".join(list(lost)[:5])
    says = f"Exposures to experiments that shop.toml does not declare: {named}. Declare them, or mend their names."
    return Finding("undeclared_experiments", sum(lost.values()), None, says)


def _one(table: Table) -> dict[str, Any]:
    row: dict[str, Any] = table.to_pyarrow().to_pylist()[0]
    return row
