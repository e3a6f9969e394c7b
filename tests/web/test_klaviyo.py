"""Events out to Klaviyo: what a server on loopback sees of them, and what comes of its answers."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from builders import event, line, purchase, view
from counterclick.errors import ConfigError, RefusedError, UnknownNameError
from counterclick.shop import open_shop
from counterclick.web.klaviyo import send
from counterclick.web.pace import Pace
from shell import Shell


class Klaviyo:
    """What was posted, and what is answered: by default that it was taken."""

    def __init__(self) -> None:
        self.posted: list[tuple[dict[str, str], Any]] = []
        self.answers: list[tuple[int, dict[str, str], Any]] = []
        self.url = ""

    @property
    def keys(self) -> Counter[str]:
        return Counter(body["data"]["attributes"]["unique_id"] for _, body in self.posted)


@contextmanager
def klaviyo() -> Iterator[Klaviyo]:
    found = Klaviyo()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            assert self.path == "/api/events"
            found.posted.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, headers, told = found.answers.pop(0) if found.answers else (202, {}, None)
            content = b"" if told is None else json.dumps(told).encode()
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def shop_toml(tmp_path: Path) -> Path:
    """A shop with an order, views, and what is not for Klaviyo."""
    path = tmp_path / "shop.toml"
    path.write_text("[shop]\ntimezone = 'Europe/Berlin'\n", encoding="utf-8")
    with open_shop(path) as shop:
        shop.record(
            [
                view("v1", at="2026-03-01T09:00"),
                purchase("v1", 30, at="2026-03-01T10:00", order="o1", lines=[line("p1", 3, 10)]),
                view("v2", at="2026-03-02T09:00") | {"consent": False},
                view("v3", at="2026-02-28T23:30"),  # the first of March in Berlin
                view("v4", at="2026-02-28T22:30"),
                event("refund", at="2026-03-02T10:00", order_id="o1"),
                event("product", at="2026-03-02T10:00", product_id="p1"),
                event("message_sent", at="2026-03-02T10:00", surface="email", customer_id="c1"),
                event("purchase", at="2026-03-02T11:00", order_id="o2", value=5, customer_id="anna@example.org"),
            ]
        )
    return path


def bodies(n: int) -> Iterator[dict[str, Any]]:
    return ({"data": {"attributes": {"unique_id": f"e{k}"}}} for k in range(n))


def test_what_goes_out(shop_toml: Path, shell: Shell, tmp_path: Path) -> None:
    """Of the shop's days, who allowed it and is known there; each line of the file is one request's body."""
    out = tmp_path / "requests.jsonl"
    shell("klaviyo", "export", "--since", "2026-03-01", "-o", str(out), "--shop", str(shop_toml))
    told = [json.loads(text)["data"]["attributes"] for text in out.read_text(encoding="utf-8").splitlines()]
    assert [one["profile"]["data"]["attributes"] for one in told] == [{"anonymous_id": name} for name in ("v3", "v1", "v1")]
    assert (told[2]["value"], told[2]["value_currency"], told[2]["properties"]["OrderId"]) == (30.0, "EUR", "o1")
    assert "anna" not in out.read_text(encoding="utf-8")
    printed = shell("klaviyo", "export", "--since", "2026-03-01", "--kind", "purchase", "--shop", str(shop_toml))
    assert [json.loads(text)["data"]["attributes"] for text in printed.splitlines()] == [told[2]]


def test_what_cannot_be_asked(shop_toml: Path) -> None:
    """A kind that Klaviyo has no metric for, and days in the wrong order, are refused before anything is read."""
    with open_shop(shop_toml) as shop:
        with pytest.raises(UnknownNameError, match="purchase"):
            shop.senders.klaviyo(date(2026, 3, 1), kinds=["purchases"])
        with pytest.raises(ConfigError, match="before the first"):
            shop.senders.klaviyo(date(2026, 3, 1), date(2026, 2, 1))


def test_sending(shop_toml: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each event is posted once with the key of the environment and the revision; without the key nothing is."""
    with klaviyo() as found:
        words = ("klaviyo", "send", "--since", "2026-03-01", "--url", found.url, "--shop", str(shop_toml))
        assert "KLAVIYO_API_KEY" in shell(*words, code=2)
        monkeypatch.setenv("KLAVIYO_API_KEY", "pk_test")
        assert shell.json(*words) == {"n_sent": 3, "refused": {}, "n_again": 0}
        assert set(found.keys.values()) == {1}
        headers, _ = found.posted[0]
        assert (headers["authorization"], headers["revision"]) == ("Klaviyo-API-Key pk_test", "2026-07-15")
        assert headers["content-type"] == "application/vnd.api+json"


def test_what_klaviyo_refuses_is_told_and_not_sent_again() -> None:
    """Its own words, without what is personal in them, and how often."""
    says = {"errors": [{"title": "Invalid input.", "detail": "anna@example.org is no valid id."}]}
    with klaviyo() as found:
        found.answers = [(400, {}, says), (400, {}, says), (409, {}, None)]
        came = send(bodies(5), "k", url=found.url)
    assert (came.n_sent, came.n_again, len(found.posted)) == (2, 0, 5)
    assert came.refused == {"[email] is no valid id.": 2, "Conflict": 1}
    assert "refused: [email] is no valid id." in str(came)


def test_too_many_at_once_waits_and_comes_again() -> None:
    """429 with and without a time, and an error of Klaviyo's: everything arrives in the end."""
    with klaviyo() as found:
        found.answers = [(429, {"Retry-After": "0"}, None), (429, {"Retry-After": "soon"}, None), (503, {}, None)]
        came = send(bodies(40), "k", url=found.url, first_wait=0.01)
    assert (came.n_sent, came.refused, came.n_again) == (40, {}, 3)
    assert set(found.keys) == {f"e{k}" for k in range(40)}


def test_a_refused_key_ends_it() -> None:
    """So does a service that never answers; both say how far it came."""
    with klaviyo() as found:
        found.answers = [(401, {}, None)] * 100
        with pytest.raises(RefusedError, match=r"refuses the key: it answers 401: Unauthorized\. 0 events were sent before"):
            send(bodies(100), "k", url=found.url)
        assert len(found.posted) < 100
    with pytest.raises(RefusedError, match="cannot be reached"):
        send(bodies(1), "k", url=found.url, first_wait=0.001)


def test_the_pace_is_kept() -> None:
    """Within any window of the pace no more requests begin than it allows."""
    with klaviyo() as found:
        began = time.monotonic()
        came = send(bodies(30), "k", url=found.url, pace=Pace((10, 0.3)))
        took = time.monotonic() - began
    assert came.n_sent == 30
    assert took >= 0.6  # two windows are over before the last ten may go
