"""Pages over HTTP: who may open one, what is shown while its answer is being worked out, its parts as files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from litestar import Request, Response, Router, get, post
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from counterclick.errors import CounterclickError, EmptyStoreError
from counterclick.shop.access import Share
from counterclick.web.bodies import BodyError
from counterclick.web.dashboard.answers import Answers
from counterclick.web.dashboard.assets import asset
from counterclick.web.dashboard.downloads import downloaded
from counterclick.web.dashboard.kept import Kept
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.pages.settings import FORMS
from counterclick.web.dashboard.places import PLACES, Place
from counterclick.web.dashboard.rendering import HEADERS, page
from counterclick.web.dashboard.signing_in import (
    Doorkeeper,
    form_token,
    no_password,
    sign_in,
    sign_out,
    signed_form,
    signed_in,
    welcome,
)
from counterclick.web.dashboard.speaking import Speech
from counterclick.web.dashboard.viewed import Views
from counterclick.web.dashboard.views import Section, Text, View
from counterclick.web.service import Service

__all__ = ["dashboard"]

_Asked = Request[Any, Any, Any]
_PATIENCE = 2.5
"""Seconds to wait for a page's first answer before it is said that it is being worked out."""
_AGAIN_SECONDS = 3
_DAYS = 7


def dashboard(service: Service) -> Router:
    """Return the addresses of a shop's pages."""
    desk = _Desk(service)
    handlers = [asset, welcome, sign_in, sign_out, shared, share, *FORMS, *map(_handler, PLACES)]
    doorkeeper = Doorkeeper(service.shop.access)
    return Router(
        "/",
        route_handlers=handlers,
        dependencies={
            "desk": Provide(lambda: desk, sync_to_thread=False),
            "doorkeeper": Provide(lambda: doorkeeper, sync_to_thread=False),
        },
        exception_handlers={BodyError: _refused, CounterclickError: _failed},
        include_in_schema=False,
    )


class _Desk:
    """What every page needs.

    Args:
        service: the shop, served.
    """

    def __init__(self, service: Service) -> None:
        self.shop = service.shop
        self.access = service.shop.access
        self.answers = Answers(service.shop, service.asking)
        self.views = Views()
        self.say = Speech(service.shop.config.shop)
        self.name = service.shop.folder.resolve().name or "shop"


def _handler(place: Place) -> HTTPRouteHandler:
    @get(place.path, include_in_schema=False, name=f"page {place.path}")
    async def show(request: _Asked, desk: _Desk) -> Response[Any]:
        if not desk.access.has_password:
            return no_password()
        if not signed_in(request, desk.access):
            to = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""), safe="")
            return Response(b"", status_code=303, headers={**HEADERS, "Location": f"/sign-in?next={to}"})
        each = await asyncio.to_thread(place.page)
        return await _shown(request, desk, each, each.asked(request.path_params, request.query_params), None)

    return show


@get("/shared/{secret:str}", include_in_schema=False)
async def shared(request: _Asked, desk: _Desk, secret: str) -> Response[Any]:
    """Show the page that a link is for, to whoever has it."""
    link = desk.access.shared(secret)
    found = await asyncio.to_thread(_found, link.address) if link is not None else None
    if found is None:
        return page(
            "message.html",
            404,
            title="This link does not hold",
            says="It has ended or was withdrawn. Ask whoever sent it for a new one.",
        )
    return await _shown(request, desk, *found, link)


@post("/share", include_in_schema=False)
async def share(request: _Asked, desk: _Desk) -> Response[Any]:
    """Make a link to a page, and show it once."""
    fields = await signed_form(request, desk.access)
    found = await asyncio.to_thread(_found, fields.get("address", ""))
    days = fields.get("days", "")
    if found is None or found[0].is_private or not days.isdecimal():
        raise BodyError(400, "a link is for a page of this shop, and for a number of days; this page has none.")
    each, asked = found
    try:
        link, secret = await asyncio.to_thread(desk.access.share, each.address(asked), int(days[:6]))
    except CounterclickError as error:
        raise BodyError(400, str(error)) from error
    return page(
        "once.html",
        title=f"A link to “{each.title}”",
        says="Whoever has it sees this one page, and can do nothing on it, until "
        f"{desk.say.moment(link.ends_at)}. It is shown once; Settings withdraws it.",
        label="Link",
        value=f"{str(request.base_url).rstrip('/')}/shared/{secret}",
        back=each.address(asked),
    )


