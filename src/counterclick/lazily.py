"""Rooms whose names are loaded when they are first asked for, so that who needs one of them does not wait for the others."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["exports"]


def exports(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a room's ``__getattr__``, which imports each public name from its file when it is first asked for.

    Args:
        room: the package's name.
        homes: public name -> file that it comes from.
    """

    def found(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}; it has: {', '.join(sorted(homes))}")
        value = getattr(importlib.import_module(f"{room}.{homes[name]}"), name)
        setattr(sys.modules[room], name, value)
        return value

    return found
