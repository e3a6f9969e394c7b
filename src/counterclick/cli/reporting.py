"""The command that writes a month's report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import progressing, say

__all__ = ["report"]


def report(
    *,
    month: Annotated[str | None, Parameter(help="Such as 2026-03; the last whole one unless given.")] = None,
    out: Annotated[
        Path | None, Parameter(name=("--out", "-o"), help="Write it into this file, .html or .pdf; `-o` for short.")
    ] = None,
    compare: Annotated[bool, Parameter(help="Say what changed since the month before.", negative="")] = False,
    quarter: Annotated[
        bool, Parameter(help="Add up what the verdicts of the month's quarter were worth.", negative="")
    ] = False,
    common: Common = COMMON,
) -> int:
    """Report a month on a few pages that can be forwarded: what to switch off, what to keep, and what it rests on."""
    if out is not None:
        from counterclick.pages import format_of

        format_of(out)  # a file that cannot be written is refused before any work
    with opened(common) as shop, progressing("Reporting") as progress:
        found = shop.report(month, compare=compare, quarter=quarter, progress=progress)
    if out is not None:
        from counterclick.pages import write_report

        write_report(found, out)
        if not common.json:
            sys.stdout.write(f"Wrote {out}: {found.month.name}. {' '.join(found.headline)}\n")
            return 0
    say(found, as_json=common.json)
    return 0
