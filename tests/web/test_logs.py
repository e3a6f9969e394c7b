"""The log: what happened, as JSON lines, and nothing personal in any of them."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from builders import view
from counterclick.web.logs import logging_to, say
from counterclick.web.watching import Watching
from served import served

TOML = "[serve]\naccess_log = true\n"


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("every", [True, False])
def test_what_a_served_shop_says(tmp_path: Path, *, every: bool) -> None:
    """Start, requests where they are wanted, refusals always, drain and stop: each a line, without ids, keys and queries."""
    with served(tmp_path, TOML if every else "") as server:
        assert server.client.post("/v1/events", json=view("secret-visitor")).status_code == 200
        assert server.client.post("/mp/collect?api_secret=secret-key", json={}).status_code == 401
        assert server.client.get("/v1/metrics/ctr").status_code == 401
        assert server.client.get("/secret-path/anna@example.org").status_code == 404
        assert server.client.put("/v1/events").status_code == 405
        assert server.client.post("/ofrep/v1/evaluate/flags/x").status_code == 400
        assert server.stop() == 0
        text = (tmp_path / "server.log").read_text(encoding="utf-8")
    lines = lines_of(text)
    events = [line["event"] for line in lines]
    assert events[0] == "started"
    assert events[-2:] == ["drained", "stopped"]
    assert "stopping" in events
    refused = [(line["method"], line["address"], line["status"]) for line in lines if line["event"] == "refused"]
    assert [one for one in refused if one[1] != "/readyz"] == [
        ("POST", "/mp/collect", 401),
        ("GET", "/v1/metrics/{name:str}", 401),
        ("GET", "unknown", 404),
        ("PUT", "unknown", 405),
        ("POST", "/ofrep/v1/evaluate/flags/{key:str}", 400),
    ]
    assert ("request" in events) == every
    assert "keys new write" in next(line["says"] for line in lines if line.get("address") == "/mp/collect")
    for personal in ("secret", "anna", "127.0.0.1:", server.key):
        assert personal not in text


def test_an_error_has_its_traceback_without_what_is_personal() -> None:
    """Also one of a library; afterwards logging is as it was."""
    stream = io.StringIO()
    before = logging.getLogger().handlers[:]
    with logging_to(stream):
        try:
            raise ValueError("anna@example.org from 8.8.8.8")  # noqa: TRY301 - this is what is caught
        except ValueError as error:
            say(logging.ERROR, "broken", error=error, address="/v1/events")
        logging.getLogger("granian").warning("a worker of %s", "bob@example.org")
    first, second = lines_of(stream.getvalue())
    assert (first["event"], first["level"], first["error"], first["address"]) == (
        "broken",
        "error",
        "ValueError",
        "/v1/events",
    )
    assert "test_logs.py" in first["traceback"]
    assert "[email] from [ip]" in first["traceback"]
    assert (second["library"], second["event"]) == ("granian", "a worker of [email]")
    assert logging.getLogger().handlers == before


def test_a_request_that_breaks_is_a_line() -> None:
    """Even where nothing was answered."""

    async def breaks(scope: Any, *_: Any) -> None:
        raise RuntimeError(scope["path"])

    stream = io.StringIO()
    with logging_to(stream), pytest.raises(RuntimeError):
        asyncio.run(Watching(breaks, every=False)({"type": "http", "method": "GET", "path": "/x"}, None, None))  # type: ignore[arg-type, typeddict-item]
    (line,) = lines_of(stream.getvalue())
    assert (line["event"], line["status"], line["address"]) == ("refused", 500, "unknown")
