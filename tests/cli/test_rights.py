"""The commands `forget` and `export`, as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders import MONDAY, identify, later, line, purchase, view
from counterclick.shop import open_shop
from shell import Shell


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    """A shop with two customers."""
    path = tmp_path / "shop.toml"
    path.write_text("", encoding="utf-8")
    with open_shop(path) as shop:
        shop.record(
            [
                identify("v-anna", "anna@example.com"),
                purchase("v-anna", "12.50", later(MONDAY, hours=1), order="order-1", lines=[line(price="12.50")]),
                purchase("v-anna", -1),
                view("v-bert"),
            ]
        )
    return path


def test_a_person_is_shown_and_then_forgotten(shell: Shell, toml: Path, tmp_path: Path) -> None:
    """The file counts by kind and holds the events in the vocabulary's words; after forgetting there is nothing to show."""
    file, place = tmp_path / "anna.jsonl", ("--customer", "anna@example.com", "--shop", str(toml))
    assert "purchase" in shell("export", *place, "-o", str(file))
    head, known, bought, refused = (json.loads(text) for text in file.read_text(encoding="utf-8").splitlines())
    assert head["events"] == {"identify": 1, "purchase": 1, "rejection": 1}
    assert known["customer_id"].startswith("e_")
    assert (bought["kind"], bought["occurred_at"], bought["value"]) == ("purchase", "2026-01-05T11:00:00Z", "12.5")
    assert bought["lines"] == [{"product_id": "p1", "quantity": 1, "unit_price": "12.5"}]
    assert (refused["kind"], refused["reason"], bought["source"]) == ("rejection", "out_of_range", "api")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "nothing was changed" in shell("forget", *place, "--dry-run")
    assert shell.json("forget", *place)["events"] == {"identify": 1, "purchase": 1, "rejection": 1}
    assert shell.json("export", *place, "-o", str(file))["events"] == {}
    assert len(file.read_text(encoding="utf-8").splitlines()) == 1


def test_whom_it_is_about_and_where_to_must_be_said(shell: Shell, toml: Path, tmp_path: Path) -> None:
    """Nobody, and a folder that is not there, are refused before anything is written."""
    assert "name whom it is about" in shell("forget", "--shop", str(toml), code=2)
    file = str(tmp_path / "nowhere" / "anna.jsonl")
    assert "folder that exists" in shell("export", "--customer", "x", "-o", file, "--shop", str(toml), code=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".counterclick", "shop.toml"]
