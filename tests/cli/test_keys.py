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


def test_a_key_for_pages_may_do_no_more_than_pages_do(shell: Shell, toml: Path) -> None:
    """It neither writes as a server does nor reads; a key that may write may do what a page may."""
    place = ("--shop", str(toml))
    page = shell.json("keys", "new", "browser", *place)["secret"]
    server = shell.json("keys", "new", "write", *place)["secret"]
    assert page.startswith("cc_b_")
    with open_shop(toml) as shop:
        assert [shop.keys.find(page, may) is not None for may in ("browser", "write", "read")] == [True, False, False]
        assert [shop.keys.find(server, may) is not None for may in ("browser", "write", "read")] == [True, True, False]
