"""Messages of Segment and RudderStack become events."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclick.config import ChatConfig
from counterclick.connectors import segment
from counterclick.connectors.segment import batched, translated
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason
from counterclick.events.vocabulary import SelectItem, ShownItem
from translations import ANY_JSON, NOW, only, sound, spoilt, taken, worth

TIME = "2026-03-01T09:30:00.000Z"


def message(event: str = "", **properties: Any) -> dict[str, Any]:
    """A track call as a browser sends it, but for what the test says."""
    return {
        "type": "track",
        "event": event,
        "messageId": "m1",
        "anonymousId": "v1",
        "userId": None,
        "timestamp": TIME,
        "properties": properties,
        "context": {"page": {"path": "/shop", "url": "https://example.org/shop?q=1"}, "locale": "de-AT"},
    }


def track(event: str, **properties: Any) -> Translated:
    return translated(message(event, **properties), received_at=NOW)


ORDER = {
    "checkout_id": "c1",
    "order_id": "1001",
    "total": 27.50,
    "subtotal": 22.50,
    "revenue": 25.00,
    "shipping": 3,
    "tax": 2,
    "discount": 2.5,
    "currency": "USD",
    "products": [
        {"product_id": "507f", "sku": "45790-32", "price": 19, "quantity": 1},
        {"product_id": "505b", "sku": "46493-32", "price": 3, "quantity": 2},
    ],
}
"""The numbers of the specification's own example: its revenue is before the discount."""


def test_an_order() -> None:
    """An order is worth its subtotal; tax, shipping and discount stand beside it; who and when are kept."""
    order = only(track("Order Completed", **ORDER))
    assert (order.event_id, order.order_id, order.visitor_id, order.currency) == ("m1", "1001", "v1", "USD")
    assert (order.value, order.tax, order.shipping, order.discount) == (Decimal("22.5"), 2, 3, Decimal("2.5"))
    assert [(line.product_id, line.quantity, line.unit_price) for line in order.lines] == [("507f", 1, 19), ("505b", 2, 3)]
    assert order.country == "AT"


@pytest.mark.parametrize(
    ("stated", "value"),
    [
        ({"subtotal"}, "22.5"),
        ({"revenue", "products", "discount"}, "22.5"),
        ({"total", "shipping", "tax"}, "22.5"),
        ({"products", "discount"}, "22.5"),
        ({"products"}, "25"),
        ({"revenue"}, "25"),
        ({"revenue", "discount"}, "25"),
        ({"revenue", "total", "shipping", "tax"}, "25"),
    ],
)
def test_what_an_order_was_worth(stated: set[str], value: str) -> None:
    """Whichever amounts of the same order are stated, its worth is what they leave no doubt of."""
    sent = {name: amount for name, amount in ORDER.items() if name in stated}
    assert worth(only(track("Order Completed", order_id="1", **sent))) == Decimal(value)


def test_a_revenue_with_tax_and_shipping_in_it() -> None:
    """A revenue that equals the total of an order with tax and shipping is not taken for a net one."""
    order = only(track("Order Completed", order_id="1", revenue=119, total=119, tax=19, shipping=0))
    assert order.value == 100


def test_a_total_alone_is_not_enough() -> None:
    """A total that may hold tax and shipping says nothing of revenue."""
    found = track("Order Completed", order_id="1", total=119, tax=19)
    assert [reason for reason, _ in found.refused] == [Reason.MISSING_FIELD]


def test_a_line_that_cannot_be_read() -> None:
    """It costs only itself where the order's worth is stated, and the order where it is not."""
    products = [{"product_id": "a", "price": 5, "quantity": 2}, {"product_id": "b", "price": "5 EUR"}]
    stated = track("Order Completed", order_id="1", subtotal=15, tax="none", products=products)
    assert [body["lines"] for body in stated.bodies] == [[{"product_id": "a", "quantity": 2, "unit_price": "5.0000"}]]
    assert [sentence for _, sentence in stated.refused] == [
        "Order Completed: line 2: price must be an amount with a point before its decimals: 19.90",
        "Order Completed: tax must be an amount with a point before its decimals: 19.90",
    ]
    unstated = track("Order Completed", order_id="1", products=products)
    assert not unstated.bodies
    assert "its worth is not known" in unstated.refused[-1][1]


@pytest.mark.parametrize("odd", [{"quantity": 0}, {"quantity": 1.5}, {"price": -2}, {"price": None}, {"product_id": [1]}])
def test_a_line_that_is_none(odd: dict[str, Any]) -> None:
    """A discount written as a line, or a line of no units, does not cost an order whose worth is stated."""
    products = [{"product_id": "a", "price": 5, "quantity": 2}, {"product_id": "b", "price": 5} | odd]
    found = track("Order Completed", order_id="1", subtotal=8, shipping=-1, products=products)
    order = only(Translated(bodies=found.bodies))
    assert (order.value, order.shipping, [line.product_id for line in order.lines]) == (8, None, ["a"])
    assert len(found.refused) == 2


