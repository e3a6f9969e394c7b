"""The busiest addresses are answered alike, straight or by the framework."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar.types import Receive, Scope, Send

from builders import view
from counterclick.config import load
from counterclick.shop import open_shop
from counterclick.shop.premises import Premises
from counterclick.web.service import Service
from counterclick.web.straight import Straight
from served import TESTED, Served, served

FLAG = "/ofrep/v1/evaluate/flags/cart-bundles"
VISITOR = json.dumps({"context": {"targetingKey": "v1"}}).encode()
ASKED = [
    ("/v1/events", json.dumps([view("v1"), {"kind": "nonsense"}, 17]).encode(), {}),
    ("/v1/events", gzip.compress(json.dumps(view("v2")).encode()), {"content-encoding": "gzip"}),
    ("/v1/events", b"{", {}),
    ("/v1/events", b"[" + b" " * 600_000 + b"]", {}),
    ("/v1/events", b"[]", {"content-encoding": "br"}),
    ("/v1/events", b"[" * 100_000, {}),
    ("/v1/events", b"[]", {"authorization": "Bearer cc_write_wrong"}),
    ("/v1/events", b"[]", {"authorization": ""}),
    (FLAG, VISITOR, {}),
    (FLAG, b'{"context": {}}', {}),
    (FLAG, b"{", {}),
    (FLAG, b"", {}),
    (FLAG, b'{"context": {"targetingKey": "\\u0000"}}', {}),
    (FLAG, VISITOR, {"authorization": "Basic bm9uZTo="}),
    ("/ofrep/v1/evaluate/flags/no-such", VISITOR, {}),
    ("/ofrep/v1/evaluate/flags/cart%20bundles%C3%A9", VISITOR, {}),
    ("/ofrep/v1/evaluate/flags/cart-bundles%2Fx", VISITOR, {}),
    ("/ofrep/v1/evaluate/flags/", VISITOR, {}),
    ("/v1/events/", b"[]", {}),
]
"""Requests as they should be, and as they should not."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop with an experiment, served."""
    with served(tmp_path_factory.mktemp("straight"), TESTED) as found:
        yield found


def told(found: httpx.Response) -> dict[str, Any]:
    """Return what a response tells, but for its moment."""
    by_chance = ("date", "vary", *(("connection",) if found.status_code == 404 else ()))  # nobody reads that body
    headers = {name: value for name, value in found.headers.items() if name not in by_chance}
    body = found.json()
    for result in body.get("results", []):
        result.pop("event_id", None)  # drawn where the event has none
    return {"status": found.status_code, "headers": {**headers, "content-length": ""}, "body": body}


@pytest.mark.parametrize(("path", "body", "headers"), ASKED)
def test_both_ways_tell_the_same(server: Served, path: str, body: bytes, headers: dict[str, str]) -> None:
    """Status, headers and body, whatever is asked; a request of a page goes the framework's way."""
    straight = server.client.post(path, content=body, headers=headers)
    framework = server.client.post(path, content=body, headers={**headers, "origin": "https://elsewhere.example"})
    assert told(straight) == told(framework)


def test_who_goes_straight(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A POST to these two addresses that is no page's; everything else is handed on, untouched."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.toml").write_text(TESTED, encoding="utf-8")
    with open_shop(folder / "shop.toml"):
        pass
    handed: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - as it is called
        handed.append(f"{scope['method']} {scope['path']}")  # type: ignore[typeddict-item]

    async def ask(straight: Straight, method: str, path: str, *headers: tuple[bytes, bytes]) -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope: Any = {"type": "http", "method": method, "path": path, "headers": list(headers), "client": None}
        await straight(scope, receive, send)
        return sent

    async def all_of_them() -> None:
        with Premises(load(folder / "shop.toml"), folder) as premises:
            straight = Straight(app, Service(premises))
            for method, path in (("GET", "/v1/events"), ("POST", "/v1/events/x"), ("POST", f"{FLAG}/x"), ("GET", "/")):
                assert await ask(straight, method, path) == []
            assert await ask(straight, "POST", "/v1/events", (b"origin", b"https://a.example")) == []
            assert len(handed) == 5
            key = premises.keys.new("write", "test")[1]
            for path in ("/v1/events", FLAG):
                assert (await ask(straight, "POST", path))[0]["status"] == 401
                gone = await ask(straight, "POST", path, (b"authorization", f"Bearer {key}".encode()))
                assert gone[0]["status"] == 400
                assert b"ended before" in gone[1]["body"]
            assert len(handed) == 5

    asyncio.run(all_of_them())
