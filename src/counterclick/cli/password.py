"""The password of the pages: asked for where nobody sees it, or taken from a file."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say_json

if TYPE_CHECKING:
    from counterclick.shop import Shop

__all__ = ["PasswordFile", "ask_and_set", "password"]

PasswordFile = Annotated[
    Path | None,
    Parameter(
        help="A file whose first line is the password; '-' for standard input; asked for unless given.",
        allow_leading_hyphen=True,
    ),
]


def password(*, password_file: PasswordFile = None, common: Common = COMMON) -> int:
    """Set the password of the pages that `serve` shows; whoever is signed in no longer is."""
    with opened(common) as shop:
        ask_and_set(shop, password_file)
    if common.json:
        say_json({"password": "set"})
    else:
        sys.stdout.write("The password is set. Whoever was signed in is asked for it.\n")
    return 0


def ask_and_set(shop: Shop, file: Path | None) -> None:
    """Set a shop's password to what a file says, or somebody at the terminal, twice.

    Args:
        shop: whose.
        file: its first line is the password; None to ask.

    Raises:
        ConfigError: the file cannot be read, nobody is there to be asked, the two differ, or it is too short.
    """
    shop.access.set_password(_of_file(file) if file is not None else _asked())


def _of_file(file: Path) -> str:
    from counterclick.errors import ConfigError

    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the password cannot be read from {file}: {error}.") from error
    return text.partition("\n")[0].removesuffix("\r")


def _asked() -> str:
    from counterclick.errors import ConfigError
    from counterclick.shop.access import SHORTEST_PASSWORD

    if not sys.stdin.isatty():
        raise ConfigError("nobody is there to be asked for a password: run it on a terminal, or name a --password-file.")
    first = getpass.getpass(f"Password of the pages ({SHORTEST_PASSWORD} characters or more): ")
    if getpass.getpass("Once more: ") != first:
        raise ConfigError("the two passwords differ; nothing was changed.")
    return first
