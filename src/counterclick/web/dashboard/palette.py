"""The colours of drawings, and which variable of the stylesheet stands for each on a page, in light and dark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["CLAIMED", "CREDITED", "EARNED", "GRID", "INK", "LINE", "MUTED", "PAPER", "PROXY", "VARIABLES", "coloured"]

EARNED = "#0072b2"
PROXY = "#d55e00"
CLAIMED = "#c9c3b8"
CREDITED = "#8a8377"
INK = "#333333"
MUTED = "#777777"
GRID = "#eeeeee"
LINE = "#dddddd"
PAPER = "#ffffff"
"""Told apart with any colour vision (Okabe and Ito 2008); shapes and dashes differ as well."""

VARIABLES: Mapping[str, str] = {
    EARNED: "earned",
    PROXY: "proxy",
    CLAIMED: "claimed",
    CREDITED: "credited",
    INK: "ink",
    MUTED: "muted",
    "#555555": "muted",
    "#888": "muted",
    "#000000": "ink",
    "#000": "ink",
    "black": "ink",
    GRID: "grid",
    LINE: "line",
    "#ddd": "grid",
    PAPER: "paper",
    "white": "paper",
}
"""Colour of a drawing -> variable of the stylesheet that takes its place."""


def coloured(spec: Any) -> Any:
    """Return a drawing's specification with the page's colours in the place of its own."""
    if isinstance(spec, Mapping):
        return {name: coloured(value) for name, value in spec.items()}
    if isinstance(spec, list | tuple):
        return [coloured(value) for value in spec]
    if isinstance(spec, str) and spec.lower() in VARIABLES:
        return f"var(--{VARIABLES[spec.lower()]})"
    return spec
