"""Drawings as PNG, and the library that draws in browsers: by a process that ends with it, since its memory is large.

``python -m counterclick.web.dashboard.drawing png`` reads a Vega-Lite specification from its standard input.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Literal

from counterclick.errors import StoreError
from counterclick.web.urgent import as_usual

__all__ = ["run"]

_SECONDS = 60.0
_SCALE = 2.0
"""Pixels of a PNG for each of the drawing's."""
_WIDTH = 720
"""Of drawings that are as wide as the page."""


def run(what: Literal["library", "png"], spec: Mapping[str, Any] | None = None) -> bytes:
    """Return the drawing library as JavaScript, or a drawing as PNG.

    Args:
        what: which of them.
        spec: of the drawing, as Vega-Lite reads it.

    Raises:
        StoreError: it could not be made.
    """
    words = [sys.executable, "-m", "counterclick.web.dashboard.drawing", what]
    given = json.dumps(spec).encode() if spec is not None else b""
    try:
        with as_usual():
            done = subprocess.run(words, input=given, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603 - this file
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreError(f"the drawing could not be made: {error}.") from error
    if done.returncode:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        raise StoreError(f"the drawing could not be made: {last}.")
    return done.stdout


def _png(spec: dict[str, Any]) -> bytes:
    import vl_convert  # noqa: PLC0415 - this process alone pays for it

    sized = {**spec, "background": "white"}
    if sized.get("width") == "container":
        sized["width"] = _WIDTH
    return bytes(vl_convert.vegalite_to_png(sized, scale=_SCALE, allowed_base_urls=[]))


def _library() -> bytes:
    import vl_convert  # noqa: PLC0415 - this process alone pays for it

    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")).encode()


if __name__ == "__main__":
    sys.stdout.buffer.write(_library() if sys.argv[1] == "library" else _png(json.load(sys.stdin)))
