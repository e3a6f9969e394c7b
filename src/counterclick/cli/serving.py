"""Serving a shop over HTTP, and the keys of those who may send to it or read from it."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from cyclopts import App, Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.speaking import say, say_json

__all__ = ["keys", "serve"]

keys = App(name="keys", help="Keys with which events are sent and figures are read over HTTP.", help_format="plaintext")


def serve(
    *,
    host: Annotated[str, Parameter(help="Address to listen on; 0.0.0.0 for all of the machine's.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port of it.")] = 8484,
    common: Common = COMMON,
) -> int:
    """Take events and answer decisions over HTTP until stopped (SIGTERM or Ctrl-C); what waits then goes into the log."""
    from counterclick.shop.premises import open_premises
    from counterclick.web import serve as serve_shop

    shop = open_premises(common.shop)

    def started() -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"Serving {common.shop} on http://{host}:{port} (API: /docs). Stop with Ctrl-C.\n")

    serve_shop(shop, host, port, started=started)
    return 0


@keys.command
def new(
    may: Literal["write", "read", "browser"],
    *,
    name: Annotated[str, Parameter(help="Whose it is, such as storefront.")] = "",
    common: Common = COMMON,
) -> int:
    """Make a key that may write (send events, ask for decisions), read (figures), or stand in a page; it is shown once."""
    with opened(common) as shop:
        key, secret = shop.keys.new(may, name)
    if common.json:
        say_json({"key_id": key.key_id, "may": key.may, "name": key.name, "secret": secret})
    else:
        sys.stdout.write(f"{secret}\n")
        sys.stderr.write(
            f"Key {key.key_id} may {may}. Keep it: it is shown once. It ends with: keys withdraw {key.key_id}\n"
        )
    return 0


@keys.command(name="list")
def listed(*, common: Common = COMMON) -> int:
    """List the keys, without their secrets."""
    with opened(common) as shop:
        say(shop.keys.all(), as_json=common.json)
    return 0


@keys.command
def withdraw(key_id: str, *, common: Common = COMMON) -> int:
    """Let a key end now."""
    with opened(common) as shop:
        ended = shop.keys.withdraw(key_id)
    if common.json:
        say_json({"key_id": ended.key_id, "ends_at": str(ended.ends_at)})
    else:
        sys.stdout.write(f"Key {key_id} no longer holds.\n")
    return 0
