"""Filling gaps from an export of the shop's own system."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import BAD, progressing, say

__all__ = ["reconcile"]

reconcile = App(name="reconcile", help="Fill gaps from an export of the shop's own system.", help_format="plaintext")


@reconcile.command
def shopify(file: Path, /, *, common: Common = COMMON) -> int:
    """Lay an export of Shopify's orders beside the log, say what is missing or differs, and record what is missing.

    Exits with 2 where amounts differ or something could not be translated. Done again, it changes nothing.
    """
    with opened(common) as shop, progressing("Reconciling") as progress:
        found = shop.senders.reconcile(file, progress=progress)
    say(found, as_json=common.json)
    return 0 if found.is_clean else BAD
