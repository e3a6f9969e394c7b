"""A refund becomes what came back, what was cancelled before it left, and money given back without goods.

Lines of one ``restock_type`` are one event, with an id made from the refund's, and so is an amount without lines, so that
``refunds/create`` and the ``refunds`` inside of an order count once. Refunds state no total: lines have a subtotal (a
number, where orders have texts), and where the shop gave back more or less than that, the difference is an
``order_adjustment``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from counterclick.connectors.shopify.context import Context, Parts
from counterclick.connectors.shopify.lines import is_tip, product_of
from counterclick.connectors.shopify.reading import (
    UnfitError,
    cents,
    maybe_amount,
    maybe_number,
    maybe_text,
    number,
    obj,
    objects,
    when,
    whole,
)
from counterclick.connectors.shopify.refund_money import difference, given_back, holds_tax
from counterclick.events.rejection import Reason

__all__ = ["add_refund"]

_NOTHING = Decimal(0)
_RESTOCKS = ("no_restock", "cancel", "return", "legacy_restock")


@dataclass(frozen=True, slots=True)
class _Back:
    """Units of one line that came back.

    Attributes:
        line_id: of the order line.
        product_id: of its product.
        quantity: units.
        net: what they are worth net of tax; None where only the order knows.
        paid: the same with tax.
        restock: what became of them, in Shopify's words.
        never_left: they were cancelled before they left.
    """

    line_id: str
    product_id: str
    quantity: int
    net: Decimal | None
    paid: Decimal
    restock: str
    never_left: bool

    def body(self, kept: Decimal) -> dict[str, Any]:
        """Return the line in our vocabulary; the shop kept a share of its worth, but none of what never left."""
        kept = _NOTHING if self.never_left else kept
        line = {"product_id": self.product_id, "quantity": self.quantity, "line_id": self.line_id}
        if self.net is None and kept == 0:
            return line
        worth = self.paid if self.net is None else self.net
        return {**line, "unit_price": cents(max(worth * (1 - kept), _NOTHING) / self.quantity)}


def add_refund(refund: Mapping[str, Any], context: Context, parts: Parts, *, order: Mapping[str, Any] | None = None) -> None:
    """Take a refund.

    Args:
        refund: the payload of ``refunds/create``, or one of an order's ``refunds``.
        context: of the shop.
        parts: where what is found goes.
        order: the order that it stands in, where it does.

    Raises:
        UnfitError: it has no id or no time.
    """
    told = obj(order)
    transactions = _objects(refund, "transactions", parts)
    if transactions and all(one.get("test") is True for one in transactions):
        parts.skip("test_refund")
        return
    refund_id = number(refund.get("id"), "the id of a refund")
    order_id = maybe_number(refund.get("order_id")) or maybe_number(told.get("id"))
    if order_id is None:
        raise UnfitError(Reason.MISSING_FIELD, "a refund must have the order_id of its order")
    if refund.get("refund_line_items") is None:  # without them it would get other ids than where it has them
        raise UnfitError(Reason.MISSING_FIELD, "a refund must come with its refund_line_items, empty or not")
    base = {
        "kind": "refund",
        "occurred_at": when(refund.get("processed_at") or refund.get("created_at"), "a refund"),
        "order_id": order_id,
        "reason": maybe_text(refund.get("note"), 2000),
        "currency": _currency(refund, told, context),
    }
    back, no_goods = _lines(refund, told, context, parts)
    adjustments = _objects(refund, "order_adjustments", parts)
    currency = base["currency"]
    more = parts.read(lambda: difference(adjustments, transactions, currency), _NOTHING)
    sent = sum((one.paid for one in back if not one.never_left), _NOTHING)
    kept = min(max(-more, _NOTHING) / sent, Decimal(1)) if sent > 0 else _NOTHING
    for restock in sorted({one.restock for one in back}):  # a refund says it itself, so that the ids hang on nothing else
        alike = [one for one in back if one.restock == restock]
        kind = "cancellation" if all(one.never_left for one in alike) else "return"
        lines = [one.body(kept) for one in alike]
        parts.add({**base, "event_id": f"shopify_refund_{refund_id}_{restock}", "lines": lines, "refund_kind": kind})
    amount = more
    if not back and not more and not no_goods and not _is_of_shipping(refund):
        amount, currency = parts.read(lambda: given_back(transactions, currency), (_NOTHING, currency))
    if amount > 0:
        given = {**base, "currency": currency, "amount": cents(amount)}
        parts.add({**given, "event_id": f"shopify_refund_{refund_id}_amount"})
    elif not back:
        parts.skip("refund_without_goods")


def _objects(refund: Mapping[str, Any], name: str, parts: Parts) -> list[Mapping[str, Any]]:
    nothing: list[Mapping[str, Any]] = []
    return parts.read(lambda: objects(refund.get(name), name), nothing)


def _lines(refund: Mapping[str, Any], order: Mapping[str, Any], context: Context, parts: Parts) -> tuple[list[_Back], int]:
    """Return the lines that came back, and how many besides are no goods: gift cards and tips."""
    known: dict[str | None, Mapping[str, Any]] = {}
    items = order.get("line_items")
    for item in items if isinstance(items, list) else []:
        known[maybe_number(obj(item).get("id"))] = obj(item)
    back, no_goods = [], 0
    for one in _objects(refund, "refund_line_items", parts):
        with parts.part():
            nested = obj(one.get("line_item"))
            line_id = number(one.get("line_item_id", nested.get("id")), "the line_item_id of a refund line")
            item = {**known.get(line_id, {}), **nested}
            if item.get("gift_card") is True or is_tip(item):
                parts.skip("gift_card_line" if item.get("gift_card") is True else "tip_line")
                no_goods += 1
                continue
            back.append(_line(one, item, line_id, order.get("taxes_included"), context))
    return back, no_goods


def _line(one: Mapping[str, Any], item: Mapping[str, Any], line_id: str, included: Any, context: Context) -> _Back:
    quantity = whole(one.get("quantity"), "the quantity of a refund line")
    if quantity < 1:
        raise UnfitError(Reason.OUT_OF_RANGE, "a refund line must have a quantity of 1 or more")
    subtotal = maybe_amount(one, "subtotal")
    tax = maybe_amount(one, "total_tax") or _NOTHING
    restock = str(one.get("restock_type") or "").lower()
    unsent = "fulfillment_status" in item and item["fulfillment_status"] is None
    net: Decimal | None = None
    paid = subtotal or _NOTHING
    if subtotal is not None:
        if tax == 0:
            net = subtotal
        else:
            inside = included if isinstance(included, bool) else holds_tax(item)
            inside = context.taxes_included if inside is None else inside
            if inside is not None:
                net = subtotal - tax if inside else subtotal
            paid = subtotal if inside else subtotal + tax
    return _Back(
        line_id=line_id,
        product_id=product_of(item),
        quantity=quantity,
        net=net,
        paid=max(paid, _NOTHING),
        restock=restock if restock in _RESTOCKS else "other",
        never_left=restock == "cancel" or (restock == "no_restock" and unsent),
    )


def _is_of_shipping(refund: Mapping[str, Any]) -> bool:
    adjustments = refund.get("order_adjustments")
    return bool(refund.get("refund_shipping_lines")) or bool(adjustments)


def _currency(refund: Mapping[str, Any], order: Mapping[str, Any], context: Context) -> str | None:
    """Return the shop's currency: the order's, else that of the lines' or adjustments' amounts, else the context's."""
    for name, amount in (("refund_line_items", "subtotal_set"), ("order_adjustments", "amount_set")):
        given = refund.get(name)
        for one in given if isinstance(given, list) else []:
            told = obj(obj(obj(one).get(amount)).get("shop_money")).get("currency_code")
            if isinstance(told, str) and told:
                return told
    told = order.get("currency")
    return told if isinstance(told, str) and told else context.currency
