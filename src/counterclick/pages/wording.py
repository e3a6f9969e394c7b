"""How metrics are called on a page that is forwarded: in words."""

from __future__ import annotations

import re

from counterclick.metrics import METRICS

__all__ = ["words"]

_NAMES = re.compile(rf"\b({'|'.join(sorted((name for name in METRICS if '_' in name), key=len, reverse=True))})\b")


def words(text: str) -> str:
    """Return a text in which metrics are called in words.

    >>> words("revenue_per_visitor moved")
    'revenue per visitor moved'
    """
    return _NAMES.sub(lambda found: found.group(0).replace("_", " "), text)
