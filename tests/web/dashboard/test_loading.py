"""What is loaded before a page is drawn."""

from __future__ import annotations

import subprocess
import sys

LOADS = """
import sys
import counterclick.web.dashboard.serving
import altair as alt
print(hasattr(sys.modules.get("pandas"), "Timestamp"))
"""


def test_pandas_is_whole_before_anything_is_drawn() -> None:
    """Altair asks whatever stands under its name for its types: half loaded by another thread, it broke the page."""
    found = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, timeout=120, check=False)
    assert found.stdout.split() == ["True"], found.stderr
