"""Senders whose words a translator knows, each at its own address, as it sends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from counterclick.shop import open_shop
from served import Served, served

SECRET = "hush"  # noqa: S105 - of the test's webhook
TOML = """
[loop]
secret_env = "TEST_LOOP_SECRET"
[chats.helper]
surface = "helper"
event = "type"
answers = ["reply"]
"""
RETURN = {
    "topic": "return",
    "id": "1673",
    "state": "closed",
    "created_at": "2026-03-01T09:30:00Z",
    "provider_order_id": "o1",
    "currency": "EUR",
    "return_product_total": "50.00",
    "status_page_url": "https://example.com/return/1",
}
ORDER = {
    "name": "purchase",
    "params": {"transaction_id": "T1", "value": 22.5, "currency": "EUR", "items": [{"item_id": "a", "price": 22.5}]},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop that takes returns of Loop and a chat's answers."""
    with served(tmp_path_factory.mktemp("senders"), TOML, {"TEST_LOOP_SECRET": SECRET}) as found:
        yield found


def bare(server: Served, address: str, body: Any, **headers: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(f"{server.url}{address}", content=content, headers=headers)


def hits(*events: Any) -> dict[str, Any]:
    return {"client_id": "1.2", "user_id": "c1", "timestamp_micros": 1772357400000000, "events": list(events)}


def test_the_measurement_protocol(server: Served) -> None:
    """The key is the api_secret; an order sent twice counts once, and what cannot be read spoils nothing else."""
    address = f"/mp/collect?measurement_id=G-1&api_secret={server.key}"
    for _ in range(2):
        found = bare(server, address, hits(ORDER, {"name": "session_start"}, {"name": "view_item"})).json()
        assert (found["status"], found["events"], found["skipped"]) == ("rejected", 1, ["session_start"])
        assert found["reasons"][0]["reason"] == "missing_field"
    with open_shop(server.toml) as shop:
        assert shop.orders.filter(shop.orders.order_id == "T1").revenue.to_pyarrow().to_pylist() == [22.5]
    assert bare(server, "/mp/collect?measurement_id=G-1&api_secret=guess", hits(ORDER)).status_code == 401
    assert bare(server, address, hits(*[ORDER] * 26)).status_code == 413
    assert bare(server, address, hits({"name": "page_view", "params": {"x": "y" * 40_000}})).status_code == 413


def test_klaviyos_address(server: Served) -> None:
    """A client of Klaviyo's sends here with our key where Klaviyo's stands, and is answered with 202."""
    attributes = {
        "metric": {"data": {"type": "metric", "attributes": {"name": "Placed Order"}}},
        "profile": {"data": {"type": "profile", "attributes": {"email": "anna@example.org", "anonymous_id": "v1"}}},
        "properties": {"OrderId": "k1", "NetValue": "30.00"},
        "time": "2026-03-01T09:30:00Z",
        "unique_id": "k1",
    }
    body = {"data": {"type": "event", "attributes": attributes}}
    found = bare(server, "/api/events", body, authorization=f"Klaviyo-API-Key {server.key}", revision="2026-07-15")
    assert (found.status_code, found.json()) == (202, {"status": "accepted", "events": 1})
    assert bare(server, "/api/events", body, authorization="Klaviyo-API-Key pk_guess").status_code == 401
    with open_shop(server.toml) as shop:
        (order,) = shop.orders.filter(shop.orders.order_id == "k1").to_pyarrow().to_pylist()
    assert (order["revenue"], order["customer_id"][:2]) == (30, "e_")


def sign(text: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def test_a_return_is_signed_over_escaped_slashes(server: Served) -> None:
    """As Loop's page says, or over the plain body as its examples do; any other signature is answered with 401."""
    body = json.dumps(RETURN).encode()
    for signature in (sign(body.replace(b"/", b"\\/")), sign(body)):
        found = bare(server, "/webhooks/loop", body, **{"X-Loop-Signature": signature})
        assert (found.status_code, found.json()["status"]) == (200, "accepted"), found.text
    assert server.n_events("refund") == 1
    for signature in (sign(body, "guess"), sign(body, ""), "", "é"):
        found = bare(server, "/webhooks/loop", body, **{"X-Loop-Signature": signature.encode()})
        assert (found.status_code, "TEST_LOOP_SECRET" in found.json()["error"]) == (401, True)
    assert bare(server, "/webhooks/loop", body).status_code == 401


def test_without_a_secret_no_signature_fits(tmp_path: Path) -> None:
    """A shop that declares Loop and forgot the secret takes nothing, an empty key's signature included."""
    body = json.dumps(RETURN).encode()
    with served(tmp_path, "[loop]\nsecret_env = 'NOT_THERE'\n") as other:
        assert bare(other, "/webhooks/loop", body, **{"X-Loop-Signature": sign(body, "")}).status_code == 401
    with served(tmp_path) as none:
        found = bare(none, "/webhooks/loop", body)
        assert (found.status_code, "[loop]" in found.json()["error"]) == (404, True)


def test_answers_of_a_chat(server: Served) -> None:
    """One payload or several, by the words that shop.toml declares; another chat is unknown."""
    reply = {"type": "reply", "visitor_id": "v1", "message_id": "m1", "matched_products": ["a"]}
    found = server.client.post("/v1/chat/helper", json=[reply, {"type": "typing"}, 17]).json()
    assert [each["status"] for each in found["results"]] == ["accepted", "skipped", "rejected"]
    assert server.client.post("/v1/chat/helper", json=reply).json()["accepted"] == 1
    assert server.n_events("assistant_answer") == 1
    unknown = server.client.post("/v1/chat/helpr", json=reply)
    assert (unknown.status_code, "Did you mean 'helper'?" in unknown.json()["error"]) == (404, True)
    assert bare(server, "/v1/chat/helper", reply).status_code == 401


def test_calls_of_alhenas_script(server: Served) -> None:
    """As a page forwards them, under the shop's name of the experiment."""
    calls = [
        {"call": "experiment:loaded", "data": "test", "visitor_id": "v9"},
        {"call": "sendCheckoutEvent", "data": {"orderId": "a1", "value": 5, "currency": "EUR"}, "visitor_id": "v9"},
        {"call": "sendCartEvent", "data": {"type": "ITEM_REMOVED"}, "visitor_id": "v9"},
    ]
    found = server.client.post("/v1/alhena?experiment=chat-test", json=calls).json()
    assert [each["status"] for each in found["results"]] == ["accepted", "accepted", "skipped"]
    with open_shop(server.toml) as shop:
        rows = shop.reading.rows("SELECT experiment, variant FROM events WHERE kind = 'exposure' AND visitor_id = 'v9'")
    assert rows == [("chat-test", "test")]
