"""The commands that ask whether a number is honest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import BAD, FOUND, progressing, say

__all__ = ["alignment", "audit", "claims", "drift"]


def audit(
    *,
    explain: Annotated[
        bool, Parameter(help="Show the query behind each figure, and how many rows it counts.", negative="")
    ] = False,
    surface: Annotated[str | None, Parameter(help="With --explain: only this surface.")] = None,
    common: Common = COMMON,
) -> int:
    """Say what is claimed, what is true, what has drifted, and what to keep or switch off."""
    with opened(common) as shop, progressing("Auditing") as progress:
        found = shop.explain(surface, progress=progress) if explain else shop.audit(progress=progress)
    say(found, as_json=common.json)
    return 0


def claims(
    *,
    problems: Annotated[bool, Parameter(help="List every claim that something is wrong with.", negative="")] = False,
    common: Common = COMMON,
) -> int:
    """Lay what tools report and surfaces would claim beside the shop's revenue and its own credits.

    Exits with 2 where something is wrong with a claim.
    """
    with opened(common) as shop:
        found = shop.claims()
    if problems and not common.json:
        sys.stdout.write(f"{found.listed()}\n")
    else:
        say(found, as_json=common.json)
    return BAD if found.problems else 0


def alignment(*, common: Common = COMMON) -> int:
    """Ask the one question of each surface: what is celebrated, and is it measured, tuned and tested on that?"""
    with opened(common) as shop:
        say(shop.alignment(), as_json=common.json)
    return 0


def drift(
    *,
    watch: Annotated[bool, Parameter(help="Exit with 1 where an alarm stands, for a scheduler.", negative="")] = False,
    plot: Annotated[Path | None, Parameter(help="Draw it into this file, .svg or .png.")] = None,
    common: Common = COMMON,
) -> int:
    """Show clicks, time and messages beside revenue: in experiments, over months, and how often they agreed."""
    from counterclick.audits.drift_plot import format_of, write_plot

    if plot is not None:
        format_of(plot)  # a file that cannot be drawn is refused before any work
    with opened(common) as shop, progressing("Looking for drift") as progress:
        found = shop.drift(progress=progress)
    if plot is not None:
        write_plot(found, plot)
    say(found, as_json=common.json)
    return FOUND if watch and found.alarms else 0
