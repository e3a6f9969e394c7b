"""How the ledger is laid: claims, credits and ways of counting, from tables to values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.attribution import Rule, within
from counterclick.attribution import claimed as claimed_of
from counterclick.attribution import credited as credited_of
from counterclick.audits.adding import claims_together, period_claims, tied_to
from counterclick.audits.ledger import WINDOWS, Claimant, Inflation, Ledger, Period, Problem
from counterclick.facts.rows import all_rows, one_row

__all__ = ["WAYS", "claimed_by_surface", "counted_by", "ledger_audit"]

_ROUNDING = 0.01
"""What a claim may exceed its order by: a cent."""
WAYS = {
    "itself, any": "each for itself, opens too",
    "itself, touch": "each for itself, touches",
    "last": "last touch, once",
    "first": "first touch, once",
}
"""way of counting -> how the page calls it."""


def claimed_by_surface(ruled: Table, told: Table, orders: Table, claimed_by: Mapping[str, str]) -> Table:
    """Return who claims which order: tools where they report orders, other surfaces by `CLAIM_RULE`.

    A tool speaks for its surface from the first order that it claims to the last; before and after, the rule does.

    Grain: one order, surface and claimant. Columns: order_id, surface, claimant (the tool, or the surface itself),
    claimed_revenue (of several windows of a tool, the largest).

    Args:
        ruled: `counterclick.attribution.claims` by `CLAIM_RULE`.
        told: `counterclick.facts.Facts.tool_claims`.
        orders: `counterclick.facts.Facts.orders`.
        claimed_by: claimant -> surface.
    """
    whole = ruled.select("order_id", "surface", "claimed_revenue", claimant=ruled.surface)
    if not claimed_by:
        return whole
    known = _on_orders(told, orders).filter(_.claimed_revenue.notnull() & _.claimant.isin(list(claimed_by)))
    named = known.mutate(surface=known.claimant.substitute(dict(claimed_by)))
    spans = all_rows(named.group_by("surface").agg(first=_.ordered_at.min(), last=_.ordered_at.max()))
    if not spans:
        return whole
    dated = whole.join(orders.select("order_id", "ordered_at"), "order_id")
    spoken_for = ibis.or_(
        *(
            (dated.surface == span["surface"])
            & dated.ordered_at.between(ibis.literal(span["first"]), ibis.literal(span["last"]))
            for span in spans
        )
    )
    rest = dated.filter(~spoken_for).select(*whole.columns)
    reported = named.group_by("order_id", "surface", "claimant").agg(claimed_revenue=_.claimed_revenue.max())
    return rest.union(reported.select(*rest.columns))


def ledger_audit(
    *,
    orders: Table,
    paired: Table,
    told: Table,
    claimed: Table,
    credited: Table,
    rule: Rule,
    claimed_by: Mapping[str, str],
    currency: str,
    timezone: str,
) -> Ledger:
    """Lay claims beside credits and revenue.

    Args:
        orders: `counterclick.facts.Facts.orders`.
        paired: `counterclick.attribution.pairs` over `WIDEST`.
        told: `counterclick.facts.Facts.tool_claims`.
        claimed: `claimed_by_surface`.
        credited: `counterclick.attribution.credits` by the shop's rule.
        rule: the shop's rule.
        claimed_by: claimant -> surface.
        currency: of all amounts.
        timezone: in whose days periods are shown.
    """
    whole = one_row(
        orders.agg(n=_.count(), revenue=_.revenue.sum().cast("float64"), net_revenue=_.net_revenue.sum().cast("float64"))
    )
    once = told.filter(told.nth == 0)
    claimants = _claimants(once, orders, paired, claimed_by)
    together = claims_together(claimed, told, orders, claimed_by)
    per_order = claimed.group_by("order_id").agg(n=_.claimant.nunique())
    several = one_row(per_order.agg(n=_.count(), twice=(_.n > 1).cast("int64").sum()))
    net = credited.join(orders.select("order_id", "net_revenue"), "order_id")
    sums = one_row(net.agg(total=_.attributed_revenue.sum().cast("float64"), after=_.net_revenue.sum().cast("float64")))
    adds = all_rows(period_claims(claimed, told, orders, claimed_by))
    counted = {row["claim_id"]: float(row["adds"]) for row in adds}
    periods = _periods(once, orders, credited, claimed_by, ZoneInfo(timezone), counted)
    return Ledger(
        currency=currency,
        n_orders=int(whole["n"]),
        revenue=whole["revenue"] or 0.0,
        net_revenue=whole["net_revenue"] or 0.0,
        claimed=one_row(together.agg(total=_.adds.sum().cast("float64")))["total"] or 0.0,
        n_claimed=int(several["n"]),
        n_twice=int(several["twice"] or 0),
        attributed=sums["total"] or 0.0,
        attributed_net=sums["after"] or 0.0,
        claimants=claimants,
        periods=periods,
        inflation=_inflation(paired, whole["revenue"] or 0.0),
        problems=_problems(told, orders),
        rule=rule.in_words,
    )


def _on_orders(told: Table, orders: Table) -> Table:
    """Return the first claims on orders that are known, with what the order amounts to."""
    own = orders.select(
        _order="order_id",
        ordered_at=orders.ordered_at,
        order_revenue=orders.revenue,
        order_returned=orders.returned_value,
        order_value=(orders.gmv + orders.tax + orders.shipping).cast("float64"),
    )
    first = told.filter((told.nth == 0) & told.order_id.notnull())
    return first.join(own, first.order_id == own["_order"]).drop("_order")


def _claimants(once: Table, orders: Table, paired: Table, claimed_by: Mapping[str, str]) -> tuple[Claimant, ...]:
    keys = ("claimant", "claim_window")
    known = _on_orders(once, orders)
    known = known.mutate(surface=tied_to(known.claimant, claimed_by))
    seen = paired.group_by(_seen="order_id", _on="surface").agg(is_touched=_.is_touch.any())
    joined = known.left_join(seen, [known.order_id == seen["_seen"], known.surface == seen["_on"]])
    of_orders = joined.group_by(*keys).agg(
        n_orders=_.count(),
        of_orders=_.claimed_revenue.sum().cast("float64"),
        order_revenue=_.order_revenue.sum().cast("float64"),
        returned=_.order_returned.sum().cast("float64"),
        n_touched=_.is_touched.cast("int64").sum(),
        n_seen=_["_seen"].count(),
    )
    all_of = once.group_by(*keys).agg(
        n_claims=_.count(),
        claimed=_.claimed_revenue.sum().cast("float64"),
        of_periods=_.claimed_revenue.sum(where=_.order_id.isnull()).cast("float64"),
    )
    found = {(row["claimant"], row["claim_window"]): row for row in all_rows(of_orders)}
    lines = []
    for row in all_rows(all_of.order_by(*keys)):
        own = found.get((row["claimant"], row["claim_window"]), {})
        n, tied = int(own.get("n_orders") or 0), claimed_by.get(row["claimant"])
        lines.append(
            Claimant(
                claimant=row["claimant"],
                window=row["claim_window"],
                surface=tied,
                n_claims=int(row["n_claims"]),
                n_orders=n,
                claimed=row["claimed"] or 0.0,
                of_orders=own.get("of_orders") or 0.0,
                of_periods=row["of_periods"] or 0.0,
                order_revenue=own.get("order_revenue") or 0.0,
                returned=own.get("returned") or 0.0,
                n_untouched=n - int(own.get("n_touched") or 0) if tied else None,
                n_unseen=n - int(own.get("n_seen") or 0) if tied else None,
            )
        )
    return tuple(lines)


def _periods(
    once: Table,
    orders: Table,
    credited: Table,
    claimed_by: Mapping[str, str],
    zone: ZoneInfo,
    counted: Mapping[str, float],
) -> tuple[Period, ...]:
    """Return claims on periods, each with what it adds to the sum of all claims where it counts."""
    lines: list[Period] = []
    for row in all_rows(once.filter(once.order_id.isnull())):
        first, last, surface = row["period_starts_at"], row["period_ends_at"], claimed_by.get(row["claimant"])
        lines.append(
            Period(
                claimant=row["claimant"],
                window=row["claim_window"],
                surface=surface,
                starts_on=first.astimezone(zone).date(),
                ends_on=(last - timedelta(microseconds=1)).astimezone(zone).date(),
                claimed=None if row["claimed_revenue"] is None else float(row["claimed_revenue"]),
                adds=counted.get(row["claim_id"], 0.0),
                overlaps=row["claimed_revenue"] is not None and row["claim_id"] not in counted,
                revenue=_between(orders, "revenue", first, last),
                attributed=None
                if surface is None
                else _between(credited.filter(_.surface == surface), "attributed_revenue", first, last),
            )
        )
    return tuple(sorted(lines, key=lambda line: (line.claimant, line.window, line.starts_on, line.ends_on)))


def _between(sold: Table, amount: str, first: datetime, last: datetime) -> float:
    inside = sold.filter((sold.ordered_at >= ibis.literal(first)) & (sold.ordered_at < ibis.literal(last)))
    return float(one_row(inside.agg(total=inside[amount].sum().cast("float64")))["total"] or 0.0)


def counted_by(paired: Table, way: str, window: str) -> Table:
    """Return the orders that a way of counting gives to surfaces. Grain: one order and surface; with the order's amount.

    Args:
        paired: `counterclick.attribution.pairs` over `WIDEST`.
        way: one of `WAYS`.
        window: one of `WINDOWS`.
    """
    rule = Rule("last" if way == "last" else "first", WINDOWS[window], helpful_only=way != "itself, any")
    admitted = within(paired, rule)
    if way.startswith("itself"):
        return claimed_of(admitted).select("order_id", "surface", amount=_.claimed_revenue)
    return credited_of(admitted, rule).select("order_id", "surface", amount=_.attributed_revenue)


def _inflation(paired: Table, revenue: float) -> tuple[Inflation, ...]:
    """Return each surface's share of revenue by way of counting and window, in one query."""
    parts = []
    for way in WAYS:
        for label in WINDOWS:
            summed = counted_by(paired, way, label).group_by("surface").agg(total=_.amount.sum().cast("float64"))
            parts.append(summed.mutate(way=ibis.literal(way), window_=ibis.literal(label)))
    rows = all_rows(ibis.union(*parts))
    totals = {(row["surface"], row["way"], row["window_"]): row["total"] for row in rows}
    surfaces = sorted({row["surface"] for row in rows})
    return tuple(
        Inflation(
            surface,
            says,
            {label: totals.get((surface, way, label), 0.0) / revenue if revenue else 0.0 for label in WINDOWS},
        )
        for surface in surfaces
        for way, says in WAYS.items()
    )


def _problems(told: Table, orders: Table) -> tuple[Problem, ...]:
    own = orders.select(_order="order_id", order_value=(orders.gmv + orders.tax + orders.shipping).cast("float64"))
    joined = told.left_join(own, told.order_id == own["_order"])
    problem = ibis.cases(
        (joined.nth > 0, "reported before"),
        (joined.claimed_revenue.isnull(), "no exchange rate"),
        (joined.order_id.notnull() & joined["_order"].isnull(), "unknown order"),
        (joined.claimed_revenue.cast("float64") > joined.order_value + _ROUNDING, "more than the order"),
        else_=ibis.null("string"),
    )
    wrong = joined.mutate(problem=problem).filter(_.problem.notnull())
    rows = all_rows(wrong.order_by("problem", "claimant", "order_id", "claim_id"))
    return tuple(
        Problem(
            row["problem"],
            row["claimant"],
            row["order_id"],
            float(row["claimed_amount"]),
            row["currency"],
            row["order_value"],
        )
        for row in rows
    )
