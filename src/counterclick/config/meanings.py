"""What a docstring says of each attribute: the one place where a setting's meaning stands."""

from __future__ import annotations

import inspect
import re

__all__ = ["meanings"]


def meanings(thing: object) -> dict[str, str]:
    """Return what a Google-style docstring says of each attribute.

    >>> from counterclick.config import AttributionConfig
    >>> meanings(AttributionConfig)["window"]
    'how long before the order a touch may lie.'
    """
    text = inspect.getdoc(thing) or ""
    if "Attributes:" not in text:
        return {}
    found: dict[str, str] = {}
    name = ""
    for line in text.split("Attributes:")[1].splitlines():
        match = re.match(r" {4}(\w+): (.*)", line)
        if match:
            name = match.group(1)
            found[name] = match.group(2).strip()
        elif line.startswith("     ") and name:
            found[name] += " " + line.strip()
        elif line.strip():
            break
    return found
