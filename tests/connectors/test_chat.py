"""Chats in a vendor's words become answers; nothing that the vendor does not say is said of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from counterclick.config import ChatConfig, parse
from counterclick.connectors.chat import alhena, translated
from counterclick.errors import ConfigError
from counterclick.events.rejection import Reason
from counterclick.events.vocabulary import Exposure
from translations import ANY_JSON, NOW, only, sound, spoilt, worth

VENDOR = ChatConfig(
    surface="helper",
    channel="voice",
    event="data.kind",
    answers=("reply",),
    assistants=("robot",),
    fields={
        "occurred_at": "at",
        "event_id": "data.id",
        "visitor_id": "session.browser",
        "agent": "data.by",
        "matched_products": "data.cards.product.sku",
        "escalated": "data.handover",
    },
)
REPLY: dict[str, Any] = {
    "at": "2026-03-01T09:30:00Z",
    "session": {"browser": "v1"},
    "conversation_id": "c1",
    "could_not_answer": False,
    "data": {
        "kind": "reply",
        "id": 5,
        "by": "robot",
        "handover": False,
        "cards": [{"product": {"sku": "a"}}, {"title": "Sizes"}, {"product": {"sku": 7}}],
    },
}


def test_a_declared_vendor() -> None:
    """Paths lead to the parts of an answer, through lists as well; what is not declared keeps our names."""
    answer = only(translated(REPLY, VENDOR, received_at=NOW))
    assert (answer.surface, answer.channel, answer.event_id, answer.visitor_id) == ("helper", "voice", "5", "v1")
    assert (answer.matched_products, answer.conversation_id) == (("a", "7"), "c1")
    assert (answer.escalated, answer.could_not_answer) == (False, False)


def test_what_is_no_answer() -> None:
    """Other events of the vendor are counted by their names."""
    assert translated(REPLY | {"data": {"kind": "typing"}}, VENDOR, received_at=NOW).skipped == ("typing",)
    assert translated({}, VENDOR, received_at=NOW).skipped == ("no data.kind",)


def test_a_person_answers() -> None:
    """An agent that is not declared as the assistant is a person: the conversation was handed over."""
    assert only(translated(REPLY | {"data": {**REPLY["data"], "by": "Anna"}}, VENDOR, received_at=NOW)).escalated


def test_nothing_is_guessed() -> None:
    """An answer of which nothing is said matched nothing; one whose parts cannot be read is refused."""
    said = {"visitor_id": "v1", "text": "Have a look at the hat p1!"}
    bare = only(translated(said, ChatConfig(surface="chat"), received_at=NOW))
    assert (bare.matched_products, bare.escalated, bare.could_not_answer, bare.occurred_at) == ((), False, False, NOW)
    odd = translated(said | {"escalated": "maybe"}, ChatConfig(surface="chat"), received_at=NOW)
    assert [reason for reason, _ in odd.refused] == [Reason.WRONG_TYPE]
    assert not odd.bodies
    assert translated({}, ChatConfig(surface="chat"), received_at=NOW).refused[0][0] == Reason.MISSING_FIELD
    assert translated([], ChatConfig(surface="chat"), received_at=NOW).refused[0][0] == Reason.MALFORMED


def test_shop_toml() -> None:
    """A chat is declared in shop.toml; a part that no answer has is refused by its name."""
    text = '[chats.helper]\nsurface = "helper"\nassistants = ["robot"]\n[chats.helper.fields]\nagent = "data.by"\n'
    assert parse(text).chats == {"helper": ChatConfig(surface="helper", assistants=("robot",), fields={"agent": "data.by"})}
    with pytest.raises(ConfigError, match="by"):
        parse(text.replace("agent =", "by ="))


@given(spoilt(REPLY) | ANY_JSON)
def test_any_payload(sent: Any) -> None:
    """Whatever a vendor sends, nothing is raised and nothing is lost in silence."""
    sound(translated(sent, VENDOR, received_at=NOW))
    sound(translated(sent, ChatConfig(surface="chat"), received_at=NOW))


CART = {"type": "ITEM_ADDED", "productId": "a", "productName": "Hat", "value": 12.5, "currency": "EUR", "quantity": 1}
CHECKOUT: dict[str, Any] = {
    "orderId": "1001",
    "value": 40,
    "currency": "EUR",
    "lineItems": [
        {"productId": "a", "quantity": 2, "value": 30, "currency": "EUR"},
        {"productId": "b", "quantity": 1, "value": 10, "currency": "EUR"},
    ],
}


def call(name: str, data: Any) -> dict[str, Any]:
    return {"call": name, "data": data, "visitor_id": "v1", "event_id": "e1", "occurred_at": "2026-03-01T09:30:00Z"}


def test_alhena_carts() -> None:
    """Only a new item tells how many were laid in; where there are several, whose value it is is not known."""
    added = only(alhena(call("sendCartEvent", CART), received_at=NOW))
    assert (added.product_id, added.quantity, added.unit_price) == ("a", 1, Decimal("12.5"))
    assert alhena(call("sendCartEvent", CART | {"quantity": 2}), received_at=NOW).refused[0][0] == Reason.INCONSISTENT
    more = alhena(call("sendCartEvent", CART | {"type": "QUANTITY_INCREASED", "quantity": 2}), received_at=NOW)
    assert more.skipped == ("sendCartEvent QUANTITY_INCREASED",)


@pytest.mark.parametrize(("values", "lines"), [((30, 10), [15, 10]), ((15, 10), [15, 10]), ((15, 9), [])])
def test_alhena_orders(values: tuple[int, int], lines: list[int]) -> None:
    """An order is worth its value; its lines are kept where they add up to it, as wholes or by units."""
    items = [dict(item, value=value) for item, value in zip(CHECKOUT["lineItems"], values, strict=True)]
    order = only(alhena(call("sendCheckoutEvent", CHECKOUT | {"lineItems": items}), received_at=NOW))
    assert worth(order) == 40
    assert [line.unit_price for line in order.lines] == lines
    without = alhena(call("sendCheckoutEvent", {"value": 3}), received_at=NOW)
    assert without.refused[0][0] == Reason.MISSING_FIELD


def test_alhena_experiment() -> None:
    """The group that the script was loaded with is an exposure."""
    seen = only(alhena(call("experiment:loaded", "control"), received_at=NOW, experiment="chat"))
    assert isinstance(seen, Exposure)
    assert (seen.experiment, seen.variant, seen.visitor_id) == ("chat", "control", "v1")


@given(
    spoilt(call("sendCheckoutEvent", CHECKOUT)) | spoilt(call("sendCartEvent", CART)) | ANY_JSON,
)
def test_any_call(sent: Any) -> None:
    """Whatever is handed over, nothing is raised and nothing is lost in silence."""
    sound(alhena(sent, received_at=NOW))
