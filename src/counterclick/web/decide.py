"""``POST /v1/decide/SURFACE``: what a surface shows a visitor, and the exposure that says so."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from msgspec import Meta

from counterclick.decisions.policy import Ask
from counterclick.display import as_json, plain
from counterclick.shop.decided import decision_of, policy_asked
from counterclick.web.bodies import EVENT_BYTES, BodyError, read_body
from counterclick.web.service import Service

__all__ = ["Asked", "decide"]

Id = Annotated[str, Meta(min_length=1, max_length=200)]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a surface asks.

    Attributes:
        visitor: the visitor id.
        cart: products in the cart.
        most: offers wanted at most.
        decision_id: the same for a request that is sent again; one is made unless given.
    """

    visitor: Id
    cart: Annotated[tuple[Id, ...], Meta(max_length=1_000)] = ()
    most: Annotated[int, Meta(ge=1, le=100)] = 3
    decision_id: Id | None = None


@post("/v1/decide/{surface:str}", status_code=200)
async def decide(request: Request[Any, Any, Any], service: Service, surface: str) -> Response[bytes]:
    """Decide what a surface shows a visitor, and record that the visitor was eligible; one decision id has one answer."""
    service.allow(request, "write")
    body = await read_body(request, EVENT_BYTES)
    try:
        asked = msgspec.json.decode(body, type=Asked)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BodyError(400, f"a decision is asked for with a visitor, and where there is one a cart: {error}.") from error
    decision_id = asked.decision_id or "d_" + secrets.token_hex(16)
    told = service.deciding.given(decision_id, (surface, asked))
    if told is None:
        who, found = service.evaluating.assigned(surface, asked.visitor, service.today())
        name = await asyncio.to_thread(policy_asked, found)
        policy = await service.deciding.policy(name) if name else None
        decision = decision_of(found, Ask(surface, who, asked.cart, asked.most), policy)
        await service.expose(found.exposures, request.headers.get("user-agent"))
        answer = as_json({"decision_id": decision_id, **plain(decision)}).encode()
        told = service.deciding.give(decision_id, (surface, asked), answer)
    return Response(told, media_type="application/json")
