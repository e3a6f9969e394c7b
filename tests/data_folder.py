"""Where the public data sets lie that some tests read; none of them is part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("COUNTERCLICK_DATA", ROOT.parent / "shared" / "data"))


def data_file(*parts: str) -> Path:
    """Return a file of the public data, or skip the test, saying so, where it is absent."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"public data set {'/'.join(parts)} is not here; COUNTERCLICK_DATA names its folder")
    return path
