"""``POST /v1/decide/SURFACE``: what a surface shows a visitor, and the exposure that says so."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from msgspec import Meta

from counterclick.decisions.policy import CartLine
from counterclick.display import as_json
from counterclick.events.redaction import hashed
from counterclick.shop.decided import ask_of
from counterclick.web.bodies import BodyError, read_body
from counterclick.web.service import Service

__all__ = ["Asked", "decide"]

_BYTES = 2 * 1024 * 1024
"""Of a question, with a cart of ten thousand lines."""

Id = Annotated[str, Meta(min_length=1, max_length=200)]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a surface asks.

    Attributes:
        visitor: the visitor id.
        cart: products in the cart, each its id, or an object that says more of it, the newest last; 10,000 at most, of
            which the newest 100 different products count.
        most: offers wanted at most.
        customer: who is signed in, where that is known.
        payment: how it will be paid, in the shop's own words.
        decision_id: the same for a request that is sent again; one is made unless given.
    """

    visitor: Id
    cart: tuple[Id | CartLine, ...] = ()
    most: Annotated[int, Meta(ge=1, le=100)] = 3
    decision_id: Id | None = None
    customer: Id | None = None
    payment: Id | None = None


@post("/v1/decide/{surface:str}", status_code=200)
async def decide(request: Request[Any, Any, Any], service: Service, surface: str) -> Response[bytes]:
    """Decide what a surface shows a visitor, and record that the visitor was eligible; one decision id has one answer."""
    service.allow(request, "write")
    body = await read_body(request, _BYTES)
    try:
        asked = msgspec.json.decode(body, type=Asked)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BodyError(400, f"a decision is asked for with a visitor, and where there is one a cart: {error}.") from error
    decision_id = asked.decision_id or "d_" + secrets.token_hex(16)
    told = service.deciding.given(decision_id, (surface, asked))
    if told is None:
        who, found = service.evaluating.assigned(surface, asked.visitor, service.today())
        customer = None if asked.customer is None else hashed(asked.customer, service.shop.store.key)
        ask = ask_of(surface, who, asked.cart, asked.most, customer, asked.payment)
        made = await service.deciding.decided(found, ask, decision_id)
        await service.expose(made.exposures, made.made, agent=request.headers.get("user-agent"))
        told = service.deciding.give(decision_id, (surface, asked), as_json(made.decision).encode())
    return Response(told, media_type="application/json")
