"""The commands of the tuning loop."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import App, Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say

__all__ = ["app"]

app = App(name="tune", help="Propose a change of settings, evaluate it on logged decisions, and apply it by its verdict.")


@app.command
def propose(
    name: str,
    changes: Annotated[
        list[str], Parameter(help="bundles.shrink=5, rules.NAME.offer=['cup'], boosts.PRODUCT=1.2", negative="")
    ],
    /,
    *,
    why: Annotated[str, Parameter(help="The reason.")],
    by: Annotated[str | None, Parameter(help="Who proposes it; who is signed in unless given.")] = None,
    policy: Annotated[str, Parameter(help="Whose decisions it changes.")] = "bundles",
    surface: Annotated[str | None, Parameter(help="Where it is to be tried, unless there is only one place.")] = None,
    common: Common = COMMON,
) -> int:
    """Keep a proposed change of settings, with who wants it and why; nothing is changed by it."""
    from counterclick.config import read_change

    with opened(common) as shop:
        found = shop.tune_propose(name, dict(map(read_change, changes)), why=why, by=by, policy=policy, surface=surface)
    say(found, as_json=common.json)
    return 0


@app.command(name="list")
def list_(*, common: Common = COMMON) -> int:
    """List proposals: what each changes, who wants it and why, and where it stands."""
    with opened(common) as shop:
        say(shop.tune_proposals(), as_json=common.json)
    return 0


@app.command
def evaluate(
    name: str,
    /,
    *,
    days: Annotated[int, Parameter(help="Of logged decisions, the newest ones.")] = 28,
    put_up: Annotated[bool, Parameter(help="Write the experiment that tries it into shop.toml.", negative="")] = False,
    common: Common = COMMON,
) -> int:
    """Say what a proposal would have earned, by IPS, SNIPS and doubly robust on logged decisions, and what to do next."""
    with opened(common) as shop:
        found = shop.tune_evaluate(name, days=days, put_up=put_up)
    say(found, as_json=common.json)
    if found.section and not common.json:
        sys.stdout.write(f"\n{'Written into' if put_up else 'For'} {common.shop}:\n\n{found.section}")
    return 0


@app.command
def apply(name: str, /, *, common: Common = COMMON) -> int:
    """Write a proposal's settings where its experiment won, else withdraw it with the reason."""
    with opened(common) as shop:
        found = shop.tune_apply(name)
    say(found, as_json=common.json)
    return 0
