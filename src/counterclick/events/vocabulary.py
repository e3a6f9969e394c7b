"""The vocabulary: one frozen struct for each thing that can happen.

Names follow GA4 where GA4 has one. Every event has a time and, but for catalogue and bookkeeping events, someone it
happened to. Amounts are exact decimals in the currency of the event; ``value`` is GA4's: net of tax, shipping and
discount, before returns.
"""

from __future__ import annotations

from decimal import Decimal

from counterclick.events.words import (
    Availability,
    Channel,
    Currency,
    Event,
    Id,
    OrderLine,
    RefundKind,
    RefundLine,
    ShownItem,
    Text,
    When,
)

__all__ = [
    "EVENTS",
    "AddToCart",
    "AssistantAnswer",
    "BeginCheckout",
    "Claim",
    "DecisionMade",
    "Event",
    "ExperimentDeclared",
    "Exposure",
    "Identify",
    "LookTaken",
    "MessageClicked",
    "MessageOpened",
    "MessageSent",
    "OrderLine",
    "PageView",
    "Product",
    "Purchase",
    "Reassigned",
    "Refund",
    "RefundLine",
    "RemoveFromCart",
    "SelectItem",
    "ShownItem",
    "ViewItem",
    "ViewItemList",
]


class PageView(Event, frozen=True, kw_only=True, tag="page_view"):
    """A page was seen. ``page`` is its path; the query string is cut off at the door."""

    visitor_id: Id
    page: Text | None = None


class ViewItemList(Event, frozen=True, kw_only=True, tag="view_item_list"):
    """A surface showed products.

    Attributes:
        surface: the place that spoke to the buyer.
        items: what it showed, with positions.
        policy: what chose them.
        variant: the arm of the experiment on this surface.
        propensity: probability in (0, 1] with which the policy showed exactly this.
        channel: where the surface is.
    """

    visitor_id: Id
    surface: Id
    items: tuple[ShownItem, ...]
    policy: Id | None = None
    variant: Id | None = None
    propensity: float | None = None
    channel: Channel | None = None


class SelectItem(Event, frozen=True, kw_only=True, tag="select_item"):
    """A surface was clicked: a product that it showed, or itself, such as a banner that names none."""

    visitor_id: Id
    surface: Id
    product_id: Id | None = None
    position: int | None = None
    channel: Channel | None = None


class ViewItem(Event, frozen=True, kw_only=True, tag="view_item"):
    """A product's page was seen."""

    visitor_id: Id
    product_id: Id


class AddToCart(Event, frozen=True, kw_only=True, tag="add_to_cart"):
    """Units of a product were laid into the cart; ``surface`` names the place that offered it, if any."""

    visitor_id: Id
    product_id: Id
    quantity: int
    unit_price: Decimal
    currency: Currency | None = None
    surface: Id | None = None


class RemoveFromCart(Event, frozen=True, kw_only=True, tag="remove_from_cart"):
    """Units of a product were taken out of the cart."""

    visitor_id: Id
    product_id: Id
    quantity: int
    unit_price: Decimal
    currency: Currency | None = None


class BeginCheckout(Event, frozen=True, kw_only=True, tag="begin_checkout"):
    """A checkout was started with goods worth ``value``."""

    visitor_id: Id
    value: Decimal | None = None
    currency: Currency | None = None


class Purchase(Event, frozen=True, kw_only=True, tag="purchase"):
    """An order was placed.

    Attributes:
        order_id: the shop's own key; a second purchase event of the same order counts once, the earliest.
        lines: products, quantities, unit prices.
        value: revenue net of tax, shipping and discount; without it, the lines' sum less ``discount``.
        tax: tax charged on top.
        shipping: shipping charged on top.
        discount: discount on the whole order, not negative; already taken off in ``value``.
        currency: ISO 4217 code; the shop's own where it is left out.
        channel: where the order was placed.
        payment: how it is paid, in the shop's own words, such as ``invoice``.
    """

    order_id: Id
    lines: tuple[OrderLine, ...] = ()
    value: Decimal | None = None
    tax: Decimal | None = None
    shipping: Decimal | None = None
    discount: Decimal | None = None
    currency: Currency | None = None
    channel: Channel | None = None
    payment: Text | None = None


class Refund(Event, frozen=True, kw_only=True, tag="refund"):
    """Money went back: for the whole order (neither lines nor amount), for lines, or an amount.

    Attributes:
        order_id: the order; without one the refund is kept and listed as unmatched.
        lines: the units that came back.
        amount: money given back without naming products, net of tax and shipping.
        refund_kind: ``return`` (the goods came back) or ``cancellation`` (they never left).
        reason: the shop's own words.
        currency: ISO 4217 code; the shop's own where it is left out.
    """

    order_id: Id | None = None
    lines: tuple[RefundLine, ...] = ()
    amount: Decimal | None = None
    refund_kind: RefundKind = "return"
    reason: Text | None = None
    currency: Currency | None = None


class AssistantAnswer(Event, frozen=True, kw_only=True, tag="assistant_answer"):
    """An assistant answered. Whether it helped is derived from the fields, never claimed.

    Attributes:
        surface: the assistant.
        conversation_id: the conversation.
        matched_products: products of the catalogue that the answer named.
        escalated: handed over to a person.
        could_not_answer: the answer was "I don't know".
        channel: where the assistant is.
    """

    visitor_id: Id
    surface: Id
    conversation_id: Id | None = None
    matched_products: tuple[Id, ...] = ()
    escalated: bool = False
    could_not_answer: bool = False
    channel: Channel | None = None


class MessageSent(Event, frozen=True, kw_only=True, tag="message_sent"):
    """A message (e-mail and the like) went out to a customer or visitor."""

    surface: Id
    message_id: Id | None = None
    campaign_id: Id | None = None
    channel: Channel | None = None


