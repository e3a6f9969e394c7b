"""What a store's pages ask and tell: who their visitor is and what it gets, and what it does there.

Bodies are text, so that no preflight is needed, and hold the key themselves, since a beacon has no headers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import Cookie

from counterclick.connectors.browsers import country_of, device_of
from counterclick.connectors.storefront import collected
from counterclick.shop.visiting import flags_of, met, newcomer, visit
from counterclick.web.bodies import BATCH_EVENTS, BodyError, decoded, read_body
from counterclick.web.service import Service
from counterclick.web.translating import take_translated

__all__ = ["COOKIE", "about_browser", "collect", "from_page", "known_visitor"]

COOKIE = "cc_visitor"
"""The server's own: no script can read it, so that it lives as long as the server says."""


@post("/v1/visitor", status_code=200)
async def known_visitor(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Say who a page's visitor is and what every surface and experiment says for it; no eligibility is recorded."""
    told = await from_page(request, service)
    if told.get("consent") is False:
        return Response(b"{}", media_type="application/json", cookies=[_cookie(request, "", 0)])
    now = datetime.now(UTC)
    found = visit(now, cookie=request.cookies.get(COOKIE), page=told.get("visitor"), cart=told.get("cart")) or newcomer(now)
    if found.reassigned is not None:
        await service.take([msgspec.to_builtins(found.reassigned)], "cc.js")
    surfaces, experiments = flags_of(service.evaluating, found.visitor, service.today())
    seconds = int(found.lasts.total_seconds())
    body = {"visitor": found.visitor, "seconds": seconds, "surfaces": surfaces, "experiments": experiments}
    return _json(body, [_cookie(request, found.visitor, seconds)])


@post("/v1/collect", status_code=200)
async def collect(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Take what a visitor did on a page, and the flags that the page went by: each is an exposure where it holds."""
    told = await from_page(request, service)
    now = datetime.now(UTC)
    found = visit(now, cookie=request.cookies.get(COOKIE), page=told.get("visitor"))
    if found is None:
        raise BodyError(400, "visitor must be the id that POST /v1/visitor gave.")
    applied, events = told.get("eligible", {}), told.get("events", [])
    if not isinstance(applied, dict) or not isinstance(events, list):
        raise BodyError(400, "eligible must be an object of flags, and events a list.")
    if len(events) > BATCH_EVENTS:
        raise BodyError(413, f"a body holds at most {BATCH_EVENTS:,} events; this one has {len(events):,}.")
    eligible = met(service.evaluating, found.visitor, service.today(), applied)
    await service.expose(eligible.exposures)
    service.pass_over("cc.js", len(eligible.stale))
    consent = told.get("consent") is True or None
    shared = {**about_browser(request), "visitor_id": found.visitor, "consent": consent}
    orders = service.shop.config.serve.browser_orders
    translated = [collected(each, shared, now, told.get("sent_at"), orders=orders) for each in events]
    results = await take_translated(service, "cc.js", events, translated)
    return _json({"arms": eligible.arms, "stale": eligible.stale, "results": results})


async def from_page(request: Request[Any, Any, Any], service: Service, *, sandboxed: bool = False) -> dict[str, Any]:
    """Return what a page sent: an object with a key that a page may have, from a page that may ask.

    Args:
        request: whose body it is.
        service: of the shop.
        sandboxed: whether it comes out of a sandbox, as Shopify's pixels do, whose host says nothing.

    Raises:
        BodyError: it is no object (400), has no key (401), or comes from a host that is not declared (403).
    """
    told = decoded(await read_body(request))
    if not isinstance(told, dict):
        raise BodyError(400, "the body must be a JSON object.")
    key = told.get("key")
    service.allow(request, "browser", said=key if isinstance(key, str) else None)
    origin = request.headers.get("origin", "")
    declared = service.shop.config.serve.origins
    own = request.headers.get("host", "")
    if origin and not sandboxed and origin not in declared and urlsplit(origin).netloc != own:
        raise BodyError(
            403, f'pages of {origin[:200]} may not ask: write [serve] origins = ["{origin[:200]}"] into shop.toml.'
        )
    return told


def about_browser(request: Request[Any, Any, Any]) -> dict[str, str | None]:
    """Return the kind of device, and the region of the browser's language, by its headers, which are not kept."""
    language = request.headers.get("accept-language", "").split(",", 1)[0].split(";", 1)[0].strip()
    return {"device": device_of(request.headers.get("user-agent")), "country": country_of(locale=language)}


def _cookie(request: Request[Any, Any, Any], visitor: str, seconds: int) -> Cookie:
    """Return the server's cookie; over HTTPS, which a page of HTTPS proves, it never travels in the clear."""
    schemes = (request.headers.get("origin", "").partition(":")[0], request.headers.get("x-forwarded-proto", ""))
    is_secure = request.url.scheme == "https" or "https" in schemes
    return Cookie(COOKIE, value=visitor, max_age=seconds, path="/", httponly=True, secure=is_secure, samesite="lax")


def _json(body: dict[str, Any], cookies: list[Cookie] | None = None) -> Response[bytes]:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(body), media_type="application/json", cookies=cookies or [], headers=headers)
