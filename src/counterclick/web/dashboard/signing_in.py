"""Who may open pages: a password, a session's cookie, forms that only this browser was given, and a limit on trying."""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie

from counterclick.shop.access import Access
from counterclick.web.bodies import BodyError, read_body
from counterclick.web.dashboard.rendering import HEADERS, page
from counterclick.web.limits import Buckets
from counterclick.web.service import Service

__all__ = [
    "SESSION",
    "Doorkeeper",
    "form_token",
    "no_password",
    "sign_in",
    "sign_out",
    "signed_form",
    "signed_in",
    "welcome",
]

SESSION = "counterclick_session"
"""Cookie that holds a session's secret."""
_FORM = "counterclick_form"
"""Cookie that ties the form of somebody who is not signed in to the browser that it was given to."""
_FORM_BYTES = 16 * 1024
_TRIES = 10
_TRY_EVERY = 30.0
"""Seconds after which an address may try once more, when it has tried as often as that."""
_TRIES_OF_ALL = 60
_TRY_EVERY_OF_ALL = 2.0
_WRONG = "That is not the password."
_Asked = Request[Any, Any, Any]


class Doorkeeper:
    """How often a password may be tried, and by how many at once.

    Args:
        access: the shop's.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._addresses = Buckets(1 / _TRY_EVERY, _TRIES)
        self._all = Buckets(1 / _TRY_EVERY_OF_ALL, _TRIES_OF_ALL)
        self._one = asyncio.Semaphore(1)

    async def try_password(self, sender: str | None, password: str) -> tuple[str, Any] | None:
        """Return a session's secret and its end; None where the password is wrong.

        Args:
            sender: who tries; None where that is not known.
            password: as it was typed.

        Raises:
            BodyError: it was tried too often (429).
            StoreError: the session could not be kept.
        """
        now = time.monotonic()
        wait = max(self._addresses.take(sender, now) if sender else 0.0, self._all.take("all", now))
        if wait:
            seconds = max(1, math.ceil(wait))
            raise BodyError(429, f"A password was tried too often. Try again in {seconds} s.", again_seconds=seconds)
        async with self._one:  # each costs 64 MB for a moment
            return await asyncio.to_thread(self._access.sign_in, password)


def signed_in(request: _Asked, access: Access) -> bool:
    """Return whether a request is of somebody who has signed in."""
    return access.is_signed_in(request.cookies.get(SESSION))


async def form_of(request: _Asked, access: Access) -> dict[str, str]:
    """Return the fields of a form that this browser was given.

    Args:
        request: with the form as its body.
        access: the shop's.

    Raises:
        BodyError: it is too large (413), or is no form that this browser was given (403).
    """
    body = await read_body(request, _FORM_BYTES)
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    holder = request.cookies.get(SESSION) or request.cookies.get(_FORM)
    if not holder or not access.is_form_of(holder, fields.pop("form_token", "")):
        raise BodyError(
            403, "this form was not given to this browser, or is too old; open the page again, and send it once more."
        )
    return fields


async def signed_form(request: _Asked, access: Access) -> dict[str, str]:
    """Return the fields of a form of somebody who has signed in.

    Args:
        request: with the form as its body.
        access: the shop's.

    Raises:
        BodyError: as `form_of`, or nobody has signed in (403).
    """
    fields = await form_of(request, access)
    if not signed_in(request, access):
        raise BodyError(403, "the session has ended; sign in again.")
    return fields


def form_token(request: _Asked, access: Access) -> tuple[str, Cookie | None]:
    """Return what a form sends back, and the cookie that ties it to the browser where there is none yet."""
    holder = request.cookies.get(SESSION) or request.cookies.get(_FORM)
    if holder:
        return access.form_token(holder), None
    holder = secrets.token_urlsafe(32)
    return access.form_token(holder), _cookie(request, _FORM, holder)


@get("/sign-in", include_in_schema=False)
async def welcome(request: _Asked, service: Service) -> Response[str]:
    """Ask for the password; say how to set one where there is none."""
    access = service.shop.access
    if not access.has_password:
        return no_password()
    return _asked_for(request, access, _next(request.query_params), "", 200)


@post("/sign-in", include_in_schema=False)
async def sign_in(request: _Asked, service: Service, doorkeeper: Doorkeeper) -> Response[Any]:
    """Begin a session where the password is right."""
    access = service.shop.access
    if not access.has_password:
        return no_password()
    fields = await form_of(request, access)
    try:
        found = await doorkeeper.try_password(service.limits.sender(request), fields.get("password", ""))
    except BodyError as error:
        again = {"Retry-After": str(error.again_seconds)}
        return _asked_for(request, access, _next(fields), error.says, error.status, again)
    if found is None:
        return _asked_for(request, access, _next(fields), _WRONG, 403)
    cookie = _cookie(request, SESSION, found[0], ends_at=found[1])
    return Response(b"", status_code=303, headers={**HEADERS, "Location": _next(fields)}, cookies=[cookie])


@post("/sign-out", include_in_schema=False)
async def sign_out(request: _Asked, service: Service) -> Response[Any]:
    """End a session."""
    await form_of(request, service.shop.access)
    secret = request.cookies.get(SESSION)
    if secret:
        await asyncio.to_thread(service.shop.access.sign_out, secret)
    gone = Cookie(SESSION, value="", max_age=0, path="/", httponly=True, samesite="lax")
    return Response(b"", status_code=303, headers={**HEADERS, "Location": "/sign-in"}, cookies=[gone])


def no_password() -> Response[str]:
    """Return the page that says how to set a password."""
    return page("no_password.html", 503)


def _asked_for(
    request: _Asked, access: Access, to: str, says: str, status: int, headers: Mapping[str, str] | None = None
) -> Response[str]:
    token, cookie = form_token(request, access)
    found = page("sign_in.html", status, headers, to=to, says=says, token=token)
    if cookie is not None:
        found.cookies.append(cookie)
    return found


def _next(fields: Mapping[str, str]) -> str:
    """Return where to go after signing in: an address of this host, whatever was asked for."""
    to = fields.get("next", "/")
    parts = urlsplit(to)
    is_own = to.startswith("/") and not to.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return to if is_own and to.isprintable() and to.isascii() else "/"


def _cookie(request: _Asked, name: str, value: str, *, ends_at: Any = None) -> Cookie:
    """Return a cookie that no script reads; over TLS it goes nowhere else."""
    is_secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto", "") == "https"
    seconds = None if ends_at is None else max(0, int(ends_at.timestamp() - time.time()))
    return Cookie(name, value=value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=is_secure)
