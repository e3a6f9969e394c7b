"""What does not join, and what contradicts itself: orders, refunds, touches, exposures."""

from __future__ import annotations

from collections.abc import Sequence

from ibis import _

from counterclick.attribution import Rule
from counterclick.audits.health import Finding
from counterclick.display import percent
from counterclick.facts.rows import one_row
from counterclick.shop.reading import Reading

__all__ = ["exposures_of", "orders_of", "refunds_of", "touches_of"]

_TOLERANCE = 0.01


def orders_of(reading: Reading) -> list[Finding]:
    """Return the findings about orders."""
    orders = reading.facts.orders
    whole = one_row(orders.agg(amount=_.revenue.sum().cast("float64")))["amount"]
    nobody = orders.filter(orders.visitor_id.isnull())
    found = one_row(nobody.agg(n=_.count(), amount=_.revenue.sum().cast("float64")))
    lines = reading.facts.order_lines.group_by(_order="order_id").agg(listed=_.list_value.sum())
    joined = orders.join(lines, orders.order_id == lines["_order"])
    known = joined.filter(joined.listed > 0)
    off_gmv = (known.listed - known.gmv).abs() > _TOLERANCE * known.n_lines
    off_net = (known.listed - known.revenue).abs() > _TOLERANCE * known.n_lines
    odd = one_row(known.filter(off_gmv & off_net).agg(n=_.count(), amount=_.revenue.sum().cast("float64")))
    repeats = reading.one(
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM events WHERE kind = 'purchase' GROUP BY order_id)"
    )
    return [
        Finding(
            "orders_without_visitor",
            found["n"],
            found["amount"],
            f"{_share(found['amount'], whole)} of revenue. They count for the shop, and for an experiment only through "
            "their customer. Send visitor_id with purchases.",
        ),
        Finding(
            "orders_unlike_their_lines",
            odd["n"],
            odd["amount"],
            f"{_share(odd['amount'], whole)} of revenue. Their value equals neither the sum of their lines nor that sum "
            "less discount; value counts. Send value net of tax, shipping and discount.",
        ),
        Finding("repeated_orders", int(repeats), None, "Purchase events of an order already known: the earliest counts."),
    ]


def refunds_of(reading: Reading) -> list[Finding]:
    """Return the findings about refunds."""
    refunds = reading.facts.returns
    whole = one_row(refunds.agg(amount=_.returned_value.sum().cast("float64")))["amount"]
    unknown = refunds.filter(refunds.ordered_at.isnull())
    lost = one_row(unknown.agg(n=_.count(), amount=_.returned_value.sum().cast("float64")))
    by_order = refunds.filter(refunds.is_matched).group_by(_order="order_id").agg(back=_.returned_value.sum())
    orders = reading.facts.orders
    joined = orders.join(by_order, orders.order_id == by_order["_order"])
    over = joined.filter(joined.back > joined.revenue + _TOLERANCE)
    excess = one_row(over.agg(n=_.count(), amount=(over.back - over.revenue).sum().cast("float64")))
    early = one_row(refunds.filter(refunds.refunded_at < refunds.ordered_at).agg(n=_.count()))
    return [
        Finding(
            "refunds_without_order",
            lost["n"],
            lost["amount"],
            f"{_share(lost['amount'], whole)} of what was refunded lowers no order's net revenue, in any arm: net lifts and "
            "return rates lack it. Record the orders that they name, or send order_id with refunds.",
        ),
        Finding(
            "refunds_above_their_order",
            excess["n"],
            excess["amount"],
            f"{_share(excess['amount'], whole)} of what was refunded is more than was paid, and does not count: an order's "
            "net revenue stops at 0. Check for refunds sent twice.",
        ),
        Finding("refunds_before_their_order", early["n"], None, "Refunded before it was ordered: check the clocks."),
    ]


def touches_of(reading: Reading, rule: Rule) -> list[Finding]:
    """Return the finding about orders whose only touch comes after them."""
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
    found = one_row(only.agg(n=_.count(), amount=_.revenue.sum().cast("float64")))
    whole = one_row(orders.agg(amount=_.revenue.sum().cast("float64")))["amount"]
    return [
        Finding(
            "orders_before_their_touch",
            found["n"],
            found["amount"],
            f"A touch followed within the window, none came before: not credited. {_share(found['amount'], whole)} of "
            "revenue; no verdict rests on credit. If many, check the clocks.",
        )
    ]


def exposures_of(reading: Reading, experiments: Sequence[str]) -> Finding:
    """Return the finding about exposures to experiments that nobody declared."""
    rows = reading.rows(
        "SELECT experiment, count(*) FROM events WHERE kind = 'exposure' GROUP BY experiment ORDER BY experiment"
    )
    lost = {name: n for name, n in rows if name not in experiments}
    named = ", ".join(list(lost)[:5])
    says = f"Exposures to experiments that shop.toml does not declare: {named}. Declare them, or mend their names."
    return Finding("undeclared_experiments", sum(lost.values()), None, says)


def _share(part: float | None, whole: float | None) -> str:
    return percent((part or 0.0) / whole) if whole else percent(0)