def _found(address: str) -> tuple[Page[Any], dict[str, str]] | None:
    """Return the page of an address, with what it asks for."""
    parts = urlsplit(address)
    own = parts.path.split("/")
    for place in PLACES:
        wanted = place.path.split("/")
        if len(wanted) != len(own):
            continue
        pairs = list(zip(wanted, own, strict=True))
        if all(want == have or (want.startswith("{") and have) for want, have in pairs):
            path = {want[1:-1].partition(":")[0]: unquote(have) for want, have in pairs if want.startswith("{")}
            each = place.page()
            return each, each.asked(path, dict(parse_qsl(parts.query)))
    return None


async def _shown(
    request: _Asked, desk: _Desk, each: Page[Any], asked: Mapping[str, str], link: Share | None
) -> Response[Any]:
    if link is not None and each.is_private:
        raise BodyError(404, "this page is not for links.")
    context = Context(desk.shop.config, desk.say, asked, is_shared=link is not None)
    desk.views.prepare()
    try:
        kept = await _answer(desk, each, asked)
    except BodyError as error:
        if error.again_seconds is None:
            raise
        kept = None
    if kept is None:
        waits = View(_waits(desk, each, asked))
        return _framed(request, desk, each, context, waits, None, 202, {"Refresh": str(_AGAIN_SECONDS)})
    status = 200
    if kept.refusal is None:
        view = await desk.views.of(each, kept, context)
    else:
        view, status = _refusal(each, kept.refusal)
    if request.query_params.get("as"):
        name = request.query_params.get("part", "")
        return await downloaded(view, name, request.query_params["as"], each.path)
    return _framed(request, desk, each, context, view, kept, status, {})


def _waits(desk: _Desk, each: Page[Any], asked: Mapping[str, str]) -> str:
    """Return what is said while there are no numbers yet."""
    since = desk.answers.since(each.question_of(asked))
    for_long = "" if since is None else f", for {max(1, round((datetime.now(UTC) - since).total_seconds()))} s by now"
    return f"The numbers are being worked out{for_long}. This page shows them by itself as soon as they are there."


async def _answer(desk: _Desk, each: Page[Any], asked: Mapping[str, str]) -> Kept | None:
    question = each.to_ask(asked)
    if not each.is_asked_anew:
        kind = each.answer_type if each.is_stored else None
        return await desk.answers.get(each.question_of(asked), question, _PATIENCE, kind)
    now = datetime.now(UTC)
    try:
        return Kept(await asyncio.to_thread(question, desk.shop), None, (0, 0), now, 0.0)
    except CounterclickError as error:
        return Kept(None, error, (0, 0), now, 0.0)


def _refusal(each: Page[Any], error: Exception) -> tuple[View, int]:
    """Return what a page shows that has no answer: what is to be done, or what is wrong."""
    if isinstance(error, EmptyStoreError):
        says = [_sentence(str(error)), *([each.empty] if each.empty else [])]
        return View("Nothing is recorded yet.", [Section("What to do", [Text(says)])]), 200
    if isinstance(error, LookupError):
        return View(_sentence(str(error)), mark="warning"), 404
    if isinstance(error, CounterclickError):
        return View("There is no answer yet.", [Section("Why", [Text([_sentence(str(error))])])]), 200
    return View("This is a mistake of Counterclick's; the server's log says more.", mark="warning"), 500


def _framed(
    request: _Asked,
    desk: _Desk,
    each: Page[Any],
    context: Context,
    view: View,
    kept: Kept | None,
    status: int,
    headers: Mapping[str, str],
) -> Response[str]:
    base = request.url.path if context.is_shared else each.address(context.asked).partition("?")[0]
    query = {} if context.is_shared else {name: context.asked[name] for name in each.reads if name in context.asked}
    token, cookie = ("", None) if context.is_shared else form_token(request, desk.access)
    answer = page(
        "page.html",
        status,
        headers,
        shop=desk.name,
        page=each,
        pages=[] if context.is_shared else [one for one in PLACES if one.is_listed],
        view=view,
        sections=[*view.named()],
        context=context,
        say=desk.say,
        kept=kept,
        is_waiting=kept is None,
        base=base,
        query=query,
        address=each.address(context.asked),
        token=token,
        days=_DAYS,
    )
    if cookie is not None:
        answer.cookies.append(cookie)
    return answer


def _refused(_request: _Asked, error: BodyError) -> Response[str]:
    headers = {"Connection": "close"}
    if error.again_seconds is not None:
        headers["Retry-After"] = str(error.again_seconds)
    return page("message.html", error.status, headers, title="That was not done", says=_sentence(error.says))


def _failed(_request: _Asked, error: CounterclickError) -> Response[str]:
    return page(
        "message.html",
        503,
        {"Retry-After": str(_AGAIN_SECONDS)},
        title="That cannot be shown now",
        says=_sentence(str(error)),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