CENTS = st.integers(0, 10**7).map(lambda n: Decimal(n) / 100)


@given(
    st.lists(st.tuples(CENTS, st.integers(1, 9)), min_size=1, max_size=5),
    st.integers(0, 100),
    CENTS,
    CENTS,
    st.sets(st.sampled_from(["subtotal", "revenue", "total", "products"]), min_size=1),
    st.sampled_from([str, float]),
)
def test_money_in_is_money_out(
    lines: list[tuple[Decimal, int]], percent: int, tax: Decimal, shipping: Decimal, stated: set[str], write: Any
) -> None:
    """From any set of an order's amounts, as numbers or as text, comes the same worth: goods less discount."""
    goods = sum((price * units for price, units in lines), Decimal(0))
    discount = (goods * percent / 100).quantize(Decimal("0.01"))
    amounts = {"subtotal": goods - discount, "revenue": goods - discount, "total": goods - discount + tax + shipping}
    sent: dict[str, Any] = {name: write(amount) for name, amount in amounts.items() if name in stated}
    if "products" in stated:
        sent["products"] = [{"product_id": f"p{n}", "price": write(p), "quantity": u} for n, (p, u) in enumerate(lines)]
    order = only(
        track("Order Completed", order_id="1", tax=write(tax), shipping=write(shipping), discount=write(discount), **sent)
    )
    assert worth(order) == goods - discount


def test_refunds() -> None:
    """A refund is of the products it names, else of the amount it states, else of the whole order."""
    whole = only(track("Order Refunded", order_id="1"))
    assert (whole.order_id, whole.lines, whole.amount, whole.refund_kind) == ("1", (), None, "return")
    part = only(track("Order Refunded", order_id="1", total=30, products=[{"product_id": "a", "price": 19, "quantity": 2}]))
    assert [(line.product_id, line.quantity, line.unit_price) for line in part.lines] == [("a", 2, None)]
    assert only(track("Order Refunded", order_id="1", total=30, tax=4.5)).amount == Decimal("25.5")
    unmatched = only(track("Order Refunded", products=[{"product_id": "a", "price": 19}]))
    assert [(line.quantity, line.unit_price) for line in unmatched.lines] == [(1, 19)]
    assert track("Order Refunded", order_id="1", total=3, shipping=3).skipped == (
        "Order Refunded of nothing but tax and shipping",
    )
    assert track("Order Refunded").refused[0][0] == Reason.MISSING_FIELD


def test_a_cancellation_is_of_the_whole_order() -> None:
    """A cancelled order's products are all of it; an update of an order is counted and passed over."""
    cancelled = only(track("Order Cancelled", **ORDER))
    assert (cancelled.refund_kind, cancelled.lines, cancelled.amount) == ("cancellation", (), None)
    assert track("Order Updated", **ORDER) == Translated(skipped=("Order Updated",))


def test_carts() -> None:
    """What is laid in has its price and quantity; without a price it cannot be counted in money."""
    added = only(track("Product Added", product_id="a", price="9.90", quantity=2, currency="eur", list_id="cart"))
    assert (added.unit_price, added.quantity, added.currency, added.surface) == (Decimal("9.9"), 2, "EUR", "cart")
    removed = only(track("Product Removed", sku="a-1", price=9.9))
    assert (removed.product_id, removed.quantity) == ("a-1", 1)
    assert track("Product Added", product_id="a").refused[0][0] == Reason.MISSING_FIELD
    assert only(track("Checkout Started", revenue=20, products=[])).value == 20
    assert only(track("Checkout Started", discount=1, products=[{"product_id": "a", "price": 5, "quantity": 2}])).value == 9
    assert only(track("Product Viewed", product_id=12)).product_id == "12"


def test_surfaces() -> None:
    """A list with an id and a promotion are surfaces that show and are clicked; a list without one is none."""
    products = [{"product_id": "a", "position": 0}, {"product_id": "b", "position": 1}]
    shown = only(track("Product List Viewed", list_id="recs", category="hats", products=products))
    assert (shown.surface, shown.items) == (
        "recs",
        (ShownItem(product_id="a", position=1), ShownItem(product_id="b", position=2)),
    )
    assert track("Product List Viewed", products=products).skipped == ("Product List Viewed without list_id",)
    promotion = only(track("Viewed Promotion", promotion_id="spring", position="home_top"))
    assert (promotion.surface, promotion.items) == ("spring", ())
    banner = only(track("Promotion Clicked", promotion_id="spring", position="home_top"))
    assert isinstance(banner, SelectItem)
    assert banner.product_id is None
    clicked = only(track("Product Clicked", product_id="a", list_id="recs", position=3))
    assert (clicked.surface, clicked.product_id, clicked.position) == ("recs", "a", 3)
    assert track("Product Clicked", product_id="a").skipped == ("Product Clicked without list_id",)


