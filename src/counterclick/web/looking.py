"""Pages beside the API: loaded when somebody first looks, since they load what judges and draws.

Who sends events or asks for a flag waits for none of it, also when a server begins anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from counterclick.lazily import keep_loaded, loading

__all__ = ["Looking"]


class Looking:
    """An application, and pages at every address that it does not have.

    Args:
        app: which has addresses of its own; what begins like one of these is its business.
        load: makes the pages.
    """

    def __init__(self, app: Litestar, load: Callable[[], ASGIApp]) -> None:
        self._app = app
        self._load = load
        self._own = {_first(route.path) for route in app.routes}
        self._pages: ASGIApp | None = None
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on to the application or to the pages."""
        if scope["type"] != ScopeType.HTTP or _first(scope["path"]) in self._own:
            await self._app(scope, receive, send)
            return
        await (self._pages or await self._loaded())(scope, receive, send)

    async def _loaded(self) -> ASGIApp:
        async with self._loading:
            if self._pages is None:
                with loading():
                    self._pages = await asyncio.to_thread(self._load)
                keep_loaded()
            return self._pages


def _first(path: str) -> str:
    return path.lstrip("/").partition("/")[0]
