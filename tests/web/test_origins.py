"""Which pages may ask from another host: those that are declared, with cookies, and no others."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from counterclick.config import parse
from counterclick.errors import ConfigError
from served import Served, served

SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop that lets the pages of one host ask."""
    with served(tmp_path_factory.mktemp("origins"), f'[serve]\norigins = ["{SHOP}", "http://localhost:3000"]') as found:
        yield found


def preflight(server: Served, origin: str) -> httpx.Response:
    headers = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    return httpx.options(f"{server.url}/v1/events", headers=headers)


def test_a_declared_page_may_ask_and_read(server: Served) -> None:
    """Before the request, and with its answer, an error's too; cookies travel, so that its name is said, never a star."""
    for origin in (SHOP, "http://localhost:3000"):
        found = preflight(server, origin)
        assert found.status_code == 204
        assert found.headers["access-control-allow-origin"] == origin
        assert found.headers["access-control-allow-credentials"] == "true"
        assert "authorization" in found.headers["access-control-allow-headers"]
    for key, status in ((server.key, 200), ("wrong", 401)):
        told = httpx.post(f"{server.url}/v1/events", content=b"[]", headers={"origin": SHOP, "x-api-key": key})
        assert (told.status_code, told.headers["access-control-allow-origin"]) == (status, SHOP)


@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.evil", "http://shop.example", "null"])
def test_no_other_page_may(server: Served, origin: str) -> None:
    """Of another host, of one whose name begins alike, of another scheme, of a sandbox."""
    assert preflight(server, origin).status_code == 400
    told = server.client.post("/v1/events", content=b"[]", headers={"origin": origin})
    assert "access-control-allow-origin" not in told.headers


@pytest.mark.parametrize("origin", ["*", "shop.example", "https://shop.example/", "https://shop.example/cart", ""])
def test_an_origin_is_written_as_a_browser_sends_it(origin: str) -> None:
    """Scheme, host and port; a star would let every page of the world ask."""
    with pytest.raises(ConfigError, match=r"https://shop\.example"):
        parse(f'[serve]\norigins = ["{origin}"]')
