"""The commands about what is learnt: fitting it, and which of it serves."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import progressing, say

__all__ = ["bundles", "fit", "models"]


def fit(
    names: Annotated[list[str] | None, Parameter(help="Only these models, such as bundles; all unless given.")] = None,
    /,
    *,
    anyway: Annotated[bool, Parameter(help="Also where nothing has changed since the last time.", negative="")] = False,
    common: Common = COMMON,
) -> int:
    """Let policies learn from carts, orders and returns what is due, and keep it as models; `serve` does it by itself."""
    with opened(common) as shop, progressing("Fitting") as progress:
        found = shop.fit(names, anyway=anyway, progress=progress)
    say(found, as_json=common.json)
    return 0


def models(*, common: Common = COMMON) -> int:
    """List what was fitted: which models serve, why others do not, and what they know."""
    with opened(common) as shop:
        say(shop.models(), as_json=common.json)
    return 0


def bundles(
    *,
    period: Annotated[str | None, Parameter(help="2026-03 or last-28-days: of what was bought through them.")] = None,
    common: Common = COMMON,
) -> int:
    """Say all that is known of bundles: the holdout's verdict first, then what sold, rules, learned pairs, the backtest."""
    with opened(common) as shop:
        say(shop.bundles(period), as_json=common.json)
    return 0
