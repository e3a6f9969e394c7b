"""What a person may ask of what is kept: to be forgotten, and to be shown it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say

if TYPE_CHECKING:
    from counterclick.shop.person import Person

__all__ = ["export", "forget", "retention"]

Ids = list[str] | None


def forget(
    *,
    customer: Annotated[Ids, Parameter(help="A customer's id or e-mail address; several of one person.")] = None,
    visitor: Annotated[Ids, Parameter(help="A visitor's id, with everything that it did.")] = None,
    dry_run: Annotated[bool, Parameter(help="Only say what would be erased.", negative="")] = False,
    common: Common = COMMON,
) -> int:
    """Erase everything that is kept of one person, and search every file of the store to prove it.

    It cannot be undone. Revenue of past days is lower without the person's orders.
    """
    with opened(common) as shop:
        say(shop.rights.forget(_person(customer, visitor), dry_run=dry_run), as_json=common.json)
    return 0


def export(
    *,
    customer: Annotated[Ids, Parameter(help="A customer's id or e-mail address; several of one person.")] = None,
    visitor: Annotated[Ids, Parameter(help="A visitor's id.")] = None,
    output: Annotated[Path, Parameter(name=["--output", "-o"], help="The file to write.")],
    common: Common = COMMON,
) -> int:
    """Write everything that is kept of one person as JSON lines."""
    with opened(common) as shop:
        say(shop.rights.export(_person(customer, visitor), output), as_json=common.json)
    return 0


def retention(
    *,
    erase: Annotated[bool, Parameter(help="Erase them.", negative="")] = False,
    common: Common = COMMON,
) -> int:
    """Say which events have reached the age that [retention] of shop.toml declares, and with --erase, erase them."""
    with opened(common) as shop:
        say(shop.rights.retain(erasing=erase), as_json=common.json)
    return 0


def _person(customer: Ids, visitor: Ids) -> Person:
    from counterclick.shop.person import Person

    return Person(customers=tuple(customer or ()), visitors=tuple(visitor or ()))
