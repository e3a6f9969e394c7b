"""Events over HTTP: each with its own answer, within limits, by key."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from builders import purchase, view
from counterclick.shop import open_shop
from counterclick.web.bodies import BATCH_BYTES, BATCH_EVENTS
from served import Served, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An empty shop, served."""
    with served(tmp_path_factory.mktemp("served")) as found:
        yield found


def post(server: Served, body: bytes, **headers: str) -> httpx.Response:
    return server.client.post("/v1/events", content=body, headers={name.replace("_", "-"): v for name, v in headers.items()})


def test_one_bad_event_does_not_spoil_its_batch(server: Served) -> None:
    """Each is accepted, or rejected with an enumerated reason and what would be right, in the order of the batch."""
    batch = [view("v1"), {"kind": "nonsense"}, purchase("v1", -3, order="bad"), 17, purchase("v1", 30, order="good")]
    found = post(server, json.dumps(batch).encode()).json()
    assert (found["accepted"], found["rejected"]) == (2, 3)
    assert [each.get("reason", "") for each in found["results"]] == ["", "unknown_kind", "out_of_range", "malformed", ""]
    assert all(each["details"] for each in found["results"] if each["status"] == "rejected")


def test_what_is_acknowledged_is_read_by_another_process(server: Served) -> None:
    """While it is served, and at once; what was refused is there with its reason."""
    before = server.n_events("purchase")
    body = json.dumps([purchase("v7", 30, order=f"read-{n}") for n in range(50)]).encode()
    assert post(server, body).json()["accepted"] == 50
    assert server.n_events("purchase") == before + 50
    assert post(server, body).json()["accepted"] == 50  # a repeat is taken, and counts once
    assert server.n_events("purchase") == before + 50


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("packed", [True, False])
def test_senders_need_not_agree_on_a_content_type(server: Served, content_type: str, *, packed: bool) -> None:
    """JSON is JSON, whatever the header says; gzip is known by how it begins, announced or not."""
    body = json.dumps(view("v1")).encode()
    headers = {"content_type": content_type} if content_type else {}
    found = post(server, gzip.compress(body) if packed else body, **headers)
    assert (found.status_code, found.json()["accepted"]) == (200, 1)


def test_a_body_that_cannot_be_taken_says_why(server: Served) -> None:
    """Too large, packed to burst, cut off, another packing, no JSON, too many events: none of it is kept."""
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < BATCH_BYTES
    bodies = {
        (413, "512,000 bytes"): [b"[" + b" " * BATCH_BYTES + b"]", bomb],
        (400, "cut off"): [gzip.compress(b"[]")[:-9]],
        (400, "no JSON"): [b"{", b"", b"\xff\xfe"],
        (413, "2,500 events"): [json.dumps([0] * (BATCH_EVENTS + 1)).encode()],
    }
    for (status, says), sent in bodies.items():
        for body in sent:
            found = post(server, body)
            assert (found.status_code, says in found.json()["error"]) == (status, True), found.text
    for packing, status in (("br", 415), ("gzip", 400)):
        assert post(server, b"[1]", content_encoding=packing).status_code == status


def test_what_nests_without_end_is_refused(server: Served) -> None:
    """Too deep to be decoded, or decoded and too deep to be kept: 400 each, by every address that reads JSON."""
    for depth in (970, 990, 1_500, 15_000):
        nested = b"[" * depth + b"]" * depth
        for address, body in (
            ("/v1/events", nested),
            ("/v1/events", b'{"kind": "page_view", "page": ' + nested + b"}"),
            ("/v1/batch", b'{"batch": [{"type": "track", "properties": ' + nested + b"}]}"),
            ("/api/events", b'{"data": ' + nested + b"}"),
            (f"/mp/collect?api_secret={server.key}", b'{"events": ' + nested + b"}"),
            ("/ofrep/v1/evaluate/flags", b'{"context": ' + nested + b"}"),
            ("/v1/decide/cart", b'{"visitor": ' + nested + b"}"),
        ):
            found = server.client.post(address, content=body)
            assert found.status_code in (200, 202, 400), (address, depth, found.text)
            assert depth < 1_000 or found.status_code == 400


