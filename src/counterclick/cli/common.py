"""What every command takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from counterclick.lazily import keep_loaded

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["COMMON", "Common", "opened"]


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """What every command takes.

    Attributes:
        shop: the shop's configuration.
        json: print JSON instead of tables.
    """

    shop: Annotated[Path, Parameter(help="The shop's configuration file.")] = Path("shop.toml")
    json: Annotated[bool, Parameter(help="Print JSON instead of tables.", negative="")] = False


COMMON = Common()
"""What a command takes unless the user says otherwise."""


def opened(common: Common) -> Shop:
    """Open the shop that a command is about."""
    from counterclick.shop import open_shop

    keep_loaded()
    return open_shop(common.shop)