def test_our_own_names() -> None:
    """What the specification has no name for is said in ours."""
    fields = {"policy": "bundles", "variant": "bundles", "propensity": 0.5, "channel": "onsite"}
    shown = only(track("Surface Shown", surface="cart", products=[{"product_id": "a"}], **fields))
    assert (shown.surface, shown.policy, shown.propensity, shown.items[0].position) == ("cart", "bundles", 0.5, 1)
    assert only(track("surface_clicked", surface="cart", product_id="a")).surface == "cart"
    answer = only(
        track("Assistant Answered", surface="chat", conversation_id="c1", matched_products=["a", 7], could_not_answer=False)
    )
    assert (answer.surface, answer.matched_products, answer.could_not_answer) == ("chat", ("a", "7"), False)


def test_an_experiment() -> None:
    """An experiment that was seen is an exposure, named by its ids."""
    seen = only(
        track(
            "Experiment Viewed",
            experiment_id="cart-bundles",
            experiment_name="Bundles",
            variation_id="b",
            variation_name="B",
        )
    )
    assert (seen.experiment, seen.variant, seen.visitor_id) == ("cart-bundles", "b", "v1")


def test_live_chat() -> None:
    """What the customer receives is an answer; of another agent than the declared ones it was handed over."""
    sent = message("Live Chat Message Received", agent_id="bot", conversation_id="c1", message_id="1")
    answer = only(translated(sent, received_at=NOW))
    assert (answer.surface, answer.conversation_id, answer.escalated, answer.matched_products) == (
        "live_chat",
        "c1",
        False,
        (),
    )
    chat = ChatConfig(surface="helper", assistants=("robot",))
    assert only(translated(sent, received_at=NOW, chat=chat)).escalated
    assert track("Live Chat Message Sent", conversation_id="c1").skipped == ("Live Chat Message Sent",)


def test_mails() -> None:
    """Mails are messages to whoever is named; an address alone is hashed by the door."""
    opened = only(track("Email Opened", email_id="e1", campaign_id="spring"))
    assert (opened.surface, opened.message_id, opened.campaign_id, opened.channel) == ("email", "e1", "spring", "email")
    nobody = message("Email Link Clicked", product_id="a") | {"anonymousId": None}
    nobody["context"] = {"traits": {"email": "anna@example.org"}}
    clicked = only(translated(nobody, received_at=NOW))
    assert clicked.product_id == "a"
    assert str(clicked.customer_id).startswith("e_")
    assert track("Email Bounced").skipped == ("Email Bounced",)


def test_who_is_who() -> None:
    """Identify and alias join a visitor and a customer; pages and screens are views; a group is nothing to us."""
    base = {"messageId": "m1", "timestamp": TIME, "anonymousId": "v1", "userId": 7}
    known = only(translated({**base, "type": "identify", "traits": {"email": "anna@example.org"}}, received_at=NOW))
    assert (known.visitor_id, known.customer_id) == ("v1", "7")
    assert translated({**base, "type": "identify", "userId": None}, received_at=NOW).skipped == ("identify of one id",)
    alias = only(translated({**base, "type": "alias", "previousId": "v0"}, received_at=NOW))
    assert (alias.visitor_id, alias.customer_id) == ("v0", "7")
    page = {**base, "properties": {"url": "https://example.org/p?mail=anna@example.org"}}
    assert only(translated(page, received_at=NOW, kind="page")).page == "/p"
    assert only(translated({**base, "type": "screen", "name": "Home"}, received_at=NOW)).page == "Home"
    assert translated({**base, "type": "group"}, received_at=NOW).skipped == ("group",)
    assert translated({**base, "type": "event"}, received_at=NOW).refused[0][0] == Reason.UNKNOWN_KIND
    assert translated([], received_at=NOW).refused[0][0] == Reason.MALFORMED


