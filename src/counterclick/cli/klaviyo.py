"""The commands that hand the shop's events to Klaviyo."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, TextIO

from cyclopts import App, Parameter

from counterclick.cli.common import COMMON, Common, opened
from counterclick.cli.replenishing import Least, Most, Today
from counterclick.cli.speaking import BAD, progressing, say, say_json

__all__ = ["app"]

app = App(
    name="klaviyo", help="Hand the shop's events, and whom to remind of what, to Klaviyo: as a file of requests, or sent."
)
_Since = Annotated[date, Parameter(help="First day of the events, such as 2026-03-01.")]
_Until = Annotated[date | None, Parameter(help="Last day of them; all later ones unless given.")]
_Kinds = Annotated[list[str] | None, Parameter(name="--kind", help="Only these kinds of events.")]


@app.command
def export(
    *,
    since: _Since,
    until: _Until = None,
    kinds: _Kinds = None,
    out: Annotated[Path | None, Parameter(name=("--out", "-o"), help="Write into this file; `-o` for short.")] = None,
    common: Common = COMMON,
) -> int:
    """Write the bodies of Klaviyo's POST /api/events as JSON lines; sends nothing."""
    n_written = 0
    with opened(common) as shop, contextlib.ExitStack() as stack:
        file = sys.stdout if out is None else stack.enter_context(_created(out))
        for body in shop.senders.klaviyo(since, until, kinds or ()):
            file.write(json.dumps(body, ensure_ascii=False) + "\n")
            n_written += 1
    if out is not None and common.json:
        say_json({"written": str(out), "requests": n_written})
    elif out is not None:
        sys.stdout.write(f"Wrote {n_written:,} requests to {out}.\n")
    return 0


@app.command
def replenish(
    *,
    as_events: Annotated[bool, Parameter(name="--events", help="Bodies of POST /api/events instead.", negative="")] = False,
    out: Annotated[Path | None, Parameter(name=("--out", "-o"), help="Write into this file; `-o` for short.")] = None,
    today: Today = None,
    least: Least = 0.1,
    most: Most = 3,
    common: Common = COMMON,
) -> int:
    """Write whom to remind of what as bodies of Klaviyo's POST /api/profile-import, a profile a line; sends nothing.

    It asks as `replenish` does: who is left out by lot is not in it. Exits with 2 where something is missing before anything
    can be foreseen; then nothing is written.
    """
    from counterclick.connectors.klaviyo_profiles import due_events, profiles

    with opened(common) as shop:
        found = shop.replenish(today, least=least, most=most)
        own = shop.config.shop
    if found.missing:
        say(found, as_json=common.json)
        return BAD
    rows = (row for batch in found.rows.to_batches(max_chunksize=10_000) for row in batch.to_pylist())
    bodies = due_events(rows, own.currency, own.timezone) if as_events else profiles(rows, own.currency)
    n_written = 0
    with contextlib.ExitStack() as stack:
        file = sys.stdout if out is None else stack.enter_context(_created(out))
        for body in bodies:
            file.write(json.dumps(body, ensure_ascii=False) + "\n")
            n_written += 1
    if out is not None and common.json:
        say_json({"written": str(out), "requests": n_written, "left_out": found.n_left_out})
    elif out is not None:
        sys.stdout.write(f"Wrote {n_written:,} requests to {out}.\n")
    return 0


@app.command
def send(
    *,
    since: _Since,
    until: _Until = None,
    kinds: _Kinds = None,
    url: Annotated[str, Parameter(help="Where Klaviyo is.")] = "https://a.klaviyo.com",
    key_env: Annotated[str, Parameter(help="Environment variable that holds a private key.")] = "KLAVIYO_API_KEY",
    common: Common = COMMON,
) -> int:
    """Send the events to Klaviyo within its limits; an event that was sent before counts once there.

    Exits with 2 where Klaviyo refused events, or could not be asked.
    """
    from counterclick.errors import ConfigError
    from counterclick.web.klaviyo import send as send_all

    key = os.environ.get(key_env, "")
    if not key:
        raise ConfigError(f"the environment variable {key_env} must hold a private key of Klaviyo's that may write events.")
    with opened(common) as shop, progressing("Sending") as progress:
        found = send_all(shop.senders.klaviyo(since, until, kinds or ()), key, url=url, progress=progress)
    say(found, as_json=common.json)
    return BAD if found.refused else 0


@contextlib.contextmanager
def _created(path: Path) -> Iterator[TextIO]:
    """Open a file to be written anew."""
    from counterclick.errors import InputError

    try:
        with path.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
