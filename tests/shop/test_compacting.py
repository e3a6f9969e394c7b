"""Compacting: few files, the same events, the same figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import purchase
from counterclick.errors import StoreError
from counterclick.shop import Shop, open_shop
from shell import Shell


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop whose four orders lie in four files."""
    (tmp_path / "shop.toml").write_text("[surfaces.cart]\n", encoding="utf-8")
    shop = open_shop(tmp_path / "shop.toml")
    for n in range(4):
        shop.record([purchase(f"v{n}", 10, order=f"o{n}")])
        shop.store.drain()
    shop.refresh()
    return shop


def test_many_files_become_one_with_the_same_orders(shop: Shop) -> None:
    """What waits is moved first, and what is asked afterwards is answered from the few files."""
    before = shop.latest_orders()
    shop.record([purchase("v9", 10, order="o9")])
    told = shop.compact()
    assert (told.n_moved, told.n_files_before, told.n_files) == (1, 4, 1)
    assert told.n_bytes == sum(Path(path).stat().st_size for path in shop.store.log.snapshot().files)
    assert shop.store.inbox.count() == 0
    assert shop.latest_orders().n_all == before.n_all + 1 == 5
    assert "files" in f"{told}"
    assert shop.compact().n_files == 1  # again: nothing is left to do


def test_an_empty_shop_has_nothing_to_compact(tmp_path: Path, shell: Shell) -> None:
    """That is said, and nothing is written."""
    (tmp_path / "shop.toml").write_text("[surfaces.cart]\n", encoding="utf-8")
    told = shell.json("compact", "--shop", str(tmp_path / "shop.toml"))
    assert told == {"n_moved": 0, "n_files_before": 0, "n_files": 0, "n_bytes_before": 0, "n_bytes": 0}
    assert not (tmp_path / ".counterclick" / "log").exists()


def test_a_log_that_cannot_be_written_says_so(shop: Shop) -> None:
    """A commit that is a folder cannot be written, by anybody."""
    log = shop.store.log.snapshot()
    (Path(shop.store.log.location) / "_delta_log" / f"{log.version + 1:020}.json").mkdir()
    with pytest.raises(StoreError, match="could not be made compact"):
        shop.compact()
