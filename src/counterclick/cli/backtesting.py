"""The commands that try policies on a store's own past."""

from __future__ import annotations

from cyclopts import App

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say

__all__ = ["app"]

app = App(name="backtest", help="Try what would be offered on the store's own later orders; what it foresees is no effect.")


@app.command
def bundles(*, common: Common = COMMON) -> int:
    """Say for which products learned bundles foresee later orders better than hand rules and bestsellers."""
    with opened(common) as shop:
        say(shop.backtest(), as_json=common.json)
    return 0
