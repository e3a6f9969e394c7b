"""Connecting other systems, step by step."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import FOUND, say

__all__ = ["connect"]

connect = App(name="connect", help="Connect the shop's own system, step by step.", help_format="plaintext")


@connect.command
def shopify(
    address: Annotated[str | None, Parameter(help="Where Shopify reaches the server: https://...")] = None,
    /,
    *,
    verify: Annotated[bool, Parameter(help="Look which steps are done.", negative="")] = False,
    common: Common = COMMON,
) -> int:
    """Say each step by which a Shopify store is connected; with --verify, which of them are done.

    With --verify, exits with 1 where a step is missing.
    """
    from counterclick.web.probing import what_is_wrong

    answers = what_is_wrong(address) if verify and address else None
    with opened(common) as shop:
        found = shop.senders.connection(verifying=verify, address=address, answers=answers)
    say(found, as_json=common.json)
    return 0 if found.is_whole else FOUND
