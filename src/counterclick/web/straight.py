"""The busiest addresses, answered straight: by the same functions as the framework's handlers, without its way to them.

What a body of events or a flag needs is little beside the framework's routing, injecting and rendering. Whatever is not
asked in the plain way (by a page of another host, say) goes the framework's way; refusals are those of its table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

from counterclick.web.decide import decide, decision_given, order_given, ranking
from counterclick.web.events import events_taken, take_events
from counterclick.web.ofrep import evaluate_flag, flag_evaluated
from counterclick.web.refusals import refusals
from counterclick.web.service import Service

__all__ = ["Straight"]

_EVENTS = "/v1/events"
_FLAGS = "/ofrep/v1/evaluate/flags/"
_DECIDE = "/v1/decide/"
_RANKING = "ranking"
_ORIGIN = b"origin"
_JSON = (b"content-type", b"application/json")

Asked = Request[Any, Any, Any]


class Straight:
    """An application, and before it what answers its busiest addresses.

    Args:
        app: which has them too.
        service: of the shop.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._refusals = refusals(service.limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        answer = self._answering(scope)
        if answer is None:
            await self._app(scope, receive, send)
            return
        request: Asked = Request(scope, receive, send)
        try:
            self._service.limits.address(request)
            status, body = await answer(request)
        except Exception as error:  # noqa: BLE001 - the table has an answer for any, and says it in the log
            await self._refused(request, error)
            return
        length = (b"content-length", str(len(body)).encode())
        await send(HTTPResponseStartEvent(type="http.response.start", status=status, headers=[_JSON, length]))
        await send(HTTPResponseBodyEvent(type="http.response.body", body=body, more_body=False))

    def _answering(self, scope: Scope) -> Callable[[Asked], Awaitable[tuple[int, bytes]]] | None:
        """Return what answers a request, None where that is the framework."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != "POST" or any(n == _ORIGIN for n, _ in scope["headers"]):
            return None
        path = scope["path"]
        if path == _EVENTS:
            scope["route_handler"] = take_events  # whose address the process's log tells
            return self._events
        if _last_of(path, _FLAGS):
            scope["route_handler"] = evaluate_flag
            return self._flag
        surface = _last_of(path, _DECIDE)
        if surface:
            scope["route_handler"] = ranking if surface == _RANKING else decide
            return self._order if surface == _RANKING else self._decision
        return None

    async def _events(self, request: Asked) -> tuple[int, bytes]:
        return 200, await events_taken(request, self._service)

    async def _flag(self, request: Asked) -> tuple[int, bytes]:
        status, told = await flag_evaluated(request, self._service, request.scope["path"].removeprefix(_FLAGS))
        return status, msgspec.json.encode(told)

    async def _decision(self, request: Asked) -> tuple[int, bytes]:
        return 200, await decision_given(request, self._service, _last_of(request.scope["path"], _DECIDE))

    async def _order(self, request: Asked) -> tuple[int, bytes]:
        return 200, await order_given(request, self._service)

    async def _refused(self, request: Asked, error: Exception) -> None:
        kind = next(kind for kind in type(error).__mro__ if kind in self._refusals)
        response = self._refusals[kind](request, error)
        await response.to_asgi_response(None, request)(request.scope, request.receive, request.send)


def _last_of(path: str, begins: str) -> str:
    """Return what a path has after its beginning, where that is one name; else nothing."""
    name = path.removeprefix(begins)
    return "" if len(name) == len(path) or "/" in name else name
