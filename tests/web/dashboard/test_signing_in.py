"""Who may open pages: the password, sessions that end, forms of this browser alone, a limit on trying, links to one page."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from counterclick.shop import open_shop
from dashboards import PASSWORD, form_token, signed_in, waited_for, with_password
from served import Served, served

PROXIED = '[serve]\ntrusted_proxies = ["127.0.0.1"]\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An empty shop whose pages have a password, behind a proxy."""
    with served(tmp_path_factory.mktemp("access"), PROXIED) as found:
        yield with_password(found)


def tried(client: httpx.Client, password: str, onward: str = "/", sender: str = "127.0.0.1") -> httpx.Response:
    token = form_token(client.get("/sign-in").text)
    fields = {"form_token": token, "password": password, "next": onward}
    return client.post("/sign-in", data=fields, headers={"x-forwarded-for": sender})


def test_without_a_password_nothing_is_shown(tmp_path: Path) -> None:
    """Every page says how to set one; events are taken, and figures answered, as ever."""
    with served(tmp_path) as server:
        for path in ("/data", "/sign-in"):
            answer = httpx.get(server.url + path)
            assert answer.status_code == 503
            assert "counterclick password" in answer.text
        assert server.client.post("/v1/events", content="[]").status_code == 200


def test_whoever_is_not_signed_in_is_asked_for_the_password(server: Served) -> None:
    """The page that was wanted comes after it; no other host does."""
    with httpx.Client(base_url=server.url) as client:
        answer = client.get("/data?as=csv&part=x")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fdata%3Fas%3Dcsv%26part%3Dx")
        assert client.get(answer.headers["location"]).text.count("/data?as=csv&amp;part=x") == 1
        assert tried(client, PASSWORD, "/data").headers["location"] == "/data"
        for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", "/\t/evil.example"):
            assert tried(client, PASSWORD, elsewhere).headers["location"] == "/"


def test_a_session_is_a_cookie_that_no_script_reads(server: Served) -> None:
    """HttpOnly, SameSite=Lax, over TLS nowhere else; the file keeps only a digest, for its owner."""
    with httpx.Client(base_url=server.url) as client:
        cookie = tried(client, PASSWORD).headers["set-cookie"]
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "Secure" not in cookie
        client.headers["x-forwarded-proto"] = "https"
        assert "Secure" in tried(client, PASSWORD).headers["set-cookie"]
    file = server.toml.parent / ".counterclick" / "access.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert re.findall("counterclick_session=([^;]+)", cookie)[0] not in file.read_text(encoding="utf-8")
    assert PASSWORD not in file.read_text(encoding="utf-8")


def test_a_wrong_password_opens_nothing(server: Served) -> None:
    """It is said, and no cookie is given."""
    with httpx.Client(base_url=server.url) as client:
        answer = tried(client, "wrong horse battery", sender="9.9.9.9")
        assert answer.status_code == 403
        assert "not the password" in answer.text
        assert client.get("/data").status_code == 303


def test_a_form_of_another_browser_is_refused(server: Served) -> None:
    """Without the cookie it was given with, without a token, with somebody else's."""
    with httpx.Client(base_url=server.url) as one, httpx.Client(base_url=server.url) as other:
        token = form_token(one.get("/sign-in").text)
        other.get("/sign-in")
        for sent in ({}, {"form_token": token}, {"form_token": "é"}):
            answer = other.post("/sign-in", data={"password": PASSWORD, **sent})
            assert answer.status_code == 403
    with signed_in(server) as client:
        assert client.post("/sign-out").status_code == 403
        assert waited_for(client, "/data").status_code == 200


def test_signing_out_ends_the_session_everywhere(server: Served) -> None:
    """The cookie is of no use afterwards."""
    with signed_in(server) as client:
        cookies = dict(client.cookies)
        token = form_token(waited_for(client, "/data").text)
        assert client.post("/sign-out", data={"form_token": token}).headers["location"] == "/sign-in"
    assert httpx.get(f"{server.url}/data", cookies=cookies).status_code == 303


def test_a_new_password_ends_all_sessions(server: Served) -> None:
    """Another process sets it."""
    with signed_in(server) as client:
        with_password(server)
        assert client.get("/data").status_code == 303


def test_trying_is_limited_by_address(server: Served) -> None:
    """The eleventh try of one address is refused with a time, right or wrong; another address may try."""
    with httpx.Client(base_url=server.url) as client:
        for _ in range(10):
            assert tried(client, "wrong", sender="8.8.8.8").status_code == 403
        answer = tried(client, PASSWORD, sender="8.8.8.8")
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert tried(client, PASSWORD, sender="8.8.4.4").status_code == 303


def test_a_link_shows_one_page_and_nothing_else(server: Served) -> None:
    """Read only, without navigation and forms, until it is withdrawn."""
    with signed_in(server) as client:
        token = form_token(waited_for(client, "/data").text)
        made = client.post("/share", data={"form_token": token, "address": "/data", "days": "7"})
        link = re.findall(r'value="(http://[^"]+/shared/[^"]+)"', made.text)[0]
        refused = [
            client.post("/share", data={"form_token": token, "address": address, "days": days}).status_code
            for address, days in (("/settings", "7"), ("/nowhere", "7"), ("/data", "0"), ("/data", "366"), ("/data", "x"))
        ]
        assert refused == [400] * 5
    answer = httpx.get(link)
    assert answer.status_code == 200
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<form" not in answer.text
    assert "<nav" not in answer.text
    with open_shop(server.toml) as shop:
        shop.access.withdraw(shop.access.shares().shares[-1].share_id)
    assert httpx.get(link).status_code == 404
    assert httpx.get(f"{server.url}/shared/x").status_code == 404


def test_a_form_that_is_too_large_is_refused(server: Served) -> None:
    """Before anybody is known."""
    assert httpx.post(f"{server.url}/sign-in", content=b"x" * 100_000).status_code == 413


def test_every_page_forbids_what_it_does_not_need(server: Served) -> None:
    """Scripts and styles of its own host alone, no frame around it, nothing kept by caches."""
    headers = httpx.get(f"{server.url}/sign-in").headers
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


def test_files_of_pages_are_kept_for_ever(server: Served) -> None:
    """Under names that change with them; 304 where the browser has one."""
    page = httpx.get(f"{server.url}/sign-in").text
    style = re.findall(r'href="(/assets/[^"]+\.css)"', page)[0]
    answer = httpx.get(server.url + style)
    assert "immutable" in answer.headers["cache-control"]
    assert httpx.get(server.url + style, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert httpx.get(f"{server.url}/assets/nothing.css").status_code == 404
