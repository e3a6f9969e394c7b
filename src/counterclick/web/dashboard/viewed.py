"""What was made of an answer, kept as long as the answer is: drawings take longer than all else of a page that is known."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

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

    async def of(self, page: Page[Any], kept: Kept, context: Context) -> View:
        """Return a page's view of an answer.

        Args:
            page: which.
            kept: the answer, which is no refusal.
            context: for whom; its configuration and its way of writing numbers are always the same.
        """
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
