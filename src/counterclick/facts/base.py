"""The facts that a shop is measured on: all others are worked out of these, on whichever engine they lie.

A store whose events lie in a warehouse names its own tables for them (``[facts.NAME]`` in ``shop.toml``); any other shop has
them from its log.
"""

from __future__ import annotations

from dataclasses import replace

from counterclick.errors import UnknownNameError
from counterclick.facts.contract import Fact, Field, Reference

__all__ = ["CONTRACT", "fact_named"]


def _id(name: str, says: str, *, column: str = "") -> Field:
    return Field(name, "text", says, required=True, column=column)


def _text(name: str, says: str, *, column: str = "") -> Field:
    return Field(name, "text", says, column=column)


def _money(name: str, says: str, *, column: str = "") -> Field:
    return Field(name, "money", says, least=0, column=column)


def _moment(name: str, says: str) -> Field:
    return Field(name, "time", says, required=True, column="occurred_at")


_VISITOR = _text("visitor_id", "The browser or device: the unit that experiments assign.")
_KNOWN_VISITOR = replace(_VISITOR, required=True)
_CUSTOMER = _text("customer_id", "The customer, where known.")
_SEEN = (
    _text("device", "For instance 'mobile' or 'desktop'."),
    _text("country", "ISO 3166 code of two letters."),
    Field("received_at", "time", "When the row arrived, UTC; when it happened unless given."),
)
_RECEIVED = _SEEN[-1]
_CURRENCY = _text("currency", "ISO 4217 code; the shop's own where it is null.")
_CHANNEL = Field("channel", "text", "Where it was.", words=("onsite", "email", "voice", "social", "agent_checkout"))
_SURFACE = _text("surface", "The place that spoke to the buyer.")
_KNOWN_SURFACE = replace(_SURFACE, required=True)
_POLICY = _text("policy", "What chose it.")
_PROPENSITY = Field("propensity", "number", "Probability with which it was given.", least=0, most=1, above=True)
_QUANTITY = Field("quantity", "integer", "Units.", required=True, least=0, above=True)
_PRODUCT = _text("product_id", "The product.")
_KNOWN_PRODUCT = replace(_PRODUCT, required=True)
_LIST_PRICE = replace(_money("unit_price", "Of one unit before the order's discount, net of tax."), required=True)

_BOUGHT = (
    Fact(
        "orders",
        "An order that was placed.",
        ("order_id",),
        (
            _id("order_id", "The shop's own key."),
            _moment("ordered_at", "When it was placed, UTC."),
            _VISITOR,
            _CUSTOMER,
            _money("revenue", "Net of tax, shipping, discount, before returns; the lines' sum where null.", column="value"),
            _money("discount", "On the whole order; already taken off in 'revenue'."),
            _money("tax", "Charged on top."),
            _money("shipping", "Charged on top."),
            _CURRENCY,
            _CHANNEL,
            _text("payment", "How it is paid, in the shop's own words."),
            *_SEEN,
            _text(
                "event_id", "Of the row: of two at one moment the smaller counts as the earlier; the order's unless given."
            ),
        ),
        kind="purchase",
    ),
    Fact(
        "order_lines",
        "A line of an order.",
        ("order_id", "line_number"),
        (
            _id("order_id", "The order."),
            Field("line_number", "integer", "Its place in the order, from 0.", required=True, least=0),
            _KNOWN_PRODUCT,
            _QUANTITY,
            _LIST_PRICE,
            _money("unit_cost", "What one unit cost the shop, where known."),
            _text("line_id", "The shop's own key of the line."),
            _SURFACE,
            _text("decision_id", "The decision that offered it."),
        ),
        refers=(Reference("order_id", "orders", "order_id"),),
        owner="order_id",
        parts=(("purchase",), "lines"),
    ),
    Fact(
        "returns",
        "Money that went back: for the whole order (neither lines nor amount), for lines, or an amount.",
        ("refund_id",),
        (
            _id("refund_id", "The shop's own key.", column="event_id"),
            _text("order_id", "The order; null where not known."),
            _moment("refunded_at", "When it went back, UTC."),
            _money("amount", "Given back without naming products, net of tax and shipping."),
            Field("is_return", "boolean", "Whether goods came back; false for a cancellation.", otherwise=True),
            _CURRENCY,
            _text("reason", "The shop's own words."),
            _RECEIVED,
        ),
        kind="refund",
        refers=(Reference("order_id", "orders", "order_id"),),
    ),
    Fact(
        "return_lines",
        "Units of one product that came back.",
        (),
        (
            _id("refund_id", "The return."),
            _KNOWN_PRODUCT,
            _QUANTITY,
            _money("unit_price", "Given back for one unit, net of tax; the order's own price where null."),
            _text("line_id", "The shop's own key of the order line."),
        ),
        refers=(Reference("refund_id", "returns", "refund_id"),),
        owner="refund_id",
        parts=(("refund",), "lines"),
    ),
)

