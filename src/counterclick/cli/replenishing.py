"""The command that says whom to remind of what they buy again."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import BAD, say

__all__ = ["Least", "Most", "Today", "replenish", "replenishment"]

Today = Annotated[date | None, Parameter(help="First day that may be sent on; orders before it count. Today unless given.")]
Least = Annotated[float, Parameter(help="Chance, for the 14 days from the day to send, below which nothing is written.")]
Most = Annotated[int, Parameter(help="Types of product of one customer at most, the likeliest.")]


def replenish(
    *,
    out: Annotated[Path | None, Parameter(name=("--out", "-o"), help="Write all rows into this CSV file.")] = None,
    today: Today = None,
    least: Least = 0.1,
    most: Most = 3,
    common: Common = COMMON,
) -> int:
    """Say whom to remind of what they buy again, and on which day; a share is left out by lot where an experiment says so.

    Exits with 2 where something is missing before anything can be foreseen; then no file is written.
    """
    with opened(common) as shop:
        found = shop.replenish(today, least=least, most=most)
    if out is not None and not found.missing:
        from counterclick.shop.replenishing import write_segments

        write_segments(found, out)
        if not common.json:
            left = f"; {found.n_left_out:,} customers are left out by lot" if found.experiment else ""
            sys.stdout.write(f"Wrote {found.rows.num_rows:,} rows of {found.n_reminded:,} customers to {out}{left}.\n")
            return 0
    say(found, as_json=common.json)
    return BAD if found.missing else 0


def replenishment(*, today: Today = None, common: Common = COMMON) -> int:
    """Show what reminders of what is bought again earned, what is missing, how far chances hold, and who is next."""
    with opened(common) as shop:
        say(shop.replenishment(today), as_json=common.json)
    return 0
