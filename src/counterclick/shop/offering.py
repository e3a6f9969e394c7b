"""What was served, gathered from exposures, lists and orders of a period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.attribution import Rule
from counterclick.audits.served import Arm, Offer, Served, Shelf, Sold
from counterclick.decisions import POLICIES
from counterclick.errors import UnknownNameError
from counterclick.facts import Facts
from counterclick.facts.local_time import day_begins
from counterclick.facts.people import with_person
from counterclick.facts.rows import all_rows
from counterclick.metrics import Period
from counterclick.shop.decided import RETURNS
from counterclick.verdicts import Verdict

__all__ = ["served_of"]

_SHELF = ("surface", "policy", "variant")
_BOUGHT = ("n_lines", "units", "net_revenue")


def served_of(
    facts: Facts,
    rule: Rule,
    currency: str,
    timezone: str,
    period: Period,
    verdicts: Mapping[str, tuple[str, Verdict | str]],
    name: str | None = None,
) -> Served:
    """Return what surfaces showed.

    Args:
        facts: of the shop.
        rule: of attribution, whose window says until when a product counts as bought afterwards.
        currency: of the shop.
        timezone: in which the period's days begin.
        period: which days.
        verdicts: experiment -> its surface and verdict.
        name: of a surface or a policy; everything unless given.

    Raises:
        UnknownNameError: no surface and no policy of that name was served in the period.
    """
    begins = ibis.literal(day_begins(period.first_on, timezone))
    ends = ibis.literal(day_begins(period.last_on + timedelta(days=1), timezone))
    during = facts.events.filter((_.occurred_at >= begins) & (_.occurred_at < ends))
    exposed = during.filter(_.kind == "exposure")
    lists = during.filter(_.kind == "view_item_list")
    of_visitors = (_.kind == "decision") & _.visitor_id.notnull()  # no order line can carry the mark of an e-mail's block
    made = during.filter(of_visitors)
    if name is not None:
        known = _known(exposed, lists, made) | {place for place, _verdict in verdicts.values()} | {*POLICIES}
        if name not in known:
            raise UnknownNameError("surface or policy served in that time", name, known)
        wanted = (_.surface == name) | (_.policy == name)
        exposed, chosen, made = exposed.filter(wanted), lists.filter(wanted), made.filter(wanted)
    else:
        chosen = lists
    shown = _shown(chosen, facts)
    bought = _bought(shown, facts, rule)
    arms, shelves = _arms(exposed, lists), _shelves(chosen, shown, bought)
    surfaces = {arm.surface for arm in arms} | {shelf.surface for shelf in shelves} | {name}
    return Served(
        currency=currency,
        period=period,
        window=f"{rule.window / timedelta(hours=1):g} h",
        verdicts={of: found for of, (place, found) in verdicts.items() if name is None or place in surfaces},
        arms=arms,
        shelves=shelves,
        offers=_offers(shown, bought),
        sold=_sold(made.filter(_.policy != RETURNS), facts),  # which offers nudges, that nobody buys
    )


def _known(*tables: Table) -> set[str]:
    columns = [table.select(name=table[column]) for table in tables for column in ("surface", "policy")]
    return {row["name"] for row in _rows(ibis.union(*columns).distinct()) if row["name"] is not None}


def _shown(lists: Table, facts: Facts) -> Table:
    """Return the products of lists. Grain: one product in one list."""
    own = ("event_id", "visitor_id", "customer_id", "occurred_at", *_SHELF)
    flat = facts.parts.flat(lists, "view_item_list", "items", own)
    return with_person(flat.select(*own, product_id=flat.part_product_id), facts.identities)


def _bought(shown: Table, facts: Facts, rule: Rule) -> Table:
    """Return the lines of orders that followed a product that was shown. Grain: one line, and surface, policy and arm."""
    sold = _lines(facts)
    pairs = shown.join(
        sold,
        [
            shown.person_id == sold["_person"],
            shown.product_id == sold["_product"],
            sold.ordered_at > shown.occurred_at,
            sold.ordered_at <= shown.occurred_at + ibis.interval(seconds=int(rule.window.total_seconds())),
        ],
    )
    return pairs.group_by(*_SHELF, "product_id", "order_id", "line_number").agg(
        units=_.quantity.max(), net_revenue=(_.revenue.cast("float64") * _.kept).max()
    )


def _lines(facts: Facts) -> Table:
    """Return the lines of orders, with the share of the order's revenue that was kept. Grain: one line."""
    orders = facts.orders.select("order_id", "person_id", "revenue", "net_revenue")
    kept = ibis.ifelse(orders.revenue > 0, orders.net_revenue.cast("float64") / orders.revenue.cast("float64"), 0.0)
    share = orders.select("person_id", _order="order_id", kept=kept)
    lines = facts.order_lines
    own = ("order_id", "line_number", "ordered_at", "quantity", "kept", "revenue")
    return lines.join(share, lines.order_id == share["_order"]).select(
        *own, _product="product_id", _person="person_id", _decision="decision_id"
    )


