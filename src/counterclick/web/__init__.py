"""HTTP: it speaks, it does not think."""

from counterclick.web.application import application
from counterclick.web.server import serve

__all__ = ["application", "serve"]
