"""The pages, in the order of the navigation. A page's own file holds what it asks and what it makes of the answer."""

from typing import Any

from counterclick.web.dashboard.page import Page
from counterclick.web.dashboard.pages.data import DATA

__all__ = ["PAGES"]

PAGES: tuple[Page[Any], ...] = (DATA,)
"""The first one is the home page where none has the address ``/``."""
