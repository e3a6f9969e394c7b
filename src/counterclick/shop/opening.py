"""Opening a shop: by its ``shop.toml``, or a simulated one."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from counterclick.config import declared, load
from counterclick.shop.front import Shop

__all__ = ["demo", "open_shop"]


def open_shop(path: str | Path = "shop.toml", *, memory_limit: str | None = None) -> Shop:
    """Open a shop by its ``shop.toml``.

    Args:
        path: the file.
        memory_limit: of the embedded database, such as ``"6GB"``; what ``shop.toml`` says unless given.

    Raises:
        ConfigError: the file is not there or says something that cannot be.
    """
    file = Path(path)
    said = declared(file)
    return Shop(load(file), file.resolve().parent, memory_limit=memory_limit, declared=said, file=file.resolve())


def demo(folder: str | Path | None = None, *, seed: int = 1, visitors: int | None = None) -> Shop:
    """Return a simulated shop whose truth is known, with everything recorded.

    Args:
        folder: where to keep it; a temporary folder, removed with the shop, unless given.
        seed: of the simulation.
        visitors: how many; the simulation's default unless given.
    """
    from counterclick.shop.demonstration import build  # noqa: PLC0415 - the simulation is needed here alone

    if folder is not None:
        return build(Path(folder), seed, visitors)
    place = Path(tempfile.mkdtemp(prefix="counterclick-demo-"))
    shop = build(place, seed, visitors)
    weakref.finalize(shop, shutil.rmtree, place, ignore_errors=True)
    return shop
