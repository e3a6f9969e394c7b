"""The command that writes the boost list."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say
from counterclick.display import count

__all__ = ["boosts"]


def boosts(
    *,
    out: Annotated[
        Path | None, Parameter(name=("--out", "-o"), help="Write it into this file, .csv or .json; `-o` for short.")
    ] = None,
    period: Annotated[str | None, Parameter(help="2026-03 or last-28-days: of what the arm served.")] = None,
    common: Common = COMMON,
) -> int:
    """Say what each product earns each time it is shown, with boosts for a search engine; what is clicked, not bought."""
    if out is not None:
        from counterclick.shop.boosting import checked_file

        checked_file(out)  # a file that cannot be written is refused before any work
    with opened(common) as shop:
        found = shop.boosts(period)
    if out is not None:
        from counterclick.shop.boosting import write_boosts

        write_boosts(found, out)
        if not common.json:
            notes = " ".join(found.notes)
            sys.stdout.write(f"Wrote {out}: {count(len(found.boosts))} products. {notes}".rstrip() + "\n")
            return 0
    say(found, as_json=common.json)
    return 0
