"""What Shopify asks about people: listing it, and doing it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say

__all__ = ["requests"]

requests = App(name="requests", help="What Shopify asks about people, and what was done.", help_format="plaintext")


@requests.command(name="list")
def listed(*, common: Common = COMMON) -> int:
    """List what Shopify has asked, until when it must be done, and what was done."""
    with opened(common) as shop:
        say(shop.rights.requests.all(), as_json=common.json)
    return 0


@requests.command
def act(
    *,
    whole_shop: Annotated[
        bool, Parameter(help="Also erase everything that Shopify told, where the shop asks it.", negative="")
    ] = False,
    common: Common = COMMON,
) -> int:
    """Do what is asked: write what is kept of a customer to a file, or erase it. `serve` does so by itself."""
    with opened(common) as shop:
        say(shop.rights.act(whole_shop=whole_shop), as_json=common.json)
    return 0
