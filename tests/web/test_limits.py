"""How many requests are taken, from whom: buckets, senders behind proxies, and what a served shop answers."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclick.config import parse
from counterclick.errors import ConfigError
from counterclick.web.limits import Buckets, sender_of
from served import Served, served

INSIDE = tuple(ipaddress.ip_network(each) for each in ("127.0.0.1", "10.0.0.0/8"))


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(1, 3)), min_size=1, max_size=100))
def test_a_bucket_gives_what_it_holds_and_what_flows_in(asked: list[tuple[float, int]]) -> None:
    """However requests come: never more tokens than the burst and what flowed in, and one that waits as told is taken."""
    bucket, now, given_out = Buckets(2.0, 5), 0.0, 0
    for gap, cost in asked:
        now += gap
        wait = bucket.take("a", now, cost)
        given_out += 0 if wait else cost
        assert given_out <= 5 + 2 * now + 2 + 1e-6  # it may owe what the last one took
        if wait:
            now += wait + 1e-9
            assert bucket.take("a", now, 1) == 0
            given_out += 1


def test_who_sends_too_many_waits() -> None:
    """A burst is taken, the next one is told when; another sender is not held up; only the newest are remembered."""
    bucket = Buckets(0.5, 3, most=10)
    assert [bucket.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 2]
    assert bucket.take("b", 0.0) == 0
    assert bucket.take("a", 2.0) == 0
    for n in range(1_000):
        bucket.take(f"n{n}", 3.0)
    assert len(bucket) == 10


@pytest.mark.parametrize(
    ("peer", "forwarded", "sender"),
    [
        ("203.0.113.9", [], None),  # set aside for documentation, and as little a sender's as a private one
        ("8.8.8.8", [], "8.8.8.8"),
        ("8.8.8.8", ["1.1.1.1"], "8.8.8.8"),  # nobody trusts it, whatever it says
        ("127.0.0.1", [], None),  # a proxy that does not say for whom
        ("127.0.0.1", ["1.1.1.1, 8.8.4.4"], "8.8.4.4"),  # what stands before was written by the sender itself
        ("127.0.0.1", ["1.1.1.1", "8.8.4.4, 10.1.2.3"], "8.8.4.4"),
        ("127.0.0.1", ["nonsense"], None),
        ("127.0.0.1", ["1.1.1.1, 192.168.0.1"], None),  # a proxy inside of which nothing was said
        ("192.168.0.1", ["1.1.1.1"], None),
        ("::ffff:8.8.8.8", [], "8.8.8.8"),
        ("2001:4860:4860::8888", [], "2001:4860:4860::/64"),
        (None, ["1.1.1.1"], None),
    ],
)
def test_who_is_the_sender(peer: str | None, forwarded: list[str], sender: str | None) -> None:
    """The last address that no trusted proxy has; nobody where it is one that many share."""
    assert sender_of(peer, forwarded, INSIDE) == sender


@given(st.text(max_size=40) | st.none(), st.lists(st.text(max_size=60), max_size=3))
def test_any_header(peer: str | None, forwarded: list[str]) -> None:
    """Whatever is sent, nothing is raised."""
    assert sender_of(peer, forwarded, INSIDE) is None or peer


def test_trusted_proxies_are_networks() -> None:
    """Anything else is refused when shop.toml is read."""
    assert parse("[serve]\ntrusted_proxies = ['127.0.0.1', '10.1.0.0/8']").serve.trusted_proxies
    with pytest.raises(ConfigError, match=r"'10\.0\.0\.0/8', not 'proxy'"):
        parse("[serve]\ntrusted_proxies = ['proxy']")


def test_a_key_that_sends_too_many_is_told_when(tmp_path: Path) -> None:
    """429 with Retry-After, for that key alone; a stranger behind a proxy that nobody trusts is never taken for another."""
    with served(tmp_path, "[serve]\nkey_per_second = 0.01\nkey_burst = 5\naddress_burst = 1") as server:
        found = [server.client.post("/v1/events", json=[]) for _ in range(6)]
        assert [each.status_code for each in found] == [200] * 5 + [429]
        assert 90 <= int(found[-1].headers["retry-after"]) <= 100
        assert "this key" in found[-1].json()["error"]
        assert server.client.get("/readyz").status_code == 200
        assert httpx.post(f"{server.url}/v1/events", json=[]).status_code == 401


def test_an_address_behind_a_trusted_proxy_has_its_limit(tmp_path: Path) -> None:
    """Who guesses keys is told to wait, and so is what it sends with a good one; its neighbour is not."""
    toml = "[serve]\naddress_per_second = 0.01\naddress_burst = 50\ntrusted_proxies = ['127.0.0.1']"
    with served(tmp_path, toml) as server:

        def send(address: str, key: str) -> int:
            return _post(server, address, key).status_code

        assert [send("8.8.8.8", "guess") for _ in range(4)] == [401, 401, 401, 429]
        assert send("8.8.8.8", server.key) == 429
        assert send("1.1.1.1", server.key) == 200
        assert _post(server, "8.8.8.8", server.key).headers["retry-after"]


def _post(server: Served, address: str, key: str) -> httpx.Response:
    headers = {"x-forwarded-for": address, "x-api-key": key}
    return httpx.post(f"{server.url}/v1/events", json=[], headers=headers)
