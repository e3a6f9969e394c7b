"""Chats: answers of an assistant in a vendor's words, and the calls of Alhena's script.

What an answer matched, whether it was handed over, and whether it was "I don't know" is taken from what the vendor
says. Nothing of it is guessed: an answer of which nothing is said matched nothing, and earns no credit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from counterclick.config import ChatConfig
from counterclick.connectors.goods import GoodsNames, Lines, lines_of, purchased
from counterclick.connectors.payload import (
    Collector,
    Untranslatable,
    amount,
    boolean,
    key,
    moment,
    needed,
    objects,
    part_of,
    quantity,
    said,
    text,
)
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason

__all__ = ["FIELDS", "alhena", "answered", "translated"]

FIELDS: dict[str, tuple[str, ...]] = {
    "occurred_at": ("occurred_at", "timestamp", "created_at"),
    "event_id": ("message_id", "event_id", "id"),
    "visitor_id": ("visitor_id", "anonymous_id", "anonymousId"),
    "customer_id": ("customer_id", "user_id", "userId"),
    "conversation_id": ("conversation_id",),
    "agent": ("agent_id", "agent_username", "agent_name"),
    "matched_products": ("matched_products", "products"),
    "escalated": ("escalated",),
    "could_not_answer": ("could_not_answer",),
}
"""Part of an answer -> where it is looked for unless ``[chats.NAME]`` says otherwise."""
_PRODUCT = ("product_id", "sku", "id")
_LINES = GoodsNames(product=("productId",), price=("value",))


def translated(payload: Any, chat: ChatConfig, *, received_at: datetime) -> Translated:
    """Translate one payload of a chat vendor.

    Args:
        payload: the decoded JSON.
        chat: ``[chats.NAME]`` of ``shop.toml``.
        received_at: our own clock, UTC; when it happened, where the payload does not say.
    """
    collector = Collector()
    if not isinstance(payload, dict):
        collector.refuse(Reason.MALFORMED, "a payload must be a JSON object")
        return collector.done()
    name = _found(payload, chat.event)
    if chat.answers and name not in chat.answers:
        collector.skip(name if isinstance(name, str) else f"no {chat.event}")
        return collector.done()
    with collector.refusing(chat.surface):
        shared = {
            "occurred_at": moment(_part(payload, "occurred_at", chat), "occurred_at") or received_at,
            "event_id": key(text(_part(payload, "event_id", chat), "event_id")),
            "visitor_id": needed(text(_part(payload, "visitor_id", chat), "visitor_id"), "visitor_id"),
            "customer_id": collector.given(chat.surface, text, _part(payload, "customer_id", chat), "customer_id"),
        }
        answered(collector, payload, shared, chat)
    return collector.done()


def answered(
    collector: Collector,
    properties: Mapping[str, Any],
    shared: Mapping[str, Any],
    chat: ChatConfig,
    *,
    surface: str | None = None,
) -> None:
    """Add an answer.

    Args:
        collector: what receives it.
        properties: where the vendor says what the answer was.
        shared: the fields that every event has.
        chat: what the shop says of this chat.
        surface: the assistant, where the payload names it.

    Raises:
        Untranslatable: what it matched, or whether it helped, cannot be read.
    """
    agent = collector.given("agent", text, _part(properties, "agent", chat), "agent")
    escalated = boolean(_part(properties, "escalated", chat), "escalated")
    if chat.assistants and agent is not None and agent not in chat.assistants:
        escalated = True
    collector.body(
        "assistant_answer",
        shared,
        surface=surface or chat.surface,
        conversation_id=collector.given(
            "conversation_id", text, _part(properties, "conversation_id", chat), "conversation_id"
        ),
        matched_products=_matched(_part(properties, "matched_products", chat)),
        escalated=escalated,
        could_not_answer=boolean(_part(properties, "could_not_answer", chat), "could_not_answer"),
        channel=chat.channel,
    )


def _matched(part: Mapping[str, Any]) -> list[str] | None:
    """Return the products that an answer named: a list of ids, or of objects that have one."""
    value = part.get("matched_products")
    if value is None or value == "":
        return None
    found = []
    for one in value if isinstance(value, list) else [value]:
        product = text(one, *_PRODUCT) if isinstance(one, dict) else text({"matched_products": one}, "matched_products")
        found.append(needed(product, "product_id", "a matched product is named by its id"))
    return found


def _part(payload: Mapping[str, Any], field: str, chat: ChatConfig) -> dict[str, Any]:
    """Return what the payload says of a part of an answer, under our name for it."""
    declared = {str(name): path for name, path in chat.fields.items()}
    paths = (declared[field],) if field in declared else FIELDS[field]
    return {field: next((value for path in paths if (value := _found(payload, path)) not in (None, "")), None)}


def _found(value: Any, path: str) -> Any:
    """Return what lies at the end of a path with points; of a list, what lies there in each of its objects."""
    for name in path.split("."):
        if isinstance(value, list):
            value = [one[name] for one in value if isinstance(one, dict) and name in one]
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value


def alhena(call: Any, *, received_at: datetime, experiment: str = "alhena") -> Translated:
    """Translate one call between a page and Alhena's script, in an envelope that the page puts around it.

    The envelope has ``call`` (``sendCartEvent``, ``sendCheckoutEvent`` or ``experiment:loaded``), ``data`` (what was
    handed over), ``visitor_id``, and where known ``customer_id``, ``occurred_at`` and ``event_id``.

    Args:
        call: the decoded JSON.
        received_at: our own clock, UTC; when it happened, where the envelope does not say.
        experiment: what the shop calls the experiment whose groups are ``test`` and ``control``.
    """
    collector = Collector()
    if not isinstance(call, dict):
        collector.refuse(Reason.MALFORMED, "a call must be a JSON object with call and data")
        return collector.done()
    name = call.get("call")
    with collector.refusing("alhena"):
        shared = {
            "occurred_at": moment(call, "occurred_at") or received_at,
            "event_id": key(text(call, "event_id")),
            "visitor_id": text(call, "visitor_id"),
            "customer_id": text(call, "customer_id"),
        }
        if name == "sendCheckoutEvent":
            _alhena_order(collector, part_of(call, "data"), shared)
        elif name == "sendCartEvent":
            _alhena_cart(collector, part_of(call, "data"), shared)
        elif name == "experiment:loaded":
            visitor = needed(shared["visitor_id"], "visitor_id")
            group = needed(text(call, "data"), "data", "it is test or control")
            collector.body("exposure", shared, visitor_id=visitor, experiment=experiment, variant=group)
        else:
            collector.skip(name if isinstance(name, str) else "no call")
    return collector.done()


def _alhena_cart(collector: Collector, data: Mapping[str, Any], shared: Mapping[str, Any]) -> None:
    """Only an item that is new says how many were laid in: its quantity is what the cart holds afterwards."""
    action = said(data, "type")[1]
    if action != "ITEM_ADDED":
        collector.skip(f"sendCartEvent {action}" if isinstance(action, str) else "sendCartEvent without type")
        return
    units = quantity(data, "quantity")
    if units > 1:
        raise Untranslatable(
            Reason.INCONSISTENT, "whether value is of one unit or of all is not known where quantity is above 1"
        )
    collector.body(
        "add_to_cart",
        shared,
        visitor_id=needed(shared["visitor_id"], "visitor_id"),
        product_id=needed(text(data, "productId"), "productId"),
        quantity=units,
        unit_price=needed(amount(data, "value"), "value"),
        currency=text(data, "currency"),
    )


def _alhena_order(collector: Collector, data: Mapping[str, Any], shared: Mapping[str, Any]) -> None:
    """Lines are kept where they add up to the order's value, by units or as a whole; the value is what counts."""
    order = needed(text(data, "orderId"), "orderId", "without it an order cannot be told from its repeat")
    value = needed(amount(data, "value"), "value")
    lines = lines_of(collector, "sendCheckoutEvent", objects(data, "lineItems"), _LINES)
    if sum((Decimal(line["unit_price"]) for line in lines.lines), Decimal(0)) == value:
        each = ({**line, "unit_price": str(_unit(line))} for line in lines.lines)
        lines = Lines(tuple(each), lines.complete)
    elif lines.worth != value:
        lines = Lines((), complete=True)
    collector.body("purchase", shared, purchased(value, lines, None), order_id=order, currency=text(data, "currency"))


def _unit(line: Mapping[str, Any]) -> Decimal:
    units: int = line["quantity"]
    return (Decimal(line["unit_price"]) / units).quantize(Decimal("0.0001"))
