"""The command about what a store is ready for."""

from __future__ import annotations

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say

__all__ = ["readiness"]


def readiness(*, common: Common = COMMON) -> int:
    """Say what this store is ready for, what is missing and until when, and what a lift would be worth."""
    with opened(common) as shop:
        say(shop.readiness(), as_json=common.json)
    return 0
