"""The front door: the only place that joins store, rooms and ``shop.toml``. The verbs live here."""

from counterclick.shop.front import Shop
from counterclick.shop.opening import demo, open_shop
from counterclick.shop.recording import Recorded

__all__ = ["Recorded", "Shop", "demo", "open_shop"]
