"""Setting the password: from a file, from standard input, and at a terminal."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from counterclick.cli import password
from counterclick.shop import open_shop
from shell import Shell

SECRET = "correct horse battery"  # noqa: S105 - of shops that live as long as a test


def holds(path: Path) -> bool:
    with open_shop(path) as shop:
        return shop.access.sign_in(SECRET) is not None


def test_init_takes_it_from_a_file(shell: Shell, tmp_path: Path) -> None:
    """Its first line; what follows is none of it."""
    toml, file = tmp_path / "shop.toml", tmp_path / "password"
    file.write_text(f"{SECRET}\r\nmore\n", encoding="utf-8")
    shell("init", "--password-file", str(file), "--shop", str(toml))
    assert holds(toml)


def test_it_is_set_later_from_standard_input(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash names it."""
    toml = tmp_path / "shop.toml"
    shell("init", "--shop", str(toml))
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{SECRET}\n"))
    shell("password", "--password-file", "-", "--shop", str(toml))
    assert holds(toml)


def test_a_terminal_is_asked_twice(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that differ are refused; without a terminal nobody is asked."""
    toml = tmp_path / "shop.toml"
    toml.write_text("", encoding="utf-8")
    assert "nobody is there to be asked" in shell("password", "--shop", str(toml), code=2)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    typed = iter([SECRET, "another", SECRET, SECRET])
    monkeypatch.setattr(password.getpass, "getpass", lambda _prompt: next(typed))
    assert "the two passwords differ" in shell("password", "--shop", str(toml), code=2)
    shell("password", "--shop", str(toml))
    assert holds(toml)


def test_what_is_no_password_is_refused(shell: Shell, tmp_path: Path) -> None:
    """A file that is not there, and one that is too short."""
    toml, file = tmp_path / "shop.toml", tmp_path / "password"
    toml.write_text("", encoding="utf-8")
    assert "cannot be read" in shell("password", "--password-file", str(file), "--shop", str(toml), code=2)
    file.write_text("short\n", encoding="utf-8")
    assert "12 to 1,000 characters" in shell("password", "--password-file", str(file), "--shop", str(toml), code=2)
