"""Segment's addresses, as its clients use them."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from served import Served, served

ORDER = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "m-order",
    "anonymousId": "v1",
    "userId": "c1",
    "timestamp": "2026-11-20T10:00:00Z",
    "properties": {
        "order_id": "o1",
        "revenue": 50,
        "tax": 9.5,
        "shipping": 5,
        "currency": "EUR",
        "products": [{"product_id": "p1", "price": 25, "quantity": 2}],
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An empty shop, served."""
    with served(tmp_path_factory.mktemp("segment")) as found:
        yield found


def post(server: Served, address: str, body: Any, **headers: str) -> httpx.Response:
    basic = base64.b64encode(f"{server.key}:".encode()).decode()
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(f"{server.url}/v1/{address}", content=content, headers={"authorization": f"Basic {basic}", **headers})


def test_a_batch_has_an_answer_for_each_message(server: Served) -> None:
    """An order, a page, something that means nothing here, and something that is no message: one spoils no other."""
    page = {"type": "page", "messageId": "m-page", "anonymousId": "v1", "properties": {"path": "/a"}}
    liked = {"type": "track", "event": "Product Shared", "messageId": "m-liked", "anonymousId": "v1"}
    before = server.n_events("purchase")
    found = post(server, "batch", {"batch": [ORDER, page, liked, 17]}).json()
    assert [each["status"] for each in found["results"]] == ["accepted", "accepted", "skipped", "rejected"]
    assert (found["accepted"], found["rejected"], found["success"]) == (3, 1, False)
    assert found["results"][3]["reasons"][0]["details"]
    assert server.n_events("purchase") == before + 1
    assert post(server, "batch", {"batch": [ORDER]}).json()["success"]
    assert server.n_events("purchase") == before + 1


@pytest.mark.parametrize("address", ["track", "t"])
def test_single_messages_need_no_type(server: Served, address: str) -> None:
    """The address says what it is; as text, packed, or as a form, with the key in the body or in the header."""
    message = {"event": "Product Added", "anonymousId": f"v-{address}", "properties": {"product_id": "p1", "price": 9}}
    for nth, (content_type, pack) in enumerate(
        [("text/plain", bytes), ("application/x-www-form-urlencoded", gzip.compress)]
    ):
        body = json.dumps({**message, "messageId": f"{address}-{nth}", "writeKey": server.key}).encode()
        url = f"{server.url}/v1/{address}"
        found = httpx.post(url, content=pack(body), headers={"content-type": content_type})
        assert (found.status_code, found.json()["status"]) == (200, "accepted"), found.text


def test_limits_are_those_of_segment(server: Served) -> None:
    """A message of more than 32 kB is refused alone; as a single one with 413; a batch needs its list."""
    large = {**ORDER, "messageId": "large", "context": {"page": {"title": "x" * 40_000}}}
    found = post(server, "batch", {"batch": [large, {**ORDER, "messageId": "small"}]}).json()
    assert [each["status"] for each in found["results"]] == ["rejected", "accepted"]
    assert "32,768 bytes" in found["results"][0]["reasons"][0]["details"]
    assert post(server, "track", large).status_code == 413
    assert post(server, "batch", {"messages": []}).status_code == 400


def test_without_a_key_nothing_is_taken(server: Served) -> None:
    """In the header or in the body, it must be one that may write."""
    assert httpx.post(f"{server.url}/v1/batch", json={"batch": [ORDER]}).status_code == 401
    assert httpx.post(f"{server.url}/v1/batch", json={"batch": [ORDER], "writeKey": "wrong"}).status_code == 401
