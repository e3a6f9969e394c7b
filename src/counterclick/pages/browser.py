"""PDF by the browser that the machine has: the same page, printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from counterclick.errors import InputError

__all__ = ["BROWSERS", "VARIABLE", "find_browser", "write_pdf"]

VARIABLE = "COUNTERCLICK_BROWSER"
"""Environment variable that names a browser by its path, or by its name on PATH."""
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
"""Names that are looked for on PATH, in this order."""
_SECONDS = 120


def find_browser() -> str:
    """Return the path of a browser that can print.

    Raises:
        InputError: there is none.
    """
    named = os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise InputError(f"a PDF needs a browser, and {VARIABLE} names {named!r}, which is no program that can be run.")
        return found
    for name in BROWSERS:
        found = shutil.which(name)
        if found is not None:
            return found
    raise InputError(
        "a PDF needs a browser of the Chromium family (Chromium, Chrome, Edge), and none is on PATH. Install one, name it "
        f"in the environment variable {VARIABLE}, or write the report as .html and print that to a file."
    )


def write_pdf(page: str, path: Path) -> None:
    """Print a page into a PDF.

    Args:
        page: the HTML.
        path: of the PDF.

    Raises:
        InputError: there is no browser, it fails or takes longer than two minutes, or the file cannot be written.
    """
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="counterclick-") as folder:
        source, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, encoding="utf-8")
        words = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            f"--user-data-dir={folder}/profile",
            "--no-pdf-header-footer",
            f"--print-to-pdf={printed}",
            source.as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            words.insert(1, "--no-sandbox")  # a browser refuses to run as root otherwise; the page has no script
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - a browser that the user has
        except subprocess.TimeoutExpired as error:
            raise InputError(f"{browser} did not print the report within {_SECONDS} seconds. Write it as .html.") from error
        except OSError as error:
            raise InputError(f"{browser} cannot be run: {error.strerror}. Write the report as .html.") from error
        if done.returncode or not printed.exists():
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise InputError(f"{browser} did not print the report: {last}. Write it as .html.")
        try:
            shutil.copyfile(printed, path)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}.") from error
