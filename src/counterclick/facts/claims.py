"""What outside tools report as theirs: orders, or sums of a period."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.facts.orders import MONEY

__all__ = ["tool_claims"]


def tool_claims(priced: Table, bought: Table, currency: str, *, has_rates: bool) -> Table:
    """Claims as tools reported them, each in the shop's currency where a rate is known.

    Grain: one recorded claim. Columns: claim_id, claimant, claim_window (empty where the tool says nothing), order_id (null
    for a period), period_starts_at and period_ends_at (UTC; null for an order), currency, claimed_amount (as reported),
    claimed_revenue (in the shop's currency; null where no rate is known), nth (0 for the latest claim of its claimant,
    window and order or period; above 0 it was reported again since).

    Args:
        priced: the events table with ``fx``.
        bought: `counterclick.facts.orders.purchases`: a claim in its order's currency is converted as the order was.
        currency: the shop's.
        has_rates: whether ``fx`` comes from a rate table; without one, amounts in other currencies are not known.
    """
    paid = bought.select(_order="order_id", _fx="fx", _currency=ibis.coalesce(bought.currency, currency))
    events = priced.filter(priced.kind == "claim")
    told = events.left_join(paid, events.order_id == paid["_order"])
    own = ibis.coalesce(told.currency, currency) == currency
    by_day = told.fx if has_rates else ibis.ifelse(own, 1.0, ibis.null("float64"))
    fx = ibis.ifelse(ibis.coalesce(told.currency, currency) == told["_currency"], told["_fx"], by_day)
    flat = told.select(
        "claimant",
        "order_id",
        claim_id=told.event_id,
        claim_window=ibis.coalesce(told.claim_window, ""),
        period_starts_at=told.order_id.isnull().ifelse(told.occurred_at, ibis.null(told.occurred_at.type())),
        period_ends_at=told.period_ends_at,
        currency=ibis.coalesce(told.currency, currency),
        claimed_amount=told.amount,
        received_at=told.received_at,
        claimed_revenue=(told.amount * fx).cast(MONEY),
    )
    same = ["claimant", "claim_window", "order_id", "period_starts_at", "period_ends_at"]
    nth = ibis.row_number().over(ibis.window(group_by=same, order_by=[_.received_at.desc(), _.claim_id]))
    return flat.mutate(nth=nth).drop("received_at")
