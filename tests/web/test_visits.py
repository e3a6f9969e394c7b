"""Who a page's visitor is, what it gets, and what it does: as a browser asks and tells it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from counterclick.experiments.assignment import assign
from counterclick.shop import open_shop
from counterclick.shop.visiting import LONGEST, new_visitor, visit
from counterclick.web.visits import COOKIE
from served import SHARES, TESTED, Served, served

PAGE = "https://shop.example"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LARGEST_SCRIPT = 4096


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop with an experiment, whose pages may ask."""
    with served(tmp_path_factory.mktemp("visits"), f'{TESTED}\n[serve]\norigins = ["{PAGE}"]') as found:
        yield found


def browser_key(server: Served) -> str:
    with open_shop(server.toml) as shop:
        return shop.keys.new("browser", "page")[1]


@pytest.fixture(scope="module")
def key(server: Served) -> str:
    """A key that may stand in a page."""
    return browser_key(server)


def ask(
    server: Served, path: str, body: Mapping[str, Any], cookies: Mapping[str, str] | None = None, **headers: str
) -> httpx.Response:
    """Ask as a page does: text, and no header but what a browser sends by itself."""
    told = {"content-type": "text/plain;charset=UTF-8", "origin": PAGE, **headers}
    return httpx.post(f"{server.url}{path}", content=json.dumps(body), headers=told, cookies=dict(cookies or {}))


def rows(server: Served, sql: str) -> list[Any]:
    with open_shop(server.toml) as shop:
        return shop.reading.rows(sql)


def test_the_server_gives_a_visitor_and_keeps_it(server: Served, key: str) -> None:
    """In a cookie that no script reads and that HTTPS alone carries; asked again with it, the same visitor and arms."""
    first = ask(server, "/v1/visitor", {"key": key})
    cookie = first.headers["set-cookie"].lower()
    for part in ("httponly", "secure", "samesite=lax", "path=/", f"max-age={int(LONGEST.total_seconds())}"):
        assert part in cookie
    assert first.headers["cache-control"] == "no-store"
    told = first.json()
    again = ask(server, "/v1/visitor", {"key": key}, {COOKIE: told["visitor"]}).json()
    assert again == told
    arm = assign("cart-bundles", told["visitor"], SHARES)
    assert (told["experiments"], told["surfaces"]) == ({"cart-bundles": arm}, {"cart": arm == "bundles"})
    assert told["visitor"] != ask(server, "/v1/visitor", {"key": key}).json()["visitor"]


def test_what_is_asked_in_bulk_exposes_nobody_and_what_was_applied_does(server: Served, key: str) -> None:
    """In both arms alike, once; a flag that a page went by although it does not hold exposes nobody."""
    before = server.n_events("exposure")
    told = [ask(server, "/v1/visitor", {"key": key}).json() for _ in range(12)]
    assert {each["surfaces"]["cart"] for each in told} == {True, False}
    assert server.n_events("exposure") == before
    for each in told:
        for applied in (each["surfaces"], each["experiments"]):
            found = ask(server, "/v1/collect", {"key": key, "visitor": each["visitor"], "eligible": applied}).json()
            assert found["arms"]["cart-bundles"].startswith(f"{each['experiments']['cart-bundles']}@")
        wrong = {"cart": not each["surfaces"]["cart"], "nosuch": True}
        found = ask(server, "/v1/collect", {"key": key, "visitor": each["visitor"], "eligible": wrong}).json()
        assert (found["arms"], found["stale"]) == ({}, ["cart", "nosuch"])
    assert server.n_events("exposure") == before + 12


def test_a_page_tells_what_happened(server: Served, key: str) -> None:
    """The visitor is the cookie's, whatever the event says; a clock an hour ahead is set right; each has its answer."""
    visitor = ask(server, "/v1/visitor", {"key": key}).json()["visitor"]
    ahead = datetime.now(UTC) + timedelta(hours=1)
    events = [
        {
            "kind": "view_item",
            "product_id": "p7",
            "visitor_id": "v1",
            "occurred_at": (ahead - timedelta(seconds=9)).isoformat(),
        },
        {"kind": "refund", "order_id": "o1"},
        {"kind": "purchase", "order_id": "o1", "value": 10},
        17,
    ]
    body = {"key": key, "sent_at": ahead.isoformat(), "consent": True, "events": events}
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 Safari/604.1"
    headers = {"user-agent": agent, "accept-language": "de-AT,de;q=0.9"}
    found = ask(server, "/v1/collect", body, {COOKIE: visitor}, **headers).json()["results"]
    assert [each["status"] for each in found] == ["accepted", "rejected", "rejected", "rejected"]
    assert "browser_orders" in found[2]["reasons"][0]["details"]
    columns = "visitor_id, device, country, consent, epoch(now() - occurred_at)"
    ((who, device, country, consent, ago),) = rows(server, f"SELECT {columns} FROM events WHERE product_id = 'p7'")
    assert (who, device, country, consent) == (visitor, "mobile", "AT", True)
    assert 8 < ago < 300


