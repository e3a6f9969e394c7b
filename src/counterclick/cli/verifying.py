"""The commands that ask the log whether what is declared is so."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import BAD, FOUND, say

__all__ = ["app"]

app = App(name="verify", help="Ask the log whether what is declared is so.", help_format="plaintext")


@app.command
def holdout(
    surface: str,
    /,
    *,
    most: Annotated[int, Parameter(help="How many of the events that should not be to list.")] = 10,
    common: Common = COMMON,
) -> int:
    """Say whether visitors who are held out from a surface really had nothing of it.

    Exits with 1 where the holdout leaks, with 2 where it cannot be known, and says why.
    """
    with opened(common) as shop:
        found = shop.verify_holdout(surface, most)
    say(found, as_json=common.json)
    return {"holds": 0, "leaks": FOUND, "not known": BAD}[found.outcome]