class MessageOpened(Event, frozen=True, kw_only=True, tag="message_opened"):
    """A message was opened."""

    surface: Id
    message_id: Id | None = None
    campaign_id: Id | None = None
    channel: Channel | None = None


class MessageClicked(Event, frozen=True, kw_only=True, tag="message_clicked"):
    """A link in a message was clicked."""

    surface: Id
    message_id: Id | None = None
    campaign_id: Id | None = None
    product_id: Id | None = None
    channel: Channel | None = None


class Exposure(Event, frozen=True, kw_only=True, tag="exposure"):
    """Eligibility: written where the feature would have shown, the same in every arm, "nothing" included.

    It names the visitor; in an experiment on customers, whom nobody visits when it is written, ``customer_id`` alone.

    Attributes:
        experiment: the experiment.
        variant: the arm the visitor, or the customer, was assigned to.
        surface: the place.
        policy: what served the arm.
        propensity: probability in (0, 1] with which the arm was assigned.
    """

    experiment: Id
    variant: Id
    surface: Id | None = None
    policy: Id | None = None
    propensity: float | None = None


class DecisionMade(Event, frozen=True, kw_only=True, tag="decision"):
    """A policy of ours decided what a surface shows a visitor; its event id is the decision's. A list tells what was shown.

    It names the visitor; a block of products in an e-mail, which nobody visits, ``customer_id`` alone.

    Attributes:
        surface: the place that asked.
        policy: which policy.
        items: products that it offered, with positions; none where it had nothing to offer.
        experiment: the experiment.
        variant: the visitor's arm.
        propensity: probability with which the visitor got the arm.
        details: as JSON: ``because``, ``propensities`` of what is offered, and ``in_time``; the products of the ``cart`` and
            how many offers at ``most`` were asked for; ``candidates``, best first, and the share ``explore`` of decisions in
            which a list is drawn from them, where one may be; of ``returns`` instead what is said of the basket: ``n_lines``
            that count, ``probability`` of a return, ``is_flagged``, ``is_flagged_by_cost``, ``is_nudged`` (flagged by
            whatever ``[returns]`` goes by), ``is_held_out``, and the ``nudges`` that are shown; of candidates that were put
            in order instead ``n_drawn``, the first places whose order chance drew, ``query`` and ``category`` where they
            were told, and a propensity is that of the offer's place.
    """

    surface: Id
    policy: Id
    items: tuple[ShownItem, ...] = ()
    experiment: Id | None = None
    variant: Id | None = None
    propensity: float | None = None
    details: str | None = None


class ExperimentDeclared(Event, frozen=True, kw_only=True, tag="experiment_declared"):
    """An experiment's configuration was declared: its hash and, as JSON, what it says."""

    experiment: Id
    config_hash: Id
    details: str


class LookTaken(Event, frozen=True, kw_only=True, tag="look_taken"):
    """A look at an experiment was taken: its frozen moments and the verdict, as JSON."""

    experiment: Id
    config_hash: Id
    details: str


class Product(Event, frozen=True, kw_only=True, tag="product"):
    """The catalogue says this of a product from this moment on.

    Attributes:
        group_id: what the variants of one product have in common, such as all sizes of a shirt.
        size: of this variant, as the shop writes it.
        availability: whether it can be bought: ``in_stock``, ``out_of_stock``, ``preorder`` or ``backorder``.
        stock: units that are there, 0 or more.
        attributes: what else it is, as ``name=value`` with ``;`` between: ``color=red; material=wool``. What an event does
            not say of availability and stock, or of attributes, stays as it was last told.
    """

    product_id: Id
    group_id: Id | None = None
    title: Text | None = None
    category: Text | None = None
    unit_price: Decimal | None = None
    unit_cost: Decimal | None = None
    currency: Currency | None = None
    size: Text | None = None
    availability: Availability | None = None
    stock: int | None = None
    attributes: Text | None = None


class Claim(Event, frozen=True, kw_only=True, tag="claim"):
    """A tool reports revenue as its own: of one order, or of a period. It credits nobody; it is laid beside the truth.

    Attributes:
        claimant: the tool, such as the e-mail platform.
        amount: revenue that it claims.
        currency: ISO 4217 code; the shop's own where it is left out.
        order_id: the order; None where the tool reports a period, which begins at ``occurred_at``.
        period_ends_at: when the period ends, excluded; None where the claim names an order.
        claim_window: the tool's own words for how it counts, such as ``5 days after an open``.
    """

    claimant: Id
    amount: Decimal
    currency: Currency | None = None
    order_id: Id | None = None
    period_ends_at: When | None = None
    claim_window: Text | None = None


class Identify(Event, frozen=True, kw_only=True, tag="identify"):
    """A visitor turned out to be this customer."""

    visitor_id: Id
    customer_id: Id


class Reassigned(Event, frozen=True, kw_only=True, tag="reassigned"):
    """A browser had lost its visitor and was given another, until its cart told the first one, which holds again.

    Attributes:
        other_visitor_id: the visitor that was given in between.
    """

    visitor_id: Id
    other_visitor_id: Id


EVENTS: tuple[type[Event], ...] = (
    PageView,
    ViewItemList,
    SelectItem,
    ViewItem,
    AddToCart,
    RemoveFromCart,
    BeginCheckout,
    Purchase,
    Refund,
    AssistantAnswer,
    MessageSent,
    MessageOpened,
    MessageClicked,
    Exposure,
    DecisionMade,
    ExperimentDeclared,
    LookTaken,
    Product,
    Claim,
    Identify,
    Reassigned,
)
"""Every kind of event, in the order of the glossary."""
