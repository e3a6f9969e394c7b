"""What a browser is told where no page answers it: a page, with the same status that a program gets with a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from counterclick.web.dashboard.rendering import page

__all__ = ["for_browsers"]

_Asked = Request[Any, Any, Any]
_Answer = Callable[[_Asked, Any], Response[Any]]
_Kind = int | type[Exception]
_JSON, _HTML = "application/json", "text/html"
_SAYS = {
    404: ("There is no such page", "No page has this address. It may be mistyped, or from another version."),
    405: ("There is nothing to see here", "This address takes what a form sends, and shows nothing by itself."),
    500: ("That went wrong", "This is a mistake of Counterclick's; the server's log says more."),
}
_OTHER = ("That cannot be shown", "The address asks for what it does not take.")


def for_browsers(refusals: Mapping[_Kind, _Answer]) -> dict[_Kind, _Answer]:
    """Return what answers errors of the pages: programs as before, browsers with a page.

    It says the same whoever asks, signed in or not, and nothing of the shop.

    Args:
        refusals: what answers each kind of error.
    """
    readable: dict[_Kind, _Answer] = {kind: _readable(refusals[kind]) for kind in (HTTPException, Exception)}
    return {**refusals, **readable}


def _readable(told: _Answer) -> _Answer:
    def answer(request: _Asked, error: Any) -> Response[Any]:
        found = told(request, error)
        if request.accept.best_match([_JSON, _HTML]) != _HTML:
            return found
        title, says = _SAYS.get(status := found.status_code or 500, _OTHER)
        return page("message.html", status, found.headers, title=title, says=says)

    return answer
