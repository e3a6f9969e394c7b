"""The report as pages: HTML that needs nothing besides itself, and PDF where the machine has a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.pages.browser import find_browser, write_pdf
    from counterclick.pages.rendering import html
    from counterclick.pages.writing import format_of, write_report

__all__ = ["find_browser", "format_of", "html", "write_pdf", "write_report"]

__getattr__ = exports(
    __name__,
    {
        "find_browser": "browser",
        "write_pdf": "browser",
        "html": "rendering",
        "format_of": "writing",
        "write_report": "writing",
    },
)
