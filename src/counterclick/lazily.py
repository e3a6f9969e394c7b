"""Rooms whose names are loaded when they are first asked for, so that who needs one of them does not wait for the others.

What is loaded stays: looking for garbage among it, while it is loaded and later, took a third of the time of beginning.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["exports", "keep_loaded", "loading"]


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Load modules meanwhile: the garbage collector waits, which would pass over all of them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def keep_loaded() -> None:
    """Let the garbage collector pass over what there is by now, such as modules and models, which stays.

    Looking through all of it held the interpreter for a tenth of a second, and whoever waited for it. It is for processes
    of our own: what a caller has is the caller's.
    """
    gc.freeze()


def exports(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a room's ``__getattr__``, which imports each public name from its file when it is first asked for.

    Args:
        room: the package's name.
        homes: public name -> file that it comes from.
    """

    def found(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}; it has: {', '.join(sorted(homes))}")
        with loading():
            value = getattr(importlib.import_module(f"{room}.{homes[name]}"), name)
        setattr(sys.modules[room], name, value)
        return value

    return found
