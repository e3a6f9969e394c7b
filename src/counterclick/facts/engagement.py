"""What surfaces showed and buyers did with it: impressions, interactions, touches, carts, exposures, products."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.datatypes as dt
from ibis import _
from ibis.expr.types import Table

from counterclick.facts.orders import MONEY
from counterclick.facts.parts import NESTED, Parts
from counterclick.facts.people import first_rows, with_person

__all__ = ["cart_moves", "carts", "exposures", "impressions", "interactions", "products", "shown_products"]

_CLICKS = ("select_item", "message_clicked")
_SAID = ("device", "country")
"""What an exposure may say of its visitor."""
_ENGAGED = ("assistant_answer", *_CLICKS, "message_opened")


def products(events: Table) -> Table:
    """The catalogue as it was last told; availability with stock, and attributes, by the last event that says them.

    Grain: one product. Columns: product_id, title, category, unit_price, unit_cost, group_id (what its variants share),
    size, availability, stock (units that are there), attributes (see `counterclick.events.attributes`).
    """
    told = events.filter(events.kind == "product")
    newest = [_.occurred_at.desc(), _.event_id]
    own = first_rows(told, "product_id", newest).select(
        "product_id", "title", "category", "unit_price", "unit_cost", "group_id", "size"
    )
    there = first_rows(told.filter(told.availability.notnull() | told.stock.notnull()), "product_id", newest)
    being = first_rows(told.filter(told.attributes.notnull()), "product_id", newest)
    for named, columns in ((there, ("availability", "stock")), (being, ("attributes",))):
        said = named.select(*columns, _said="product_id")
        own = own.left_join(said, own.product_id == said["_said"]).drop("_said")
    return own


def impressions(events: Table) -> Table:
    """Times that a surface showed something: a list of products, or a message sent.

    Grain: one list or message. Columns: surface, visitor_id, customer_id, occurred_at (UTC).
    """
    shown = events.filter(events.kind.isin(["view_item_list", "message_sent"]))
    return shown.select("surface", "visitor_id", "customer_id", "occurred_at")


def shown_products(events: Table, parts: Parts = NESTED) -> Table:
    """Products that surfaces showed.

    Grain: one product in one list. Columns: surface, visitor_id, customer_id, occurred_at (UTC), event_id, product_id.
    """
    columns = ("surface", "visitor_id", "customer_id", "occurred_at", "event_id")
    lists = events.filter(events.kind == "view_item_list")
    flat = parts.flat(lists, "view_item_list", "items", columns)
    return flat.select(*columns, product_id=flat.part_product_id)


def interactions(events: Table, known: Table, catalogue: Table, parts: Parts = NESTED) -> Table:
    """What buyers did with surfaces.

    Grain: one answer, click or opened message. Columns: interaction_id, kind, surface, channel, visitor_id,
    customer_id, person_id, occurred_at (UTC), product_id (of a click), is_click, is_answer, is_interaction (an answer
    or a click: an AI interaction), is_touch (a helpful answer, or a click: what may be credited).

    An answer is helpful when it matched a product of the catalogue (any product where the shop has recorded no
    catalogue), was not escalated, and was not "I don't know".

    Args:
        events: the events table.
        known: `counterclick.facts.people.identities`.
        catalogue: `products`.
        parts: how the products that an answer matched are found.
    """
    engaged = events.filter(events.kind.isin(_ENGAGED) & events.surface.notnull())
    answers = events.filter(events.kind == "assistant_answer")
    matched = parts.flat(answers, "assistant_answer", "matched_products", ("event_id",))
    matched = matched.select("event_id", matched_products=matched.part_product_id)
    in_catalogue = catalogue.select(matched_products="product_id", in_catalogue=True)
    matched = matched.left_join(in_catalogue, "matched_products").cross_join(catalogue.agg(n_products=_.count()))
    matched = matched.filter((matched.n_products == 0) | matched.in_catalogue)
    helped = matched.select(_answer="event_id").distinct()
    flat = engaged.left_join(helped, engaged.event_id == helped["_answer"])
    is_click = flat.kind.isin(_CLICKS)
    is_answer = flat.kind == "assistant_answer"
    declined = ibis.coalesce(flat.escalated, False) | ibis.coalesce(flat.could_not_answer, False)
    named = flat.select(
        "kind",
        "surface",
        "visitor_id",
        "customer_id",
        "occurred_at",
        "product_id",
        interaction_id=flat.event_id,
        channel=ibis.coalesce(flat.channel, ibis.ifelse(flat.kind.startswith("message_"), "email", "onsite")),
        is_click=is_click,
        is_answer=is_answer,
        is_interaction=is_click | is_answer,
        is_touch=is_click | (is_answer & flat["_answer"].notnull() & ~declined),
    )
    return with_person(named, known)


def cart_moves(priced: Table) -> Table:
    """Products laid into carts and taken out.

    Grain: one add or remove. Columns: visitor_id, occurred_at, event_id, surface, is_add, quantity, amount
    (quantity x unit price, in the shop's currency; positive in both directions).

    Args:
        priced: the events table with ``fx``.
    """
    moves = priced.filter(priced.kind.isin(["add_to_cart", "remove_from_cart"]))
    return moves.select(
        "visitor_id",
        "occurred_at",
        "event_id",
        "surface",
        "quantity",
        is_add=moves.kind == "add_to_cart",
        amount=(moves.quantity * moves.unit_price * moves.fx).cast(MONEY),
    )


def carts(moves: Table, bought: Table) -> Table:
    """Carts: what a visitor laid in, less what was taken out, from one order (or the beginning) to the next.

    What happens at the very moment of an order still belongs to the cart that it closes.

    Grain: one cart. Columns: visitor_id, started_at, ended_at (UTC), cart_value (not below 0), added_value (add-to-cart
    GMV).

    Args:
        moves: `cart_moves`.
        bought: `counterclick.facts.orders.purchases`.
    """
    steps = moves.select("visitor_id", "occurred_at", "event_id", "is_add", "amount", is_order=ibis.literal(0).cast("int64"))
    closing = bought.filter(bought.visitor_id.notnull()).select(
        "visitor_id",
        "occurred_at",
        "event_id",
        is_add=ibis.null(dt.boolean),
        amount=ibis.null(MONEY),
        is_order=ibis.literal(1).cast("int64"),
    )
    both = steps.union(closing)
    nth = both.is_order.cumsum(group_by="visitor_id", order_by=["occurred_at", "is_order", "event_id"])
    zero = ibis.literal(0).cast(MONEY)
    signed = ibis.ifelse(both.is_add, both.amount, -both.amount)
    grouped = (
        both.mutate(nth=nth, signed=signed)
        .filter(_.is_order == 0)
        .group_by("visitor_id", "nth")
        .agg(
            started_at=_.occurred_at.min(),
            ended_at=_.occurred_at.max(),
            left_in=_.signed.sum().cast(MONEY),
            added_value=ibis.coalesce(_.amount.sum(where=_.is_add).cast(MONEY), zero),
        )
    )
    filled = grouped.filter(grouped.added_value > 0)  # what is only taken out again is no cart
    value = ibis.greatest(filled.left_in, zero)
    return filled.select("visitor_id", "started_at", "ended_at", "added_value", cart_value=value)


def exposures(events: Table, experiment: str, until: datetime | None = None, *, of_customers: bool = False) -> Table:
    """Eligible visitors of an experiment, each in the arm of its first exposure.

    In an experiment on customers these stand in the visitors' place, as ``c:`` and their id.

    Grain: one visitor. Columns: visitor_id, variant, exposed_at (UTC), n_variants (2 or more: seen in several arms; it
    keeps the first), device and country (of that exposure; null where it names none).

    Args:
        events: the events table.
        experiment: its name.
        until: exposures from this moment on do not count: after an experiment's end everyone may get the feature.
        of_customers: whether customers are assigned: then exposures that name none do not count; else those of no visitor.
    """
    unit = ibis.literal("c:") + events.customer_id if of_customers else events.visitor_id
    own = events.filter((events.kind == "exposure") & (events.experiment == experiment) & unit.notnull())
    seen = own.select("variant", "occurred_at", "event_id", "device", "country", visitor_id=unit)
    if until is not None:
        seen = seen.filter(seen.occurred_at < ibis.literal(until))
    first_said = {name: seen[name].argmin(seen.occurred_at, where=seen[name].notnull()) for name in _SAID}
    said_at = {f"{name}_at": seen.occurred_at.min(where=seen[name].notnull()) for name in _SAID}
    summed = seen.group_by("visitor_id").agg(
        exposed_at=_.occurred_at.min(), low=_.variant.min(), high=_.variant.max(), **first_said, **said_at
    )
    own = {name: (summed[f"{name}_at"] == summed.exposed_at).ifelse(summed[name], ibis.null("string")) for name in _SAID}
    summed = summed.mutate(**own)
    one = summed.filter(summed.low == summed.high).select(
        "visitor_id", "exposed_at", *_SAID, variant=_.low, n_variants=ibis.literal(1).cast("int64")
    )
    mixed = summed.filter(summed.low != summed.high).select(_visitor="visitor_id", **{f"_{name}": name for name in _SAID})
    seen_so = seen.semi_join(mixed, seen.visitor_id == mixed["_visitor"])
    arms = seen_so.group_by(_seen="visitor_id").agg(n_variants=_.variant.nunique())
    first = first_rows(seen_so.drop(*_SAID), "visitor_id", [_.occurred_at, _.event_id])
    several = first.join(arms, first.visitor_id == arms["_seen"]).join(mixed, first.visitor_id == mixed["_visitor"])
    several = several.rename(exposed_at="occurred_at", **{name: f"_{name}" for name in _SAID})
    columns = ("visitor_id", "variant", "exposed_at", "n_variants", "device", "country")
    return one.select(*columns).union(several.select(*columns))