def test_orders_of_browsers_count_where_the_shop_says_so(tmp_path: Any) -> None:
    """They are the visitor's."""
    with served(tmp_path, "[serve]\nbrowser_orders = true") as server:
        key = browser_key(server)
        visitor = httpx.post(f"{server.url}/v1/visitor", content=json.dumps({"key": key})).json()["visitor"]
        order = {"kind": "purchase", "order_id": "o1", "value": "19.90", "occurred_at": datetime.now(UTC).isoformat()}
        body = {"key": key, "visitor": visitor, "events": [order]}
        assert httpx.post(f"{server.url}/v1/collect", content=json.dumps(body)).json()["results"][0]["status"] == "accepted"
        assert rows(server, "SELECT visitor_id FROM events WHERE order_id = 'o1'") == [(visitor,)]


def test_a_cart_that_tells_of_another_visitor_gives_it_back(server: Served, key: str) -> None:
    """The first visitor holds again, the log says so once, and a cart that tells nonsense is not believed."""
    first, second = (ask(server, "/v1/visitor", {"key": key}).json()["visitor"] for _ in range(2))
    for _ in range(2):
        found = ask(server, "/v1/visitor", {"key": key, "cart": first}, {COOKIE: second})
        assert found.json()["visitor"] == first
        assert f"{COOKIE}={first}" in found.headers["set-cookie"]
    sql = f"SELECT other_visitor_id FROM events WHERE kind = 'reassigned' AND visitor_id = '{first}'"
    assert rows(server, sql) == [(second,)]
    assert 'counterclick_events_total{kind="reassigned",source="cc.js"}' in server.client.get("/metrics").text
    for nonsense in ("anna@example.com", "v99999999.AAAAAAAAAAAAAAAAAAAAAA", 7):
        assert ask(server, "/v1/visitor", {"key": key, "cart": nonsense}, {COOKIE: second}).json()["visitor"] == second


def test_nobody_is_known_longer_than_thirteen_months() -> None:
    """Counted from the first visit, which the id says, however often a cookie or a copy is renewed."""
    old = new_visitor((NOW - LONGEST).date())
    last = new_visitor((NOW - LONGEST + timedelta(days=1)).date())
    assert visit(NOW, cookie=old, page=old, cart=old) is None
    found = visit(NOW, cookie=last)
    assert found is not None
    assert found.lasts == timedelta(days=1)
    assert visit(NOW, cookie=new_visitor((NOW + timedelta(days=9)).date())) is None


def test_who_withdraws_consent_is_forgotten_by_the_browser(server: Served, key: str) -> None:
    """The cookie ends at once, and nothing is written."""
    before = server.n_events("page_view")
    found = ask(server, "/v1/visitor", {"key": key, "consent": False}, {COOKIE: new_visitor(NOW.date())})
    assert (found.json(), "max-age=0" in found.headers["set-cookie"].lower()) == ({}, True)
    assert server.n_events("page_view") == before


def test_a_key_in_a_page_does_no_more_than_a_page_does(server: Served, key: str) -> None:
    """It writes no events as a server does; without a key, or with one that reads, nothing is taken."""
    assert httpx.post(f"{server.url}/v1/events", content=b"[]", headers={"x-api-key": key}).status_code == 401
    flags = {"context": {"targetingKey": "v1"}}
    assert httpx.post(f"{server.url}/ofrep/v1/evaluate/flags", json=flags, headers={"x-api-key": key}).status_code == 200
    for path in ("/v1/visitor", "/v1/collect"):
        assert ask(server, path, {}).status_code == 401
        assert ask(server, path, {"key": server.key, "visitor": new_visitor(datetime.now(UTC).date())}).status_code == 200


def test_pages_of_other_hosts_are_told_what_to_declare(server: Served, key: str) -> None:
    """403 with the line of shop.toml; the server's own host needs none."""
    found = ask(server, "/v1/visitor", {"key": key}, origin="https://other.example")
    assert (found.status_code, '[serve] origins = ["https://other.example"]' in found.json()["error"]) == (403, True)
    assert ask(server, "/v1/visitor", {"key": key}, origin=server.url).status_code == 200


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ([], "JSON object"),
        ({"events": 7}, "list"),
        ({"eligible": []}, "object of flags"),
        ({"visitor": "v1"}, "POST /v1/visitor"),
    ],
)
def test_bodies_that_cannot_be_taken_say_why(server: Served, key: str, body: Any, says: str) -> None:
    """400, and what would be right."""
    sent = {"visitor": new_visitor(datetime.now(UTC).date()), "key": key, **body} if isinstance(body, dict) else body
    found = ask(server, "/v1/collect", sent)
    assert (found.status_code, says in found.json()["error"]) == (400, True), found.text


def test_the_script_is_small_and_kept(server: Served) -> None:
    """Under 4 kB packed; an hour in the browser, then asked for by its hash."""
    found = httpx.get(f"{server.url}/cc.js", headers={"accept-encoding": "gzip"})
    assert (found.status_code, found.headers["content-encoding"]) == (200, "gzip")
    assert found.headers["content-type"].startswith("text/javascript")
    assert "max-age=3600" in found.headers["cache-control"]
    with httpx.stream("GET", f"{server.url}/cc.js", headers={"accept-encoding": "gzip"}) as raw:
        packed = b"".join(raw.iter_raw())
    assert gzip.decompress(packed) == found.content
    assert len(packed) < LARGEST_SCRIPT
    again = httpx.get(f"{server.url}/cc.js", headers={"if-none-match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = httpx.get(f"{server.url}/cc.js", headers={"accept-encoding": "identity"})
    assert (plain.content, "content-encoding" in plain.headers) == (found.content, False)
