"""HTTP: it speaks, it does not think."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.web.server import serve

__all__ = ["serve"]

__getattr__ = exports(
    __name__,
    {
        "serve": "server",
    },
)
