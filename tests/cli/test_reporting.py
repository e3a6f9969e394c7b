"""The command `report`, as a shell sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders import later, purchase
from counterclick.display import WIDTH
from counterclick.shop import open_shop
from shell import Shell


@pytest.fixture(scope="module")
def toml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that sells once a day from January until the middle of March."""
    path = tmp_path_factory.mktemp("reported") / "shop.toml"
    path.write_text("", encoding="utf-8")
    days = [later("2026-01-01T10:00", days=n) for n in range(74)]
    with open_shop(path) as shop:
        shop.record([purchase(f"v{n}", 10, day) for n, day in enumerate(days)])
    return path


def report(shell: Shell, toml: Path, *words: str, code: int = 0) -> str:
    return shell("report", *words, "--shop", str(toml), code=code)


def test_without_a_file_it_is_text(shell: Shell, toml: Path) -> None:
    """The last whole month, February; 28 orders of 10."""
    text = report(shell, toml)
    assert "February 2026" in text
    assert "EUR 280.00" in text
    assert max(len(row) for row in text.splitlines()) <= WIDTH


def test_it_is_written_and_says_so(shell: Shell, toml: Path, tmp_path: Path) -> None:
    """With what changed and the quarter, of the month that was asked for."""
    path = tmp_path / "report.html"
    said = report(shell, toml, "--month", "2026-03", "-o", str(path), "--compare", "--quarter")
    assert said.startswith(f"Wrote {path}: March 2026. ")
    page = path.read_text(encoding="utf-8")
    for words in (
        "March 2026 in figures",
        "What changed from 2026-02-28 to 2026-03-31",
        "verdicts of 2026 Q1",
        "EUR 150.00",
    ):
        assert words in page


def test_it_is_json_for_programs(shell: Shell, toml: Path) -> None:
    """The same value."""
    found = json.loads(report(shell, toml, "--json"))
    assert found["month"]["first_on"] == "2026-02-01"
    assert found["ledger"]["revenue"] == 280


def test_a_file_that_cannot_be_written_is_refused_before_any_work(shell: Shell, tmp_path: Path) -> None:
    """There is no shop here at all, and the file is what is complained of."""
    said = report(shell, tmp_path / "no.toml", "-o", str(tmp_path / "report.docx"), code=2)
    assert "as .html or .pdf, not as .docx" in said


def test_a_month_that_is_not_there_names_those_that_are(shell: Shell, toml: Path) -> None:
    """Exit code 2, and the months."""
    assert "There are: 2026-01 to 2026-03." in report(shell, toml, "--month", "2025-12", code=2)
