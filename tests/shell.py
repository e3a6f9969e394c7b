"""Commands run as a shell runs them: what they print, and the exit code they must have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from counterclick.cli import main

__all__ = ["Shell"]


class Shell:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(words)
        out, err = self._capsys.readouterr()
        assert stopped.value.code == code, (out, err)
        assert "Traceback" not in out + err
        return out if code != 2 or out else err

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code))
