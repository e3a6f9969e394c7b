"""The front door: the only place that joins store, rooms and ``shop.toml``. The verbs live here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.shop.front import Shop
    from counterclick.shop.opening import demo, open_shop
    from counterclick.shop.recording import Recorded

__all__ = ["Recorded", "Shop", "demo", "open_shop"]

__getattr__ = exports(
    __name__,
    {
        "Shop": "front",
        "demo": "opening",
        "open_shop": "opening",
        "Recorded": "recording",
    },
)
