"""Served shops and a browser that several files of page tests look at; nobody records anything into these shops."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from counterclick.shop import demo
from dashboards import with_password
from odd_shop import odd_shop
from served import Served, served
from storefront import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo shop, served."""
    folder = tmp_path_factory.mktemp("demo")
    demo(folder, visitors=8_000).close()
    with served(folder, (folder / "shop.toml").read_text(encoding="utf-8")) as found:
        yield with_password(found)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop of which nothing is recorded."""
    with served(tmp_path_factory.mktemp("empty")) as found:
        yield with_password(found)


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop with a broken experiment, and with what senders may write."""
    folder = tmp_path_factory.mktemp("odd")
    with served(folder, odd_shop(folder)) as found:
        yield with_password(found)