@pytest.mark.parametrize(
    ("times", "happened_at"),
    [
        ({"timestamp": "2026-03-01T09:00:00Z"}, datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ({"timestamp": "2026-03-02T13:00:00Z", "sentAt": "2026-03-02T13:30:00Z"}, datetime(2026, 3, 2, 11, 30, tzinfo=UTC)),
        (
            {"originalTimestamp": "2026-03-02T10:00:00Z", "sentAt": "2026-03-02T11:00:00Z"},
            datetime(2026, 3, 2, 11, tzinfo=UTC),
        ),
        ({"sentAt": "2026-03-02T11:00:00Z"}, NOW),
        ({}, NOW),
        (
            {
                "originalTimestamp": "2026-03-01T19:00:00Z",
                "sentAt": "2026-03-01T20:00:00Z",
                "receivedAt": "2026-03-01T10:00:00Z",
                "timestamp": "2026-03-01T09:00:00Z",
            },
            datetime(2026, 3, 1, 9, tzinfo=UTC),
        ),
    ],
)
def test_when_it_happened(times: dict[str, str], happened_at: datetime) -> None:
    """A client's clock is set right by when it sent; a message that a server has stamped is right already."""
    sent = message("Product Viewed", product_id="a")
    del sent["timestamp"]
    assert only(translated(sent | times, received_at=NOW)).occurred_at == happened_at


def test_a_time_without_zone_is_refused() -> None:
    """It could be any of a day's hours."""
    found = translated(message("Product Viewed", product_id="a") | {"timestamp": "2026-03-01T09:30:00"}, received_at=NOW)
    assert [reason for reason, _ in found.refused] == [Reason.WRONG_TYPE]


def test_a_batch() -> None:
    """Each message of a batch is translated by itself, with the batch's context and the time at which it was sent."""
    mobile = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
    sent = {
        "batch": [message("Product Viewed", product_id="a"), 5, message("Nothing")],
        "sentAt": "2026-03-02T11:00:00Z",
        "context": {"userAgent": mobile, "consent": {"categoryPreferences": {"Analytics": False}}},
    }
    first, second, third = batched(sent, received_at=NOW)
    view = only(first)
    assert (view.device, view.consent, view.occurred_at) == ("mobile", False, datetime(2026, 3, 1, 10, 30, tzinfo=UTC))
    assert second.refused[0][0] == Reason.MALFORMED
    assert third.skipped == ("Nothing",)
    assert batched([], received_at=NOW)[0].refused[0][0] == Reason.MALFORMED


def test_who_is_not_named() -> None:
    """What a browser did needs its anonymousId; a purchase does not; an address in a name is not kept."""
    sent = message("Product Viewed", product_id="a") | {"anonymousId": None, "userId": "u1"}
    assert translated(sent, received_at=NOW).refused[0][0] == Reason.MISSING_FIELD
    order = message("Order Completed", order_id="1", subtotal=5) | {"anonymousId": None, "userId": "u1"}
    assert only(translated(order, received_at=NOW)).customer_id == "u1"
    assert track("mail to anna@example.org").skipped == ("mail to [email]",)


PAYLOADS = [
    message("Order Completed", **ORDER),
    message("Order Refunded", order_id="1", products=ORDER["products"], total=3),
    message("Product List Viewed", list_id="recs", products=[{"product_id": "a", "position": 1}], propensity=0.2),
    message("Assistant Answered", matched_products=["a", {"product_id": "b"}], escalated=True, agent_id="x"),
    message("Product Added", product_id="a", price=3, quantity=1, surface="cart"),
    message("Checkout Started", value=3, products=ORDER["products"]),
    message("Email Opened", email_id="e1"),
    message("Experiment Viewed", experiment_id="x", variation_id="y"),
    message() | {"type": "page"},
    message() | {"type": "alias", "previousId": "v0", "userId": "u"},
]


@given(st.one_of([spoilt(payload) for payload in PAYLOADS]) | ANY_JSON)
def test_any_message(sent: Any) -> None:
    """Whatever is sent, nothing is raised, nothing is lost in silence, and bodies are in our words."""
    found = translated(sent, received_at=NOW, sent_at="2026-03-02T11:59:59Z")
    sound(found)
    assert found == translated(sent, received_at=NOW, sent_at="2026-03-02T11:59:59Z")


@given(st.fixed_dictionaries({"batch": st.lists(st.one_of([spoilt(one) for one in PAYLOADS]), max_size=3)}) | ANY_JSON)
def test_any_batch(sent: Any) -> None:
    """A batch is translated message by message, whatever they are."""
    found = batched(sent, received_at=NOW)
    if isinstance(sent, dict) and isinstance(sent.get("batch"), list):
        assert len(found) == len(sent["batch"])
    for one in found:
        sound(one)


def test_every_name_becomes_something() -> None:
    """With everything that the specification asks for, each name is an event."""
    sent = ORDER | {"list_id": "l", "promotion_id": "p", "product_id": "a", "price": 1, "surface": "s", "quantity": 1}
    sent |= {"experiment_id": "x", "variation_id": "y"}
    for name in segment.TRANSLATIONS:
        assert taken(track(name, **sent)), name
