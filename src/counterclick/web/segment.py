"""Segment's addresses: any client of Segment or RudderStack works by changing its host.

Clients do not agree on a content type, on who carries the key, or on gzip; none of it is asked for. What a message became
stands in the answer, message by message; clients that only look at the status see 200 wherever the body could be read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Request, Response, post

from counterclick.connectors import segment
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason
from counterclick.web.bodies import BATCH_EVENTS, EVENT_BYTES, BodyError, decoded, read_body
from counterclick.web.service import Service
from counterclick.web.translating import take_translated

__all__ = ["take_batch", "take_message"]

_SOURCE = "segment"
_TOO_LARGE = Translated(refused=((Reason.OUT_OF_RANGE, f"a message holds at most {EVENT_BYTES:,} bytes as JSON"),))
_KINDS = {
    "track": "track",
    "t": "track",
    "identify": "identify",
    "i": "identify",
    "page": "page",
    "p": "page",
    "screen": "screen",
    "s": "screen",
    "group": "group",
    "g": "group",
    "alias": "alias",
    "a": "alias",
}


@post([f"/v1/{name}" for name in _KINDS], status_code=200)
async def take_message(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Take one message: track, identify, page, screen, group or alias."""
    found = decoded(await read_body(request, EVENT_BYTES))
    service.allow(request, "write", said=_key_in(found))
    kind = _KINDS[request.url.path.rpartition("/")[2]]
    translated = segment.translated(found, received_at=datetime.now(UTC), kind=kind)
    (told,) = await take_translated(service, _SOURCE, [found], [translated], agent=request.headers.get("user-agent"))
    return _json({"success": told["status"] != "rejected", **told})


@post("/v1/batch", status_code=200)
async def take_batch(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Take a list of messages in ``batch``; one that cannot be taken spoils no other."""
    body = await read_body(request)
    found = decoded(body)
    service.allow(request, "write", said=_key_in(found))
    messages = found.get("batch") if isinstance(found, dict) else None
    if not isinstance(messages, list):
        raise BodyError(400, "a batch is an object with a list of messages in batch.")
    if len(messages) > BATCH_EVENTS:
        raise BodyError(413, f"a batch holds at most {BATCH_EVENTS:,} messages; this one has {len(messages):,}.")
    translated = segment.batched(found, received_at=datetime.now(UTC))
    if len(body) > EVENT_BYTES:
        pairs = zip(messages, translated, strict=True)
        translated = tuple(_TOO_LARGE if len(msgspec.json.encode(one)) > EVENT_BYTES else each for one, each in pairs)
    told = await take_translated(service, _SOURCE, messages, translated, agent=request.headers.get("user-agent"))
    rejected = sum(each["status"] == "rejected" for each in told)
    return _json({"success": not rejected, "accepted": len(told) - rejected, "rejected": rejected, "results": told})


def _key_in(found: Any) -> str | None:
    """Return the key that stands in a body, as browsers' clients send it."""
    key = found.get("writeKey") if isinstance(found, dict) else None
    return key if isinstance(key, str) and key else None


def _json(body: dict[str, Any]) -> Response[bytes]:
    return Response(msgspec.json.encode(body), media_type="application/json")
