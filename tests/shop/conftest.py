"""A shop in an empty folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from counterclick.shop import Shop, open_shop

TOML = """
[shop]
currency = "EUR"
[surfaces.cart]
monthly_cost = 100
[experiments.test]
surface = "cart"
control = "nothing"
variants = { nothing = 0.5, bestsellers = 0.5 }
starts_on = 2026-01-05
ends_on = 2026-02-01
"""


@pytest.fixture
def make_shop(tmp_path: Path) -> Iterator[Callable[[str], Shop]]:
    """Return a function that opens a shop with this shop.toml; the same folder every time."""
    opened: list[Shop] = []

    def make(toml: str = TOML) -> Shop:
        (tmp_path / "shop.toml").write_text(toml, encoding="utf-8")
        opened.append(open_shop(tmp_path / "shop.toml"))
        return opened[-1]

    yield make
    for shop in opened:
        shop.close()


@pytest.fixture
def toml() -> str:
    """Return the usual shop.toml: an experiment on the cart, bestsellers against nothing."""
    return TOML


@pytest.fixture
def shop(make_shop: Callable[[str], Shop]) -> Shop:
    """Return an empty shop with one experiment on its cart."""
    return make_shop(TOML)
