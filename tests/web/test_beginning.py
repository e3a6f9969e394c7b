"""A server begins without what judging and drawing load: who sends events waits for none of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("altair", "ibis", "pandas", "scipy", "sklearn", "sqlglot")
_LOADED = (
    "import sys, importlib; importlib.import_module(sys.argv[1]); print(*{each.partition('.')[0] for each in sys.modules})"
)


@pytest.mark.parametrize("room", ["counterclick.web.server", "counterclick.web.receiver", "counterclick.web.backstage"])
def test_a_process_loads_what_it_needs_first(room: str) -> None:
    """No statistics, no tables, no plots."""
    found = subprocess.run([sys.executable, "-c", _LOADED, room], capture_output=True, text=True, check=True).stdout.split()
    assert "msgspec" in found
    assert not set(HEAVY) & set(found)
