"""What the tests of the statistics share: published numbers, small builders of moments, a binomial band."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of public data, or skip."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("COUNTERCLICK_DATA", default))
    if not (folder / "reference_vectors.json").is_file():
        pytest.skip(f"no reference data in {folder}; set COUNTERCLICK_DATA to the folder that holds it")
    return folder


@pytest.fixture(scope="session")
def vectors(data_folder: Path) -> dict[str, dict[str, Any]]:
    """Return the published numbers by their id."""
    entries = json.loads((data_folder / "reference_vectors.json").read_text(encoding="utf-8"))
    return {entry["id"]: entry for entry in entries}
