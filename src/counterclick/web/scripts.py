"""The scripts that run in a store's pages, as they lie in the package: ``/cc.js`` and ``/pixel.js``."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

from litestar import Request, Response, get

from counterclick.web.bodies import BodyError

__all__ = ["script"]

_FOLDER = Path(__file__).parent / "storefront"
_PLAIN = {name: (_FOLDER / name).read_bytes() for name in ("cc.js", "pixel.js")}
_PACKED = {name: gzip.compress(body, mtime=0) for name, body in _PLAIN.items()}
_ETAGS = {name: f'"{hashlib.sha256(body).hexdigest()[:24]}"' for name, body in _PLAIN.items()}
_AN_HOUR_A_DAY = "public, max-age=3600, stale-while-revalidate=86400"
"""A page asks again after an hour, and for a day shows what it has while it does."""


@get([f"/{name}" for name in _PLAIN], sync_to_thread=False)
def script(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return a script, packed where the browser unpacks; 304 where it has it."""
    name = request.url.path.rpartition("/")[2]
    if name not in _PLAIN:
        raise BodyError(404, f"there is no script {name[:60]!r}.")
    headers = {
        "ETag": _ETAGS[name],
        "Cache-Control": _AN_HOUR_A_DAY,
        "Vary": "Accept-Encoding",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
    if _ETAGS[name] in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_PACKED[name], media_type="text/javascript", headers={**headers, "Content-Encoding": "gzip"})
    return Response(_PLAIN[name], media_type="text/javascript; charset=utf-8", headers=headers)
