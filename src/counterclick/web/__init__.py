"""HTTP: it speaks, it does not think."""

from counterclick.web.server import serve

__all__ = ["serve"]
