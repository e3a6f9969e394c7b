"""A shop with a broken experiment and with what senders may write: scripts as names, forty digits, right to left."""

from __future__ import annotations

from pathlib import Path

from builders import exposure, later, purchase
from counterclick.shop import open_shop

__all__ = ["FORTY_DIGITS", "HOSTILE", "LARGE", "RIGHT_TO_LEFT", "SLASHED", "odd_shop"]

HOSTILE = "\"><script>alert('x')</script>"
RIGHT_TO_LEFT = "הזמנה-١٢٣"
SLASHED = "gid://shop/Order/1?x=1#y"
LARGE = 999_999_999.99
FORTY_DIGITS = "9" * 40
_DAYS = 28
_TOML = """
[shop]
currency = "USD"
timezone = "America/New_York"
locale = "he"
[surfaces.cart]
monthly_cost = 100
[surfaces."{hostile}"]
[surfaces."{right_to_left}"]
[onoff."{hostile}"]
starts_on = 2026-03-02
weeks = 12
block = "2d"
washout = "1d"
[onoff."{right_to_left}"]
starts_on = 2026-03-02
weeks = 12
[experiments.cart-bundles]
surface = "cart"
control = "nothing"
variants = {{ nothing = 0.5, bundles = 0.5 }}
starts_on = 2026-01-05
ends_on = 2026-02-01
[experiments."not begun"]
surface = "{right_to_left}"
control = "nothing"
variants = {{ nothing = 0.5, helper = 0.5 }}
starts_on = 2080-01-01
ends_on = 2080-03-01
"""


def odd_shop(folder: Path) -> str:
    """Record the shop into a folder, and return its shop.toml: three visitors in one arm to each in the other."""
    toml = _TOML.format(hostile=HOSTILE.replace('"', '\\"'), right_to_left=RIGHT_TO_LEFT)
    (folder / "shop.toml").write_text(toml, encoding="utf-8")
    events = []
    for number in range(800):
        at = later("2026-01-05T15:00", days=number % _DAYS)
        arm = "bundles" if number % 4 else "nothing"
        events.append(exposure(f"v{number}", arm, at, "cart-bundles", surface="cart"))
        if number % 5 == 0:
            events.append(purchase(f"v{number}", 20 + number % 7, later(at, hours=1), order=f"o{number}"))
    for number, order in enumerate((HOSTILE, RIGHT_TO_LEFT, SLASHED)):
        events.append(purchase("v1", LARGE if number == 0 else 30, "2026-02-12T10:00", order=order))
    events.append(purchase("v1", FORTY_DIGITS, "2026-02-12T10:00", order="forty digits"))
    with open_shop(folder / "shop.toml") as shop:
        recorded = shop.record(events)
        assert recorded.rejected == {"wrong_type": 1}
        shop.store.drain()
    return toml