_WHO = (
    Fact(
        "identities",
        "A visitor turned out to be a customer.",
        ("visitor_id", "customer_id", "known_at"),
        (
            _KNOWN_VISITOR,
            replace(_CUSTOMER, required=True),
            _moment("known_at", "When that was known, UTC."),
            *_SEEN,
            _text("event_id", "Of the row: of two at one moment the smaller counts."),
        ),
        kind="identify",
    ),
    Fact(
        "exposures",
        "A visitor became eligible: written where the feature would have shown, the same in every arm.",
        ("event_id",),
        (
            _id("experiment", "Its name in 'shop.toml'."),
            _id("variant", "The arm."),
            _VISITOR,
            _CUSTOMER,
            _moment("exposed_at", "When, UTC."),
            _SURFACE,
            _POLICY,
            _PROPENSITY,
            *_SEEN,
            _text("event_id", "Of the row: of two at one moment the smaller counts as the first."),
        ),
        kind="exposure",
        someone=True,
    ),
    Fact(
        "views",
        "A page was seen: sessions, and everyone who was there, are known by it.",
        ("event_id",),
        (
            _KNOWN_VISITOR,
            _moment("viewed_at", "When, UTC."),
            Field(
                "kind",
                "text",
                "A page, a product's page, or the begin of a checkout.",
                required=True,
                words=("page_view", "view_item", "begin_checkout"),
                otherwise="page_view",
            ),
            _CUSTOMER,
            _PRODUCT,
            _SURFACE,
            *_SEEN,
            _text("event_id", "Of the row."),
        ),
    ),
)

_MET = (
    Fact(
        "impressions",
        "A surface showed a list of products, or a message was sent.",
        ("impression_id",),
        (
            _id("impression_id", "Of the list or message.", column="event_id"),
            Field(
                "kind",
                "text",
                "A list, or a message.",
                required=True,
                words=("view_item_list", "message_sent"),
                otherwise="view_item_list",
            ),
            _KNOWN_SURFACE,
            _moment("shown_at", "When, UTC."),
            _VISITOR,
            _CUSTOMER,
            _CHANNEL,
            _POLICY,
            _text("variant", "The arm of the experiment on this surface."),
            _PROPENSITY,
            *_SEEN,
        ),
        someone=True,
    ),
    Fact(
        "shown_products",
        "A product in a list that was shown.",
        ("impression_id", "position"),
        (
            _id("impression_id", "The list."),
            _KNOWN_PRODUCT,
            Field("position", "integer", "Its place in the list, from 1.", required=True, least=1),
        ),
        refers=(Reference("impression_id", "impressions", "impression_id"),),
        owner="impression_id",
        parts=(("view_item_list",), "items"),
    ),
    Fact(
        "interactions",
        "What a buyer did with a surface: a click, an answer, an opened or clicked message.",
        ("interaction_id",),
        (
            _id("interaction_id", "Of the row.", column="event_id"),
            Field(
                "kind",
                "text",
                "What it was.",
                required=True,
                words=("select_item", "assistant_answer", "message_opened", "message_clicked"),
                otherwise="select_item",
            ),
            _KNOWN_SURFACE,
            _moment("happened_at", "When, UTC."),
            _VISITOR,
            _CUSTOMER,
            _PRODUCT,
            _CHANNEL,
            Field("escalated", "boolean", "Whether an answer was handed over to a person."),
            Field("could_not_answer", "boolean", 'Whether an answer was "I don\'t know".'),
            *_SEEN,
        ),
        someone=True,
    ),
    Fact(
        "answer_products",
        "A product of the catalogue that an answer named: without one it did not help.",
        ("interaction_id", "product_id"),
        (_id("interaction_id", "The answer."), _KNOWN_PRODUCT),
        refers=(Reference("interaction_id", "interactions", "interaction_id"),),
        owner="interaction_id",
        parts=(("assistant_answer",), "matched_products"),
    ),
    Fact(
        "cart_moves",
        "Units of a product were laid into a cart, or taken out.",
        ("move_id",),
        (
            _id("move_id", "Of the row.", column="event_id"),
            _KNOWN_VISITOR,
            _moment("moved_at", "When, UTC."),
            Field("is_add", "boolean", "False where they were taken out.", required=True, otherwise=True),
            _KNOWN_PRODUCT,
            _QUANTITY,
            replace(_LIST_PRICE, says="Of one unit."),
            _CURRENCY,
            _SURFACE,
            _CUSTOMER,
            *_SEEN,
        ),
    ),
)

_TOLD = (
    Fact(
        "products",
        "A product of the catalogue, as it is now.",
        ("product_id",),
        (
            _id("product_id", "The shop's own key."),
            _text("title", "As buyers read it."),
            _text("category", "In the shop's own words."),
            _money("unit_price", "Net of tax."),
            _money("unit_cost", "What one unit costs the shop."),
            _CURRENCY,
            _text("group_id", "What the variants of one product have in common."),
            _text("size", "Of this variant."),
            Field(
                "availability",
                "text",
                "Whether it can be bought.",
                words=("in_stock", "out_of_stock", "preorder", "backorder"),
            ),
            Field("stock", "integer", "Units that are there.", least=0),
            _text("attributes", "As 'name=value' with ';' between."),
            replace(_moment("told_at", "Since when it is so, UTC."), otherwise="2000-01-01T00:00:00+00:00"),
            _RECEIVED,
        ),
        kind="product",
    ),
    Fact(
        "tool_claims",
        "Revenue that a tool reports as its own: of one order, or of a period.",
        ("claim_id",),
        (
            _id("claim_id", "Of the row.", column="event_id"),
            _id("claimant", "The tool."),
            replace(_money("amount", "Revenue that it claims."), required=True),
            _CURRENCY,
            _text("order_id", "The order; null for a period."),
            _moment("claimed_at", "When the period began, or the order was claimed, UTC."),
            Field("period_ends_at", "time", "When the period ended, excluded, UTC; null for an order."),
            _text("claim_window", "The tool's own words for how it counts."),
            _RECEIVED,
        ),
        kind="claim",
    ),
)

CONTRACT: dict[str, Fact] = {fact.name: fact for fact in (*_BOUGHT, *_WHO, *_MET, *_TOLD)}
"""name -> base fact; rows that own others stand before these."""


def fact_named(name: str) -> Fact:
    """Return a base fact.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in CONTRACT:
        raise UnknownNameError("fact", name, CONTRACT)
    return CONTRACT[name]
