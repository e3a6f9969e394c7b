"""The command about what shop.toml declares."""

from __future__ import annotations

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say

__all__ = ["settings"]


def settings(*, common: Common = COMMON) -> int:
    """Show every setting of shop.toml with its meaning, what holds, and whether the file says it."""
    with opened(common) as shop:
        say(shop.settings(), as_json=common.json)
    return 0
