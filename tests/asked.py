"""Questions to a shop that tests ask: functions of a module, since the process that works figures out calls them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from counterclick.errors import StoreError
from counterclick.shop import Shop

__all__ = ["asks", "broken", "fails_then", "held", "n_orders", "never_ends", "noted", "process", "there"]

_PATIENCE = 60.0


def asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes that a test begins find this module."""
    folders = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))


def noted(file: Path, word: str, _shop: Shop) -> int:
    """Write a word down; return how many stand there."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(f"{word}\n")
    return len(file.read_text(encoding="utf-8").split())


def n_orders(file: Path, shop: Shop) -> int:
    """Return how many orders there are, and note that it was asked."""
    noted(file, "asked", shop)
    return shop.latest_orders().n_all


def there(word: str, _shop: Shop) -> str:
    """Return a word."""
    return word


def held(file: Path, word: str, gate: Path, shop: Shop) -> str:
    """Note that it was asked, and answer when a file is there."""
    noted(file, word, shop)
    end = time.monotonic() + _PATIENCE
    while not gate.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    return "told"


def fails_then(file: Path, word: str, shop: Shop) -> str:
    """Find the store gone, then make a mistake, then answer."""
    match noted(file, "asked", shop):
        case 1:
            raise StoreError("gone")
        case 2:
            raise ValueError("a mistake")
        case _:
            return word


def broken(_shop: Shop) -> Any:
    """Must not be asked."""
    raise AssertionError("it was known")


def never_ends(file: Path, shop: Shop) -> Any:
    """Run a query for hours, and note that it has begun."""
    reading = shop.reading
    noted(file, "begun", shop)
    return reading.one("SELECT sum(a.range * b.range % 7) FROM range(10000000) a, range(10000000) b")


def process(_shop: Shop) -> int:
    """Return the number of the process that answers."""
    return os.getpid()