def _sold(made: Table, facts: Facts) -> tuple[Sold, ...]:
    """Return what was bought through offers: lines of a product that the decision which they name had offered."""
    sized = facts.parts.counted(made, "decision", "items")
    counted = sized.group_by(*_SHELF).agg(n_decisions=_.count(), n_empty=(sized.n_parts == 0).sum())
    flat = facts.parts.flat(made, "decision", "items", ("event_id", *_SHELF))
    offered = flat.select("event_id", *_SHELF, product_id=flat.part_product_id).distinct()
    lines = _lines(facts).filter(_["_decision"].notnull())
    bought = offered.join(lines, [offered.event_id == lines["_decision"], offered.product_id == lines["_product"]])
    worth = bought.revenue.cast("float64") * bought.kept
    sums = bought.group_by(*_SHELF).agg(n_lines=_.count(), units=_.quantity.sum(), net_revenue=worth.sum())
    followed = {_key(row): {name: row[name] for name in _BOUGHT} for row in _rows(sums)}
    none = {"n_lines": 0, "units": 0, "net_revenue": 0.0}
    return tuple(Sold(**row, **followed.get(_key(row), none)) for row in _sorted(counted, *_SHELF))


def _arms(exposed: Table, lists: Table) -> tuple[Arm, ...]:
    seen = lists.select(_visitor="visitor_id", _surface="surface").distinct()
    own = exposed.left_join(seen, [exposed.visitor_id == seen["_visitor"], exposed.surface == seen["_surface"]])
    counted = own.group_by("surface", "experiment", "variant", "policy").agg(
        n_exposures=_.count(),
        n_visitors=_.visitor_id.nunique(),
        n_without_list=_.visitor_id.nunique(where=_["_visitor"].isnull()),
    )
    return tuple(Arm(**row) for row in _sorted(counted, "surface", "experiment", "variant", "policy"))


def _shelves(lists: Table, shown: Table, bought: Table) -> tuple[Shelf, ...]:
    counted = lists.group_by(*_SHELF).agg(n_lists=_.count(), n_visitors=_.visitor_id.nunique())
    products = {_key(row): row["n_shown"] for row in _rows(shown.group_by(*_SHELF).agg(n_shown=_.count()))}
    sums = bought.group_by(*_SHELF).agg(n_lines=_.count(), units=_.units.sum(), net_revenue=_.net_revenue.sum())
    followed = {_key(row): {name: row[name] for name in _BOUGHT} for row in _rows(sums)}
    none = {"n_lines": 0, "units": 0, "net_revenue": 0.0}
    return tuple(
        Shelf(**row, n_shown=products.get(_key(row), 0), **followed.get(_key(row), none))
        for row in _sorted(counted, *_SHELF)
    )


def _offers(shown: Table, bought: Table) -> tuple[Offer, ...]:
    """Return every product with what followed, the most shown first."""
    keys = (*_SHELF, "product_id")
    sums = bought.group_by(*keys).agg(n_lines=_.count(), units=_.units.sum(), net_revenue=_.net_revenue.sum())
    followed = {(*_key(row), row["product_id"]): {name: row[name] for name in _BOUGHT} for row in _rows(sums)}
    none = {"n_lines": 0, "units": 0, "net_revenue": 0.0}
    found = [
        Offer(**row, **followed.get((*_key(row), row["product_id"]), none))
        for row in _sorted(shown.group_by(*keys).agg(n_shown=_.count()), *keys)
    ]
    return tuple(sorted(found, key=lambda offer: -offer.n_shown))


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _SHELF)


def _sorted(table: Table, *keys: str) -> list[dict[str, Any]]:
    return sorted(_rows(table), key=lambda row: tuple(row[key] or "" for key in keys))


def _rows(table: Table) -> list[dict[str, Any]]:
    return all_rows(table)
