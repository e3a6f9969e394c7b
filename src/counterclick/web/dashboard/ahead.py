"""The first page worked out before anybody asks, so that hardly anybody waits for it: on disk, where a server finds it.

Asked when a server begins and every hour after, it does nothing where nothing has come since. With it the facts are kept
up, which all other pages need.
"""

from __future__ import annotations

import asyncio
import contextlib
from operator import methodcaller
from typing import TYPE_CHECKING

from counterclick.errors import CounterclickError
from counterclick.web.bodies import BodyError
from counterclick.web.dashboard import places
from counterclick.web.dashboard.stored import stored_or_answered
from counterclick.web.service import Service

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["first_page", "work_ahead"]

_EVERY_SECONDS = 3_600.0


async def work_ahead(service: Service) -> None:
    """Work the first page out now and every hour, where somebody may look at it: where a password is set.

    Args:
        service: the shop, served.
    """
    while True:
        if service.shop.access.has_password:
            with contextlib.suppress(CounterclickError, BodyError):  # whoever opens the page asks again, and is told
                await service.asking.ask("the first page, ahead", first_page)
                await service.asking.ask("let go", methodcaller("refresh"))  # facts are stored, memory is given back
        await asyncio.sleep(_EVERY_SECONDS)


def first_page(shop: Shop) -> None:
    """Store what the first page shows, unless that is known.

    Args:
        shop: whose.
    """
    home = places.HOME.page()
    stored_or_answered(home.question_of({}), home.answer_type, home.to_ask({}), shop)
