"""The demonstration: a shop whose truth is known, judged, and looked at."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from counterclick.cli.common import COMMON, Common
from counterclick.cli.speaking import progressing, say_json

if TYPE_CHECKING:
    from counterclick.display import Shown
    from counterclick.shop.recording import Progress

__all__ = ["demo"]

_FOLDER = Path("demo")


def demo(
    *,
    folder: Annotated[Path | None, Parameter(help="Where to keep the simulated shop; a temporary one unless given.")] = None,
    seed: int = 1,
    visitors: Annotated[int | None, Parameter(help="How many visitors to simulate.")] = None,
    serve: Annotated[bool, Parameter(help="Show its pages in a browser; it is then kept in the folder demo.")] = False,
    port: Annotated[int, Parameter(help="Port that its pages are served on.")] = 8484,
    what_you_optimise: Annotated[
        bool, Parameter(help="Tune one ranker on clicks and on orders instead, and judge both against bestsellers.")
    ] = False,
    plot: Annotated[Path | None, Parameter(help="Of --what-you-optimise: an .svg or .png to draw it into.")] = None,
    common: Common = COMMON,
) -> int:
    """Simulate a shop whose truth is known, run the main job on it, and with --serve show its pages."""
    from counterclick.display import plain
    from counterclick.shop.demonstration import demonstrate

    folder = _FOLDER if folder is None and serve else folder
    with progressing("Demo") as progress:
        if what_you_optimise:
            found: Shown = _optimised(folder, seed, visitors, plot, progress)
        else:
            found = demonstrate(folder, seed, visitors, progress=progress)
    if common.json:
        say_json(plain(found))
    else:
        sys.stdout.write(f"{found}\n")
        sys.stdout.flush()
    if serve and folder is not None:
        _serve(folder, port)
    return 0


def _optimised(folder: Path | None, seed: int, visitors: int | None, plot: Path | None, progress: Progress) -> Shown:
    """Tune on clicks and on orders, and draw what became of it."""
    from counterclick.audits.drift_plot import format_of
    from counterclick.shop.optimised_plot import write_plot
    from counterclick.shop.optimising import what_you_optimise

    if plot is not None:
        format_of(plot)  # a name that cannot be drawn is told before the simulation
    found = what_you_optimise(folder, seed, visitors, progress=progress)
    if plot is not None:
        write_plot(found, plot)
    return found


def _serve(folder: Path, port: int) -> None:
    """Serve the pages of the simulated shop on this machine, with a password that is told, until stopped."""
    from counterclick.shop.premises import open_premises
    from counterclick.web import serve

    shop, password = open_premises(folder / "shop.toml"), secrets.token_urlsafe(12)
    shop.access.set_password(password)

    def started() -> None:
        sys.stderr.write(f"\nOpen http://127.0.0.1:{port}/ and sign in with {password}\nStop with Ctrl-C.\n")

    serve(shop, "127.0.0.1", port, started=started)
