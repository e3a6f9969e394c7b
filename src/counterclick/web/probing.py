"""Asking a server whether it is ready, as somebody outside would."""

from __future__ import annotations

import urllib.error
import urllib.request

__all__ = ["what_is_wrong"]

_PATIENCE_SECONDS = 10.0
_MOST_BYTES = 10_000


def what_is_wrong(address: str) -> str:
    """Return why a server at an address is not ready; nothing where it is.

    Args:
        address: such as ``https://collect.example.com``.
    """
    place = f"{address.rstrip('/')}/readyz"
    if not place.startswith(("https://", "http://")):
        return f"{address} is no address; write https:// before it."
    try:
        with urllib.request.urlopen(place, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - of the owner's own server
            body = answer.read(_MOST_BYTES)
    except urllib.error.HTTPError as error:
        return f"{place} answers with {error.code}."
    except (OSError, ValueError) as error:
        return f"{place} does not answer: {getattr(error, 'reason', error)}."
    return "" if b'"ready"' in body else f"{place} is answered by something else than `counterclick serve`."
