"""Where products stood when they were shown, and the order lines that followed: what a shop did, and no click on it."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.facts.parts import NESTED, Parts
from counterclick.facts.people import first_rows, with_person

__all__ = ["bought_after", "drawn_placements", "kept_lines", "placements"]

_COLUMNS = ("event_id", "surface", "visitor_id", "customer_id", "occurred_at")
_DRAWN = r'"n_drawn": ([0-9]+)'
"""What a decision's details say of the places whose order was drawn."""


def placements(events: Table, known: Table, parts: Parts = NESTED) -> Table:
    """Products that lists showed, each in its place.

    Grain: one product in one list. Columns: list_id, surface, person_id, shown_at (UTC), product_id, place (from 1; where
    the list tells no position, the product's place among its items).

    Args:
        events: the events table.
        known: `counterclick.facts.people.identities`.
        parts: how the products of lists are found.
    """
    lists = events.filter(events.kind == "view_item_list")
    return _placed(parts.flat(lists, "view_item_list", "items", _COLUMNS, "nth"), known)


def drawn_placements(events: Table, known: Table, parts: Parts = NESTED) -> Table:
    """Products that decisions put into places by chance: whatever a place has there, it has by itself.

    Grain: one product in one decision that drew the order of its first places. Columns: as of `placements`.

    Args:
        events: the events table.
        known: `counterclick.facts.people.identities`.
        parts: how the products of decisions are found.
    """
    made = events.filter((events.kind == "decision") & events.details.re_search(_DRAWN))
    drawn = made.mutate(n_drawn=made.details.re_extract(_DRAWN, 1).cast("int64"))
    flat = parts.flat(drawn, "decision", "items", (*_COLUMNS, "n_drawn"), "nth")
    placed = _placed(flat, known, "n_drawn")
    return placed.filter(placed.place <= placed.n_drawn).drop("n_drawn")


def _placed(flat: Table, known: Table, *besides: str) -> Table:
    flat = flat.select(
        *_COLUMNS,
        *besides,
        product_id=flat.part_product_id,
        place=ibis.coalesce(flat.part_position.cast("int64"), flat.nth.cast("int64") + 1),
    )
    named = with_person(flat, known)
    return named.select(
        "surface", "person_id", "product_id", "place", *besides, list_id=named.event_id, shown_at=named.occurred_at
    )


def kept_lines(lines: Table, sold: Table, back: Table) -> Table:
    """Lines of orders that were not cancelled, with how much of each was kept as far as is known.

    Grain: one line of an order. Columns: those of ``lines`` but visitor_id, person_id (null where nobody is named), kept (0
    where the line came back, 1 where it did not; of an order of which an amount was given back without naming products, the
    share of its revenue that was kept).

    Args:
        lines: `counterclick.facts.orders.order_lines`.
        sold: `counterclick.facts.orders.orders`.
        back: `counterclick.facts.returned.line_returns`.
    """
    paid, net = sold.revenue.cast("float64"), sold.net_revenue.cast("float64")
    own = sold.filter(~sold.is_cancelled).select(
        "person_id", _order="order_id", share=ibis.ifelse(paid > 0, net / ibis.ifelse(paid > 0, paid, 1.0), 1.0)
    )
    found = lines.drop("visitor_id").join(own, lines.order_id == own["_order"]).drop("_order")
    told = back.select("returned_at", _told="order_id", _line="line_number")
    joined = found.left_join(told, [found.order_id == told["_told"], found.line_number == told["_line"]])
    as_told = ibis.ifelse(joined.returned_at.isnull(), 1.0, 0.0)
    kept = ibis.ifelse(joined["_told"].isnull(), joined.share, as_told)
    return joined.mutate(kept=kept).drop("_told", "_line", "returned_at", "share")


def bought_after(placed: Table, kept: Table, seconds: int) -> Table:
    """Lines of orders by the person to whom the product had been shown before, with its last place until then.

    A line counts once, for the last list that showed its product to this person.

    Grain: one line of an order. Columns: those of ``kept``, and surface and place.

    Args:
        placed: `placements`, or some of them.
        kept: `kept_lines`.
        seconds: for which a product that was shown counts as the reason.
    """
    shown = placed.select("surface", "place", "shown_at", "list_id", _person="person_id", _product="product_id")
    pairs = kept.join(
        shown,
        [
            kept.person_id == shown["_person"],
            kept.product_id == shown["_product"],
            shown.shown_at < kept.ordered_at,
            shown.shown_at >= kept.ordered_at - ibis.interval(seconds=seconds),
        ],
    )
    last = first_rows(pairs, ["order_id", "line_number"], [_.shown_at.desc(), _.list_id, _.place])
    return last.drop("_person", "_product", "shown_at", "list_id")
