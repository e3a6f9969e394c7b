"""The commands of the facts' contract: what it says, whether it holds, and ready mappings of a warehouse's tables."""

from __future__ import annotations

from cyclopts import App

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import BAD, say

__all__ = ["app"]

app = App(name="facts", help="The facts that a shop is measured on, wherever they lie.", help_format="plaintext")


@app.command
def check(*, common: Common = COMMON) -> int:
    """Test the contract of every fact where it lies: grain, keys, types, nulls, ranges, times and currencies.

    Exits with 2 where something does not hold, and names the fact, the column, the rows and one of them.
    """
    with opened(common) as shop:
        found = shop.facts_check()
    say(found, as_json=common.json)
    return 0 if found.is_clean else BAD


@app.command
def contract(*, common: Common = COMMON) -> int:
    """Say what each fact is: its columns, types, values, keys and references."""
    from counterclick.shop import warehousing

    say(warehousing.contract(), as_json=common.json)
    return 0


@app.command
def mappings(*, common: Common = COMMON) -> int:
    """List the ready mappings."""
    from counterclick.shop import warehousing

    say(warehousing.mappings(), as_json=common.json)
    return 0


@app.command
def mapping(name: str, /, *, common: Common = COMMON) -> int:
    """Print a ready mapping, to be pasted into shop.toml."""
    from counterclick.shop import warehousing

    say(warehousing.mapping(name), as_json=common.json)
    return 0
