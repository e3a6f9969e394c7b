"""Watches requests: a line of the log for each that was refused, and for every one where the shop wants it."""

from __future__ import annotations

import logging
import time
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from counterclick.events.redaction import scrubbed
from counterclick.web.logs import address_of, say

__all__ = ["SAYS", "Watching"]

SAYS = "counterclick.says"
"""Where a request's scope holds the sentence with which it was refused."""
_REFUSED = 400
_BROKEN = 500
_LONGEST = 300


class Watching:
    """An application, watched.

    Args:
        app: which.
        every: whether every request is a line, or only those that were refused.
    """

    def __init__(self, app: ASGIApp, *, every: bool) -> None:
        self._app = app
        self._every = every

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, and write what became of it."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = _BROKEN

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, seen)
        finally:
            if self._every or status >= _REFUSED:
                told: dict[str, Any] = {
                    "method": scope["method"],
                    "address": address_of(scope),
                    "status": status,
                    "seconds": round(time.monotonic() - began, 4),
                }
                if status >= _REFUSED:
                    told["says"] = scrubbed(str(scope.get(SAYS, "")))[:_LONGEST]
                level = logging.WARNING if status >= _BROKEN else logging.INFO
                say(level, "refused" if status >= _REFUSED else "request", **told)
