"""E-mail blocks: a file of recipients in, a file of what each is shown out; and what came of them."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say

__all__ = ["blocks", "mailings"]


def blocks(
    experiment: str,
    recipients: Path,
    /,
    *,
    out: Annotated[Path, Parameter(name=("--out", "-o"), help="Write a row for each recipient into this CSV file.")],
    most: Annotated[int, Parameter(help="Products of a block.")] = 3,
    today: Annotated[date | None, Parameter(help="Day of sending; today unless given.")] = None,
    common: Common = COMMON,
) -> int:
    """Say which products each recipient of a campaign is shown, personalised or the same for all, by lot; sends nothing.

    RECIPIENTS is a CSV file with a column customer_id, recipient or email: all that will be sent to.
    """
    from counterclick.shop.mailing import check_writable, recipients_in, write_blocks

    listed = recipients_in(recipients)
    check_writable(out)  # before anybody is recorded as eligible
    with opened(common) as shop:
        found = shop.blocks(experiment, listed, most=most, today=today)
    write_blocks(found, out)
    say(found, as_json=common.json)
    if not common.json:
        sys.stdout.write(f"\nWrote {found.rows.num_rows:,} rows to {out}.\n")
    return 0


def mailings(*, common: Common = COMMON) -> int:
    """Show what e-mail blocks did: each campaign's verdict, orders per recipient sent, what was bought of the products."""
    with opened(common) as shop:
        say(shop.mailings(), as_json=common.json)
    return 0
