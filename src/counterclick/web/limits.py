"""How many requests are taken: a token bucket for each key, and one for each address that is known to be the sender's.

Litestar's own middleware does not fit: it keeps the time of every request, of as many senders as there are, looks before
the key is known, and takes a proxy for the sender. Here a sender is two numbers, and only the newest are remembered.
"""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import math
import secrets
import time
from collections.abc import Sequence
from typing import Any

from litestar import Request

from counterclick.config import ServeConfig
from counterclick.web.bodies import BodyError

__all__ = ["Buckets", "Limits", "sender_of"]

_REMEMBERED = 50_000
"""Senders that are remembered at most; who is forgotten has a full bucket again."""
_WRONG_KEY = 20
"""Requests as which a wrong key counts."""
_TOO_MANY = 429
_IPV4 = 4
_HOUSEHOLD = 64
"""Bits of an IPv6 address that name a sender; the others it chooses as it likes."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Buckets:
    """Token buckets by name: each holds so many, and is filled up by so many a second.

    Args:
        per_second: tokens.
        burst: tokens that a bucket holds.
        most: buckets that are remembered: those that were asked last.
    """

    def __init__(self, per_second: float, burst: int, most: int = _REMEMBERED) -> None:
        self._per_second = per_second
        self._burst = burst
        self._most = most
        self._held: dict[str, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def take(self, name: str, now: float, cost: int = 1) -> float:
        """Take tokens; return 0, or in how many seconds there is one, where none is left and none was taken.

        Args:
            name: of the bucket.
            now: seconds on a clock that never goes back.
            cost: tokens; a bucket may owe what it does not hold.
        """
        left, at = self._held.pop(name, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) * self._per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._held[name] = (left if wait else left - cost, now)
        while len(self._held) > self._most:
            del self._held[next(iter(self._held))]
        return wait


class Limits:
    """The limits of a served shop.

    Args:
        settings: ``[serve]``.
    """

    def __init__(self, settings: ServeConfig) -> None:
        self._keys = Buckets(settings.key_per_second, settings.key_burst)
        self._addresses = Buckets(settings.address_per_second, settings.address_burst)
        self._trusted = tuple(ipaddress.ip_network(each, strict=False) for each in settings.trusted_proxies)
        self._salt = secrets.token_bytes(16)

    def address(self, request: Request[Any, Any, Any], cost: int = 1) -> None:
        """Count a request against its sender's address, where that is known.

        Raises:
            BodyError: too many came (429).
        """
        name = self.sender(request)
        if name is not None:
            _allowed(self._addresses.take(name, time.monotonic(), cost), "this address")

    def sender(self, request: Request[Any, Any, Any]) -> str | None:
        """Return a name for a request's sender that tells nothing of its address; None where it is not known."""
        peer = request.client.host if request.client else None
        sender = sender_of(peer, request.headers.getall("x-forwarded-for", []), self._trusted)
        return None if sender is None else hashlib.blake2b(sender.encode(), key=self._salt, digest_size=16).hexdigest()

    def key(self, key_id: str) -> None:
        """Count a request against its key.

        Raises:
            BodyError: too many came (429).
        """
        _allowed(self._keys.take(key_id, time.monotonic()), "this key")

    def wrong(self, request: Request[Any, Any, Any]) -> None:
        """Count a key or a signature that does not hold against its sender's address.

        Raises:
            BodyError: too many came (429).
        """
        self.address(request, _WRONG_KEY - 1)


def sender_of(peer: str | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> str | None:
    """Return the address of who sent a request; None where only a proxy's is known, which many senders share.

    Args:
        peer: who is connected.
        forwarded: the ``X-Forwarded-For`` headers, in order; believed as far as trusted proxies wrote them.
        trusted: networks of proxies.
    """
    hops = [part.strip() for header in forwarded for part in header.split(",")]
    sender = _address(peer)
    while sender is not None and any(sender in network for network in trusted):
        sender = _address(hops.pop()) if hops else None
    if sender is None or not sender.is_global:
        return None
    return str(sender if sender.version == _IPV4 else ipaddress.ip_network((sender, _HOUSEHOLD), strict=False))


@functools.lru_cache(maxsize=_REMEMBERED)
def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _allowed(wait: float, who: str) -> None:
    if wait:
        seconds = max(1, math.ceil(wait))
        raise BodyError(_TOO_MANY, f"{who} sends too many requests; send again in {seconds} s.", again_seconds=seconds)