def test_an_event_has_its_own_limit(server: Served) -> None:
    """One that is too large is refused alone, and kept with its reason."""
    large = view("v1") | {"page": "x" * 40_000}
    found = post(server, json.dumps([large, view("v1")]).encode()).json()
    assert [each["status"] for each in found["results"]] == ["rejected", "accepted"]
    assert "32,768 bytes" in found["results"][0]["details"]


def test_without_a_key_nothing_is_taken(server: Served) -> None:
    """No key, another one, one that may only read, one that was withdrawn: 401, and what would be right."""
    with open_shop(server.toml) as shop:
        key, gone = shop.keys.new("write", "gone")
        _, reader = shop.keys.new("read", "reader")
        assert post(server, b"[]", authorization=f"Bearer {gone}").status_code == 200
        shop.keys.withdraw(key.key_id)
    for secret in (gone, reader, "cc_w_guess", "x"):
        found = post(server, b"[]", authorization=f"Bearer {secret}")
        assert found.status_code == 401
        assert "counterclick keys new write" in found.json()["error"]
    assert httpx.post(f"{server.url}/v1/events", content=b"[]").status_code == 401


@pytest.mark.parametrize("carried", ["basic", "bearer", "x-api-key"])
def test_a_key_may_be_carried_in_three_ways(server: Served, carried: str) -> None:
    """As Segment's clients do, as OpenFeature's do, or as a header of its own."""
    how: dict[str, dict[str, Any]] = {
        "basic": {"auth": (server.key, "")},
        "bearer": {"headers": {"authorization": f"Bearer {server.key}"}},
        "x-api-key": {"headers": {"x-api-key": server.key}},
    }
    found = httpx.post(f"{server.url}/v1/events", content=b"[]", **how[carried])
    assert (found.status_code, found.json()["accepted"]) == (200, 0)


def test_what_came_is_counted(server: Served) -> None:
    """In Prometheus' words, by source, kind and reason."""
    post(server, json.dumps([purchase("v1", 3, order="counted"), {"kind": "nonsense"}]).encode())
    text = server.client.get("/metrics").text
    assert 'counterclick_events_total{kind="purchase",source="api"}' in text
    assert 'counterclick_rejections_total{reason="unknown_kind",source="api"}' in text
    assert "counterclick_inbox_bodies " in text


def test_what_a_crawler_does_is_marked(server: Served) -> None:
    """By its user agent, which is not kept; not where the event names its device, and not for the shop's own programs."""
    agent = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
    post(server, json.dumps([view("crawler"), view("told") | {"device": "mobile"}, 5]).encode(), user_agent=agent)
    message = {"type": "page", "anonymousId": "crawler-2", "messageId": "m-crawler"}
    server.client.post("/v1/batch", json={"batch": [message]}, headers={"user-agent": agent})
    post(server, json.dumps(view("program")).encode(), user_agent="python-requests/2.34")
    with open_shop(server.toml) as shop:
        rows = shop.reading.rows(
            "SELECT visitor_id, device FROM events "
            "WHERE visitor_id IN ('crawler', 'crawler-2', 'told', 'program') ORDER BY ALL"
        )
    assert rows == [("crawler", "bot"), ("crawler-2", "bot"), ("program", None), ("told", "mobile")]
    for path in (server.toml.parent / ".counterclick").rglob("*"):
        assert not path.is_file() or b"bing.com" not in path.read_bytes()


def test_secrets_are_nowhere_in_the_store(server: Served) -> None:
    """Keys are kept hashed, in a file that only its owner may read."""
    folder = server.toml.parent / ".counterclick"
    assert (folder / "keys.json").stat().st_mode & 0o077 == 0
    for path in folder.rglob("*"):
        if path.is_file():
            assert server.key.encode() not in path.read_bytes(), path
