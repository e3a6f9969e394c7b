"""``POST /v1/events``: events in the shop's own vocabulary, each with its own answer."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, post

from counterclick.events.redaction import scrubbed_body
from counterclick.events.rejection import Reason, Rejection
from counterclick.events.vocabulary import Event
from counterclick.shop.receiving import Received
from counterclick.web.bodies import BATCH_EVENTS, EVENT_BYTES, BodyError, read_body
from counterclick.web.service import Service

__all__ = ["answer", "decoded", "listed", "take_events"]


@post("/v1/events", status_code=200)
async def take_events(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Take one event or a list of them; each is accepted, or rejected with its reason and what would be right."""
    service.allow(request, "write")
    body = await read_body(request)
    sent = listed(decoded(body))
    if len(body) > EVENT_BYTES:
        sent = [_within_limit(one) for one in sent]
    return answer(await service.take(sent, "api", agent=request.headers.get("user-agent")))


def _within_limit(sent: Any) -> Any:
    """Return an event, or why it is refused where it is too large."""
    body = msgspec.json.encode(sent)
    if len(body) <= EVENT_BYTES:
        return sent
    says = f"an event holds at most {EVENT_BYTES:,} bytes as JSON"
    return Rejection(reason=Reason.OUT_OF_RANGE, details=says, body=scrubbed_body(body.decode()))


def decoded(body: bytes) -> Any:
    """Return what a JSON body holds.

    Raises:
        BodyError: it is no JSON (400).
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BodyError(400, f"the body is no JSON: {error}.") from error


def listed(found: Any) -> list[Any]:
    """Return what a body holds as events: itself, or its items; those that are no objects are refused one by one.

    Raises:
        BodyError: there are too many (413).
    """
    items = found if isinstance(found, list) else [found]
    if len(items) > BATCH_EVENTS:
        raise BodyError(413, f"a body holds at most {BATCH_EVENTS:,} events; this one has {len(items):,}.")
    return items


def answer(received: Received) -> Response[bytes]:
    """Return the answer for each event, in order."""
    results = [
        {"status": "accepted", "event_id": each.event_id}
        if isinstance(each, Event)
        else {"status": "rejected", "reason": each.reason.value, "details": each.details}
        for each in received.judged
    ]
    body = {"accepted": received.n_events, "rejected": len(results) - received.n_events, "results": results}
    return Response(msgspec.json.encode(body), media_type="application/json")
