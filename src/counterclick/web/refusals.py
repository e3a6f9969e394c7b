"""How errors are told: a status, and a sentence that says what would be right. Nothing else answers with an error."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from counterclick.errors import (
    CounterclickError,
    CurrencyError,
    EmptyStoreError,
    RefusedError,
    StoreError,
    UnknownNameError,
)
from counterclick.web.bodies import BodyError
from counterclick.web.limits import Limits

__all__ = ["refusals"]

_log = logging.getLogger("counterclick.web")
_UNAUTHORISED = 401
_TOO_LARGE = 413
_AGAIN_SECONDS = "5"

Answer = Response[Any]


def refusals(limits: Limits) -> dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Answer]]:
    """Return what answers each kind of error.

    Args:
        limits: of which a wrong key takes.
    """

    def refused(request: Request[Any, Any, Any], error: BodyError) -> Answer:
        if error.status == _UNAUTHORISED:
            try:
                limits.wrong(request)
            except BodyError as limited:
                error = limited
        headers = {"WWW-Authenticate": 'Basic realm="counterclick"'} if error.status == _UNAUTHORISED else {}
        if error.status == _TOO_LARGE:
            headers["Connection"] = "close"  # what was not read of the body is not the next request
        if error.again_seconds is not None:
            headers["Retry-After"] = str(error.again_seconds)
        return _told(error.says, error.status, headers)

    return {
        BodyError: refused,
        HTTPException: _misasked,
        RecursionError: _too_deep,
        StoreError: _unwritten,
        UnknownNameError: lambda _request, error: _told(str(error), 404),
        EmptyStoreError: _cannot,
        RefusedError: _cannot,
        CurrencyError: _cannot,
        CounterclickError: lambda _request, error: _told(str(error), 400),
    }


def _told(says: str, status: int, headers: dict[str, str] | None = None) -> Answer:
    return Response({"error": says}, status_code=status, headers=headers or {}, media_type="application/json")


def _misasked(_request: Request[Any, Any, Any], error: HTTPException) -> Answer:
    """No such address, another method, a parameter that is none."""
    wrong = [f"{each['key']}: {each['message']}" for each in error.extra or () if isinstance(each, dict) and "key" in each]
    return _told("; ".join(wrong) or error.detail, error.status_code, dict(error.headers or {}))


def _too_deep(_request: Request[Any, Any, Any], _error: RecursionError) -> Answer:
    """JSON that nests hundreds of times; nothing of it was kept."""
    return _told("the body nests too deeply to be read.", 400)


def _unwritten(request: Request[Any, Any, Any], error: StoreError) -> Answer:
    """Nothing of it was kept: the sender is to try again."""
    _log.error("%s %s: %s", request.method, request.url.path, error)
    return _told(str(error), 503, {"Retry-After": _AGAIN_SECONDS})


def _cannot(_request: Request[Any, Any, Any], error: CounterclickError) -> Answer:
    """The question is right, and what is recorded does not answer it."""
    return _told(str(error), 409)
