"""Pages for the shop's owner: what the verbs of the shop answer, to be looked at."""

from counterclick.web.dashboard.serving import dashboard

__all__ = ["dashboard"]
