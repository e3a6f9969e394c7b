"""``POST /v1/pixel``: events of a Shopify web pixel, as ``/pixel.js`` sends them out of Shopify's sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Request, Response, post

from counterclick.connectors.shopify import pixel_events
from counterclick.connectors.storefront import happened_at
from counterclick.shop.visiting import visit
from counterclick.web.bodies import BATCH_EVENTS, BodyError
from counterclick.web.service import Service
from counterclick.web.translating import take_translated
from counterclick.web.visits import COOKIE, from_page

__all__ = ["take_pixel"]


@post("/v1/pixel", status_code=200)
async def take_pixel(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Take events of a pixel; the visitor is the page's own where it is known, else Shopify's client id."""
    if service.shop.config.shopify is None:
        raise BodyError(404, "no Shopify store is declared: write [shopify] into shop.toml.")
    told = await from_page(request, service, sandboxed=True)
    events = told.get("events")
    if not isinstance(events, list):
        raise BodyError(400, "a pixel sends an object with its events in a list.")
    if len(events) > BATCH_EVENTS:
        raise BodyError(413, f"a body holds at most {BATCH_EVENTS:,} events; this one has {len(events):,}.")
    now, cookie, context = datetime.now(UTC), request.cookies.get(COOKIE), service.shopify.pixel_context()
    envelopes = [_set_right(each, cookie, told.get("sent_at"), now) for each in events]
    found = [pixel_events(each, context) for each in envelopes]
    results = await take_translated(service, "pixel", events, found)
    return Response(msgspec.json.encode({"results": results}), media_type="application/json")


def _set_right(event: Any, cookie: str | None, sent_at: Any, now: datetime) -> Any:
    """Return an envelope by our clock, with the visitor that the server knows, if any."""
    if not isinstance(event, dict):
        return event
    known = visit(now, cookie=cookie, page=event.get("visitorId"))
    visitor = {} if known is None else {"visitorId": known.visitor}
    return {**event, "timestamp": happened_at(event.get("timestamp"), sent_at, now), **visitor}
