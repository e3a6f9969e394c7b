"""How errors are told: a status, and a sentence that says what would be right. Nothing else answers with an error."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from counterclick.errors import (
    ConflictError,
    CounterclickError,
    CurrencyError,
    EmptyStoreError,
    RefusedError,
    StoreError,
    UnknownNameError,
)
from counterclick.web.bodies import BodyError
from counterclick.web.limits import Limits
from counterclick.web.logs import address_of, say
from counterclick.web.watching import SAYS

__all__ = ["refusals"]

_UNAUTHORISED = 401
_AGAIN_SECONDS = "5"
_SAYS = {404: "there is no such address; /docs lists them.", 405: "this address does not take that method; see /docs."}

Asked = Request[Any, Any, Any]
Answer = Response[Any]


def refusals(limits: Limits) -> dict[int | type[Exception], Callable[[Asked, Any], Answer]]:
    """Return what answers each kind of error.

    Args:
        limits: of which a wrong key takes.
    """

    def refused(request: Asked, error: BodyError) -> Answer:
        if error.status == _UNAUTHORISED:
            try:
                limits.wrong(request)
            except BodyError as limited:
                error = limited
        headers = {"Connection": "close"}  # what was not read of the body is not the next request
        if error.status == _UNAUTHORISED:
            headers["WWW-Authenticate"] = 'Basic realm="counterclick"'
        if error.again_seconds is not None:
            headers["Retry-After"] = str(error.again_seconds)
        return _told(request, error.says, error.status, headers)

    return {
        BodyError: refused,
        HTTPException: _misasked,
        RecursionError: _too_deep,
        StoreError: _unwritten,
        UnknownNameError: lambda request, error: _told(request, str(error), 404),
        ConflictError: _cannot,
        EmptyStoreError: _cannot,
        RefusedError: _cannot,
        CurrencyError: _cannot,
        CounterclickError: lambda request, error: _told(request, str(error), 400),
        Exception: _broken,
    }


def _told(request: Asked, says: str, status: int, headers: dict[str, str] | None = None) -> Answer:
    request.scope[SAYS] = says  # type: ignore[literal-required]  # a name of our own
    return Response({"error": says}, status_code=status, headers=headers or {}, media_type="application/json")


def _misasked(request: Asked, error: HTTPException) -> Answer:
    """No such address, another method, a parameter that is none."""
    wrong = [f"{each['key']}: {each['message']}" for each in error.extra or () if isinstance(each, dict) and "key" in each]
    says = _SAYS.get(error.status_code) or "; ".join(wrong) or error.detail
    return _told(request, says, error.status_code, dict(error.headers or {}))


def _too_deep(request: Asked, _error: RecursionError) -> Answer:
    """JSON that nests hundreds of times; nothing of it was kept."""
    return _told(request, "the body nests too deeply to be read.", 400)


def _unwritten(request: Asked, error: StoreError) -> Answer:
    """Nothing of it was kept: the sender is to try again."""
    return _told(request, str(error), 503, {"Retry-After": _AGAIN_SECONDS})


def _cannot(request: Asked, error: CounterclickError) -> Answer:
    """The question is right, and what is recorded does not answer it."""
    return _told(request, str(error), 409)


def _broken(request: Asked, error: Exception) -> Answer:
    """A mistake of this product: the log has its traceback."""
    say(logging.ERROR, "broken", error=error, method=request.method, address=address_of(request.scope))
    return _told(request, "this is a mistake of Counterclick's; its log says more.", 500)
