"""Addresses of senders whose words a translator knows: Google Analytics, Klaviyo, Loop, and chats.

Each is the sender's own address and way of carrying a key, so that a sender works by changing its host; what carries no
key of ours is signed. Every answer says what the payload became.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Request, Response, post

from counterclick.connectors import chat, ga4, klaviyo, loop
from counterclick.connectors.translated import Translated
from counterclick.errors import UnknownNameError
from counterclick.web.bodies import EVENT_BYTES, BodyError, decoded, listed, read_body
from counterclick.web.service import Service
from counterclick.web.translating import take_translated

__all__ = ["take_alhena", "take_chat", "take_ga4", "take_klaviyo", "take_return"]

_GA4_BYTES = 130 * 1024
"""Of one request of the Measurement Protocol; Google's limit."""
_KLAVIYO = "klaviyo-api-key"


@post("/mp/collect", status_code=200)
async def take_ga4(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Take one request of Google's Measurement Protocol; ``api_secret`` is a key that may write."""
    service.allow(request, "write", said=request.query_params.get("api_secret"))
    payload = decoded(await read_body(request, _GA4_BYTES))
    events = payload.get("events") if isinstance(payload, dict) else None
    if isinstance(events, list) and len(events) > ga4.MOST_EVENTS:
        raise BodyError(413, f"a request holds at most {ga4.MOST_EVENTS} events; this one has {len(events):,}.")
    _within_limit(events)
    found = ga4.translated(payload, received_at=datetime.now(UTC))
    (told,) = await take_translated(service, "ga4", [payload], [found])
    return _json(told)


@post("/api/events", status_code=202)
async def take_klaviyo(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Take events as they are posted to Klaviyo, or as its interface answers them; the key stands where Klaviyo's stands."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    service.allow(request, "write", said=secret.strip() if scheme.lower() == _KLAVIYO else None)
    payload = decoded(await read_body(request))
    data = payload.get("data") if isinstance(payload, dict) else None
    listed(data)
    _within_limit(data)
    found = klaviyo.translated(payload, received_at=datetime.now(UTC))
    (told,) = await take_translated(service, "klaviyo", [payload], [found])
    return _json(told, 202)


@post("/webhooks/loop", status_code=200)
async def take_return(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Take one webhook of Loop; 401 where the secret did not sign it."""
    declared = service.shop.config.loop
    if declared is None:
        raise BodyError(404, "no returns of Loop are declared: write [loop] into shop.toml.")
    body = await read_body(request)
    secret = os.environ.get(declared.secret_env, "")
    if not secret or not loop.signature_fits(body, request.headers.get(loop.SIGNATURE_HEADER, ""), secret):
        raise BodyError(401, f"the signature is not that of the secret in {declared.secret_env}.")
    payload = decoded(body)
    found = loop.translated(payload, received_at=datetime.now(UTC))
    (told,) = await take_translated(service, "loop", [payload], [found])
    return _json(told)


@post("/v1/chat/{name:str}", status_code=200)
async def take_chat(request: Request[Any, Any, Any], service: Service, name: str) -> Response[bytes]:
    """Take one payload of a chat vendor, or a list of them, by what ``[chats.NAME]`` says of it."""
    service.allow(request, "write")
    chats = service.shop.config.chats
    if name not in chats:
        raise UnknownNameError("chat", name, chats, "Declare it as [chats.NAME] in shop.toml.")
    sent = listed(decoded(await read_body(request)))
    _within_limit(sent)
    now = datetime.now(UTC)
    replies = [chat.translated(one, chats[name], received_at=now) for one in sent]
    return await _each(request, service, f"chat.{name}", sent, replies)


@post("/v1/alhena", status_code=200)
async def take_alhena(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Take one call between a page and Alhena's script, or a list of them; ``?experiment=`` names the shop's experiment."""
    service.allow(request, "write")
    sent = listed(decoded(await read_body(request)))
    _within_limit(sent)
    now, experiment = datetime.now(UTC), request.query_params.get("experiment") or "alhena"
    calls = [chat.alhena(one, received_at=now, experiment=experiment) for one in sent]
    return await _each(request, service, "alhena", sent, calls)


async def _each(
    request: Request[Any, Any, Any], service: Service, source: str, sent: Sequence[Any], found: Sequence[Translated]
) -> Response[bytes]:
    """Answer each payload of a body, in order."""
    told = await take_translated(service, source, sent, found, agent=request.headers.get("user-agent"))
    rejected = sum(each["status"] == "rejected" for each in told)
    return _json({"accepted": len(told) - rejected, "rejected": rejected, "results": told})


def _within_limit(events: Any) -> None:
    """Refuse a body one of whose events is too large.

    Raises:
        BodyError: 413.
    """
    for event in events if isinstance(events, list) else [events]:
        if len(msgspec.json.encode(event)) > EVENT_BYTES:
            raise BodyError(413, f"an event holds at most {EVENT_BYTES:,} bytes as JSON.")


def _json(body: dict[str, Any], status: int = 200) -> Response[bytes]:
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")
