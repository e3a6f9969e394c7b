"""Asking a server whether it is ready, as somebody outside would."""

from __future__ import annotations

import httpx

__all__ = ["what_is_wrong"]

_PATIENCE_SECONDS = 10.0


def what_is_wrong(address: str) -> str:
    """Return why a server at an address is not ready; nothing where it is.

    Args:
        address: such as ``https://collect.example.com``.
    """
    place = f"{address.rstrip('/')}/readyz"
    try:
        answer = httpx.get(place, timeout=_PATIENCE_SECONDS, follow_redirects=True)
    except (httpx.UnsupportedProtocol, httpx.InvalidURL):
        return f"{address} is no address; write https:// before it."
    except httpx.HTTPError as error:
        return f"{place} does not answer: {error}."
    if answer.status_code != httpx.codes.OK:
        return f"{place} answers with {answer.status_code}."
    return "" if b'"ready"' in answer.content else f"{place} is answered by something else than `counterclick serve`."
