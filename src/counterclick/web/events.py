"""``POST /v1/events``: events in the shop's own vocabulary, each with its own answer."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post

from counterclick.web.bodies import read_body
from counterclick.web.service import Service

__all__ = ["take_events"]


@post("/v1/events", status_code=200)
async def take_events(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Take one event or a list of them; each is accepted, or rejected with its reason and what would be right."""
    service.allow(request, "write")
    body = await read_body(request)
    answer = await service.take_body(body, "api", agent=request.headers.get("user-agent"))
    return Response(answer, media_type="application/json")
