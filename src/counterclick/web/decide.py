"""``POST /v1/decide/SURFACE``: what a surface shows a visitor, and the exposure that says so, on disk before the answer."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from msgspec import Meta

from counterclick.decisions.policy import CartLine, asked_of
from counterclick.display import as_json, plain
from counterclick.events.redaction import hashed
from counterclick.shop.decided import decided, policy_asked, scores_baskets
from counterclick.web.bodies import EVENT_BYTES, BodyError, read_body
from counterclick.web.service import Service

__all__ = ["Asked", "decide"]

Id = Annotated[str, Meta(min_length=1, max_length=200)]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a surface asks.

    Attributes:
        visitor: the visitor id.
        cart: products in the cart, each its id, or an object that says more of it.
        most: offers wanted at most.
        customer: who is signed in, where that is known.
        payment: how it will be paid, in the shop's own words.
        decision_id: the same for a request that is sent again; one is made unless given.
    """

    visitor: Id
    cart: Annotated[tuple[Id | CartLine, ...], Meta(max_length=1_000)] = ()
    most: Annotated[int, Meta(ge=1, le=100)] = 3
    decision_id: Id | None = None
    customer: Id | None = None
    payment: Id | None = None


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
        config = service.shop.config
        name = await asyncio.to_thread(policy_asked, found, config)
        policy = await service.deciding.policy(name) if name else None
        customer = None if asked.customer is None else hashed(asked.customer, service.shop.store.key)
        ask = asked_of(surface, who, asked.cart, asked.most, customer, asked.payment)
        decision, exposures = decided(found, ask, policy, scores=scores_baskets(found, config))
        await service.expose(exposures, request.headers.get("user-agent"))
        answer = as_json({"decision_id": decision_id, **plain(decision)}).encode()
        told = service.deciding.give(decision_id, (surface, asked), answer)
    return Response(told, media_type="application/json")
