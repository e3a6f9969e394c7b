"""``POST /v1/events``: events in the shop's own vocabulary, each with its own answer."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post

from counterclick.web.bodies import read_body
from counterclick.web.service import Service

__all__ = ["events_taken", "take_events"]


@post("/v1/events", status_code=200)
async def take_events(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Take one event or a list of them; each is accepted, or rejected with its reason and what would be right."""
    return Response(await events_taken(request, service), media_type="application/json")


async def events_taken(request: Request[Any, Any, Any], service: Service) -> bytes:
    """Take a body of events; when this returns they are on disk. Return the answer, as JSON.

    Raises:
        BodyError: no key that may write, or the body is refused as a whole.
        StoreError: nothing of it was kept.
    """
    service.allow(request, "write")
    body = await read_body(request)
    return await service.take_body(body, "api", agent=request.headers.get("user-agent"))
