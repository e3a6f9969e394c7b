"""What a surface shows a visitor, and the exposure that says so: asked by servers, and by pages (`/v1/offers`)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from msgspec import Meta

from counterclick.decisions.policy import CartLine
from counterclick.events.redaction import hashed
from counterclick.events.vocabulary import Exposure
from counterclick.shapes import from_json, from_objects
from counterclick.shop.decided import ask_of
from counterclick.shop.visiting import Met, visit
from counterclick.web.bodies import BodyError, read_body
from counterclick.web.service import Service
from counterclick.web.visits import COOKIE, from_page

__all__ = ["Answered", "Asked", "PageAsked", "RankingAsked", "decide", "decision_given", "offers", "order_given", "ranking"]

_BYTES = 2 * 1024 * 1024
"""Of a question, with a cart of ten thousand lines."""

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Query = Annotated[str, Meta(max_length=200)]


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
        candidates: products that are to be put in order, each once, as they came; 500 at most, and all are answered.
        query: what was searched for, where they are results.
        category: whose page it is, where they are its products.
    """

    visitor: Id
    cart: tuple[Id | CartLine, ...] = ()
    most: Annotated[int, Meta(ge=1, le=100)] = 3
    decision_id: Id | None = None
    customer: Id | None = None
    payment: Id | None = None
    candidates: tuple[Id, ...] = ()
    query: Query | None = None
    category: Id | None = None


class RankingAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be put in order: a surface's question, with the surface in it.

    Attributes:
        surface: which; one is called ``ranking`` unless given.
    """

    surface: Id = "ranking"


class PageAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What a page asks; its key and what else it tells of its visitor are read before.

    Attributes:
        surface: which.
        cart: as of `Asked`.
        most: offers wanted at most.
        decision_id: as of `Asked`.
        payment: as of `Asked`.
    """

    surface: Id
    cart: tuple[Id | CartLine, ...] = ()
    most: Annotated[int, Meta(ge=1, le=100)] = 3
    decision_id: Id | None = None
    payment: Id | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to a question.

    Attributes:
        body: the decision, as JSON.
        exposures: that were recorded with it: none where the same answer was given before.
    """

    body: bytes
    exposures: tuple[Exposure, ...]


@post("/v1/decide/{surface:str}", status_code=200)
async def decide(request: Request[Any, Any, Any], service: Service, surface: str) -> Response[bytes]:
    """Decide what a surface shows a visitor, and record that the visitor was eligible; one decision id has one answer."""
    return Response(await decision_given(request, service, surface), media_type="application/json")


async def decision_given(request: Request[Any, Any, Any], service: Service, surface: str) -> bytes:
    """Decide what a surface shows a visitor; when this returns no end of any process loses it. Return the answer, as JSON.

    Raises:
        BodyError: no key that may write, or the body is none that asks.
        CounterclickError: what is asked cannot be decided.
    """
    service.allow(request, "write")
    body = await read_body(request, _BYTES)
    try:
        asked = from_json(body, Asked)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BodyError(400, f"a decision is asked for with a visitor, and where there is one a cart: {error}.") from error
    return (await _answered(request, service, surface, asked.visitor, asked, asked.customer)).body


@post("/v1/decide/ranking", status_code=200)
async def ranking(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Put candidates of a search, a category or a recommendation in order, and record that the visitor was eligible."""
    return Response(await order_given(request, service), media_type="application/json")


async def order_given(request: Request[Any, Any, Any], service: Service) -> bytes:
    """Put candidates in order, as `decision_given` decides.

    Raises:
        BodyError: no key that may write, or the body is none that asks.
        CounterclickError: what is asked cannot be decided.
    """
    service.allow(request, "write")
    body = await read_body(request, _BYTES)
    try:
        asked = from_json(body, RankingAsked)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BodyError(400, f"an order is asked for with a surface, a visitor and candidates: {error}.") from error
    return (await _answered(request, service, asked.surface, asked.visitor, asked, asked.customer)).body


@post("/v1/offers", status_code=200)
async def offers(request: Request[Any, Any, Any], service: Service) -> Response[bytes]:
    """Decide what a surface shows a page's own visitor, and record that the visitor was eligible; no score is told."""
    told = await from_page(request, service)
    found = visit(datetime.now(UTC), cookie=request.cookies.get(COOKIE), page=told.get("visitor"))
    if found is None:
        raise BodyError(400, "visitor must be the id that POST /v1/visitor gave.")
    try:
        asked = from_objects(told, PageAsked)
    except msgspec.ValidationError as error:
        raise BodyError(400, f"offers are asked for with a surface, and where there is one a cart: {error}.") from error
    answered = await _answered(request, service, asked.surface, found.visitor, asked, None)
    decision = msgspec.json.decode(answered.body)
    seen = {name: decision[name] for name in ("surface", "offers", "variant", "served_here", "decision_id", "mark")}
    body = msgspec.json.encode({**seen, "arms": Met(answered.exposures, ()).arms})
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


async def _answered(
    request: Request[Any, Any, Any],
    service: Service,
    surface: str,
    visitor: str,
    asked: Asked | PageAsked,
    signed_in: str | None,
) -> Answered:
    """Return what a visitor is answered, once it is recorded."""
    who, found = service.evaluating.assigned(surface, visitor, service.today())
    customer = None if signed_in is None else hashed(signed_in, service.shop.store.key)
    listed = (asked.candidates, asked.query, asked.category) if isinstance(asked, Asked) else ()
    ask = ask_of(surface, who, asked.cart, asked.most, customer, asked.payment, *listed)
    told = await service.deciding.given(asked.decision_id, ask)
    if told is not None:
        return Answered(told, ())
    made = await service.deciding.decided(found, ask, asked.decision_id or "d_" + secrets.token_hex(16))
    await service.expose(made.exposures, made.made, agent=request.headers.get("user-agent"))
    return Answered(await service.deciding.give(asked.decision_id, ask, made.decision), made.exposures)
