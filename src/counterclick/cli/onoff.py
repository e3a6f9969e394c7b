"""The commands about on/off tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say

__all__ = ["app"]

app = App(name="onoff", help="Switch a surface on and off by a randomised schedule, and read what it earned.")


@app.command
def plan(
    surface: str,
    /,
    *,
    lift: Annotated[float | None, Parameter(help="Lift of the whole shop's revenue to be seen: 0.05 is +5 %.")] = None,
    common: Common = COMMON,
) -> int:
    """Say which lift switching a surface on and off can show, from this shop's own history."""
    with opened(common) as shop:
        say(shop.onoff(surface).plan(lift), as_json=common.json)
    return 0


@app.command
def schedule(
    surface: str,
    /,
    *,
    csv: Annotated[Path | None, Parameter(help="Write the blocks to this CSV file.")] = None,
    ics: Annotated[Path | None, Parameter(help="Write the blocks to this iCalendar file.")] = None,
    common: Common = COMMON,
) -> int:
    """Show on which days a surface is on, and write it into the log; one that is too weak is refused."""
    with opened(common) as shop:
        found = shop.onoff(surface).schedule()
    for path, text in ((csv, found.csv), (ics, found.ics)):
        if path is not None:
            _write(path, text())
    say(found, as_json=common.json)
    return 0


@app.command
def calendar(surface: str, /, *, common: Common = COMMON) -> int:
    """Show the declared schedule as it would be given out; writes nothing."""
    with opened(common) as shop:
        say(shop.onoff(surface).calendar(), as_json=common.json)
    return 0


@app.command
def verdict(surface: str, /, *, common: Common = COMMON) -> int:
    """Say won, lost, inconclusive or invalid, why, and what the surface is worth a month."""
    with opened(common) as shop:
        say(shop.onoff(surface).verdict(), as_json=common.json)
    return 0


def _write(path: Path, text: str) -> None:
    from counterclick.errors import InputError

    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
