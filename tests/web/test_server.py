"""The process: it stops without losing anything, and what it acknowledged survives its death."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, get

from builders import purchase, view
from counterclick.shop import open_shop
from counterclick.shop.premises import open_premises
from counterclick.web import bodies
from counterclick.web.application import application
from counterclick.web.looking import Looking
from counterclick.web.service import Service
from served import Served, served


def send(server: Served, name: str, n: int = 20) -> None:
    body = json.dumps([purchase("v1", 10, order=f"{name}-{k}") for k in range(n)])
    assert server.client.post("/v1/events", content=body).json()["accepted"] == n


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_moves_what_waits_into_the_log(tmp_path: Path, number: int) -> None:
    """Its exit code is 0, the inbox is empty, and every event stands in the log once."""
    with served(tmp_path) as server:
        send(server, "a")
        assert server.stop(number) == 0
        with open_shop(server.toml) as shop:
            assert shop.store.inbox.count() == 0
        assert server.n_events("purchase") == 20


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Killed at once after the answer, and started again: every event is there once, and new ones are taken."""
    with served(tmp_path) as server:
        for name in ("a", "b", "c"):
            send(server, name)
            assert server.stop(signal.SIGKILL) == -signal.SIGKILL
            server.start()
        send(server, "d")
        assert server.n_events("purchase") == 80


def connected(server: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=60)


def test_connections_that_do_nothing_take_no_place(tmp_path: Path) -> None:
    """With hundreds that are open and silent, or have sent half of their headers, others are answered."""
    with served(tmp_path) as server, contextlib.ExitStack() as stack:
        for nth in range(400):
            stack.enter_context(connected(server)).sendall(b"POST /v1/events HTTP/1.1\r\n" if nth % 2 else b"")
        send(server, "a")


def test_a_body_that_never_ends_keeps_nobody_from_stopping(tmp_path: Path) -> None:
    """Told to stop while half of a body is there: it ends with 0, with what it acknowledged, without the half."""
    half = json.dumps([view("half")]).encode()
    with served(tmp_path) as server, connected(server) as sender:
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\nContent-Length: {2 * len(half)}"
        )
        sender.sendall(head.encode() + b"\r\n\r\n" + half)
        send(server, "a")
        assert server.stop() == 0
        assert (server.n_events("purchase"), server.n_events("page_view")) == (20, 0)


@pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")  # of 3.0, not allowed yet
def test_a_body_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while the answer is 408: what came so far is not kept."""
    monkeypatch.setattr(bodies, "_BODY_SECONDS", 0.01)
    (tmp_path / "shop.toml").write_text("", encoding="utf-8")
    parts, answered = [b"["], []

    async def receive() -> dict[str, Any]:
        if not parts:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": parts.pop(), "more_body": True}

    async def send_back(message: Any) -> None:
        answered.append(message)

    with open_premises(tmp_path / "shop.toml") as shop:
        key = shop.keys.new("write", "tests")[1]
        headers = [(b"authorization", f"Bearer {key}".encode())]
        asked = {"type": "http", "method": "POST", "path": "/v1/events", "headers": headers, "query_string": b""}
        asyncio.run(application(Service(shop))(asked, receive, send_back))  # type: ignore[arg-type]  # all that is asked for
    assert answered[0]["status"] == 408
    assert b"must be here within" in answered[1]["body"]


@get(["/v1/orders", "/cc.js"], sync_to_thread=False)
def _nothing() -> None:
    """Answer nothing."""


def test_pages_are_loaded_when_somebody_looks() -> None:
    """Addresses of the API do not load them; two who look at once load them once; what neither has is not found."""
    loaded: list[str] = []

    async def kept(scope: Any, _receive: Any, _send: Any) -> None:
        loaded.append(f"asked {scope['path']}")

    def load() -> Any:
        loaded.append("loaded")
        return kept

    async def ask() -> None:
        api = Litestar([_nothing], openapi_config=None)
        looking = Looking(api, load)
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        def scope(path: str) -> Any:
            return {
                "type": "http",
                "method": "GET",
                "path": path,
                "raw_path": path.encode(),
                "query_string": b"",
                "headers": [],
            }

        await looking(scope("/v1/no-such-figure"), receive, send)
        assert (loaded, sent[0]["status"]) == ([], 404)
        await asyncio.gather(looking(scope("/"), receive, send), looking(scope("/surfaces"), receive, send))

    asyncio.run(ask())
    assert loaded[0] == "loaded"
    assert sorted(loaded[1:]) == ["asked /", "asked /surfaces"]
