"""What is loaded before a page is drawn."""

from __future__ import annotations

import subprocess
import sys

LOADS = """
import asyncio, sys
from datetime import UTC, datetime
from counterclick.web.dashboard import places
from counterclick.web.dashboard.kept import Kept
from counterclick.web.dashboard.page import Context, Page
from counterclick.web.dashboard.viewed import Views

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "altair":
            print(hasattr(sys.modules.get("pandas"), "Timestamp"))

sys.meta_path.insert(0, Watch())
drawn = lambda answer, context: print(hasattr(sys.modules.get("altair"), "Chart"))
page = Page(places.HOME, "", lambda shop, asked: None, drawn)
asyncio.run(Views().of(page, Kept(None, None, (0, 0), datetime.now(UTC), 0.0), Context(None, None)))
"""


def test_what_draws_is_whole_before_anything_is_drawn() -> None:
    """Altair asks whatever stands under pandas' name for its types: half loaded by another thread, it broke the page."""
    found = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, timeout=120, check=False)
    assert found.stdout.split() == ["True", "True"], found.stderr
