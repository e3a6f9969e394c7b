"""What the tests of the statistics share: published numbers, small builders of moments, a binomial band."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data_folder import data_file


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of public data, or skip."""
    return data_file("reference_vectors.json").parent


@pytest.fixture(scope="session")
def vectors(data_folder: Path) -> dict[str, dict[str, Any]]:
    """Return the published numbers by their id."""
    entries = json.loads((data_folder / "reference_vectors.json").read_text(encoding="utf-8"))
    return {entry["id"]: entry for entry in entries}
