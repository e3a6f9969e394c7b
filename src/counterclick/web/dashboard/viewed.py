"""What was made of an answer, kept as long as the answer is: drawings take longer than all else of a page that is known."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from datetime import datetime
from typing import Any

from counterclick.lazily import loading
from counterclick.web.dashboard.kept import Kept
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.views import View

__all__ = ["Views"]

_MOST = 50
"""Views that are kept: those that were made last."""


class Views:
    """The views of answers, of each question the newest."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, bool], tuple[datetime, View]] = {}
        self._loading: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """Begin to load what draws, while a question is being answered."""
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(_load))

    async def of(self, page: Page[Any], kept: Kept, context: Context) -> View:
        """Return a page's view of an answer.

        Args:
            page: which.
            kept: the answer, which is no refusal.
            context: for whom; its configuration and its way of writing numbers are always the same.
        """
        self.prepare()
        if self._loading is not None:
            await self._loading
        if page.is_asked_anew:
            return await asyncio.to_thread(page.view, kept.value, context)
        name = (page.address(context.asked), context.is_shared)
        found = self._made.pop(name, None)
        if found is None or found[0] != kept.answered_at:
            found = (kept.answered_at, await asyncio.to_thread(page.view, kept.value, context))
        self._made[name] = found
        while len(self._made) > _MOST:
            del self._made[next(iter(self._made))]
        return found[1]


def _load() -> None:
    with loading():
        with contextlib.suppress(ImportError):
            importlib.import_module("pandas")  # Altair asks it once it is loaded, also while another thread is loading it
        importlib.import_module("altair")
