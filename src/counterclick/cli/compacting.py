"""The log's files, made few."""

from __future__ import annotations

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say

__all__ = ["compact"]


def compact(*, common: Common = COMMON) -> int:
    """Move what waits in the inbox into the log, and make the log of few files; `serve` does both by itself."""
    with opened(common) as shop:
        say(shop.compact(), as_json=common.json)
    return 0
