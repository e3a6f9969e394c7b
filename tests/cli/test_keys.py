"""The commands `keys`, as a shell sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterclick.shop import open_shop
from shell import Shell


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    """A shop of which nothing but its file is there."""
    path = tmp_path / "shop.toml"
    path.write_text("", encoding="utf-8")
    return path


def test_a_key_is_made_listed_and_withdrawn(shell: Shell, toml: Path) -> None:
    """Its secret is shown once; several hold at once; one that is withdrawn no longer does."""
    place = ("--shop", str(toml))
    assert "keys new write" in shell("keys", "list", *place)
    made = shell.json("keys", "new", "write", "--name", "storefront", *place)
    secret = shell("keys", "new", "read", *place).strip()
    text = shell("keys", "list", *place)
    assert "storefront" in text
    assert made["key_id"] in text
    assert made["secret"] not in text
    with open_shop(toml) as shop:
        assert shop.keys.find(made["secret"], "write") is not None
        assert shop.keys.find(made["secret"], "read") is None
        assert shop.keys.find(secret, "read") is not None
    assert made["key_id"] in shell("keys", "withdraw", made["key_id"], *place)
    with open_shop(toml) as shop:
        assert shop.keys.find(made["secret"], "write") is None
        assert shop.keys.find(secret, "read") is not None


def test_a_key_that_is_not_there_is_named(shell: Shell, toml: Path) -> None:
    """With those that are."""
    made = shell.json("keys", "new", "write", "--shop", str(toml))
    assert made["key_id"] in shell("keys", "withdraw", "nosuch", "--shop", str(toml), code=2)
