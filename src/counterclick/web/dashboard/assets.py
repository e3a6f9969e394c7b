"""What pages need besides themselves: stylesheet, script, and the drawing library, under names that change with them."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from litestar import Request, Response, get

from counterclick.web.bodies import BodyError
from counterclick.web.dashboard.drawing import run

__all__ = ["DRAWING", "SCRIPT", "STYLE", "asset"]

_FOLDER = Path(__file__).parent / "static"
_MEDIA = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


def _named(file: str) -> tuple[str, bytes]:
    body = (_FOLDER / file).read_bytes()
    stem, _, kind = file.rpartition(".")
    return f"{stem}-{hashlib.sha256(body).hexdigest()[:16]}.{kind}", body


STYLE, _STYLE = _named("dashboard.css")
SCRIPT, _SCRIPT = _named("dashboard.js")
ICON, _ICON = _named("icon.svg")
DRAWING = f"vega-{version('vl-convert-python')}.js"
"""Made by the installed library, so that its version names it."""
_PACKED = {name: gzip.compress(body, mtime=0) for name, body in ((STYLE, _STYLE), (SCRIPT, _SCRIPT), (ICON, _ICON))}
_making = asyncio.Lock()


@get("/assets/{name:str}", include_in_schema=False)
async def asset(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    """Return a file that pages need; 304 where the browser has it."""
    if name not in _PACKED and name != DRAWING:
        raise BodyError(404, f"there is no file {name[:60]!r}.")
    media = _MEDIA[Path(name).suffix]
    headers = {
        "ETag": f'"{name}"',
        "Cache-Control": _FOR_EVER,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if f'"{name}"' in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    body = _PACKED[name] if name in _PACKED else await _drawing()
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(body, media_type=media, headers={**headers, "Content-Encoding": "gzip"})
    return Response(gzip.decompress(body), media_type=media, headers=headers)


async def _drawing() -> bytes:
    """Return the drawing library, packed; made once, by a process of its own."""
    async with _making:
        if DRAWING not in _PACKED:
            _PACKED[DRAWING] = gzip.compress(await asyncio.to_thread(run, "library"), mtime=0)
        return _PACKED[DRAWING]
