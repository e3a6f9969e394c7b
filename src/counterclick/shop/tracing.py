"""One order's journey, gathered from the facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.attribution import Rule, credits, pairs
from counterclick.audits import WIDEST
from counterclick.audits.trace import Claimed, Refunded, Trace, touches_of
from counterclick.config import Config
from counterclick.errors import UnknownNameError
from counterclick.experiments import Experiment
from counterclick.facts.rows import all_rows, row_count
from counterclick.shop.overviewing import order_final_on, told_until
from counterclick.shop.reading import Reading

__all__ = ["trace_of"]

_NEAR = 3


def trace_of(reading: Reading, rule: Rule, config: Config, experiments: Mapping[str, Experiment], order_id: str) -> Trace:
    """Return an order's journey: by the tables and the rule from which all other figures are made.

    Args:
        reading: of the store.
        rule: of attribution.
        config: of the shop.
        experiments: every declared one, and the holdout over all of them.
        order_id: which.

    Raises:
        UnknownNameError: there is no such order; the message names those that are written nearly so.
    """
    facts = reading.facts
    own = facts.orders.filter(_.order_id == order_id)
    found = _rows(own)
    if not found:
        raise _unknown(facts.orders, order_id)
    order = found[0]
    near = pairs(own, facts.interactions, max(WIDEST, rule.window))
    who = facts.interactions.select("visitor_id", _kind="kind", _id="interaction_id")
    rows = _rows(near.join(who, [near.kind == who["_kind"], near.interaction_id == who["_id"]]))
    credited = _rows(credits(own, facts.interactions, rule))
    order_refunds = facts.returns.filter(_.order_id == order_id).order_by("refunded_at", "refund_id")
    told = facts.tool_claims.filter(_.order_id == order_id).order_by("claimant", "claim_window", "nth")
    visitor, ordered_at = order["visitor_id"], order["ordered_at"]
    final = order_final_on(ordered_at, config)
    return Trace(
        currency=config.shop.currency,
        order=order,
        final_on=final,
        is_provisional=final > told_until(reading, config),
        rule=rule.in_words,
        credited_to=credited[0]["surface"] if credited else None,
        touches=touches_of(rows, _answers(facts.events, rows), {(c["kind"], c["interaction_id"]) for c in credited}, rule),
        looked_back_days=max(WIDEST, rule.window).days,
        experiments=tuple(each.membership(order_id, ordered_at, visitor) for each in experiments.values()),
        refunds=tuple(
            Refunded(
                each["refunded_at"],
                float(each["returned_value"]),
                each["returned_units"],
                each["is_return"],
                each["is_matched"],
            )
            for each in _rows(order_refunds)
        ),
        claims=tuple(
            Claimed(
                each["claimant"], each["claim_window"], float(each["claimed_amount"]), each["currency"], each["nth"] == 0
            )
            for each in _rows(told)
        ),
    )


def _answers(events: Table, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what is known of the answers among an order's touches."""
    wanted = [row["interaction_id"] for row in rows if row["kind"] == "assistant_answer"]
    if not wanted:
        return {}
    answers = events.filter((_.kind == "assistant_answer") & _.event_id.isin(wanted))
    told = answers.select("event_id", "escalated", "could_not_answer", n_matched=answers.matched_products.length())
    return {each["event_id"]: each for each in _rows(told)}


def _unknown(orders: Table, order_id: str) -> UnknownNameError:
    ranked = orders.select("order_id", far=orders.order_id.levenshtein(ibis.literal(order_id)))
    near = [row["order_id"] for row in _rows(ranked.order_by("far", "order_id").head(_NEAR))]
    return UnknownNameError("order", order_id, near, f"These are written most nearly so, of {row_count(orders):,}.")


def _rows(table: Table) -> list[dict[str, Any]]:
    return all_rows(table)
