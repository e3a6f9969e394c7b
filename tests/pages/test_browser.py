"""A report into a file: HTML, a PDF by a real browser, and what is said where there is none."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from counterclick.errors import InputError
from counterclick.pages import find_browser, format_of, html, write_pdf, write_report
from counterclick.pages.browser import BROWSERS, VARIABLE
from reports import audit, report, surface


def has_browser() -> bool:
    try:
        find_browser()
    except InputError:
        return False
    return True


needs_browser = pytest.mark.skipif(not has_browser(), reason="no browser of the Chromium family is on PATH")


def program(folder: Path, name: str, lines: str) -> Path:
    """Write a program that a shell runs."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@needs_browser
def test_a_browser_prints_the_page(tmp_path: Path) -> None:
    """A PDF of at least three pages: what to do, the month, the claims begin pages of their own."""
    path = tmp_path / "report.pdf"
    write_report(report(audit(surface("cart"))), path)
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") + data.count(b"/Type/Page/") >= 3


def test_html_is_written_as_it_is(tmp_path: Path) -> None:
    """The file holds the page."""
    path = tmp_path / "report.html"
    found = report(audit(surface("cart")))
    write_report(found, path)
    assert path.read_text(encoding="utf-8") == html(found)


def test_names_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    """Another suffix, none, a folder, a folder that is not there."""
    (tmp_path / "folder.html").mkdir()
    for name, says in (
        ("report.docx", r"as \.html or \.pdf, not as \.docx"),
        ("report", "a file without one"),
        ("folder.html", "it is a folder"),
        ("nowhere/report.html", "does not exist"),
    ):
        with pytest.raises(InputError, match=says):
            format_of(tmp_path / name)
    assert format_of(tmp_path / "report.HTML") == "html"


def test_without_a_browser_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install one, name one, or print the HTML; before any work."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(InputError, match=rf"needs a browser .* {VARIABLE}, or write the report as \.html"):
        format_of(tmp_path / "report.pdf")


def test_a_browser_is_found_by_name_on_the_path_or_as_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name is enough; the variable goes before them, and a wrong one is an error."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    for name in reversed(BROWSERS):
        mine = program(tmp_path, name, "exit 0")
        assert find_browser() == str(mine)
    mine = program(tmp_path, "mine", "exit 0")
    monkeypatch.setenv(VARIABLE, str(mine))
    assert find_browser() == str(mine)
    monkeypatch.setenv(VARIABLE, "no-such-browser")
    with pytest.raises(InputError, match="names 'no-such-browser', which is no program"):
        find_browser()


def test_a_browser_that_fails_is_quoted_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line stands in the error."""
    monkeypatch.setenv(VARIABLE, str(program(tmp_path, "broken", "echo first >&2; echo no display >&2; exit 3")))
    with pytest.raises(InputError, match="did not print the report: no display"):
        write_pdf("<p>x</p>", tmp_path / "report.pdf")
    assert not (tmp_path / "report.pdf").exists()


def test_the_sandbox_is_left_only_by_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words that the browser is called with."""
    monkeypatch.setenv(VARIABLE, str(program(tmp_path, "echoing", f'echo "$@" > {tmp_path}/words; exit 1')))
    with pytest.raises(InputError):
        write_pdf("<p>x</p>", tmp_path / "report.pdf")
    words = (tmp_path / "words").read_text(encoding="utf-8").split()
    assert ("--no-sandbox" in words) == (os.geteuid() == 0)
    assert {"--headless", "--no-pdf-header-footer"} <= {*words}
