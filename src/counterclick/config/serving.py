"""``[serve]``: which pages may speak to the shop that is served, and what is believed of what browsers send."""

from __future__ import annotations

import msgspec

__all__ = ["ServeConfig"]


class ServeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[serve]``.

    Attributes:
        origins: pages that may ask from another host, such as ``https://shop.example``; the server's own host always may.
        browser_orders: whether orders count that are sent with a browser's key, which everybody can read. Without it the
            shop's own server, a file or a webhook tells of orders.
    """

    origins: tuple[str, ...] = ()
    browser_orders: bool = False
