"""What tests of several rooms share."""

from __future__ import annotations

import pytest

from shell import Shell


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return a way to run commands."""
    return Shell(capsys)
