"""``[serve]``: a shop that is served over HTTP: which pages may speak to it, what is believed, and how much it takes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["ServeConfig"]

Rate = Annotated[float, Meta(gt=0, le=1e9)]
Burst = Annotated[int, Meta(ge=1, le=10**9)]


class ServeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[serve]``.

    Attributes:
        origins: pages that may ask from another host, such as ``https://shop.example``; the server's own host always may.
        browser_orders: whether orders count that are sent with a browser's key, which everybody can read. Without it the
            shop's own server, a file or a webhook tells of orders.
        key_per_second: requests that one key may send in the long run.
        key_burst: requests that it may send at once.
        address_per_second: requests that one network address may send in the long run; a wrong key counts as 20.
        address_burst: requests that it may send at once.
        trusted_proxies: networks of the proxies before it, such as ``127.0.0.1`` or ``10.0.0.0/8``, whose
            ``X-Forwarded-For`` names the sender. Requests of a private address that is none of them have no address's limit.
        access_log: whether every request is a line of the log.
        decide_milliseconds: that a policy may take to decide; then the static rule does, and the answer says so.
    """

    origins: tuple[str, ...] = ()
    browser_orders: bool = False
    key_per_second: Rate = 1_000
    key_burst: Burst = 10_000
    address_per_second: Rate = 200
    address_burst: Burst = 2_000
    trusted_proxies: tuple[str, ...] = ()
    access_log: bool = False
    decide_milliseconds: Annotated[float, Meta(gt=0, le=600_000)] = 200
