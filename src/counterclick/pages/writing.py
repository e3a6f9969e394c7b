"""A report into a file: the name says how."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from counterclick.audits.report import Report
from counterclick.errors import InputError
from counterclick.pages.browser import find_browser, write_pdf
from counterclick.pages.rendering import html

__all__ = ["format_of", "write_report"]

_FORMATS: dict[str, Literal["html", "pdf"]] = {".html": "html", ".htm": "html", ".pdf": "pdf"}


def format_of(path: Path) -> Literal["html", "pdf"]:
    """Return the format that a file's name asks for, once it is sure that it can be written.

    Raises:
        InputError: it is neither .html nor .pdf, cannot be written, or is a PDF and this machine has no browser.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        shown = path.suffix or "a file without one"
        raise InputError(f"{path} cannot be written: a report is written as .html or .pdf, not as {shown}.")
    if path.is_dir():
        raise InputError(f"{path} cannot be written: it is a folder.")
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: the folder {path.parent} does not exist.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(f"{path} cannot be written: no permission.")
    if kind == "pdf":
        find_browser()
    return kind


def write_report(report: Report, path: Path) -> None:
    """Write a report into a file.

    Raises:
        InputError: the name ends neither in .html nor in .pdf, or the file cannot be written.
    """
    page = html(report)
    if format_of(path) == "pdf":
        write_pdf(page, path)
        return
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
